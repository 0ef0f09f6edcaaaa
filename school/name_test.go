package school_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"preau/school"
)

// nameRunes are the letters that names here are made of, and a few traps.
var nameRunes = []rune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZéèêëïôöüçÉÈÇŒœÆ" +
	"ɖɛƒɣŋɔʋɩʊƉƐƑƔŊƆƲƖƱñÑẽɛ\u0303ɔ\u0301\u0300\u0304 -'’.\u00a0\u202e\u200bẞßİıǅΐﬁ①²")

func anyName() *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(nameRunes), 0, 30), func(r []rune) string { return string(r) })
}

func TestFoldKnownNames(t *testing.T) {
	for in, want := range map[string]string{
		"TCHÉDRÉ Zoé":       "tchedre zoe",
		"N'GBÉNDÉ":          "ngbende",
		"N’GBÉNDÉ":          "ngbende",
		"AKAKPO-VIDAH":      "akakpo vidah",
		"Ɖoɖzi Ŋutɔ́":       "dodzi nuto",
		"ƑIAGBE Ʋuʋlɔ":      "fiagbe vuvlo",
		"Kpɛlɩʊ":            "kpeliu",
		"Tɛ̃ Ɔ̃":            "te o",
		"  Jean   Paul  ":   "jean paul",
		"KOUMÉALO\u202eabc": "koumealoabc",
		"Sœur Æmilia":       "soeur aemilia",
		"":                  "",
	} {
		if got := school.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFoldProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(anyName(), rapid.String()).Draw(t, "s")
		f := school.Fold(s)
		if again := school.Fold(f); again != f {
			t.Fatalf("Fold(%q) = %q, folded again %q", s, f, again)
		}
		if f != strings.TrimSpace(f) || strings.Contains(f, "  ") {
			t.Fatalf("Fold(%q) = %q has loose spaces", s, f)
		}
	})
	rapid.Check(t, func(t *rapid.T) { // case never matters for the letters of names here
		s := rapid.StringMatching(`[a-zéèàçɖɛƒɣŋɔʋɩʊ '-]{0,20}`).Draw(t, "s")
		if a, b := school.Fold(s), school.Fold(strings.ToUpper(s)); a != b {
			t.Fatalf("Fold(%q) = %q but in capitals %q", s, a, b)
		}
	})
}

func TestNameMatchesInAnyOrder(t *testing.T) {
	for _, c := range []struct {
		query, name string
		want        bool
	}{
		{"kodjo agb", "AGBODJAN Kodjo", true},
		{"agbo", "AGBODJAN Kodjo", true},
		{"odjo", "AGBODJAN Kodjo", false},
		{"", "AGBODJAN Kodjo", true},
		{"ab a", "AB AC", true},
		{"a ab", "AB AC", true},
		{"kodjo kodjo", "AGBODJAN Kodjo", false},
		{"n gbende", "N'GBÉNDÉ Koffi", true},
		{"ngbende", "N'GBÉNDÉ Koffi", true},
		{"gbende", "N'GBÉNDÉ Koffi", true},
		{"vidah", "AKAKPO-VIDAH Jean-Paul", true},
		{"nuto", "DƆGBE Ŋutɔ", true},
	} {
		if got := school.NameMatches(c.query, c.name); got != c.want {
			t.Errorf("NameMatches(%q, %q) = %v", c.query, c.name, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) { // every shuffling of beginnings of the parts finds the name
		parts := rapid.SliceOfN(rapid.StringMatching(`[A-ZÉƉƐŊƆ]{1,8}`), 1, 4).Draw(t, "parts")
		query := make([]string, len(parts))
		for i, p := range parts {
			r := []rune(p)
			query[i] = string(r[:rapid.IntRange(1, len(r)).Draw(t, "n")])
		}
		query = rapid.Permutation(query).Draw(t, "query")
		if q, n := strings.Join(query, " "), strings.Join(parts, " "); !school.NameMatches(q, n) {
			t.Fatalf("%q does not find %q", q, n)
		}
	})
}

func TestSortByNameIsFrench(t *testing.T) {
	names := []string{"ÉKOUÉ Ama", "EKLOU Koffi", "Zinsou Afi", "ZINSOU Abla", "ƉOGBE Yao", "DOSSEH Akou", "AKAKPO-VIDAH Jean", "AKAKPO Zoé"}
	school.SortByName(names, func(s string) string { return s })
	want := []string{"AKAKPO Zoé", "AKAKPO-VIDAH Jean", "DOSSEH Akou", "ƉOGBE Yao", "EKLOU Koffi", "ÉKOUÉ Ama", "ZINSOU Abla", "Zinsou Afi"}
	if !slices.Equal(names, want) {
		t.Errorf("sorted %q\nwant   %q", names, want)
	}
	if school.CompareNames("éa", "eb") >= 0 || school.CompareNames("b", "a") <= 0 {
		t.Error("CompareNames does not order as a French list")
	}
}

func TestDisplayName(t *testing.T) {
	p := school.Person{Surname: " agbodjan ", Given: "Kodjo"}
	if got := school.DisplayName(p); got != "AGBODJAN Kodjo" {
		t.Errorf("DisplayName = %q", got)
	}
	if got := school.DisplayName(school.Person{Surname: "ɖogbe"}); got != "ƉOGBE" {
		t.Errorf("DisplayName = %q", got)
	}
}
