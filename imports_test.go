package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// ours says which of the project's packages a folder may import, and why not
// more. A folder takes the line of its longest prefix; a name ending in /… also
// means everything below.
var ours = []struct {
	folder string
	may    []string
	why    string
}{
	{".", []string{"cli"}, "main is a door"},
	{"cli", []string{"appliance", "ministry", "modules/all"}, "a command reads flags; the site does the work"},
	{"modules/all", []string{"modules/…", "appliance"}, "the list of features, and nothing else"},
	{"modules/all/generate", nil, "it writes source and runs nothing of ours"},
	{"ministry", []string{"ministry/…", "appliance", "sync", "web", "school/…", "store"}, "the office fills an appliance; no feature knows it, it knows no feature"},
	{"modules", []string{"appliance", "web", "school/…", "store"}, "a feature stands on its own: two that must know of one another do so through a noun in school"},
	{"appliance/mdns", nil, "a name on a LAN knows nothing of schools"},
	{"appliance", []string{"appliance/…", "web", "sync", "school/…", "store", "assets"}, "a site that runs knows no feature and not who commands it"},
	{"web", []string{"web/…", "school", "store", "assets"}, "pages know neither features nor the exchange"},
	{"sync", []string{"sync/…", "store"}, "the exchange carries rows without knowing what they mean"},
	{"school", []string{"school/…", "store"}, "the vocabulary is below everything that speaks it"},
	{"store", []string{"store/…"}, "bytes on disk depend on nobody"},
	{"assets", nil, "bytes and words"},
}

// theirs says where a library may be imported, and why nowhere else.
var theirs = []struct{ library, only, why string }{
	{"go.etcd.io/bbolt", "store", "the layout of the file has one owner"},
	{"github.com/labstack/echo", "web", "handlers must outlive a change of router"},
	{"github.com/spf13/viper", "appliance", "configuration is a value, not a place to ask"},
	{"github.com/grandcat/zeroconf", "appliance", "its gaps are made good in one place"},
	{"github.com/spf13/cobra", "cli", "what a command does must also be done by a page"},
	{"github.com/a-h/templ", "web modules appliance ministry", "pages only"},
	{"database/sql", "", "there is one store"},
}

func TestImportsPointDownwards(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "build" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, s := range f.Imports {
			name, err := strconv.Unquote(s.Path.Value)
			if err != nil {
				return err
			}
			check(t, filepath.ToSlash(path), name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, file, imported string) {
	t.Helper()
	folder := "."
	if i := strings.LastIndexByte(file, '/'); i >= 0 {
		folder = file[:i]
	}
	for _, rule := range theirs {
		if imported != rule.library && !strings.HasPrefix(imported, rule.library+"/") {
			continue
		}
		allowed := false
		for _, only := range strings.Fields(rule.only) {
			allowed = allowed || within(folder, only)
		}
		if !allowed {
			t.Errorf("%s imports %s, which belongs to %q only: %s", file, imported, rule.only, rule.why)
		}
	}
	// Tests may put any pieces together: they are nobody's dependency.
	below, inside := strings.CutPrefix(imported, "preau/")
	if !inside || strings.HasSuffix(file, "_test.go") || strings.HasSuffix(folder, "test") || folder == below {
		return
	}
	best := -1
	for i, rule := range ours {
		if (rule.folder == "." && folder == "." || within(folder, rule.folder)) && (best < 0 || len(rule.folder) > len(ours[best].folder)) {
			best = i
		}
	}
	if best < 0 {
		t.Errorf("%s: the folder %s stands in no line of the table", file, folder)
		return
	}
	rule := ours[best]
	for _, may := range rule.may {
		if tree, all := strings.CutSuffix(may, "/…"); below == may || all && within(below, tree) {
			return
		}
	}
	if rule.folder == "modules" && within(below, strings.Join(strings.SplitN(folder, "/", 3)[:2], "/")) {
		return // a module's own folders
	}
	t.Errorf("%s imports %s: %s", file, imported, rule.why)
}

func within(folder, tree string) bool { return folder == tree || strings.HasPrefix(folder, tree+"/") }
