package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
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
	file, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, PageSize: 4096, FreelistType: bolt.FreelistArrayType, NoFreelistSync: false})
	if err != nil {
		return noRoom("snapshot", err)
	}
	want := sha256.New()
	err = db.View(func(tx *Tx) error {
		cursor := tx.b.Cursor()
		k, v := cursor.First()
		for k != nil {
			err := file.Update(func(t *bolt.Tx) error {
				b, err := t.CreateBucketIfNotExists(bucketName)
				if err != nil {
					return err
				}
				b.FillPercent = 0.95 // keys come in order
				for n := 0; k != nil && n < 4<<20; k, v = cursor.Next() {
					if db.scratch(k) {
						continue
					}
					want.Write(k)
					want.Write(v)
					n += len(k) + len(v)
					if err := b.Put(bytes.Clone(k), bytes.Clone(v)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return noRoom("snapshot", err)
			}
		}
		return nil
	})
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
		b := t.Bucket(bucketName)
		if b == nil {
			return errors.New("store: the snapshot is empty")
		}
		return b.ForEach(func(k, v []byte) error {
			got.Write(k)
			got.Write(v)
			return nil
		})
	})
	if err == nil && !bytes.Equal(want.Sum(nil), got.Sum(nil)) {
		err = errors.New("store: the snapshot does not hold what was written")
	}
	return err
}

// scratch tells whether a key belongs to a Scratch collection.
func (db *DB) scratch(k []byte) bool {
	if k[0] != pRow && k[0] != pIndex {
		return false
	}
	name, _, _ := bytes.Cut(k[1:], []byte{0})
	d := db.known[string(name)]
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
