package store_test

import (
	"errors"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"preau/store"
	"preau/store/storetest"
)

// TestRowsOfAnUnknownCollectionAreKeptForALaterBuild sends a record to a store
// whose build does not know its collection, and opens the store with one that does.
func TestRowsOfAnUnknownCollectionAreKeptForALaterBuild(t *testing.T) {
	box := storetest.Open(t, ups)
	add(t, box, ups, note{Title: "ahead of its time"})
	b, err := box.Changes(store.Feed{Origin: box.Origin(), Lane: store.Records}, store.Cursor{}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	old, err := store.Open(dir, store.Options{Collections: []store.Definition{locals}, Clock: storetest.NewClock()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := old.Apply(b, "TG-1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	later := storetest.OpenAt(t, dir, storetest.NewClock(), locals, ups)
	if got := titles(t, later, ups, store.Query{Index: "title"}); len(got) != 1 || got[0] != "ahead of its time" {
		t.Errorf("the later build sees %v", got)
	}
}

// second is note in its second format: the rank became a text.
type second struct {
	Title string `cbor:"1,keyasint,omitempty"`
	Level string `cbor:"4,keyasint,omitempty"`
}

// TestAnOlderFormatIsReadAndANewerOneIsReadOnly opens one folder by an older and
// a newer build in turn.
func TestAnOlderFormatIsReadAndANewerOneIsReadOnly(t *testing.T) {
	dir := t.TempDir()
	newer := store.Define(store.Spec[second]{
		Name: "t.local", Home: store.Local, Format: 2,
		Migrate: map[uint16]func(map[uint64]cbor.RawMessage) error{1: func(body map[uint64]cbor.RawMessage) error {
			var rank int
			if err := cbor.Unmarshal(body[2], &rank); err != nil {
				return err
			}
			delete(body, 2)
			level, err := cbor.Marshal("level " + string(rune('0'+rank)))
			body[4] = level
			return err
		}},
	})
	open := func(d store.Definition) *store.DB {
		db, err := store.Open(dir, store.Options{Collections: []store.Definition{d}, Clock: storetest.NewClock()})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	db := open(locals)
	id := add(t, db, locals, note{Title: "x", Rank: 3})
	db.Close()
	db = open(newer)
	if err := db.Update(func(tx *store.Tx) error {
		r, err := newer.Get(tx, id)
		if err != nil || r.Value.Level != "level 3" {
			t.Errorf("read as %+v, %v", r.Value, err)
		}
		return newer.Set(tx, id, r.Value)
	}); err != nil {
		t.Fatal(err)
	}
	db.Close()
	db = open(locals)
	defer db.Close()
	err := db.Update(func(tx *store.Tx) error { return locals.Set(tx, id, note{Title: "back"}) })
	if !errors.Is(err, store.ErrNewerFormat) {
		t.Errorf("an older build wrote over it: %v", err)
	}
}

// TestAnOlderBuildKeepsWhatItDoesNotKnow edits a record that holds a key of a
// later build.
func TestAnOlderBuildKeepsWhatItDoesNotKnow(t *testing.T) {
	dir := t.TempDir()
	wider := store.Define(store.Spec[second]{Name: "t.local", Home: store.Local})
	db, err := store.Open(dir, store.Options{Collections: []store.Definition{wider}, Clock: storetest.NewClock()})
	if err != nil {
		t.Fatal(err)
	}
	var id store.ID
	if err := db.Update(func(tx *store.Tx) (err error) { id, err = wider.Add(tx, second{Title: "a", Level: "kept"}); return err }); err != nil {
		t.Fatal(err)
	}
	db.Close()
	db = storetest.OpenAt(t, dir, storetest.NewClock(), store.Define(store.Spec[note]{Name: "t.local", Home: store.Local}))
	narrow := store.Define(store.Spec[note]{Name: "t.local", Home: store.Local})
	if err := db.Update(func(tx *store.Tx) error {
		if err := narrow.Set(tx, id, note{Title: "b"}); err != nil {
			return err
		}
		r, err := wider.Get(tx, id)
		if err != nil || r.Value.Level != "kept" || r.Value.Title != "b" {
			t.Errorf("now %+v, %v", r.Value, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
