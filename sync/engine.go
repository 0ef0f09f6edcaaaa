package boxsync

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"preau/store"
)

// EngineOptions make the box's side. DB, Key and Site must be given.
type EngineOptions struct {
	DB     *store.DB
	Key    ed25519.PrivateKey
	Site   string                                                   // school code
	Addr   func() string                                            // where to call; nil or "": the address of the enrolment
	Dial   func(ctx context.Context, addr string) (net.Conn, error) // nil: TCP
	Offset func(office time.Time, rtt time.Duration)                // told the office's time; may be nil
	Budget Budget                                                   // what the lanes may cost; nil: as much as they like
	Health func() Health                                            // may be nil
	Build  string
	Log    *slog.Logger
}

// Engine is the box's side: one connection while the link is up.
type Engine struct {
	o    EngineOptions
	kick chan struct{}
	z    *codecs
	led  *ledger

	mu      sync.Mutex
	site    string      // school code
	lacks   []laneWaits // files that the office said it lacks
	batch   int         // bytes, as the last session measured
	status  Status
	now     *recorder  // of the session that is open
	written Report     // the newest that was written down
	once    sync.Mutex // one attempt at a time
}

const keptBack = 20 // reports

// NewEngine makes an engine; Run or Once start it.
func NewEngine(o EngineOptions) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{o: o, site: o.Site, kick: make(chan struct{}, 1), z: newCodecs(zstd.SpeedBetterCompression), led: newLedger(o.DB, o.Budget), status: Status{State: "never"}}
	e.remember()
	return e
}

// SetSite is told the school's code when an enrolment has given another.
func (e *Engine) SetSite(code string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.site = code
}

func (e *Engine) siteCode() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.site
}

// Kick has the engine call at once instead of waiting out its pause.
func (e *Engine) Kick() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

// Once makes one attempt: everything both sides have now, then goodbye. While
// Run holds a session, or is about to, that session's outcome is the attempt:
// waiting for it to end would be waiting for ever.
func (e *Engine) Once(ctx context.Context) (Report, error) {
	changed, stop := e.o.DB.Watch()
	defer stop()
	for {
		if e.once.TryLock() {
			defer e.once.Unlock()
			r, err := e.locked(ctx, true)
			if errors.Is(err, errReborn) || errors.Is(err, errOtherDict) {
				r, err = e.locked(ctx, true)
			}
			return r, err
		}
		if s := e.Status(); s.State == "connected" && s.Pending.Records == 0 {
			now := time.Now()
			return Report{Started: now, Ended: now, Steps: []Step{{"idle", now, 0}}}, nil
		}
		select {
		case <-ctx.Done():
			return Report{}, context.Cause(ctx)
		case <-changed:
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Status is a copy of where the exchange stands.
func (e *Engine) Status() Status {
	e.mu.Lock()
	s := e.status
	s.Reports = append([]Report(nil), s.Reports...)
	now := e.now
	e.mu.Unlock()
	if now != nil {
		s.Now = now.far()
	}
	list, err := e.waiting()
	if err != nil {
		return s
	}
	if len(e.o.Budget) > 0 {
		uses, err := e.led.use()
		if err != nil {
			return s
		}
		for _, u := range uses {
			if u.Hold != Open {
				s.Held = append(s.Held, u)
			}
		}
	}
	for _, w := range list {
		s.Pending.Records += w.Records
		s.Pending.Bytes += w.Bytes
	}
	return s
}

// feeds are all the lines this box sends, its earlier lives' first.
func (e *Engine) feeds() (out []store.Feed, err error) {
	lives, err := e.o.DB.Lives()
	for _, o := range lives {
		for _, l := range lanes {
			out = append(out, store.Feed{Origin: o, Lane: l})
		}
	}
	return out, err
}

func (e *Engine) attempt(ctx context.Context, ends bool) (Report, error) {
	e.once.Lock()
	defer e.once.Unlock()
	return e.locked(ctx, ends)
}

// locked is attempt while once is held.
func (e *Engine) locked(ctx context.Context, ends bool) (Report, error) {
	rec := &recorder{r: Report{Started: time.Now()}}
	e.mu.Lock()
	e.now = rec
	e.mu.Unlock()
	m, err := e.session(ctx, rec, ends)
	var bye *ByeError
	if errors.As(err, &bye) && bye.Reason == "dictionary" { // the office has become older
		err = errors.Join(errOtherDict, e.learnDict(0))
	}
	ended := err
	if bye != nil && bye.Reason == "turn" { // a good end: others wait
		ended = nil
	}
	r := rec.end(m, ended)
	e.mu.Lock()
	e.now, e.status.Next = nil, time.Time{}
	if errors.Is(err, ErrNotEnrolled) {
		e.status.State = "unenrolled"
		e.mu.Unlock()
		return r, err
	}
	e.status.State = "offline"
	e.status.LastError = ""
	if ended != nil && ctx.Err() == nil {
		e.status.LastError = r.Stage
	}
	if e.status.Reports = append([]Report{r}, e.status.Reports...); len(e.status.Reports) > keptBack {
		e.status.Reports = e.status.Reports[:keptBack]
	}
	e.mu.Unlock()
	e.keep(Report{})
	e.o.Log.Info("exchange", "sent", r.Sent, "received", r.Received, "up", r.Up, "down", r.Down, "failed", r.Stage, "cause", r.Err)
	return r, err
}

func (e *Engine) session(ctx context.Context, rec *recorder, ends bool) (*meter, error) {
	rec.stage("enrolled")
	var office OfficeRow
	if err := e.o.DB.View(func(tx *store.Tx) (err error) { office, err = Office(tx); return err }); err != nil {
		return nil, err
	}
	addr := office.Addr
	if e.o.Addr != nil && e.o.Addr() != "" {
		addr = e.o.Addr()
	}
	raw, err := e.dial(ctx, addr, rec)
	if err != nil {
		return nil, fmt.Errorf("boxsync: dial: %w", err)
	}
	m := &meter{Conn: raw}
	rec.on(m)
	b := &bill{l: e.led, m: m}
	defer func() {
		if err := b.close(); err != nil {
			e.o.Log.Error("exchange: what it cost was not written down", "cause", err)
		}
	}()
	defer m.Close()
	rec.step("dialled", 0)
	rec.stage("agreed")
	config, err := tlsConfig(e.o.Key, func(peer ed25519.PublicKey) error {
		if !peer.Equal(ed25519.PublicKey(office.Key)) {
			return ErrPeer
		}
		return nil
	})
	if err != nil {
		return m, err
	}
	conn := tls.Client(m, config)
	defer conn.Close()
	shake, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := conn.HandshakeContext(shake); err != nil {
		return m, fmt.Errorf("boxsync: handshake: %w", err)
	}
	rec.step("agreed", 0)
	rec.stage("greeted")
	return m, e.talk(ctx, conn, office, rec, b, ends)
}

// dial tells apart a name that nobody knows from an office that does not answer.
func (e *Engine) dial(ctx context.Context, addr string, rec *recorder) (net.Conn, error) {
	rec.stage("dialled")
	if e.o.Dial != nil {
		return e.o.Dial(ctx, addr)
	}
	named := false
	if host, _, err := net.SplitHostPort(addr); err == nil {
		_, err := netip.ParseAddr(host)
		named = err != nil
	}
	if named {
		rec.stage("resolved")
	}
	var once sync.Once
	return dialTCP(ctx, addr, func() {
		once.Do(func() {
			if named {
				rec.step("resolved", 0)
				rec.stage("dialled")
			}
		})
	})
}

// talk greets and carries on with the first batch at once, without waiting
// for the office's welcome: it assumes what was last confirmed.
func (e *Engine) talk(ctx context.Context, conn net.Conn, office OfficeRow, rec *recorder, b *bill, ends bool) error {
	f, err := newFramer(conn, e.z, commonDict([]uint32{office.Dict}))
	if err != nil {
		return err
	}
	defer f.close()
	s := &session{db: e.o.DB, conn: conn, f: f, rec: rec, ends: ends, bill: b, waits: e.led.shut, room: e.led.room, lacked: e.noteLacks}
	s.init()
	if s.shut, err = e.led.shut(); err != nil {
		return err
	}
	if s.out, err = e.feeds(); err != nil {
		return err
	}
	for _, feed := range s.out {
		if s.next[feed], _, err = e.o.DB.AckedCursor(feed); err != nil {
			return err
		}
	}
	site := e.siteCode()
	e.mu.Lock()
	if e.batch > 0 { // the link is likely what it was
		s.size = e.batch
	}
	e.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		e.mu.Lock()
		defer e.mu.Unlock()
		e.batch = s.size
	}()
	s.mine = func(o store.Origin, l store.Lane) store.Feed { return store.Feed{Origin: o, Lane: l, Site: site} }
	s.give = func(h store.Hash) bool { return e.mayHave(h) }
	s.comparing = s.gotCompare
	s.tell = e.state
	sent := time.Now()
	s.greeted = func(kind byte, body []byte) error { return e.welcomed(s, kind, body, time.Since(sent)) }
	hello, err := e.hello()
	if err != nil {
		return err
	}
	hello.Shut = s.shut
	greet := f.write
	if hello.Pending > 0 {
		greet = f.say // at once: in one piece with a batch it would wait for the batch's last byte
	}
	if err := greet(frameHello, hello); err != nil {
		return fmt.Errorf("boxsync: hello: %w", err)
	}
	return s.run(ctx)
}

// noteLacks keeps what the office says it lacks of this box's files.
func (e *Engine) noteLacks(list []laneWaits) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lacks = list
}

// mayHave says whether the office may have a blob: one that an Up row names.
func (e *Engine) mayHave(h store.Hash) (yes bool) {
	_ = e.o.DB.View(func(tx *store.Tx) error {
		rows, err := tx.Wanted(h)
		for _, r := range rows {
			yes = yes || r.Home == store.Up
		}
		return err
	})
	return yes
}
