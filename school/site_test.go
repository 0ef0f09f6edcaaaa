package school_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"preau/school"
	"preau/store"
)

func TestSiteIsOneRecord(t *testing.T) {
	db := open(t)
	view(t, db, func(tx *store.Tx) {
		if _, err := school.Site(tx); !errors.Is(err, school.ErrNoSite) {
			t.Errorf("a new folder: %v", err)
		}
	})
	for _, name := range []string{"Lycée de Tokoin", "Lycée de Tokoin 2"} {
		update(t, db, func(tx *store.Tx) error {
			return school.SetSite(tx, school.SiteInfo{Kind: school.Box, Code: "LYTOK", Name: name, Root: []byte{1, 2}})
		})
	}
	view(t, db, func(tx *store.Tx) {
		s, err := school.Site(tx)
		if err != nil || s.Name != "Lycée de Tokoin 2" || s.Kind != school.Box || len(s.Root) != 2 {
			t.Errorf("%+v %v", s, err)
		}
		if n := count(t, tx, school.Sites); n != 1 {
			t.Errorf("%d site records", n)
		}
	})
}

func count[T any](t *testing.T, tx *store.Tx, c *store.Collection[T]) (n int) {
	t.Helper()
	for _, err := range c.All(tx) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestAuditCommitsWithTheChange(t *testing.T) {
	s := openLycee(t)
	who := s.actor(t, s.head)
	boom := errors.New("boom")
	change := func(fail error) error {
		return s.db.Update(func(tx *store.Tx) error {
			if err := school.Audit(tx, who, "people.change", s.afi, map[string]string{"class": "Tle D1"}, map[string]string{"class": "Tle D2"}); err != nil {
				return err
			}
			return fail
		})
	}
	if err := change(boom); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	view(t, s.db, func(tx *store.Tx) {
		if n := count(t, tx, school.AuditLog); n != 0 {
			t.Errorf("%d lines of a change that was not made", n)
		}
	})
	if err := change(nil); err != nil {
		t.Fatal(err)
	}
	view(t, s.db, func(tx *store.Tx) {
		e, err := school.AuditLog.One(tx, "object", s.afi)
		if err != nil || e.Value.Who != s.head || e.Value.Name != "AGBODJAN Kodjo" || e.Value.From != `{"class":"Tle D1"}` || e.Value.To != `{"class":"Tle D2"}` {
			t.Errorf("%+v %v", e.Value, err)
		}
	})
	if err := s.db.Update(func(tx *store.Tx) error { return school.Audit(tx, who, "x", s.afi, nil, make(chan int)) }); err == nil {
		t.Error("a value without JSON is written")
	}
}

func TestYears(t *testing.T) {
	db := open(t)
	view(t, db, func(tx *store.Tx) {
		if _, err := school.CurrentYear(tx); !errors.Is(err, school.ErrNoYear) {
			t.Errorf("no year: %v", err)
		}
	})
	update(t, db, func(tx *store.Tx) error {
		for _, y := range []school.Year{
			{Label: "2026-2027", From: "2026-09-14", Until: "2027-07-02"}, {Label: "2025-2026", From: "2025-09-15", Until: "2026-07-03"},
		} {
			if _, err := school.Years.Add(tx, y); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, db, func(tx *store.Tx) {
		for day, want := range map[string]string{
			"2026-11-23": "2026-2027", "2026-08-01": "2025-2026", "2025-10-01": "2025-2026", "1970-01-01": "2025-2026", "2030-01-01": "2026-2027",
		} {
			if y, err := school.YearOn(tx, day); err != nil || y.Label != want {
				t.Errorf("year on %s: %s %v", day, y.Label, err)
			}
		}
	})
	bad := school.Year{From: "2026-09-14", Until: "2026-09-13", Periods: []school.Period{{Use: "x"}}}
	if got := len(school.RefusalsIn(school.CheckYear(&bad))); got != 2 {
		t.Errorf("%d refusals of a bad year", got)
	}
}

func TestProvisionalMatricules(t *testing.T) {
	db := open(t)
	shape := regexp.MustCompile(`^P-LYTOK-26-\d{4}-[0-9A-Z]$`)
	seen := map[string]bool{}
	var all []string
	for range 50 {
		update(t, db, func(tx *store.Tx) error {
			m, err := school.NextMatricule(tx, "lytok", "2026-2027")
			if err != nil {
				return err
			}
			if !shape.MatchString(m) || seen[m] || !school.Provisional(m) {
				t.Errorf("matricule %q", m)
			}
			seen[m] = true
			all = append(all, m)
			return nil
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		m := school.NormalizeMatricule(rapid.SampledFrom(all).Draw(t, "m"))
		i := rapid.IntRange(0, len(m)-1).Draw(t, "i")
		wrong := m[:i] + string(rapid.SampledFrom([]byte(letters)).Draw(t, "c")) + m[i+1:]
		if wrong != m && school.Provisional(wrong) {
			t.Fatalf("%s passes for %s", wrong, m)
		}
		j := rapid.IntRange(0, len(m)-1).Draw(t, "j")
		b := []byte(m)
		b[i], b[j] = b[j], b[i]
		if string(b) != m && school.Provisional(string(b)) {
			t.Fatalf("%s passes for %s", b, m)
		}
	})
	for _, bad := range []struct{ code, year string }{{"", "2026-2027"}, {"LYCÉE", "2026-2027"}, {"LY TOK!", "2026-2027"}, {"LYTOK", "an"}} {
		err := db.Update(func(tx *store.Tx) error { _, err := school.NextMatricule(tx, bad.code, bad.year); return err })
		if school.RefusalsIn(err) == nil {
			t.Errorf("%v: %v", bad, err)
		}
	}
	update(t, db, func(tx *store.Tx) error { // another year starts again from 1
		m, err := school.NextMatricule(tx, "LYTOK", "2027-2028")
		if err == nil && m[:13] != "P-LYTOK-27-00" {
			err = fmt.Errorf("matricule %q", m)
		}
		return err
	})
}
