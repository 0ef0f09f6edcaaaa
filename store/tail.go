package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	bolt "go.etcd.io/bbolt"
)

// tailLength is how many feed entries wait in the tail. They settle together,
// so that the feed's own pages are written once for all of them.
const tailLength = 14

// feedValue is what a feed entry holds: the collection, and the id only when
// the entry's own origin and number are not the id.
func (tx *Tx) feedValue(row Row) []byte {
	v := binary.BigEndian.AppendUint16(nil, tx.db.names.number(row.Collection))
	if row.ID != (ID{row.Origin, row.Number}) {
		v = append(v, row.ID.bytes()...)
	}
	return v
}

// feedRow is the row that a feed entry stands for.
func (tx *Tx) feedRow(f Feed, n uint64, v []byte) []byte {
	id := ID{f.Origin, n}
	if len(v) == 18 {
		id = idOf(v[2:])
	}
	return tx.get(append(append([]byte{pRow}, v[:2]...), id.bytes()...))
}

// addToFeed enters a row under its number. A writer alone in its commit enters it
// in the tail; where many share one, the feed's pages are written anyway.
func (tx *Tx) addToFeed(row Row) error {
	key := feedKey(Feed{Origin: row.Origin, Lane: row.Lane}, row.Home, row.Number)
	if tx.together >= tailLength {
		return tx.put(key, tx.feedValue(row))
	}
	n := 0
	c := tx.l.tail().Cursor()
	for k, _ := c.Seek([]byte{pFeed}); k != nil && k[0] == pFeed; k, _ = c.Next() {
		n++
	}
	if n >= tailLength {
		if err := tx.settle(); err != nil {
			return err
		}
	}
	return tx.putIn(tx.l.tail(), key, tx.feedValue(row))
}

// settle moves the tail's entries into the feed.
func (tx *Tx) settle() error {
	type entry struct{ k, v []byte }
	var list []entry
	c := tx.l.tail().Cursor()
	for k, v := c.Seek([]byte{pFeed}); k != nil && k[0] == pFeed; k, v = c.Next() {
		list = append(list, entry{bytes.Clone(k), bytes.Clone(v)})
	}
	for _, e := range list {
		if err := tx.put(e.k, e.v); err != nil {
			return err
		}
		if err := tx.delIn(tx.l.tail(), e.k); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) fromFeed(key []byte) []byte {
	if v := tx.l.tail().Get(key); v != nil {
		return v
	}
	return tx.get(key)
}

func (tx *Tx) dropFromFeed(key []byte) error {
	if tx.l.tail().Get(key) != nil {
		return tx.delIn(tx.l.tail(), key)
	}
	return tx.del(key)
}

// scanFeed is scan, upwards, over the feed and its tail as one.
func (tx *Tx) scanFeed(prefix, after []byte, fn func(k, v []byte) bool) {
	c := tx.l.tail().Cursor()
	k, v := c.Seek(prefix)
	if after != nil {
		if k, v = c.Seek(after); bytes.Equal(k, after) {
			k, v = c.Next()
		}
	}
	going := true
	upTo := func(limit []byte) {
		for going && k != nil && bytes.HasPrefix(k, prefix) && (limit == nil || bytes.Compare(k, limit) < 0) {
			going = fn(bytes.Clone(k), v)
			k, v = c.Next()
		}
	}
	tx.scan(prefix, after, false, func(fk, fv []byte) bool {
		upTo(fk)
		going = going && fn(fk, fv)
		return going
	})
	upTo(nil)
}

// A line is what has a digest running over it: an origin, or one outbox. Digests
// lie sixteen to a value; the sixteen that this store's own origin is filling
// lie in the tail.
const chunk = 16

func digestKey(line string, n uint64) []byte {
	return join(pDigest, named(line), number((n-1)/chunk))
}

func (tx *Tx) digests(line string, n uint64) (key, v []byte, in *bolt.Bucket) {
	key = digestKey(line, n)
	if v = tx.l.tail().Get(key); v != nil {
		return key, v, tx.l.tail()
	}
	return key, tx.l.feed().Get(key), tx.l.feed()
}

// digest is the digest of a line at a number; zero at zero or where unknown.
func (tx *Tx) digest(line string, n uint64) (d [16]byte) {
	if n == 0 {
		return d
	}
	_, v, _ := tx.digests(line, n)
	if at := int((n - 1) % chunk * 16); len(v) >= at+16 {
		copy(d[:], v[at:])
	}
	return d
}

// matches tells whether the line ever had this digest at this number.
func (tx *Tx) matches(line string, c Cursor) bool {
	return c.Number == 0 || c.Digest != [16]byte{} && tx.digest(line, c.Number) == c.Digest
}

// chain extends the digest of a line by what was committed under number n.
func (tx *Tx) chain(line string, n uint64, what []byte) error {
	before := tx.digest(line, n-1)
	h := sha256.New()
	h.Write(before[:])
	h.Write(what)
	key, v, in := tx.digests(line, n)
	if v == nil && line == tx.origin().String() {
		in = tx.l.tail()
	}
	v = h.Sum(append(make([]byte, 0, len(v)+32), v...))
	v = v[:len(v)-16]
	if len(v) == chunk*16 && in == tx.l.tail() {
		if tx.l.tail().Get(key) != nil {
			if err := tx.delIn(tx.l.tail(), key); err != nil {
				return err
			}
		}
		in = tx.l.feed()
	}
	return tx.putIn(in, key, v)
}
