package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"preau/school"
	"preau/store"
)

// What handlers return besides refusals.
var (
	// ErrNotFound is what does not exist, or may not be seen.
	ErrNotFound = errors.New("web: not found")
	// ErrForbidden is answered exactly like ErrNotFound; the log tells them apart.
	ErrForbidden = errors.New("web: not allowed")
)

// What the kit itself finds.
var (
	errSignIn     = errors.New("web: not signed in")
	errMustChange = errors.New("web: one-time secret not changed yet")
	errHost       = errors.New("web: host name not accepted")
	errCross      = errors.New("web: sent by another site")
	errMethod     = errors.New("web: method not allowed")
	errTooMany    = errors.New("web: too many requests")
	errBearer     = errors.New("web: no valid token")
)

// fault is how an error looks to a person.
type fault struct {
	status   int
	key      string // words: key + ".title" and key + ".text"
	refusals school.Refusals
	quiet    bool // nothing for the log
}

// faultOf reads an error; the one table of what each becomes.
func faultOf(err error) fault {
	var tooBig *http.MaxBytesError
	refusals := school.RefusalsIn(err)
	switch {
	case refusals != nil:
		return fault{status: statusOf(refusals), key: "web.error.refused", refusals: refusals, quiet: true}
	case errors.Is(err, ErrNotFound), errors.Is(err, store.ErrNotFound):
		return fault{status: http.StatusNotFound, key: "web.error.not_found", quiet: true}
	case errors.Is(err, ErrForbidden):
		return fault{status: http.StatusNotFound, key: "web.error.not_found"}
	case errors.Is(err, errSignIn):
		return fault{status: http.StatusUnauthorized, key: "web.error.sign_in", quiet: true}
	case errors.Is(err, errBearer):
		return fault{status: http.StatusUnauthorized, key: "web.error.token", quiet: true}
	case errors.Is(err, errMustChange):
		return fault{status: http.StatusForbidden, key: "web.error.must_change", quiet: true}
	case errors.Is(err, errHost):
		return fault{status: http.StatusMisdirectedRequest, key: "web.error.host"}
	case errors.Is(err, errCross):
		return fault{status: http.StatusForbidden, key: "web.error.cross"}
	case errors.Is(err, errMethod):
		return fault{status: http.StatusMethodNotAllowed, key: "web.error.method", quiet: true}
	case errors.Is(err, errTooMany):
		return fault{status: http.StatusTooManyRequests, key: "web.error.too_many"}
	case errors.As(err, &tooBig):
		return fault{status: http.StatusRequestEntityTooLarge, key: "web.error.too_large"}
	case errors.Is(err, store.ErrReadOnly):
		return fault{status: http.StatusServiceUnavailable, key: "web.error.read_only"}
	case errors.Is(err, store.ErrFull):
		return fault{status: http.StatusInsufficientStorage, key: "web.error.full"}
	case errors.Is(err, store.ErrClosed):
		return fault{status: http.StatusServiceUnavailable, key: "web.error.stopping"}
	default:
		return fault{status: http.StatusInternalServerError, key: "web.error.internal"}
	}
}

// statusOf is 422 but for the refusals that have a status of their own.
func statusOf(list school.Refusals) int {
	for _, r := range list {
		switch r.Key {
		case "web.refused.too_large":
			return http.StatusRequestEntityTooLarge
		case "web.refused.full":
			return http.StatusInsufficientStorage
		case "web.refused.read_only":
			return http.StatusServiceUnavailable
		case "web.refused.conflict":
			return http.StatusConflict
		case "web.refused.media_type":
			return http.StatusUnsupportedMediaType
		case "signin.refused.wait", "signin.refused.busy":
			return http.StatusTooManyRequests
		}
	}
	return http.StatusUnprocessableEntity
}

// refusedStatus keeps the status of a refusal when its handler draws the form again.
func (c *Ctx) refusedStatus(status int) int {
	if c.refused == nil || status != http.StatusUnprocessableEntity {
		return status
	}
	if s := statusOf(school.RefusalsIn(c.refused)); s != status {
		c.hurry(s)
		return s
	}
	return status
}

// hurry closes a connection on which more is being sent than will be read.
func (c *Ctx) hurry(status int) {
	if status == http.StatusRequestEntityTooLarge {
		c.over = true
		c.echo.Response().Header().Set("Connection", "close")
	}
}

// Bounds of drain.
const (
	drainMost = 32 << 20 // bytes
	drainFor  = 5 * time.Second
)

// drain lets a browser that is still sending finish, for a short while, after it
// was answered: many read the answer only then, and a connection closed under
// them shows a reset instead of the sentence. Nothing of it is kept.
func (c *Ctx) drain() {
	if !c.over || c.whole == nil || c.Request().Header.Get("Expect") != "" {
		return
	}
	rc := http.NewResponseController(c.echo.Response().Writer)
	if rc.Flush() != nil || rc.SetReadDeadline(time.Now().Add(drainFor)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.whole, drainMost) // whatever comes of it, the answer is given
}

// fail renders an error: a sentence for the person, the cause for the log.
func (c *Ctx) fail(err error) {
	if errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
		return
	}
	f := faultOf(err)
	if !f.quiet {
		level := c.srv.log.Warn
		if f.status == http.StatusInternalServerError {
			level = c.srv.log.Error
		}
		level("request failed", "ref", c.reference(), "method", c.Request().Method, "route", c.route.Path, "status", f.status, "err", err)
	}
	if c.echo.Response().Committed {
		return
	}
	c.hurry(f.status)
	switch {
	case c.route.endpoint != nil, strings.HasPrefix(c.Request().URL.Path, apiPrefix):
		c.failJSON(f)
	case c.route.plain:
		_ = c.Text(f.status, http.StatusText(f.status)+"\n")
	case errors.Is(err, errSignIn) && c.reads():
		_ = c.Redirect("/signin?to=" + url.QueryEscape(c.Request().URL.RequestURI()))
	case errors.Is(err, errMustChange) && c.reads():
		to := "/account/password"
		if c.actor.Is(school.Pupil) {
			to = "/pin"
		}
		_ = c.Redirect(to)
	default:
		c.etag = ""
		if err := c.Render(f.status, errorPage(c.faultPage(f))); err != nil {
			c.srv.log.Error("error page not drawn", "ref", c.reference(), "err", err)
		}
	}
}

func (c *Ctx) reads() bool {
	m := c.Request().Method
	return m == http.MethodGet || m == http.MethodHead
}

// faultView is what an error page says.
type faultView struct {
	Base
	Texts []string
	Way   Button
	Ref   string
}

func (c *Ctx) faultPage(f fault) faultView {
	if c.now.IsZero() { // the store could not be read
		c.now = c.srv.clock()
	}
	b := c.Base(f.key + ".title")
	b.Path = "/"
	v := faultView{Base: b, Ref: c.reference()}
	b.Refusals = nil
	v.Refusals = nil
	if f.refusals != nil {
		for _, r := range f.refusals {
			v.Texts = append(v.Texts, b.Sentence(r))
		}
	} else {
		v.Texts = []string{c.T(f.key+".text", "host", c.Addresses()[0], "max", inMB(c.maxBody()))}
	}
	v.Way = Button{Label: c.T("web.error.home"), Href: "/"}
	if f.status == http.StatusUnauthorized {
		v.Way = Button{Label: c.T("web.error.to_sign_in"), Href: "/signin"}
	}
	return v
}

// reference names a request on its error page and in the log.
func (c *Ctx) reference() string {
	if c.ref == "" {
		c.ref = c.srv.newReference()
	}
	return c.ref
}

func (s *Server) newReference() string {
	if s.started.Load() == 0 {
		var b [4]byte
		rand.Read(b[:])
		s.started.CompareAndSwap(0, uint64(b[0])<<16|uint64(b[1])<<8|uint64(b[2])|1)
	}
	n := s.started.Add(1)
	raw := []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	h := strings.ToUpper(hex.EncodeToString(raw))
	return "R-" + h[:4] + "-" + h[4:]
}

// echoError hears what the router itself finds: no route, or not by this method.
func (s *Server) echoError(err error, ec echo.Context) {
	harden(ec.Response().Header())
	e := &entry{RouteInfo: RouteInfo{Path: "(none)", Access: school.Public()}}
	c := newCtx(s, ec, e)
	if verr := s.o.DB.View(c.begin); verr != nil {
		s.log.Error("error page without session", "err", verr)
	}
	var he *echo.HTTPError
	switch {
	case errors.As(err, &he) && he.Code == http.StatusMethodNotAllowed:
		err = errMethod
	case errors.As(err, &he):
		err = ErrNotFound
	}
	c.fail(err)
}
