package store

import (
	"errors"
	"fmt"
	"slices"
)

// Written lists what this store wrote under one of its origins at the numbers
// after one and up to another: the newest version of each record once, Local and
// Up, tombstones too, in the order of their numbers.
func (db *DB) Written(o Origin, after, to uint64) (rows []Row, err error) {
	err = db.View(func(tx *Tx) error {
		for _, home := range []Home{Local, Up} {
			for lane := Control; lane <= Sealed; lane++ {
				f := Feed{Origin: o, Lane: lane}
				prefix := feedKey(f, home, 0)
				prefix = prefix[:len(prefix)-8]
				var bad error
				tx.scanFeed(prefix, feedKey(f, home, after), func(k, v []byte) bool {
					if numberOf(k) > to {
						return false
					}
					var row Row
					if row, bad = DecodeRow(tx.feedRow(f, numberOf(k), v)); bad == nil {
						rows = append(rows, row)
					}
					return bad == nil
				})
				if bad != nil {
					return bad
				}
			}
		}
		return nil
	})
	slices.SortFunc(rows, func(a, b Row) int { return int(int64(a.Number) - int64(b.Number)) })
	return rows, err
}

// Revive takes rows, Local and Up, that a lost store of this site wrote: they
// are this store's own again, and its origins earlier lives of this one. lives
// are those, oldest first, with the last number that each gave. Rows that are
// here in a newer version stay; rows of collections that this build does not
// know are counted and left out.
func (db *DB) Revive(lives []Life, rows []Row) (unknown int, err error) {
	err = db.Update(func(tx *Tx) error {
		unknown = 0
		if err := tx.precede(lives); err != nil {
			return err
		}
		for _, row := range rows {
			d := tx.db.known[row.Collection]
			if d == nil {
				unknown++
				continue
			}
			if row.Home != d.home() || row.Home != Local && row.Home != Up || row.Origin == tx.origin() {
				return fmt.Errorf("%w: not a row to revive in %s", ErrBatch, row.Collection)
			}
			if err := tx.revive(d, row); err != nil {
				return err
			}
		}
		return nil
	})
	return unknown, err
}

func (tx *Tx) revive(d Definition, row Row) error {
	var old *Row
	if raw := tx.get(tx.db.rowKey(row.Collection, row.ID)); raw != nil {
		was, err := DecodeRow(raw)
		if err != nil {
			return err
		}
		if !tx.newerLife(row, was) {
			return nil
		}
		if err := tx.dropFromFeed(feedKey(Feed{Origin: was.Origin, Lane: was.Lane}, was.Home, was.Number)); err != nil {
			return err
		}
		old = &was
	}
	if err := tx.lived(row.Origin, row.Number); err != nil {
		return err
	}
	return errors.Join(tx.receive(d, old, row), tx.addToFeed(row))
}

// precede makes origins earlier lives of this store, in this order.
func (tx *Tx) precede(earlier []Life) error {
	known := tx.lives()
	var lives []Origin
	for _, l := range earlier {
		if l.Origin != tx.origin() {
			lives = append(lives, l.Origin)
		}
	}
	for _, o := range known {
		if !slices.Contains(lives, o) {
			lives = append(lives, o)
		}
	}
	if !slices.Equal(lives, known) {
		if err := tx.setLives(lives); err != nil {
			return err
		}
	}
	for _, l := range earlier {
		if l.Ended > tx.counter(endOf(l.Origin)) && l.Origin != tx.origin() {
			if err := tx.setCounter(endOf(l.Origin), l.Ended); err != nil {
				return err
			}
		}
	}
	return nil
}
