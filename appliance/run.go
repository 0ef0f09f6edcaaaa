package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
	_ "time/tzdata" // a box has no zone files of its own

	"github.com/coreos/go-systemd/v22/daemon"

	"preau/store"
)

// RunOptions are what the caller of Run may add to a site. All may be zero.
type RunOptions struct {
	Log   *slog.Logger
	Clock *Clock // nil: the machine's
	// Check looks at the folder in another process before it is opened, and
	// returns a *store.DamagedError when it is damaged; nil: no look.
	Check func(ctx context.Context, dir string) error
	// Ready is told the addresses once the site serves: twice when its set-up came
	// first.
	Ready func(Addresses)
}

// Addresses are where a site that runs is reached, as HOST:PORT.
type Addresses struct {
	Pages    string
	HTTPS    string // "" without HTTPS
	Exchange string // "" at a box
	SetUp    string // the code that begins the set-up, while the folder holds no site
}

// stopWithin is how long requests that are being answered may still take once
// the site is told to stop.
const stopWithin = 3 * time.Second

// Run serves a site until ctx ends, and then stops it in order. It fails with
// store.ErrLocked when another process holds the folder. An empty folder is set
// up in the browser first. A damaged database is set aside, and a plain page
// says so until ctx ends.
func Run(ctx context.Context, cfg Config, s Site, o RunOptions) (err error) {
	// Start: a look in another process → lock and open → the set-up of an empty
	// folder → how the last stop went → listen → serve.
	r, book, err := open(ctx, cfg, s, &o)
	if damage := (*store.DamagedError)(nil); errors.As(err, &damage) {
		return rescue(ctx, cfg, damage, o)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.DB.Close(), book.close()) }()
	var pages net.Listener
	if r.Kind == "" {
		if pages, err = setUp(ctx, r, o); err != nil || pages == nil {
			return err
		}
	}
	if r.Exchange, err = makeExchange(r, s); err != nil {
		return err
	}
	clean, err := enter(r.Dir, now(r.Clock))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, left(r.Dir, err)) }()
	if !clean {
		r.Log.Warn("last stop was not clean", "dir", r.Dir)
	}
	if err := r.noteStart(clean); err != nil {
		r.Log.Warn("the start was not noted", "cause", err)
	}
	x, err := listen(r, clean, pages)
	if err != nil {
		return err
	}

	// Work: each part ends when work does; the first that fails ends it.
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	var parts sync.WaitGroup
	begin := func(name string, run func(context.Context) error) {
		parts.Go(func() {
			if err := run(work); err != nil && work.Err() == nil {
				cancel(fmt.Errorf("appliance: %s: %w", name, err))
			}
		})
	}
	begin("pages", x.servePages)
	begin("pages over HTTPS", func(context.Context) error { return x.serveHTTPS() })
	begin("commands", func(ctx context.Context) error { return serveSocket(ctx, r, x.commands) })
	begin("exchange", r.Exchange.Run)
	begin("jobs", func(ctx context.Context) error { runJobs(ctx, r, jobsOf(r)); return nil })
	begin("announcement", func(ctx context.Context) error { return r.announce(ctx, r.Config.Site.Slug, x.pages, x.hosts) })
	begin("guard", x.guard)
	begin("diagnosis", x.searches)
	r.Log.Info("serving", "kind", s.Kind, "pages", x.at.Pages, "https", x.at.HTTPS, "exchange", x.at.Exchange, "version", r.Version)
	if o.Ready != nil {
		o.Ready(x.at)
	}
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady)

	select {
	case <-ctx.Done():
	case <-work.Done():
		err = context.Cause(work)
	}

	// Stop: no new request → those begun are answered → jobs, exchange, commands
	// and announcement end → the store closes → the mark of a clean stop.
	_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping)
	x.errand.halt()
	x.stopPages(stopWithin)
	cancel(nil)
	parts.Wait()
	r.Log.Info("stopped", "cause", err)
	return err
}

// open looks at the folder, locks and opens it, and adds what only a server has.
func open(ctx context.Context, cfg Config, s Site, o *RunOptions) (*Running, *logbook, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Check != nil {
		if err := o.Check(ctx, cfg.Data); err != nil {
			return nil, nil, err
		}
	}
	r, err := Open(cfg, s.Modules, o.Clock, o.Log)
	if err != nil {
		return nil, nil, err
	}
	r.Version, r.Served, r.awaits = s.Version, true, s.Kind
	if err := r.expect(s.Kind); err != nil {
		return nil, nil, errors.Join(err, r.DB.Close())
	}
	book := openLogbook(r.Dir)
	r.Log = book.over(o.Log, r.Clock)
	return r, book, nil
}

// jobsOf are the jobs of a site, its own first.
func jobsOf(r *Running) []Job {
	jobs := []Job{sealJob(r.Config.Seal.Every), copyJob(r.Config.Copies.Every), usbCopyJob(r.Config.Copies.Every), sweepJob}
	for _, m := range r.Modules {
		jobs = append(jobs, m.Jobs...)
	}
	return jobs
}

// left notes a stop in order; after a failure the next start shall look closer.
func left(dir string, failed error) error {
	if failed != nil {
		return nil
	}
	return leave(dir)
}

func now(c store.Clock) time.Time {
	t, _ := c.Now()
	return t
}
