package store

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// group is the commit that writers share. Who comes first serves: runs its function
// and commits. Who comes while somebody serves queues; a goroutine runs the queue's
// functions one after the other on the same transaction, and commits when nobody
// waits or the commit is large enough. A function that fails is undone alone.
type group struct {
	mu      sync.Mutex
	idle    sync.Cond // signalled when serving ends
	queue   []*writer
	serving bool
	closed  bool

	// Of the serving goroutine alone.
	taken []*writer     // from the queue, to be run
	last  time.Duration // how long the last commit took
	size  int           // how many it served
}

// writer is one call of Update.
type writer struct {
	fn     func(*Tx) error
	done   chan struct{} // closed when err and what follows are settled
	err    error
	panics any  // what fn panicked with
	ended  bool // fn ended its goroutine, as a failing test does
}

type shared struct {
	tx      *bolt.Tx
	l       layout
	writers []*writer // that ran
	good    int       // of them without an error
	writes  int       // records they wrote
	touched map[string]bool
	newest  int64
	err     error
}

const (
	mostTogether = 512
	slowCommit   = 5 * time.Millisecond
	shortWait    = time.Millisecond
)

// Update runs fn and returns nil only after all it wrote is durable. What fn
// returns comes back, once all that it saw is durable, and then nothing of it was
// written. fn must have no effect outside the transaction, and may run on another
// goroutine. Update fails with ErrReadOnly after a sync that failed, with ErrFull
// when the disk has no room: then nothing was changed.
func (db *DB) Update(fn func(*Tx) error) error {
	g := &db.group
	w := &writer{fn: fn, done: make(chan struct{})}
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return ErrClosed
	}
	first := !g.serving
	if g.serving = true; !first {
		g.queue = append(g.queue, w)
	}
	g.mu.Unlock()
	if first {
		db.lead(w)
	}
	<-w.done
	if w.panics != nil {
		panic(w.panics)
	}
	if w.ended {
		runtime.Goexit()
	}
	return w.err
}

// lead serves the first writer on its own goroutine, and leaves the others to serve.
func (db *DB) lead(w *writer) {
	g := &db.group
	var s *shared
	defer func() { // also reached when w's function ends the goroutine
		slow := g.last > slowCommit && g.size > 1
		g.mu.Lock()
		if s != nil && len(g.queue) == 0 && !slow {
			g.mu.Unlock()
			db.settle(s)
			s = nil
			g.mu.Lock()
		}
		defer g.mu.Unlock()
		if s != nil || len(g.queue) > 0 {
			go db.serve(s)
		} else {
			g.rest()
		}
	}()
	var err error
	if s, err = db.together(); err != nil {
		w.err = err
		close(w.done)
		return
	}
	db.run(s, w)
}

// rest ends the serving. Called under the lock.
func (g *group) rest() {
	g.serving = false
	g.idle.Broadcast()
}

// next is the next writer, nil when nobody waits. With a transaction open it first
// lets those run who are about to queue.
func (g *group) next(open bool) *writer {
	if len(g.taken) == 0 {
		g.takeAll()
		if len(g.taken) == 0 && open {
			runtime.Gosched()
			g.takeAll()
		}
		if len(g.taken) == 0 {
			return nil
		}
	}
	w := g.taken[0]
	g.taken = g.taken[1:]
	return w
}

func (g *group) takeAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken, g.queue = g.queue, nil
}

// serve runs and commits whoever waits, and ends when nobody does. s is a
// transaction that is open already, or nil.
func (db *DB) serve(s *shared) {
	g := &db.group
	finished := false
	defer func() {
		if !finished { // a function ended this goroutine: the others go on
			go db.serve(s)
		}
	}()
	for {
		w := g.next(s != nil)
		if w == nil && s != nil {
			w = db.lateComer(s)
		}
		switch {
		case w != nil && s == nil:
			var err error
			if s, err = db.together(); err != nil {
				w.err = err
				close(w.done)
				continue
			}
			db.run(s, w)
		case w != nil:
			db.run(s, w)
		case s == nil:
			g.mu.Lock()
			if finished = len(g.queue) == 0; finished {
				g.rest()
			}
			g.mu.Unlock()
			if finished {
				return
			}
			continue
		}
		if w == nil || len(s.writers) >= mostTogether || s.err != nil {
			db.settle(s)
			s = nil
		}
	}
}

// settle commits and tells the writers. A refusal too may rest on what others
// wrote in this commit: it has waited.
func (db *DB) settle(s *shared) {
	db.commit(s)
	for _, w := range s.writers {
		if s.err != nil {
			w.err = s.err
		}
		close(w.done)
	}
}

// lateComer waits a moment for one more writer where the disk is slow; on a quick
// one that would only cost time.
func (db *DB) lateComer(s *shared) *writer {
	if g := &db.group; g.last > slowCommit && g.size > 1 && s.err == nil {
		time.Sleep(shortWait)
		return g.next(false)
	}
	return nil
}

// together opens the transaction that the next writers share.
func (db *DB) together() (*shared, error) {
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
	return &shared{tx: t, l: layout{t: t}, touched: map[string]bool{}}, nil
}

// run runs one writer's function. Whatever it does, panic or end the goroutine,
// is its caller's alone.
func (db *DB) run(s *shared, w *writer) {
	tx := &Tx{db: db, t: s.tx, l: s.l, write: true, together: s.writes}
	s.writers = append(s.writers, w)
	w.ended = true
	defer func() {
		if w.panics = recover(); w.panics != nil {
			w.ended = false
			db.log.Error("a writer panicked", "cause", w.panics, "stack", string(debug.Stack()))
		}
		if w.err != nil || w.panics != nil || w.ended {
			if undoErr := tx.rollback(); undoErr != nil {
				s.err = errors.Join(w.err, fmt.Errorf("store: undo: %w", undoErr))
			}
			return
		}
		s.good++
		s.writes = tx.together
		for c := range tx.touched {
			s.touched[c] = true
		}
		if len(tx.undo) > 0 && !tx.now.IsZero() {
			s.newest = max(s.newest, tx.now.UnixMilli())
		}
	}()
	w.err = w.fn(tx)
	w.ended = false
}

func (db *DB) commit(s *shared) {
	if s.err != nil || s.good == 0 {
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
	db.group.last, db.group.size = time.Since(start), s.good
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
