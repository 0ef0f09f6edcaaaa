package store

import (
	"slices"
)

// origin is the life under which this transaction writes. It is read from the
// store itself: a writer that shares a commit with a Rebirth already sees the
// new one.
func (tx *Tx) origin() Origin {
	if tx.born.IsZero() {
		if v := tx.get(counterKey("origin")); len(v) == len(tx.born) {
			tx.born = Origin(v)
		}
	}
	return tx.born
}

// adopt makes o the origin of all writes from here on.
func (tx *Tx) adopt(o Origin) error {
	if err := tx.put(counterKey("origin"), o[:]); err != nil {
		return err
	}
	if err := tx.setLives(append(tx.lives(), o)); err != nil {
		return err
	}
	tx.born = o
	return tx.setCounter("number", 0)
}

func (tx *Tx) setLives(lives []Origin) error {
	var all []byte
	for _, l := range lives {
		all = append(all, l[:]...)
	}
	return tx.put(counterKey("lives"), all)
}

// lives are the origins this folder has written under, oldest first.
func (tx *Tx) lives() (lives []Origin) {
	for v := tx.get(counterKey("lives")); len(v) >= 8; v = v[8:] {
		lives = append(lives, Origin(v[:8]))
	}
	return lives
}

// Lives are the origins this store has written under, oldest first; the last
// is Origin. More than one means that it was restored.
func (db *DB) Lives() (lives []Origin, err error) {
	err = db.View(func(tx *Tx) error { lives = tx.lives(); return nil })
	return lives, err
}

func endOf(o Origin) string { return "ended " + o.String() }

// Ended is the last number that an earlier life of this store gave and that
// counts; 0 for an origin that is none.
func (db *DB) Ended(o Origin) (n uint64, err error) {
	err = db.View(func(tx *Tx) error { n = tx.counter(endOf(o)); return nil })
	return n, err
}

// Holds tells whether a feed of this store ever stood at a cursor. A peer whose
// cursor it does not hold has seen another history: this store is a rolled-back
// or copied one.
func (db *DB) Holds(f Feed, c Cursor) (ok bool, err error) {
	err = db.View(func(tx *Tx) error {
		ok = c.Number <= tx.head(f).Number && tx.matches(f.line(), c)
		return nil
	})
	return ok, err
}

// Rebirth begins a new life: all later writes bear a new origin. The life that
// ends counts up to common, the last place that a peer is known to share; what
// was written after it is given again under the new origin, so that no number
// of the old one stands for two different writes.
func (db *DB) Rebirth(common uint64) error {
	var born Origin
	err := db.Update(func(tx *Tx) error {
		old := tx.origin()
		common = min(common, tx.counter("number"))
		var again []Row
		for _, home := range []Home{Local, Up, Down} {
			for lane := Control; lane <= Sealed; lane++ {
				f := Feed{Origin: old, Lane: lane}
				prefix := feedKey(f, home, 0)
				prefix = prefix[:len(prefix)-8]
				var bad error
				tx.scanFeed(prefix, feedKey(f, home, common), func(k, v []byte) bool {
					var row Row
					if row, bad = DecodeRow(tx.feedRow(f, numberOf(k), v)); bad != nil {
						return false
					}
					again = append(again, row)
					return true
				})
				if bad != nil {
					return bad
				}
			}
		}
		slices.SortFunc(again, func(a, b Row) int { return int(int64(a.Number) - int64(b.Number)) })
		if err := tx.setCounter(endOf(old), common); err != nil {
			return err
		}
		if err := tx.adopt(newOrigin()); err != nil {
			return err
		}
		for _, row := range again {
			if err := tx.restamp(row); err != nil {
				return err
			}
		}
		born = tx.origin()
		return tx.touch(LifeName)
	})
	if err == nil {
		db.origin.Store(&born)
	}
	return err
}

// LifeName is the name under which Watch tells of a new life.
const LifeName = "life"

// restamp gives a row that this store wrote the next number of its new life.
func (tx *Tx) restamp(row Row) (err error) {
	if err := tx.dropFromFeed(feedKey(Feed{Origin: row.Origin, Lane: row.Lane}, row.Home, row.Number)); err != nil {
		return err
	}
	if row.Origin, row.Number, err = tx.next(row.Home); err != nil {
		return err
	}
	raw, err := EncodeRow(row)
	if err != nil {
		return err
	}
	if err := tx.put(tx.db.rowKey(row.Collection, row.ID), raw); err != nil {
		return err
	}
	if err := tx.addToFeed(row); err != nil {
		return err
	}
	if err := tx.chain(row.Origin.String(), row.Number, raw); err != nil {
		return err
	}
	tx.together++
	if err := tx.touch(row.Collection); err != nil {
		return err
	}
	if row.Home == Down {
		return tx.mailAgain(row)
	}
	return nil
}

// SharedWith is the highest number of this store's own that a site has
// confirmed, in any lane of its outbox: what was written up to there it has
// seen in this very history.
func (db *DB) SharedWith(site string) (n uint64, err error) {
	err = db.View(func(tx *Tx) error {
		for lane := Control; lane <= Sealed; lane++ {
			f := Feed{Origin: tx.origin(), Lane: lane, Site: site}
			acked, _ := tx.acked(f)
			tx.scanFeed(f.prefix(), nil, func(k, v []byte) bool {
				if numberOf(k) > acked.Number {
					return false
				}
				if row, err := DecodeRow(tx.mailedRow(v)); err == nil && row.Origin == f.Origin {
					n = max(n, row.Number)
				}
				return true
			})
		}
		return nil
	})
	return n, err
}
