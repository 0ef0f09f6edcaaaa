package marks

import (
	"io/fs"
	"net/http"
	"testing"
	"time"

	"preau/school"
	"preau/school/average"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	booksheet "preau/school/sheet"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

// TestTheOfficeAddsUp: counts by directorate, level, sex and school; who has sent
// nothing is told apart by whether there is a link; nobody sees more than is theirs.
func TestTheOfficeAddsUp(t *testing.T) {
	m := Module()
	s := webtest.New(t, webtest.Setup{
		Kind: web.Office, Routes: m.OfficePages, Nav: m.OfficeNav, Words: []fs.FS{m.Files},
		Collections: append(append(append([]store.Definition{}, m.Collections...), org.Collections()...), seal.Collections()...),
	})
	now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	s.Clock.Set(now)
	of := func(present, passed int, lowest, highest, mean string) counts {
		return counts{Present: present, Passed: passed, Lowest: average.MustDecimal(lowest), Highest: average.MustDecimal(highest), Mean: average.MustDecimal(mean)}
	}
	if err := s.DB.Update(func(tx *store.Tx) error {
		if _, err := org.Seed(tx, packs.Must("togo")); err != nil {
			return err
		}
		for _, u := range []org.Unit{
			{Code: "TG-1", Name: "Lycée de Tokoin", Kind: org.School, Parent: "DRE-GL", Type: "general"},
			{Code: "TG-2", Name: "Lycée de Kara", Kind: org.School, Parent: "DRE-KA", Type: "general"},
			{Code: "TG-3", Name: "Lycée de Bè", Kind: org.School, Parent: "DRE-GL", Type: "general"},
			{Code: "TG-4", Name: "Lycée de Dapaong", Kind: org.School, Parent: "DRE-SA", Type: "general"},
		} {
			if _, err := org.Units.Add(tx, u); err != nil {
				return err
			}
		}
		for _, o := range []outcome{
			{Site: "TG-1", Class: "Tle D1", Level: "Tle", Series: "D", Year: "2026-2027", Period: 1, Girls: of(20, 12, "5.5", "16", "11"), Boys: of(30, 10, "4", "15", "9"), ExamGirls: examCounts{Candidates: 18, Admitted: 9}, Decisions: map[string]int{"passe": 31, "redouble": 19}},
			{Site: "TG-1", Class: "2nde S1", Level: "2nde", Series: "S", Year: "2026-2027", Period: 1, Girls: of(10, 5, "7", "12", "10"), Boys: of(10, 6, "8", "13", "10.5")},
			{Site: "TG-2", Class: "Tle D", Level: "Tle", Series: "D", Year: "2026-2027", Period: 1, Girls: of(5, 5, "10", "12", "11"), Boys: of(5, 0, "6", "9", "8")},
			{Site: "TG-2", Class: "Tle D", Level: "Tle", Series: "D", Year: "2025-2026", Period: 2, Girls: of(1, 1, "10", "10", "10")},
		} {
			if _, err := outcomes.Add(tx, o); err != nil {
				return err
			}
		}
		if err := school.NoteContact(tx, school.Contact{Site: "TG-3", Last: now.Add(-2 * time.Hour)}, 0, 0); err != nil {
			return err
		}
		return school.NoteContact(tx, school.Contact{Site: "TG-4", Last: now.AddDate(0, 0, -20)}, 0, 0)
	}); err != nil {
		t.Fatal(err)
	}
	statistician := s.As(school.Statistician)
	p := statistician.Get("/results")
	for _, words := range []string{
		"2 lycées sur 4 ont envoyé leurs résultats.", "1 / 2", "17 / 30", "16 / 40", "22 / 35", "16 / 45", "Tle D", "17 / 25",
		"rien reçu, bulletins pas émis", "rien reçu, pas de lien", "9 / 18", "Kara", "Passe en classe supérieure 31",
	} {
		if !p.Has(words) {
			t.Errorf("the page lacks %q", words)
		}
	}
	if t.Failed() {
		t.Log(p)
	}
	if p := statistician.Get("/results?year=2025-2026&period=2"); !p.Has("1 lycée sur 4 a envoyé ses résultats.") {
		t.Errorf("last year:\n%s", p)
	}
	for _, as := range []string{booksheet.XLSX, booksheet.CSV} {
		file := statistician.Get("/results?as=" + as)
		book, err := booksheet.Read([]byte(file.Body), func(rows []booksheet.Row) int { return len(rows[0].Cells) })
		if err != nil {
			t.Fatal(err)
		}
		rows := book.Sheets[0].Rows
		if len(rows) != 7 || rows[1].Text(9) != "F" || rows[2].Text(9) != "M" {
			t.Fatalf("%s: %+v", as, rows)
		}
		if c := rows[1].Cells[14]; as == booksheet.XLSX && c.Number == "" || as == booksheet.CSV && c.Text != "11,00" && c.Text != "10,00" {
			t.Errorf("%s: the mean is %+v", as, c)
		}
	}
	for role, status := range map[school.Role]int{school.Signatory: 200, school.Publisher: 404, school.Operator: 404} {
		if p := s.As(role).Get("/results"); p.Status != status {
			t.Errorf("%s: %d, want %d", role, p.Status, status)
		}
	}
	if p := s.As(school.Inspector).Get("/results"); p.Status != http.StatusOK || !p.Has("0 lycée sur 0") {
		t.Errorf("an inspector without a circumscription sees\n%s", p)
	}
}
