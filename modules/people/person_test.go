package people_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"

	"preau/school"
	"preau/store"
	"preau/web/webtest"
)

// lycee is a site with a class of three and a teacher of theirs.
type lycee struct {
	*webtest.Site
	class, other    store.ID
	afi, koffi, dup store.ID
}

func openLycee(t testing.TB) *lycee {
	t.Helper()
	l := &lycee{Site: site(t)}
	err := l.DB.Update(func(tx *store.Tx) (err error) {
		add := func(at *store.ID, p school.Person) {
			if err == nil {
				p.Kind, p.Roles = school.PupilKind, []school.Role{school.Pupil}
				*at, err = school.People.Add(tx, p)
			}
		}
		if l.class, err = school.Classes.Add(tx, school.Class{Label: "Tle D1", Level: "Tle", Series: "D", Year: "2026-2027"}); err != nil {
			return err
		}
		if l.other, err = school.Classes.Add(tx, school.Class{Label: "Tle C", Level: "Tle", Series: "C", Year: "2026-2027"}); err != nil {
			return err
		}
		add(&l.afi, school.Person{Surname: "N'GBÉNDÉ", Given: "Afi Mawuéna", Sex: "F", Born: "2009-05-12", Matricule: "26-0001", Class: l.class, Guardians: []school.Guardian{{Name: "N'GBÉNDÉ Kodjo", Link: "père", Phone: "90 11 22 33"}}})
		add(&l.koffi, school.Person{Surname: "KOFFI", Given: "Yao", Sex: "M", BornText: "vers 2008", Matricule: "26-0002", Class: l.other})
		add(&l.dup, school.Person{Surname: "N'GBENDE", Given: "Mawuena Afi", Sex: "F", Born: "2009-05-12", Class: l.class})
		if err != nil {
			return err
		}
		_, err = school.Assignments.Add(tx, school.Assignment{Person: l.People[school.Teacher].ID, Class: l.class, Subject: "MATH"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lycee) person(t testing.TB, id store.ID) school.Person {
	t.Helper()
	var p school.Person
	err := l.DB.View(func(tx *store.Tx) error {
		r, err := school.People.Get(tx, id)
		p = r.Value
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func at(id store.ID, rest string) string { return "/people/" + id.String() + rest }

func TestFind(t *testing.T) {
	l := openLycee(t)
	c := l.As(school.Secretary)
	for query, want := range map[string]string{"gbende+afi": "N'GBÉNDÉ Afi Mawuéna", "mawuena+ngb": "N'GBENDE Mawuena Afi", "26-0002": "KOFFI Yao", "260002": "KOFFI Yao", "yao+kof": "KOFFI Yao", "26%2F0001": "N'GBÉNDÉ"} {
		if p := c.Get("/people?q=" + query); !p.Has(want) {
			t.Errorf("%s does not find %s: %s", query, want, p)
		}
	}
	if p := c.Get("/people?q=zzz"); !p.Has("Personne") {
		t.Errorf("nobody: %s", p)
	}
	if p := c.Get("/people/duplicates"); !p.Has("N'GBÉNDÉ Afi Mawuéna") || !p.Has("N'GBENDE Mawuena Afi") || p.Has("KOFFI") {
		t.Errorf("those who may stand twice: %s", p)
	}
}

// Two secretaries open one pupil; the second to save is told what the first
// wrote, keeps the words, and can save over it knowingly.
func TestTwoEditors(t *testing.T) {
	l := openLycee(t)
	first, second := l.As(school.Secretary).Get(at(l.koffi, "/edit")), l.As(school.Deputy).Get(at(l.koffi, "/edit"))
	if v, _ := first.Field("born"); v != "vers 2008" {
		t.Fatalf("the form holds %q", v)
	}
	done := first.Submit("", map[string]any{"born": "3/4/2008", "birth_place": "Kara"})
	if !done.Has("modifications enregistrées") || !done.Has("3 avril 2008") || !done.Has("Dernière modification par AMEGAN Akossiwa") {
		t.Fatalf("the first: %s", done)
	}
	told := second.Submit("", map[string]any{"birth_place": "Sokodé", "matricule": "26-0022"})
	if told.Status != http.StatusUnprocessableEntity || !told.Has("AMEGAN Akossiwa a enregistré cette fiche") || !told.Has("Kara") || !told.Has("Sokodé") {
		t.Fatalf("the second: %s", told)
	}
	if p := l.person(t, l.koffi); p.BirthPlace != "Kara" || p.Matricule != "26-0002" {
		t.Errorf("the second changed %+v", p)
	}
	over := told.Submit("", map[string]any{"born": "03/04/2008"})
	if p := l.person(t, l.koffi); !over.Has("modifications enregistrées") || p.BirthPlace != "Sokodé" || p.Matricule != "26-0022" || len(p.Aliases) != 1 || p.Born != "2008-04-03" {
		t.Errorf("saved over: %+v %s", p, over)
	}
}

func TestEditRefusesAndKeeps(t *testing.T) {
	l := openLycee(t)
	form := l.As(school.Secretary).Get(at(l.afi, "/edit"))
	no := form.Submit("", map[string]any{"surname": " ", "born": "31/02/2009", "matricule": "26-0002", "g0.phone": "99 99 99 99", "class": "zzzzzzzzzzzzz1"})
	for _, words := range []string{"Le nom manque", "n’existe pas", "Cette classe n’existe pas"} {
		if !no.Has(words) {
			t.Errorf("does not say %q: %s", words, no)
		}
	}
	if v, _ := no.Field("g0.phone"); v != "99 99 99 99" {
		t.Errorf("a telephone was forgotten: %q", v)
	}
	taken := no.Submit("", map[string]any{"surname": "N'GBÉNDÉ", "born": "12/05/2009", "class": l.class.String()})
	if !taken.Has("Le matricule 26-0002 est déjà celui de KOFFI Yao") {
		t.Errorf("a taken matricule: %s", taken)
	}
	if p := l.person(t, l.afi); p.Matricule != "26-0001" || p.Guardians[0].Phone != "90 11 22 33" {
		t.Errorf("a refused form changed %+v", p)
	}
}

func TestUndoLastChange(t *testing.T) {
	l := openLycee(t)
	c := l.As(school.Secretary)
	before := l.person(t, l.afi)
	c.Get(at(l.afi, "/edit")).Submit("", map[string]any{"class": l.other.String(), "g1.name": "BAWA Essi", "repeating": "yes", "born": "vers 2007"})
	changed := l.person(t, l.afi)
	if changed.Class != l.other || len(changed.Guardians) != 2 || changed.Born != "" {
		t.Fatalf("not changed: %+v", changed)
	}
	page := c.Get(at(l.afi, ""))
	if !page.Has("Dernière modification") {
		t.Fatalf("nothing to undo: %s", page)
	}
	undone := page.Submit(at(l.afi, "/undo"), nil)
	if after := l.person(t, l.afi); !undone.Has("annulée") || fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("undone: %+v, was %+v", after, before)
	}
	// Somebody added by mistake goes again, as long as nothing else happened.
	added := c.Get("/people/new").Submit("", map[string]any{"surname": "faux", "given": "Ama", "class": l.class.String()})
	if !added.Has("FAUX Ama : inscription enregistrée") {
		t.Fatalf("added: %s", added)
	}
	if gone := added.Submit(added.URL.Path+"/undo", nil); !gone.Has("l’ajout est annulé") || c.Get(added.URL.Path).Status != http.StatusNotFound {
		t.Errorf("an addition undone: %s", gone)
	}
}

func TestAddAsksBeforeASecondRecord(t *testing.T) {
	l := openLycee(t)
	form := l.As(school.Secretary).Get("/people/new")
	asked := form.Submit("", map[string]any{"surname": "Koffi", "given": "Yao", "born": "vers 2008"})
	if asked.Status != http.StatusUnprocessableEntity || !asked.Has("KOFFI Yao (vers 2008) est déjà inscrit") {
		t.Fatalf("not asked: %s", asked)
	}
	if p := asked.Submit("", map[string]any{"sure": "1"}); !p.Has("inscription enregistrée") {
		t.Errorf("sure: %s", p)
	}
}

func TestLeaveAndComeBack(t *testing.T) {
	l := openLycee(t)
	c := l.As(school.Secretary)
	ck, err := l.Server.OpenSession(l.afi, false)
	if err != nil {
		t.Fatal(err)
	}
	no := c.Get(at(l.afi, "/leave")).Submit("", map[string]any{"left": "2026-02-31"})
	if !no.Has("Choisissez un jour qui existe") {
		t.Errorf("a day that is none: %s", no)
	}
	left := no.Submit("", map[string]any{"left": "2026-11-02", "left_why": "transfer"})
	if !left.Has("Départ inscrit : 2 novembre 2026") || !left.Has("Changement d’établissement") {
		t.Errorf("left: %s", left)
	}
	if n := sessionsOf(t, l.DB, l.afi); n != 0 || ck == nil {
		t.Errorf("%d sessions outlive the departure", n)
	}
	if p := c.Get("/people?q=gbende+mawu"); strings.Contains(p.Text(), "26-0001") {
		t.Errorf("who has left is found among who is here: %s", p)
	}
	if p := c.Get("/people?left=1"); !p.Has("26-0001") {
		t.Errorf("who has left is not found: %s", p)
	}
	if back := left.Submit(at(l.afi, "/return"), nil); !back.Has("est de retour") || l.person(t, l.afi).Left != "" {
		t.Errorf("back: %s", back)
	}
}

func TestStaffFunctionsAndClosing(t *testing.T) {
	l := openLycee(t)
	teacher := l.People[school.Teacher].ID
	head := l.As(school.Head)
	if p := l.As(school.Secretary).Get(at(teacher, "/edit")); strings.Contains(p.Body, `name="roles"`) {
		t.Error("a secretary may give functions")
	}
	head.Get(at(teacher, "/edit")).Submit("", map[string]any{"roles": []string{"teacher", "supervisor"}})
	if p := l.person(t, teacher); len(p.Roles) != 2 {
		t.Errorf("functions: %v", p.Roles)
	}
	if _, err := l.Server.OpenSession(teacher, true); err != nil {
		t.Fatal(err)
	}
	closed := head.Get(at(teacher, "/close")).Submit("", nil)
	if p := l.person(t, teacher); !closed.Has("est fermé") || p.Login != "" || sessionsOf(t, l.DB, teacher) != 0 {
		t.Errorf("closed: %+v", p)
	}
	last := head.Get(at(l.People[school.Head].ID, "/edit")).Submit("", map[string]any{"roles": []string{"teacher"}})
	if !last.Has("Il ne resterait personne") {
		t.Errorf("the last head: %s", last)
	}
	set := l.As(school.Deputy).Get("/people/classes/"+l.class.String()+"/teachers").Submit("", map[string]any{"s-MATH": "", "s-SVT": teacher.String(), "titular": teacher.String()})
	if !set.Has("les enseignants sont enregistrés") || !set.Has("TCHASSANTI Pyalo") {
		t.Errorf("assigned: %s", set)
	}
}

// Who may see whom: a teacher the pupils taught, nobody through a photo or the API.
func TestOthersPupilsAreNotThere(t *testing.T) {
	l := openLycee(t)
	teacher := l.As(school.Teacher)
	for path, want := range map[string]int{at(l.afi, ""): 200, at(l.koffi, ""): 404, at(l.koffi, "/photo"): 404, at(l.People[school.Head].ID, ""): 404, at(l.People[school.Teacher].ID, ""): 200, "/people/zzz": 404} {
		if p := teacher.Get(path); p.Status != want {
			t.Errorf("%s: %d, want %d", path, p.Status, want)
		}
	}
	for _, path := range []string{at(l.afi, ""), at(l.afi, "/photo"), at(l.afi, "/edit"), "/people"} {
		if p := l.As(school.Pupil).Get(path); p.Status != 404 {
			t.Errorf("a pupil reads %s: %d", path, p.Status)
		}
	}
}

func picture(w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(i * 7)
	}
	img.Set(0, 0, color.White)
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil)
	return b.Bytes()
}

func TestPhoto(t *testing.T) {
	l := openLycee(t)
	c := l.As(school.Secretary)
	form := c.Get(at(l.afi, "/photo/new"))
	for name, x := range map[string]struct {
		data  []byte
		words string
	}{
		"page.jpg":  {[]byte("<html>"), "n’est pas une photo"},
		"petit.jpg": {picture(20, 20), "trop petite"},
		"coupe.jpg": {picture(800, 600)[:4000], "abîmée"},
	} {
		if p := form.Submit("", map[string]any{"photo": []webtest.File{{Name: name, Data: x.data}}}); p.Status != http.StatusUnprocessableEntity || !p.Has(x.words) {
			t.Errorf("%s: %s", name, p)
		}
	}
	kept := c.Get(at(l.afi, "/photo/new")).Submit(at(l.afi, "/photo"), map[string]any{"photo": []webtest.File{{Name: "afi.jpg", Data: picture(1600, 1200)}}})
	if !kept.Has("Photo de N'GBÉNDÉ Afi Mawuéna enregistrée") {
		t.Fatalf("kept: %s", kept)
	}
	sent := c.Get(at(l.afi, "/photo"))
	about, format, err := image.DecodeConfig(strings.NewReader(sent.Body))
	if err != nil || format != "jpeg" || about.Width != 240 || about.Height != 320 || len(sent.Body) > 40<<10 {
		t.Errorf("the picture sent: %v %s %v, %d bytes", about, format, err, len(sent.Body))
	}
}

func TestAPIFind(t *testing.T) {
	l := openLycee(t)
	ask := func(role school.Role, query string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL+"/api/v1/people"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+l.Token(role))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		var b bytes.Buffer
		_, _ = b.ReadFrom(res.Body)
		return fmt.Sprint(res.StatusCode, " ", b.String())
	}
	if got := ask(school.Secretary, "?q=mawuena+gb"); !strings.HasPrefix(got, "200") || !strings.Contains(got, `"matricule":"26-0001"`) || !strings.Contains(got, `"total":2`) || !strings.Contains(got, `"class":"Tle D1"`) {
		t.Error(got)
	}
	if got := ask(school.Teacher, "?q="); strings.Contains(got, "KOFFI") || strings.Contains(got, "AGBODJAN") || !strings.Contains(got, `"total":2`) {
		t.Error(got)
	}
	if got := ask(school.Pupil, "?q="); !strings.HasPrefix(got, "404") && !strings.HasPrefix(got, "403") {
		t.Error(got)
	}
	if got := ask(school.Secretary, "?limit=x"); !strings.HasPrefix(got, "4") || !strings.Contains(got, `"field":"limit"`) {
		t.Error(got)
	}
}

// The pages of people as each meets them, in a real browser.
func TestPeopleBrowser(t *testing.T) {
	l := openLycee(t)
	c := l.As(school.Secretary)
	c.Get(at(l.afi, "/photo/new")).Submit(at(l.afi, "/photo"), map[string]any{"photo": []webtest.File{{Name: "afi.jpg", Data: picture(900, 1200)}}})
	c.Get(at(l.afi, "/edit")).Submit("", map[string]any{"birth_place": "Aného"})
	b := webtest.OpenBrowser(t)
	tab := b.Tab(l.URL)
	ck, err := l.Server.OpenSession(l.People[school.Head].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	tab.SetCookie(ck)
	for name, path := range map[string]string{
		"find": "/people?q=gbende", "person": at(l.afi, ""), "edit": at(l.afi, "/edit"), "staff-edit": at(l.People[school.Teacher].ID, "/edit"),
		"leave": at(l.afi, "/leave"), "photo": at(l.afi, "/photo/new"), "alike": "/people/duplicates", "teachers": "/people/classes/" + l.class.String() + "/teachers",
		"close": at(l.People[school.Teacher].ID, "/close"),
	} {
		tab.Open(path)
		for _, width := range []int{360, 1366} {
			tab.Width(width)
			if over := tab.Sideways(); over > 0 {
				t.Errorf("%s is %d px too wide at %d", path, over, width)
			}
			tab.Shot(fmt.Sprintf("people-%s-%d", name, width))
		}
		for _, f := range tab.Axe() {
			t.Errorf("%s: axe: %+v", path, f)
		}
	}
}
