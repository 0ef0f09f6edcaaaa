package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityNamesRealTests reads docs/SECURITY.md and looks for every test and
// file that it names: a defence that nothing tests any more must leave the table.
func TestSecurityNamesRealTests(t *testing.T) {
	doc, err := os.ReadFile("docs/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	err = filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)`).FindAllSubmatch(text, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllSubmatch(doc, -1)
	if len(named) < 30 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, m := range named {
		if !there[string(m[1])] {
			t.Errorf("docs/SECURITY.md names %s, which is not there", m[1])
		}
	}
	for _, m := range regexp.MustCompile("`([a-z_/]+\\.(?:go|txt|txtar))`").FindAllSubmatch(doc, -1) {
		name := string(m[1])
		if found, _ := filepath.Glob(name); len(found) > 0 {
			continue
		}
		if found, _ := filepath.Glob("testdata/script/" + name); len(found) == 0 {
			t.Errorf("docs/SECURITY.md names %s, which is not there", name)
		}
	}
}
