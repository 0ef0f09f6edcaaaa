package audit_test

import (
	"io/fs"
	"strings"
	"testing"

	"preau/modules/audit"
	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

func TestWords(t *testing.T) { web.CheckWords(t, audit.Module().Files) }

func TestLog(t *testing.T) {
	m := audit.Module()
	s := webtest.New(t, webtest.Setup{Routes: m.Pages, Words: []fs.FS{m.Files}})
	pupil := s.People[school.Pupil].ID
	err := s.DB.Update(func(tx *store.Tx) error {
		class, err := school.Classes.Add(tx, school.Class{Label: "Tle D1", Level: "Tle", Series: "D", Year: "2026-2027"})
		if err != nil {
			return err
		}
		secretary := s.People[school.Secretary]
		if err := school.Audit(tx, secretary, "people.edit", pupil, map[string]string{"class": "", "born": "2009-01-02"}, map[string]string{"class": class.String(), "born": "vers 2008"}); err != nil {
			return err
		}
		for range 60 {
			if err := school.Audit(tx, s.People[school.Head], "circulars.forward", store.ID{}, nil, nil); err != nil {
				return err
			}
		}
		return school.Audit(tx, school.Actor{}, "something.new", store.ID{}, "<script>alert(1)</script>", 3)
	})
	if err != nil {
		t.Fatal(err)
	}
	head := s.As(school.Head)
	all := head.Get("/audit")
	for _, words := range []string{"something.new", "ligne de commande", "Circulaire transmise", "1 à 50 sur 62"} {
		if !all.Has(words) {
			t.Errorf("the log does not say %q: %s", words, all)
		}
	}
	if strings.Contains(all.Body, "<script>alert") {
		t.Error("a value became a script")
	}
	for _, query := range []string{"?q=amegan", "?q=kpoto", "?do=people", "?about=" + pupil.String()} {
		p := head.Get("/audit" + query)
		if !p.Has("Fiche modifiée") || !p.Has("Tle D1") || !p.Has("2 janvier 2009 vers 2008") || p.Has("Circulaire transmise") {
			t.Errorf("%s: %s", query, p)
		}
	}
	if p := head.Get("/audit?since=2090-01-01"); !p.Has("Aucune ligne ne répond") {
		t.Errorf("in the future: %s", p)
	}
	if p := head.Get("/audit?from=50"); !p.Has("51 à 62 sur 62") {
		t.Errorf("the second page: %s", p)
	}
	for _, role := range []school.Role{school.Secretary, school.Teacher, school.Pupil} {
		if p := s.As(role).Get("/audit"); p.Status != 404 {
			t.Errorf("a %s reads the log: %d", role, p.Status)
		}
	}
}
