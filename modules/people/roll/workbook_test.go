package roll_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"preau/modules/people/roll"
	"preau/school"
	"preau/school/packs"
	"preau/school/sheet"
)

// workbook writes a list as a program other than LibreOffice would.
func workbook(t *testing.T, old bool) []byte {
	t.Helper()
	f := excelize.NewFile()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &old}))
	long, number := "[$-40C]dddd d mmmm yyyy", "00\\-0000"
	date, err := f.NewStyle(&excelize.Style{CustomNumFmt: &long})
	must(err)
	mat, err := f.NewStyle(&excelize.Style{CustomNumFmt: &number})
	must(err)
	must(f.SetSheetRow("Sheet1", "B2", &[]any{"LISTE DES ÉLÈVES"}))
	must(f.SetSheetRow("Sheet1", "B4", &[]any{"N°", "Matricule", "Nom et Prénoms", "Date de naissance", "Classe", "Redoublant"}))
	day := 40404
	if old {
		day -= 1462
	}
	for i, name := range []string{"ABALO Kossi", "AGBEKO Afi", "BAWA Yao", "DOSSOU Ama"} {
		must(f.SetSheetRow("Sheet1", fmt.Sprintf("B%d", 5+i), &[]any{i + 1, 260417 + i, name, day, nil, i%2 == 1}))
	}
	must(f.SetCellStyle("Sheet1", "E5", "E7", date)) // the last one shows its bare day count
	must(f.SetCellStyle("Sheet1", "C5", "C8", mat))
	must(f.SetCellStr("Sheet1", "F5", "Tle D1"))
	must(f.MergeCell("Sheet1", "F5", "F8"))
	must(f.SetCellFormula("Sheet1", "D7", `CONCATENATE("BAWA"," Yao")`))
	must(f.SetCellFormula("Sheet1", "B8", "B7+1")) // nobody reads the order number
	must(f.SetCellFormula("Sheet1", "C9", "COUNTA(D5:D8)"))
	must(f.SetCellStr("Sheet1", "B9", "TOTAL"))
	b, err := f.WriteToBuffer()
	must(err)
	return b.Bytes()
}

func TestWorkbook(t *testing.T) {
	for _, old := range []bool{false, true} {
		book, err := sheet.Read(workbook(t, old), roll.Score(school.PupilKind))
		if err != nil {
			t.Fatal(err)
		}
		list, err := roll.Read(book, roll.Options{Kind: school.PupilKind, Pack: packs.Must("togo"), Today: time.Now().Format(time.DateOnly)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range list.Entries {
			got = append(got, fmt.Sprint(e.Line, " ", e.Matricule, " ", e.Surname, " ", e.Born, " ", e.Class, " ", e.Repeating))
		}
		for _, f := range list.Faults {
			got = append(got, fmt.Sprint(f.Line, " ", f.Reason.Key, " ", f.Reason.Field))
		}
		want := "[5 26-0417 ABALO 2010-08-14 Tle D1 false 6 26-0418 AGBEKO 2010-08-14 Tle D1 true 8 26-0420 DOSSOU 2010-08-14 Tle D1 true 7 people.refused.formula surname]"
		if s := fmt.Sprint(got); s != want {
			t.Errorf("1904 %v:\n%s\nwant\n%s", old, s, want)
		}
	}
}
