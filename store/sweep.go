package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// SweepBlobs removes the blobs that no record names any more, neither here nor in
// a verified copy: those of deleted records, and those whose record was never
// written. One goes only when two sweeps in a row, of the same open store, found
// it so: its record may be on its way, and no clock need be asked. It gives how
// many went and their bytes.
func (db *DB) SweepBlobs() (n int, bytes int64, err error) {
	found := map[Hash]bool{}
	if err := db.eachBlob(func(h Hash) { found[h] = true }); err != nil {
		return 0, 0, err
	}
	keep := func(h Hash) { delete(found, h) }
	if err := db.View(func(tx *Tx) error { return tx.named(keep) }); err != nil {
		return 0, 0, err
	}
	copies, err := copiesIn(db.dir)
	for _, name := range copies {
		err = errors.Join(err, namedInCopy(filepath.Join(db.dir, "copies", name), keep))
	}
	if err != nil { // better too much than a copy whose files are gone
		return 0, 0, fmt.Errorf("store: sweep: %w", err)
	}
	db.unnamed.Lock()
	defer db.unnamed.Unlock()
	for h := range found {
		if !db.unnamed.before[h] {
			continue
		}
		fi, err := os.Stat(db.blobPath(h))
		if err == nil {
			err = os.Remove(db.blobPath(h))
		}
		if err != nil {
			return n, bytes, fmt.Errorf("store: sweep: %w", err)
		}
		delete(found, h)
		n, bytes = n+1, bytes+fi.Size()
	}
	db.unnamed.before = found
	return n, bytes, nil
}

// eachBlob walks the blobs that are here.
func (db *DB) eachBlob(fn func(h Hash)) error {
	folders, err := os.ReadDir(filepath.Join(db.dir, "blobs"))
	for _, folder := range folders {
		files, bad := os.ReadDir(filepath.Join(db.dir, "blobs", folder.Name()))
		err = errors.Join(err, bad)
		for _, f := range files {
			if h, bad := ParseHash(f.Name()); bad == nil {
				fn(h)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("store: sweep: %w", err)
	}
	return nil
}

// namedInCopy walks the blobs that a copy's rows name. A panic is damage.
func namedInCopy(path string, fn func(h Hash)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %v", path, p)
		}
	}()
	file, err := openToRead(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.View(func(t *bolt.Tx) error {
		l, ok := layoutOf(t)
		if !ok {
			return errNoStore
		}
		return (&Tx{db: &DB{}, t: t, l: l}).named(fn)
	})
}

// named walks the blobs that rows name, those of collections that this build does
// not know included, and of each the version before: to who still has that one, the
// new one travels as a difference.
func (tx *Tx) named(fn func(h Hash)) (err error) {
	tx.scan([]byte{pBlob}, nil, false, func(k, _ []byte) bool {
		fn(Hash(k[1:33]))
		if base := tx.get(join(pBase, k[1:33])); len(base) == len(Hash{}) {
			fn(Hash(base))
		}
		return true
	})
	tx.scan([]byte{pAlien}, nil, false, func(_, v []byte) bool {
		var row Row
		if row, err = DecodeRow(v); err != nil {
			return false
		}
		for _, b := range row.Blobs {
			fn(b.Hash)
		}
		return true
	})
	return err
}
