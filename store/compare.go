package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
)

// Item is a record's version as two stores compare it: its name, the number of
// its version, and a print of all it says.
type Item struct {
	ID     ID
	Origin Origin
	Number uint64
	Print  [8]byte
}

// Sum is the item's part in the fingerprint of a range.
func (it Item) Sum() (s [16]byte) {
	h := sha256.New()
	h.Write(it.ID.bytes())
	h.Write(it.Origin[:])
	h.Write(number(it.Number))
	h.Write(it.Print[:])
	return [16]byte(h.Sum(nil))
}

func itemOf(raw []byte) (Item, error) {
	row, err := DecodeRow(raw)
	sum := sha256.Sum256(raw)
	return Item{row.ID, row.Origin, row.Number, [8]byte(sum[:])}, err
}

func sorted(items []Item) []Item {
	slices.SortFunc(items, func(a, b Item) int { return a.ID.Compare(b.ID) })
	return items
}

// Compare orders ids by origin, then number.
func (id ID) Compare(other ID) int { return bytes.Compare(id.bytes(), other.bytes()) }

// ItemsOf lists the records of a home that this build knows, tombstones too, in
// the order of their ids: what a box holds.
func (db *DB) ItemsOf(h Home) (items []Item, err error) {
	err = db.View(func(tx *Tx) error {
		for name, d := range db.known {
			if d.home() == h {
				if err := tx.itemsUnder(tx.db.rowKey(name, ID{})[:3], &items); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return sorted(items), err
}

// ItemsFrom lists the Up records that a site ever made: what an office holds.
func (db *DB) ItemsFrom(site string) (items []Item, err error) {
	err = db.View(func(tx *Tx) error {
		for _, o := range tx.origins(site) {
			for name, d := range db.known {
				if d.home() == Up {
					if err := tx.itemsUnder(tx.db.rowKey(name, ID{Origin: o})[:11], &items); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
	return sorted(items), err
}

// ItemsFor lists the Down records addressed to a site, and where its outbox
// stood then, lane by lane.
func (db *DB) ItemsFor(site string) (items []Item, at map[Feed]Cursor, err error) {
	at = map[Feed]Cursor{}
	err = db.View(func(tx *Tx) error {
		for lane := Control; lane <= Sealed; lane++ {
			f := Feed{Origin: tx.origin(), Lane: lane, Site: site}
			at[f] = tx.head(f)
			var bad error
			tx.scanFeed(f.prefix(), nil, func(_, v []byte) bool {
				if v[16] == 1 {
					return true
				}
				var it Item
				it, bad = itemOf(tx.mailedRow(v))
				items = append(items, it)
				return bad == nil
			})
			if bad != nil {
				return bad
			}
		}
		return nil
	})
	return sorted(items), at, err
}

func (tx *Tx) itemsUnder(prefix []byte, items *[]Item) (bad error) {
	tx.scan(prefix, nil, false, func(_, v []byte) bool {
		var it Item
		it, bad = itemOf(v)
		*items = append(*items, it)
		return bad == nil
	})
	return bad
}

// OriginsOf are the origins that a site ever wrote under, in the order in which
// they were met.
func (db *DB) OriginsOf(site string) (list []Origin, err error) {
	err = db.View(func(tx *Tx) error { list = tx.origins(site); return nil })
	return list, err
}

// RowsOf reads records by id; those that are not here are left out.
func (db *DB) RowsOf(ids []ID) (rows []Row, err error) {
	err = db.View(func(tx *Tx) error {
		for _, id := range ids {
			row, err := tx.find(id)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	})
	return rows, err
}

// Fill takes Down rows that a comparison found to differ, outside any feed. They
// count whatever stands here: it may come from a past that their home has lost.
func (db *DB) Fill(rows []Row, gone []ID) error {
	return db.Update(func(tx *Tx) error {
		for _, row := range rows {
			if row.Home != Down {
				return fmt.Errorf("%w: a row of home %d to fill in", ErrBatch, row.Home)
			}
			if _, err := tx.forebear(row.Origin, ""); err != nil {
				return err
			}
			d := tx.db.known[row.Collection]
			if d == nil || d.home() != Down {
				return fmt.Errorf("%w: %s is not filled in", ErrBatch, row.Collection)
			}
			var old *Row
			if raw := tx.get(tx.db.rowKey(row.Collection, row.ID)); raw != nil {
				was, err := DecodeRow(raw)
				if err != nil {
					return err
				}
				old = &was
			}
			if err := tx.receive(d, old, row); err != nil {
				return err
			}
		}
		for _, id := range gone {
			if err := tx.gone(id); err != nil {
				return err
			}
		}
		return nil
	})
}

// Filled notes that a comparison has brought all up to these places of the
// outbox.
func (db *DB) Filled(at map[Feed]Cursor) error {
	return db.Update(func(tx *Tx) error {
		for f, c := range at {
			if _, err := tx.sender(f.Origin, ""); err != nil {
				return err
			}
			if c.Number > tx.received(f).Number {
				if err := tx.put(receivedKey(f), append(number(c.Number), c.Digest[:]...)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// TakeBack takes rows that this school once wrote and this store has not: they
// are its own again. Their origins become earlier lives of it.
func (db *DB) TakeBack(rows []Row) error {
	return db.Update(func(tx *Tx) error {
		for _, row := range rows {
			d := tx.db.known[row.Collection]
			if row.Home != Up || d == nil || d.home() != Up || row.Origin == tx.origin() {
				return fmt.Errorf("%w: not a row to take back", ErrBatch)
			}
			var old *Row
			if raw := tx.get(tx.db.rowKey(row.Collection, row.ID)); raw != nil {
				was, err := DecodeRow(raw)
				if err != nil {
					return err
				}
				if !tx.newerLife(row, was) {
					continue
				}
				if err := tx.dropFromFeed(feedKey(Feed{Origin: was.Origin, Lane: was.Lane}, was.Home, was.Number)); err != nil {
					return err
				}
				old = &was
			}
			if err := tx.lived(row.Origin, row.Number); err != nil {
				return err
			}
			if err := tx.receive(d, old, row); err != nil {
				return err
			}
			if err := tx.addToFeed(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// lived makes o an earlier life of this store that gave numbers up to n.
func (tx *Tx) lived(o Origin, n uint64) error {
	lives := tx.lives()
	if !slices.Contains(lives, o) {
		if err := tx.setLives(slices.Insert(lives, len(lives)-1, o)); err != nil {
			return err
		}
	}
	return tx.setCounter(endOf(o), max(n, tx.counter(endOf(o))))
}

// newerLife tells whether a version that comes back is newer than the one here.
// A life that this store does not know came after all that it knows but the
// present one.
func (tx *Tx) newerLife(back, here Row) bool {
	lives := tx.lives()
	rank := func(o Origin) int {
		switch i := slices.Index(lives, o); {
		case i < 0:
			return 2*len(lives) - 3
		default:
			return 2 * i
		}
	}
	if b, h := rank(back.Origin), rank(here.Origin); b != h {
		return b > h
	}
	return back.Number > here.Number
}

// TookBack notes how far the office holds this store's earlier lives: nothing of
// them is left to send, and the present one is compared.
func (db *DB) TookBack(at map[Feed]Cursor) error {
	return db.Update(func(tx *Tx) error {
		for f, c := range at {
			if f.Origin == tx.origin() {
				continue
			}
			if err := tx.lived(f.Origin, c.Number); err != nil {
				return err
			}
			if err := tx.confirm(f, c); err != nil {
				return err
			}
		}
		return tx.setCompared(tx.origin())
	})
}

// GiveAgain gives these records, if they are this store's and of an earlier
// life, the next numbers of the present one, so that they are sent.
func (db *DB) GiveAgain(ids []ID) error {
	return db.Update(func(tx *Tx) error {
		for _, id := range ids {
			row, err := tx.find(id)
			if errors.Is(err, ErrNotFound) || err == nil && (row.Origin == tx.origin() || !tx.atHome(row.Meta)) {
				continue
			}
			if err != nil {
				return err
			}
			if err := tx.restamp(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// Compared tells whether a peer's life was compared with what is held of its
// site, or this store's own with what the office holds, and SetCompared notes it.
func (db *DB) Compared(life Origin) (yes bool, err error) {
	err = db.View(func(tx *Tx) error { yes = tx.counter("compared "+life.String()) > 0; return nil })
	return yes, err
}

// SetCompared notes that a peer's life was compared.
func (db *DB) SetCompared(life Origin) error {
	return db.Update(func(tx *Tx) error { return tx.setCompared(life) })
}

func (tx *Tx) setCompared(life Origin) error { return tx.setCounter("compared "+life.String(), 1) }
