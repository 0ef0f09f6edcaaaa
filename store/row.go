package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
)

// next takes the next number of this store's origin. Scratch has numbers of
// its own, under no origin, so that the gapless ones stay gapless.
func (tx *Tx) next(h Home) (Origin, uint64, error) {
	name, origin := "number", tx.db.origin
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
	return m.Origin == scratchOrigin || m.Origin == tx.db.origin || slices.Contains(tx.lives(), m.Origin)
}

// store writes a row of this store's own with its index, feed and digest.
func (tx *Tx) store(d Definition, old *Row, row Row) error {
	if err := tx.place(d, old, row); err != nil {
		return err
	}
	if row.Home == Scratch {
		return nil
	}
	if old != nil {
		if err := tx.del(feedKey(Feed{Origin: old.Origin, Lane: old.Lane}, old.Home, old.Number)); err != nil {
			return err
		}
	}
	what := append(named(row.Collection), row.ID.bytes()...)
	if err := tx.put(feedKey(Feed{Origin: row.Origin, Lane: row.Lane}, row.Home, row.Number), what); err != nil {
		return err
	}
	raw, err := EncodeRow(row)
	if err != nil {
		return err
	}
	if err := tx.chain(row.Origin.String(), row.Number, raw); err != nil {
		return err
	}
	if row.Home == Down && old != nil {
		return tx.mailAgain(row)
	}
	return nil
}

// place writes a row and its index entries, whoever made it.
func (tx *Tx) place(d Definition, old *Row, row Row) error {
	if err := tx.unplace(d, old); err != nil {
		return err
	}
	key := rowKey(row.Collection, row.ID)
	if err := tx.touch(row.Collection); err != nil {
		return err
	}
	if row.Deleted && row.Home == Scratch {
		return tx.del(key)
	}
	raw, err := EncodeRow(row)
	if err != nil {
		return fmt.Errorf("store: %s: %w", row.Collection, err)
	}
	if err := tx.put(key, raw); err != nil {
		return fmt.Errorf("store: %s: %w", row.Collection, err)
	}
	keys, err := tx.indexEntries(d, row)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := tx.put(k, []byte{}); err != nil {
			return fmt.Errorf("store: %s: index: %w", row.Collection, err)
		}
	}
	for _, b := range row.Blobs {
		if err := tx.put(blobKey(b.Hash, row), mustCBOR(b)); err != nil {
			return err
		}
	}
	return nil
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
		keys = append(keys, blobKey(b.Hash, *old))
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
	parts, err := d.indexKeys(row)
	if err != nil {
		return nil, err
	}
	keys := make([][]byte, len(parts))
	for i, p := range parts {
		keys[i] = join(pIndex, named(row.Collection), p, row.ID.bytes())
	}
	return keys, nil
}

func blobKey(h Hash, row Row) []byte {
	return join(pBlob, h[:], row.ID.bytes(), []byte(row.Collection))
}

// chain extends the digest of a line of commits (an origin, or one outbox).
func (tx *Tx) chain(line string, n uint64, what []byte) error {
	before := tx.digest(line, n-1)
	h := sha256.New()
	h.Write(before[:])
	h.Write(what)
	return tx.put(digestKey(line, n), h.Sum(nil)[:16])
}

// digest is the digest of a line at a number; zero at zero or where unknown.
func (tx *Tx) digest(line string, n uint64) (d [16]byte) {
	copy(d[:], tx.get(digestKey(line, n)))
	return d
}

// matches tells whether the line ever had this digest at this number.
func (tx *Tx) matches(line string, c Cursor) bool {
	return c.Number == 0 || bytes.Equal(tx.get(digestKey(line, c.Number)), c.Digest[:])
}

// digestKey sorts downwards, newest first: see the prefixes.
func digestKey(line string, n uint64) []byte { return join(pDigest, named(line), number(^n)) }
