package store_test

import (
	"testing"
	"time"

	"preau/store"
	"preau/store/storetest"
)

type visit struct {
	At time.Time `cbor:"1,keyasint,omitzero"`
	N  int       `cbor:"2,keyasint,omitempty"`
}

// TestATimeFindsItsIndexEntryAgain: a millisecond is no binary fraction, and what
// comes back from disk must still be the key under which it was put.
func TestATimeFindsItsIndexEntryAgain(t *testing.T) {
	visits := store.Define(store.Spec[visit]{Name: "t.visits", Home: store.Local, Indexes: []store.Index[visit]{
		{Name: "at", Keys: func(v *visit) [][]byte { return [][]byte{store.Key(v.At)} }},
	}})
	db := storetest.Open(t, visits)
	start := time.Date(2026, 11, 24, 6, 46, 45, 0, time.UTC)
	err := db.Update(func(tx *store.Tx) error {
		for i := range 1000 {
			id, err := visits.Add(tx, visit{At: start.Add(time.Duration(i) * 37 * time.Millisecond)})
			if err != nil {
				return err
			}
			r, err := visits.Get(tx, id)
			if err != nil {
				return err
			}
			if got := r.Value.At.Round(time.Millisecond); !got.Equal(start.Add(time.Duration(i) * 37 * time.Millisecond)) {
				t.Errorf("%v came back as %v", start.Add(time.Duration(i)*37*time.Millisecond), got)
			}
			r.Value.N = i // what was read is written again, and its time is the old one
			if err := visits.Set(tx, id, r.Value); err != nil {
				return err
			}
			if n, err := visits.Count(tx, "at", r.Value.At); err != nil || n != 1 {
				t.Fatalf("%v stands %d times in the index: %v", r.Value.At, n, err)
			}
			if i%2 == 0 {
				if err := visits.Delete(tx, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := db.View(func(tx *store.Tx) error {
		for _, err := range visits.Where(tx, "at") {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	}); err != nil || n != 500 {
		t.Errorf("%d are left: %v", n, err)
	}
}
