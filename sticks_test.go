package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"preau/web/webtest"
)

// TestSticksInTheBrowser plays a week without a link by hand: the operator and a
// school's technician download bundles, carry them and have them read; what is
// not whole is refused on the page, and what is shown stays true.
func TestSticksInTheBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("the browser takes a minute; not with -short")
	}
	browser := webtest.OpenBrowser(t)
	s := openStage(t)
	p := &playing{t: t, s: s, b: browser}
	head := p.enter(s.Box, s.login("box", "head", 0))
	p.until(head, "/circulars", "au ministère") // all of the demonstration has been exchanged
	// The link goes: the office serves boxes where no box calls.
	s.stop("office")
	s.start("office", "ministry", "--data", filepath.Join(s.dir, "office"), "--listen", s.Office[len("http://"):], "--exchange", "127.0.0.1:0")
	status, made := s.post("office", s.token("office", "publisher"), "/circulars", `{"reference":"n° 77/MEN","subject":"Calendrier des examens blancs","body":"Texte.","urgency":"normal","audience":{"everyone":true}}`)
	var draft struct{ ID string }
	if err := json.Unmarshal([]byte(made), &draft); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %s", status, made)
	}
	if status, said := s.post("office", s.token("office", "signatory"), "/circulars/"+draft.ID+"/sign", `{}`); status != http.StatusOK {
		t.Fatalf("%d %s", status, said)
	}

	// The operator sees what waits for whom, and takes the bundle.
	operator := p.enter(s.Office, s.login("office", "operator", 0))
	operator.Open("/sticks")
	p.see(operator, "sticks-office", "LYC-0117", "Lire un lot")
	operator.Width(360)
	p.see(operator, "sticks-office-360", "LYC-0117")
	operator.Width(1366)
	p.follow(operator, "Lycée de Tokoin")
	p.see(operator, "sticks-school", "Télécharger le lot")
	clerk := s.enter("office", "operator", 0)
	raw := clerk.Get("/sticks/LYC-0117").Submit("/sticks/LYC-0117/download", map[string]any{"part": "1"})
	if raw.Status != http.StatusOK || !strings.HasPrefix(raw.Body, "preau-bundle/1\n") {
		t.Fatalf("download: %d", raw.Status)
	}
	if got := clerk.Get("/sticks/LYC-9999"); got.Status != http.StatusNotFound {
		t.Errorf("a school without a box: %d", got.Status)
	}
	dir := t.TempDir()
	file := func(name string, data string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}

	// The technician has it read: first a copy that stopped halfway, without
	// script, on a phone; then the whole.
	keeper := p.enterAt(s.Box, s.login("box", "technician", 0), 360)
	keeper.NoScript()
	keeper.Open("/sticks")
	p.see(keeper, "sticks-box-360", "Lire un lot")
	keeper.Choose("file", file("court.preau", raw.Body[:len(raw.Body)/2]))
	keeper.Press(`main form[method=post][action="/sticks"] button`)
	p.see(keeper, "sticks-refused-360", "Refusé", "incomplet", "Rien n’a été changé")
	keeper.Press(`main form[method=post][action="/sticks"] button`)
	p.see(keeper, "sticks-none", "Choisissez le fichier")
	keeper.Width(1366)
	keeper.Choose("file", file("lot.preau", raw.Body))
	keeper.Press(`main form[method=post][action="/sticks"] button`)
	p.see(keeper, "sticks-read", "lu en entier", "Télécharger la réponse", "Derniers lots")
	p.until(head, "/circulars", "Calendrier des examens blancs")

	// The head reads; the reading goes on the next stick.
	p.follow(head, "Calendrier des examens blancs")
	head.Press(`main form[action$="/read"] button`)
	circular := webtest.Eval[string](head, "location.pathname")
	p.until(head, circular, "attend le lien")
	porter := s.enter("box", "secretary", 0)
	keeper.Open("/sticks?size=100M")
	p.see(keeper, "sticks-box", "Télécharger le lot")
	back := porter.Get("/sticks").Submit("/sticks/office/download", map[string]any{"part": "1"})
	if back.Status != http.StatusOK {
		t.Fatalf("download: %d", back.Status)
	}
	p.until(head, circular, "parti")
	operator.Open("/sticks")
	operator.Choose("file", file("retour.preau", back.Body))
	operator.Press(`main form[method=post][action="/sticks"] button`)
	p.see(operator, "sticks-office-read", "lu en entier", "LYC-0117")
	answer := clerk.Get("/sticks").Submit("/sticks/LYC-0117/download", map[string]any{"part": "1", "answer": "1"})
	got := porter.Get("/sticks").Submit("/sticks", map[string]any{"file": []webtest.File{{Name: "reponse.preau", Data: []byte(answer.Body)}}})
	if !got.Has("confirmé") {
		t.Errorf("the answer: %.900s", got)
	}
	p.until(head, circular, "au ministère")

	// Nothing of what was sent stays behind.
	if left, err := filepath.Glob(filepath.Join(s.dir, "box", "partial", "*")); err != nil || len(left) > 0 {
		t.Errorf("left in partial: %v, %v", left, err)
	}
	teacher := s.enter("box", "teacher", 0)
	if got := teacher.Get("/sticks"); got.Status != http.StatusNotFound || strings.Contains(got.Text(), "lot") {
		t.Errorf("a teacher: %d", got.Status)
	}
}
