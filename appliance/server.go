package appliance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	boxsync "preau/sync"
	"preau/web"
)

// server is what a site listens with, and what its own pages know of it.
type server struct {
	*Running
	at        Addresses
	clean     bool // the last stop
	started   time.Time
	disk      *diskGuard
	hosts     *hostNames
	metrics   *metrics
	pages     net.Listener
	secure    net.Listener // nil without HTTPS
	commands  net.Listener
	http      *http.Server
	authority *authority // nil without HTTPS
	recovery  recovery
	why       *diagnosis
	said      votes
	errand    errand
	ex        struct { // see exchange
		sync.Mutex
		read time.Time
		last boxsync.Status
	}
}

// listen makes the pages and takes the addresses: all of them or none. pages is
// the listener that the set-up held already, or nil.
func listen(r *Running, clean bool, pages net.Listener) (x *server, err error) {
	x = &server{
		Running: r, clean: clean, started: time.Now(),
		disk:  &diskGuard{dir: r.Dir, low: r.Config.Disk.LowMiB << 20},
		hosts: newHostNames(r.Config.Site), pages: pages, why: newDiagnosis(),
	}
	x.disk.look()
	x.metrics = newMetrics(x)
	defer func() {
		if err != nil {
			err = errors.Join(err, x.close())
		}
	}()
	kit, err := web.New(x.options())
	if err != nil {
		return x, err
	}
	x.http = web.NewHTTPServer(x.front(kit), r.Log)
	if x.pages == nil {
		if x.pages, err = net.Listen("tcp", r.Config.Listen); err != nil {
			return x, fmt.Errorf("appliance: listen for pages: %w", err)
		}
	}
	if err = x.listenHTTPS(); err != nil {
		return x, err
	}
	if x.authority != nil {
		x.http.TLSConfig = x.authority.tls()
	}
	if x.commands, err = listenSocket(r.Dir); err != nil {
		return x, err
	}
	x.at = Addresses{Pages: x.pages.Addr().String(), Exchange: r.Exchange.Addr()}
	if x.secure != nil {
		x.at.HTTPS = x.secure.Addr().String()
	}
	return x, nil
}

// close lets go of the addresses when the site does not come to serve.
func (x *server) close() error {
	err := x.Exchange.Close()
	for _, l := range []net.Listener{x.pages, x.secure, x.commands} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}

func (x *server) servePages(context.Context) error {
	if err := x.http.Serve(x.pages); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// stopPages answers what was begun; what takes longer is cut. Nothing is lost
// by that: an answer is given only after its commit.
func (x *server) stopPages(within time.Duration) {
	ctx, done := context.WithTimeout(context.Background(), within)
	defer done()
	if err := x.http.Shutdown(ctx); err != nil {
		x.Log.Warn("requests were cut", "cause", err)
		_ = x.http.Close()
	}
}

// Pages are the pages of a site as its server would have them: for tests that
// walk every route of the whole program.
func (r *Running) Pages() web.Options {
	x := &server{Running: r, disk: &diskGuard{dir: r.Dir}, hosts: newHostNames(r.Config.Site)}
	return x.options()
}

// options are the site's pages: its own, and those of its modules for this kind.
func (x *server) options() web.Options {
	o := web.Options{
		DB: x.DB, Kind: x.Kind, Words: ownWords(x.Modules), Hosts: x.hosts.ours, SyncLine: x.syncLine, Held: x.heldLanes,
		Reach: x.reach,
		Log:   x.Log, Version: x.Version, HSTS: x.Config.HTTPS.HSTS,
	}
	if x.Kind == web.Box {
		o.InClear = "/https"
	}
	o.Routes, o.API = x.routes(), x.endpoints()
	for _, m := range x.Modules {
		if x.Kind == web.Office {
			o.Routes, o.Nav = append(o.Routes, m.OfficePages...), append(o.Nav, m.OfficeNav...)
		} else {
			o.Routes, o.Nav = append(o.Routes, m.Pages...), append(o.Nav, m.Nav...)
		}
		o.API = append(o.API, m.API...)
	}
	o.Nav = x.nav(o.Nav)
	return o
}

// front stands before the page kit with what machines ask: it answers also when
// the store can no longer be read.
func (x *server) front(kit http.Handler) http.Handler {
	metrics, pages := x.metrics.door(x.Config.Metrics.Token), x.onlyHTTPS(x.metrics.count(kit))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case reads && r.URL.Path == "/healthz":
			x.healthz(w, r)
		case reads && r.URL.Path == "/metrics":
			metrics.ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}

func (x *server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if x.DB.ReadOnly() != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "read-only")
		return
	}
	fmt.Fprintln(w, "ok")
}

// readOnlyGrace is how long pages can still be read before the process ends for
// its supervisor to start it again.
const readOnlyGrace = time.Minute

// guard watches the disk and the store, and feeds the supervisor's watchdog.
func (x *server) guard(ctx context.Context) error {
	every := 15 * time.Second
	if t, err := daemon.SdWatchdogEnabled(false); err == nil && t > 0 {
		every = min(every, t/3)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var since time.Time
	for {
		if x.disk.look() {
			x.Log.Warn("disk", "low", x.disk.state().Low, "free", x.disk.state().Free)
		}
		switch err := x.DB.ReadOnly(); {
		case err == nil:
			_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog)
		case since.IsZero():
			since = time.Now()
			x.Log.Error("read-only", "cause", err)
		case supervised() && time.Since(since) > readOnlyGrace:
			// After a failed sync the page cache can no longer be believed: a new
			// start reads what the disk really holds.
			return fmt.Errorf("read-only: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// supervised tells whether systemd would start us again.
func supervised() bool { return os.Getenv("INVOCATION_ID") != "" }
