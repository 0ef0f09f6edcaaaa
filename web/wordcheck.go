package web

import (
	"io/fs"
	"regexp"
	"slices"
	"sort"
)

// TB is the part of testing.TB that CheckWords needs; the kit itself does not
// import testing.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

var placeholder = regexp.MustCompile(`\{[a-z_0-9]+\}`)

// CheckWords fails the test where the catalogues of a module do not say the same
// in both languages: a key, a placeholder or a plural that only one has, an empty
// text.
func CheckWords(t TB, from ...fs.FS) {
	t.Helper()
	w, err := LoadWords(from...)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	fr, en := w.byLang["fr"], w.byLang["en"]
	for _, key := range keysOf(fr, en) {
		a, inFr := fr[key]
		b, inEn := en[key]
		switch {
		case !inFr:
			t.Errorf("words: %s is missing in French", key)
		case !inEn:
			t.Errorf("words: %s is missing in English", key)
		case a.plural != b.plural:
			t.Errorf("words: %s has plurals in one language only", key)
		case a.other == "" || b.other == "":
			t.Errorf("words: %s is empty", key)
		case !slices.Equal(placeholders(a), placeholders(b)):
			t.Errorf("words: %s names %v in French and %v in English", key, placeholders(a), placeholders(b))
		}
	}
}

// Keys lists all keys of the catalogues, sorted.
func (w *Words) Keys() []string { return keysOf(w.byLang["fr"], w.byLang["en"]) }

func keysOf(maps ...map[string]phrase) (keys []string) {
	for _, m := range maps {
		for k := range m {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	return slices.Compact(keys)
}

// placeholders are those of all forms of a phrase; a singular may say "un" where
// the plural counts.
func placeholders(p phrase) []string {
	all := placeholder.FindAllString(p.one+p.other, -1)
	sort.Strings(all)
	return slices.Compact(all)
}
