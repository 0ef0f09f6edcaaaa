package web

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/klauspost/compress/gzip"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

var zippers = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic(err)
	}
	return z
}}

const (
	zipFrom    = 900       // bytes; below, compressing costs more than it saves
	bufferMost = 512 << 10 // a larger buffer is not kept
)

// Render draws a page and sends it: whole or not at all. It sets the rules of
// keeping: nothing on a shared computer, an ETag on a person's own device.
func (c *Ctx) Render(status int, p templ.Component) error {
	buf := buffers.Get().(*bytes.Buffer)
	buf.Reset()
	defer func() {
		if buf.Cap() <= bufferMost {
			buffers.Put(buf)
		}
	}()
	if err := p.Render(c.Request().Context(), buf); err != nil {
		return err
	}
	h := c.echo.Response().Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", c.cacheRule())
	if c.etag != "" && status == http.StatusOK && (c.page == nil || c.page.tokens == 0) {
		h.Set("ETag", c.etag)
	}
	if c.leavesItself(status) {
		h.Set("Refresh", strconv.Itoa(int(warnAfter/time.Second))+"; url=/idle?to="+url.QueryEscape(c.Request().URL.RequestURI()))
	}
	if c.flash != nil {
		c.dropCookie(c.cookies() + "-f")
	}
	c.sendCookie()
	return c.send(c.refusedStatus(status), buf.Bytes())
}

// leavesItself tells a page that must not stay on a shared computer's screen when
// nobody is there: all but those in which something may have been typed. Without
// any script the browser goes on to the page that asks.
func (c *Ctx) leavesItself(status int) bool {
	return c.actor.SignedIn() && !c.sess.Own && status == http.StatusOK && c.reads() &&
		c.page != nil && c.page.tokens == 0 && c.echo.Response().Header().Get("Refresh") == "" && !c.route.route.Quiet
}

// ClosesAt is when the session ends if nothing more is done in it; zero when
// nobody is signed in.
func (c *Ctx) ClosesAt() time.Time {
	st := c.sess.state
	if st == nil {
		return time.Time{}
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.seen.Add(st.record.idle()).In(c.srv.zone)
}

// Refresh asks the browser to load the page again: progress pages without script.
func (c *Ctx) Refresh(after time.Duration) {
	c.echo.Response().Header().Set("Refresh", strconv.Itoa(max(1, int(after/time.Second))))
}

// Text sends plain text.
func (c *Ctx) Text(status int, text string) error {
	h := c.echo.Response().Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	return c.send(status, []byte(text))
}

// JSON sends a value for machines.
func (c *Ctx) JSON(status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.sendJSON(status, append(body, '\n'))
}

func (c *Ctx) sendJSON(status int, body []byte) error {
	h := c.echo.Response().Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	return c.send(status, body)
}

// Serve hands the request to a plain handler: metrics.
func (c *Ctx) Serve(h http.Handler) error {
	h.ServeHTTP(c.echo.Response(), c.Request())
	return nil
}

// Download sends a file that write makes, under a safe name, as an attachment.
func (c *Ctx) Download(name, mediaType string, write func(w io.Writer) error) error {
	h := c.echo.Response().Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Disposition", disposition(name))
	h.Set("Cache-Control", c.cacheRule())
	c.sendCookie()
	return write(&patientWriter{ResponseWriter: c.echo.Response(), c: c})
}

// send writes the answer, compressed when it is worth it.
func (c *Ctx) send(status int, body []byte) error {
	w := c.echo.Response()
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	if len(body) < zipFrom || !acceptsGzip(c.Request()) {
		h.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		_, err := w.Write(body)
		return quiet(err)
	}
	out := buffers.Get().(*bytes.Buffer)
	out.Reset()
	defer buffers.Put(out)
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(out)
	if _, err := z.Write(body); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	h.Set("Content-Encoding", "gzip")
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	w.WriteHeader(status)
	_, err := w.Write(out.Bytes())
	return quiet(err)
}

// quiet drops the error of a reader who has gone: nobody is there to be told.
func quiet(error) error { return nil }

func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(name, "gzip") {
			return strings.TrimSpace(q) != "q=0"
		}
	}
	return false
}

const patience = 60 * time.Second

// patient gives a body another minute, on both ways, before the server gives up.
func (c *Ctx) patient() {
	rc := http.NewResponseController(c.echo.Response().Writer)
	until := time.Now().Add(patience)
	_ = rc.SetReadDeadline(until) // a connection without deadlines has none to move
	_ = rc.SetWriteDeadline(until)
}

// patientBody moves the deadline on with every block that arrives: a slow link can
// send a long file, at a kilobyte a second or more.
type patientBody struct {
	io.ReadCloser
	c     *Ctx
	since int
}

// Read passes on and counts.
func (b *patientBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.since += n; b.since > 64<<10 {
		b.since = 0
		b.c.patient()
	}
	return n, err
}

// patientWriter moves the deadline on with every block that leaves, so that a slow
// link can take a long file and a dead one is still let go.
type patientWriter struct {
	http.ResponseWriter
	c     *Ctx
	since int
}

// Write passes on and counts.
func (w *patientWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	if w.since += n; w.since > 64<<10 {
		w.since = 0
		w.c.patient()
	}
	return n, err
}
