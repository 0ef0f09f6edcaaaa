package seal_test

import (
	"errors"
	"testing"

	"preau/school/seal"
	"preau/store"
	"preau/store/storetest"
)

func TestPublishedLists(t *testing.T) {
	db := storetest.Open(t, seal.Collections()...)
	ours, theirs := openKeys(t), openKeys(t)
	current := func(root []byte) (l seal.KeyList, err error) {
		verr := db.View(func(tx *store.Tx) error { l, err = seal.Current(tx, root); return nil })
		return l, errors.Join(err, verr)
	}
	if _, err := current(ours.Root()); !errors.Is(err, seal.ErrNoList) {
		t.Errorf("nothing published: %v", err)
	}
	publish := func(k *seal.Keys) (id store.ID) {
		t.Helper()
		if err := db.Update(func(tx *store.Tx) (err error) { id, err = seal.Publish(tx, k); return err }); err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := publish(ours)
	if publish(ours) != first {
		t.Error("published twice, there are two records")
	}
	if err := ours.Rotate(store.ID{}); err != nil {
		t.Fatal(err)
	}
	if publish(ours) != first {
		t.Error("the next list is another record")
	}
	if err := db.Update(func(tx *store.Tx) error { // a stray list of another office, of a higher number
		for range 3 {
			if err := theirs.Rotate(store.ID{}); err != nil {
				return err
			}
		}
		_, foreign := theirs.List()
		_, err := seal.KeyLists.Add(tx, foreign)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if l, err := current(ours.Root()); err != nil || l.Number != 2 || len(l.Keys) != 2 {
		t.Errorf("current list: n° %d with %d keys, %v", l.Number, len(l.Keys), err)
	}
}
