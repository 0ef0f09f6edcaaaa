package marks_test

import (
	"strings"
	"testing"
	"time"

	"preau/school"
	"preau/school/packs"
	"preau/store"
)

// TestTheYearOnPaper: the last bulletin of the year tells the means of both
// semesters, the annual mean in figures and in words, and the council's decision,
// in names of every letter of the country.
func TestTheYearOnPaper(t *testing.T) {
	l := newLycee(t, 3)
	head := l.As(school.Head)
	names := [][2]string{{"AGBÉNYÉGAH", "Ɖoɖui Ŋuto Ʋenunya Ɣedzi"}, {"ƑIAƑI-KPƐLLY", "Ɛsɔnam Ʊrɩ Pɩyalʊ"}, {"TCHAA", "Ɛ́sɔ̃ Ŋ̀ma"}}
	l.update(t, func(tx *store.Tx) error {
		for i, n := range names {
			p, err := school.People.Get(tx, l.pupils[i])
			if err != nil {
				return err
			}
			p.Value.Surname, p.Value.Given = n[0], n[1]
			if err := school.People.Set(tx, p.ID, p.Value); err != nil {
				return err
			}
		}
		return nil
	})
	// Every mark of a pupil in a semester is the same: so is the mean.
	semester := func(period string, n int, day string, marks []string) string {
		t.Helper()
		for _, row := range packs.Must("togo").CatalogueOf("Tle", "D") {
			if !row.Facultative {
				fillIn(t, l, row.Subject, n, day, map[string][]string{"interro": marks, "devoir": marks, "composition": marks})
			}
		}
		at := l.classPath("bulletins") + "/issue?period=" + period
		if p := head.Get(at).Submit(at, nil); !p.Has("3 bulletins sont émis.") {
			t.Fatalf("%s", p)
		}
		return strings.Join(strings.Fields(pdfText(t, head, l.classPath("bulletins")+"/print?period="+period)), " ")
	}
	first := semester("1", 1, "2026-10-13", []string{"12,5", "9", "20"})
	if strings.Contains(first, "annuelle") || strings.Contains(first, "Décision") {
		t.Errorf("the first semester tells the year:\n%s", first)
	}
	l.Clock.Set(time.Date(2027, 6, 15, 9, 0, 0, 0, time.UTC))
	head = l.As(school.Head)
	deputy := l.As(school.Deputy)
	if p := deputy.Get(l.classPath("council") + "?period=2&n=1"); !p.Has("Décision") {
		t.Errorf("the last council takes no decision:\n%s", p)
	}
	last := semester("2", 2, "2027-05-11", []string{"14", "8", "20"})
	for _, words := range []string{
		names[0][0] + " " + names[0][1], names[1][0] + " " + names[1][1], names[2][0] + " " + names[2][1],
		"1er semestre : 12,50", "(quatorze)", "Distinction : Encouragements", "Sanction : Avertissement pour le travail", "13,25 sur 20 (treize virgule vingt-cinq)",
		"8,50 sur 20 (huit virgule cinquante)", "20,00 sur 20 (vingt)", "Réservée jusqu’au résultat (BAC II)", "Redouble",
	} {
		if !strings.Contains(last, words) {
			t.Errorf("the last bulletins lack %q:\n%s", words, last)
		}
	}
}
