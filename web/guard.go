package web

import (
	"net"
	"net/http"
	"strings"
	"time"

	"preau/school"
)

const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// always are the headers of every answer. The slices are shared: replaced by who
// needs another value, never changed in place.
var always = http.Header{
	"Content-Security-Policy":      {contentPolicy},
	"X-Content-Type-Options":       {"nosniff"},
	"Referrer-Policy":              {"no-referrer"},
	"X-Frame-Options":              {"DENY"},
	"Permissions-Policy":           {"camera=(), geolocation=(), microphone=()"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
}

func harden(h http.Header) {
	for name, value := range always {
		h[name] = value
	}
}

// guard stands before the router: host name, headers, cross-site posts, paths
// that try to be another path.
func (s *Server) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.refuse(w, r, errCross) }))
	inner := cross.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if s.o.HSTS && r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		if !s.knows(r.Host) {
			harden(h)
			s.refuse(w, r, errHost)
			return
		}
		if f, ok := s.static[r.URL.Path]; ok {
			harden(h)
			f.serve(w, r)
			return
		}
		if disguised(r) {
			s.refuse(w, r, ErrNotFound)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// refuse answers before any route is known.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	harden(w.Header())
	ec := s.echo.NewContext(r, w)
	e := &entry{RouteInfo: RouteInfo{Path: "(none)", Access: school.Public()}}
	c := newCtx(s, ec, e)
	if verr := s.o.DB.View(c.begin); verr != nil {
		s.log.Error("error page without session", "err", verr)
	}
	if err == errHost || err == errCross { // whoever asks by another name is shown nothing of a person's
		c.actor, c.person, c.sess, c.flash = school.Actor{}, nobody, &session{}, nil
	}
	c.fail(err)
}

// disguised tells a path that hides a slash, a backslash or a dot segment: no
// address of ours needs one, and routers differ in how they read them.
func disguised(r *http.Request) bool {
	raw := strings.ToLower(r.URL.EscapedPath())
	return strings.Contains(raw, "%2f") || strings.Contains(raw, "%5c") || strings.Contains(raw, "%00") ||
		strings.Contains(r.URL.Path, `\`) || strings.Contains(r.URL.Path, "//") ||
		strings.Contains(r.URL.Path, "/../") || strings.HasSuffix(r.URL.Path, "/..") || strings.Contains(r.URL.Path, "/./")
}

// knows tells whether the site answers to a host name. A name that is not ours
// may be a stranger's page that points at this machine.
func (s *Server) knows(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if s.o.Hosts != nil {
		return s.o.Hosts(host)
	}
	return host == "localhost" || net.ParseIP(host) != nil
}

// clock is the time when no transaction can tell it.
func (s *Server) clock() time.Time { return time.Now().In(s.zone) }
