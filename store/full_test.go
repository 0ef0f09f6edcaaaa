package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"preau/store"
	"preau/store/storetest"
)

// TestAFullDiskRefusesAndRecovers fills a small disk: writes are refused as
// such, reading goes on, and when there is room again all is well.
func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	db, err := store.Open(filepath.Join(dir, "data"), store.Options{Collections: all, Clock: storetest.NewClock()})
	if err != nil {
		t.Fatal(err)
	}
	add(t, db, locals, note{Title: "before"})
	ballast := filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 16<<10))
	}
	f.Close()
	var full error
	for i := range 200 {
		if full = db.Update(func(tx *store.Tx) error {
			_, err := locals.Add(tx, note{Title: strconv.Itoa(i) + strings.Repeat("x", 3000)})
			return err
		}); full != nil {
			break
		}
	}
	if !errors.Is(full, store.ErrFull) {
		t.Fatalf("a full disk says %v", full)
	}
	if _, _, err := db.PutBlob(strings.NewReader(strings.Repeat("b", 1<<20)), 1<<20); !errors.Is(err, store.ErrFull) {
		t.Errorf("a file on a full disk: %v", err)
	}
	if got := titles(t, db, locals, store.Query{Index: "title"}); len(got) == 0 || got[len(got)-1] != "before" && got[0] != "before" {
		t.Errorf("reading on a full disk: %d records", len(got))
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	add(t, db, locals, note{Title: "after"})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := store.Check(filepath.Join(dir, "data")); err != nil || !r.OK {
		t.Errorf("check afterwards: %+v, %v", r, err)
	}
}
