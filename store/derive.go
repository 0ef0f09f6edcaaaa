package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sort"
)

// noteBases remembers of which file each new one is a version: the one that
// stood in the record before it.
func (tx *Tx) noteBases(old *Row, row Row) error {
	if old == nil || row.Home == Scratch {
		return nil
	}
	has := func(list []Blob, h Hash) bool {
		for _, b := range list {
			if b.Hash == h {
				return true
			}
		}
		return false
	}
	for i, b := range row.Blobs {
		if has(old.Blobs, b.Hash) {
			continue
		}
		base := Hash{}
		for j, was := range old.Blobs {
			if !has(row.Blobs, was.Hash) && (was.Name == b.Name || base.IsZero() && i == j) {
				base = was.Hash
			}
		}
		if !base.IsZero() {
			if err := tx.put(join(pBase, b.Hash[:]), base[:]); err != nil {
				return err
			}
		}
	}
	return nil
}

// BaseFor is a file that is here and of which b is likely a new version: the one
// it replaced in its record, else one of the same name and type. false: none.
func (db *DB) BaseFor(b Blob) (base Hash, ok bool, err error) {
	err = db.View(func(tx *Tx) error {
		if v := tx.get(join(pBase, b.Hash[:])); len(v) == len(base) && db.HasBlob(Hash(v)) {
			base, ok = Hash(v), true
			return nil
		}
		var bad error
		tx.scan([]byte{pBlob}, nil, false, func(k, v []byte) bool {
			var other Blob
			if bad = decMode.Unmarshal(v, &other); bad != nil {
				return false
			}
			alike := b.Name != "" && other.Name == b.Name && other.Type == b.Type && other.Hash != b.Hash
			if alike && other.Size < 4*b.Size && b.Size < 4*other.Size && db.HasBlob(other.Hash) {
				base, ok = other.Hash, true
				return false
			}
			return true
		})
		return bad
	})
	return base, ok, err
}

const (
	madePrefix = "made-"
	madeKept   = 32
)

// Derived is a file made from blobs, a difference say, by the name that says
// from which and how. It is made once and kept for a while, so that whoever asks
// for a later part of it, or asks again, gets the same bytes. The caller closes it.
func (db *DB) Derived(name Hash, make func(io.Writer) error) (*os.File, error) {
	path := filepath.Join(db.dir, "partial", madePrefix+name.String())
	if f, err := os.Open(path); err == nil {
		return f, nil
	}
	tmp, err := os.CreateTemp(filepath.Join(db.dir, "partial"), "new-*")
	if err != nil {
		return nil, noRoom("derive", err)
	}
	defer os.Remove(tmp.Name())
	err = make(tmp)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return nil, noRoom("derive", err)
	}
	db.dropOldDerived()
	return os.Open(path)
}

func (db *DB) dropOldDerived() {
	list, err := filepath.Glob(filepath.Join(db.dir, "partial", madePrefix+"*"))
	if err != nil || len(list) <= madeKept {
		return
	}
	age := func(path string) int64 {
		fi, err := os.Stat(path)
		if err != nil {
			return 0
		}
		return fi.ModTime().UnixNano()
	}
	sort.Slice(list, func(i, j int) bool { return age(list[i]) < age(list[j]) })
	for _, path := range list[:len(list)-madeKept] {
		_ = os.Remove(path)
	}
}

// Kept reads what has arrived under a name.
func (db *DB) Kept(name Hash) (*os.File, error) {
	return os.Open(filepath.Join(db.dir, "partial", name.String()))
}

// DropPartial throws away what has arrived under a name.
func (db *DB) DropPartial(name Hash) error {
	err := os.Remove(filepath.Join(db.dir, "partial", name.String()))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
