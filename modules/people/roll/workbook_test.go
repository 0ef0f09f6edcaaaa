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
	must(f.SetCellInt("Sheet1", "E9", 4)) // a count under the dates takes their style
	must(f.SetCellStyle("Sheet1", "E9", "E9", date))
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

// A book with a sheet a class, each in its teacher's own order, a hidden sheet,
// and a last row whose name is a formula that no program has computed yet.
func TestSheetPerClass(t *testing.T) {
	f := excelize.NewFile()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	put := func(sheet, at string, cells ...any) { t.Helper(); must(f.SetSheetRow(sheet, at, &cells)) }
	must(f.SetSheetName("Sheet1", "Tle D1"))
	put("Tle D1", "A1", "N°", "Matricule", "Nom et Prénoms", "Sexe", nil, "Date de naissance")
	put("Tle D1", "A2", nil, nil, nil, "G", "F", nil)
	must(f.MergeCell("Tle D1", "D1", "E1"))
	put("Tle D1", "A3", 1, "M1", "ABALO Kossi", "x", nil, "12/03/2009")
	put("Tle D1", "A4", 2, "M2", "BAWA Essi", nil, "x", "vers 2008")
	put("Tle D1", "B5", "M3")
	must(f.SetCellFormula("Tle D1", "C5", `CONCATENATE("CISSE"," Ali")`))
	for _, name := range []string{"Tle C", "caché", "Statistiques"} {
		_, err := f.NewSheet(name)
		must(err)
	}
	put("Tle C", "A1", "NOM", "PRENOMS", "SEXE", "NE(E) LE")
	put("Tle C", "A2", "FOLY", "Anani", "Masculin", "12/11/2008")
	put("caché", "A1", "Matricule", "Nom et Prénoms", "Sexe", "Date de naissance")
	put("caché", "A2", "M9", "SECRET Nom", "M", "12/11/2008")
	must(f.SetSheetVisible("caché", false))
	put("Statistiques", "A1", "Classe", "Garçons", "Filles")
	put("Statistiques", "A2", "Tle D1", 1, 1)
	b, err := f.WriteToBuffer()
	must(err)
	book, err := sheet.Read(b.Bytes(), roll.Score(school.PupilKind))
	must(err)
	list, err := roll.Read(book, roll.Options{Kind: school.PupilKind, Pack: packs.Must("togo"), Today: "2026-11-23"})
	must(err)
	var got []string
	for _, e := range list.Entries {
		got = append(got, fmt.Sprint(e.Sheet, "!", e.Line, " ", e.Surname, " ", e.Sex, " ", e.Born, e.BornText, " ", e.Class))
	}
	for _, f := range list.Faults {
		got = append(got, fmt.Sprint(f.Sheet, "!", f.Line, " ", f.Reason.Key))
	}
	want := "[Tle D1!3 ABALO M 2009-03-12 Tle D1 Tle D1!4 BAWA F vers 2008 Tle D1 Tle C!2 FOLY M 2008-11-12 Tle C Tle D1!5 people.refused.formula]"
	if s := fmt.Sprint(got); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}
