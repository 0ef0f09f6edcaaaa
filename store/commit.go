package store

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// group is the commit that writers share. Each writer runs its own function
// under the lock, on the one open transaction; the writer behind whom nobody
// waits commits for all. A function that fails is undone alone.
type group struct {
	mu      sync.Mutex
	waiting atomic.Int32 // writers that asked for mu and have not run yet
	open    *shared
	closed  bool
	last    time.Duration // how long the last commit took
	size    int           // how many it served
}

type shared struct {
	tx      *bolt.Tx
	l       layout
	n       int // writers
	writes  int // records they wrote
	touched map[string]bool
	newest  int64
	done    chan struct{}
	err     error
}

const (
	mostTogether = 512
	slowCommit   = 5 * time.Millisecond
	shortWait    = time.Millisecond
)

// Update runs fn and returns nil only after all it wrote is durable. What fn
// returns comes back, once all that it saw is durable, and then nothing of it was
// written. fn must have no effect outside the transaction. Update fails with
// ErrReadOnly after a sync that failed, with ErrFull when the disk has no room:
// then nothing was changed.
func (db *DB) Update(fn func(*Tx) error) error {
	g := &db.group
	g.waiting.Add(1)
	g.mu.Lock()
	g.waiting.Add(-1)
	s, err := db.join()
	if err != nil {
		g.mu.Unlock()
		return err
	}
	err = db.run(s, fn) // lets the lock go, also when fn panics
	<-s.done
	if s.err != nil {
		return s.err
	}
	return err // a refusal too may rest on what others wrote in this commit: it waits
}

// join is the open shared transaction, or a new one. Called under the lock.
func (db *DB) join() (*shared, error) {
	g := &db.group
	if g.open != nil { // its earlier writers count on us to commit, come what may
		return g.open, nil
	}
	if g.closed {
		return nil, ErrClosed
	}
	if err := db.ReadOnly(); err != nil {
		return nil, err
	}
	t, err := db.file.Begin(true)
	if err != nil {
		if errors.Is(err, berrors.ErrDatabaseNotOpen) {
			return nil, ErrClosed
		}
		return nil, fmt.Errorf("store: begin: %w", err)
	}
	l, ok := layoutOf(t)
	if !ok {
		_ = t.Rollback()
		return nil, &DamagedError{Path: db.file.Path(), Err: errNoStore}
	}
	g.open = &shared{tx: t, l: l, touched: map[string]bool{}, done: make(chan struct{})}
	return g.open, nil
}

func (db *DB) run(s *shared, fn func(*Tx) error) (err error) {
	tx := &Tx{db: db, t: s.tx, l: s.l, write: true, together: s.writes}
	finished := false
	defer func() {
		// Also reached when fn panics or ends its goroutine: the others go on.
		if !finished || err != nil {
			if undoErr := tx.rollback(); undoErr != nil {
				s.err = errors.Join(err, fmt.Errorf("store: undo: %w", undoErr))
			}
		} else {
			s.n++
			s.writes = tx.together
			for c := range tx.touched {
				s.touched[c] = true
			}
			if len(tx.undo) > 0 && !tx.now.IsZero() {
				s.newest = max(s.newest, tx.now.UnixMilli())
			}
		}
		db.finish(s)
	}()
	err = fn(tx)
	finished = true
	return err
}

// finish commits when nobody waits behind this writer, and lets the lock go.
func (db *DB) finish(s *shared) {
	g := &db.group
	defer g.mu.Unlock()
	if g.waiting.Load() > 0 && s.n < mostTogether && s.err == nil {
		return // the next one commits
	}
	// On a slow disk a moment's wait lets more writers in; on a quick one it
	// would only cost time.
	if g.last > slowCommit && g.size > 1 && s.n < mostTogether && s.err == nil {
		g.mu.Unlock()
		time.Sleep(shortWait)
		g.mu.Lock()
		if g.open != s {
			return
		}
		if g.waiting.Load() > 0 {
			return
		}
	}
	g.open = nil
	db.commit(s)
	close(s.done)
}

func (db *DB) commit(s *shared) {
	if s.err != nil || s.n == 0 {
		if err := s.tx.Rollback(); err != nil {
			s.err = errors.Join(s.err, err)
		}
		return
	}
	tx := &Tx{db: db, t: s.tx, l: s.l, write: true}
	if s.newest > db.newest.Load() {
		s.err = tx.setCounter("newest", uint64(s.newest))
	}
	if s.err != nil {
		_ = s.tx.Rollback()
		return
	}
	start := time.Now()
	err := s.tx.Commit()
	db.group.last, db.group.size = time.Since(start), s.n
	if err != nil {
		s.err = db.failed(err)
		return
	}
	if s.newest > 0 {
		db.newest.Store(max(db.newest.Load(), s.newest))
	}
	db.watch.changed(s.touched)
}

// failed sorts a commit's failure: no room is the disk's passing state, and
// the transaction never happened; anything else, a failed sync above all,
// means that memory no longer tells what the disk holds.
func (db *DB) failed(err error) error {
	var path *os.PathError
	if errors.Is(err, syscall.ENOSPC) && errors.As(err, &path) && path.Op != "sync" && path.Op != "fdatasync" {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return db.broke(err)
}

// broke makes the store read-only until it is opened on what the disk really holds.
func (db *DB) broke(err error) error {
	db.log.Error("store is read-only until it is opened again", "cause", err)
	broken := fmt.Errorf("%w: %w", ErrReadOnly, err)
	db.broken.CompareAndSwap(nil, &broken)
	return broken
}
