package store

import (
	"errors"
	"fmt"
	"slices"
)

// next takes the next number of this store's origin. Scratch has numbers of
// its own, under no origin, so that the gapless ones stay gapless.
func (tx *Tx) next(h Home) (Origin, uint64, error) {
	name, origin := "number", tx.origin()
	if h == Scratch {
		name, origin = "scratch", scratchOrigin
	}
	n := tx.counter(name) + 1
	return origin, n, tx.setCounter(name, n)
}

// scratchOrigin is the origin of rows that never travel.
var scratchOrigin = Origin{'s', 'c', 'r', 'a', 't', 'c', 'h', 0}

// atHome tells whether this store may write a new version of a record.
func (tx *Tx) atHome(m Meta) bool {
	return m.Origin == scratchOrigin || m.Origin == tx.origin() || slices.Contains(tx.lives(), m.Origin)
}

// store writes a row of this store's own with its index, feed and digest. keys
// are its index entries.
func (tx *Tx) store(d Definition, old *Row, row Row, keys [][]byte) error {
	raw, err := tx.place(d, old, row, keys)
	if err != nil || row.Home == Scratch {
		return err
	}
	if old != nil {
		if err := tx.dropFromFeed(feedKey(Feed{Origin: old.Origin, Lane: old.Lane}, old.Home, old.Number)); err != nil {
			return err
		}
	}
	if err := tx.addToFeed(row); err != nil {
		return err
	}
	if err := tx.chain(row.Origin.String(), row.Number, raw); err != nil {
		return err
	}
	tx.together++
	if row.Home == Down && old != nil {
		return tx.mailAgain(row)
	}
	return nil
}

// receive writes a row that somebody else made.
func (tx *Tx) receive(d Definition, old *Row, row Row) error {
	keys, err := tx.indexEntries(d, row)
	if err != nil {
		return err
	}
	_, err = tx.place(d, old, row, keys)
	return err
}

// place writes a row and its index entries, whoever made it. It returns the row
// as it lies on disk.
func (tx *Tx) place(d Definition, old *Row, row Row, keys [][]byte) ([]byte, error) {
	if err := errors.Join(tx.unplace(d, old), tx.noteBases(old, row)); err != nil {
		return nil, err
	}
	key := tx.db.rowKey(row.Collection, row.ID)
	if err := tx.touch(row.Collection); err != nil {
		return nil, err
	}
	if row.Deleted && row.Home == Scratch {
		return nil, tx.del(key)
	}
	raw, err := EncodeRow(row)
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", row.Collection, err)
	}
	if err := tx.put(key, raw); err != nil {
		return nil, fmt.Errorf("store: %s: %w", row.Collection, err)
	}
	for _, k := range keys {
		if err := tx.put(k, []byte{}); err != nil {
			return nil, fmt.Errorf("store: %s: index: %w", row.Collection, err)
		}
	}
	for _, b := range row.Blobs {
		at := tx.db.blobKey(b.Hash, row)
		if err := tx.put(at, mustCBOR(b)); err != nil {
			return nil, err
		}
		if !tx.db.stays(b.Hash) {
			tx.db.hints.lacks(at, b)
		}
	}
	return raw, nil
}

// unplace removes the entries of the version that goes.
func (tx *Tx) unplace(d Definition, old *Row) error {
	if old == nil {
		return nil
	}
	keys, err := tx.indexEntries(d, *old)
	if err != nil {
		return err
	}
	for _, b := range old.Blobs {
		keys = append(keys, tx.db.blobKey(b.Hash, *old))
	}
	for _, k := range keys {
		if err := tx.del(k); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) indexEntries(d Definition, row Row) ([][]byte, error) {
	if row.Format > d.format() {
		return nil, nil // a newer build's row is kept and passed on, not understood
	}
	return d.indexKeys(tx.db, row)
}
