package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// MaxInlineBlob is the largest blob that travels in the Small lane, in bytes.
const MaxInlineBlob = 64 << 10

func (db *DB) blobPath(h Hash) string {
	name := h.String()
	return filepath.Join(db.dir, "blobs", name[:2], name)
}

// PutBlob writes r into the blob store and returns its name and length. It is
// durable when PutBlob returns: temporary file, hash, fsync, rename, fsync of
// the folder. More than max bytes: ErrTooLarge and nothing kept; no room:
// ErrFull; after a sync that failed: ErrReadOnly. Call it before the transaction that names the blob: a crash between
// leaves an unused file, never a dangling name.
func (db *DB) PutBlob(r io.Reader, max int64) (Hash, int64, error) {
	f, err := os.CreateTemp(filepath.Join(db.dir, "partial"), "new-*")
	if err != nil {
		return Hash{}, 0, noRoom("put blob", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(r, max+1))
	if err != nil {
		return Hash{}, 0, noRoom("put blob", err)
	}
	if n > max {
		return Hash{}, 0, ErrTooLarge
	}
	h := Hash(sum.Sum(nil))
	return h, n, db.keepBlob(f, h)
}

// keepBlob makes a finished file a blob, durably. After a sync that failed the
// store is read-only: asked again, the disk would say that all is well.
func (db *DB) keepBlob(f *os.File, h Hash) error {
	if err := db.ReadOnly(); err != nil {
		return err
	}
	path := db.blobPath(h)
	dir := filepath.Dir(path)
	if db.stays(h) {
		// Whoever put it there may not have come to the end of this function.
		return db.syncBlobFolder(dir)
	}
	if err := f.Sync(); errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return noRoom("sync blob", err) // the file goes, and nothing names it
	} else if err != nil {
		return db.broke(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return noRoom("put blob", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return noRoom("put blob", err)
	}
	return db.syncBlobFolder(dir)
}

// stays tells whether the blob is here, and sees that the sweep leaves it: a record
// is about to name it.
func (db *DB) stays(h Hash) bool {
	db.unnamed.Lock()
	defer db.unnamed.Unlock()
	delete(db.unnamed.before, h)
	return db.HasBlob(h)
}

func (db *DB) syncBlobFolder(dir string) error {
	if err := errors.Join(syncDir(dir), syncDir(filepath.Dir(dir))); err != nil {
		return db.broke(err)
	}
	return nil
}

func noRoom(what string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %s: %w", ErrFull, what, err)
	}
	return fmt.Errorf("store: %s: %w", what, err)
}

// HasBlob tells whether the blob is here.
func (db *DB) HasBlob(h Hash) bool {
	_, err := os.Stat(db.blobPath(h))
	return err == nil
}

// OpenBlob opens a blob for reading; ErrNotFound when it is not here (yet).
// The caller closes it.
func (db *DB) OpenBlob(h Hash) (*os.File, error) {
	f, err := os.Open(db.blobPath(h))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound
	}
	return f, err
}

// Wanted lists the rows that name a blob, so that a sender can be asked
// whether a peer may have it.
func (tx *Tx) Wanted(h Hash) (rows []Row, err error) {
	tx.scan(join(pBlob, h[:]), nil, false, func(k, _ []byte) bool {
		raw := tx.get(join(pRow, k[49:51], k[33:49]))
		if raw == nil {
			return true
		}
		var row Row
		if row, err = DecodeRow(raw); err != nil {
			return false
		}
		rows = append(rows, row)
		return true
	})
	return rows, err
}

// Partial is a blob that arrives in pieces. What was written stays in
// DIR/partial over restarts; Offset says where to go on.
type Partial struct {
	db   *DB
	f    *os.File
	h    Hash
	size int64
	at   int64
}

// Partial opens, or goes on with, the arrival of a blob of this length. Not
// for two callers at once.
func (db *DB) Partial(h Hash, size int64) (*Partial, error) {
	f, err := os.OpenFile(filepath.Join(db.dir, "partial", h.String()), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, noRoom("partial blob", err)
	}
	at, err := f.Seek(0, io.SeekEnd)
	if err == nil && at > size {
		at, err = 0, f.Truncate(0)
	}
	if err != nil {
		f.Close()
		return nil, noRoom("partial blob", err)
	}
	return &Partial{db, f, h, size, at}, nil
}

// Offset is how many bytes are here.
func (p *Partial) Offset() int64 { return p.at }

// Write appends the next bytes; ErrTooLarge past the length announced.
func (p *Partial) Write(b []byte) (int, error) {
	if p.at+int64(len(b)) > p.size {
		return 0, ErrTooLarge
	}
	n, err := p.f.WriteAt(b, p.at)
	p.at += int64(n)
	if err != nil {
		return n, noRoom("partial blob", err)
	}
	return n, nil
}

// Finish checks the whole against its hash and keeps it, durably. On ErrHash
// the bytes are thrown away and the next arrival starts from zero.
func (p *Partial) Finish() error {
	defer p.f.Close()
	if p.at != p.size {
		return fmt.Errorf("store: blob %s: %d of %d bytes", p.h, p.at, p.size)
	}
	var sum hash.Hash = sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(p.f, 0, p.size)); err != nil {
		return fmt.Errorf("store: blob %s: %w", p.h, err)
	}
	if Hash(sum.Sum(nil)) != p.h {
		return errors.Join(ErrHash, os.Remove(p.f.Name()))
	}
	if err := p.db.keepBlob(p.f, p.h); err != nil {
		return err
	}
	_ = os.Remove(p.f.Name()) // left only when the blob was here already
	p.db.watch.changed(map[string]bool{BlobsName: true})
	return nil
}

// BlobsName is the name under which Watch tells of a blob that arrived.
const BlobsName = "blobs"

// Close lets the file go; what was written stays.
func (p *Partial) Close() error { return p.f.Close() }
