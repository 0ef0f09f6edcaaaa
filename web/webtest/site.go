// Package webtest tests pages as people and programs meet them: a site with one
// person of each role, a client that follows links and fills in forms, a walk
// over every route with every role, and a real browser.
//
// It is for tests only.
package webtest

import (
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"preau/school"
	"preau/store"
	"preau/store/storetest"
	"preau/web"
)

// Setup is what a test's site is made of besides the kit.
type Setup struct {
	Kind        web.Kind // "" is a box
	Routes      []web.Route
	API         []web.Endpoint
	Nav         []web.NavItem
	Words       []fs.FS
	Collections []store.Definition
	SyncLine    func(*web.Ctx) *web.SyncLine
	Held        func() map[store.Lane]web.Held
	Hosts       func(string) bool
	Reach       func() []string
	// Loose lets pages read what they did not declare and use unknown words.
	Loose bool
}

// Site is a running site of a test, with one person of each role.
type Site struct {
	DB     *store.DB
	Clock  *storetest.Clock
	Server *web.Server
	URL    string
	People map[school.Role]school.Actor

	t testing.TB
}

// Names of the people, one a role. Some have letters that many fonts lack.
var names = map[school.Role][2]string{
	school.Head: {"AGBODJAN", "Kodjo"}, school.Deputy: {"TCHALLA", "Essohanam"}, school.Supervisor: {"LAWSON", "Edem"},
	school.Secretary: {"AMEGAN", "Akossiwa"}, school.Teacher: {"TCHASSANTI", "Pyalo"}, school.Technician: {"FOLLY", "Edem"},
	school.Pupil: {"KPƆTƆ", "Ɖela"}, school.Publisher: {"BAWA", "Mazalo"}, school.Signatory: {"OURO-GNAO", "Afi"},
	school.Inspector: {"NABEDE", "Séna"}, school.Statistician: {"D’ALMEIDA", "Yao"}, school.Operator: {"ZINSOU", "Pyalo"},
}

// New starts a site; it ends with the test.
func New(t testing.TB, o Setup) *Site {
	t.Helper()
	if o.Kind == "" {
		o.Kind = web.Box
	}
	defs := append(slices.Clone(school.Collections()), web.Collections()...)
	s := &Site{t: t, Clock: storetest.NewClock(), People: map[school.Role]school.Actor{}}
	s.DB = storetest.OpenAt(t, t.TempDir(), s.Clock, append(defs, o.Collections...)...)
	if err := s.DB.Update(func(tx *store.Tx) error { return s.fill(tx, o.Kind) }); err != nil {
		t.Fatal(err)
	}
	opts := web.Options{
		DB: s.DB, Kind: o.Kind, Routes: o.Routes, API: o.API, Nav: o.Nav, Words: o.Words, SyncLine: o.SyncLine, Reach: o.Reach, Held: o.Held,
		Hosts: o.Hosts, Version: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	if !o.Loose {
		var once sync.Map
		opts.Undeclared = func(route, collection string) {
			if _, said := once.LoadOrStore(route+collection, true); !said {
				t.Errorf("%s reads %q and does not declare it in Reads", route, collection)
			}
		}
		opts.Unknown = func(key string) {
			if _, said := once.LoadOrStore(key, true); !said {
				t.Errorf("no catalogue has the words %q", key)
			}
		}
	}
	var err error
	if s.Server, err = web.New(opts); err != nil {
		t.Fatal(err)
	}
	hs := httptest.NewUnstartedServer(s.Server)
	hs.Config = web.NewHTTPServer(s.Server, opts.Log)
	hs.Start()
	t.Cleanup(hs.Close)
	s.URL = hs.URL
	return s
}

// fill makes the site's record and its people.
func (s *Site) fill(tx *store.Tx, kind web.Kind) error {
	info := school.SiteInfo{Kind: string(kind), Code: "LOM-0001", Name: "Lycée de la Lagune", Slug: "lagune", Language: "fr", Town: "Lomé"}
	if kind == web.Office {
		info.Code, info.Name, info.Slug = "MIN", "Ministère · bureau central", "bureau"
	}
	if err := school.SetSite(tx, info); err != nil {
		return err
	}
	if _, err := school.Years.Add(tx, school.Year{Label: "2026-2027", From: "2026-09-14", Until: "2027-07-31"}); err != nil {
		return err
	}
	for _, role := range school.RolesAt(string(kind)) {
		p := school.Person{Kind: school.Staff, Surname: names[role][0], Given: names[role][1], Roles: []school.Role{role}, Login: string(role)}
		if role == school.Pupil {
			p.Kind = school.PupilKind
		}
		id, err := school.People.Add(tx, p)
		if err != nil {
			return err
		}
		s.People[role] = school.Actor{ID: id, Name: p.Name(), Roles: p.Roles}
	}
	return nil
}

// SetSecret gives a person a password.
func (s *Site) SetSecret(role school.Role, secret string, oneTime bool) {
	s.t.Helper()
	hash, err := school.HashSecret(s.t.Context(), secret)
	if err == nil {
		err = s.DB.Update(func(tx *store.Tx) error { return school.StoreSecret(tx, s.People[role].ID, hash, oneTime) })
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// Token issues an API token for the person of a role.
func (s *Site) Token(role school.Role) (token string) {
	s.t.Helper()
	err := s.DB.Update(func(tx *store.Tx) (err error) {
		token, err = web.IssueToken(tx, s.People[role].ID, 1)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

func roleList(roles []school.Role) string {
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = string(r)
	}
	return strings.Join(out, " ")
}
