package ministry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/store"
)

func TestTheTreeIsDated(t *testing.T) {
	s := office(t)
	op := s.As(school.Operator)
	importOf(t, s, registry, "")
	day := func(days int) string { return s.Clock.Time().AddDate(0, 0, days).Format(time.DateOnly) }

	// An inspection is added, a school is to move to it next week.
	made := op.Get("/units/new").Submit("/units/new", map[string]any{"kind": "inspection", "code": "iesg-neuf", "name": "IESG Neuve", "parent": "DRE-MA"})
	if !made.Has("Unité enregistrée") || !made.Has("IESG Neuve") {
		t.Fatalf("adding an inspection: %s\n%s", made, made.Text())
	}
	edit := op.Get("/schools/LYC-1/edit")
	if p := edit.Submit("/schools/LYC-1/edit", map[string]any{"parent": "IESG-NEUF", "from": "2026-02-31"}); p.Status != http.StatusUnprocessableEntity || !p.Has("2026-02-31") {
		t.Errorf("a day that does not exist: %s\n%s", p, p.Text())
	}
	planned := edit.Submit("/schools/LYC-1/edit", map[string]any{"parent": "IESG-NEUF", "from": day(7)})
	for _, want := range []string{"Direction régionale Grand Lomé", "IESG Neuve · depuis le"} {
		if !planned.Has(want) {
			t.Errorf("planned: no %q in\n%s", want, planned.Text())
		}
	}
	// Another plan takes the place of the first.
	op.Get("/schools/LYC-1/edit").Submit("/schools/LYC-1/edit", map[string]any{"parent": "DRE-KA", "from": day(3)})
	if err := s.DB.View(func(tx *store.Tx) error {
		for days, want := range map[int]string{0: "DRE-GL", 2: "DRE-GL", 3: "DRE-KA", 10: "DRE-KA"} {
			u, err := org.At(tx, "LYC-1", day(days))
			if err != nil || u.Value.Parent != want {
				t.Errorf("in %d days below %s: %v", days, u.Value.Parent, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}

	// A school closes: it leaves the list of today and stays in the registry.
	closed := op.Get("/schools/LYC-2/edit").Submit("/schools/LYC-2/edit", map[string]any{"until": day(-1)})
	if !closed.Has("Établissement enregistré") {
		t.Errorf("closing: %s\n%s", closed, closed.Text())
	}
	if p := op.Get("/schools"); p.Has("Kara") {
		t.Errorf("still open: %s", p.Text())
	}
	if p := op.Get("/schools?closed=1"); !p.Has("Lycée technique de Kara") || p.Has("Tokoin") {
		t.Errorf("closed: %s", p.Text())
	}
	if p := op.Get("/schools/LYC-2/edit").Submit("/schools/LYC-2/edit", map[string]any{"until": ""}); !p.Has("Établissement enregistré") {
		t.Errorf("opening again: %s", p.Text())
	}
	if p := op.Get("/schools"); !p.Has("Kara") {
		t.Errorf("open again: %s", p.Text())
	}

	// What schools hang on is not ended under them.
	if p := op.Get("/units/DRE-GL/edit").Submit("/units/DRE-GL/edit", map[string]any{"until": day(1)}); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("ending a region with schools: %s", p)
	}
	if p := op.Get("/units/IESG-NEUF/edit").Submit("/units/IESG-NEUF/edit", map[string]any{"parent": "DRE-SA", "from": day(0)}); !p.Has("Unité enregistrée") {
		t.Errorf("moving an inspection: %s\n%s", p, p.Text())
	}
	if p := s.As(school.Publisher).Get("/units"); !p.Has("IESG Neuve") || p.Has("Ajouter une inspection") {
		t.Errorf("the tree for others: %s", p.Text())
	}
}

func TestALongRegistryComesPageByPage(t *testing.T) {
	s := office(t)
	var list strings.Builder
	list.WriteString("Code;Nom;DRE\n")
	for i := range 120 {
		fmt.Fprintf(&list, "LYC-%03d;Lycée %03d;DRE-GL\n", i, i)
	}
	importOf(t, s, list.String(), "")
	for _, page := range []string{"/schools", "/fleet"} {
		first := s.As(school.Operator).Get(page)
		if !first.Has("1 à 50 sur 120") || !first.Has("Lycée 049") || first.Has("Lycée 050") || !first.Has("Suivants") {
			t.Errorf("%s: %s", page, first.Text())
		}
		if last := s.As(school.Operator).Get(page + "?from=100"); !last.Has("101 à 120 sur 120") || !last.Has("Lycée 119") {
			t.Errorf("%s: %s", page, last.Text())
		}
	}
}

func TestAnAccountChangesItsFunctions(t *testing.T) {
	s := office(t)
	op := s.As(school.Operator)
	id := s.People[school.Publisher].ID.String()
	form := op.Get("/users/" + id + "/edit")
	if p := form.Submit("/users/"+id+"/edit", map[string]any{"roles": []string{}}); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("no function: %s", p)
	}
	if p := form.Submit("/users/"+id+"/edit", map[string]any{"roles": []string{"publisher", "statistician"}}); !p.Has("Compte enregistré") || !p.Has("Rédaction des circulaires, ") {
		t.Errorf("changing: %s\n%s", p, p.Text())
	}
	own := s.People[school.Operator].ID.String()
	if p := op.Get("/users/"+own+"/edit").Submit("/users/"+own+"/edit", map[string]any{"roles": []string{"publisher"}}); p.Status != http.StatusUnprocessableEntity || !p.Has("vous retirer l’exploitation") {
		t.Errorf("one's own: %s\n%s", p, p.Text())
	}
	if p := s.As(school.Publisher).Get("/users/" + id + "/edit"); p.Status != http.StatusNotFound {
		t.Errorf("a publisher changes functions: %s", p)
	}
}
