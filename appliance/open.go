package appliance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"preau/school"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// Version is what this build calls itself; the release sets it.
var Version = "dev"

// sharedCollections are those of the packages below the modules.
func sharedCollections() (defs []store.Definition) {
	defs = append(defs, org.Collections()...)
	defs = append(defs, seal.Collections()...)
	defs = append(defs, boxsync.Collections()...)
	return append(defs, web.Collections()...)
}

// ErrKind says that a folder belongs to the other kind of site.
var ErrKind = errors.New("this folder belongs to another kind of site")

// Open opens a site's folder for a command or for Run. The caller closes DB.
func Open(cfg Config, modules []Module, clock *Clock, log *slog.Logger) (*Running, error) {
	if clock == nil {
		clock = NewClock(nil)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	db, err := store.Open(cfg.Data, store.Options{Collections: Definitions(modules), Clock: clock, Log: log})
	if err != nil {
		return nil, err
	}
	r := &Running{DB: db, Dir: cfg.Data, Config: cfg, Clock: clock, Log: log, Modules: modules, Version: Version}
	clock.NotBefore(db.Newest())
	var site school.SiteInfo
	err = db.View(func(tx *store.Tx) (err error) { site, err = school.Site(tx); return err })
	if err != nil && !errors.Is(err, school.ErrNoSite) {
		return nil, errors.Join(err, db.Close())
	}
	r.Kind = web.Kind(site.Kind)
	return r, nil
}

// Command finds a command of the site by name.
func (r *Running) Command(name string) (Command, bool) {
	for _, m := range append([]Module{builtin()}, r.Modules...) {
		for _, c := range m.Commands {
			if c.Name == name && at(c.At, r.Kind) {
				return c, true
			}
		}
	}
	return Command{}, false
}

// builtin is what every site has without any feature.
func builtin() Module {
	return Module{Name: "appliance", Commands: siteCommands}
}

// Do runs a command here, in this process.
func (r *Running) Do(ctx context.Context, name string, call Call) (int, error) {
	c, ok := r.Command(name)
	if !ok {
		return Usage, fmt.Errorf("a %s has no command %q", r.Kind, name)
	}
	return c.Run(ctx, r, call)
}

// Invoke runs a command on the site in cfg.Data: in the server that holds the
// folder, through its socket, or else here.
func Invoke(ctx context.Context, cfg Config, modules []Module, name string, call Call) (int, error) {
	if exit, err := callServer(ctx, SocketPath(cfg.Data), name, call); !errors.Is(err, errNoServer) {
		return exit, err
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, store.FileName)); err != nil {
		return Failed, fmt.Errorf("%s holds no site yet: run preau init first", cfg.Data)
	}
	r, err := Open(cfg, modules, nil, nil)
	if err != nil {
		return Failed, err
	}
	exit, err := r.Do(ctx, name, call)
	if cerr := r.DB.Close(); cerr != nil && err == nil {
		return Failed, cerr
	}
	return exit, err
}

// readLine is a command's s standard input up to the first line end: a secret.
func readLine(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, 4<<10))
	if err != nil {
		return "", err
	}
	for i, c := range b {
		if c == '\n' || c == '\r' {
			return string(b[:i]), nil
		}
	}
	return string(b), nil
}
