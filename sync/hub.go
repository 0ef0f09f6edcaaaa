package boxsync

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/time/rate"

	"preau/store"
)

// HubOptions make the office's side. DB and Key must be given.
type HubOptions struct {
	DB      *store.DB
	Key     ed25519.PrivateKey
	Root    []byte                                              // public half of the root key that signs circulars' keys; pinned by boxes at enrolment
	Welcome func(tx *store.Tx, site string) (SchoolInfo, error) // what a box is told of its school when it enrols
	// Seen is told what a box says of itself, within a second or so of its hello, of
	// having nothing left to send, of every hour of a session, and of its leaving; it
	// runs in a transaction with others. May be nil.
	Seen func(tx *store.Tx, c Contact) error
	Most int // sessions at once, and an eighth more for those whose time has come; 0: 2,000
	Log  *slog.Logger
}

// Hub is the office's side: it serves the boxes that call.
type Hub struct {
	o       HubOptions
	z       *codecs
	door    chan struct{} // who called and did not leave: twice the places
	enrols  *rate.Limiter
	mu      sync.Mutex
	current map[string]*liveSession // of each site

	contacts contacts
	lobby    *lobby
	gate     gate
}

type liveSession struct{ end context.CancelFunc }

// NewHub makes a hub; Serve starts it.
func NewHub(o HubOptions) *Hub {
	if o.Most == 0 {
		o.Most = 2000
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Hub{o: o, z: newCodecs(zstd.SpeedFastest), door: make(chan struct{}, 2*o.Most), enrols: rate.NewLimiter(rate.Every(2*time.Second), 20), current: map[string]*liveSession{}, lobby: newLobby(o.Most), contacts: contacts{new: map[string]Contact{}, some: make(chan struct{}, 1)}}
}

// Online tells which sites hold a session now.
func (h *Hub) Online() map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	on := map[string]bool{}
	for s := range h.current {
		on[s] = true
	}
	return on
}

// Serve takes calls until ctx ends; it closes the listener and waits for the
// sessions to end.
func (h *Hub) Serve(ctx context.Context, l net.Listener) error {
	config, err := tlsConfig(h.o.Key, func(ed25519.PublicKey) error { return nil }) // who may do what is asked after the hello
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var all, notes sync.WaitGroup
	noting, stopNoting := context.WithCancel(context.WithoutCancel(ctx))
	notes.Go(func() { h.writeContacts(noting) })
	notes.Go(func() { h.returnMemory(noting) })
	defer func() {
		all.Wait()
		stopNoting()
		notes.Wait()
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
				continue
			}
			return fmt.Errorf("boxsync: accept: %w", err)
		}
		if t, ok := c.(*net.TCPConn); ok {
			keepLittle(t)
		}
		select { // those behind wait in the system's queue, and their dials are repeated by theirs
		case h.door <- struct{}{}:
		case <-ctx.Done():
			c.Close()
			return nil
		}
		all.Go(func() {
			defer func() { <-h.door }()
			h.serve(ctx, c, config)
		})
	}
}

func (h *Hub) answer(v *visit, conn *tls.Conn, m *meter, rec *recorder) (site string, err error) {
	key, err := peerKey(conn.ConnectionState())
	if err != nil {
		return "", err
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return "", err
	}
	known, err := h.siteOf(key)
	if err == nil { // one that is not known may want to enrol
		if back, full := h.lobby.away(known); full { // at the cost of a handshake: no compressor, nothing read
			_, err := conn.Write(alone(frameBye, byeWire{Reason: "busy", Back: seconds(back)}))
			hungUp(conn, err)
			return known, errBusy
		}
	}
	f, err := newFramer(conn, h.z, 0)
	if err != nil {
		return "", err
	}
	v.after(f.close)
	kind, body, err := f.read()
	if errors.Is(err, zstd.ErrUnknownDictionary) {
		return "", errors.Join(err, f.say(frameBye, byeWire{Reason: "dictionary"}))
	}
	if err != nil {
		return "", err
	}
	if kind == frameEnrol {
		return "", h.enrol(v.ctx, conn, f, key, body)
	}
	var hello helloWire
	if kind != frameHello {
		return "", fmt.Errorf("%w: type %d first", ErrFrame, kind)
	}
	if err := unmarshal(body, &hello); err != nil {
		return "", err
	}
	site, err = h.siteOf(key)
	switch {
	case err != nil:
		sendAway(conn, f, byeWire{Reason: "unknown", Back: 900})
		return "", err
	case !speaks(hello):
		sendAway(conn, f, byeWire{Reason: "version", Back: 3600})
		return site, fmt.Errorf("boxsync: the box speaks formats %d to %d", hello.Version, hello.Format)
	}
	return site, h.session(v, conn, m, f, rec, key, site, hello)
}

func speaks(w helloWire) bool {
	_, ok := spoken(w.Version, w.Format)
	return ok
}

// siteOf is the school whose live box holds the key; ErrPeer.
func (h *Hub) siteOf(key ed25519.PublicKey) (site string, err error) {
	err = h.o.DB.View(func(tx *store.Tx) error {
		p, err := peers.One(tx, "key", []byte(key))
		if errors.Is(err, store.ErrNotFound) || err == nil && !p.Value.Revoked.IsZero() {
			return ErrPeer
		}
		site = p.Value.Site
		return err
	})
	return site, err
}

// isPinned asks again, in an open session, whether the key is still the site's.
func (h *Hub) isPinned(key ed25519.PublicKey, site string) error {
	now, err := h.siteOf(key)
	if err == nil && now != site {
		err = ErrPeer
	}
	return err
}

// session makes the session that v runs.
func (h *Hub) session(v *visit, conn net.Conn, m *meter, f *framer, rec *recorder, key ed25519.PublicKey, site string, hello helloWire) error {
	ctx, cancel := context.WithCancel(v.ctx)
	v.ctx = ctx
	v.after(cancel)
	origin := h.o.DB.Origin()
	s := &session{db: h.o.DB, conn: conn, f: f, rec: rec, from: site, onPing: true, watch: []string{store.OutboxName(site), peers.Name()}}
	s.init()
	s.setShut(hello.Shut)
	s.gate = &h.gate
	s.crowded = func() bool { return 4*h.lobby.served() > h.o.Most }
	g := &guest{site: site, idle: s.rests, depart: func(reason string, back time.Duration) {
		s.dismiss(byeWire{Reason: reason, Back: seconds(back)})
		time.AfterFunc(byeWithin, cancel) // a line that does not take the word
	}}
	if back, in := h.lobby.enter(g); !in {
		sendAway(conn, f, byeWire{Reason: "busy", Back: seconds(back)})
		return errBusy
	}
	v.after(func() { h.lobby.leave(g) })
	v.after(h.enter(site, cancel))
	for _, l := range lanes {
		s.out = append(s.out, store.Feed{Origin: origin, Lane: l, Site: site})
	}
	if err := h.heard(site, s, hello.Have); err != nil {
		return err
	}
	s.mine = func(o store.Origin, l store.Lane) store.Feed { return store.Feed{Origin: o, Lane: l} }
	s.give = func(b store.Hash) bool { return h.mayHave(key, site, b) }
	s.still = func() error { return h.isPinned(key, site) }
	welcome := welcomeWire{Version: Version, Format: Format, Origin: origin[:], Dicts: knownDicts()}
	var err error
	if welcome.Have, err = h.meet(site, s, hello.Lives); err != nil {
		return err
	}
	welcome.Over = s.peerOver
	if welcome.Compare, err = h.toCompare(site, s, hello); err != nil {
		return err
	}
	s.comparing = func(body []byte) error { return errors.Join(h.answerCompare(s, site, body), h.giveBack(site)) }
	s.applied = func() error { return h.giveBack(site) }
	now, _ := h.o.DB.Clock()
	welcome.Millis = now.UnixMilli()
	box := &hearing{h: h, m: m, c: Contact{Site: site, Build: hello.Build}}
	box.told(hello.stateWire)
	s.hears, s.onIdle, s.heard = box.told, box.empty, box.alive
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	if err := f.speak(commonDict(hello.Dicts)); err != nil {
		return err
	}
	if err := f.write(frameWelcome, welcome); err != nil {
		return err
	}
	rec.step("greeted", 0)
	v.s, v.box = s, box
	return nil
}

// sendAway says bye and reads on until the box hangs up: closing a line on which
// more arrives would take the bye back.
func sendAway(conn net.Conn, f *framer, w byeWire) {
	hungUp(conn, f.say(frameBye, w))
}

// hungUp waits until the box hangs up after a bye, if that was said.
func hungUp(conn net.Conn, err error) {
	if err == nil && conn.SetReadDeadline(time.Now().Add(byeReads)) == nil {
		_, _ = io.CopyN(io.Discard, conn, 1<<20)
	}
}

var errBusy = errors.New("boxsync: busy")

// byeWithin is how long a session that was asked to leave may take.
const byeWithin = 20 * time.Second

func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// enter makes this the site's session: an older one, left over from a line
// that broke unnoticed, ends.
func (h *Hub) enter(site string, cancel context.CancelFunc) (leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if old := h.current[site]; old != nil {
		old.end()
	}
	mine := &liveSession{cancel}
	h.current[site] = mine
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.current[site] == mine {
			delete(h.current, site)
		}
	}
}

// mayHave says whether the box that holds a key may have a blob.
func (h *Hub) mayHave(key ed25519.PublicKey, site string, b store.Hash) (yes bool) {
	theirs, err := h.o.DB.OriginsOf(site)
	if err != nil {
		return false
	}
	_ = h.o.DB.View(func(tx *store.Tx) (err error) {
		_, yes, err = mayGive(tx, key, site, theirs, b)
		return err
	})
	return yes
}

// mayGive finds a file that the box which holds a key may be given, by link or by
// stick: one that a record addressed to its school names, that nobody but the school
// itself named, or that a record of the school named before the key was pinned, so
// that a new box gets back what its school sent. A stolen box may name what it likes
// in its own records: what another record names too is not given for that. theirs
// are the school's origins.
func mayGive(tx *store.Tx, key ed25519.PublicKey, site string, theirs []store.Origin, h store.Hash) (b store.Blob, yes bool, err error) {
	rows, err := tx.Wanted(h)
	if err != nil || len(rows) == 0 {
		return b, false, err
	}
	p, err := peers.One(tx, "key", []byte(key))
	own := true
	for _, r := range rows {
		mine := r.Home == store.Up && slices.Contains(theirs, r.Origin)
		own = own && mine
		yes = yes || mine && p.Value.wasThere(r.Meta) || r.Home == store.Down && slices.Contains(store.Addressed(tx, r.ID), site)
		for _, x := range r.Blobs {
			if x.Hash == h {
				b = x
			}
		}
	}
	return b, err == nil && (yes || own), err
}

// Revoke ends a school's box: its key is refused from the commit on, and its
// open session ends. It returns how many boxes that were.
func Revoke(tx *store.Tx, site string) (n int, err error) {
	now, _ := tx.Now()
	for r, err := range peers.Where(tx, "site", site) {
		if err != nil {
			return n, err
		}
		if r.Value.Revoked.IsZero() {
			r.Value.Revoked = now
			if err := peers.Set(tx, r.ID, r.Value); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
