package store_test

import (
	"fmt"
	"testing"

	"preau/store"
	"preau/store/storetest"
)

// TestListsCountWhatWaits holds the count of lists against the one that reads every
// row: nothing, some confirmed, all confirmed, records that are gone, other sites.
func TestListsCountWhatWaits(t *testing.T) {
	db := storetest.Open(t, all...)
	sites := []string{"TG-1", "TG-10", "TG-2", "TG-3"}
	agree := func(want ...int) {
		t.Helper()
		if err := db.View(func(tx *store.Tx) error {
			for i, site := range sites {
				n, sum := store.CountWaiting(tx, site), 0
				for lane := store.Control; lane <= store.Sealed; lane++ {
					if records, _ := store.WaitingFor(tx, site, lane); records != n[lane] {
						t.Errorf("%s, lane %d: %d or %d", site, lane, n[lane], records)
					}
					sum += n[lane]
				}
				if sum != want[i] {
					t.Errorf("%s: %d wait, not %d", site, sum, want[i])
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	agree(0, 0, 0, 0)
	if err := db.Update(func(tx *store.Tx) error {
		for i := range 5 {
			id, err := downs.Add(tx, note{Title: fmt.Sprint(i)})
			if err != nil {
				return err
			}
			to := []string{"TG-1", "TG-10", "TG-3"}
			if err := store.Address(tx, id, to); err != nil {
				return err
			}
			if i == 4 { // it left that audience: what waits is the word of it
				if err := store.Address(tx, id, to[:2]); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	agree(5, 5, 0, 5)
	confirm := func(site string, upTo int) {
		t.Helper()
		f := store.Feed{Origin: db.Origin(), Lane: store.Records, Site: site}
		b, err := db.Changes(f, store.Cursor{Origin: f.Origin}, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		to := b.To
		if upTo > 0 {
			if b, err = db.Changes(f, store.Cursor{Origin: f.Origin}, upTo); err != nil {
				t.Fatal(err)
			}
			to = b.To
		}
		if err := db.Acked(f, to); err != nil {
			t.Fatal(err)
		}
	}
	confirm("TG-1", 0)
	confirm("TG-10", 1)
	agree(0, 4, 0, 5)
}
