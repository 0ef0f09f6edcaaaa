package circulars

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/store"
)

// TestTheCountsTellSilenceFromNotRead writes what many schools said of a circular,
// and asks the page who stands where.
func TestTheCountsTellSilenceFromNotRead(t *testing.T) {
	o := office(t)
	update(t, o.DB, func(tx *store.Tx) error {
		for i := range 70 {
			u := org.Unit{Code: fmt.Sprintf("TM-%02d", i), Name: fmt.Sprintf("Lycée maritime %02d", i), Kind: org.School, Parent: "DRE-MA", Type: "general"}
			if _, err := org.Units.Add(tx, u); err != nil {
				return err
			}
		}
		return nil
	})
	heard := func(code string) {
		update(t, o.DB, func(tx *store.Tx) error {
			now, _ := tx.Now()
			return school.NoteContact(tx, school.Contact{Site: code, Last: now}, 0, 0)
		})
	}
	heard("TM-00") // before the signature, never since
	o.Clock.Add(time.Hour)
	id := publish(t, o, "n° 1", store.ID{}, 0)
	o.Clock.Add(time.Hour)
	for i := 1; i < 40; i++ {
		heard(fmt.Sprintf("TM-%02d", i))
	}
	update(t, o.DB, func(tx *store.Tx) error {
		now, _ := tx.Now()
		for i := 2; i < 32; i++ {
			r := Receipt{Circular: id, Site: fmt.Sprintf("TM-%02d", i), Received: now, All: Count{Read: i % 5, Staff: 10}, ByRole: map[string]Count{"teacher": {Read: i % 5, Staff: 9}, "head": {Staff: 1}}}
			if i%2 == 0 {
				r.Acknowledged = now
			}
			if _, err := receipts.Add(tx, r); err != nil {
				return err
			}
		}
		return nil
	})

	page := o.As(school.Statistician).Get("/circulars/" + id.String() + "/receipts")
	for _, want := range []string{
		"Reçue par 30 établissements sur 72", "15 chefs d’établissement ont accusé réception", "60 agents sur 300 ont lu", "33 établissements sans contact",
		"jamais de contact 32", "pas de contact 1", "en chemin 9", "reçue, pas encore accusée 15", "accusé par le chef 15",
		"Maritime 30 / 70 60 / 300", "Professeur 60 / 270", "Proviseur 0 / 30", "1 à 50 sur 72",
	} {
		if !page.Has(want) {
			t.Errorf("no %q in\n%s", want, page.Text())
		}
	}
	silent := o.As(school.Statistician).Get("/circulars/" + id.String() + "/receipts?standing=silent")
	if !silent.Has("Seulement : pas de contact.") || !silent.Has("Lycée maritime 00") || silent.Has("Lycée maritime 01") {
		t.Errorf("the silent ones: %s", silent.Text())
	}
	if kara := o.As(school.Statistician).Get("/circulars/" + id.String() + "/receipts?region=DRE-KA"); !kara.Has("Lycée de Kara") || kara.Has("maritime") {
		t.Errorf("a region: %s", kara.Text())
	}
	if n := strings.Count(page.Body, "<svg"); n < 50 {
		t.Errorf("%d drawings: what people compare is not drawn", n)
	}

	// An inspector is shown the schools of the circumscription and nothing summed
	// over others.
	update(t, o.DB, func(tx *store.Tx) error {
		p, err := school.People.Get(tx, o.People[school.Inspector].ID)
		if err != nil {
			return err
		}
		p.Value.Scope = "DRE-KA"
		return school.People.Set(tx, p.ID, p.Value)
	})
	own := o.As(school.Inspector).Get("/circulars/" + id.String() + "/receipts")
	if !own.Has("Reçue par 0 établissement sur 1") || own.Has("maritime") || own.Has("Maritime") {
		t.Errorf("the inspector: %s", own.Text())
	}
	if p := o.As(school.Inspector).Get("/circulars/" + id.String()); !p.Has("Reçue par 0 établissement sur 1") {
		t.Errorf("the inspector's circular: %s", p.Text())
	}
	if p := o.As(school.Inspector).Get("/circulars"); !p.Has("0 / 1") || p.Has("/ 72") {
		t.Errorf("the inspector's list: %s", p.Text())
	}
	// The figures of a list are read once for all who may see the same schools, and
	// anew when another receipt comes.
	for _, role := range []school.Role{school.Publisher, school.Statistician} {
		if p := o.As(role).Get("/circulars"); !p.Has("30 / 72") || !p.Has("60 / 300") {
			t.Errorf("the list of a %s: %s", role, p.Text())
		}
	}
	update(t, o.DB, func(tx *store.Tx) error {
		now, _ := tx.Now()
		_, err := receipts.Add(tx, Receipt{Circular: id, Site: "TG-2", Received: now, All: Count{Read: 3, Staff: 7}})
		return err
	})
	if p := o.As(school.Statistician).Get("/circulars"); !p.Has("31 / 72") || !p.Has("63 / 307") {
		t.Errorf("the list after another receipt: %s", p.Text())
	}
	if p := o.As(school.Inspector).Get("/circulars"); !p.Has("1 / 1") || !p.Has("3 / 7") {
		t.Errorf("the inspector's list after it: %s", p.Text())
	}
	if p := o.As(school.Statistician).Get("/circulars?q=inconnue"); p.Has("31 / 72") {
		t.Errorf("a search that finds nothing: %s", p.Text())
	}
	if r := answered[receiptsOut](t, o.API(school.Inspector), 200, "GET", "/circulars/"+id.String()+"/receipts", ""); len(r.Schools) != 1 || r.Schools[0].Code != "TG-2" {
		t.Errorf("the inspector's API: %+v", r)
	}
}
