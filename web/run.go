package web

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"

	"preau/school"
	"preau/store"
)

// place is the site and its year, read anew when their records change or a day begins.
type place struct {
	versions [2]uint64
	day      int
	site     school.SiteInfo
	year     string
}

// run answers one request that found its route: session and permission first,
// then the ETag, and only then the handler.
func (s *Server) run(ec echo.Context, e *entry) (err error) {
	c := newCtx(s, ec, e)
	defer func() {
		if r := recover(); r != nil {
			if r == http.ErrAbortHandler {
				panic(r)
			}
			err = fmt.Errorf("web: panic: %v\n%s", r, debug.Stack())
		}
		if err != nil {
			harden(ec.Response().Header())
			c.fail(err)
			err = nil
		}
		c.drain()
	}()
	if c.whole = c.Request().Body; c.whole != http.NoBody {
		c.Request().Body = http.MaxBytesReader(ec.Response(), &patientBody{ReadCloser: c.whole, c: c}, c.maxBody())
	}
	if e.endpoint != nil {
		harden(ec.Response().Header())
		return c.callAPI()
	}
	if err := s.o.DB.View(c.begin); err != nil {
		return err
	}
	if c.actor.SignedIn() && !e.plain && !e.route.Quiet {
		s.used(c.sess, c.now)
	}
	if err := c.admit(); err != nil {
		return err
	}
	if probed(c.Request()) {
		ec.Response().WriteHeader(StatusAdmitted)
		return nil
	}
	if c.etag != "" && match(c.Request().Header.Get("If-None-Match"), c.etag) {
		h := ec.Response().Header() // the others the browser has with the page it kept
		h.Set("ETag", c.etag)
		h.Set("Cache-Control", c.cacheRule())
		ec.Response().WriteHeader(http.StatusNotModified)
		return nil
	}
	harden(ec.Response().Header())
	return e.route.Handle(c)
}

// begin reads who asks and, where the page may be unchanged, its ETag.
func (c *Ctx) begin(tx *store.Tx) error {
	now, _ := tx.Now()
	c.now = now.In(c.srv.zone)
	if err := c.readPlace(tx); err != nil {
		return err
	}
	var err error
	if !c.route.plain || c.route.endpoint == nil {
		if c.sess, err = c.srv.findSession(tx, c.Request(), now); err != nil {
			return err
		}
	}
	if st := c.sess.state; st != nil {
		c.actor, c.person = st.actor, &st.person
	}
	c.speak()
	if err := c.takeFlash(tx); err != nil {
		return err
	}
	if c.cacheable() {
		c.etag = c.makeETag(tx)
	}
	return nil
}

// speak settles language and contrast: this browser's choice, then the person's,
// then the site's.
func (c *Ctx) speak() {
	p := c.preferences()
	for _, l := range []string{p.lang, c.person.Language, c.place.site.Language, "fr"} {
		if l == "fr" || l == "en" {
			c.lang = l
			break
		}
	}
	c.hc = c.person.Contrast
	if p.contrast != "" {
		c.hc = p.contrast == "1"
	}
}

func (c *Ctx) readPlace(tx *store.Tx) error {
	versions := [2]uint64{c.srv.known.of(tx, school.Sites.Name()), c.srv.known.of(tx, school.Years.Name())}
	day := c.now.Year()*1000 + c.now.YearDay()
	if p := c.srv.place.Load(); p != nil && p.versions == versions && p.day == day {
		c.place = p
		return nil
	}
	p := &place{versions: versions, day: day}
	site, err := school.Site(tx)
	if err != nil && !errors.Is(err, school.ErrNoSite) {
		return err
	}
	p.site = site
	year, err := school.CurrentYear(tx)
	if err != nil && !errors.Is(err, school.ErrNoYear) {
		return err
	}
	p.year = year.Label
	c.srv.place.Store(p)
	c.place = p
	return nil
}

// admit lets in who may. Signed-out people are led to the sign-in page; others
// see what they would see if the page did not exist.
func (c *Ctx) admit() error {
	if c.route.Access.Allows(c.actor) {
		if st := c.sess.state; st != nil && st.must && !c.route.route.OneTime {
			return errMustChange
		}
		return nil
	}
	if !c.actor.SignedIn() {
		return errSignIn
	}
	return ErrForbidden
}

func (c *Ctx) cacheable() bool {
	m := c.Request().Method
	return c.route.reads != nil && c.sess.Own && c.actor.SignedIn() && c.flash == nil &&
		(m == http.MethodGet || m == http.MethodHead)
}

// makeETag says what the page is made of, without reading any of it.
func (c *Ctx) makeETag(tx *store.Tx) string {
	b := make([]byte, 0, 2048) // on the stack
	origin := c.DB().Origin()
	b = append(b, origin[:]...)
	part := func(s string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	number := func(n uint64) { b = binary.BigEndian.AppendUint64(b, n) }
	part(c.srv.o.Version)
	part(c.srv.cssPath)
	part(c.Request().URL.RequestURI())
	part(c.lang)
	part(contrast(c.hc))
	b = append(b, c.actor.ID.Origin[:]...)
	number(c.actor.ID.Number)
	for _, name := range c.route.counted {
		part(name)
		number(c.srv.known.of(tx, name))
	}
	if c.route.reads[store.ProgressName] || c.route.reads[store.BlobsName] {
		select {
		case <-c.srv.moved:
			c.srv.epoch.Add(1)
		default:
		}
		number(c.srv.epoch.Load())
		number(c.srv.born)
		part(fmt.Sprint(c.held()))
	}
	if every := c.route.route.Every; every > 0 {
		number(uint64(c.now.UnixNano() / int64(every)))
	}
	number(uint64(c.now.Year()*1000 + c.now.YearDay()))
	number(c.sess.state.posts.Load())
	if c.DB().ReadOnly() != nil {
		part("read-only")
	}
	if l := c.syncLine(); l != nil {
		part(l.Icon + "\x00" + l.Bold + "\x00" + l.Text + "\x00" + l.Href)
	}
	sum := sha256.Sum256(b)
	return `W/"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`
}

func contrast(high bool) string {
	if high {
		return "hc"
	}
	return ""
}

// match compares weakly, as If-None-Match asks.
func match(header, etag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

// reading hears of every collection that the handler reads.
func (c *Ctx) reading(collection string) {
	if c.route.reads == nil || c.route.reads[collection] || alwaysRead[collection] {
		return
	}
	c.etag = ""
	if c.srv.o.Undeclared != nil {
		c.srv.o.Undeclared(c.route.Method+" "+c.route.Path, collection)
	}
}

// alwaysRead are part of every ETag, or tell nothing that a page shows.
var alwaysRead = map[string]bool{
	"people": true, "site": true, "years": true, "secrets": true,
	"packs.releases": true, // never edited; which of them count stands in the site's record
	"web.sessions":   true, "web.seen": true, "web.posts": true, "web.uploads": true, "throttles": true,
}

func (c *Ctx) navigation() []Link {
	var links []Link
	best := -1
	path := c.Request().URL.Path
	for _, item := range c.srv.o.Nav {
		if !item.Access.Allows(c.actor) {
			continue
		}
		links = append(links, Link{Label: c.T(item.Key), Href: item.Href})
		under := path == item.Href || item.Href != "/" && strings.HasPrefix(path, item.Href+"/")
		if under && (best < 0 || len(item.Href) > len(links[best].Href)) {
			best = len(links) - 1
		}
	}
	if best >= 0 {
		links[best].Current = true
	}
	return links
}

// held are the lanes that wait, where the page says where records are.
func (c *Ctx) held() map[store.Lane]Held {
	if c.srv.o.Held == nil || c.route == nil || c.route.reads != nil && !c.route.reads[store.ProgressName] {
		return nil
	}
	return c.srv.o.Held()
}

func (c *Ctx) syncLine() *SyncLine {
	if c.srv.o.SyncLine == nil || !c.actor.SignedIn() || onlyPupil(c.actor) {
		return nil
	}
	return c.srv.o.SyncLine(c)
}

func onlyPupil(a school.Actor) bool {
	for _, r := range a.Roles {
		if r != school.Pupil {
			return false
		}
	}
	return true
}
