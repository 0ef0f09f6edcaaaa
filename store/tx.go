package store

import (
	"bytes"
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The prefixes of keys in the one bucket. One bucket, because prefixed keys
// share their upper branches: a commit writes fewer pages. Feed, state and
// digests stand side by side, and digests run downwards, so that the places
// every commit touches lie on neighbouring pages.
const (
	pRow    = 'r' // collection 0 id → row
	pIndex  = 'i' // collection 0 index 0 key id → nothing
	pFeed   = 'f' // home origin lane number → collection 0 id
	pState  = 'g' // small counters
	pDigest = 'h' // origin or site, then ^number → digest
	pOutbox = 'o' // site 0 lane number → id, gone flag
	pMailed = 'p' // id site → lane number gone
	pBlob   = 'b' // hash id collection → nothing
	pAck    = 'k' // feed number → time
	pRecv   = 'q' // feed → cursor
	pSender = 's' // origin → order, site
	pAlien  = 'u' // site 0 collection 0 id → row of a collection this build does not know
)

var bucketName = []byte("preau")

// Tx is one view of the store, or one writer's part of a shared commit. It is
// valid only inside the function it was handed to.
type Tx struct {
	db      *DB
	b       *bolt.Bucket
	write   bool
	undo    []undone
	touched map[string]bool
	seen    func(collection string)
	now     time.Time
	trusted bool
}

type undone struct{ key, value []byte }

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
func (tx *Tx) Commit() uint64 { return uint64(tx.b.Tx().ID()) }

// OnRead has every collection that is read from now on told to fn. The page
// kit holds a handler to what it declared.
func (tx *Tx) OnRead(fn func(collection string)) { tx.seen = fn }

func (tx *Tx) reading(collection string) {
	if tx.seen != nil {
		tx.seen(collection)
	}
}

func (tx *Tx) get(key []byte) []byte { return tx.b.Get(key) }

func (tx *Tx) put(key, value []byte) error {
	tx.remember(key)
	return tx.b.Put(key, value)
}

func (tx *Tx) del(key []byte) error {
	tx.remember(key)
	return tx.b.Delete(key)
}

// remember keeps what stood under key, so that a refused writer can be taken
// out of the commit it shares.
func (tx *Tx) remember(key []byte) {
	tx.undo = append(tx.undo, undone{bytes.Clone(key), bytes.Clone(tx.b.Get(key))})
}

func (tx *Tx) rollback() error {
	for i := len(tx.undo) - 1; i >= 0; i-- {
		u := tx.undo[i]
		var err error
		if u.value == nil {
			err = tx.b.Delete(u.key)
		} else {
			err = tx.b.Put(u.key, u.value)
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
	c := tx.b.Cursor()
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
		if !fn(key, bytes.Clone(v)) {
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

func join(prefix byte, parts ...[]byte) []byte {
	k := make([]byte, 1, 64)
	k[0] = prefix
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

func named(s string) []byte { return append([]byte(s), 0) }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func (tx *Tx) counter(name string) uint64 {
	if v := tx.get(join(pState, []byte(name))); len(v) == 8 {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

func (tx *Tx) setCounter(name string, n uint64) error {
	return tx.put(join(pState, []byte(name)), number(n))
}

func (tx *Tx) touch(collection string) error {
	if tx.touched == nil {
		tx.touched = map[string]bool{}
	}
	if tx.touched[collection] {
		return nil
	}
	tx.touched[collection] = true
	name := "version " + collection
	return tx.setCounter(name, tx.counter(name)+1)
}
