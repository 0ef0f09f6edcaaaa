package boxsync

import (
	"context"
	"slices"
	"sync"
	"time"

	"preau/store"
)

// Health is how the machine of a box is.
type Health struct {
	FreeDisk, DiskSize int64 // bytes; 0 not told
	Cuts               int   // times that the power went in the last 30 days
}

// LaneWait is what waits on one lane.
type LaneWait struct {
	_       struct{} `cbor:",toarray"`
	Lane    store.Lane
	Records int
	Bytes   int64 // of their rows, before they are packed
}

// Contact is what a box says of itself.
type Contact struct {
	Site    string
	Last    time.Time
	Build   string // version of its program
	Health  Health
	Apart   time.Duration // the box's clock minus the office's
	Trusted bool          // the box trusts its own clock
	Pending int           // records that wait there
	Waiting []LaneWait    // of them, by lane; a box of format 1 does not tell
	// Up and Down are bytes of this box's connections, TLS and all, that were not
	// in an earlier Contact.
	Up, Down int64
}

// stateWire is what a box tells of itself: in its hello, and every tellEvery of
// a session.
type stateWire struct {
	Millis   int64      `cbor:"5,keyasint,omitempty"`
	Trusted  bool       `cbor:"6,keyasint,omitempty"`
	FreeDisk int64      `cbor:"7,keyasint,omitempty"`
	Pending  int        `cbor:"8,keyasint,omitempty"`
	DiskSize int64      `cbor:"14,keyasint,omitempty"`
	Cuts     int        `cbor:"12,keyasint,omitempty"`
	Waiting  []LaneWait `cbor:"13,keyasint,omitempty"`
}

const (
	tellEvery = time.Hour
	// heardEvery is how often the office notes that a quiet session still stands.
	heardEvery = 10 * time.Minute
	// noteEvery gathers the contacts of all boxes into one commit.
	noteEvery = time.Second
)

// state is what this box says of itself now.
func (e *Engine) state() (w stateWire, err error) {
	now, trusted := e.o.DB.Clock()
	w.Millis, w.Trusted = now.UnixMilli(), trusted
	if e.o.Health != nil {
		h := e.o.Health()
		w.FreeDisk, w.DiskSize, w.Cuts = h.FreeDisk, h.DiskSize, h.Cuts
	}
	w.Waiting, err = e.waiting()
	for _, l := range w.Waiting {
		w.Pending += l.Records
	}
	return w, err
}

// waiting is what this box has to send, by lane; lanes with nothing are left out.
func (e *Engine) waiting() (list []LaneWait, err error) {
	feeds, err := e.feeds()
	if err != nil {
		return nil, err
	}
	all := map[store.Lane]LaneWait{}
	for _, f := range feeds {
		c, _, err := e.o.DB.AckedCursor(f)
		if err != nil {
			return nil, err
		}
		n, size, err := e.o.DB.Pending(f, c)
		if err != nil {
			return nil, err
		}
		w := all[f.Lane]
		all[f.Lane] = LaneWait{Lane: f.Lane, Records: w.Records + n, Bytes: w.Bytes + size}
	}
	for _, l := range lanes {
		if w := all[l]; w.Records > 0 {
			list = append(list, w)
		}
	}
	return list, nil
}

// hearing is what the office heard of one box in one session.
type hearing struct {
	h *Hub
	m *meter

	mu       sync.Mutex
	c        Contact
	up, down int64 // bytes noted already
	noted    time.Time
}

// told takes in what the box says of itself.
func (x *hearing) told(w stateWire) {
	now, _ := x.h.o.DB.Clock()
	x.mu.Lock()
	x.c.Health = Health{w.FreeDisk, w.DiskSize, w.Cuts}
	x.c.Apart, x.c.Trusted = time.UnixMilli(w.Millis).Sub(now), w.Trusted
	x.c.Pending, x.c.Waiting = w.Pending, slices.DeleteFunc(w.Waiting, func(l LaneWait) bool {
		return l.Lane < store.Control || l.Lane > store.Sealed // of a newer box
	})
	x.mu.Unlock()
	x.note()
}

// empty notes that the box has nothing left to send.
func (x *hearing) empty() {
	x.mu.Lock()
	x.c.Pending, x.c.Waiting = 0, nil
	x.mu.Unlock()
	x.note()
}

// alive notes, now and then, that the line still stands.
func (x *hearing) alive() {
	x.mu.Lock()
	due := time.Since(x.noted) >= heardEvery
	x.mu.Unlock()
	if due {
		x.note()
	}
}

func (x *hearing) note() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.noted = time.Now()
	x.c.Last, _ = x.h.o.DB.Clock()
	up, down := x.m.in.Load(), x.m.out.Load()
	c := x.c
	c.Up, c.Down = up-x.up, down-x.down
	x.up, x.down = up, down
	x.h.contacts.add(c)
}

// contacts gathers what boxes say: the boxes of a whole country write one commit
// a second, not three each.
type contacts struct {
	mu   sync.Mutex
	new  map[string]Contact // by site
	some chan struct{}
}

func (l *contacts) add(c Contact) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.new[c.Site]
	c.Up, c.Down = c.Up+old.Up, c.Down+old.Down
	l.new[c.Site] = c
	select {
	case l.some <- struct{}{}:
	default:
	}
}

func (l *contacts) take() map[string]Contact {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.new
	l.new = map[string]Contact{}
	return all
}

// writeContacts hands on what was gathered until ctx ends, and then the last.
func (h *Hub) writeContacts(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-h.contacts.some:
			t := time.NewTimer(noteEvery)
			select {
			case <-ctx.Done():
			case <-t.C:
			}
			t.Stop()
		}
		h.writeDown(h.contacts.take())
	}
	h.writeDown(h.contacts.take())
}

func (h *Hub) writeDown(all map[string]Contact) {
	if h.o.Seen == nil || len(all) == 0 {
		return
	}
	err := h.o.DB.Update(func(tx *store.Tx) error {
		for _, c := range all {
			if err := h.o.Seen(tx, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.o.Log.Warn("what boxes said of themselves was not noted", "boxes", len(all), "cause", err)
	}
}
