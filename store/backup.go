package store

import (
	"archive/tar"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"filippo.io/age"
	bolt "go.etcd.io/bbolt"
)

// A backup is a tar of the database without Scratch, the blobs, and — only when
// it is encrypted — the site's keys but those of the exchange and of the store.
// Its last entry is a manifest with the SHA-256 of every other, signed with
// DIR/keys/store.key: age hides what is inside and does not say who wrote it.
// On a disk that takes many backups the blobs lie beside it in packs (packs.go),
// and the tar holds the list of their chunks instead.
const (
	manifestName = "manifest.json"
	listName     = "files.list"

	formatWhole = 1 // the blobs are in the tar
	formatPacks = 2 // they are in the packs that the manifest names
)

// ErrBackup says that a backup is not whole, not ours to open, or altered.
var ErrBackup = errors.New("store: backup refused")

type manifest struct {
	Format  int               `json:"format"`
	Origin  string            `json:"origin"`
	Made    time.Time         `json:"made"`
	Entries map[string]string `json:"entries"`          // name → SHA-256
	Signer  string            `json:"signer"`           // Ed25519 public key
	Folder  string            `json:"folder,omitempty"` // where the packs lie, beside the backup
	Packs   map[string]int64  `json:"packs,omitempty"`  // SHA-256 of a pack → its bytes
}

type signedManifest struct {
	Manifest  json.RawMessage `json:"manifest"`
	Signature string          `json:"signature"`
}

// Backup writes the whole store to w, encrypted to the recipients. Without
// recipients it is plain, and then holds no key at all. Writers go on meanwhile.
func (db *DB) Backup(w io.Writer, to ...age.Recipient) error {
	tmp, err := os.MkdirTemp(filepath.Join(db.dir, "partial"), "backup-*")
	if err != nil {
		return noRoom("backup", err)
	}
	defer os.RemoveAll(tmp)
	path := filepath.Join(tmp, FileName)
	if err := db.snapshot(path); err != nil {
		return err
	}
	return db.writeBackup(w, path, manifest{Format: formatWhole}, func(b *backupWriter) error {
		return b.addBlobs(filepath.Join(db.dir, "blobs"))
	}, to...)
}

// writeBackup writes a snapshot, what files adds, the keys and the manifest.
func (db *DB) writeBackup(w io.Writer, snapshot string, m manifest, files func(b *backupWriter) error, to ...age.Recipient) error {
	out := w
	var closer io.Closer
	if len(to) > 0 {
		enc, err := age.Encrypt(w, to...)
		if err != nil {
			return fmt.Errorf("store: backup: %w", err)
		}
		out, closer = enc, enc
	}
	m.Origin, m.Entries = db.Origin().String(), map[string]string{}
	m.Made, _ = db.clock.Now()
	b := &backupWriter{t: tar.NewWriter(out), m: m}
	err := b.add(FileName, snapshot)
	if err == nil {
		err = files(b)
	}
	if err == nil && len(to) > 0 {
		err = b.addKeys(filepath.Join(db.dir, "keys"))
	}
	if err == nil {
		err = b.sign(filepath.Join(db.dir, "keys", "store.key"))
	}
	if err == nil {
		err = b.t.Close()
	}
	if err == nil && closer != nil {
		err = closer.Close()
	}
	if err != nil {
		return noRoom("backup", err)
	}
	return nil
}

type backupWriter struct {
	t *tar.Writer
	m manifest
}

func (b *backupWriter) add(name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	if err := b.t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: fi.Size(), Format: tar.FormatPAX}); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(b.t, sum), io.LimitReader(f, fi.Size())); err != nil {
		return err
	}
	b.m.Entries[name] = hex.EncodeToString(sum.Sum(nil))
	return nil
}

func (b *backupWriter) addBlobs(dir string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return b.add("blobs/"+d.Name(), path)
	})
}

func (b *backupWriter) addKeys(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range list {
		if keyName.MatchString(e.Name()) && e.Name() != "exchange.key" && e.Name() != "store.key" {
			err = errors.Join(err, b.add("keys/"+e.Name(), filepath.Join(dir, e.Name())))
		}
	}
	return err
}

func (b *backupWriter) sign(keyPath string) error {
	key, err := storeKey(keyPath)
	if err != nil {
		return err
	}
	b.m.Signer = hex.EncodeToString(key.Public().(ed25519.PublicKey))
	raw, err := json.Marshal(b.m)
	if err != nil {
		return err
	}
	body, err := json.Marshal(signedManifest{raw, hex.EncodeToString(ed25519.Sign(key, append([]byte(manifestName), raw...)))})
	if err != nil {
		return err
	}
	if err := b.t.WriteHeader(&tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(body)), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err = b.t.Write(body)
	return err
}

// storeKey is the key that signs this store's backups, made at first use.
func storeKey(path string) (ed25519.PrivateKey, error) {
	if seed, err := os.ReadFile(path); err == nil && len(seed) == ed25519.SeedSize {
		return ed25519.NewKeyFromSeed(seed), nil
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return key, WriteFile(path, key.Seed())
}

var (
	keyName  = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,60}$`)
	blobName = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Restore reads a backup into a folder that must be empty or missing. Nothing
// appears there before every byte has been checked. The restored store is a new
// life: it draws a new origin, and has no exchange key, so it must be enrolled
// again. ErrBackup when the backup is cut short, altered or not for these
// identities; ErrNotEmpty when the folder holds something.
func Restore(dir string, r io.Reader, ids ...age.Identity) error {
	return restore(dir, r, "", nil, ids)
}

// RestoreFile restores from a file as Restore does, its packs beside it. The
// reason names a pack that is missing, cut short or altered. told, when it is not
// nil, hears before each pack how many of their bytes have been read.
func RestoreFile(dir, path string, told func(done, of int64), ids ...age.Identity) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBackup, err)
	}
	defer f.Close()
	if told == nil {
		told = func(int64, int64) {}
	}
	return restore(dir, f, filepath.Dir(path), told, ids)
}

// restore looks for packs in the folder beside; "" when there is none.
func restore(dir string, r io.Reader, beside string, told func(done, of int64), ids []age.Identity) error {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return fmt.Errorf("%w: %s", ErrNotEmpty, dir)
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return noRoom("restore", err)
	}
	tmp, err := os.MkdirTemp(parent, ".restore-*")
	if err != nil {
		return noRoom("restore", err)
	}
	defer os.RemoveAll(tmp)
	head := make([]byte, len(ageMagic))
	n, _ := io.ReadFull(r, head)
	r = io.MultiReader(bytes.NewReader(head[:n]), r)
	if string(head[:n]) == ageMagic {
		if len(ids) == 0 {
			return fmt.Errorf("%w: it is encrypted: give the recovery key", ErrBackup)
		}
		if r, err = age.Decrypt(r, ids...); err != nil {
			return fmt.Errorf("%w: %w", ErrBackup, err)
		}
	}
	m, err := unpack(tmp, r)
	if err == nil && m.Format == formatPacks {
		err = gather(tmp, m, beside, told, ids)
	}
	if err != nil {
		return err
	}
	if err := rebirth(filepath.Join(tmp, FileName)); err != nil {
		return err
	}
	if err := syncTree(tmp); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return noRoom("restore", err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return noRoom("restore", err)
	}
	return syncDir(parent)
}

// syncTree makes the names below dir durable; the files are already.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return syncDir(path)
	})
}

const ageMagic = "age-encryption.org/v1\n"

// unpack writes the entries below tmp, whose names it makes itself, and checks
// them against the manifest, which must come last and be the end.
func unpack(tmp string, r io.Reader) (m manifest, err error) {
	t := tar.NewReader(r)
	got := map[string]string{}
	for {
		h, err := t.Next()
		if err != nil {
			return m, fmt.Errorf("%w: it ends before its manifest: %w", ErrBackup, err)
		}
		if h.Name == manifestName {
			if m, err = checkManifest(t, got); err != nil {
				return m, err
			}
			if _, err := t.Next(); !errors.Is(err, io.EOF) {
				return m, fmt.Errorf("%w: something follows its manifest", ErrBackup)
			}
			if _, err := io.Copy(io.Discard, r); err != nil { // the rest of the encryption must hold too
				return m, fmt.Errorf("%w: %w", ErrBackup, err)
			}
			return m, nil
		}
		path, err := entryPath(tmp, h)
		if err != nil {
			return m, err
		}
		if _, twice := got[h.Name]; twice {
			return m, fmt.Errorf("%w: an entry twice", ErrBackup)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return m, noRoom("restore", err)
		}
		sum := sha256.New()
		if err := writeSynced(path, io.TeeReader(t, sum)); err != nil {
			if errors.Is(err, ErrFull) {
				return m, err
			}
			return m, fmt.Errorf("%w: %w", ErrBackup, err)
		}
		got[h.Name] = hex.EncodeToString(sum.Sum(nil))
	}
}

func entryPath(tmp string, h *tar.Header) (string, error) {
	kind, name, _ := strings.Cut(h.Name, "/")
	switch {
	case h.Typeflag != tar.TypeReg:
	case h.Name == FileName:
		return filepath.Join(tmp, FileName), nil
	case h.Name == listName:
		return filepath.Join(tmp, listName), nil
	case kind == "blobs" && blobName.MatchString(name):
		return filepath.Join(tmp, "blobs", name[:2], name), nil
	case kind == "keys" && keyName.MatchString(name) && name != "exchange.key" && name != "store.key":
		return filepath.Join(tmp, "keys", name), nil
	}
	return "", fmt.Errorf("%w: an entry that no backup has", ErrBackup)
}

func checkManifest(r io.Reader, got map[string]string) (m manifest, err error) {
	body, err := io.ReadAll(io.LimitReader(r, 256<<20))
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	var s signedManifest
	if err := errors.Join(json.Unmarshal(body, &s), json.Unmarshal(s.Manifest, &m)); err != nil {
		return m, fmt.Errorf("%w: manifest: %w", ErrBackup, err)
	}
	signer, err1 := hex.DecodeString(m.Signer)
	signature, err2 := hex.DecodeString(s.Signature)
	if err1 != nil || err2 != nil || len(signer) != ed25519.PublicKeySize || !ed25519.Verify(signer, append([]byte(manifestName), s.Manifest...), signature) {
		return m, fmt.Errorf("%w: signature", ErrBackup)
	}
	if again, err := json.Marshal(signedManifest{s.Manifest, hex.EncodeToString(signature)}); err != nil || !bytes.Equal(again, body) {
		return m, fmt.Errorf("%w: manifest is not as it was written", ErrBackup)
	}
	if m.Format != formatWhole && m.Format != formatPacks {
		return m, fmt.Errorf("%w: format %d, made by a newer program", ErrBackup, m.Format)
	}
	if len(m.Entries) != len(got) || got[FileName] == "" || (m.Format == formatPacks) != (got[listName] != "") {
		return m, fmt.Errorf("%w: entries are missing", ErrBackup)
	}
	for name, sum := range m.Entries {
		if got[name] != sum {
			return m, fmt.Errorf("%w: %s is not what was saved", ErrBackup, name)
		}
	}
	return m, nil
}

// rebirth gives a restored file a new origin; its earlier numbers end where the
// backup stood.
func rebirth(path string) error {
	file, err := bolt.Open(path, 0o600, boltOptions())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBackup, err)
	}
	err = file.Update(func(t *bolt.Tx) error {
		l, ok := layoutOf(t)
		if !ok {
			return ErrBackup
		}
		tx := &Tx{db: &DB{}, t: t, l: l, write: true}
		lives := tx.lives()
		if len(lives) == 0 {
			return ErrBackup
		}
		if err := tx.setCounter(endOf(lives[len(lives)-1]), tx.counter("number")); err != nil {
			return err
		}
		return tx.adopt(newOrigin())
	})
	return errors.Join(err, file.Close())
}
