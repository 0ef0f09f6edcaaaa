package people_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"preau/modules/people"
	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

func site(t testing.TB) *webtest.Site {
	t.Helper()
	m := people.Module()
	return webtest.New(t, webtest.Setup{Routes: m.Pages, API: m.API, Nav: m.Nav, Words: []fs.FS{m.Files}, Collections: m.Collections})
}

func TestWords(t *testing.T) { web.CheckWords(t, people.Module().Files) }

const list = "Matricule;Nom et Prénoms;Sexe;Date de naissance;Classe;Série;Redoublant\n" +
	"26-0001;AMOUZOU Yawa;F;31/02/2009;Tle D1;D;Non\n" +
	"26-0077;KOFFI Afi;F;12/05/2009;Tle D1;D;Non\n" +
	"26-0077;LAWSON Edem;M;13/05/2009;Tle D1;D;Non\n" +
	"26-0640;BAWA Essi;F;14/05/2009;Tle D1;TD;Non\n" +
	"26-0823;KPATCHA Ɖela;F;vers 2008;1re D2;D;Non\n" +
	";<script>alert(1)</script> N'GBENDE;M;15/05/2009;2nde S1;S;Oui\n"

func send(page *webtest.Page, name, text string) *webtest.Page {
	return page.Submit("/admin/import", map[string]any{"kind": "pupil", "file": []webtest.File{{Name: name, Data: []byte(text)}}})
}

// A list on its way: sent, shown, confirmed, sent again, changed, undone.
func TestImportByHand(t *testing.T) {
	s := site(t)
	head := s.As(school.Secretary)
	dry := send(head.Get("/admin/import"), "eleves_2026.csv", list)
	for _, words := range []string{
		"ce qui va changer", "Fichier « eleves_2026.csv », 6 lignes lues.", "Rien n’est encore enregistré.", "3 lignes refusées",
		"AMOUZOU Yawa, 31/02/2009", "La date 31/02/2009 n’existe pas", "Ce matricule est déjà à la ligne 3 (KOFFI Afi)", "Vouliez-vous écrire « D » ?",
		"1 absent du fichier", "3 élèves ajoutés", "Enregistrer 3 ajouts",
	} {
		if !dry.Has(words) {
			t.Errorf("the dry run does not say %q", words)
		}
	}
	if bytes.Contains([]byte(dry.Body), []byte("<script>alert")) {
		t.Error("a name became a script")
	}
	if n := pupils(t, s.DB); n != 1 {
		t.Errorf("a dry run left %d pupils", n)
	}
	done := dry.Submit(path(dry), nil)
	if !done.Has("Liste enregistrée : 3 ajouts, 0 modifications.") || pupils(t, s.DB) != 4 {
		t.Fatalf("after confirming: %s", done)
	}
	again := send(head.Get("/admin/import"), "eleves_2026.csv", list)
	if !again.Has("Cette liste ne change rien") {
		t.Errorf("the same list again: %s", again)
	}
	changed := send(head.Get("/admin/import"), "eleves_2027.csv", strings.NewReplacer("vers 2008", "12/05/2008", "1re D2", "Tle D1").Replace(list))
	for _, words := range []string{"1 élève modifié", "vers 2008", "12 mai 2008", "1re D2", "Enregistrer 1 modification"} {
		if !changed.Has(words) {
			t.Errorf("the changes do not say %q", words)
		}
	}
	changed.Submit(path(changed), nil)
	lists := head.Get("/admin/import")
	undone := lists.Submit(regexp.MustCompile(`/admin/import/[^"/]+/undo`).FindString(lists.Body), nil)
	if !undone.Has("Import annulé : 0 ajouts et 1 modifications retirés.") {
		t.Errorf("after undoing: %s", undone)
	}
	if head.Get("/people").Status != http.StatusOK {
		t.Error("the classes are not shown")
	}
}

// path of the dry run that a page is.
func path(p *webtest.Page) string { return strings.TrimSuffix(p.URL.Path, "/") }

func pupils(t testing.TB, db *store.DB) (n int) {
	t.Helper()
	err := db.View(func(tx *store.Tx) (err error) {
		n, err = school.People.Count(tx, "kind", string(school.PupilKind))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestColumnsByHand(t *testing.T) {
	s := site(t)
	head := s.As(school.Head)
	dry := send(head.Get("/admin/import"), "bizarre.csv", "Code interne;Nom;Appellation;Date\nZ1;KOFFI;Afi;12/05/2009\nZ2;BAWA;Yao;13/05/2009\n")
	columns := head.Get(path(dry) + "/columns")
	if !columns.Has("Colonne 3 : « Appellation »") || !columns.Has("Afi · Yao") {
		t.Fatalf("the columns: %s", columns)
	}
	twice := columns.Submit("", map[string]any{"c0": "matricule", "c1": "surname", "c2": "surname", "c3": "born"})
	if twice.Status != http.StatusUnprocessableEntity || !twice.Has("Deux colonnes contiennent la même chose") {
		t.Errorf("one field twice: %s", twice)
	}
	if v, _ := twice.Field("c0"); v != "matricule" {
		t.Errorf("a refused form forgot a choice: %q", v)
	}
	right := twice.Submit("", map[string]any{"c0": "matricule", "c1": "surname", "c2": "given", "c3": "born"})
	if !right.Has("KOFFI Afi, BAWA Yao") {
		t.Errorf("columns put right: %s", right)
	}
}

func TestRefusedFilesKeepTheForm(t *testing.T) {
	s := site(t)
	c := s.As(school.Head)
	for name, data := range map[string]struct{ data, words string }{
		"vide.csv":  {"", "Le fichier est vide"},
		"liste.pdf": {"%PDF-1.4\n", "Un PDF ne se lit pas comme une liste"},
		"mots.csv":  {"Bonjour;tout\nle;monde\n", "Aucune colonne de noms"},
		"x.xlsx":    {"PK\x03\x04 and so on", "Le fichier est abîmé"},
	} {
		p := c.Get("/admin/import").Submit("/admin/import", map[string]any{"kind": "staff", "file": []webtest.File{{Name: name, Data: []byte(data.data)}}})
		if p.Status != http.StatusUnprocessableEntity || !p.Has(data.words) {
			t.Errorf("%s: %s", name, p)
		}
		if v, _ := p.Field("kind"); v != "staff" {
			t.Errorf("%s: the form forgot the kind: %q", name, v)
		}
	}
	none := c.Get("/admin/import").Submit("/admin/import", map[string]any{"kind": "pupil"})
	if !none.Has("Choisissez le fichier") {
		t.Errorf("no file: %s", none)
	}
}

// A list gives functions, and with them rights: the dry run says which.
func TestADryRunSaysWhoGetsWhichFunction(t *testing.T) {
	s := site(t)
	p := s.As(school.Head).Get("/admin/import").Submit("/admin/import", map[string]any{"kind": "staff", "file": []webtest.File{{
		Name: "personnel.csv", Data: []byte("Nom et prénoms;Fonction\nAGBEKO Komlan;Professeur\nMENSAH Afi;Censeur\nBIGO Paul;Chef cuisinier\nDOH Yao;\n\nLAWSON Edem\n"),
	}}})
	if !p.Has("AGBEKO Komlan (Professeur), MENSAH Afi (Censeur), BIGO Paul (Chef cuisinier : sans fonction dans Préau), DOH Yao.") {
		t.Errorf("%s\n%s", p, p.Text())
	}
}

// Another person's proposal does not exist for anybody else.
func TestProposalsArePrivate(t *testing.T) {
	s := site(t)
	dry := send(s.As(school.Secretary).Get("/admin/import"), "eleves.csv", list)
	if p := s.As(school.Deputy).Get(path(dry)); p.Status != http.StatusNotFound {
		t.Errorf("somebody else's list: %d", p.Status)
	}
}

func TestAccess(t *testing.T) {
	s := site(t)
	head := s.As(school.Head)
	err := s.DB.Update(func(tx *store.Tx) error {
		_, err := school.People.Add(tx, school.Person{Kind: school.Staff, Surname: "OURO-AKPO", Given: "Issifou", Roles: []school.Role{school.Teacher}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	staff := head.Get("/people/staff")
	at := strings.Index(staff.Body, "OURO-AKPO")
	link := staff.Body[at:][strings.Index(staff.Body[at:], "/people/staff/"):]
	page := head.Get(link[:strings.IndexByte(link, '"')])
	secret, _ := page.Field("secret")
	if login, _ := page.Field("login"); login != "i.ouroakpo" || !page.Has(secret) {
		t.Fatalf("the access: %q %s", login, page)
	}
	if p := page.Submit("", map[string]any{"login": "head"}); !p.Has("est déjà pris") {
		t.Errorf("a taken login: %s", p)
	}
	done := page.Submit("", nil)
	if !done.Has("Accès enregistré pour OURO-AKPO Issifou") || strings.Contains(done.Body, secret) {
		t.Errorf("after giving access: %s", done)
	}
	if _, oneTime, err := school.CheckSecret(t.Context(), s.DB, "i.ouroakpo", secret, "test"); err != nil || !oneTime {
		t.Errorf("the one-time password: %v %v", oneTime, err)
	}
}

// Pictures of the pages at both widths; they are looked at, not compared.
func TestBrowser(t *testing.T) {
	s := site(t)
	b := webtest.OpenBrowser(t)
	var text strings.Builder
	text.WriteString("Matricule;Nom et Prénoms;Sexe;Date de naissance;Classe;Série;Redoublant\n")
	for i := range 40 {
		fmt.Fprintf(&text, "27-%04d;ADJOVI %s;%s;%02d/05/2009;Tle D1;D;Non\n", i, []string{"Ama", "Mawuli", "Ɖela", "Essi Yawa"}[i%4], []string{"F", "M"}[i%2], 1+i%28)
	}
	file := t.TempDir() + "/eleves_2026.csv"
	tab := b.Tab(s.URL)
	ck, err := s.Server.OpenSession(s.People[school.Head].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	tab.SetCookie(ck)
	bring := func(content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		tab.Open("/admin/import")
		tab.Choose("file", file)
		tab.Press("main form .b")
	}
	bring(text.String())
	tab.Press("main form .b")
	bring(strings.NewReplacer("27-0003;ADJOVI Essi Yawa", "27-0003;ADJOVI Essivi", "27-0007;ADJOVI Essi Yawa;M;08/05/2009", "27-0007;ADJOVI Essi Yawa;M;vers 2008").Replace(
		strings.Join(strings.SplitAfter(text.String(), "\n")[:30], "")) + list[strings.Index(list, "\n")+1:])
	for _, width := range []int{360, 1366} {
		tab.Width(width)
		if over := tab.Sideways(); over > 0 {
			t.Errorf("the dry run is %d px too wide at %d", over, width)
		}
		tab.Shot(fmt.Sprintf("people-dryrun-%d", width))
	}
	if !tab.Has("3 lignes refusées") {
		t.Errorf("the dry run: %s", tab.Text())
	}
	for _, f := range tab.Axe() {
		t.Errorf("axe: %+v", f)
	}
	tab.Press("main form .b")
	for _, page := range []string{"/people", "/people/staff", "/admin/import"} {
		tab.Open(page)
		for _, width := range []int{360, 1366} {
			tab.Width(width)
			if over := tab.Sideways(); over > 0 {
				t.Errorf("%s is %d px too wide at %d", page, over, width)
			}
			tab.Shot(fmt.Sprintf("people%s-%d", strings.ReplaceAll(page, "/", "-"), width))
		}
		for _, f := range tab.Axe() {
			t.Errorf("%s: axe: %+v", page, f)
		}
	}
	tab.Open("/people")
	tab.Press("tbody tr:last-child th a")
	tab.Shot("people-class-1366")
	tab.Print("people-class")
}

func sessionsOf(t testing.TB, db *store.DB, person store.ID) (n int) {
	t.Helper()
	err := db.View(func(tx *store.Tx) (err error) {
		n, err = web.Sessions(tx, person)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
