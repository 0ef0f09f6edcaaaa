package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// snapshot writes the store as it stands into a new file at path, without
// Scratch and without holes, and reads the file back whole: its contents must be
// what was written.
func (db *DB) snapshot(path string) error {
	options := boltOptions()
	options.NoSync, options.NoGrowSync = true, true // synced once, at the end
	file, err := bolt.Open(path, 0o600, options)
	if err != nil {
		return noRoom("snapshot", err)
	}
	want := sha256.New()
	err = db.View(func(tx *Tx) error {
		for _, name := range buckets {
			if err := db.copyBucket(tx.t.Bucket(name), file, name, want); err != nil {
				return noRoom("snapshot", err)
			}
		}
		return nil
	})
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	got := sha256.New()
	back, err := openToRead(path)
	if err != nil {
		return fmt.Errorf("store: snapshot: %w", err)
	}
	defer back.Close()
	err = back.View(func(t *bolt.Tx) error {
		if _, ok := layoutOf(t); !ok {
			return errNoStore
		}
		for _, name := range buckets {
			if err := t.Bucket(name).ForEach(func(k, v []byte) error { digestPair(got, k, v); return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && !bytes.Equal(want.Sum(nil), got.Sum(nil)) {
		err = errors.New("store: the snapshot does not hold what was written")
	}
	return err
}

func digestPair(h hash.Hash, k, v []byte) {
	h.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(len(k))), uint32(len(v))))
	h.Write(k)
	h.Write(v)
}

// copyBucket writes a bucket's pairs, a few megabytes a transaction.
func (db *DB) copyBucket(from *bolt.Bucket, file *bolt.DB, name []byte, sum hash.Hash) error {
	cursor := from.Cursor()
	k, v := cursor.First()
	for first := true; k != nil || first; first = false {
		err := file.Update(func(t *bolt.Tx) error {
			b, err := t.CreateBucketIfNotExists(name)
			if err != nil {
				return err
			}
			b.FillPercent = 0.9 // keys come in order
			for n := 0; k != nil && n < 4<<20; k, v = cursor.Next() {
				if db.scratch(k) {
					continue
				}
				digestPair(sum, k, v)
				n += len(k) + len(v)
				if err := b.Put(k, v); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// scratch tells whether a key belongs to a Scratch collection.
func (db *DB) scratch(k []byte) bool {
	var name string
	switch k[0] {
	case pRow:
		name = db.names.collection(binary.BigEndian.Uint16(k[1:]))
	case pBlob:
		name = db.names.collection(binary.BigEndian.Uint16(k[len(k)-2:]))
	case pIndex:
		name = db.names.owner(binary.BigEndian.Uint16(k[1:]))
	}
	d := db.known[name]
	return d != nil && d.home() == Scratch
}

// copiesKept is how many verified copies stay in DIR/copies.
const copiesKept = 3

const copyTime = "20060102T150405.000Z"

// CopyVerified lays a verified copy of the database into DIR/copies and drops
// the oldest beyond three. The copy appears under its name only when it has been
// read back.
func (db *DB) CopyVerified() (path string, err error) {
	dir := filepath.Join(db.dir, "copies")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", noRoom("copy", err)
	}
	now, _ := db.clock.Now()
	tmp := filepath.Join(dir, "new")
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", noRoom("copy", err)
	}
	if err := db.snapshot(tmp); err != nil {
		return "", errors.Join(err, os.Remove(tmp))
	}
	path = filepath.Join(dir, now.UTC().Format(copyTime)+"-"+FileName)
	if err := os.Rename(tmp, path); err != nil {
		return "", noRoom("copy", err)
	}
	if err := syncDir(dir); err != nil {
		return "", err
	}
	names, err := copiesIn(db.dir)
	for len(names) > copiesKept && err == nil {
		err = os.Remove(filepath.Join(dir, names[0]))
		names = names[1:]
	}
	return path, err
}

func copiesIn(dir string) (names []string, err error) {
	list, err := os.ReadDir(filepath.Join(dir, "copies"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, e := range list {
		if strings.HasSuffix(e.Name(), "-"+FileName) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, err
}

// NewestCopy is the newest verified copy in DIR/copies and when it was made;
// "" when there is none.
func NewestCopy(dir string) (path string, at time.Time, err error) {
	names, err := copiesIn(dir)
	if err != nil || len(names) == 0 {
		return "", time.Time{}, err
	}
	name := names[len(names)-1]
	at, err = time.Parse(copyTime, strings.TrimSuffix(name, "-"+FileName))
	return filepath.Join(dir, "copies", name), at, err
}

// SetAside moves the database of a folder that nobody holds to
// DIR/aside/TIME-preau.db and returns that path. Nothing is deleted.
func SetAside(dir string, now time.Time) (path string, err error) {
	aside := filepath.Join(dir, "aside")
	if err := os.MkdirAll(aside, 0o700); err != nil {
		return "", noRoom("set aside", err)
	}
	path = filepath.Join(aside, now.UTC().Format(copyTime)+"-"+FileName)
	if err := os.Rename(filepath.Join(dir, FileName), path); err != nil {
		return "", noRoom("set aside", err)
	}
	return path, errors.Join(syncDir(aside), syncDir(dir))
}
