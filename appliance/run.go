package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
	_ "time/tzdata" // a box has no zone files of its own

	"github.com/coreos/go-systemd/v22/daemon"

	"preau/store"
	"preau/web"
)

// RunOptions are what the caller of Run may add to a site.
type RunOptions struct {
	Log   *slog.Logger
	Clock *Clock
	// Check looks at the folder in a child process before it is opened; nil: no look.
	Check func(ctx context.Context, dir string) error
	// Ready is told the site and where its pages are, once they are served.
	Ready func(r *Running, pages string)
}

// stopIn is how long a stop may take: what has not answered by then is cut.
const stopIn = 4 * time.Second

// Run opens the folder and serves until ctx ends.
//
// Start: look at the folder · lock and open · exchange · pages and socket ·
// jobs · announcement · ready. Stop, in the other direction: goodbye on the LAN
// · no new requests, running ones finish · jobs and exchange · close.
func Run(ctx context.Context, cfg Config, site Site, o RunOptions) (err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := look(ctx, cfg.Data, o); err != nil {
		return rescue(ctx, cfg, err, o)
	}
	r, err := Open(cfg, site.Modules, o.Clock, o.Log)
	if damaged := (*store.DamagedError)(nil); errors.As(err, &damaged) {
		return rescue(ctx, cfg, err, o)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.DB.Close(), markClean(cfg.Data)) }()
	if err := r.expect(site.Kind); err != nil {
		return err
	}
	unclean := startedUnclean(cfg.Data)
	if unclean {
		o.Log.Warn("last stop was not clean")
	}
	if r.Exchange, err = makeExchange(r, site); err != nil {
		return err
	}
	s, err := r.serve(o.Log, unclean)
	if err != nil {
		return err
	}
	socket, err := listenSocket(cfg.Data)
	if err != nil {
		return errors.Join(err, s.listener.Close())
	}

	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var all sync.WaitGroup
	failed := make(chan error, 3)
	begin := func(what string, run func() error) {
		all.Go(func() {
			if err := run(); err != nil {
				failed <- fmt.Errorf("%s: %w", what, err)
			}
		})
	}
	begin("pages", s.run)
	begin("command socket", func() error { return serveSocket(work, r, socket) })
	begin("exchange", func() error { return r.Exchange.Run(work) })
	all.Go(func() { runJobs(work, r, jobsOf(r)) })
	quiet := r.announce(s.listener.Addr())
	all.Go(func() { watchdog(work, r) })

	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady)
	pages := "http://" + s.listener.Addr().String()
	o.Log.Info("ready", "site", string(r.Kind), "pages", pages, "exchange", r.Exchange.Addr())
	if o.Ready != nil {
		o.Ready(r, pages)
	}
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping)
	quiet()
	err = errors.Join(err, s.stop(stopIn))
	stopWork()
	all.Wait()
	return err
}

// expect refuses a folder that is empty or another kind's.
func (r *Running) expect(k web.Kind) error {
	switch r.Kind {
	case k:
		return nil
	case "":
		return fmt.Errorf("%s holds no site yet: run preau init --data %s --kind %s first", r.Dir, r.Dir, k)
	}
	return fmt.Errorf("%w: %s is a %s, not a %s", ErrKind, r.Dir, r.Kind, k)
}

func makeExchange(r *Running, site Site) (Exchange, error) {
	if site.Exchange != nil {
		return site.Exchange(r)
	}
	return newBoxExchange(r)
}

func jobsOf(r *Running) []Job {
	jobs := []Job{copyJob(r.Config.Copies.Every)}
	for _, m := range r.Modules {
		jobs = append(jobs, m.Jobs...)
	}
	return jobs
}

// watchdog tells the supervisor that the store still answers, and ends the
// process for it when writing has become impossible: a new start reads what the
// disk really holds.
func watchdog(ctx context.Context, r *Running) {
	every := 10 * time.Second
	if t, err := daemon.SdWatchdogEnabled(false); err == nil && t > 0 {
		every = t / 3
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := r.DB.View(func(*store.Tx) error { return nil }); err == nil && r.DB.ReadOnly() == nil {
				_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			}
		}
	}
}

// ---- the look at the folder, and the mark of a clean stop

func cleanMark(dir string) string { return filepath.Join(dir, "clean") }

// look has the folder checked in a child process, unless the last stop was
// clean or there is nothing yet: bbolt's checker cannot be recovered from.
func look(ctx context.Context, dir string, o RunOptions) error {
	if o.Check == nil {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, store.FileName)); err != nil {
		return nil
	}
	if _, err := os.Stat(cleanMark(dir)); err == nil {
		return nil
	}
	return o.Check(ctx, dir)
}

// CheckByChild runs `<this binary> check` on the folder. Only its finding of
// damage is an error; a folder in use is left for Open to say.
func CheckByChild(ctx context.Context, dir string) error {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, self, "check", "--pages", "--data", dir).CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && store.Holder(dir) == 0 && ctx.Err() == nil {
		return &store.DamagedError{Path: filepath.Join(dir, store.FileName), Err: fmt.Errorf("check: %s", firstLine(out))}
	}
	return nil
}

func firstLine(b []byte) string {
	for i, c := range b {
		if c == '\n' {
			return string(b[:i])
		}
	}
	return string(b)
}

// startedUnclean takes the mark away and tells whether it was missing on a
// site that ran before.
func startedUnclean(dir string) bool {
	err := os.Remove(cleanMark(dir))
	ran := filepath.Join(dir, "ran")
	_, first := os.Stat(ran)
	if f, cerr := os.Create(ran); cerr == nil {
		f.Close()
	}
	return errors.Is(err, os.ErrNotExist) && first == nil
}

func markClean(dir string) error {
	f, err := os.Create(cleanMark(dir))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// ---- pages

type pageServer struct {
	http     *http.Server
	listener net.Listener
}

func (s *pageServer) run() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *pageServer) stop(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return s.http.Close() // slow readers are cut; what they sent is safe or was never answered
	}
	return nil
}
