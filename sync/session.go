package boxsync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"preau/store"
)

const (
	inFlight     = 2
	perByte      = 6 // bytes of rows that come to one on the line, or so: columns, then zstd
	packs        = 3 // bytes of columns that do
	smallestSend = 2 << 10
	largestSend  = 32 << 10
	aimedAt      = 5 * time.Second // a batch is as many bytes as the link carries in this time
	pingEvery    = 60 * time.Second
	silentAfter  = 200 * time.Second
	stalledAfter = 5 * time.Minute
)

var lanes = []store.Lane{store.Control, store.Urgent, store.Records, store.Small, store.Bulk, store.Sealed}

// session is one connection after both sides know each other. One goroutine
// reads, one writes; what they share is under mu.
type session struct {
	db    *store.DB
	conn  net.Conn
	f     *framer
	rec   *recorder
	from  string // school code of the sender of what we apply; "" = the office
	out   []store.Feed
	mine  func(origin store.Origin, lane store.Lane) store.Feed // a received cursor's feed, as the store names it
	give  func(store.Hash) bool                                 // may the peer have this blob?
	life  store.Origin                                          // under which out was made
	ended map[store.Origin]bool                                 // earlier lives of the peer's store
	ends  bool                                                  // say bye when both sides have nothing left

	mu         sync.Mutex
	next       map[store.Feed]store.Cursor // where to send on from
	flying     []flight
	size       int
	replies    []func() error      // acks, pongs: written before anything else
	wanted     []asked             // files the peer asked for
	fetching   []*fetch            // what we asked for, in the order in which it comes
	refused    map[store.Hash]bool // files the peer does not have (yet)
	plain      map[store.Hash]bool // files to be asked for whole
	piece      int                 // bytes a piece has
	idle       bool                // we said so
	peerIdle   bool
	wake       chan struct{}
	still      func() error // asked after commits: may the peer go on? nil: yes
	leaving    bool         // we said goodbye: how the line ends then means nothing
	onIdle     func()
	cmp        *comparison // nil: nothing is being compared
	hold       bool        // the outbox waits for a comparison
	moved      time.Time   // when the last frame that is not a ping came
	cutOf      store.Hash  // the file that cut is of; only the writer asks
	cut        map[[16]byte]int64
	peerLife   store.Origin // under which the box writes
	peerOver   bool         // it has said itself that this life had ended
	owed       atomic.Bool  // the answer to a ping
	onPing     bool         // answer pings (the office)
	greeted    func(kind byte, body []byte) error
	comparing  func(body []byte) error
	lacks      []lacking // files that are missing here
	lacksKnown bool
	told       string                          // what a box was told of them
	lacked     func([]laneWaits)               // told what the office lacks of this box's files; nil at the office
	applied    func() error                    // after each batch; may be nil
	shut       laneSet                         // lanes that wait, as the box says
	waits      func() (laneSet, error)         // what the box says now; nil at the office
	room       func(store.Lane) (int64, error) // bytes that may be asked for on a lane; nil at the office
	bill       *bill                           // nil: nobody counts
	came       store.Lane                      // of the frame that is handled; only the reader asks
	tell       func() (stateWire, error)       // a box: what to say of itself
	tellNow    atomic.Bool                     // a box: something it said in its hello is no longer so
	hears      func(stateWire)                 // the office: hears it
	heard      func()                          // the office: the line stands
	watch      []string                        // commits that may concern this session; nil: all
	crowded    func() bool                     // the office: memory is dear now
	bye        *byeWire                        // said as soon as may be
	gate       *gate                           // the office's; nil at a box
	pressed    func()                          // what this session told it is over; only the writer asks, as of the next two
	way        <-chan struct{}                 // the next piece waits for it
	held       time.Time                       // since when it has waited
}

type flight struct {
	feed  store.Feed
	to    store.Cursor
	rows  int
	bytes int
	left  time.Time
}

func (s *session) init() {
	s.moved = time.Now()
	s.life, s.ended = s.db.Origin(), map[store.Origin]bool{}
	s.next, s.refused, s.plain, s.size, s.wake = map[store.Feed]store.Cursor{}, map[store.Hash]bool{}, map[store.Hash]bool{}, 4<<10, make(chan struct{}, 1)
}

// run carries on until the context ends, the peer leaves or the line breaks.
// io.EOF and a bye are a good end and give nil.
func (s *session) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() { s.conn.Close() })
	defer stop()
	s.f.src.onPing = func() {
		_ = s.conn.SetReadDeadline(time.Now().Add(silentAfter))
		if s.onPing {
			s.owed.Store(true)
			s.heard()
			s.poke()
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		cancel(s.reads())
	}()
	err := s.writes(ctx)
	s.released()
	s.mu.Lock()
	dismissed := s.bye != nil && errors.Is(err, errBye)
	s.mu.Unlock()
	if dismissed { // closing now would lose the bye to what the peer is still sending
		hang := time.AfterFunc(byeReads, func() { s.conn.Close() })
		<-done
		hang.Stop()
	}
	if err != nil {
		cancel(err)
	}
	s.conn.Close()
	<-done
	s.mu.Lock()
	for len(s.fetching) > 0 {
		s.letGo(s.fetching[0])
	}
	s.mu.Unlock()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leaving || errors.Is(err, errBye) || errors.Is(err, io.EOF) && s.peerIdle {
		return nil
	}
	return err
}

// byeReads is how long the peer may take to read a bye and hang up.
const byeReads = 10 * time.Second

var errBye = errors.New("boxsync: said goodbye")

func (s *session) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// ---- what comes

func (s *session) reads() error {
	for {
		if err := s.conn.SetReadDeadline(time.Now().Add(silentAfter)); err != nil {
			return err
		}
		kind, body, err := s.f.read()
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.moved = time.Now()
		s.mu.Unlock()
		s.came = store.Control
		if err := s.handle(kind, body); err != nil {
			return err
		}
		if err := s.bill.came(s.came, len(body)+1); err != nil {
			return err
		}
		if kind == frameIdle || s.came == store.Bulk { // nothing comes with it
			if err := s.bill.taken(); err != nil {
				return err
			}
		}
		s.poke()
	}
}

func (s *session) handle(kind byte, body []byte) error {
	switch kind {
	case frameBatch:
		return s.gotBatch(body)
	case frameAck:
		return s.gotAck(body)
	case frameWant:
		return s.gotWant(body)
	case framePiece:
		return s.gotPiece(body)
	case frameNoBlob:
		return s.gotNoBlob(body)
	case frameIdle:
		s.mu.Lock()
		s.peerIdle = true
		s.mu.Unlock()
		if s.onIdle != nil {
			s.onIdle()
		}
		return nil
	case frameCompare:
		s.came = store.Records
		defer s.lookAgain()
		return s.comparing(body)
	case frameLanes:
		return s.gotLanes(body)
	case frameState:
		var w stateWire
		if err := unmarshal(body, &w); err != nil {
			return err
		}
		if s.hears != nil {
			s.hears(w)
		}
		return nil
	case frameBye:
		var w byeWire
		if err := unmarshal(body, &w); err != nil {
			return err
		}
		if w.Reason != "" {
			return &ByeError{w.Reason, time.Duration(w.Back) * time.Second}
		}
		return errBye
	default:
		if s.greeted != nil {
			return s.greeted(kind, body)
		}
		return fmt.Errorf("%w: type %d here", ErrFrame, kind)
	}
}

// ByeError is the peer's word that it will not talk now, and when to come back.
type ByeError struct {
	Reason string // "busy", "turn" (others wait), "unknown", "version", "dictionary"
	Back   time.Duration
}

// Error is for logs.
func (e *ByeError) Error() string { return "boxsync: the office says: " + e.Reason }

func (s *session) reply(kind byte, v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.replies) < 1024 {
		s.replies = append(s.replies, func() error { return s.f.write(kind, v) })
	}
}

func (s *session) gotBatch(body []byte) error {
	var w batchWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	_, from, err := w.From.read()
	if errors.Is(err, errLane) {
		return nil
	}
	if err != nil {
		return err
	}
	feed, to, err := w.To.read()
	if err != nil {
		return err
	}
	feed = s.mine(feed.Origin, feed.Lane)
	s.came = feed.Lane
	rows, err := unpackRows(w.Rows)
	if err != nil {
		return err
	}
	b := store.Batch{Feed: feed, From: from, To: to, Rows: rows}
	for _, raw := range w.Gone {
		id, err := readID(raw)
		if err != nil {
			return err
		}
		b.Gone = append(b.Gone, id)
	}
	s.mu.Lock()
	s.peerIdle = false
	s.refused = map[store.Hash]bool{}
	s.mu.Unlock()
	have, err := s.db.Received(feed)
	if err != nil {
		return err
	}
	if from != have && (from.Number > 0 || !s.ended[feed.Origin]) {
		// Sent before the peer knew our cursor: it comes again from there. Or its
		// history is another: nothing of that may be mixed in.
		return nil
	}
	if s.gate != nil && feed.Lane <= store.Urgent {
		defer s.gate.press()()
	}
	if err := s.db.Apply(b, s.from); err != nil {
		return err
	}
	s.lookAgain()
	if s.applied != nil {
		if err := s.applied(); err != nil {
			return err
		}
	}
	s.rec.step("received", len(b.Rows)+len(b.Gone))
	s.bill.items(feed.Lane, 0, len(b.Rows)+len(b.Gone))
	s.reply(frameAck, wireCursor(feed, to))
	return nil
}

func (s *session) gotAck(body []byte) error {
	var w cursorWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	feed, to, err := w.read()
	if errors.Is(err, errLane) {
		return nil
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	var mine store.Feed
	for _, f := range s.out {
		if f.Origin == feed.Origin && f.Lane == feed.Lane {
			mine = f
		}
	}
	rows := 0
	var keep []flight
	for _, fl := range s.flying {
		if fl.feed != mine || fl.to.Number > to.Number {
			keep = append(keep, fl)
			continue
		}
		rows += fl.rows
		if took := time.Since(fl.left); took > 0 {
			s.size = min(max(int(float64(fl.bytes)*float64(aimedAt)/float64(took)), smallestSend), largestSend)
		}
	}
	known := len(keep) < len(s.flying)
	s.flying = keep
	s.mu.Unlock()
	if !known {
		return nil // sent before a cursor was corrected
	}
	if err := s.db.Acked(mine, to); err != nil {
		return err
	}
	s.rec.step("sent", rows)
	s.bill.items(mine.Lane, rows, 0)
	return nil
}

// rewind has a line sent on from c; what is in flight on it counts no more.
func (s *session) rewind(f store.Feed, c store.Cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next[f] = c
	var keep []flight
	for _, fl := range s.flying {
		if fl.feed != f {
			keep = append(keep, fl)
		}
	}
	s.flying = keep
}
