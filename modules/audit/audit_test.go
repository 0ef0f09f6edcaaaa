package audit_test

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"preau/modules/audit"
	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

func TestWords(t *testing.T) { web.CheckWords(t, audit.Module().Files) }

// The head reads words: whatever the program writes in the log, the deed and the
// values that it names have some.
func TestEveryDeedHasWords(t *testing.T) {
	deed := regexp.MustCompile(`"([a-z]+\.[a-z_]+(?:\.[a-z_]+)?)"`)
	value := regexp.MustCompile(`"([a-z_]+)":`)
	have := map[string]string{}
	for _, lang := range []string{"fr", "en"} {
		data, err := fs.ReadFile(audit.Module().Files, "words/"+lang+".json")
		if err != nil {
			t.Fatal(err)
		}
		have[lang] = string(data)
	}
	deeds := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && d.Name() == "build" {
			return cmp.Or(err, fs.SkipDir)
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for line := range strings.SplitSeq(string(text), "\n") {
			_, call, ok := strings.Cut(line, "school.Audit(")
			if !ok {
				continue
			}
			var keys []string
			if m := deed.FindStringSubmatch(call); m != nil {
				deeds++
				keys = append(keys, "audit.do."+m[1])
			}
			for _, m := range value.FindAllStringSubmatch(call, -1) {
				keys = append(keys, "audit.field."+m[1])
			}
			for _, key := range keys {
				for lang, words := range have {
					if !strings.Contains(words, `"`+key+`"`) {
						t.Errorf("%s writes to the log what has no words in %s: %s", path, lang, key)
					}
				}
			}
		}
		return nil
	})
	if err != nil || deeds < 40 {
		t.Fatalf("%d deeds found: %v", deeds, err)
	}
}

func TestLog(t *testing.T) {
	m := audit.Module()
	s := webtest.New(t, webtest.Setup{Routes: m.Pages, Words: []fs.FS{m.Files}})
	pupil := s.People[school.Pupil].ID
	err := s.DB.Update(func(tx *store.Tx) error {
		class, err := school.Classes.Add(tx, school.Class{Label: "Tle D1", Level: "Tle", Series: "D", Year: "2026-2027"})
		if err != nil {
			return err
		}
		secretary := s.People[school.Secretary]
		if err := school.Audit(tx, secretary, "people.edit", pupil, map[string]string{"class": "", "born": "2009-01-02"}, map[string]string{"class": class.String(), "born": "vers 2008"}); err != nil {
			return err
		}
		for range 60 {
			if err := school.Audit(tx, s.People[school.Head], "circulars.forward", store.ID{}, nil, nil); err != nil {
				return err
			}
		}
		if err := school.Audit(tx, s.People[school.Head], "notices.sign", store.ID{}, nil, map[string]string{"subject": "Coupure d’eau"}); err != nil {
			return err
		}
		return school.Audit(tx, school.Actor{}, "something.new", store.ID{}, "<script>alert(1)</script>", 3)
	})
	if err != nil {
		t.Fatal(err)
	}
	head := s.As(school.Head)
	all := head.Get("/audit")
	for _, words := range []string{"something.new", "ligne de commande", "Circulaire transmise", "Objet : Coupure d’eau", "1 à 50 sur 63"} {
		if !all.Has(words) {
			t.Errorf("the log does not say %q: %s", words, all)
		}
	}
	if strings.Contains(all.Body, "<script>alert") {
		t.Error("a value became a script")
	}
	for _, query := range []string{"?q=amegan", "?q=kpoto", "?do=people", "?about=" + pupil.String()} {
		p := head.Get("/audit" + query)
		if !p.Has("Fiche modifiée") || !p.Has("Tle D1") || !p.Has("2 janvier 2009 vers 2008") || p.Has("Circulaire transmise") {
			t.Errorf("%s: %s", query, p)
		}
	}
	if p := head.Get("/audit?since=2090-01-01"); !p.Has("Aucune ligne ne répond") {
		t.Errorf("in the future: %s", p)
	}
	if p := head.Get("/audit?from=50"); !p.Has("51 à 63 sur 63") {
		t.Errorf("the second page: %s", p)
	}
	for _, role := range []school.Role{school.Secretary, school.Teacher, school.Pupil} {
		if p := s.As(role).Get("/audit"); p.Status != 404 {
			t.Errorf("a %s reads the log: %d", role, p.Status)
		}
	}
}
