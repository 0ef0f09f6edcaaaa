package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Clock is where rows get their time from.
type Clock interface {
	// Now is the time and whether it can be trusted.
	Now() (t time.Time, trusted bool)
}

// Options open a store. Every field but Collections may be zero.
type Options struct {
	Collections []Definition
	Clock       Clock         // nil: the machine's, not trusted
	Log         *slog.Logger  // nil: silent
	LockTimeout time.Duration // how long to wait for another holder; 0: 200 ms
	Unsafe      bool          // no fsync: only to prove that the crash tests see the difference
}

// DB is an open store. Its methods may be called from many goroutines.
type DB struct {
	dir    string
	file   *bolt.DB
	lock   *os.File
	clock  Clock
	log    *slog.Logger
	known  map[string]Definition
	names  names
	origin atomic.Pointer[Origin]
	newest atomic.Int64 // ms, the newest time stored
	group  group
	broken atomic.Pointer[error]
	watch  watchers
	hints  hints
	sent   sync.Map // Feed → sentMark

	unnamed struct {
		sync.Mutex
		before map[Hash]bool // blobs that nothing named at the last sweep
	}
}

type machineClock struct{}

func (machineClock) Now() (time.Time, bool) { return time.Now(), false }

// FileName is the name of the database inside its folder.
const FileName = "preau.db"

// Open locks the folder, making it if need be, and opens the store. It fails
// with ErrLocked, naming the holder's pid, or with *DamagedError; it never
// replaces a file it cannot read.
func Open(dir string, o Options) (*DB, error) {
	for _, d := range []string{dir, filepath.Join(dir, "blobs"), filepath.Join(dir, "partial")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, noRoom("open", err)
		}
	}
	if err := syncDir(filepath.Dir(filepath.Clean(dir))); err != nil && !errors.Is(err, os.ErrPermission) {
		return nil, err
	}
	db := &DB{dir: dir, clock: o.Clock, log: o.Log, known: map[string]Definition{}}
	db.group.idle.L = &db.group.mu
	if db.clock == nil {
		db.clock = machineClock{}
	}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	for _, d := range o.Collections {
		if db.known[d.Name()] != nil {
			return nil, fmt.Errorf("store: collection %s defined twice", d.Name())
		}
		db.known[d.Name()] = d
	}
	wait := o.LockTimeout
	if wait == 0 {
		wait = 200 * time.Millisecond
	}
	var err error
	if db.lock, err = lockFolder(dir, wait); err != nil {
		return nil, err
	}
	if err := errors.Join(db.sweep(), db.open(o)); err != nil {
		db.lock.Close()
		return nil, err
	}
	return db, nil
}

// sweep removes what a process that ended in the middle left half written.
// Blobs that arrive in pieces stay: they go on where they stopped.
func (db *DB) sweep() error {
	list, err := os.ReadDir(filepath.Join(db.dir, "partial"))
	for _, e := range list {
		if !blobName.MatchString(e.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(db.dir, "partial", e.Name())))
		}
	}
	if err != nil {
		return fmt.Errorf("store: sweep: %w", err)
	}
	return nil
}

// lockFolder holds DIR/lock, which names the holder's pid.
func lockFolder(dir string, wait time.Duration) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: lock: %w", err)
	}
	for end := time.Now().Add(wait); ; time.Sleep(20 * time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if time.Now().After(end) {
			pid, _ := os.ReadFile(f.Name())
			f.Close()
			return nil, fmt.Errorf("%w: %s is held by process %s", ErrLocked, dir, strings.TrimSpace(string(pid)))
		}
	}
	if err := errors.Join(f.Truncate(0), second(f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0))); err != nil {
		f.Close()
		return nil, fmt.Errorf("store: lock: %w", err)
	}
	return f, nil
}

func second(_ int, err error) error { return err }

// Holder is the pid of the process that holds dir, 0 when nobody does.
func Holder(dir string) int {
	f, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		return 0
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		return 0
	}
	b, _ := os.ReadFile(f.Name())
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

func (db *DB) open(o Options) (err error) {
	path := filepath.Join(db.dir, FileName)
	// A panic inside bbolt's Open is damage; its file handle dies with the process.
	defer func() {
		if p := recover(); p != nil {
			err = &DamagedError{Path: path, Err: fmt.Errorf("%v", p)}
		}
	}()
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if err := create(db.dir); err != nil {
			return noRoom("create", err)
		}
	}
	// Also where the file was there already: whoever made it may have been cut
	// off before the folder was durable.
	if err := syncDir(db.dir); err != nil {
		return err
	}
	options := boltOptions()
	options.NoSync, options.NoGrowSync = o.Unsafe, o.Unsafe
	file, err := bolt.Open(path, 0o600, options)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("%w: %s", ErrLocked, path)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, os.ErrPermission):
		return noRoom("open", err)
	case err != nil:
		return &DamagedError{Path: path, Err: err}
	}
	db.file = file
	if err := db.begin(); err != nil {
		file.Close()
		return err
	}
	return nil
}

// create makes an empty store. It appears under its name only when it is whole,
// so that a power cut on the first day leaves nothing that looks damaged.
func create(dir string) error {
	tmp := filepath.Join(dir, "partial", "first-"+FileName)
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	file, err := bolt.Open(tmp, 0o600, boltOptions())
	if err != nil {
		return err
	}
	err = file.Update(func(t *bolt.Tx) error {
		for _, name := range buckets {
			if _, err := t.CreateBucket(name); err != nil {
				return err
			}
		}
		l, _ := layoutOf(t)
		return (&Tx{db: &DB{}, t: t, l: l, write: true}).adopt(newOrigin())
	})
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, FileName))
}

// boltOptions: a freelist kept on disk opens 1.5 GB in milliseconds; the array
// form stays quick on a fragmented file. With pages smaller than 4 KiB both meta
// pages would share a block, and one torn write would kill the file.
func boltOptions() *bolt.Options {
	return &bolt.Options{Timeout: time.Second, PageSize: 4096, FreelistType: bolt.FreelistArrayType}
}

// Dir is the folder; Origin names this life of the store.
func (db *DB) Dir() string    { return db.dir }
func (db *DB) Origin() Origin { return *db.origin.Load() }

// ReadOnly is nil, or why nothing can be written until the store is opened anew.
func (db *DB) ReadOnly() error {
	if p := db.broken.Load(); p != nil {
		return *p
	}
	return nil
}

func (db *DB) knows(collection string) bool { return db.known[collection] != nil }

// Size is the length of the database file in bytes.
func (db *DB) Size() int64 {
	fi, err := os.Stat(db.file.Path())
	if err != nil {
		return 0
	}
	return fi.Size()
}

// Close waits for running transactions and lets the folder go.
func (db *DB) Close() error {
	db.group.mu.Lock()
	defer db.group.mu.Unlock()
	if db.group.closed {
		return nil
	}
	db.group.closed = true
	for db.group.serving { // whoever was let in is served
		db.group.idle.Wait()
	}
	err := db.file.Close()
	db.watch.close()
	return errors.Join(err, db.lock.Close())
}

// View runs fn on one consistent state. Copy out what you need: nothing may be
// rendered, and nobody waited for, inside.
func (db *DB) View(fn func(*Tx) error) error {
	err := db.file.View(func(t *bolt.Tx) error {
		return fn(&Tx{db: db, t: t, l: layout{t: t}})
	})
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

// Clock is the time as the store's clock tells it, and whether it is trusted.
func (db *DB) Clock() (time.Time, bool) { return db.clock.Now() }

// Newest is the newest time stored; zero before the first write.
func (db *DB) Newest() time.Time {
	if ms := db.newest.Load(); ms > 0 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}
