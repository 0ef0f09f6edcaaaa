package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"preau/store"
)

func TestTheNewestBackupOfAStick(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := store.NewestBackup(dir); !errors.Is(err, store.ErrBackup) {
		t.Errorf("of an empty stick: %v", err)
	}
	lay := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lay("preau-lyc-0117-20261123T030000Z.backup.age")
	lay("preau-lyc-0117-20261124T030000Z.backup.age")
	lay("photo.jpg")
	if path, n, err := store.NewestBackup(dir); err != nil || n != 2 || filepath.Base(path) != "preau-lyc-0117-20261124T030000Z.backup.age" {
		t.Errorf("%s, %v", path, err)
	}
	lay("preau-lyc-0200-20261124T040000Z.backup.age")
	if _, _, err := store.NewestBackup(dir); !errors.Is(err, store.ErrBackup) {
		t.Errorf("of two schools: %v", err)
	}
}
