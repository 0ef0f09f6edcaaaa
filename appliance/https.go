package appliance

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"preau/school"
	"preau/web"
)

// httpsAuto is the value of https.listen that lets a box choose: beside its
// pages, and without HTTPS when that port is taken.
const httpsAuto = "auto"

// httpsAt is where a site serves HTTPS, "" nowhere. The port is 443 when the
// pages have 80, any when they have any, else 8443.
func (c Config) httpsAt(k web.Kind) string {
	if c.HTTPS.Listen != httpsAuto {
		return c.HTTPS.Listen
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil || k != web.Box {
		return ""
	}
	return net.JoinHostPort(host, map[string]string{"80": "443", "0": "0"}[port]+map[bool]string{true: "8443"}[port != "80" && port != "0"])
}

// listenHTTPS takes the address for HTTPS and opens the site's authority.
func (x *server) listenHTTPS() error {
	at := x.Config.httpsAt(x.Kind)
	if at == "" {
		return nil
	}
	l, err := net.Listen("tcp", at)
	if errors.Is(err, syscall.EADDRINUSE) && x.Config.HTTPS.Listen == httpsAuto {
		x.Log.Warn("no HTTPS: the port is taken", "address", at)
		return nil
	}
	if err != nil {
		return fmt.Errorf("appliance: listen for HTTPS: %w", err)
	}
	x.secure = l
	x.authority, err = openAuthority(x.Dir, lanNames(x.Config.Site), x.Clock)
	return err
}

func (x *server) serveHTTPS() error {
	if x.secure == nil {
		return nil
	}
	if err := x.http.ServeTLS(x.secure, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// secureURL is where the site is reached over HTTPS, "" when it is not. Only the
// name works without a warning: addresses are not in the certificate.
func (x *server) secureURL(host string) string {
	if x.secure == nil {
		return ""
	}
	_, port, err := net.SplitHostPort(x.secure.Addr().String())
	if err != nil {
		return ""
	}
	if port == "443" {
		return "https://" + host
	}
	return "https://" + net.JoinHostPort(host, port)
}

// onlyHTTPS sends page readers from HTTP to HTTPS where the school chose HSTS.
// Machines that ask (health, metrics, API) and whoever still has to install the
// root are left where they are.
func (x *server) onlyHTTPS(next http.Handler) http.Handler {
	if !x.Config.HTTPS.HSTS {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		page := r.URL.Path != "/https" && !strings.HasPrefix(r.URL.Path, "/https/") && !strings.HasPrefix(r.URL.Path, "/api/")
		if x.secure != nil && r.TLS == nil && page && (r.Method == http.MethodGet || r.Method == http.MethodHead) && x.hosts.ours(host) && net.ParseIP(host) == nil {
			http.Redirect(w, r, x.secureURL(host)+r.URL.RequestURI(), http.StatusTemporaryRedirect)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (x *server) httpsRoutes() []web.Route {
	return []web.Route{
		{Path: "/https", Access: school.Public(), Handle: x.httpsPage, OneTime: true},
		{Path: "/https/root.crt", Access: school.Public(), Handle: x.httpsRoot, OneTime: true},
	}
}

type httpsPage struct {
	web.Base
	Encrypted   bool   // this very page
	URL         string // "" where the site serves no HTTPS
	Fingerprint []string
	HSTS        bool
}

func (x *server) httpsPage(c *web.Ctx) error {
	p := httpsPage{Base: c.Base("appliance.https.title"), Encrypted: c.Request().TLS != nil, HSTS: x.Config.HTTPS.HSTS}
	if x.authority != nil {
		p.URL, p.Fingerprint = x.secureURL(x.lanName()), x.authority.fingerprint()
	}
	return c.Render(http.StatusOK, httpsView(p))
}

// httpsRoot sends the authority's certificate: public, it opens nothing.
func (x *server) httpsRoot(c *web.Ctx) error {
	if x.authority == nil {
		return c.NotFound()
	}
	return c.Download("preau-"+x.Config.Site.Slug+".crt", "application/x-x509-ca-cert", func(w io.Writer) error {
		_, err := w.Write(x.authority.root.Raw)
		return err
	})
}
