package appliance

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// The set-up of an empty folder in the browser. Its first pages come before the
// site exists, and whoever read the one-time code on the machine's screen or log
// may fill them in; making the head's account makes the site. The others are
// pages of the site, and its head goes on with them. Each step is one commit, so
// that power may go at any of them: the set-up goes on where it was.
const (
	stepSite   = "site"
	stepHead   = "head"
	stepKey    = "key" // from here on there is a site
	stepEnrol  = "enrol"
	stepLists  = "lists"
	stepSheets = "sheets"
)

// setupRecord is how far the set-up has come. There is none before it begins, in
// a folder that init made, and once all is done.
type setupRecord struct {
	Step     string `cbor:"1,keyasint,omitempty"` // what comes next
	Browser  []byte `cbor:"2,keyasint,omitempty"` // whose code was right
	Language string `cbor:"3,keyasint,omitempty"`
	Name     string `cbor:"4,keyasint,omitempty"`
	Code     string `cbor:"5,keyasint,omitempty"`
	Pack     string `cbor:"6,keyasint,omitempty"`
}

var setups = store.Define(store.Spec[setupRecord]{Name: "setup", Home: store.Scratch, Format: 1})

// loadSetup is how far the set-up has come; its id is zero when there is none.
func loadSetup(tx *store.Tx) (rec store.Record[setupRecord], err error) {
	for r, err := range setups.All(tx) {
		return r, err
	}
	return rec, nil
}

func saveSetup(tx *store.Tx, rec store.Record[setupRecord]) error {
	if rec.ID.IsZero() {
		_, err := setups.Add(tx, rec.Value)
		return err
	}
	return setups.Set(tx, rec.ID, rec.Value)
}

// stepTo says what comes next in the set-up; "" ends it.
func stepTo(tx *store.Tx, step string) error {
	rec, err := loadSetup(tx)
	switch {
	case err != nil:
		return err
	case step != "":
		rec.Value = setupRecord{Step: step}
		return saveSetup(tx, rec)
	case rec.ID.IsZero():
		return nil
	}
	return setups.Delete(tx, rec.ID)
}

// stepAfter is the step that follows one, "" after the last. An office enrols
// nowhere.
func stepAfter(step string, kind web.Kind) string {
	steps := []string{stepSite, stepHead, stepKey, stepEnrol, stepLists, stepSheets}
	for i, s := range steps[:len(steps)-1] {
		if s != step {
			continue
		}
		if next := steps[i+1]; next != stepEnrol || kind == web.Box {
			return next
		}
		return steps[i+2]
	}
	return ""
}

// setupCode is what proves that who sets the site up has the machine in their
// hands: 40 bits, drawn at each start, good once.
type setupCode struct {
	mu     sync.Mutex
	secret string
}

const setupLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func newSetupCode() *setupCode {
	b := make([]byte, 8)
	rand.Read(b)
	for i := range b {
		b[i] = setupLetters[b[i]%32]
	}
	return &setupCode{secret: string(b)}
}

// printed is the code in two groups.
func (c *setupCode) printed() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.secret[:4] + "-" + c.secret[4:]
}

// use tells whether the code was typed rightly, while done is carried out; a code
// whose done succeeded is dead.
func (c *setupCode) use(typed string, done func() error) (right bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	typed = boxsync.NormalizeCode(typed)
	if c.secret == "" || subtle.ConstantTimeCompare([]byte(typed), []byte(c.secret)) != 1 {
		return false, nil
	}
	if err = done(); err == nil {
		c.secret = ""
	}
	return true, err
}

// heldListener outlives the server that it is given to: calls that come between
// the set-up and the site wait in it.
type heldListener struct{ *net.TCPListener }

func (l heldListener) Close() error { return l.SetDeadline(time.Unix(1, 0)) }

// setUp serves the set-up of an empty folder until there is a site, and returns
// the listener of the pages, which nobody accepts from any more. It is nil when
// ctx ended first.
func setUp(ctx context.Context, r *Running, o RunOptions) (pages net.Listener, err error) {
	made, stop := r.DB.Watch(school.Sites.Name())
	defer stop()
	w := &wizard{Running: r, kind: r.awaits, code: newSetupCode()}
	kit, err := web.New(w.options())
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", r.Config.Listen)
	if err != nil {
		return nil, fmt.Errorf("appliance: listen for pages: %w", err)
	}
	defer func() {
		if pages == nil {
			err = errors.Join(err, l.Close())
		}
	}()
	commands, err := listenSocket(r.Dir)
	if err != nil {
		return nil, err
	}
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	srv := web.NewHTTPServer(w.front(kit), r.Log)
	held := heldListener{l.(*net.TCPListener)}
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := srv.Serve(held); !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
	})
	parts.Go(func() {
		if err := serveSocket(work, r, commands); err != nil {
			cancel(err)
		}
	})
	parts.Go(func() {
		if err := r.announce(work, setupSlug, l, w.names); err != nil {
			cancel(err)
		}
	})
	r.Log.Info("waiting for the set-up", "kind", w.kind, "pages", l.Addr().String())
	if o.Ready != nil {
		o.Ready(Addresses{Pages: l.Addr().String(), SetUp: w.code.printed()})
	}
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady)
	for r.Kind == "" && ctx.Err() == nil && work.Err() == nil {
		select {
		case <-ctx.Done():
		case <-work.Done():
			err = context.Cause(work)
		case <-made:
			err = r.identify()
		}
		if err != nil {
			break
		}
	}
	last, done := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer done()
	_ = srv.Shutdown(last) // who made the site gets the answer
	cancel(nil)
	parts.Wait()
	if err != nil || r.Kind == "" {
		return nil, err
	}
	return l, l.(*net.TCPListener).SetDeadline(time.Time{})
}

// front leads every address to the set-up but those that its pages need.
func (w *wizard) front(kit http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Cache-Control", "no-store")
		fmt.Fprintln(rw, "ok")
	})
	for _, path := range []string{"/setup", "/setup/", "/assets/", "/preferences", "/help", "/api/"} {
		mux.Handle(path, kit)
	}
	mux.HandleFunc("/", func(rw http.ResponseWriter, req *http.Request) {
		if w.names.ours(hostOf(req)) && (req.Method == http.MethodGet || req.Method == http.MethodHead) {
			rw.Header().Set("Cache-Control", "no-store")
			rw.Header().Set("Location", "/setup")
			rw.WriteHeader(http.StatusSeeOther)
			return
		}
		kit.ServeHTTP(rw, req)
	})
	return mux
}

func hostOf(req *http.Request) string {
	host, _, err := net.SplitHostPort(req.Host)
	if err != nil {
		return strings.Trim(req.Host, "[]")
	}
	return host
}
