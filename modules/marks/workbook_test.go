package marks_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"preau/school"
	"preau/store"
	"preau/web/webtest"
)

// book downloads a sheet's workbook.
func book(t *testing.T, c *webtest.Client, sheet string) *excelize.File {
	t.Helper()
	p := c.Get(sheet + "/file")
	if p.Status != http.StatusOK || !strings.Contains(p.Header.Get("Content-Disposition"), ".xlsx") {
		t.Fatalf("%d %v", p.Status, p.Header)
	}
	f, err := excelize.OpenReader(strings.NewReader(p.Body))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// fill types at home.
func fill(t *testing.T, f *excelize.File, cells map[string]any) {
	t.Helper()
	for cell, v := range cells {
		if err := f.SetCellValue("Notes", cell, v); err != nil {
			t.Fatal(err)
		}
	}
}

func send(t *testing.T, c *webtest.Client, sheet string, f *excelize.File) *webtest.Page {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return c.Get(sheet+"/xlsx").Submit(sheet+"/xlsx", map[string]any{"file": []webtest.File{{Name: "notes.xlsx", Data: b.Bytes()}}})
}

func TestTheSpreadsheetGoesHomeAndComesBack(t *testing.T) {
	l := newLycee(t, 6)
	teacher := l.As(school.Teacher)
	page := l.evaluation(t, teacher, nil)
	sheet := path(page)
	teacher.Get(sheet).Submit(sheet, map[string]any{"m.1": "12,1", "m.2": "abs"})
	f := book(t, teacher, sheet)
	for cell, want := range map[string]string{"B5": l.names[0], "C5": "12.1", "C6": "abs", "C7": "", "B10": l.names[5]} {
		if got, _ := f.GetCellValue("Notes", cell); got != want {
			t.Errorf("%s holds %q, want %q", cell, got, want)
		}
	}
	if protected, err := f.GetSheetProtection("Notes"); err != nil || protected.EditObjects {
		t.Errorf("protection %+v %v", protected, err)
	}
	rules, err := f.GetDataValidations("Notes")
	if err != nil || len(rules) != 1 || rules[0].Sqref != "C5:C10" || len(rules[0].Formula1) > 255 {
		t.Errorf("validations %v %v", rules, err)
	}
	fill(t, f, map[string]any{"C5": 12.1, "C6": 7.25, "C7": "13,5", "C8": "21", "C9": "J", "C10": 9})
	// in the meantime somebody enters the last pupil's mark here
	teacher.Get(sheet).Submit(sheet, map[string]any{"m.6": "15"})
	diff := send(t, teacher, sheet, f)
	for _, words := range []string{"1 ligne ne change pas", "2 lignes ne seront pas prises", "21 dépasse 20", "La note a changé ici depuis le téléchargement : 15 reste", "3 notes changent", "Enregistrer les 3 notes"} {
		if !diff.Has(words) {
			t.Errorf("the difference does not say %q: %s", words, diff)
		}
	}
	if got, _ := teacher.Get(sheet).Field("m.3"); got != "" {
		t.Fatalf("looking at the difference wrote %q", got)
	}
	done := diff.Submit(sheet, nil)
	if !done.Has("3 notes enregistrées.") {
		t.Fatalf("accepted: %s", done)
	}
	for i, want := range []string{"12,1", "7,25", "13,5", "", "absj", "15"} {
		if got, _ := done.Field(fmt.Sprintf("m.%d", i+1)); got != want {
			t.Errorf("row %d holds %q, want %q", i+1, got, want)
		}
	}
	// the same file again: what was taken is no longer a difference, the file is old for it
	if again := send(t, teacher, sheet, f); !again.Has("Ce fichier ne change rien.") {
		t.Errorf("the same file again: %s", again)
	}
}

func TestSpreadsheetsRefused(t *testing.T) {
	l := newLycee(t, 3)
	teacher := l.As(school.Teacher)
	one := path(l.evaluation(t, teacher, map[string]any{"label": "Devoir un"}))
	two := path(l.evaluation(t, teacher, map[string]any{"label": "Devoir deux"}))
	refused := func(name string, p *webtest.Page, want string) {
		t.Helper()
		if p.Status != 422 || !p.Has(want) || !p.Has("Le fichier n’est pas pris, rien n’a changé") {
			t.Errorf("%s: %d %s", name, p.Status, p)
		}
	}
	refused("another sheet's", send(t, teacher, two, book(t, teacher, one)), "Ce fichier est celui d’une autre feuille : « Devoirs, Mathématiques, Tle D1")
	foreign := excelize.NewFile()
	if err := foreign.SetSheetName("Sheet1", "Notes"); err != nil {
		t.Fatal(err)
	}
	refused("a foreign one", send(t, teacher, one, foreign), "Ce fichier ne se lit pas")
	fill(t, foreign, map[string]any{"B5": l.names[0], "C5": 12})
	refused("a foreign one with marks", send(t, teacher, one, foreign), "Ce fichier ne vient pas d’ici")
	moved := book(t, teacher, one)
	fill(t, moved, map[string]any{"B5": l.names[1]})
	refused("names sorted apart", send(t, teacher, one, moved), "des colonnes ont été triées séparément")
	damaged := book(t, teacher, one)
	fill(t, damaged, map[string]any{"D6": "?"})
	refused("a key lost", send(t, teacher, one, damaged), "La ligne 6 du fichier a perdu sa clé")
	old := book(t, teacher, one)
	teacher.Get(one+"/edit").Submit(one+"/edit", map[string]any{"scale": "40"})
	refused("an old scale", send(t, teacher, one, old), "notée sur 20 dans ce fichier, elle l’est sur 40 maintenant")
	refused("no spreadsheet", teacher.Get(one+"/xlsx").Submit(one+"/xlsx", map[string]any{"file": []webtest.File{{Name: "x.xlsx", Data: []byte("\x00\x01\x02")}}}), "Ce fichier ne se lit pas")
	refused("no file", teacher.Get(one+"/xlsx").Submit(one+"/xlsx", nil), "Choisissez le fichier rempli")
	if p := l.As(school.Secretary).Get(one + "/file"); p.Status != 404 {
		t.Errorf("the secretary downloads marks: %d", p.Status)
	}
}

// A name that a spreadsheet would compute goes home as text, and is known again.
func TestANameIsNoFormula(t *testing.T) {
	l := newLycee(t, 2)
	l.update(t, func(tx *store.Tx) error {
		p, err := school.People.Get(tx, l.pupils[0])
		if err != nil {
			return err
		}
		p.Value.Surname = "=HYPERLINK(1)"
		return school.People.Set(tx, l.pupils[0], p.Value)
	})
	teacher := l.As(school.Teacher)
	sheet := path(l.evaluation(t, teacher, nil))
	f := book(t, teacher, sheet)
	if got, _ := f.GetCellValue("Notes", "B5"); !strings.HasPrefix(got, "'=HYPERLINK(1)") {
		t.Errorf("B5 holds %q", got)
	}
	fill(t, f, map[string]any{"C5": 12})
	if p := send(t, teacher, sheet, f); p.Status != http.StatusOK || !p.Has("=HYPERLINK(1)") || p.Has("Refusé") {
		t.Errorf("come back: %s", p)
	}
}
