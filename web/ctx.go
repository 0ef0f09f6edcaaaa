package web

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"preau/school"
	"preau/store"
)

// Ctx is one request: who asks, for what, in which language. It is valid until
// the handler returns.
type Ctx struct {
	srv   *Server
	echo  echo.Context
	route *entry
	ref   string // see reference

	sess    *session // never nil; its person is zero before sign-in
	actor   school.Actor
	person  *school.Person // never nil; all requests of a session share it: only to be read
	place   *place         // never nil, as shared
	now     time.Time
	lang    string
	hc      bool
	flash   *flash
	form    *Form
	page    *page
	etag    string
	body    []byte        // of an API call
	whole   io.ReadCloser // the request's body without its bound
	over    bool          // more is being sent than will be read
	refused error         // what the last Post refused

	spooling bool // files of the form are for this request only
	spooled  *Spooled
}

// nobody and nowhere are who asks, and at what site, until that has been read.
var (
	nobody  = &school.Person{}
	nowhere = &place{}
)

func newCtx(s *Server, ec echo.Context, e *entry) *Ctx {
	return &Ctx{srv: s, echo: ec, route: e, sess: &session{}, person: nobody, place: nowhere, lang: "fr"}
}

// Actor is who asks; the zero Actor is signed out.
func (c *Ctx) Actor() school.Actor { return c.actor }

// Person is the record of who asks; zero when signed out.
func (c *Ctx) Person() school.Person { return *c.person }

// Site is the site as its record says.
func (c *Ctx) Site() school.SiteInfo { return c.place.site }

// Addresses are how browsers reach the site, each as "http://HOST[:PORT]": by its
// name on the LAN first, then by the machine's addresses, for those to whom the
// name means nothing. There is at least one. What the request called the site
// plays no part.
func (c *Ctx) Addresses() []string {
	if c.srv.o.Reach != nil {
		if list := c.srv.o.Reach(); len(list) > 0 {
			return list
		}
	}
	return []string{"http://" + c.place.site.Slug + ".local"}
}

// Kind is what the site is.
func (c *Ctx) Kind() Kind { return c.srv.o.Kind }

// Request is the HTTP request. Its body is read through Form or In.
func (c *Ctx) Request() *http.Request { return c.echo.Request() }

// Param is a part of the path: Param("id") for "/circulars/{id}".
func (c *Ctx) Param(name string) string { return c.echo.Param(name) }

// ID is Param as a record's id; a text that is none answers like a page that
// does not exist.
func (c *Ctx) ID(name string) (store.ID, error) {
	id, err := store.ParseID(c.Param(name))
	if err != nil || id.IsZero() {
		return store.ID{}, ErrNotFound
	}
	return id, nil
}

// Query is a value after the question mark, "" when it is not there.
func (c *Ctx) Query(name string) string { return c.echo.QueryParam(name) }

// DB is the store. Pages read through View, which knows what they declared.
func (c *Ctx) DB() *store.DB { return c.srv.o.DB }

// Log is the site's log. Neither names nor marks nor secrets go there.
func (c *Ctx) Log() *slog.Logger { return c.srv.log }

// Lang is "fr" or "en".
func (c *Ctx) Lang() string { return c.lang }

// Now is the time of the request in the site's zone.
func (c *Ctx) Now() time.Time { return c.now }

// Device tells this computer from others on the LAN: its address, never a
// header that it writes itself. For throttles.
func (c *Ctx) Device() string {
	host, _, err := net.SplitHostPort(c.Request().RemoteAddr)
	if err != nil {
		return c.Request().RemoteAddr
	}
	return host
}

// Shared tells whether the person sits at a shared computer (poste partagé).
func (c *Ctx) Shared() bool { return !c.sess.Own }

// T is the text of a words key in the person's language.
func (c *Ctx) T(key string, kv ...any) string { return c.srv.words.T(c.lang, key, kv...) }

// TIn is T in a given language: for papers, which speak the country's whoever
// prints them.
func (c *Ctx) TIn(lang, key string, kv ...any) string { return c.srv.words.T(lang, key, kv...) }

// FormatDate, FormatDateTime and FormatNumber write values in the person's language.
func (c *Ctx) FormatDate(t time.Time) string { return FormatDate(c.lang, t.In(c.srv.zone)) }

// FormatDateTime is "mardi 13 octobre 2026 à 7 h 42".
func (c *Ctx) FormatDateTime(t time.Time) string { return FormatDateTime(c.lang, t.In(c.srv.zone)) }

// FormatNumber groups by three.
func (c *Ctx) FormatNumber(n int) string { return FormatNumber(c.lang, int64(n)) }

// View reads the store. What the route did not declare in Reads is noted.
func (c *Ctx) View(fn func(tx *store.Tx) error) error {
	return c.srv.o.DB.View(func(tx *store.Tx) error {
		tx.OnRead(c.reading)
		return fn(tx)
	})
}

// NotFound is what to return for what does not exist and for what this person
// may not see: the page is the same.
func (c *Ctx) NotFound() error { return ErrNotFound }

// Refused tells whether err refuses something to the person. The next Base then
// carries the sentences, so that the handler can show its form again with the
// words kept:
//
//	if c.Refused(err) {
//		return c.Render(http.StatusUnprocessableEntity, formPage(...))
//	}
//	return err
func (c *Ctx) Refused(err error) bool {
	if school.RefusalsIn(err) == nil {
		return false
	}
	c.refused = err
	return true
}

// Base makes the page's Base: title from a words key, the person, navigation,
// flash and refusals.
func (c *Ctx) Base(titleKey string, kv ...any) Base {
	if c.page == nil {
		c.page = &page{words: c.srv.words, token: c.newToken, quit: c.quitToken()}
	}
	b := Base{
		Lang: c.lang, Title: c.T(titleKey, kv...),
		Site: c.place.site, Actor: c.actor, Year: c.place.year, Now: c.now,
		Path: c.Request().URL.RequestURI(), Contrast: c.hc, Shared: !c.sess.Own,
		Version: c.srv.o.Version, css: c.srv.cssPath, icon: c.srv.icons[touchIcon], scripts: c.srv.scripts, page: c.page,
		Refusals: school.RefusalsIn(c.refused), Halted: c.DB().ReadOnly() != nil,
	}
	if c.Request().TLS == nil {
		b.InClear = c.srv.o.InClear
	}
	if c.Request().Method == http.MethodPost {
		b.Path = "/"
	}
	if len(c.actor.Roles) > 0 {
		b.Role = c.T(c.actor.Roles[0].WordKey())
		b.Nav = c.navigation()
		b.Sync = c.syncLine()
		b.held = c.held()
	}
	if c.flash != nil {
		b.Flash = c.T(c.flash.Key, pairs(c.flash.Args)...)
	}
	return b
}
