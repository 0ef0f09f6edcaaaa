package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"preau/appliance"
	"preau/modules/all"
	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

// homes is a school with every module in one process; its pupil is in a class, its
// head has a secret.
func homes(t *testing.T) *webtest.Site {
	t.Helper()
	modules := all.Modules()
	pages := (&appliance.Running{Kind: web.Box, Dir: t.TempDir(), Modules: modules}).Pages()
	s := webtest.New(t, webtest.Setup{Routes: pages.Routes, Nav: pages.Nav, Words: pages.Words, Collections: more(modules)})
	s.SetSecret(school.Head, "trois-mots-ensemble-9", false)
	if err := s.DB.Update(func(tx *store.Tx) error {
		id, err := school.Classes.Add(tx, school.Class{Label: "Tle D1", Level: "Tle", Series: "D", Year: "2026-2027"})
		if err != nil {
			return err
		}
		p, err := school.People.Get(tx, s.People[school.Pupil].ID)
		if err != nil {
			return err
		}
		p.Value.Class = id
		return school.People.Set(tx, p.ID, p.Value)
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

var aDraft = regexp.MustCompile(`/notices/drafts/[0-9A-Za-z]+`)

// post has the censeur write a notice and the proviseur sign it, from where the
// home page leads him.
func post(t *testing.T, s *webtest.Site, subject string, more map[string]any) {
	t.Helper()
	values := map[string]any{"kind": "avis", "subject": subject, "body": "À lire.", "finish": "1"}
	for k, v := range more {
		values[k] = v
	}
	if p := s.As(school.Deputy).Get("/notices/new").Submit("/notices/new", values); !p.Has("Projet soumis") {
		t.Fatalf("%s\n%s", p, p.Text())
	}
	head := s.As(school.Head)
	home := head.Get("/")
	if !home.Has("Signer un avis") || !home.Has(subject) {
		t.Fatalf("the head's home: %s", home.Text())
	}
	at := aDraft.FindString(home.Body) + "/sign"
	if p := head.Get(at).Submit(at, map[string]any{"secret": "trois-mots-ensemble-9"}); !p.Has("Signature enregistrée") {
		t.Fatalf("%s\n%s", p, p.Text())
	}
}

// TestHomeTellsEachWhatThereIsToRead: what asks for an acknowledgement is due and
// goes when it is given, what does not is on the board; five lines of each at most.
func TestHomeTellsEachWhatThereIsToRead(t *testing.T) {
	s := homes(t)
	post(t, s, "Tenue et retards", map[string]any{"pupils": "1", "ack": "1"})
	post(t, s, "Réunion des terminales", map[string]any{"levels": "Tle"})
	post(t, s, "Conseil pédagogique", map[string]any{"roles": []string{"teacher", "deputy"}, "ack": "1"})
	table := map[school.Role]struct{ due, board, never string }{
		school.Pupil:      {"Prendre connaissance : Tenue et retards", "Réunion des terminales", "Conseil pédagogique"},
		school.Teacher:    {"Prendre connaissance : Conseil pédagogique", "", "Réunion des terminales"},
		school.Deputy:     {"Prendre connaissance : Conseil pédagogique", "", "Tenue et retards"},
		school.Technician: {"", "", "Conseil pédagogique"},
		school.Secretary:  {"", "", "Conseil pédagogique"},
	}
	for role, want := range table {
		p := s.As(role).Get("/")
		if p.Status != http.StatusOK || !p.Has(want.due) || !p.Has(want.board) || p.Has(want.never) {
			t.Errorf("the home of the %s: %s\n%s", role, p, p.Text())
		}
	}
	pupil := s.As(school.Pupil)
	home := pupil.Get("/")
	if !home.Has("KPƆTƆ Ɖela") || !strings.Contains(home.Body, `href="/marks/mine"`) {
		t.Errorf("the pupil's home lacks the name or the way to the marks: %s", home.Text())
	}
	at := regexp.MustCompile(`/notices/[0-9A-Za-z]{8,}`).FindString(home.Body)
	if p := pupil.Get(at).Submit(at+"/read", nil); !p.Has("Lecture enregistrée") {
		t.Fatalf("%s\n%s", p, p.Text())
	}
	if home = pupil.Get("/"); home.Has("Prendre connaissance") || !home.Has("Tenue et retards") {
		t.Errorf("after reading: %s", home.Text())
	}
	// Anybody checks the printed copy by its code, at a box that has not met its office.
	code := regexp.MustCompile(`\b[0-9A-Z]{5}-[0-9A-Z]{5}\b`).FindString(pupil.Get(at).Body)
	if p := s.Visitor().Get("/verify?code=" + code); code == "" || !p.Has("Authentique : cet établissement a émis ce document") || !p.Has("Tenue et retards") {
		t.Errorf("verifying %q: %s", code, p.Text())
	}
	if p := pupil.Get("/account/held"); !p.Has("n° 001/2026-2027/LOM-0001/AV · Tenue et retards") || p.Has("Conseil pédagogique") {
		t.Errorf("all that is held: %s", p.Text())
	}
	for i := range 7 {
		post(t, s, "Avis de la semaine "+string(rune('A'+i)), map[string]any{"pupils": "1", "staff": "1", "ack": []string{"1"}[:i%2]})
	}
	home = pupil.Get("/")
	lists := strings.Split(home.Body, `<ol class="tasks">`)[1:]
	for _, l := range lists {
		l, _, _ = strings.Cut(l, "</ol>")
		if n := strings.Count(l, "<li>"); n == 0 || n > 5 {
			t.Errorf("%d lines in a list of the home page: %s", n, home.Text())
		}
	}
	if len(lists) != 2 || !home.Has("Et encore 1 à l’affiche") {
		t.Errorf("%d lists: %s", len(lists), home.Text())
	}
	if !home.Has("Prendre connaissance : Avis de la semaine B") {
		t.Errorf("%s", home.Text())
	}

	draft := s.As(school.Deputy).Get(at).Submit(at+"/successor", map[string]any{"withdraw": "1"})
	to := draft.URL.Path
	draft.Submit(to, map[string]any{"finish": "1"})
	if p := s.As(school.Head).Get(to+"/sign").Submit(to+"/sign", map[string]any{"secret": "trois-mots-ensemble-9"}); !p.Has("Signature enregistrée") {
		t.Fatalf("%s\n%s", p, p.Text())
	}
	if p := s.Visitor().Get("/verify?code=" + code); !p.Has("Authentique, mais retiré") {
		t.Errorf("verifying what is withdrawn: %s", p.Text())
	}

	t.Run("on a phone without scripts", func(t *testing.T) {
		if testing.Short() {
			t.Skip("the browser takes seconds; not with -short")
		}
		tab := webtest.OpenBrowser(t).Tab(s.URL)
		tab.NoScript()
		tab.Width(360)
		ck, err := s.Server.OpenSession(s.People[school.Pupil].ID, false)
		if err != nil {
			t.Fatal(err)
		}
		tab.SetCookie(ck)
		tab.Open("/")
		if px := tab.Sideways(); px > 0 || !tab.Has("KPƆTƆ Ɖela") || !tab.Has("Mes notes") {
			t.Errorf("%d px sideways: %s", px, tab.Text())
		}
		tab.Press(".tasks a")
		tab.Press(`form[action$="/read"] button`)
		if !tab.Has("Lecture enregistrée à votre nom") || tab.Sideways() > 0 {
			t.Errorf("%s", tab.Text())
		}
	})
}
