package appliance

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// Module is one feature end to end. Every field but Name may be zero.
type Module struct {
	Name        string
	Files       fs.FS // words/fr.json, words/en.json
	Collections []store.Definition
	Pages       []web.Route // at a school
	OfficePages []web.Route
	API         []web.Endpoint
	Nav         []web.NavItem // at a school
	OfficeNav   []web.NavItem
	// Due lists what the person has to do now, for the home page.
	// It runs inside the home page's read and must copy out what it needs.
	Due func(c *web.Ctx, tx *store.Tx) ([]web.Task, error)
	// Board lists what is posted for the person to know, with nothing to do, newest
	// first, for the home page. It runs and copies as Due does.
	Board func(c *web.Ctx, tx *store.Tx) ([]web.Task, error)
	// DueReads are the collections that Due and Board read; nil stands for the module's own.
	// The roster and the site are always among those of the home page.
	DueReads []string
	// Holds tells a person everything that the module holds on them. It runs inside
	// a read and must copy out what it needs.
	Holds func(c *web.Ctx, tx *store.Tx, person store.Record[school.Person]) ([]Held, error)
	// Figures are the module's for Prometheus, read at every visit to /metrics.
	Figures  func(tx *store.Tx) ([]Figure, error)
	Jobs     []Job
	Commands []Command
	// Demo fills a site of the demonstration. It is called once for the office
	// and once for the box (see Demo.Kind), before that site serves.
	Demo func(ctx context.Context, d *Demo) error
	// DemoAfter names modules whose Demo must have run before this one's.
	DemoAfter []string
}

// Figure is one value of a gauge. Name is written behind "preau_"; Labels are
// names and values in turn, the same names for all of one Name.
type Figure struct {
	Name, Help string
	Labels     []string
	Value      float64
}

// Job is work that a site does by itself. Run is called at the start, after
// commits that touched Watch, and Every; never twice at once. It must be
// harmless to repeat: after a power cut it simply runs again.
type Job struct {
	Name  string
	At    []web.Kind // empty: both
	Watch []string
	Every time.Duration
	Run   func(ctx context.Context, r *Running) error
}

// Command is what the command line asks of a site. It runs in the server that
// holds the folder, or else in the command's own process.
type Command struct {
	Name string     // "import pupils"
	At   []web.Kind // empty: both
	Run  func(ctx context.Context, r *Running, call Call) (exit int, err error)
}

// Exit codes of commands.
const (
	Done    = 0
	Failed  = 1
	Usage   = 2
	Refused = 3
)

// Call is one use of a command.
type Call struct {
	Args   []string          // after the command's name; a FILE keeps its place, for its ending
	Flags  map[string]string // by long name; a flag that was not given is not here
	JSON   bool
	Lang   string    // "fr" or "en", from the caller's environment
	Stdin  io.Reader // the bytes of the FILE named on the command line, or standard input
	Stdout io.Writer
	Stderr io.Writer
}

// Running is a site at work: what jobs, commands and demonstrations use.
type Running struct {
	DB       *store.DB
	Kind     web.Kind
	Dir      string
	Config   Config
	Clock    store.Clock
	Log      *slog.Logger
	Exchange Exchange // nil where there is none (a demonstration being filled)
	Words    *web.Words
	Modules  []Module
	Version  string
	Served   bool // by a server, which has jobs; false in a command's own process

	awaits web.Kind // what the folder is to become, while Kind is empty
}

// Site says what kind of site runs, of which modules, and who fills its exchange.
type Site struct {
	Kind    web.Kind
	Modules []Module
	// Exchange makes the site's side of the exchange; nil is the box's engine.
	// An office opens its listener (Config.Exchange.Listen) here, when r.Served, so
	// that an address in use stops the start and not the first call.
	Exchange func(r *Running) (Exchange, error)
	Version  string
}

// Exchange is the site's side of the exchange: an Engine at a box, a Hub at
// the office.
type Exchange interface {
	Run(ctx context.Context) error
	// Status is where the exchange stands.
	Status() boxsync.Status
	// Once makes one attempt; the office, which calls nobody, refuses.
	Once(ctx context.Context) (boxsync.Report, error)
	// Kick asks for an attempt soon.
	Kick()
	// Addr is where it listens, "" at a box.
	Addr() string
	// Close lets go what the constructor took, when Run was never called.
	Close() error
}

// at tells whether a list of kinds means this one; an empty list means all.
func at(kinds []web.Kind, k web.Kind) bool {
	if len(kinds) == 0 {
		return true
	}
	for _, x := range kinds {
		if x == k {
			return true
		}
	}
	return false
}
