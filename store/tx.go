package store

import (
	"bytes"
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Tx is one view of the store, or one writer's part of a shared commit. It is
// valid only inside the function it was handed to.
type Tx struct {
	db       *DB
	t        *bolt.Tx
	l        layout
	write    bool
	together int // writes of this commit before this one
	undo     []undone
	touched  map[string]bool
	seen     func(collection string)
	now      time.Time
	trusted  bool
	born     Origin // see origin
}

type undone struct {
	in         *bolt.Bucket
	key, value []byte
}

// Now is the time that rows written in this transaction bear, and whether the
// clock is trusted. It never goes below the newest time stored.
func (tx *Tx) Now() (time.Time, bool) {
	if tx.now.IsZero() {
		tx.now, tx.trusted = tx.db.clock.Now()
		tx.now = tx.now.UTC().Truncate(time.Millisecond)
		if newest := time.UnixMilli(tx.db.newest.Load()).UTC(); tx.now.Before(newest) {
			tx.now, tx.trusted = newest, false
		}
	}
	return tx.now, tx.trusted
}

// Commit is the number of the newest commit that this transaction sees. While it
// stands still no version has changed, so nothing need be asked.
func (tx *Tx) Commit() uint64 { return uint64(tx.t.ID()) }

// Writes tells whether the transaction may write: what it reads may never come to be.
func (tx *Tx) Writes() bool { return tx.t.Writable() }

// OnRead has every collection that is read from now on told to fn. The page
// kit holds a handler to what it declared.
func (tx *Tx) OnRead(fn func(collection string)) { tx.seen = fn }

func (tx *Tx) reading(collection string) {
	if tx.seen != nil {
		tx.seen(collection)
	}
}

func (tx *Tx) get(key []byte) []byte { return tx.l.of(key).Get(key) }

func (tx *Tx) put(key, value []byte) error { return tx.putIn(tx.l.of(key), key, value) }

func (tx *Tx) del(key []byte) error { return tx.delIn(tx.l.of(key), key) }

// putIn keeps what stood under key, so that a refused writer can be taken out
// of the commit it shares. The old value stays where it is until the commit,
// so it need not be copied; the key is the caller's to give away.
func (tx *Tx) putIn(b *bolt.Bucket, key, value []byte) error {
	tx.undo = append(tx.undo, undone{b, key, b.Get(key)})
	return b.Put(key, value)
}

func (tx *Tx) delIn(b *bolt.Bucket, key []byte) error {
	old := b.Get(key)
	if old == nil {
		return nil
	}
	tx.undo = append(tx.undo, undone{b, key, old})
	return b.Delete(key)
}

func (tx *Tx) rollback() error {
	for i := len(tx.undo) - 1; i >= 0; i-- {
		u := tx.undo[i]
		var err error
		if u.value == nil {
			err = u.in.Delete(u.key)
		} else {
			err = u.in.Put(u.key, u.value)
		}
		if err != nil {
			return err
		}
	}
	tx.undo = nil
	return nil
}

// scan walks the keys that begin with prefix, from the first after `after`
// (nil: from the start), downwards when reverse. Keys and values are copies.
// fn may write; it returns false to stop.
func (tx *Tx) scan(prefix, after []byte, reverse bool, fn func(k, v []byte) bool) {
	c := tx.l.of(prefix).Cursor()
	var k, v []byte
	switch {
	case reverse && after != nil:
		if k, v = c.Seek(after); k == nil {
			k, v = c.Last()
		}
		for k != nil && bytes.Compare(k, after) >= 0 {
			k, v = c.Prev()
		}
	case reverse:
		end := successor(prefix)
		if end == nil {
			k, v = c.Last()
		} else if k, v = c.Seek(end); k == nil {
			k, v = c.Last()
		}
		for k != nil && end != nil && bytes.Compare(k, end) >= 0 {
			k, v = c.Prev()
		}
	case after != nil:
		if k, v = c.Seek(after); bytes.Equal(k, after) {
			k, v = c.Next()
		}
	default:
		k, v = c.Seek(prefix)
	}
	for k != nil && bytes.HasPrefix(k, prefix) {
		key := bytes.Clone(k)
		before := len(tx.undo)
		if !fn(key, v) {
			return
		}
		switch {
		case len(tx.undo) != before: // fn wrote: the cursor may be lost, find the place again
			k, v = c.Seek(key)
			switch {
			case reverse:
				if k == nil {
					k, v = c.Last()
				}
				for k != nil && bytes.Compare(k, key) >= 0 {
					k, v = c.Prev()
				}
			case bytes.Equal(k, key):
				k, v = c.Next()
			}
		case reverse:
			k, v = c.Prev()
		default:
			k, v = c.Next()
		}
	}
}

// successor is the first key after all that begin with prefix; nil: none.
func successor(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

func (tx *Tx) counter(name string) uint64 {
	if v := tx.get(counterKey(name)); len(v) == 8 {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

func (tx *Tx) setCounter(name string, n uint64) error { return tx.put(counterKey(name), number(n)) }

// Version is the version of a collection by name: it rises with every commit
// that touched it.
func (tx *Tx) Version(collection string) uint64 {
	at := int(tx.db.names.number(collection)) * 8
	if v := tx.get([]byte{pVersion}); at > 0 && len(v) >= at+8 {
		return binary.BigEndian.Uint64(v[at:])
	}
	return 0
}

func (tx *Tx) touch(collection string) error {
	if tx.touched == nil {
		tx.touched = map[string]bool{}
	}
	if tx.touched[collection] {
		return nil
	}
	tx.touched[collection] = true
	at := int(tx.db.names.number(collection)) * 8
	if at == 0 {
		return nil
	}
	old := tx.get([]byte{pVersion})
	v := make([]byte, max(len(old), at+8))
	copy(v, old)
	binary.BigEndian.PutUint64(v[at:], binary.BigEndian.Uint64(v[at:])+1)
	return tx.put([]byte{pVersion}, v)
}
