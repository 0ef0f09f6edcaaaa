package circulars

import (
	"net/http"
	"strings"
	"testing"

	"preau/school"
	"preau/store"
	"preau/web/webtest"
)

// draftOf saves a filled form with a button and returns the draft's address.
func draftOf(t *testing.T, o *webtest.Site, button string, change map[string]any) string {
	t.Helper()
	values := with(filled, button, "1")
	if button != "finish" {
		delete(values, "finish")
	}
	for k, v := range change {
		values[k] = v
	}
	if p := o.As(school.Publisher).Get("/circulars/new").Submit("/circulars/new", values); p.Status != http.StatusOK {
		t.Fatalf("saving: %s\n%s", p, p.Text())
	}
	var id store.ID
	inside(t, o.DB, func(tx *store.Tx) error {
		for d, err := range drafts.All(tx) {
			if err != nil {
				return err
			}
			id = d.ID
		}
		return nil
	})
	return "/circulars/drafts/" + id.String()
}

func TestADraftIsSignedOnlyOnceSubmittedAndAsItWasRead(t *testing.T) {
	o := office(t)
	at := draftOf(t, o, "save", nil)
	if l := o.As(school.Signatory).Get("/circulars"); l.Has("Calendrier des compositions") {
		t.Errorf("the signatory is offered what is still being written: %s", l.Text())
	}
	if p := o.As(school.Signatory).Get(at + "/sign"); !p.Has("se signe une fois soumis") {
		t.Errorf("not submitted yet: %s", p.Text())
	}
	edit := o.As(school.Publisher).Get(at)
	if p := edit.Submit(at, with(filled, "annexes", []webtest.File{{Name: "liste.txt", Data: []byte("24 classes")}})); !p.Has("Projet soumis") {
		t.Fatalf("submitting: %s\n%s", p, p.Text())
	}
	reading := o.As(school.Signatory).Get(at + "/sign")
	for _, want := range []string{"liste.txt", "Réponse demandée oui", "Urgence normale"} {
		if !reading.Has(want) {
			t.Errorf("the page to sign lacks %q: %s", want, reading.Text())
		}
	}
	if a := o.As(school.Signatory).Get(at + "/annexes/1"); a.Body != "24 classes" {
		t.Errorf("the annex before signing: %s", a)
	}
	if a := o.As(school.Statistician).Get(at + "/annexes/1"); a.Status != http.StatusNotFound {
		t.Errorf("a statistician reads an annex of a draft: %s", a)
	}

	// The writer changes it while the signatory reads: nothing unread is signed.
	if p := o.As(school.Publisher).Get(at).Submit(at, with(filled, "subject", "Autre objet")); !p.Has("Projet soumis") {
		t.Fatalf("changing: %s", p.Text())
	}
	again := reading.Submit(at+"/sign", nil)
	if again.Status != http.StatusUnprocessableEntity || !again.Has("a changé depuis que vous l’avez lu") || !again.Has("Autre objet") {
		t.Fatalf("signing what was not read: %s\n%s", again, again.Text())
	}
	if p := again.Submit(at+"/sign", nil); !p.Has("Circulaire signée et publiée") || !p.Has("Autre objet") {
		t.Fatalf("signing after reading: %s\n%s", p, p.Text())
	}

	// Whoever still has the form of the draft open changes nothing that is signed.
	if p := edit.Submit(at, with(filled, "subject", "Trop tard")); p.Status != http.StatusNotFound && p.Status != http.StatusOK {
		t.Errorf("saving a signed draft: %s", p)
	}
	if l := o.As(school.Publisher).Get("/circulars"); l.Has("Trop tard") || l.Has("1 projet") {
		t.Errorf("a signed draft came back: %s", l.Text())
	}
}

func TestADraftIsGivenBackWithAReason(t *testing.T) {
	o := office(t)
	at := draftOf(t, o, "finish", nil)
	page := o.As(school.Signatory).Get(at + "/sign")
	if p := page.Submit(at+"/return", map[string]any{"remark": " "}); p.Status != http.StatusUnprocessableEntity || !p.Has("La remarque manque") {
		t.Errorf("without a reason: %s\n%s", p, p.Text())
	}
	if p := page.Submit(at+"/return", map[string]any{"remark": "Le visa manque."}); !p.Has("Projet rendu") {
		t.Fatalf("giving back: %s\n%s", p, p.Text())
	}
	if p := o.As(school.Publisher).Get(at); !p.Has("Le visa manque.") {
		t.Errorf("the writer does not see why: %s", p.Text())
	}
	if p := o.As(school.Publisher).Get(at).Submit(at, filled); !p.Has("Projet soumis") || p.Has("Le visa manque.") {
		t.Errorf("submitting again: %s", p.Text())
	}
}

func TestTwoWritersDoNotOverwriteOneAnother(t *testing.T) {
	o := office(t)
	at := draftOf(t, o, "save", nil)
	mine, theirs := o.As(school.Publisher).Get(at), o.As(school.Publisher).Get(at)
	save := with(filled, "save", "1")
	delete(save, "finish")
	theirs.Submit(at, with(save, "subject", "Le leur"))
	p := mine.Submit(at, with(save, "subject", "Le mien"))
	if v, _ := p.Field("subject"); p.Status != http.StatusUnprocessableEntity || v != "Le mien" || !p.Has("pendant que vous écriviez") {
		t.Fatalf("%s\n%s", p, p.Text())
	}
	if p := p.Submit(at, with(save, "subject", "Le mien")); !p.Has("Projet enregistré") {
		t.Errorf("saving knowingly: %s", p.Text())
	}
}

func TestADraftIsThrownAwayAndASignedOneIsNot(t *testing.T) {
	o := office(t)
	at := draftOf(t, o, "save", nil)
	ask := o.As(school.Publisher).Get(at + "/delete")
	if !ask.Has("Calendrier des compositions") {
		t.Fatalf("confirmation: %s", ask.Text())
	}
	if p := ask.Submit(at+"/delete", nil); !p.Has("Projet supprimé") || p.Has("Calendrier des compositions") {
		t.Errorf("deleting: %s\n%s", p, p.Text())
	}
	if p := o.As(school.Publisher).Get(at); p.Status != http.StatusNotFound {
		t.Errorf("still there: %s", p)
	}
	at = draftOf(t, o, "finish", nil)
	ask = o.As(school.Publisher).Get(at + "/delete")
	o.As(school.Signatory).Get(at+"/sign").Submit(at+"/sign", nil)
	if p := ask.Submit(at+"/delete", nil); !p.Has("ne change plus") {
		t.Errorf("deleting a signed one: %s\n%s", p, p.Text())
	}
}

func TestACircularIsReplacedOnce(t *testing.T) {
	o := office(t)
	id := publish(t, o, "n° 1", store.ID{}, 0)
	show := o.As(school.Publisher).Get("/circulars/" + id.String())
	var at []string
	for range 2 {
		p := show.Submit("/circulars/"+id.String()+"/successor", map[string]any{"replace": "1"})
		path := strings.TrimSuffix(p.URL.Path, "/")
		if q := p.Submit(path, map[string]any{"reference": "n° 2", "finish": "1"}); !q.Has("Projet soumis") {
			t.Fatalf("%s\n%s", q, q.Text())
		}
		at = append(at, path)
		show = o.As(school.Publisher).Get("/circulars/" + id.String())
	}
	if p := o.As(school.Signatory).Get(at[0]+"/sign").Submit(at[0]+"/sign", nil); !p.Has("signée et publiée") {
		t.Fatalf("the first: %s\n%s", p, p.Text())
	}
	if p := o.As(school.Signatory).Get(at[1]+"/sign").Submit(at[1]+"/sign", nil); p.Status != http.StatusUnprocessableEntity || !p.Has("déjà retirée ou remplacée") {
		t.Errorf("the second: %s\n%s", p, p.Text())
	}
}
