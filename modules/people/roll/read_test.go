package roll_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"preau/modules/people/roll"
	"preau/school"
	"preau/school/packs"
	"preau/school/sheet"
)

var update = flag.Bool("update", false, "write the golden files anew")

// told is what a golden file keeps of a list.
type told struct {
	Format, Charset, Separator string
	Columns                    []roll.Field
	Entries                    []map[string]any
	Faults                     []map[string]any
}

func read(t testing.TB, file string, kind school.Kind) (*sheet.Book, *roll.Roll) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	book, err := sheet.Read(data, roll.Score(kind))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	list, err := roll.Read(book, roll.Options{Kind: kind, Pack: packs.Must("togo"), Today: "2026-11-23"})
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return book, list
}

func tell(t testing.TB, book *sheet.Book, list *roll.Roll, lines bool) told {
	t.Helper()
	out := told{Format: book.Format, Charset: book.Charset, Separator: book.Separator, Columns: list.Tables[0].Columns}
	for _, e := range list.Entries {
		out.Entries = append(out.Entries, plain(t, e, lines))
	}
	for _, f := range list.Faults {
		out.Faults = append(out.Faults, plain(t, f, lines))
	}
	return out
}

// plain keeps what is not empty.
func plain(t testing.TB, v any, lines bool) map[string]any {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	for k, x := range m {
		if x == nil || x == "" || x == false || k == "Line" && !lines {
			delete(m, k)
		}
	}
	return m
}

// Every fixture against the table of what it holds.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		switch filepath.Ext(file) {
		case ".csv", ".tsv", ".txt", ".xlsx", ".ods", ".fods":
		default:
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			kind := school.PupilKind
			if filepath.Base(file) == "personnel.csv" {
				kind = school.Staff
			}
			book, list := read(t, file, kind)
			got, err := json.MarshalIndent(tell(t, book, list, true), "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata/golden", filepath.Base(file)+".json")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)+"\n"); d != "" {
				t.Errorf("%s reads otherwise:\n%s", file, d)
			}
		})
	}
}

// One list in every encoding and format says the same.
func TestFormatsAgree(t *testing.T) {
	_, want := read(t, "testdata/base-utf8.csv", school.PupilKind)
	files, err := filepath.Glob("testdata/base-*.*")
	if err != nil || len(files) < 14 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if filepath.Ext(file) == ".xls" || filepath.Base(file) == "base-cp850.csv" { // no œ there
			continue
		}
		_, got := read(t, file, school.PupilKind)
		if d := cmp.Diff(want.Entries, got.Entries); d != "" {
			t.Errorf("%s:\n%s", file, d)
		}
	}
}
