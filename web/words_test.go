package web_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"preau/assets"
	"preau/school"
	"preau/web"
	"preau/web/webtest/sample"
)

func TestWordsOfTheKit(t *testing.T) {
	web.CheckWords(t, assets.Words, school.Words, sample.Words)
}

// recorder counts what CheckWords finds.
type recorder struct{ said []string }

func (r *recorder) Helper()                        {}
func (r *recorder) Errorf(format string, _ ...any) { r.said = append(r.said, format) }

func TestCheckWordsFindsEachFault(t *testing.T) {
	for name, files := range map[string][2]string{
		"missing in English": {`{"a":"x"}`, `{}`},
		"missing in French":  {`{}`, `{"a":"x"}`},
		"placeholder":        {`{"a":"x {n}"}`, `{"a":"x {m}"}`},
		"plural":             {`{"a":{"one":"x","other":"y"}}`, `{"a":"x"}`},
		"half a plural":      {`{"a":{"one":"x"}}`, `{"a":{"one":"x","other":"y"}}`},
		"empty":              {`{"a":""}`, `{"a":""}`},
		"not JSON":           {`{"a"`, `{}`},
	} {
		var r recorder
		web.CheckWords(&r, fstest.MapFS{"words/fr.json": {Data: []byte(files[0])}, "words/en.json": {Data: []byte(files[1])}})
		if len(r.said) != 1 {
			t.Errorf("%s: %v", name, r.said)
		}
	}
}

func TestPluralsAndPlaces(t *testing.T) {
	w, err := web.LoadWords(fstest.MapFS{
		"words/fr.json": {Data: []byte(`{"n":{"one":"{count} élève de {who}","other":"{count} élèves de {who}"},"q":"« Oui » ? Non ; l'an : 3 !"}`)},
		"words/en.json": {Data: []byte(`{"n":{"one":"{count} pupil of {who}","other":"{count} pupils of {who}"},"q":"x"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		lang string
		n    any
		want string
	}{
		{"fr", 0, "0 élève de Afi"},
		{"fr", 1, "1 élève de Afi"},
		{"fr", 2, "2 élèves de Afi"},
		{"fr", int64(1234), "1\u202f234 élèves de Afi"},
		{"en", 0, "0 pupils of Afi"},
		{"en", 1, "1 pupil of Afi"},
		{"en", 1234, "1,234 pupils of Afi"},
		{"en", float64(2), "2 pupils of Afi"},
	} {
		if got := w.T(x.lang, "n", "count", x.n, "who", "Afi"); got != x.want {
			t.Errorf("%s %v: %q, want %q", x.lang, x.n, got, x.want)
		}
	}
	if got := w.T("fr", "q"); got != "«\u202fOui\u202f»\u202f? Non\u202f; l’an\u00a0: 3\u202f!" {
		t.Errorf("%q", got)
	}
	if got := w.T("fr", "n", "count", 2, "who", "{count}"); got != "2 élèves de {count}" {
		t.Errorf("a value was taken for a place: %q", got)
	}
	if got := w.T("fr", "no.such"); got != "no.such" {
		t.Errorf("%q", got)
	}
}

func TestFormats(t *testing.T) {
	at := time.Date(2026, 10, 1, 7, 5, 0, 0, time.UTC)
	now := at.AddDate(0, 0, 12)
	for got, want := range map[string]string{
		web.FormatDate("fr", at):                            "jeudi 1er\u00a0octobre 2026",
		web.FormatDate("en", at):                            "Thursday 1 October 2026",
		web.FormatDateTime("fr", at):                        "jeudi 1er\u00a0octobre 2026 à 7\u00a0h\u00a005",
		web.FormatShortDate("fr", at, now):                  "jeu.\u00a01er\u00a0oct.",
		web.FormatShortDate("fr", at, now.AddDate(1, 0, 0)): "jeu.\u00a01er\u00a0oct. 2026",
		web.FormatMoment("fr", at, at.Add(time.Hour)):       "7\u00a0h\u00a005",
		web.FormatMoment("fr", at, now):                     "1er\u00a0oct. à 7\u00a0h\u00a005",
		web.FormatMoment("en", at, now):                     "1 Oct at 07:05",
		web.FormatNumber("fr", 1234567):                     "1\u202f234\u202f567",
		web.FormatNumber("fr", -12):                         "−12",
		web.FormatNumber("en", 1234):                        "1,234",
		web.FormatNumber("fr", 0):                           "0",
		web.FormatDecimal("fr", "13.47"):                    "13,47",
		web.FormatSize("fr", 48_300):                        "48\u00a0Ko",
		web.FormatSize("fr", 3_140_000):                     "3,1\u00a0Mo",
		web.FormatSize("fr", 999_900):                       "1,0\u00a0Mo",
		web.FormatSize("en", 1):                             "1\u00a0byte",
		web.FormatSpan("fr", 40*time.Minute):                "40\u00a0min",
		web.FormatSpan("fr", 25*time.Hour):                  "1\u00a0jour",
		web.FormatSpan("fr", 72*time.Hour):                  "3\u00a0jours",
		web.FormatSpan("en", 2*time.Hour):                   "2\u00a0h",
		web.FormatSpan("fr", -time.Hour):                    "moins d’une minute",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMarkdownHasNoPower(t *testing.T) {
	for _, src := range []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `[x](javascript:alert(1))`, `[x](data:text/html,<script>)`,
		`![x](http://evil.example/x.png)`, `<a href="javascript:alert(1)">x</a>`, `[x](JaVaScRiPt:alert(1))`, "<style>*{}</style>", `<iframe src=//evil.example>`,
		`[x](//evil.example)`, "<svg onload=alert(1)>", `[x](&#106;avascript:alert(1))`, "<p style=position:fixed>x", "[x]( java\tscript:alert(1))",
	} {
		got := strings.ToLower(web.Markdown(src))
		if regexp.MustCompile(`<script|<img|<svg|<style|<iframe|href="(javascript|data|//)|on[a-z]+=|style=`).MatchString(got) {
			t.Errorf("%q becomes %q", src, got)
		}
	}
	got := web.Markdown("**gras** et [site](https://example.org)\n\n1. un\n2. deux\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n# Titre")
	for _, want := range []string{"<strong>gras</strong>", `href="https://example.org"`, "<ol>", "<table>", "<h2>Titre</h2>"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add("# a\n[x](javascript:alert(1)) <b onclick=x>")
	bad := regexp.MustCompile(`(?i)<(script|img|svg|style|iframe|object|form|input)|href="(javascript|data|vbscript)|<[a-z0-9]+ [^>]*\bon[a-z]+=`)
	f.Fuzz(func(t *testing.T, src string) {
		if got := web.Markdown(src); bad.MatchString(got) {
			t.Errorf("%q becomes %q", src, got)
		}
	})
}
