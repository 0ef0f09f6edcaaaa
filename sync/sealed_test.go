package boxsync_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"filippo.io/age"

	boxsync "preau/sync"

	"preau/store"
)

func ageKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func seal(t *testing.T, s site, to *age.X25519Identity) int {
	t.Helper()
	n, err := (&boxsync.Sealer{DB: s.db, Key: loadKey(t, s), Recovery: to.Recipient().String(), Keys: func() (map[string][]byte, error) {
		return map[string][]byte{"pepper": []byte("grains")}, nil
	}}).Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// moved exchanges until nothing is left to fetch.
func moved(t *testing.T, e *boxsync.Engine, db *store.DB) {
	t.Helper()
	for range 20 {
		if _, err := e.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if missing, err := db.Missing(); err != nil || len(missing) == 0 {
			return
		}
	}
	t.Fatal("files are still missing")
}

func TestADeadBoxComesBackFromTheOffice(t *testing.T) {
	p := newPair(t)
	key, escrow1, escrow2 := ageKey(t), ageKey(t), ageKey(t)
	if err := p.office.db.Update(func(tx *store.Tx) error {
		if err := boxsync.SetEscrow(tx, []string{escrow1.Recipient().String()}, []string{"TG-1"}); err == nil {
			t.Error("one escrow key was taken")
		}
		return boxsync.SetEscrow(tx, []string{escrow1.Recipient().String(), escrow2.Recipient().String()}, []string{"TG-1"})
	}); err != nil {
		t.Fatal(err)
	}
	put(t, p.office.db, down, memo{Text: "circulaire"}, "TG-1")
	p.once(t)
	photo := blob(t, p.box.db, "une photo d’élève")
	first := put(t, p.box.db, local, memo{Text: "note 12", File: photo})
	gone := put(t, p.box.db, local, memo{Text: "effacé"})
	put(t, p.box.db, up, memo{Text: "rapport", File: blob(t, p.box.db, "une annexe")})
	if n := seal(t, p.box, key); n != 1 {
		t.Errorf("%d segments", n)
	}
	moved(t, p.engine, p.office.db)
	if err := p.box.db.Update(func(tx *store.Tx) error {
		return errors.Join(local.Set(tx, first, memo{Text: "note 14", File: photo}), local.Delete(tx, gone))
	}); err != nil {
		t.Fatal(err)
	}
	many(t, p.box.db, 700)
	if n := seal(t, p.box, key); n != 1 || seal(t, p.box, key) != 0 {
		t.Errorf("%d more segments", n)
	}
	moved(t, p.engine, p.office.db)
	p.once(t)
	put(t, p.box.db, local, memo{Text: "perdu avec la carte"}) // never left the box

	// The office holds it and cannot read it.
	if texts(t, p.office.db, local) != "" {
		t.Error("the office holds Local records")
	}

	// A new box: another key, another origin.
	replace := func() (site, *boxsync.Engine) {
		s := openSite(t)
		p.enrol(t, s, "TG-1")
		e := p.newEngine(t, s, "TG-1")
		moved(t, e, s.db)
		return s, e
	}
	fresh, engine := replace()
	if _, err := boxsync.Unseal(t.Context(), fresh.db, []age.Identity{ageKey(t)}, nil); !errors.Is(err, boxsync.ErrSealedKey) {
		t.Errorf("another key: %v", err)
	}
	if texts(t, fresh.db, local) != "" {
		t.Error("another key opened something")
	}
	for range 2 { // again changes nothing
		u, err := boxsync.Unseal(t.Context(), fresh.db, []age.Identity{key}, nil)
		if err != nil || u.Segments != 2 || string(u.Keys["pepper"]) != "grains" {
			t.Fatalf("%+v, %v", u, err)
		}
	}
	if got := texts(t, fresh.db, local); got != "note 14" {
		t.Errorf("Local: %q", got)
	}
	if n := len(strings.Fields(texts(t, fresh.db, up))); n != 701 || texts(t, fresh.db, down) != "circulaire" {
		t.Errorf("%d Up records, Down %q", n, texts(t, fresh.db, down))
	}
	if !fresh.db.HasBlob(photo.Hash) {
		t.Error("the photo is not back")
	}
	if fresh.db.Origin() == p.box.db.Origin() {
		t.Error("the origin is the dead box's")
	}
	// It lives on: edits what it got back, and the office has all of it once.
	if err := fresh.db.Update(func(tx *store.Tx) error { return local.Set(tx, first, memo{Text: "note 15", File: photo}) }); err != nil {
		t.Fatal(err)
	}
	put(t, fresh.db, up, memo{Text: "suite"})
	if n := seal(t, fresh, key); n == 0 {
		t.Error("the new life seals nothing")
	}
	moved(t, engine, p.office.db)
	if n := len(strings.Fields(texts(t, p.office.db, up))); n != 702 {
		t.Errorf("the office holds %d records", n)
	}
	// And dies too: an escrow key opens both lives.
	third, _ := replace()
	if u, err := boxsync.Unseal(t.Context(), third.db, []age.Identity{escrow2}, nil); err != nil {
		t.Errorf("escrow: %+v, %v", u, err)
	}
	if got := texts(t, third.db, local); got != "note 15" {
		t.Errorf("after two deaths: %q", got)
	}
}

func TestManySegmentsBecomeOneBase(t *testing.T) {
	p := newPair(t)
	key := ageKey(t)
	for i := range 70 {
		put(t, p.box.db, local, memo{Text: fmt.Sprint(i)})
		seal(t, p.box, key)
	}
	n := 0
	if err := p.box.db.View(func(tx *store.Tx) error {
		list, err := boxsync.Segments(tx)
		n = len(list)
		return err
	}); err != nil || n > 61 {
		t.Errorf("%d segments, %v", n, err)
	}
	moved(t, p.engine, p.office.db)
	fresh := openSite(t)
	p.enrol(t, fresh, "TG-1")
	moved(t, p.newEngine(t, fresh, "TG-1"), fresh.db)
	if _, err := boxsync.Unseal(t.Context(), fresh.db, []age.Identity{key}, nil); err != nil {
		t.Fatal(err)
	}
	if got := len(strings.Fields(texts(t, fresh.db, local))); got != 70 {
		t.Errorf("%d records came back", got)
	}
}

func TestANewBoxIsNotGivenWhatAnotherSchoolNames(t *testing.T) {
	p := newPair(t)
	other := openSite(t)
	p.enrol(t, other, "TG-2")
	file := blob(t, other.db, strings.Repeat("le rapport d’un autre lycée\n", 300))
	put(t, other.db, up, memo{Text: "le leur", File: file})
	moved(t, p.newEngine(t, other, "TG-2"), p.office.db)
	put(t, p.box.db, up, memo{Text: "je le nomme", File: file})
	p.once(t)
	if p.box.db.HasBlob(file.Hash) {
		t.Error("given for being named")
	}
	blob(t, p.box.db, strings.Repeat("le rapport d’un autre lycée\n", 300)) // the check at the end wants what own records name
}
