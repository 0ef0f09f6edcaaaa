package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"preau/web/webtest"
)

// TestACopiedCard puts a copy of a box's card into a second box, and has both used
// for a while: the office says so to who looks after the boxes, and what was
// written in either arrives.
func TestACopiedCard(t *testing.T) {
	s := openStage(t)
	publisher, signatory := s.token("office", "publisher"), s.token("office", "signatory")
	publish := func(subject string) string {
		status, draft := s.post("office", publisher, "/circulars", `{"reference":"n° 5/MEN","subject":"`+subject+`","body":"Texte.","urgency":"normal","audience":{"everyone":true}}`)
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, draft)
		}
		_, signed := s.post("office", signatory, "/circulars/"+field(draft, "id")+"/sign", `{}`)
		return field(signed, "id")
	}
	one, two := publish("Pour l’original"), publish("Pour la copie")
	head := s.enter("box", "head", 0)
	waitUntil(t, "both circulars are at the school", func() bool {
		p := head.Get("/circulars")
		return p.Has("Pour l’original") && p.Has("Pour la copie")
	})

	token := s.token("box", "teacher")
	// At night the card is copied; in the morning both boxes start.
	s.stop("box")
	twin := filepath.Join(s.dir, "twin")
	if err := os.CopyFS(twin, os.DirFS(filepath.Join(s.dir, "box"))); err != nil {
		t.Fatal(err)
	}
	at := freeAddresses(t, 1)[0]
	read := func(box, circular string) {
		t.Helper()
		home := s.Box
		s.Box = box
		status, said := s.post("box", token, "/circulars/"+circular+"/acknowledge", "{}")
		if s.Box = home; status != http.StatusOK {
			t.Fatalf("%d %s", status, said)
		}
	}
	s.startBox()
	read(s.Box, one)
	operator := s.enter("office", "operator", 0)
	counted := func(circular string) func() bool {
		return func() bool {
			c := webtest.Visit(t, s.Office)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Office+"/api/v1/circulars/"+circular+"/receipts", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+publisher)
			return readAt.MatchString(c.Do(req).Body)
		}
	}
	waitUntil(t, "the original's reading is counted", counted(one))
	if p := operator.Get("/schools/LYC-0117"); p.Has("Une carte ancienne ou copiée") {
		t.Error("a copy is told of before there is one")
	}
	s.start("twin", "serve", "--data", twin, "--listen", at)
	read("http://"+at, two)
	waitUntil(t, "the copy's reading is counted", counted(two))
	waitUntil(t, "the office tells of the copy", func() bool {
		return operator.Get("/schools/LYC-0117").Has("Une carte ancienne ou copiée a appelé")
	})
	s.Box = "http://" + at
	if p := s.enter("box", "technician", 0).Get("/status"); !p.Has("Suite des données") {
		t.Errorf("the copy does not say what it is: %s", p.Text())
	}
}

// readAt is one reading at the school, in the receipts.
var readAt = regexp.MustCompile(`"code":"LYC-0117"[^}]*"read":1`)
