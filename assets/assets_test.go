package assets

import (
	"bytes"
	"compress/gzip"
	"regexp"
	"strings"
	"testing"
)

// A first visit on a slow link pays for the sheet once: 4,000 bytes at most.
func TestStyleFitsItsBudget(t *testing.T) {
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	style := Style()
	if _, err := w.Write(style); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d compressed", len(style), z.Len())
	if z.Len() > 4000 {
		t.Errorf("the sheet is %d bytes compressed, over 4000", z.Len())
	}
}

// Browsers of 2013 know no flex, no grid and no variables.
func TestStyleUsesNothingNew(t *testing.T) {
	for _, word := range []string{"flex", "grid", "var(", "--", "calc(", "inset", "gap", "clamp(", ":is(", ":where(", ":has("} {
		if strings.Contains(string(Style()), word) {
			t.Errorf("the sheet uses %q", word)
		}
	}
}

func TestStyleNamesOnlyKnownColours(t *testing.T) {
	known := " #221 #443 #139 #152 #640 #820 #143 #ded #fc3 #776 #ccb #d98 #f4efe2 #def #fee #fec #e6f2e8 #777 #fff #000 #032 #376 #8ba #bdc "
	for _, c := range regexp.MustCompile(`#[0-9a-f]{3,6}\b`).FindAllString(string(Style()), -1) {
		if !strings.Contains(known, " "+c+" ") {
			t.Errorf("colour %s is not in the palette", c)
		}
	}
}

func TestMinify(t *testing.T) {
	for in, want := range map[string]string{
		"a { color : red ; }\n/* x */ b{}":      "a{color :red}b{}",
		"a :hover , b > c { margin: 0 1px ; }":  "a :hover,b>c{margin:0 1px}",
		`a:before { content: "a  ; b" ; }`:      `a:before{content:"a  ; b"}`,
		"@media (max-width: 4em) { a { b:c } }": "@media (max-width:4em){a{b:c}}",
	} {
		if got := minify(in); got != want {
			t.Errorf("minify(%q) = %q, want %q", in, got, want)
		}
	}
}
