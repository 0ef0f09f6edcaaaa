package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"preau/store"
	"preau/store/storetest"
)

func TestABackupRestoresAndIsANewLife(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	db := storetest.OpenAt(t, dir, storetest.NewClock(), all...)
	h, n, err := db.PutBlob(strings.NewReader("annexe"), 100)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		add(t, db, ups, note{Title: fmt.Sprint(i), Rank: i})
	}
	add(t, db, locals, note{Title: "local", File: store.Blob{Hash: h, Size: n, Name: "a", Type: "text/plain"}})
	add(t, db, scratch, note{Title: "session"})
	for name, text := range map[string]string{"exchange.key": "secret", "root.key": "root"} {
		if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "keys", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var sealed, plain bytes.Buffer
	if err := db.Backup(&sealed, id.Recipient()); err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(&plain); err != nil {
		t.Fatal(err)
	}
	if err := store.Restore(dir, bytes.NewReader(plain.Bytes())); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("into a folder in use: %v", err)
	}
	to := filepath.Join(t.TempDir(), "restored")
	if err := store.Restore(to, bytes.NewReader(sealed.Bytes())); !errors.Is(err, store.ErrBackup) {
		t.Errorf("without the key: %v", err)
	}
	if err := store.Restore(to, bytes.NewReader(sealed.Bytes()), id); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(to, "keys", "exchange.key")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the exchange's key travelled")
	}
	if b, err := os.ReadFile(filepath.Join(to, "keys", "root.key")); err != nil || string(b) != "root" {
		t.Errorf("the root key: %q, %v", b, err)
	}
	back := storetest.OpenAt(t, to, storetest.NewClock(), all...)
	if back.Origin() == db.Origin() {
		t.Error("the restored store writes under the old origin")
	}
	if len(titles(t, back, ups, store.Query{})) != 50 || len(titles(t, back, scratch, store.Query{})) != 0 || !back.HasBlob(h) {
		t.Error("records, scratch or file are not as they should be")
	}
	lives, err := back.Lives()
	if err != nil || len(lives) != 2 {
		t.Fatal(lives, err)
	}
	b, err := back.Changes(store.Feed{Origin: lives[0], Lane: store.Records}, store.Cursor{}, 1<<20)
	if err != nil || len(b.Rows) != 50 {
		t.Errorf("the earlier life's feed: %d rows, %v", len(b.Rows), err)
	}
	add(t, back, ups, note{Title: "after"})
	if b, err := back.Changes(store.Feed{Origin: back.Origin(), Lane: store.Records}, store.Cursor{}, 1<<20); err != nil || len(b.Rows) != 1 {
		t.Errorf("the new life's feed: %d rows, %v", len(b.Rows), err)
	}
}

func TestEveryAlteredOrShortenedBackupIsRefused(t *testing.T) {
	db := storetest.Open(t, all...)
	add(t, db, locals, note{Title: "x"})
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string][]age.Recipient{"plain": nil, "encrypted": {id.Recipient()}} {
		var b bytes.Buffer
		if err := db.Backup(&b, to...); err != nil {
			t.Fatal(err)
		}
		whole := b.Bytes()
		dir := filepath.Join(t.TempDir(), "restored")
		bad := func(what string, raw []byte) {
			if err := store.Restore(dir, bytes.NewReader(raw), id); err == nil {
				t.Errorf("%s: %s was restored", name, what)
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
			}
		}
		stride := max(1, len(whole)/150)
		for i := 0; i < len(whole); i += stride {
			flipped := bytes.Clone(whole)
			flipped[i] ^= 0x20
			if name == "plain" && padding(whole, i) {
				continue // a tar's padding and header fields that nobody reads
			}
			bad(fmt.Sprintf("with byte %d of %d flipped", i, len(whole)), flipped)
			if i < len(whole)-1024 {
				bad(fmt.Sprintf("cut after %d of %d", i, len(whole)), whole[:i])
			}
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a refused backup left something behind", name)
		}
	}
}

// padding tells whether a byte of a plain tar is one that nothing depends on:
// zeros that fill up a block.
func padding(whole []byte, i int) bool {
	block := whole[i/512*512 : min(i/512*512+512, len(whole))]
	return whole[i] == 0 && len(bytes.TrimRight(block[i%512:], "\x00")) == 0
}

func TestAVerifiedCopyOpensAndTheOldestGoes(t *testing.T) {
	dir := t.TempDir()
	clock := storetest.NewClock()
	db := storetest.OpenAt(t, dir, clock, all...)
	add(t, db, locals, note{Title: "x"})
	for range 5 {
		clock.Add(24 * time.Hour)
		if _, err := db.CopyVerified(); err != nil {
			t.Fatal(err)
		}
	}
	list, err := os.ReadDir(filepath.Join(dir, "copies"))
	if err != nil || len(list) != 3 {
		t.Fatalf("%d copies, %v", len(list), err)
	}
	path, at, err := store.NewestCopy(dir)
	if err != nil || !at.Equal(clock.Time()) {
		t.Fatal(path, at, err)
	}
	to := t.TempDir()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, store.FileName), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := titles(t, storetest.OpenAt(t, to, clock, all...), locals, store.Query{}); len(got) != 1 {
		t.Errorf("the copy holds %v", got)
	}
}

func TestADamagedFileIsSetAsideNotReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, store.FileName)
	if err := os.WriteFile(path, bytes.Repeat([]byte("not a database"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(dir, store.Options{Collections: all})
	var damaged *store.DamagedError
	if !errors.As(err, &damaged) {
		t.Fatalf("got %v", err)
	}
	aside, err := store.SetAside(dir, time.Date(2026, 10, 13, 7, 42, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(aside); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("the damaged file is still in place")
	}
}
