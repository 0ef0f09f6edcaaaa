package marks_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"preau/school"
	"preau/school/packs"
	"preau/school/seal"
	booksheet "preau/school/sheet"
	"preau/store"
	"preau/web/webtest"
)

// TestADecisionWaitsForTheExam: reserved on the bulletin, final once the result is
// typed or read from a list; a list with a slip changes nothing and names its line.
func TestADecisionWaitsForTheExam(t *testing.T) {
	l := newLycee(t, 3)
	l.Clock.Set(time.Date(2027, 6, 1, 9, 0, 0, 0, time.UTC))
	l.update(t, func(tx *store.Tx) error {
		for i, id := range l.pupils {
			p, err := school.People.Get(tx, id)
			if err != nil {
				return err
			}
			p.Value.Matricule = fmt.Sprintf("TG-%d", 100+i)
			if err := school.People.Set(tx, id, p.Value); err != nil {
				return err
			}
		}
		return nil
	})
	deputy, head := l.As(school.Deputy), l.As(school.Head)
	for _, row := range packs.Must("togo").CatalogueOf("Tle", "D") {
		if row.Facultative {
			continue
		}
		for _, kind := range []string{"interro", "devoir", "composition"} {
			form := l.notebook(row.Subject) + "/new?period=2"
			p := deputy.Get(form).Submit(form, map[string]any{"kind": kind, "date": "2027-05-03"})
			if p = p.Submit(path(p), map[string]any{"m.1": "14", "m.2": "11", "m.3": "6"}); p.Status != http.StatusOK {
				t.Fatalf("marks of %s: %s", row.Subject, p)
			}
		}
	}
	issue := l.classPath("bulletins") + "/issue?period=2"
	if p := head.Get(issue).Submit(issue, nil); !p.Has("3 bulletins sont émis.") {
		t.Fatalf("issue: %s", p)
	}
	if text := pdfText(t, head, l.classPath("bulletins")+"/print?period=2"); strings.Count(text, "Réservée jusqu’au résultat") != 2 {
		t.Errorf("the bulletins do not wait for the exam:\n%s", text)
	}
	if p := head.Get("/marks/exams"); !p.Has("BAC II") || !p.Has("0 / 3") {
		t.Errorf("the exams:\n%s", p)
	}
	at := "/marks/exams/" + l.class.String()
	p := deputy.Get(at)
	if n := strings.Count(p.Text(), "attend l’examen"); n != 2 {
		t.Errorf("%d decisions wait:\n%s", n, p)
	}
	p = p.Submit(at, map[string]any{"r." + l.pupils[0].String(): "admitted"})
	if !p.Has("1 résultat enregistré.") || !p.Has("Études secondaires achevées") || strings.Count(p.Text(), "attend l’examen") != 1 {
		t.Errorf("admitted:\n%s", p)
	}
	if p := p.Submit(at, map[string]any{"r." + l.pupils[1].String(): "peut-être"}); p.Status != http.StatusUnprocessableEntity || !p.Has("choisissez admis, refusé ou absent") {
		t.Errorf("a wrong word: %s", p)
	}

	// Two enter at once, each on the page as it was: neither overwrites the other
	// unseen, and who wrote something else is told which.
	mine, other := deputy.Get(at), head.Get(at)
	third := "r." + l.pupils[2].String()
	if p := mine.Submit(at, map[string]any{third: "failed"}); !p.Has("1 résultat enregistré.") {
		t.Errorf("the first of two: %s", p)
	}
	if p := other.Submit(at, map[string]any{third: "absent"}); p.Status != http.StatusUnprocessableEntity || !p.Has("quelqu’un d’autre a noté « Refusé » entre-temps") {
		t.Errorf("the second of two: %s", p)
	}
	if p := other.Submit(at, map[string]any{"r." + l.pupils[1].String(): "absent"}); !p.Has("1 résultat enregistré.") {
		t.Errorf("another pupil's result: %s", p)
	}
	if p := deputy.Get(at).Submit(at, map[string]any{"r." + l.pupils[1].String(): "", third: ""}); !p.Has("2 résultats enregistrés.") {
		t.Errorf("what the first wrote is gone: %s", p)
	}

	send := func(list string) *webtest.Page {
		return deputy.Get("/marks/exams").Submit("/marks/exams", map[string]any{"file": []webtest.File{{Name: "bac.csv", Data: []byte(list)}}})
	}
	bad := send("Matricule;Nom;Résultat;Mention\nTG-101;A;REFUSÉE;\nTG-102;B;peut-être;\nTG-999;C;admis;\nTG-101;A;admis;\n")
	for _, words := range []string{"Rien n’est changé", "Ligne 3 : « peut-être »", "Ligne 5 : TG-101 est déjà à la ligne 2"} {
		if bad.Status != http.StatusUnprocessableEntity || !bad.Has(words) {
			t.Errorf("a list with slips lacks %q:\n%s", words, bad)
		}
	}
	if p := send("Matricule;Résultat\nTG-999;admis\nTG-101;refusé\n"); !p.Has("Ligne 2 : aucun élève d’ici n’a le matricule TG-999.") {
		t.Errorf("an unknown pupil:\n%s", p)
	}
	if p := send("Nom;Classe\nX;Y\n"); !p.Has("ne sont pas dans la liste") {
		t.Errorf("other columns:\n%s", p)
	}
	if p := deputy.Get(at); strings.Count(p.Text(), "attend l’examen") != 1 {
		t.Errorf("a refused list changed something:\n%s", p)
	}
	if p := send("Matricule;Nom;Résultat;Mention\nTG-100;A;Admis;Assez bien\nTG-101;B;REFUSÉE;\nTG-102;C;absent;\n"); !p.Has("3 résultats enregistrés.") || !p.Has("3 / 3") {
		t.Errorf("a good list:\n%s", p)
	}
	p = deputy.Get(at)
	for _, words := range []string{"Assez bien", "Redouble", "Études secondaires achevées", "Décisions en attente 0"} {
		if !p.Has(words) {
			t.Errorf("after the list the page lacks %q\n%s", words, p)
		}
	}
	if p := head.Get("/marks/pupils/" + l.pupils[0].String()); !p.Has("Études secondaires achevées") {
		t.Errorf("the record has not the final decision:\n%s", p)
	}
	first := regexp.MustCompile(`/marks/issued/[^"]+`).FindString(head.Get(l.classPath("bulletins") + "?period=2").Body)
	if p := head.Get(first); !p.Has("Décision définitive : Études secondaires achevées") || !p.Has("BAC II · Admis") {
		t.Errorf("the bulletin's page has not the final decision:\n%s", p)
	}
	if rows := rowsOf(t, head, l.classPath("council")+"/minutes?period=2&", booksheet.CSV); len(rows) != 4 || !strings.Contains(fmt.Sprint(rows[2]), "Réservée jusqu’au résultat (BAC II)") {
		t.Errorf("the minutes as a file: %+v", rows)
	}
	if p := l.As(school.Teacher).Get(at); p.Status != http.StatusNotFound {
		t.Errorf("a teacher opens the exam: %d", p.Status)
	}
}

// TestRulesChangeBetweenPeriods: what was issued stays, with the version by which it
// was made; the next period uses the new one.
func TestRulesChangeBetweenPeriods(t *testing.T) {
	l := newLycee(t, 2)
	head := l.As(school.Head)
	fillAll(t, l, map[string][]string{"interro": {"12", "9"}, "devoir": {"12", "9"}, "composition": {"12", "9"}})
	issue := l.classPath("bulletins") + "/issue?period=1"
	if p := head.Get(issue).Submit(issue, nil); !p.Has("2 bulletins sont émis.") {
		t.Fatalf("issue: %s", p)
	}
	before := pdfText(t, head, l.classPath("bulletins")+"/print?period=1")
	given, err := packs.Embedded("togo")
	if err != nil {
		t.Fatal(err)
	}
	next := strings.NewReplacer("version: \"2026.1\"\n", "version: \"2027.1\"\nfrom: 2027-02-08\n").Replace(string(given["pack.yaml"]))
	given["pack.yaml"] = []byte(next)
	given["catalogue.yaml"] = []byte(strings.Replace(string(given["catalogue.yaml"]), "{levels: [Tle], series: D, subject: PHILO, coefficient: 2", "{levels: [Tle], series: D, subject: PHILO, coefficient: 3", 1))
	l.update(t, func(tx *store.Tx) error {
		id, err := l.release(given, tx)
		if err != nil {
			return err
		}
		r, err := packs.Releases.Get(tx, id)
		if err != nil {
			return err
		}
		return packs.Use(tx, []store.Record[packs.Release]{r})
	})
	if after := pdfText(t, head, l.classPath("bulletins")+"/print?period=1"); after != before || !strings.Contains(after, "2026.1") {
		t.Errorf("issued bulletins changed:\n%s", after)
	}
	if p := head.Get(l.classPath("results") + "?period=1"); p.Has("ont changé") {
		t.Errorf("the issued period changed:\n%s", p)
	}
	why := func(period int) *webtest.Page {
		return head.Get(fmt.Sprintf("/marks/why/%s/%s/-?period=%d", l.class, l.pupils[0], period))
	}
	if a, b := why(1), why(2); !a.Has("2026.1") || !b.Has("2027.1") {
		t.Errorf("the versions of the periods:\n%s\n%s", a, b)
	}
	if p := l.As(school.Deputy).Get("/marks/of/" + l.class.String() + "/PHILO?period=2"); !p.Has("coefficient 3") {
		t.Errorf("the second semester:\n%s", p)
	}
}

// release writes a version as it would have come from the office.
func (l *lycee) release(given packs.Files, tx *store.Tx) (store.ID, error) {
	p, err := given.Pack()
	if err != nil {
		return store.ID{}, err
	}
	file, err := given.Carry(seal.Signed{})
	if err != nil {
		return store.ID{}, err
	}
	return packs.Releases.Add(tx, packs.Release{Code: p.About.Code, Version: p.About.Version, From: p.About.From, File: file})
}
