package appliance

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"syscall"
	"time"

	"preau/store"
)

// serving is the file that says that a server is at work, and since when. A
// server that finds it at its start knows that the last one was not stopped.
const serving = "serving"

// enter notes that a server is at work in dir and tells whether the last one
// stopped in order. A disk without room for the note's text is no reason not to
// serve: that the file is there says enough, and without it the next start looks
// no less.
func enter(dir string, now time.Time) (clean bool, err error) {
	path := filepath.Join(dir, serving)
	_, err = os.Stat(path)
	clean = errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, now.UTC().Format(time.RFC3339))
		err = errors.Join(err, f.Sync(), f.Close(), syncFolder(dir))
	}
	if err != nil && !errors.Is(err, syscall.ENOSPC) {
		return clean, fmt.Errorf("appliance: note the start: %w", err)
	}
	return clean, nil
}

// leave notes that the server stopped in order.
func leave(dir string) error {
	err := os.Remove(filepath.Join(dir, serving))
	if errors.Is(err, fs.ErrNotExist) { // no room for it at the start
		err = nil
	}
	return errors.Join(err, syncFolder(dir))
}

// moveAside puts a damaged database away, unless the store did.
func moveAside(damage *store.DamagedError, dir string, now time.Time) (err error) {
	if damage.Aside == "" {
		damage.Aside, err = store.SetAside(dir, now)
	}
	return err
}

// setAside tells that a damaged database was put away and nothing has taken its
// place: a start must not begin an empty one instead.
func setAside(dir string) error {
	if err := halfRestored(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, store.FileName)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	found, err := filepath.Glob(filepath.Join(dir, "aside", "*-"+store.FileName))
	if err != nil || len(found) == 0 {
		return nil
	}
	sort.Strings(found)
	return &store.DamagedError{Path: path, Aside: found[len(found)-1], Err: errors.New("it was set aside earlier")}
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
