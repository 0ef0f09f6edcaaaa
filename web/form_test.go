package web_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
	"preau/web/webtest/sample"
)

func notes(t *testing.T, s *webtest.Site) (n int) {
	t.Helper()
	if err := s.DB.View(func(tx *store.Tx) (err error) { n, err = sample.Notes.Count(tx, "number"); return err }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheSameFormTwiceIsDoneOnce(t *testing.T) {
	s := newSample(t, 0)
	form := s.As(school.Head).Get("/notes/new")
	first := form.Submit("/notes/new", map[string]any{"subject": "Réunion"})
	again := form.Submit("/notes/new", map[string]any{"subject": "Réunion"})
	if first.Status != 200 || first.URL.Path != again.URL.Path || notes(t, s) != 1 {
		t.Fatalf("sent twice: %s and %s, %d records", first.URL, again.URL, notes(t, s))
	}
	if !again.Has("La circulaire « Réunion » est enregistrée.") {
		t.Errorf("the repeat does not say what was done: %s", again)
	}
	other := form.Submit("/notes/new", map[string]any{"subject": "Autre chose", "body": "gardé"})
	if other.Status != http.StatusUnprocessableEntity || !other.Has("a déjà été envoyé avec un autre contenu") || notes(t, s) != 1 {
		t.Fatalf("same token, other words: %s, %d records", other, notes(t, s))
	}
	if got, _ := other.Field("body"); got != "gardé" {
		t.Errorf("the words came back as %q", got)
	}
	if p := other.Submit("/notes/new", nil); p.Status != 200 || notes(t, s) != 2 {
		t.Errorf("with its new token: %s, %d records", p, notes(t, s))
	}
}

func TestARefusalSpendsNothing(t *testing.T) {
	s := newSample(t, 0)
	form := s.As(school.Head).Get("/notes/new")
	no := form.Submit("/notes/new", map[string]any{"deadline": "2027-02-31", "reference": "n° 1"})
	if no.Status != http.StatusUnprocessableEntity || !strings.Contains(no.Body, `<title>Refusé :`) && !no.Has("Refusé :") {
		t.Fatalf("%s", no)
	}
	if !no.Has("La date 2027-02-31 n’existe pas") || !no.Has("L’objet manque") {
		t.Errorf("both refusals should show: %s", no)
	}
	if p := form.Submit("/notes/new", map[string]any{"subject": "Bon"}); p.Status != 200 || notes(t, s) != 1 {
		t.Errorf("the first form's token was spent by a refusal: %s", p)
	}
}

func TestFormTokensBelongToTheirSession(t *testing.T) {
	s := newSample(t, 0)
	mine, theirs := s.As(school.Head).Get("/notes/new"), s.As(school.Head).Get("/notes/new")
	token, _ := theirs.Field("_token")
	for _, bad := range []string{"", "x", token, strings.ToUpper(token)} {
		p := mine.Submit("/notes/new", map[string]any{"subject": "Bon", "_token": bad})
		if p.Status != http.StatusUnprocessableEntity || notes(t, s) != 0 {
			t.Errorf("token %q: %s", bad, p)
		}
		if got, _ := p.Field("subject"); got != "Bon" {
			t.Errorf("the words came back as %q", got)
		}
	}
}

func TestAFormSentAfterTheSessionEndedComesBack(t *testing.T) {
	s := newSample(t, 0)
	c := s.As(school.Head)
	form := c.Get("/notes/new")
	s.Clock.Add(16 * 60e9)
	p := form.Submit("/notes/new", map[string]any{"subject": "Bon"})
	if p.Status != http.StatusUnauthorized || !p.Has("rechargez cette page") {
		t.Fatalf("%s", p)
	}
	ck, err := s.Server.OpenSession(s.People[school.Head].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	c.HTTP.Jar.SetCookies(form.URL, []*http.Cookie{ck})
	p = form.Submit("/notes/new", map[string]any{"subject": "Bon"}) // what reloading does
	if got, _ := p.Field("subject"); p.Status != http.StatusUnprocessableEntity || got != "Bon" {
		t.Fatalf("%s", p)
	}
	if p = p.Submit("/notes/new", nil); p.Status != 200 || notes(t, s) != 1 {
		t.Errorf("%s", p)
	}
}

func TestFilesAreKeptOverARefusal(t *testing.T) {
	s := newSample(t, 0)
	c := s.As(school.Head)
	pdf := append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("x"), 5000)...)
	evil := "../../etc/pass\u202ewd<script>.html"
	p := c.Get("/notes/new").Submit("/notes/new", map[string]any{"annex": []webtest.File{{Name: "modèle.pdf", Data: pdf}, {Name: evil, Data: []byte("<html><script>alert(1)</script>")}}})
	if p.Status != http.StatusUnprocessableEntity || !p.Has("modèle.pdf") {
		t.Fatalf("%s", p)
	}
	if strings.Contains(p.Body, "etc") || strings.Contains(p.Body, "\u202e") || strings.Contains(p.Body, "<script") {
		t.Errorf("an unsafe file name shows: %s", p)
	}
	p = p.Submit("/notes/new", map[string]any{"subject": "Avec annexes"})
	if p.Status != 200 || !p.Has("modèle.pdf") {
		t.Fatalf("%s", p)
	}
	got := c.Get(p.URL.Path + "/files/0")
	if got.Body != string(pdf) || got.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment;") {
		t.Errorf("the annex came back as %d bytes, %v", len(got.Body), got.Header)
	}
	got = c.Get(p.URL.Path + "/files/1")
	if got.Header.Get("Content-Type") != "application/octet-stream" || !strings.Contains(got.Header.Get("Content-Security-Policy"), "sandbox") || got.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("an HTML annex has power: %v", got.Header)
	}
}

// A ticket of a kept file is worth nothing in another session.
func TestKeptFilesBelongToTheirSession(t *testing.T) {
	s := newSample(t, 0)
	p := s.As(school.Head).Get("/notes/new").Submit("/notes/new", map[string]any{"annex": []webtest.File{{Name: "a.txt", Data: []byte("secret")}}})
	ticket, ok := p.Field("annex.kept")
	if !ok {
		t.Fatalf("no ticket: %s", p)
	}
	p = s.As(school.Head).Get("/notes/new").Submit("/notes/new", map[string]any{"subject": "x", "annex.kept": ticket})
	if p.Has("a.txt") {
		t.Errorf("a file of another session came along: %s", p)
	}
}

func TestTooMuchIsRefusedEarly(t *testing.T) {
	s := newSample(t, 0)
	form := s.As(school.Head).Get("/notes/new")
	big := webtest.File{Name: "film.mp4", Data: make([]byte, 5<<20)}
	p := form.Submit("/notes/new", map[string]any{"subject": "gardé", "annex": []webtest.File{big}})
	if p.Status != http.StatusRequestEntityTooLarge || !p.Has("dépasse 4 Mo") || !p.Has("Choisissez un fichier plus petit") {
		t.Fatalf("%s", p)
	}
	if got, _ := p.Field("subject"); got != "gardé" {
		t.Errorf("the words before the file came back as %q", got)
	}
	p = form.Submit("/notes/new", map[string]any{"subject": strings.Repeat("long ", 300_000)})
	if p.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("too many words: %s", p)
	}
	if notes(t, s) != 0 {
		t.Error("something was saved")
	}
}

func TestBrokenFormsAreRefused(t *testing.T) {
	s := newSample(t, 0)
	c := s.As(school.Head)
	for kind, body := range map[string]string{
		"text/plain":                        "subject=x",
		"multipart/form-data":               "--x",
		"multipart/form-data; boundary=x":   "--x\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nhalf",
		"application/x-www-form-urlencoded": "subject=%zz",
		"":                                  "",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/notes/new", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		if p := c.Do(req); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %s", kind, p)
		}
	}
}

func TestSafeName(t *testing.T) {
	for in, want := range map[string]string{
		"modèle de procès-verbal.pdf":      "modèle de procès-verbal.pdf",
		`C:\Users\x\liste.csv`:             "liste.csv",
		"../../etc/passwd":                 "passwd",
		".htaccess":                        "htaccess",
		"":                                 "fichier",
		"..":                               "fichier",
		"a\x00b\nc.txt":                    "abc.txt",
		"cv\u202efdp.exe":                  "cvfdp.exe",
		strings.Repeat("é", 300) + ".xlsx": strings.Repeat("é", 88) + ".xlsx",
		"a<b>\"c\".pdf":                    "a_b__c_.pdf",
	} {
		if got := web.SafeName(in); got != want {
			t.Errorf("SafeName(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzSafeName(f *testing.F) {
	f.Add("modèle.pdf")
	f.Add("../..\\x\u202e.html")
	f.Fuzz(func(t *testing.T, in string) {
		got := web.SafeName(in)
		if got == "" || len([]rune(got)) > 100 || strings.ContainsAny(got, "/\\\x00\n\r\"<>") || strings.HasPrefix(got, ".") || web.SafeName(got) != got {
			t.Errorf("SafeName(%q) = %q", in, got)
		}
	})
}
