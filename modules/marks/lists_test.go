package marks_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"preau/school"
	booksheet "preau/school/sheet"
	"preau/store"
	"preau/web/webtest"
)

// rowsOf reads a list that a page sends.
func rowsOf(t *testing.T, c *webtest.Client, at, as string) []booksheet.Row {
	t.Helper()
	p := c.Get(at + "as=" + as)
	if p.Status != http.StatusOK || p.Header.Get("Content-Type") != booksheet.MediaType(as) {
		t.Fatalf("%s as %s: %d %s", at, as, p.Status, p.Header)
	}
	book, err := booksheet.Read([]byte(p.Body), func(rows []booksheet.Row) int { return len(rows[0].Cells) })
	if err != nil {
		t.Fatal(err)
	}
	return book.Sheets[0].Rows
}

// TestListsOfASchool: ranks over classes, failures, honours and the school record,
// as pages and as files that a spreadsheet computes with and never runs.
func TestListsOfASchool(t *testing.T) {
	l := newLycee(t, 4)
	l.update(t, func(tx *store.Tx) error { // a name that a spreadsheet would compute
		p, err := school.People.Get(tx, l.pupils[0])
		if err != nil {
			return err
		}
		p.Value.Surname = "=CMD()"
		l.names[0] = p.Value.Name()
		return school.People.Set(tx, p.ID, p.Value)
	})
	fillAll(t, l, map[string][]string{"interro": {"20", "8", "15", "2"}, "devoir": {"20", "9", "16", "3"}, "composition": {"20", "8", "14", "2"}})
	head := l.As(school.Head)

	// Mathematics 5 of 22 points of coefficient, 10 elsewhere: 20 → 12.27.
	for _, as := range []string{booksheet.XLSX, booksheet.CSV} {
		rows := rowsOf(t, head, l.classPath("results")+"?period=1&", as)
		if len(rows) != 5 || rows[0].Text(2) != "Élève" {
			t.Fatalf("results as %s: %+v", as, rows)
		}
		last, names := len(rows[1].Cells)-3, rows[1].Text(2)+rows[2].Text(2)+rows[3].Text(2)+rows[4].Text(2)
		if mean := rows[1].Cells[last]; as == booksheet.XLSX && mean.Number == "" || as == booksheet.CSV && !strings.Contains(mean.Text, ",") {
			t.Errorf("the average is %+v as %s", mean, as)
		}
		for _, r := range rows {
			for _, c := range r.Cells {
				if c.Formula || strings.HasPrefix(c.Text, "=") {
					t.Errorf("a formula leaves as %s: %+v", as, c)
				}
			}
		}
		if !strings.Contains(names, "'=CMD()") {
			t.Errorf("names as %s: %s", as, names)
		}
	}
	if rows := rowsOf(t, l.As(school.Teacher), l.notebook("MATH")+"?period=1&", booksheet.XLSX); len(rows) != 5 || rows[1].Cells[3].Number != "20" {
		t.Errorf("the mark list: %+v", rows)
	}

	ranks := head.Get("/marks/ranks?period=1")
	if !ranks.Has("Rangs en Tle D, toutes classes") || !ranks.Has("1er") || strings.Index(ranks.Text(), l.names[0]) > strings.Index(ranks.Text(), l.names[1]) {
		t.Errorf("ranks:\n%s", ranks)
	}
	if rows := rowsOf(t, head, "/marks/ranks?period=1&of=Tle+D&", booksheet.XLSX); len(rows) != 5 || rows[1].Cells[0].Number != "1" || rows[4].Cells[0].Number != "4" {
		t.Errorf("ranks: %+v", rows)
	}
	failures := head.Get("/marks/failures?period=1&subject=MATH")
	if !failures.Has("Mathématiques, par classe") || !failures.Has("2 / 4") || !failures.Has("50 %") {
		t.Errorf("failures:\n%s", failures)
	}
	if rows := rowsOf(t, head, "/marks/failures?period=1&", booksheet.CSV); len(rows) < 3 || rows[1].Text(2) != "4" {
		t.Errorf("failures: %+v", rows)
	}
	honours := head.Get("/marks/honours?period=1")
	if !honours.Has("Tableau d’honneur") || !honours.Has("Niveau Tle") || !honours.Has(l.names[0]) || honours.Has(l.names[1]) {
		t.Errorf("honours:\n%s", honours)
	}
	if rows := rowsOf(t, head, "/marks/honours?period=1&", booksheet.XLSX); len(rows) != 2 || rows[1].Text(3) != "'"+l.names[0] {
		t.Errorf("honours: %+v", rows)
	}

	at := "/marks/pupils/" + l.pupils[0].String()
	if p := head.Get(at); !p.Has("Aucun bulletin émis pour cet élève") {
		t.Errorf("an empty record:\n%s", p)
	}
	issue := l.classPath("bulletins") + "/issue?period=1"
	if p := head.Get(issue).Submit(issue, nil); !p.Has("4 bulletins sont émis") {
		t.Fatalf("issue: %s", p)
	}
	record := head.Get(at)
	for _, words := range []string{"2026-2027", "Mathématiques", "20,00", "1er semestre", "BUL-LOM-0001", "1er"} {
		if !record.Has(words) {
			t.Errorf("the record lacks %q\n%s", words, record)
		}
	}
	if rows := rowsOf(t, head, at+"?", booksheet.XLSX); len(rows) < 9 || rows[1].Text(0) != "2026-2027" {
		t.Errorf("the record: %+v", rows)
	}
	if text := pdfText(t, head, at+"?as=pdf"); !strings.Contains(text, "Livret scolaire") || !strings.Contains(text, "20,00") {
		t.Errorf("on paper:\n%s", text)
	}
	for _, path := range []string{at, "/marks/ranks", "/marks/honours", "/marks/failures"} {
		if p := l.As(school.Pupil).Get(path); p.Status != http.StatusNotFound {
			t.Errorf("a pupil opens %s: %d", path, p.Status)
		}
	}
	if p := l.As(school.Teacher).Get(at); p.Status != http.StatusNotFound {
		t.Errorf("a teacher of one subject opens a whole record: %d", p.Status)
	}
}

// TestWhoLeftAndWhatIsNotThere: a class with no composition, a pupil who left
// mid-term, a subject without coefficient.
func TestWhoLeftAndWhatIsNotThere(t *testing.T) {
	l := newLycee(t, 3)
	head := l.As(school.Head)
	issue := l.classPath("bulletins") + "/issue?period=1"
	// A class with no composition: named, and nothing is issued.
	fillAll(t, l, map[string][]string{"interro": {"10", "11", "12"}, "devoir": {"10", "11", "12"}, "composition": {"10", "11", "12"}})
	l.dropCompositions(t, "FRAN")
	p := head.Get(issue).Submit(issue, nil)
	if p.Status != http.StatusUnprocessableEntity || !p.Has("Aucun bulletin n’est émis") || !p.Has("Français : composition (0 / 1)") {
		t.Errorf("without a composition:\n%s", p)
	}
	fillPeriodKind(t, l, "FRAN", "composition", []string{"9", "10", "11"})
	// A pupil who left mid-term: no bulletin, no mark asked for, ranks without them.
	l.update(t, func(tx *store.Tx) error {
		x, err := school.People.Get(tx, l.pupils[2])
		if err != nil {
			return err
		}
		x.Value.Left = "2026-11-02"
		return school.People.Set(tx, x.ID, x.Value)
	})
	p = head.Get(issue).Submit(issue, nil)
	if !p.Has("2 bulletins sont émis.") || p.Has(l.names[2]) {
		t.Errorf("with one who left:\n%s", p)
	}
	if p := head.Get(l.classPath("results") + "?period=1"); p.Has(l.names[2]) || !p.Has("2e") {
		t.Errorf("the results count who left:\n%s", p)
	}
	// A subject without a coefficient in this series takes no marks.
	if p := l.As(school.Deputy).Get("/marks/of/" + l.class.String() + "/COUTURE/new?period=1"); p.Status != http.StatusUnprocessableEntity || !p.Has("COUTURE n’a pas de coefficient en Tle D1") {
		t.Errorf("a subject without coefficient: %s", p)
	}
}

func fillPeriodKind(t *testing.T, l *lycee, subject, kind string, marks []string) {
	t.Helper()
	deputy := l.As(school.Deputy)
	form := l.notebook(subject) + "/new?period=1"
	p := deputy.Get(form).Submit(form, map[string]any{"kind": kind, "date": "2026-10-13"})
	values := map[string]any{}
	for i, m := range marks {
		values[fmt.Sprintf("m.%d", i+1)] = m
	}
	if p = p.Submit(path(p), values); p.Status != http.StatusOK {
		t.Fatalf("marks of %s: %s", subject, p)
	}
}

// dropCompositions empties and deletes a subject's compositions through the pages.
func (l *lycee) dropCompositions(t *testing.T, subject string) {
	t.Helper()
	deputy := l.As(school.Deputy)
	book := deputy.Get(l.notebook(subject) + "?period=1")
	at := ""
	for _, link := range strings.Split(book.Body, `href="`)[1:] {
		if to := link[:strings.IndexByte(link, '"')]; strings.HasPrefix(to, "/marks/sheets/") && strings.Contains(link[:200], "Composition") {
			at = to
		}
	}
	if at == "" {
		t.Fatalf("no composition:\n%s", book)
	}
	sheet := deputy.Get(at)
	if p := sheet.Submit(at, map[string]any{"m.1": "", "m.2": "", "m.3": ""}); p.Status != http.StatusOK {
		t.Fatalf("emptied: %s", p)
	}
	edit := deputy.Get(at + "/edit")
	if p := edit.Submit(at+"/delete", nil); p.Status != http.StatusOK {
		t.Fatalf("deleted: %s", p)
	}
}
