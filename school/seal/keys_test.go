package seal_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"preau/school/seal"
	"preau/store"
)

func TestRotationAndRevocation(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	k, err := seal.OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	first, err := k.Sign(sample())
	if err != nil {
		t.Fatal(err)
	}
	known, old := k.List()
	if err := k.Rotate(store.ID{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "signing-1.key")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the retired private key is still there")
	}
	second, err := k.Sign(sample())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Verify(known, second); err != seal.UnknownKey {
		t.Errorf("a key no list names: %v", err)
	}
	next, signed := k.List()
	if got, err := seal.Succeed(k.Root(), known, signed); err != nil || got.Number != 2 {
		t.Errorf("the next list: %v %v", got.Number, err)
	}
	if _, err := seal.Succeed(k.Root(), next, old); err != seal.OlderList {
		t.Errorf("an older list: %v", err)
	}
	for name, s := range map[string]seal.Signed{"first": first, "second": second} {
		if _, err := seal.Verify(next, s); err != nil {
			t.Errorf("%s after rotation: %v", name, err)
		}
	}
	if err := k.Revoke(1, store.ID{}); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Verify(list(k), first); err != seal.RevokedKey {
		t.Errorf("a revoked key: %v", err)
	}
	if _, err := seal.Verify(list(k), second); err != nil {
		t.Errorf("the other key: %v", err)
	}
	if err := k.Revoke(2, store.ID{}); err != nil { // the one in use: a third takes over
		t.Fatal(err)
	}
	third, err := k.Sign(sample())
	if err != nil {
		t.Fatal(err)
	}
	if h, err := seal.Verify(list(k), third); err != nil || h.KeyID != 3 {
		t.Errorf("after revoking the key in use: key %d, %v", h.KeyID, err)
	}
	if err := k.Revoke(99, store.ID{}); err == nil {
		t.Error("an unknown key is revoked")
	}
	again, err := seal.OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Root()) != string(k.Root()) || list(again).Number != list(k).Number {
		t.Error("opened again, it is another ring")
	}
	if s, err := again.Sign(sample()); err != nil || string(s.Signature) != string(third.Signature) {
		t.Errorf("opened again, it signs otherwise: %v", err)
	}
}

func TestForeignRoot(t *testing.T) {
	ours, theirs := openKeys(t), openKeys(t)
	_, foreign := theirs.List()
	if _, err := seal.VerifyList(ours.Root(), foreign); err != seal.WrongRoot {
		t.Errorf("a list of another office: %v", err)
	}
	s, err := theirs.Sign(sample())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Verify(list(ours), s); err != seal.BadSignature { // both have a key 1
		t.Errorf("a circular of another office: %v", err)
	}
	if _, err := seal.VerifyList(nil, foreign); err != seal.WrongRoot {
		t.Errorf("no pinned root: %v", err)
	}
}

func TestKeyFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if _, err := seal.OpenKeys(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"root.key", "signing-1.key", "signing.list"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	refused := func(what string) {
		t.Helper()
		if _, err := seal.OpenKeys(dir); err == nil {
			t.Errorf("opened with %s", what)
		}
	}
	root := filepath.Join(dir, "root.key")
	if err := os.Chmod(root, 0o644); err != nil {
		t.Fatal(err)
	}
	refused("a root key that others may read")
	if err := os.Rename(root, root+".away"); err != nil {
		t.Fatal(err)
	}
	refused("a list and no root key")
	if err := os.Rename(root+".away", root); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o600); err != nil {
		t.Fatal(err)
	}
	listFile := filepath.Join(dir, "signing.list")
	b, err := os.ReadFile(listFile)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(listFile, b, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("an altered list")
}
