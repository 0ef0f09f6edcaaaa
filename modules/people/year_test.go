package people_test

import (
	"archive/zip"
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"preau/school"
	"preau/store"
	"preau/web/webtest"
)

// The next year: its classes first, then a list, shown before it does anything;
// a class that does not exist is refused, and nobody is deleted.
func TestChangeOfYear(t *testing.T) {
	l := openLycee(t)
	head := l.As(school.Head)
	list := func(p *webtest.Page, text string) *webtest.Page {
		return p.Submit("/admin/year", map[string]any{"file": []webtest.File{{Name: "decisions.csv", Data: []byte(text)}}})
	}
	if p := head.Get("/admin/year"); !p.Has("2027-2028") || strings.Contains(p.Body, `name="file"`) {
		t.Fatalf("before its classes: %s", p)
	}
	ready := head.Get("/admin/year").Submit("/admin/year/classes", nil)
	if !ready.Has("2 classes ajoutées à 2027-2028") {
		t.Fatalf("the classes: %s", ready)
	}
	if strings.Contains(ready.Body, `action="/admin/year/classes"`) {
		t.Errorf("classes that are there are offered again: %s", ready)
	}
	if p := ready.Submit("/admin/year/class", map[string]any{"label": "Salle 12"}); !p.Has("ne se lit pas comme une classe") {
		t.Errorf("a class that is none: %s", p)
	}
	if p := list(ready, "a;b\n1;2\n"); p.Status != http.StatusUnprocessableEntity || !p.Has("ne se trouvent pas") {
		t.Errorf("another list: %s", p)
	}
	dry := list(head.Get("/admin/year"), "Matricule;Nom;Prénoms;Décision;Nouvelle classe\n"+
		"26-0001;N'GBÉNDÉ;Afi Mawuéna;Redouble;\n"+
		"26-0002;KOFFI;Yao;Passe;Tle Z9\n"+
		";N'GBENDE;Mawuena Afi;Abandon;\n"+ // two bear this name: the matricule is asked for
		";Kpoto;Dela;Abandon;\n"+
		"26-0002;KOFFI;Yao;;\n"+ // not decided
		"26-0001;N'GBÉNDÉ;Afi Mawuéna;Passe;Tle C\n"+
		"99-9999;PERSONNE;Ici;Passe;Tle C\n")
	for _, words := range []string{"La classe « Tle Z9 » n’existe pas en 2027-2028", "est déjà à la ligne 2", "n’est pas ici"} {
		if !dry.Has(words) {
			t.Errorf("the dry run does not say %q: %s", words, dry)
		}
	}
	if p := l.person(t, l.afi); p.Class != l.class || p.Repeating {
		t.Errorf("a dry run changed %+v", p)
	}
	if p := dry.Submit(dry.URL.Path, map[string]any{"plan": "another"}); !p.Has("Les fiches ont changé depuis") {
		t.Errorf("what was not shown: %s", p)
	}
	dry.Submit(dry.URL.Path, nil)
	afi, koffi := l.person(t, l.afi), l.person(t, l.koffi)
	if !afi.Repeating || afi.Class == l.class || koffi.Class != l.other || koffi.Left != "" {
		t.Errorf("applied: %+v %+v", afi, koffi)
	}
	err := l.DB.View(func(tx *store.Tx) error {
		k, err := school.Classes.Get(tx, afi.Class)
		if err != nil || k.Value.Year != "2027-2028" || k.Value.Label != "Tle D1" {
			t.Errorf("the class of a repeater: %+v %v", k.Value, err)
		}
		n, err := school.People.Count(tx, "kind", string(school.PupilKind))
		if n != 4 {
			t.Errorf("%d pupils on the roster", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if p := l.person(t, l.People[school.Pupil].ID); p.Left == "" || p.LeftWhy != "dropout" {
		t.Errorf("who left: %+v", p)
	}
	if p := l.person(t, l.dup); p.Left != "" {
		t.Errorf("one of two of a name left: %+v", p)
	}
	// It is taken back whole, or not at all when somebody was changed since.
	page := head.Get("/admin/year")
	at := regexp.MustCompile(`/admin/year/[^/"]+/undo`).FindString(page.Body)
	ask := head.Get(at)
	record := "/people/" + l.afi.String()
	l.As(school.Secretary).Get(record+"/edit").Submit("", map[string]any{"birth_place": "Kara", "class": l.other.String()})
	if no := ask.Submit(at, nil); no.Status != http.StatusUnprocessableEntity || !no.Has("N'GBÉNDÉ Afi") || l.person(t, l.People[school.Pupil].ID).Left == "" {
		t.Errorf("taken back over a later change: %s", no)
	}
	l.As(school.Secretary).Get(record).Submit(record+"/undo", nil)
	if done := head.Get(at).Submit(at, nil); !done.Has("est annulé") || strings.Contains(done.Body, "/undo") {
		t.Errorf("taken back: %s", done)
	}
	if p, gone := l.person(t, l.afi), l.person(t, l.People[school.Pupil].ID); p.Class != l.class || p.Repeating || gone.Left != "" {
		t.Errorf("after taking back: %+v %+v", p, gone)
	}
	if p := head.Get(at); p.Status != http.StatusNotFound {
		t.Errorf("taken back twice: %d", p.Status)
	}
	// One of two of a name, told by the class: the list that Préau gives names it.
	l.As(school.Secretary).Get("/people/"+l.dup.String()+"/edit").Submit("", map[string]any{"class": l.other.String()})
	form := head.Get("/admin/year/decisions.csv").Body
	line := regexp.MustCompile(`(?m)^;N'GBENDE;Mawuena Afi;Tle C;`).FindString(form)
	dry = list(head.Get("/admin/year"), strings.Replace(form, line+";", line+"Abandon;", 1))
	if dry.Submit(dry.URL.Path, nil); line == "" || l.person(t, l.dup).Left == "" || l.person(t, l.afi).Left != "" {
		t.Errorf("who has no matricule, on the list that was given (%q): %s", line, dry)
	}
	if p := l.As(school.Secretary).Get("/admin/year"); p.Status != http.StatusNotFound {
		t.Errorf("a secretary changes the year: %d", p.Status)
	}
}

func TestYearOfAnEmptySchool(t *testing.T) {
	if p := site(t).As(school.Head).Get("/admin/year"); !p.Has("Aucune classe n’est encore inscrite") || p.Has("Reprendre") {
		t.Errorf("nothing to take over: %s", p)
	}
}

func TestPhotosByZip(t *testing.T) {
	l := openLycee(t)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range map[string][]byte{"classe/26-0001.jpg": picture(300, 400), "26-0002.JPG": []byte("no picture"), "inconnu.jpg": picture(300, 400), "__MACOSX/26-0002.jpg": picture(300, 400), "lisez.txt": nil, "../../26-9999.png": nil} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(data)
	}
	_ = z.Close()
	c := l.As(school.Secretary)
	form := c.Get("/people/photos")
	if p := form.Submit("", map[string]any{"zip": []webtest.File{{Name: "x.zip", Data: []byte("PK no")}}}); p.Status != http.StatusUnprocessableEntity || !p.Has("n’est pas un zip") {
		t.Errorf("no zip: %s", p)
	}
	done := c.Get("/people/photos").Submit("", map[string]any{"zip": []webtest.File{{Name: "photos.zip", Data: b.Bytes()}}})
	if !done.Has("1 photo enregistrée") || !done.Has("inconnu") || !done.Has("Illisibles : 26-0002") {
		t.Fatalf("kept: %s", done)
	}
	if p := c.Get(at(l.afi, "/photo")); p.Status != http.StatusOK {
		t.Errorf("the photo: %d", p.Status)
	}
	faces := c.Get("/people/classes/" + l.class.String() + "/photos")
	if strings.Count(faces.Body, "<img") != 1 || strings.Count(faces.Body, "noface") != 1 {
		t.Errorf("the sheet of photos: %s", faces)
	}
	if p := c.Get("/people/classes/" + l.class.String() + "/labels"); !p.Has("26-0001") {
		t.Errorf("labels: %s", p)
	}
}
