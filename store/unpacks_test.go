package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"preau/store"
)

// TestADamagedPackIsNamedAndWrittenAgain damages and removes packs: restoring says
// which, and the next night makes it good.
func TestADamagedPackIsNamedAndWrittenAgain(t *testing.T) {
	n := openNights(t)
	n.keep(noise(3, 200_000))
	n.mustBackup()
	for what, harm := range map[string]func(path string) error{
		"missing":  os.Remove,
		"bytes of": func(path string) error { return os.Truncate(path, 1000) },
		"altered": func(path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b[len(b)/2] ^= 1
			return os.WriteFile(path, b, 0o600)
		},
	} {
		packs := n.packs()
		if err := harm(packs[0]); err != nil {
			t.Fatal(err)
		}
		all := n.backups()
		if said := n.refused(all[len(all)-1]); !strings.Contains(said, what) || !strings.Contains(said, filepath.Base(packs[0])) {
			t.Errorf("%s: %s", what, said)
		}
		r := n.mustBackup()
		if len(r.Mended) != 1 || r.Written < 200_000 {
			t.Errorf("%s: %d bytes were written, mended %v", what, r.Written, r.Mended)
		}
		n.restores(r.Path, n.files)
		for range 3 { // the backups that need the bad one go, and it with them
			n.mustBackup()
		}
		if got := n.packs(); len(got) != 1 {
			t.Errorf("%s: %d packs stay", what, len(got))
		}
	}
	// Only the index is lost or not to be trusted: one full pack.
	index, err := filepath.Glob(filepath.Join(n.disk.Dir, "*-files", "*.index"))
	if err != nil || len(index) != 1 {
		t.Fatal(index, err)
	}
	if err := os.WriteFile(index[0], []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := n.mustBackup(); r.Reused != 0 || r.Written < 200_000 {
		t.Errorf("without an index %d bytes were reused", r.Reused)
	}
	// Another recovery key: what is encrypted to the old one is of no use to it.
	if n.key, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	if r := n.mustBackup(); r.Reused != 0 || r.Written < 200_000 {
		t.Errorf("under another key %d bytes were taken from the old packs", r.Reused)
	}
	n.restores(n.backups()[2], n.files)
}

// TestAnOldBackupOfTheDiskIsRestored: before, all files were in the backup itself.
func TestAnOldBackupOfTheDiskIsRestored(t *testing.T) {
	n := openNights(t)
	n.keep(noise(11, 40_000))
	var whole bytes.Buffer
	if err := n.db.Backup(&whole, n.key.Recipient()); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(n.disk.Dir, "preau-lyc-1-20200101T000000Z.backup.age")
	if err := os.WriteFile(old, whole.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	r := n.mustBackup()
	n.restores(old, n.files)
	n.restores(r.Path, n.files)
	// A file of the new kind alone, without its packs, says what it lacks.
	alone := filepath.Join(t.TempDir(), "alone.age")
	b, err := os.ReadFile(r.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(alone, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if said := n.refused(alone); !strings.Contains(said, "missing") {
		t.Error(said)
	}
	if err := store.Restore(filepath.Join(t.TempDir(), "x"), bytes.NewReader(b), n.key); !errors.Is(err, store.ErrBackup) {
		t.Errorf("from a stream: %v", err)
	}
	for range 3 {
		n.mustBackup()
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) || len(n.backups()) != 3 {
		t.Error("the old one stays beyond three")
	}
}

// TestADamagedFileIsLeftOutOfTheBackup: what is not what its name says would make
// the whole backup one that nobody can restore.
func TestADamagedFileIsLeftOutOfTheBackup(t *testing.T) {
	n := openNights(t)
	good, bad := n.keep(noise(12, 1000)), n.keep(noise(13, 1000))
	if err := os.WriteFile(filepath.Join(n.dir, "blobs", bad.String()[:2], bad.String()), noise(14, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	r := n.mustBackup()
	if len(r.Damaged) != 1 || r.Damaged[0] != bad {
		t.Errorf("damaged: %v", r.Damaged)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	if err := store.RestoreFile(dir, r.Path, nil, n.key); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "blobs", good.String()[:2], good.String())); err != nil {
		t.Error(err)
	}
	n.drop(bad) // the test's own check of the store wants it whole
}
