package web

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"preau/assets"
	"preau/school"
	"preau/store"
)

// Options are what a site's pages are made of.
type Options struct {
	DB       *store.DB
	Kind     Kind
	Routes   []Route
	API      []Endpoint
	Nav      []NavItem
	Words    []fs.FS           // words/fr.json and words/en.json of each module; the kit's and school's are added
	Hosts    func(string) bool // accepted host names, without port; nil: this machine's addresses and localhost
	Reach    func() []string   // see Ctx.Addresses; nil or none: the site's own name on the LAN
	SyncLine func(*Ctx) *SyncLine
	// Held are the lanes that wait for their hour or for their bytes, so that a record
	// says so. It is asked for every page that shows where records are. May be nil.
	Held    func() map[store.Lane]Held
	Zone    *time.Location // nil: UTC, which is Togo's
	Log     *slog.Logger   // nil: silent
	Version string
	HSTS    bool   // over HTTPS, tell browsers to use nothing else for a year
	InClear string // page that says what a connection without HTTPS means; "" for none

	// Undeclared hears of a collection that a page read without declaring it,
	// and Unknown of a words key that no catalogue has. Tests fail by them.
	Undeclared func(route, collection string)
	Unknown    func(key string)
}

// Server answers all requests of a site. It is an http.Handler; NewHTTPServer
// wraps it with its limits.
type Server struct {
	o       Options
	log     *slog.Logger
	zone    *time.Location
	words   *Words
	echo    *echo.Echo
	handler http.Handler
	entries []*entry
	static  map[string]*staticFile
	cssPath string
	icons   map[int]string    // paths of the icons, by size
	scripts map[string]string // paths by name
	cookie  string
	memory  remembered
	place   atomic.Pointer[place]
	known   versions
	memos   memos
	swept   atomic.Int64
	moved   <-chan struct{} // signals that something left or a blob came: neither is a commit
	epoch   atomic.Uint64   // counts these signals
	born    uint64          // tells this run of the program from the last: its counts begin anew
	started atomic.Uint64
	limits  limits
	openapi []byte
}

// entry is a route or endpoint as the server holds it.
type entry struct {
	RouteInfo
	route    Route
	endpoint *Endpoint
	reads    map[string]bool
	counted  []string // collections whose versions make the ETag
	maxBody  int64
	plain    bool
}

// RouteInfo is one line of the route table.
type RouteInfo struct {
	Method, Path string // the path with {names}
	Access       school.Access
	API          bool
}

// New makes the server. It fails on a route that is there twice, leads nowhere or
// lets nobody in.
func New(o Options) (*Server, error) {
	s := &Server{o: o, log: o.Log, zone: o.Zone}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.zone == nil {
		s.zone = time.UTC
	}
	if o.DB == nil {
		return nil, errors.New("web: Options.DB is missing")
	}
	var err error
	if s.words, err = LoadWords(append([]fs.FS{assets.Words, school.Words}, o.Words...)...); err != nil {
		return nil, err
	}
	s.words.unknown = o.Unknown
	s.born = uint64(time.Now().UnixNano())
	s.cookie = "preau-" + o.DB.Origin().String()[:6]
	s.limits = newLimits()
	s.moved, _ = o.DB.Watch(store.ProgressName, store.BlobsName) // ends with the store
	s.loadStatic()
	s.echo = echo.New()
	s.echo.IPExtractor = echo.ExtractIPDirect()
	s.echo.HideBanner = true
	s.echo.HTTPErrorHandler = s.echoError
	if err := s.addRoutes(); err != nil {
		return nil, err
	}
	s.handler = s.guard(s.echo)
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Routes is the table of all pages and endpoints, in the order given, for tests
// that walk every route with every role.
func (s *Server) Routes() []RouteInfo {
	out := make([]RouteInfo, len(s.entries))
	for i, e := range s.entries {
		out[i] = e.RouteInfo
	}
	return out
}

// Words are the catalogues that the pages speak from.
func (s *Server) Words() *Words { return s.words }

func (s *Server) addRoutes() error {
	for _, r := range s.o.Routes {
		e := &entry{
			RouteInfo: RouteInfo{Method: r.method(), Path: r.Path, Access: r.Access},
			route:     r, maxBody: r.MaxBody, plain: r.Plain,
		}
		if r.Reads != nil {
			e.reads = map[string]bool{}
			for _, name := range r.Reads {
				e.reads[name] = true
			}
			e.counted = append([]string{"people", "site", "years", "secrets"}, r.Reads...)
		}
		if err := s.add(e, r.Handle != nil); err != nil {
			return err
		}
	}
	for i := range s.o.API {
		ep := &s.o.API[i]
		if len(ep.At) > 0 && !has(ep.At, s.o.Kind) {
			continue
		}
		path := apiPrefix + strings.TrimPrefix(ep.Path, apiPrefix)
		e := &entry{
			RouteInfo: RouteInfo{Method: ep.Method, Path: path, Access: ep.Access, API: true},
			endpoint:  ep, maxBody: ep.MaxBody, plain: true,
		}
		if e.Method == "" {
			e.Method = http.MethodGet
		}
		if err := s.add(e, ep.Handle != nil); err != nil {
			return err
		}
	}
	if err := s.addHomeScreen(); err != nil {
		return err
	}
	return s.addOpenAPI()
}

func has(list []Kind, k Kind) bool {
	for _, x := range list {
		if x == k {
			return true
		}
	}
	return false
}

func (s *Server) add(e *entry, handled bool) error {
	switch {
	case !handled:
		return fmt.Errorf("web: %s %s has no handler", e.Method, e.Path)
	case !strings.HasPrefix(e.Path, "/"):
		return fmt.Errorf("web: %s %q does not begin with a slash", e.Method, e.Path)
	case !e.Access.Public && len(e.Access.Roles) == 0:
		return fmt.Errorf("web: %s %s lets nobody in", e.Method, e.Path)
	}
	for _, o := range s.entries {
		if o.Method == e.Method && shape(o.Path) == shape(e.Path) {
			return fmt.Errorf("web: %s %s is there twice", e.Method, e.Path)
		}
	}
	s.entries = append(s.entries, e)
	handle := func(ec echo.Context) error { return s.run(ec, e) }
	s.echo.Add(e.Method, echoPath(e.Path), handle)
	if e.Method == http.MethodGet {
		s.echo.Add(http.MethodHead, echoPath(e.Path), handle)
	}
	return nil
}

// echoPath turns "/circulars/{id}" into "/circulars/:id".
func echoPath(p string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(p)
}

// shape is a path with its names taken out, for comparing.
func shape(p string) string {
	parts := strings.Split(echoPath(p), "/")
	for i, x := range parts {
		if strings.HasPrefix(x, ":") {
			parts[i] = ":"
		}
	}
	return strings.Join(parts, "/")
}

// NewHTTPServer wraps a handler with every time-out and limit. Long uploads and
// downloads move their own deadlines on as long as bytes flow.
func NewHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	if log != nil {
		srv.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	}
	return srv
}
