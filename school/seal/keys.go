package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"preau/store"
)

// Keys are the office's private keys, in files of mode 0600:
//
//	root.key          signs lists, nothing else
//	signing-N.key     signs headers; the one in use
//	signing.list      the newest list as signed (public)
//
// Safe for concurrent use.
type Keys struct {
	dir  string
	mu   sync.RWMutex
	root ed25519.PrivateKey
	key  ed25519.PrivateKey
	id   uint32
	list KeyList
	last SignedList
}

const (
	rootFile = "root.key"
	listFile = "signing.list"
)

// OpenKeys opens the keys in dir, the office's DIR/keys, and makes root key,
// first signing key and list n° 1 when there are none. It refuses key files
// that others may read, and a list that does not fit the keys.
func OpenKeys(dir string) (*Keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the signing keys: %w", err)
	}
	k := &Keys{dir: dir}
	var err error
	if k.root, err = k.loadOrMake(rootFile); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, listFile))
	if errors.Is(err, fs.ErrNotExist) {
		return k, k.advance(func(*KeyList) {})
	}
	if err != nil {
		return nil, fmt.Errorf("open the signing keys: %w", err)
	}
	if err := dec.Unmarshal(raw, &k.last); err != nil {
		return nil, fmt.Errorf("open the signing keys: %s: %w", listFile, err)
	}
	if k.list, err = VerifyList(k.Root(), k.last); err != nil {
		return nil, fmt.Errorf("open the signing keys: %s: %w", listFile, err)
	}
	current, ok := k.list.current()
	if !ok {
		return nil, fmt.Errorf("open the signing keys: %s names no key in use", listFile)
	}
	if k.key, err = readKey(filepath.Join(dir, keyFile(current.ID))); err != nil {
		return nil, err
	}
	if !bytes.Equal(current.Public, k.key.Public().(ed25519.PublicKey)) {
		return nil, fmt.Errorf("open the signing keys: %s is not the key that %s names", keyFile(current.ID), listFile)
	}
	k.id = current.ID
	return k, nil
}

func (l KeyList) current() (Key, bool) {
	for _, k := range l.Keys {
		if k.UntilNumber == 0 && !k.Revoked {
			return k, true
		}
	}
	return Key{}, false
}

func keyFile(id uint32) string { return fmt.Sprintf("signing-%d.key", id) }

// Root is the public root key, which boxes pin.
func (k *Keys) Root() []byte { return bytes.Clone(k.root.Public().(ed25519.PublicKey)) }

// List is the newest list of signing keys, plain and as signed.
func (k *Keys) List() (KeyList, SignedList) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	list := k.list
	list.Keys = append([]Key(nil), k.list.Keys...)
	return list, SignedList{List: bytes.Clone(k.last.List), Signature: bytes.Clone(k.last.Signature), Number: k.last.Number}
}

// Sign signs a header with the key in use; its KeyID is set here. The same
// header signed twice by the same key gives the same bytes.
func (k *Keys) Sign(h Header) (Signed, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	h.KeyID = k.id
	b, err := h.encode()
	if err != nil {
		return Signed{}, err
	}
	return Signed{Header: b, Signature: ed25519.Sign(k.key, append([]byte(aboutHeader), b...))}, nil
}

// Rotate retires the key in use and starts a new one, under the next list
// number. What the old key signed up to the office's record last stays genuine;
// its private half is erased once the new list is durable. The caller publishes
// the new list. last is the newest record signed, zero when there is none.
func (k *Keys) Rotate(last store.ID) error {
	return k.advance(func(l *KeyList) {
		for i := range l.Keys {
			if l.Keys[i].UntilNumber == 0 {
				l.Keys[i].retire(l.Number, last)
			}
		}
	})
}

// Revoke says that a key was stolen or lost, under the next list number: of what
// it signed only the office's records up to last count, none when last is zero. The
// key in use is replaced when it is the one. A key that is revoked already may be
// bound to an earlier record, never to a later one.
func (k *Keys) Revoke(id uint32, last store.ID) error {
	l, _ := k.List()
	was, ok := l.Find(id)
	if !ok {
		return fmt.Errorf("revoke signing key %d: %w", id, UnknownKey)
	}
	if (was.Revoked || was.LastNumber > 0) && last.Number > was.LastNumber {
		return fmt.Errorf("revoke signing key %d: it vouches for nothing after record %d", id, was.LastNumber)
	}
	return k.advance(func(l *KeyList) {
		for i := range l.Keys {
			if l.Keys[i].ID == id {
				l.Keys[i].Revoked = true
				l.Keys[i].retire(l.Number, last)
			}
		}
	})
}

func (k *Key) retire(list uint64, last store.ID) {
	if k.UntilNumber == 0 {
		k.UntilNumber = list
	}
	k.LastOrigin, k.LastNumber = nil, last.Number
	if last.Number > 0 {
		k.LastOrigin = bytes.Clone(last.Origin[:])
	}
}

// advance makes the next list: change it, add a key when none is in use, sign,
// write key then list, and only then use them. A power cut leaves at worst a
// key file that no list names; it is written over by the next attempt.
func (k *Keys) advance(change func(*KeyList)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := KeyList{Number: k.list.Number + 1, Keys: append([]Key(nil), k.list.Keys...)}
	change(&next)
	key, id := k.key, k.id
	if _, ok := next.current(); !ok {
		for _, old := range next.Keys {
			id = max(id, old.ID)
		}
		id++
		var err error
		if _, key, err = ed25519.GenerateKey(rand.Reader); err != nil {
			return fmt.Errorf("make a signing key: %w", err)
		}
		if err := writeKey(filepath.Join(k.dir, keyFile(id)), key); err != nil {
			return err
		}
		next.Keys = append(next.Keys, Key{ID: id, Public: key.Public().(ed25519.PublicKey), FromNumber: next.Number})
	}
	b, err := enc.Marshal(next)
	if err != nil {
		return fmt.Errorf("sign the list of keys: %w", err)
	}
	signed := SignedList{List: b, Signature: ed25519.Sign(k.root, append([]byte(aboutList), b...)), Number: next.Number}
	file, err := enc.Marshal(signed)
	if err != nil {
		return fmt.Errorf("sign the list of keys: %w", err)
	}
	if err := store.WriteFile(filepath.Join(k.dir, listFile), file); err != nil {
		return err
	}
	retired := k.id
	k.key, k.id, k.list, k.last = key, id, next, signed
	if retired != 0 && retired != id {
		if err := os.Remove(filepath.Join(k.dir, keyFile(retired))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("erase the retired signing key: %w", err)
		}
	}
	return nil
}

func (k *Keys) loadOrMake(name string) (ed25519.PrivateKey, error) {
	path := filepath.Join(k.dir, name)
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if _, err := os.Stat(filepath.Join(k.dir, listFile)); err == nil {
		return nil, fmt.Errorf("%s is missing beside %s: put it back from the backup, no new one is made", path, listFile)
	}
	if _, key, err = ed25519.GenerateKey(rand.Reader); err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	return key, writeKey(path, key)
}

func readKey(path string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read a private key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("read a private key: %s has mode %04o, others may read it; run chmod 600", path, info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a private key: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("read a private key: %s is no PEM private key", path)
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read a private key: %s: %w", path, err)
	}
	key, ok := any.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read a private key: %s is no Ed25519 key", path)
	}
	return key, nil
}

func writeKey(path string, key ed25519.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return store.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
