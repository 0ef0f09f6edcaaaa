package roll

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"preau/modules/people/sheet"
	"preau/school"
	"preau/school/packs"
)

func TestScratch(t *testing.T) {
	for _, f := range []string{"/work/shared/data/rosters/excel-fr-cp1252.csv", "/work/shared/data/rosters/libreoffice.xlsx"} {
		b, _ := os.ReadFile(f)
		book, err := sheet.Read(b, Score(school.PupilKind))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Read(book, Options{Kind: school.PupilKind, Pack: packs.Must("togo"), Today: "2026-11-23"})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(book.Format, book.Charset, book.Separator, r, r.Tables[0].Columns)
		for i, e := range r.Entries {
			if i < 6 || i > len(r.Entries)-3 {
				j, _ := json.Marshal(e)
				fmt.Println(string(j))
			}
		}
		for _, f := range r.Faults {
			fmt.Println(f.Line, f.Said, f.Reason.Key, f.Reason.Args)
		}
		os.WriteFile("/tmp/ppl/"+book.Format+".json", func() []byte {
			for i := range r.Entries {
				r.Entries[i].Line = 0
			}
			j, _ := json.MarshalIndent(r.Entries, "", " ")
			return j
		}(), 0o644)
	}
}
