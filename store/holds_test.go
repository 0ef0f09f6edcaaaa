package store_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"preau/store"
	"preau/store/storetest"
)

// holds is all that a folder holds, as text: records by every index, feeds,
// cursors, outboxes and files. db is the folder's open store, nil to open it. A
// folder without a database is not opened: that would make one.
func holds(dir string, db *store.DB) (text string, err error) {
	var b strings.Builder
	if err := eachBlob(dir, func(name string) { fmt.Fprintln(&b, "blob", name) }); err != nil {
		return "", err
	}
	if db == nil {
		if _, err := os.Stat(filepath.Join(dir, store.FileName)); errors.Is(err, os.ErrNotExist) {
			return b.String() + "no database\n", nil
		}
		db, err = store.Open(dir, store.Options{Collections: all, Clock: storetest.NewClock()})
		if err != nil {
			return "", fmt.Errorf("open: %w", err)
		}
		defer func() { err = errors.Join(err, db.Close()) }()
	}
	lives, err := db.Lives()
	if err != nil {
		return "", err
	}
	fmt.Fprintln(&b, "lives", lives)
	err = db.View(func(tx *store.Tx) error {
		for _, d := range all {
			c := d.(*store.Collection[note])
			for _, index := range []string{"title", "rank"} {
				n, err := c.Count(tx, index)
				if err != nil {
					return err
				}
				fmt.Fprintln(&b, d.Name(), index, n)
			}
			for r, err := range c.All(tx) {
				if err != nil {
					return err
				}
				fmt.Fprintln(&b, d.Name(), r.ID, r.Number, r.Value.Title, r.Value.Rank, r.Value.File.Hash.IsZero(), store.Addressed(tx, r.ID), store.ProgressOfRecord(tx, r.Meta).State == store.Arrived)
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	for _, o := range lives {
		f := store.Feed{Origin: o, Lane: store.Records}
		changes, err := db.Changes(f, store.Cursor{}, 1<<20)
		if err != nil {
			return "", err
		}
		acked, _, err := db.AckedCursor(f)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(&b, "feed", o, len(changes.Rows), changes.To, acked)
	}
	received, err := db.ReceivedFeeds()
	fmt.Fprintln(&b, "received", received)
	return b.String(), err
}

// eachBlob names the blobs in order; one that is not what its name says is an error.
func eachBlob(dir string, fn func(name string)) error {
	folders, err := os.ReadDir(filepath.Join(dir, "blobs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, folder := range folders {
		files, err := os.ReadDir(filepath.Join(dir, "blobs", folder.Name()))
		if err != nil {
			return err
		}
		for _, f := range files {
			text, err := os.ReadFile(filepath.Join(dir, "blobs", folder.Name(), f.Name()))
			if err != nil {
				return err
			}
			if sum := sha256.Sum256(text); f.Name() != store.Hash(sum).String() {
				return fmt.Errorf("blob %s holds other bytes", f.Name())
			}
			fn(f.Name())
		}
	}
	return nil
}

// unfinishedCopies names what lies under a copy's name and is not whole.
func unfinishedCopies(dir string, whole map[[32]byte]bool) (bad []string) {
	list, _ := filepath.Glob(filepath.Join(dir, "copies", "*-"+store.FileName))
	for _, path := range list {
		if text, err := os.ReadFile(path); err != nil || !whole[sha256.Sum256(text)] {
			bad = append(bad, filepath.Base(path))
		}
	}
	slices.Sort(bad)
	return bad
}
