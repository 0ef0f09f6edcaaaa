package appliance_test

import (
	"strings"
	"testing"

	"preau/appliance"
	"preau/modules/all"
	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

// What the whole program holds on a person prints for that person, and is not
// there for anybody else.
func TestAllHeld(t *testing.T) {
	pages := (&appliance.Running{Kind: web.Box, Dir: t.TempDir(), Modules: all.Modules()}).Pages()
	own := map[string]bool{}
	for _, list := range [][]store.Definition{school.Collections(), web.Collections()} {
		for _, d := range list {
			own[d.Name()] = true
		}
	}
	var more []store.Definition
	for _, d := range appliance.Definitions(all.Modules()) {
		if !own[d.Name()] {
			more = append(more, d)
		}
	}
	s := webtest.New(t, webtest.Setup{Routes: pages.Routes, Words: pages.Words, Collections: more, Loose: true})
	pupil := s.People[school.Pupil].ID
	err := s.DB.Update(func(tx *store.Tx) error {
		return school.Audit(tx, s.People[school.Secretary], "people.edit", pupil, map[string]string{"birth_place": "Lomé"}, map[string]string{"birth_place": "Kara"})
	})
	if err != nil {
		t.Fatal(err)
	}
	for who, path := range map[school.Role]string{school.Head: "/people/" + pupil.String() + "/held", school.Pupil: "/account/held"} {
		p := s.As(who).Get(path)
		if !p.Has("Tout ce qui est gardé sur KPƆTƆ Ɖela") || !p.Has("Lomé → Kara") {
			t.Errorf("a %s reads: %s", who, p)
		}
	}
	if p := s.As(school.Teacher).Get("/people/" + pupil.String() + "/held"); p.Status != 404 || strings.Contains(p.Body, "Lomé") {
		t.Errorf("a teacher reads what is held on a pupil: %d", p.Status)
	}
}
