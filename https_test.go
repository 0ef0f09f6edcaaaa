package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"preau/appliance"
	"preau/modules/all"
	"preau/web"
	"preau/web/webtest"
)

// TestHTTPSOnTheLAN installs the box's root in a real browser: the box's name
// then opens without a warning, and the same root is refused for another name.
func TestHTTPSOnTheLAN(t *testing.T) {
	if _, err := exec.LookPath("certutil"); err != nil {
		t.Skip("certutil is not here: make tools (Debian's libnss3-tools)")
	}
	dir := filepath.Join(t.TempDir(), "box")
	at := serveBox(t, dir)
	name := "lycee-de-tokoin.local"
	_, port, err := net.SplitHostPort(at.HTTPS)
	if err != nil {
		t.Fatalf("no HTTPS: %q", at.HTTPS)
	}

	root := get(t, http.DefaultClient, "http://"+at.Pages+"/https/root.crt")
	foreign := serveForeign(t, dir)

	home := t.TempDir()
	hosts := "MAP " + name + " 127.0.0.1, MAP banque.example 127.0.0.1"
	open := func() *webtest.Tab {
		b := webtest.OpenBrowser(t, chromedp.Env("HOME="+home), chromedp.Flag("host-resolver-rules", hosts))
		return b.Tab("https://" + net.JoinHostPort(name, port))
	}

	before := open()
	if err := before.Try("https://" + net.JoinHostPort(name, port) + "/help"); err == nil || !strings.Contains(err.Error(), "ERR_CERT_AUTHORITY_INVALID") {
		t.Errorf("without the root the browser says %v", err)
	}

	db := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(db, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(home, "root.crt")
	if err := os.WriteFile(file, root, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-N", "--empty-password"}, {"-A", "-n", "preau", "-t", "C,,", "-i", file}} {
		if out, err := exec.Command("certutil", append([]string{"-d", "sql:" + db}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("certutil: %v\n%s", err, out)
		}
	}

	tab := open()
	tab.Open("/https")
	if !tab.Has("Cette connexion est chiffrée.") {
		t.Errorf("the page over HTTPS says\n%s", tab.Text())
	}
	for _, width := range []int{360, 1366} {
		tab.Width(width)
		tab.Shot(fmt.Sprintf("https-%d", width))
		if n := tab.Sideways(); n > 0 {
			t.Errorf("the page is %d pixels too wide at %d", n, width)
		}
	}
	for _, f := range tab.Axe() {
		t.Errorf("accessibility: %+v", f)
	}
	tab.Open("/signin")
	tab.Fill("login", "proviseur")
	tab.Fill("secret", "motdepasse-du-proviseur")
	tab.Press("main form button")
	if !tab.Has("À faire") {
		t.Errorf("signing in over HTTPS leads to\n%s", tab.Text())
	}
	tab.Open("/signin") // signed in: the home page, by the cookie that HTTPS alone has
	if !tab.Has("Quitter") || tab.Has("Connexion non chiffrée") {
		t.Errorf("over HTTPS the page says\n%s", tab.Text())
	}
	if err := tab.Try("https://banque.example:" + foreign); err == nil || !strings.Contains(err.Error(), "ERR_CERT") {
		t.Errorf("the root opened a foreign name: %v", err)
	}
	if err := tab.Try("https://" + net.JoinHostPort("127.0.0.1", port)); err == nil {
		t.Error("the root opened an address")
	}
}

// TestHTTPSAlone walks what a school gets that chose HSTS.
func TestHTTPSAlone(t *testing.T) {
	t.Setenv("PREAU_HTTPS_HSTS", "true")
	dir := filepath.Join(t.TempDir(), "box")
	at := serveBox(t, dir)
	_, port, _ := net.SplitHostPort(at.HTTPS)
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(host, path string) *http.Response {
		req, _ := http.NewRequest(http.MethodGet, "http://"+at.Pages+path, nil)
		req.Host = host
		res, err := stay.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	want := "https://lycee-de-tokoin.local:" + port + "/help?x=1"
	if res := ask("lycee-de-tokoin.local", "/help?x=1"); res.StatusCode != http.StatusTemporaryRedirect || res.Header.Get("Location") != want {
		t.Errorf("a page over HTTP: %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	for host, path := range map[string]string{
		"lycee-de-tokoin.local": "/https/root.crt", "LYCEE-DE-TOKOIN.local": "/healthz", "evil.example": "/help", "127.0.0.1": "/help",
	} {
		if res := ask(host, path); res.Header.Get("Location") != "" {
			t.Errorf("%s%s is sent to %s", host, path, res.Header.Get("Location"))
		}
	}
	pool := x509.NewCertPool()
	root, err := x509.ParseCertificate(get(t, http.DefaultClient, "http://"+at.Pages+"/https/root.crt"))
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(root)
	secure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "lycee-de-tokoin.local"}}}
	res, err := secure.Get("https://" + at.HTTPS + "/help")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS although the school chose it")
	}
}

// serveBox starts a box of its own in this process, until the test ends.
func serveBox(t *testing.T, dir string) appliance.Addresses {
	t.Helper()
	cfg, err := appliance.LoadConfig("", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data, cfg.Listen, cfg.HTTPS.Listen, cfg.MDNS.Enabled = dir, "127.0.0.1:0", "auto", false
	_, err = appliance.Init(t.Context(), cfg, all.Modules(), appliance.InitOptions{
		Kind: web.Box, Name: "Lycée de Tokoin", Code: "LYC-0117", Head: "proviseur", Secret: "motdepasse-du-proviseur",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, done := make(chan appliance.Addresses, 1), make(chan error, 1)
	go func() {
		done <- appliance.Run(ctx, cfg, appliance.Site{Kind: web.Box, Modules: all.Modules()}, appliance.RunOptions{
			Log: slog.New(slog.DiscardHandler), Ready: func(a appliance.Addresses) { ready <- a },
		})
	}()
	select {
	case at := <-ready:
		t.Cleanup(func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		return at
	case err := <-done:
		stop()
		t.Fatal(err)
		return appliance.Addresses{}
	}
}

// serveForeign is what a thief of the box could try: a site of another name under
// the box's root. It returns its port.
func serveForeign(t *testing.T, dir string) string {
	t.Helper()
	read := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(dir, "keys", name))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(raw)
		return block.Bytes
	}
	root, err := x509.ParseCertificate(read("lan.crt"))
	if err != nil {
		t.Fatal(err)
	}
	by, err := x509.ParseECPrivateKey(read("lan.key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "banque.example"}, DNSNames: []string{"banque.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, root, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der, root.Raw}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "stolen") })}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func get(t *testing.T, c *http.Client, url string) []byte {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, res.Body); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v", url, res.StatusCode, err)
	}
	return b.Bytes()
}
