package appliance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"preau/assets"
	"preau/school"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// ErrKind says that a folder belongs to the other kind of site.
var ErrKind = errors.New("this folder belongs to another kind of site")

// Open opens a site's folder for a command, for a demonstration or for Run. In
// a folder that was not initialised Running.Kind is empty. The caller closes DB.
//
// It fails with store.ErrLocked, which names the holder, or with a
// *store.DamagedError, also while a damaged file waits in DIR/aside for
// somebody to decide.
func Open(cfg Config, modules []Module, clock *Clock, log *slog.Logger) (*Running, error) {
	if clock == nil {
		clock = NewClock(ClockOptions{})
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if err := setAside(cfg.Data); err != nil {
		return nil, err
	}
	words, err := web.LoadWords(wordFiles(modules)...)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(cfg.Data, store.Options{Collections: Definitions(modules), Clock: clock, Log: log})
	if err != nil {
		return nil, err
	}
	clock.NotBefore(db.Newest())
	if err := boxsync.RecallSticks(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	r := &Running{DB: db, Dir: cfg.Data, Config: cfg, Clock: clock, Log: log, Words: words, Modules: modules}
	if err := r.identify(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

// identify reads what the folder is; it stays nothing before there is a site.
func (r *Running) identify() error {
	var site school.SiteInfo
	err := r.DB.View(func(tx *store.Tx) (err error) { site, err = school.Site(tx); return err })
	if err != nil && !errors.Is(err, school.ErrNoSite) {
		return err
	}
	r.Kind = web.Kind(site.Kind)
	if r.Config.Site.Slug == "" {
		r.Config.Site.Slug = site.Slug
	}
	if c, ok := r.Clock.(*Clock); ok {
		c.Master(r.Kind == web.Office)
	}
	return nil
}

// wordFiles are the catalogues of a site made of these modules.
func wordFiles(modules []Module) []fs.FS {
	all := []fs.FS{assets.Words, school.Words}
	return append(all, ownWords(modules)...)
}

// ownWords are those that the page kit does not bring itself.
func ownWords(modules []Module) []fs.FS {
	all := []fs.FS{words}
	for _, m := range modules {
		if m.Files != nil {
			all = append(all, m.Files)
		}
	}
	return all
}

// command finds a command of the site by name.
func (r *Running) command(name string) (Command, bool) {
	for _, m := range append([]Module{{Commands: siteCommands}}, r.Modules...) {
		for _, c := range m.Commands {
			if c.Name == name && at(c.At, r.Kind) {
				return c, true
			}
		}
	}
	return Command{}, false
}

// Do runs a command here, in this process.
func (r *Running) Do(ctx context.Context, name string, call Call) (int, error) {
	if r.Kind == "" && name != "init" {
		return Failed, noSite(r.Dir)
	}
	c, ok := r.command(name)
	if !ok {
		return Usage, fmt.Errorf("a site of kind %s has no command %q", r.Kind, name)
	}
	if call.Flags == nil {
		call.Flags = map[string]string{}
	}
	return c.Run(ctx, r, call)
}

// Invoke runs a command on the site in cfg.Data: in the server that holds the
// folder, through its socket, or else here.
func Invoke(ctx context.Context, cfg Config, s Site, name string, call Call) (int, error) {
	if exit, err := callServer(ctx, SocketPath(cfg.Data), name, call); !errors.Is(err, errNoServer) {
		return exit, err
	}
	if err := setAside(cfg.Data); err != nil {
		return Failed, err
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, store.FileName)); errors.Is(err, fs.ErrPermission) {
		return Failed, fmt.Errorf("%s belongs to another user: type the command with sudo before it", cfg.Data)
	} else if err != nil {
		return Failed, noSite(cfg.Data)
	}
	r, err := Open(cfg, s.Modules, nil, nil)
	if errors.Is(err, store.ErrLocked) { // a server that starts holds the folder a moment before it listens
		if exit, cerr := callSoon(ctx, SocketPath(cfg.Data), name, call); !errors.Is(cerr, errNoServer) {
			return exit, cerr
		}
	}
	if err != nil {
		return Failed, err
	}
	r.Version = s.Version
	if r.Kind == "" {
		return Failed, errors.Join(noSite(cfg.Data), r.DB.Close())
	}
	exit, err := r.Do(ctx, name, call)
	if cerr := r.DB.Close(); cerr != nil && err == nil {
		return Failed, cerr
	}
	return exit, err
}

func noSite(dir string) error {
	return fmt.Errorf("%s holds no site yet: run preau init --data %s first", dir, dir)
}

// expect refuses another kind's folder.
func (r *Running) expect(k web.Kind) error {
	if r.Kind == k || r.Kind == "" {
		return nil
	}
	return fmt.Errorf("%w: %s is of kind %s; start it with preau %s", ErrKind, r.Dir, r.Kind,
		map[web.Kind]string{web.Box: "serve", web.Office: "ministry"}[r.Kind])
}
