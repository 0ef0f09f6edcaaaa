package web_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
	"preau/web/webtest/sample"
)

// newSample is a box with the sample feature and some records.
func newSample(t testing.TB, records int, change ...func(*webtest.Setup)) *webtest.Site {
	t.Helper()
	o := webtest.Setup{
		Routes: sample.Routes(), Nav: sample.Nav(), Words: []fs.FS{sample.Words}, Collections: []store.Definition{sample.Notes},
		SyncLine: func(c *web.Ctx) *web.SyncLine {
			return &web.SyncLine{Icon: "clock", Bold: "3 envois en attente", Text: "depuis 2 h, dernier échange à 7 h 42", Href: "/"}
		},
	}
	for _, f := range change {
		f(&o)
	}
	s := webtest.New(t, o)
	if err := sample.Fill(s.DB, records); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPagesInARealBrowser(t *testing.T) {
	b := webtest.OpenBrowser(t)
	s := newSample(t, 40)
	tab := b.Tab(s.URL)
	ck, err := s.Server.OpenSession(s.People[school.Head].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	tab.SetCookie(ck)
	first := firstNote(t, s)
	pages := map[string]string{"home": "/", "list": "/notes", "show": "/notes/" + first, "form": "/notes/new", "missing": "/nowhere"}
	for _, width := range []int{360, 768, 1366} {
		for name, path := range pages {
			tab.Width(width)
			tab.Open(path)
			if n := tab.Sideways(); n > 0 {
				t.Errorf("%s at %d px is %d px too wide", path, width, n)
			}
			tab.Shot("web-" + name + "-" + strconv.Itoa(width))
			if width == 768 {
				continue
			}
			for _, f := range tab.Axe() {
				t.Errorf("axe on %s at %d px: %s: %s\n%s", path, width, f.ID, f.Help, strings.Join(f.Nodes, "\n"))
			}
		}
	}
	tab.Open("/preferences?contrast=1&to=/notes")
	tab.Shot("web-contrast-1366")
	for _, f := range tab.Axe() {
		t.Errorf("axe in high contrast: %s: %s\n%s", f.ID, f.Help, strings.Join(f.Nodes, "\n"))
	}
	tab.Open("/preferences?contrast=0&to=/")
	pictures(t, tab.Print("web-home-print"))
	tab.Open("/notes")
	pictures(t, tab.Print("web-list-print"))
	tab.Open("/notes/" + first)
	pictures(t, tab.Print("web-show-print"))
}

// pictures turns a PDF into PNGs to look at, where poppler is.
func pictures(t *testing.T, pdf string) {
	t.Helper()
	out, err := exec.Command("pdftoppm", "-r", "60", "-png", pdf, strings.TrimSuffix(pdf, ".pdf")).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Log("no pdftoppm here: the PDF stays as it is")
	} else if err != nil {
		t.Errorf("pdftoppm: %v\n%s", err, out)
	}
}

func firstNote(t *testing.T, s *webtest.Site) (id string) {
	t.Helper()
	err := s.DB.View(func(tx *store.Tx) error {
		for r, err := range sample.Notes.Scan(tx, store.Query{Index: "number", Reverse: true}) {
			if err != nil {
				return err
			}
			id = r.ID.String()
			break
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestFormWithoutScripts(t *testing.T) {
	b := webtest.OpenBrowser(t)
	s := newSample(t, 3)
	tab := b.Tab(s.URL)
	tab.NoScript()
	ck, err := s.Server.OpenSession(s.People[school.Head].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	tab.SetCookie(ck)
	tab.Width(360)
	tab.Open("/notes/new")
	tab.Fill("reference", "n° 90/<script>alert(1)</script>")
	tab.Fill("body", "Du texte d'essai\navec ' et \u202e de droite à gauche")
	annex := filepath.Join(t.TempDir(), "modèle de procès-verbal.pdf")
	if err := os.WriteFile(annex, []byte("%PDF-1.4\nessai"), 0o600); err != nil {
		t.Fatal(err)
	}
	tab.Choose("annex", annex)
	tab.Press("main button.b")
	tab.Shot("web-refused-360")
	if !tab.Has("L’objet manque") || !tab.Has("modèle de procès-verbal.pdf") {
		t.Fatalf("the refused form does not say why or lost its file:\n%s", tab.Text())
	}
	tab.Width(1366)
	tab.Shot("web-refused-1366")
	for _, f := range tab.Axe() {
		t.Errorf("axe on the refused form: %s: %s\n%s", f.ID, f.Help, strings.Join(f.Nodes, "\n"))
	}
	tab.Fill("subject", "Essai <b>gras</b>")
	tab.Press("main button.b")
	tab.Shot("web-saved-1366")
	for _, words := range []string{"La circulaire « Essai <b>gras</b> » est enregistrée.", "n° 90/<script>alert(1)</script>", "modèle de procès-verbal.pdf"} {
		if !tab.Has(words) {
			t.Errorf("the saved page lacks %q:\n%s", words, tab.Text())
		}
	}
}

func TestTooMuchCanBeReadInARealBrowser(t *testing.T) {
	b := webtest.OpenBrowser(t)
	s := newSample(t, 0)
	tab := b.Tab(s.URL)
	ck, err := s.Server.OpenSession(s.People[school.Head].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	tab.SetCookie(ck)
	film := filepath.Join(t.TempDir(), "film.mp4")
	if err := os.WriteFile(film, make([]byte, 20<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	tab.Open("/notes/new")
	tab.Fill("subject", "Gardé malgré le film")
	tab.Choose("annex", film)
	tab.Press("main button.b")
	tab.Shot("web-413-1366")
	if !tab.Has("Choisissez un fichier plus petit") {
		t.Errorf("a file of 20 MB: %s", tab.Text())
	}
	if got := webtest.Eval[string](tab, `document.querySelector("[name=subject]").value`); got != "Gardé malgré le film" {
		t.Errorf("the subject came back as %q", got)
	}
}
