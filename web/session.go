package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"preau/school"
	"preau/store"
)

// How long a session lives without being used.
const (
	sharedIdle = 15 * time.Minute    // poste partagé
	warnAfter  = 13 * time.Minute    // when a shared computer asks whether somebody is there
	ownIdle    = 30 * 24 * time.Hour // mon appareil
	anonIdle   = 24 * time.Hour      // before sign-in: only a cookie, nothing stored
	seenEvery  = time.Minute         // how often the last use is written down
)

// sessionRecord is a person who signed in somewhere. The cookie's value is not
// stored, only its hash: the folder alone opens no session.
type sessionRecord struct {
	Hash   []byte    `cbor:"1,keyasint,omitempty"`
	Person store.ID  `cbor:"2,keyasint,omitempty"`
	Own    bool      `cbor:"3,keyasint,omitempty"` // mon appareil
	Made   time.Time `cbor:"4,keyasint,omitempty"`
}

// idle is how long the session lives without being used.
func (s sessionRecord) idle() time.Duration {
	if s.Own {
		return ownIdle
	}
	return sharedIdle
}

// seenRecord is when a session was last used. It stands apart from the session,
// so that sessions change their version only when one begins or ends.
type seenRecord struct {
	Session store.ID  `cbor:"1,keyasint,omitempty"`
	At      time.Time `cbor:"2,keyasint,omitempty"`
}

var sessions = store.Define(store.Spec[sessionRecord]{
	Name: "web.sessions", Home: store.Scratch, Format: 1,
	Indexes: []store.Index[sessionRecord]{
		{Name: "hash", Unique: true, Keys: func(s *sessionRecord) [][]byte { return [][]byte{store.Key(s.Hash)} }},
		{Name: "person", Keys: func(s *sessionRecord) [][]byte { return [][]byte{store.Key(s.Person)} }},
	},
})

var seen = store.Define(store.Spec[seenRecord]{
	Name: "web.seen", Home: store.Scratch, Format: 1,
	Indexes: []store.Index[seenRecord]{
		{Name: "session", Unique: true, Keys: func(s *seenRecord) [][]byte { return [][]byte{store.Key(s.Session)} }},
		{Name: "at", Keys: func(s *seenRecord) [][]byte { return [][]byte{store.Key(s.At)} }},
	},
})

// session is what a request knows of its session. Before sign-in only cookie
// and hash are there.
type session struct {
	sessionRecord
	id     store.ID
	cookie string // its value; "" before the first answer that needs one
	fresh  bool   // the cookie must be sent
	state  *sessionState
}

// sessionState is shared by the requests of one session while it is remembered.
type sessionState struct {
	mu      sync.Mutex
	seen    time.Time      // last use
	written time.Time      // last use as stored
	posts   *atomic.Uint64 // commits of this session: a page with a form is never older than the last one
	actor   school.Actor
	person  school.Person
	must    bool // the one-time secret must be changed first
	record  sessionRecord
	id      store.ID

	versions [3]uint64 // at which it was read
}

// remembered are the sessions met lately. Each is as of the versions of sessions,
// people and secrets that it was read at, and read anew when these have moved.
type remembered struct {
	mu     sync.Mutex
	byHash map[string]*sessionState
}

const rememberMost = 5000

// cookie is the value of a cookie named by prefix and suffix, "" without it. It
// reads only what this server has written: no quotes, no escapes.
func cookie(r *http.Request, prefix, suffix string) string {
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var part string
			part, line, _ = strings.Cut(line, ";")
			name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
			if ok && len(name) == len(prefix)+len(suffix) && strings.HasPrefix(name, prefix) && name[len(prefix):] == suffix {
				return value
			}
		}
	}
	return ""
}

func hashOf(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

func newSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// findSession reads who asks. It never fails for a bad cookie: that is nobody.
func (s *Server) findSession(tx *store.Tx, r *http.Request, now time.Time) (*session, error) {
	value := cookie(r, s.cookieFor(r), "")
	if value == "" || len(value) > 100 {
		return &session{}, nil
	}
	if made, ok := anonymousSince(value); ok {
		if age := now.Sub(made); age > anonIdle || age < -anonIdle {
			return &session{}, nil
		}
		return &session{cookie: value, sessionRecord: sessionRecord{Hash: hashOf(value)}}, nil
	}
	hash := hashOf(value)
	st, err := s.remember(tx, hash)
	if err != nil || st == nil {
		return &session{}, err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if now.Sub(st.seen) > st.record.idle() {
		return &session{}, nil
	}
	return &session{sessionRecord: st.record, id: st.id, cookie: value, state: st}, nil
}

// remember finds the state of a session, in memory when nothing changed since.
func (s *Server) remember(tx *store.Tx, hash []byte) (*sessionState, error) {
	versions := [3]uint64{s.known.of(tx, sessions.Name()), s.known.of(tx, school.People.Name()), s.known.of(tx, school.Secrets.Name())}
	m := &s.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.byHash[string(hash)]
	if ok && old.versions == versions {
		return old, nil
	}
	// What it posted and when it was seen must not be lost with the memory.
	st, err := s.loadSession(tx, hash, old)
	if err != nil || st == nil {
		delete(m.byHash, string(hash))
		return nil, err
	}
	st.versions = versions
	if m.byHash == nil || len(m.byHash) >= rememberMost {
		m.byHash = map[string]*sessionState{}
	}
	m.byHash[string(hash)] = st
	return st, nil
}

// loadSession reads one session from the store; nil when there is none.
func (s *Server) loadSession(tx *store.Tx, hash []byte, old *sessionState) (*sessionState, error) {
	rec, err := sessions.One(tx, "hash", hash)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	person, err := school.People.Get(tx, rec.Value.Person)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	actor := school.ActorOf(person)
	if !actor.SignedIn() || len(actor.Roles) == 0 {
		return nil, nil
	}
	must, err := school.MustChange(tx, rec.Value.Person)
	if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, school.ErrNobody) {
		return nil, err
	}
	st := &sessionState{actor: actor, person: person.Value, must: must, record: rec.Value, id: rec.ID}
	if old != nil {
		old.mu.Lock()
		defer old.mu.Unlock()
		st.seen, st.written, st.posts = old.seen, old.written, old.posts
		return st, nil
	}
	at, err := seen.One(tx, "session", rec.ID)
	switch {
	case err == nil:
		st.seen = at.Value.At
	case errors.Is(err, store.ErrNotFound):
		st.seen = rec.Value.Made
	default:
		return nil, err
	}
	st.written = st.seen
	st.posts = new(atomic.Uint64)
	st.posts.Store(uint64(rec.Value.Made.UnixMilli()) << 8)
	return st, nil
}

// used notes that a session is in use, on disk at most once a minute.
func (s *Server) used(ses *session, now time.Time) {
	st := ses.state
	st.mu.Lock()
	st.seen = now
	write := now.Sub(st.written) >= seenEvery
	if write {
		st.written = now
	}
	st.mu.Unlock()
	if !write {
		return
	}
	err := s.o.DB.Update(func(tx *store.Tx) error {
		if _, err := sessions.Get(tx, st.id); err != nil {
			return err // ended meanwhile
		}
		rec, err := seen.One(tx, "session", st.id)
		if errors.Is(err, store.ErrNotFound) {
			_, err = seen.Add(tx, seenRecord{Session: st.id, At: now})
			return err
		}
		if err != nil {
			return err
		}
		return seen.Set(tx, rec.ID, seenRecord{Session: st.id, At: now})
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		s.log.Warn("session's last use not written", "err", err)
	}
}

// anonymousSince reads when a cookie of nobody in particular was given out.
func anonymousSince(value string) (time.Time, bool) {
	rest, ok := strings.CutPrefix(value, "a.")
	if !ok {
		return time.Time{}, false
	}
	hours, _, ok := strings.Cut(rest, ".")
	n, err := strconv.ParseInt(hours, 36, 64)
	if !ok || err != nil || n < 0 || n > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(n*3600, 0).UTC(), true
}

// Browser tells this browser from others before anybody signs in: a hash of its
// session's cookie, nil while it has none.
func (c *Ctx) Browser() []byte { return c.sess.Hash }

// needCookie makes sure that the session has a cookie, anonymous before sign-in.
func (c *Ctx) needCookie() {
	if c.sess.cookie == "" {
		c.sess.cookie = "a." + strconv.FormatInt(c.now.Unix()/3600, 36) + "." + newSecret()
		c.sess.Hash, c.sess.fresh = hashOf(c.sess.cookie), true
	}
}

// sendCookie adds the session's cookie to the answer when it is new.
func (c *Ctx) sendCookie() {
	if !c.sess.fresh {
		return
	}
	c.sess.fresh = false
	ck := c.newCookie(c.cookies(), c.sess.cookie)
	if c.sess.Own {
		ck.MaxAge = int(ownIdle / time.Second)
	}
	http.SetCookie(c.echo.Response(), ck)
}

// cookieFor begins the names of the site's cookies. Over HTTPS they are others:
// a browser that has a cookie for HTTPS alone would take none of that name from
// HTTP, and whoever first came by HTTPS could not sign in without it.
func (s *Server) cookieFor(r *http.Request) string {
	if r.TLS != nil {
		return "__Host-" + s.cookie
	}
	return s.cookie
}

// cookies is cookieFor of this request.
func (c *Ctx) cookies() string { return c.srv.cookieFor(c.Request()) }

func (c *Ctx) newCookie(name, value string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", HttpOnly: true,
		Secure: c.Request().TLS != nil, SameSite: http.SameSiteLaxMode,
	}
}

func (c *Ctx) dropCookie(name string) {
	ck := c.newCookie(name, "")
	ck.MaxAge = -1
	http.SetCookie(c.echo.Response(), ck)
}
