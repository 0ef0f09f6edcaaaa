package school_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"preau/school"
	"preau/school/average"
)

func contains(s, sub string) bool { return strings.Contains(s, sub) }

func catalogue(t *testing.T, lang string) map[string][]string {
	t.Helper()
	b, err := fs.ReadFile(school.Words, "words/"+lang+".json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := json.Unmarshal(b, &raw); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for k, v := range raw {
		switch v := v.(type) {
		case string:
			out[k] = []string{v}
		case map[string]any:
			out[k] = []string{v["one"].(string), v["other"].(string)}
		}
	}
	return out
}

var (
	placeholder = regexp.MustCompile(`\{[a-z]+\}`)
	usedKey     = regexp.MustCompile(`"([a-z]+\.(?:refused|fault)\.[a-z_]*)"`)
	stepKey     = regexp.MustCompile(`"(average\.step\.[a-z_]+)"`)
	treatment   = regexp.MustCompile(`Treatment = "([a-z_]+)"`)
	faultConst  = regexp.MustCompile(`Fault = "([a-z_]+)"`)
)

// TestWordsAreComplete compares both languages and the keys in the source.
func TestWordsAreComplete(t *testing.T) {
	fr, en := catalogue(t, "fr"), catalogue(t, "en")
	for k, texts := range fr {
		if len(en[k]) != len(texts) {
			t.Errorf("%s: %d forms in French, %d in English", k, len(texts), len(en[k]))
			continue
		}
		for i := range texts {
			a, b := placeholder.FindAllString(texts[i], -1), placeholder.FindAllString(en[k][i], -1)
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(a, b) {
				t.Errorf("%s: placeholders %v in French, %v in English", k, a, b)
			}
			if strings.ContainsAny(texts[i], "'") || contains(texts[i], " ;") || contains(texts[i], "« ") || contains(strings.ToLower(texts[i]), "erreur") {
				t.Errorf("%s: French typography of %q", k, texts[i])
			}
		}
	}
	used := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		for _, m := range usedKey.FindAllStringSubmatch(string(src), -1) {
			if strings.HasSuffix(m[1], "_") {
				for _, kind := range []string{"dre", "inspection", "school"} {
					used[m[1]+kind] = true
				}
			} else if !strings.HasSuffix(m[1], ".") {
				used[m[1]] = true
			}
		}
		for _, m := range faultConst.FindAllStringSubmatch(string(src), -1) {
			used["seal.fault."+m[1]] = true
		}
		for _, m := range stepKey.FindAllStringSubmatch(string(src), -1) {
			used[m[1]] = true
			if fr[m[1]+"_exact"] != nil { // what needs no rounding
				used[m[1]+"_exact"] = true
			}
		}
		for _, m := range treatment.FindAllStringSubmatch(string(src), -1) {
			used["average.step."+m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range append(slices.Clone(school.BoxRoles), school.OfficeRoles...) {
		used[r.WordKey()] = true
	}
	for s := average.Abs; s <= average.NR; s++ {
		used[s.WordKey()] = true
	}
	for k := range used {
		if fr[k] == nil {
			t.Errorf("%s is used and has no words", k)
		}
	}
	for k := range fr {
		if !used[k] && !strings.HasPrefix(k, "unit.") {
			t.Errorf("%s has words and is not used", k)
		}
	}
	if len(fr) != len(en) {
		t.Errorf("%d keys in French, %d in English", len(fr), len(en))
	}
}
