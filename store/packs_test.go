package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"preau/store"
	"preau/store/storetest"
)

// nights is a site that lays a backup onto a disk every night.
type nights struct {
	t     *testing.T
	dir   string
	db    *store.DB
	clock *storetest.Clock
	disk  store.BackupDisk
	key   *age.X25519Identity
	files map[store.Hash][]byte
	named map[store.Hash]store.ID
}

func openNights(t *testing.T) *nights {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	n := &nights{t: t, dir: dir, clock: storetest.NewClock(), key: key, files: map[store.Hash][]byte{}, named: map[store.Hash]store.ID{}, disk: store.BackupDisk{Dir: t.TempDir(), Site: "lyc-1", Keep: 3}}
	n.db = storetest.OpenAt(t, dir, n.clock, all...)
	return n
}

// keep puts a file that a record names into the store, in the place of another.
func (n *nights) keep(content []byte) store.Hash {
	n.t.Helper()
	h, size, err := n.db.PutBlob(bytes.NewReader(content), 1<<30)
	if err != nil {
		n.t.Fatal(err)
	}
	n.named[h] = add(n.t, n.db, locals, note{Title: h.String(), File: store.Blob{Hash: h, Size: size, Name: "f", Type: "text/plain"}})
	n.files[h] = content
	return h
}

// drop deletes the record that names a file, and has the file swept.
func (n *nights) drop(h store.Hash) {
	n.t.Helper()
	if err := n.db.Update(func(tx *store.Tx) error { return locals.Delete(tx, n.named[h]) }); err != nil {
		n.t.Fatal(err)
	}
	for range 2 {
		if _, _, err := n.db.SweepBlobs(); err != nil {
			n.t.Fatal(err)
		}
	}
	if n.db.HasBlob(h) {
		n.t.Fatal("the file was not swept")
	}
	delete(n.files, h)
}

func (n *nights) backup() (store.BackupReport, error) {
	n.clock.Add(24 * time.Hour)
	return n.db.BackupOnto(context.Background(), n.disk, n.key.Recipient())
}

func (n *nights) mustBackup() store.BackupReport {
	n.t.Helper()
	r, err := n.backup()
	if err != nil {
		n.t.Fatal(err)
	}
	return r
}

func (n *nights) packs() []string {
	n.t.Helper()
	list, err := filepath.Glob(filepath.Join(n.disk.Dir, "preau-lyc-1-files", "*.pack"))
	if err != nil {
		n.t.Fatal(err)
	}
	return list
}

func (n *nights) backups() []string {
	n.t.Helper()
	list, err := filepath.Glob(filepath.Join(n.disk.Dir, "*.backup.age"))
	if err != nil {
		n.t.Fatal(err)
	}
	return list
}

// restores puts a backup together and compares all files with what the site held.
func (n *nights) restores(path string, want map[store.Hash][]byte) {
	n.t.Helper()
	dir := filepath.Join(n.t.TempDir(), "restored")
	if err := store.RestoreFile(dir, path, nil, n.key); err != nil {
		n.t.Fatalf("%s: %v", path, err)
	}
	got := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if h, bad := store.ParseHash(d.Name()); bad == nil {
			got++
			if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, want[h]) {
				n.t.Errorf("%s came back otherwise: %d bytes, %v", h, len(b), err)
			}
		} else if d.Name() != store.FileName {
			n.t.Errorf("%s was left in the restored folder", path)
		}
		return nil
	})
	if err != nil || got != len(want) {
		n.t.Errorf("%s: %d of %d files, %v", filepath.Base(path), got, len(want), err)
	}
	if r, err := store.Check(dir); err != nil || !r.OK {
		n.t.Errorf("check: %+v, %v", r, err)
	}
}

// refused sees that nothing comes of a backup, and gives the reason.
func (n *nights) refused(path string) string {
	n.t.Helper()
	dir := filepath.Join(n.t.TempDir(), "restored")
	err := store.RestoreFile(dir, path, nil, n.key)
	if !errors.Is(err, store.ErrBackup) {
		n.t.Fatalf("%s: %v", path, err)
	}
	if list, bad := os.ReadDir(filepath.Dir(dir)); bad != nil || len(list) > 0 {
		n.t.Errorf("a refused backup left %v", list)
	}
	return err.Error()
}

func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := 0; i+8 <= n; i += 8 {
		v := r.Uint64()
		for j := range 8 {
			b[i+j] = byte(v >> (8 * j))
		}
	}
	return b
}

func folderBytes(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		n += fi.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestANightOnTheDiskCostsWhatChanged lays a 30 MB file, small ones and an empty
// one onto the disk, changes a little, and counts the bytes of each night.
func TestANightOnTheDiskCostsWhatChanged(t *testing.T) {
	n := openNights(t)
	big := noise(1, 30<<20)
	old := n.keep(big)
	n.keep([]byte("a small one"))
	n.keep(nil)
	n.keep(noise(2, 100_000))
	first := n.mustBackup()
	before := folderBytes(t, n.disk.Dir)
	n.restores(first.Path, n.files)

	same := n.mustBackup()
	changed := bytes.Clone(big)
	copy(changed[12<<20:], "forty new bytes in the middle of a film.")
	changed = append(changed[:20<<20], append([]byte("and some more put in"), changed[20<<20:]...)...)
	n.drop(old)
	n.keep(changed)
	was := folderBytes(t, n.disk.Dir)
	next := n.mustBackup()
	head, err := os.Stat(next.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("30 MB of files: the first night wrote %d bytes, one without a change %d, one with 60 bytes changed in a 30 MB file %d (of which the backup itself %d); whole it would be %d again",
		first.Written, same.Written, next.Written, head.Size(), before)
	if grew := folderBytes(t, n.disk.Dir) - was; next.Written > 300_000 || grew > 300_000 || same.Written > head.Size()+1000 {
		t.Errorf("60 changed bytes cost %d, nothing cost %d; the disk grew by %d", next.Written, same.Written, grew)
	}
	if next.Reused < 30<<20-200_000 {
		t.Errorf("only %d bytes were taken from what lay there", next.Reused)
	}
	n.restores(next.Path, n.files)
}

// TestBackupsBeyondThreeAndWhatOnlyTheyNeedGo keeps a file for a night each.
func TestBackupsBeyondThreeAndWhatOnlyTheyNeedGo(t *testing.T) {
	n := openNights(t)
	n.keep(noise(4, 50_000))
	last := n.keep(noise(10, 100_000))
	for i := range 6 {
		n.mustBackup()
		n.drop(last)
		last = n.keep(noise(uint64(11+i), 100_000))
	}
	n.mustBackup()
	if len(n.backups()) != 3 {
		t.Errorf("%d backups stay", len(n.backups()))
	}
	// The first pack is mostly dead: its 50,000 live bytes moved into the second's.
	if size := folderBytes(t, filepath.Join(n.disk.Dir, "preau-lyc-1-files")); len(n.packs()) > 4 || size > 3*100_000+3*60_000 {
		t.Errorf("%d packs of %d bytes stay", len(n.packs()), size)
	}
	n.restores(n.backups()[2], n.files)
	// Many small packs become one.
	for i := range 20 {
		n.keep(fmt.Appendf(nil, "file %d", i))
		n.mustBackup()
	}
	if got := len(n.packs()); got > 20 {
		t.Errorf("%d packs stay of 20 small nights", got)
	}
	n.restores(n.backups()[2], n.files)
}

// TestABackupOntoADiskThatIsCutOff ends a night after so many bytes, again and
// again: the earlier backup is whole each time, and the night after goes on.
func TestABackupOntoADiskThatIsCutOff(t *testing.T) {
	n := openNights(t)
	n.keep(noise(5, 300_000))
	whole := n.mustBackup()
	had := map[store.Hash][]byte{}
	for h, b := range n.files {
		had[h] = b
	}
	n.keep(noise(6, 300_000))
	for after := range 12 {
		ctx, cut := context.WithCancel(context.Background())
		n.clock.Add(24 * time.Hour)
		_, err := n.db.BackupOnto(&cutAfter{ctx, cut, after}, n.disk, n.key.Recipient())
		cut()
		if err == nil {
			t.Fatalf("not cut off after %d pieces", after)
		}
		if got := n.backups(); len(got) != 1 || got[0] != whole.Path {
			t.Fatalf("after a cut at %d: %v", after, got)
		}
	}
	n.restores(whole.Path, had)
	// What a killed process leaves under passing names goes the next night.
	left := filepath.Join(n.disk.Dir, "preau-lyc-1-files", ".new-123")
	if err := os.WriteFile(left, noise(7, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	// Between its packs and itself: what was written already serves the next one.
	gone := n.mustBackup()
	if err := os.Remove(gone.Path); err != nil {
		t.Fatal(err)
	}
	r := n.mustBackup()
	if r.Reused < 600_000 {
		t.Errorf("of a night that was cut off at its end only %d bytes served", r.Reused)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Error("a half-made file stays")
	}
	n.restores(r.Path, n.files)
	n.restores(whole.Path, had)
}

// cutAfter is a context that ends when it was asked so often.
type cutAfter struct {
	context.Context
	cut  context.CancelFunc
	left int
}

func (c *cutAfter) Err() error {
	if c.left--; c.left < 0 {
		c.cut()
	}
	return c.Context.Err()
}

// TestAFullBackupDiskKeepsTheEarlierBackups fills a small disk.
func TestAFullBackupDiskKeepsTheEarlierBackups(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	n := openNights(t)
	if err := syscall.Mount("tmpfs", n.disk.Dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(n.disk.Dir, syscall.MNT_DETACH) })
	n.keep(noise(8, 600_000))
	r := n.mustBackup()
	had := map[store.Hash][]byte{}
	for h, b := range n.files {
		had[h] = b
	}
	large := n.keep(noise(9, 3<<20))
	if _, err := n.backup(); !errors.Is(err, store.ErrFull) {
		t.Fatalf("a full disk says %v", err)
	}
	left, err := filepath.Glob(filepath.Join(n.disk.Dir, "*-files", ".new-*"))
	if err != nil || len(left) > 0 || len(n.backups()) != 1 {
		t.Errorf("left: %v, %v", left, n.backups())
	}
	n.restores(r.Path, had)
	n.drop(large)
	n.restores(n.mustBackup().Path, n.files)
}
