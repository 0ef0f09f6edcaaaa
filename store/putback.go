package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// PutBack lays the newest verified copy in the place of a database that was set
// aside. Blobs and keys stay as they are. What was written after the copy is not
// in it, so the store begins a new life: it draws a new origin, and no number is
// ever given twice. Nobody may hold the folder, and no database may be in place:
// ErrLocked, ErrNotEmpty; ErrNotFound when there is no copy.
func PutBack(dir string) (path string, at time.Time, err error) {
	lock, err := lockFolder(dir, 200*time.Millisecond)
	if err != nil {
		return "", at, err
	}
	defer lock.Close()
	place := filepath.Join(dir, FileName)
	if _, err := os.Stat(place); !errors.Is(err, os.ErrNotExist) {
		return "", at, fmt.Errorf("%w: %s is there", ErrNotEmpty, place)
	}
	path, at, err = NewestCopy(dir)
	if err != nil {
		return "", at, err
	}
	if path == "" {
		return "", at, fmt.Errorf("%w: no verified copy in %s", ErrNotFound, filepath.Join(dir, "copies"))
	}
	from, err := os.Open(path)
	if err != nil {
		return "", at, fmt.Errorf("store: put back: %w", err)
	}
	defer from.Close()
	tmp := filepath.Join(dir, "partial", "back-"+FileName)
	defer os.Remove(tmp)
	if err := writeSynced(tmp, from); err != nil {
		return "", at, err
	}
	if err := rebirth(tmp); err != nil {
		return "", at, err
	}
	if err := os.Rename(tmp, place); err != nil {
		return "", at, noRoom("put back", err)
	}
	return path, at, syncDir(dir)
}
