package boxsync_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	boxsync "preau/sync"

	"preau/store"
	"preau/store/storetest"
)

// rollBack puts an earlier image of a site's card in place and opens it.
func rollBack(t *testing.T, s *site, card []byte) {
	t.Helper()
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, store.FileName), card, 0o600); err != nil {
		t.Fatal(err)
	}
	s.db = storetest.OpenAt(t, s.dir, storetest.NewClock(), append(boxsync.Collections(), up, down, local)...)
}

func card(t *testing.T, s site) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func set(t *testing.T, db *store.DB, id store.ID, m memo) {
	t.Helper()
	if err := db.Update(func(tx *store.Tx) error { return up.Set(tx, id, m) }); err != nil {
		t.Fatal(err)
	}
}

func TestARolledBackCardGoesOnUnderANewOrigin(t *testing.T) {
	p := newPair(t)
	id := put(t, p.box.db, up, memo{Text: "commun"})
	p.once(t)
	old := card(t, p.box)
	set(t, p.box.db, id, memo{Text: "avant"})
	put(t, p.box.db, up, memo{Text: "perdu-avec-la-carte"})
	p.once(t)
	first := p.box.db.Origin()

	rollBack(t, &p.box, old)
	set(t, p.box.db, id, memo{Text: "après"})
	p.engine = p.newEngine(t, p.box, "TG-1")
	p.once(t)
	if p.box.db.Origin() == first {
		t.Error("the old card wrote on under its old origin")
	}
	for name, db := range map[string]*store.DB{"box": p.box.db, "office": p.office.db} {
		if got := texts(t, db, up); got != "après perdu-avec-la-carte" {
			t.Errorf("the %s holds %q", name, got)
		}
	}
	displaced := func() (list []boxsync.Aside) {
		if err := p.box.db.View(func(tx *store.Tx) (err error) { list, err = boxsync.DisplacedHere(tx); return err }); err != nil {
			t.Fatal(err)
		}
		return list
	}
	aside := displaced()
	if len(aside) != 1 || aside[0].Was.ID != id || !strings.Contains(string(aside[0].Was.Body), "avant") || !strings.Contains(string(aside[0].Now.Body), "après") {
		t.Fatalf("given back: %+v", aside)
	}
	_ = p.box.db.View(func(tx *store.Tx) error {
		if pr, err := store.Progress(tx, id); err != nil || pr.State != store.Arrived {
			t.Errorf("progress %v, %v", pr, err)
		}
		return nil
	})
	if again := p.once(t); again.Sent+again.Received != 0 {
		t.Errorf("nothing new, yet %+v", again)
	}
	// A person takes the older version again: once, and it goes up like any other.
	take := func() error {
		return p.box.db.Update(func(tx *store.Tx) error { _, err := boxsync.Settle(tx, aside[0].ID, true); return err })
	}
	if err := take(); err != nil {
		t.Fatal(err)
	}
	if err := take(); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("settled twice: %v", err)
	}
	p.once(t)
	if got := texts(t, p.office.db, up); got != "avant perdu-avec-la-carte" || len(displaced()) != 0 {
		t.Errorf("taken again: the office holds %q, %d are left", got, len(displaced()))
	}
}

// TestACardFromBetweenLivesIsGivenBackAll puts back cards of which no cursor
// tells that they are old: one copied when a new life had begun and the rows had not
// yet come back, and two of a life that was over, from before it sent anything and
// from when all that it ever sent was there.
func TestACardFromBetweenLivesIsGivenBackAll(t *testing.T) {
	p := newPair(t)
	unused, first := card(t, p.box), p.box.db.Origin()
	put(t, p.box.db, up, memo{Text: "un"})
	p.once(t)
	old := card(t, p.box)
	put(t, p.box.db, up, memo{Text: "deux"})
	p.once(t)
	whole := card(t, p.box)
	back := func(card []byte) {
		t.Helper()
		rollBack(t, &p.box, card)
		p.engine = p.newEngine(t, p.box, "TG-1")
		p.once(t)
		if got := texts(t, p.box.db, up); got != "un deux" {
			t.Errorf("the box holds %q", got)
		}
		if p.box.db.Origin() == first {
			t.Error("the card goes on with a life that was over")
		}
	}

	rollBack(t, &p.box, old)
	head, err := p.box.db.Head(store.Feed{Origin: first, Lane: store.Records})
	if err == nil {
		err = p.box.db.Rebirth(head.Number)
	}
	if err != nil {
		t.Fatal(err)
	}
	between := card(t, p.box)
	p.engine = p.newEngine(t, p.box, "TG-1")
	p.once(t)
	back(between)
	back(unused)
	back(whole)
}

// TestANewBoxOfASchoolIsGivenBackWhatTheSchoolWrote replaces a dead box, and then
// a disk that holds nearly all: what is sent is in proportion to what is missing.
func TestANewBoxOfASchoolIsGivenBackWhatTheSchoolWrote(t *testing.T) {
	p := newPair(t)
	if err := p.box.db.Update(func(tx *store.Tx) error {
		for i := range 2000 {
			if _, err := up.Add(tx, memo{Text: fmt.Sprintf("%x", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	last := put(t, p.box.db, up, memo{Text: "dernier"})
	put(t, p.office.db, down, memo{Text: "circulaire"}, "TG-1")
	p.once(t)
	want := texts(t, p.office.db, up)

	empty := openSite(t)
	p.enrol(t, empty, "TG-1")
	p.engine = p.newEngine(t, empty, "TG-1")
	whole := p.once(t)
	if texts(t, empty.db, up) != want || texts(t, empty.db, down) != "circulaire" {
		t.Error("the new box does not hold what the school wrote")
	}
	set(t, empty.db, last, memo{Text: "dernier, changé"}) // it is the school's own again
	if r := p.once(t); r.Sent != 1 {
		t.Errorf("sent %d", r.Sent)
	}

	// The same disk, put back from its copy before the last change: a new life again.
	if _, err := empty.db.CopyVerified(); err != nil {
		t.Fatal(err)
	}
	set(t, empty.db, last, memo{Text: "changé encore"})
	p.once(t)
	if err := empty.db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.SetAside(empty.dir, storetest.NewClock().Time()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.PutBack(empty.dir); err != nil {
		t.Fatal(err)
	}
	empty.db = storetest.OpenAt(t, empty.dir, storetest.NewClock(), append(boxsync.Collections(), up, down, local)...)
	p.engine = p.newEngine(t, empty, "TG-1")
	little := p.once(t)
	if texts(t, empty.db, up) != texts(t, p.office.db, up) {
		t.Error("the restored box does not hold what the office holds")
	}
	if little.Up+little.Down > (whole.Up+whole.Down)/3 {
		t.Errorf("one record of 2,001 differed: %d bytes, all of them had taken %d", little.Up+little.Down, whole.Up+whole.Down)
	}
	t.Logf("2,001 records: %d up, %d down; one of them: %d up, %d down", whole.Up, whole.Down, little.Up, little.Down)
}
