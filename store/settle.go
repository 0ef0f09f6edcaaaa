package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	bolt "go.etcd.io/bbolt"
)

var errNoStore = errors.New("holds no store")

// begin reads what the store must know of itself, and brings the file up to
// what this build declares: names that have no number yet, indexes that are new
// or of an earlier format, and rows that were kept for a build that knows them.
func (db *DB) begin() error {
	var todo bool
	err := db.file.View(func(t *bolt.Tx) error {
		tx, err := db.look(t)
		if err != nil {
			return err
		}
		db.newest.Store(int64(tx.counter("newest")))
		todo = tx.unsettled()
		return nil
	})
	if err != nil || !todo {
		return err
	}
	err = db.file.Update(func(t *bolt.Tx) error {
		tx, err := db.look(t)
		if err != nil {
			return err
		}
		tx.write = true
		return tx.adapt()
	})
	if err == nil {
		return nil
	}
	return fmt.Errorf("store: open: %w", noRoom("adapt to this build", err))
}

func (db *DB) look(t *bolt.Tx) (*Tx, error) {
	l, ok := layoutOf(t)
	if !ok {
		return nil, &DamagedError{Path: db.file.Path(), Err: errNoStore}
	}
	tx := &Tx{db: db, t: t, l: l}
	db.names = tx.readNames()
	if tx.origin().IsZero() {
		return nil, &DamagedError{Path: db.file.Path(), Err: errors.New("no origin")}
	}
	db.origin.Store(&tx.born)
	return tx, nil
}

// shape is what the index entries of a collection depend on.
func shape(d Definition) []byte {
	return []byte(strconv.Itoa(int(d.format())) + "\x00" + strings.Join(d.indexNames(), "\x00"))
}

func shapeKey(d Definition) []byte { return counterKey("shape " + d.Name()) }

func (tx *Tx) unsettled() bool {
	if tx.db.names.number(ProgressName) == 0 {
		return true
	}
	for _, d := range tx.db.known {
		if !bytes.Equal(tx.get(shapeKey(d)), shape(d)) {
			return true
		}
	}
	found := false
	tx.aliens(func(_, _ string, _ []byte) { found = true })
	return found
}

func (tx *Tx) adapt() error {
	if err := tx.giveNumber(ProgressName); err != nil {
		return err
	}
	for _, d := range tx.db.known {
		if bytes.Equal(tx.get(shapeKey(d)), shape(d)) {
			continue
		}
		if err := tx.reindex(d); err != nil {
			return err
		}
		if err := tx.put(shapeKey(d), shape(d)); err != nil {
			return err
		}
	}
	var todo [][3]string
	tx.aliens(func(site, collection string, prefix []byte) {
		todo = append(todo, [3]string{site, collection, string(prefix)})
	})
	for _, t := range todo {
		if err := tx.adoptRows(t[0], []byte(t[2])); err != nil {
			return err
		}
	}
	return nil
}

// giveNumber gives a name the next number, for ever.
func (tx *Tx) giveNumber(name string) error {
	if tx.db.names.number(name) != 0 {
		return nil
	}
	n := max(1, len(*tx.db.names.list(name)))
	if n > 0xffff {
		return errors.New("store: too many names")
	}
	tx.db.names.add(name, uint16(n))
	return tx.put(join(pName, []byte(name)), binary.BigEndian.AppendUint16(nil, uint16(n)))
}

// reindex makes the index entries of a collection anew.
func (tx *Tx) reindex(d Definition) error {
	if err := tx.giveNumber(d.Name()); err != nil {
		return err
	}
	for _, ix := range d.indexNames() {
		if err := tx.giveNumber(d.Name() + "\x00" + ix); err != nil {
			return err
		}
	}
	for name := range tx.db.names.of {
		if of, ix, ok := strings.Cut(name, "\x00"); ok && of == d.Name() {
			if err := tx.clear(tx.db.indexBase(of, ix)); err != nil {
				return err
			}
		}
	}
	var bad error
	tx.scan(tx.db.rowKey(d.Name(), ID{})[:3], nil, false, func(_, v []byte) bool {
		var row Row
		var keys [][]byte
		if row, bad = DecodeRow(v); bad != nil {
			return false
		}
		if keys, bad = tx.indexEntries(d, row); bad != nil {
			return false
		}
		for _, k := range keys {
			if bad = tx.put(k, []byte{}); bad != nil {
				return false
			}
		}
		return true
	})
	return bad
}

func (tx *Tx) clear(prefix []byte) error {
	var keys [][]byte
	tx.scan(prefix, nil, false, func(k, _ []byte) bool { keys = append(keys, k); return true })
	for _, k := range keys {
		if err := tx.del(k); err != nil {
			return err
		}
	}
	return nil
}

// aliens finds the senders and collections whose rows were kept unknown and
// which this build knows. It jumps from one to the next.
func (tx *Tx) aliens(fn func(site, collection string, prefix []byte)) {
	c := tx.l.rows().Cursor()
	for k, _ := c.Seek([]byte{pAlien}); k != nil && k[0] == pAlien; {
		site, rest, _ := bytes.Cut(k[1:], []byte{0})
		collection, _, _ := bytes.Cut(rest, []byte{0})
		prefix := join(pAlien, named(string(site)), named(string(collection)))
		if tx.db.knows(string(collection)) {
			fn(string(site), string(collection), prefix)
		}
		k, _ = c.Seek(successor(prefix))
	}
}

// adoptRows applies the rows under prefix as if they came now.
func (tx *Tx) adoptRows(site string, prefix []byte) error {
	var bad error
	left := tx.counter("unknown " + site)
	tx.scan(prefix, nil, false, func(k, v []byte) bool {
		var row Row
		if row, bad = DecodeRow(v); bad != nil {
			return false
		}
		if want := tx.db.known[row.Collection].home(); want != row.Home {
			tx.db.log.Warn("rows kept for a later build are not written there", "collection", row.Collection)
		} else if bad = tx.apply(row, site); bad != nil {
			return false
		}
		left--
		bad = tx.del(k)
		return bad == nil
	})
	if bad != nil {
		return bad
	}
	return tx.setCounter("unknown "+site, left)
}
