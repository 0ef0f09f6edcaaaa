package boxsync

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"preau/store"
)

// simRows are the live records of a collection: id, and a print of what it says.
func simRows(db *store.DB, c *store.Collection[simMemo], only func(tx *store.Tx, id store.ID) bool) (map[store.ID]string, error) {
	all := map[store.ID]string{}
	err := db.View(func(tx *store.Tx) error {
		for r, err := range c.All(tx) {
			if err != nil {
				return err
			}
			if only == nil || only(tx, r.ID) {
				all[r.ID] = fmt.Sprintf("%s %x", r.Value.Text, sha256.Sum256(r.Value.File.Hash[:]))[:24]
			}
		}
		return nil
	})
	return all, err
}

// honest asks that no box says of a record that the ministry has it when the
// ministry has not.
func (w *sim) honest() error {
	if w.rolled {
		return nil // what the office lost, boxes learn at their next call
	}
	for _, b := range w.boxes {
		items, err := w.office.db.ItemsFrom(b.school) // a later deletion counts: that version did arrive
		if err != nil {
			return err
		}
		theirs := map[store.ID]store.Item{}
		for _, it := range items {
			theirs[it.ID] = it
		}
		if err := b.db.View(func(tx *store.Tx) error {
			for r, err := range simUp.All(tx) {
				if err != nil {
					return err
				}
				it, there := theirs[r.ID]
				there = there && (it.Origin != r.Origin || it.Number >= r.Number)
				if !there && store.ProgressOfRecord(tx, r.Meta).State == store.Arrived {
					return fmt.Errorf("%s says that %s %q has arrived; the office does not have it", b.school, r.ID, r.Value.Text)
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// settle lets everything through and compares.
func (w *sim) settle() error {
	for _, b := range w.boxes {
		b.link.CutAfter(0)
		b.link.Down(false)
		b.budget = nil
		b.begin()
	}
	for round := range 5 {
		for _, b := range w.boxes {
			r, err := w.call(b)
			w.say("%s settles: sent %d, received %d, %v", b.school, r.Sent, r.Received, err)
			if err != nil && round > 2 {
				return err
			}
		}
	}
	theirs, err := simRows(w.office.db, simUp, nil)
	if err != nil {
		return err
	}
	sum := 0
	for _, b := range w.boxes {
		ours, err := simRows(b.db, simUp, nil)
		if err != nil {
			return err
		}
		sum += len(ours)
		for id, text := range ours {
			if theirs[id] != text {
				return fmt.Errorf("%s has %s %q, the office %q", b.school, id, text, theirs[id])
			}
		}
		want, err1 := simRows(w.office.db, simDown, func(tx *store.Tx, id store.ID) bool {
			return slices.Contains(store.Addressed(tx, id), b.school)
		})
		got, err2 := simRows(b.db, simDown, nil)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		for id, text := range want {
			if got[id] != text {
				return fmt.Errorf("%s was sent %s %q and has %q", b.school, id, text, got[id])
			}
		}
		if len(got) != len(want) && !w.rolled {
			return fmt.Errorf("%s was sent %d records and has %d", b.school, len(want), len(got))
		}
		for name, db := range map[string]*store.DB{b.school: b.db, "office": w.office.db} {
			missing, err := db.Missing()
			if err != nil {
				return err
			}
			for _, m := range missing {
				// What no record of the office names any more, it lost with its past.
				if b.db.HasBlob(m.Hash) || w.office.db.HasBlob(m.Hash) && name != "office" && w.named(m.Hash) {
					return fmt.Errorf("%s still misses a file that %s or the office has", name, b.school)
				}
			}
		}
	}
	for _, b := range w.boxes {
		if n := b.engine.Status().Pending.Records; n > 0 {
			return fmt.Errorf("%s says that %d records wait", b.school, n)
		}
	}
	if sum != len(theirs) {
		return fmt.Errorf("the boxes have %d records, the office %d of them", sum, len(theirs))
	}
	w.rolled = false // what the office lost, all have learned by now
	return w.honest()
}

// named tells whether a record of the office names a file.
func (w *sim) named(h store.Hash) (yes bool) {
	_ = w.office.db.View(func(tx *store.Tx) error {
		rows, err := tx.Wanted(h)
		yes = len(rows) > 0
		return err
	})
	return yes
}
