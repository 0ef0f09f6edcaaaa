package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"preau/web/webtest"
)

// TestGuessingSurvivesARestart guesses at one name from one computer: the tries
// run out, neither SIGKILL nor a forwarded address gives new ones, and neither
// colleagues at the same computer nor the owner elsewhere are shut out by it.
func TestGuessingSurvivesARestart(t *testing.T) {
	s := openStage(t)
	victim, colleague := s.login("box", "teacher", 0), s.login("box", "teacher", 1)
	try := func(secret, forwarded string) *webtest.Page {
		c := webtest.Visit(t, s.Box)
		token := c.Get("/signin").Token("/signin")
		values := url.Values{"_token": {token}, "login": {victim.Login}, "secret": {secret}, "device": {"shared"}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Box+"/signin", strings.NewReader(values.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if forwarded != "" {
			req.Header.Set("X-Forwarded-For", forwarded)
			req.Header.Set("X-Real-IP", forwarded)
		}
		return c.Do(req)
	}
	tries := 0
	for ; tries < 30; tries++ {
		if p := try(fmt.Sprintf("faux-mot-%d", tries), ""); p.Status == http.StatusTooManyRequests {
			break
		}
	}
	if tries == 30 {
		t.Fatal("thirty guesses were let through")
	}
	if p := try("encore-un-faux-1", "203.0.113.9"); p.Status != http.StatusTooManyRequests {
		t.Errorf("a forwarded address gives new tries: %d", p.Status)
	}
	s.kill("box")
	s.startBox()
	if p := try("encore-un-faux-2", ""); p.Status != http.StatusTooManyRequests || !p.Has("min") {
		t.Errorf("a restart gives new tries, or none is told when to come back: %.400s", p)
	}
	if p := try(victim.Secret, ""); p.Status != http.StatusTooManyRequests {
		t.Errorf("the right password passes where guesses do not: it could be told by it: %d", p.Status)
	}
	if c := s.enter("box", "teacher", 1); !c.Get("/").Has(colleague.Name) {
		t.Error("a colleague at the same computer is shut out")
	}
	unknown := webtest.Visit(t, s.Box).Get("/signin").Submit("/signin", map[string]any{"login": "personne.inconnue", "secret": "faux-mot-1", "device": "shared"})
	known := webtest.Visit(t, s.Box).Get("/signin").Submit("/signin", map[string]any{"login": s.login("box", "teacher", 2).Login, "secret": "faux-mot-1", "device": "shared"})
	said := func(p *webtest.Page) string {
		_, text, _ := strings.Cut(p.Text(), "L’entrée")
		return text
	}
	if unknown.Status != known.Status || said(unknown) == "" || sameButNumbers(said(unknown)) != sameButNumbers(said(known)) {
		t.Errorf("an unknown name is answered otherwise than a known one:\n%s\n%s", said(unknown), said(known))
	}
}

// TestNothingPersonalLeaks uses the demonstration and then looks for names,
// logins, secrets and tokens where they must not be: logs, metrics, the status
// that needs no login, error pages, addresses.
func TestNothingPersonalLeaks(t *testing.T) {
	s := openStage(t)
	personal := regexp.MustCompile(`AGBODJAN|agbodjan|KODJO|Kodjo|LAWSON|Akouvi|preau_[A-Za-z0-9_-]{30}`)
	head := s.enter("box", "head", 0)
	token := s.token("box", "head")
	goRound(t, head)
	head.Get("/people?q=agbodjan")
	head.Get("/people/staff/zzzzzzzzzzzz/access")
	webtest.Visit(t, s.Box).Get("/signin").Submit("/signin", map[string]any{"login": "k.agbodjan", "secret": "agbodjan-faux-1", "device": "shared"})
	call(t, http.MethodGet, s.Box+"/api/v1/circulars?limit=nonsense", token, "")
	call(t, http.MethodPost, s.Box+"/api/v1/circulars/zzz/acknowledge", token, "{}")
	publisher := s.enter("office", "publisher", 0)
	goRound(t, publisher)
	for _, event := range []string{`msg="signed in"`, `msg="sign-in refused"`} {
		if !strings.Contains(s.logs["box"].String(), event) {
			t.Errorf("the box's log tells nothing of %s", event)
		}
	}
	places := map[string]string{
		"the box's log":       s.logs["box"].String(),
		"the office's log":    s.logs["office"].String(),
		"metrics":             webtest.Visit(t, s.Box).Get("/metrics").Body,
		"the office's metric": webtest.Visit(t, s.Office).Get("/metrics").Body,
		"status":              webtest.Visit(t, s.Box).Get("/api/v1/status").Body,
		"the sign-in page":    webtest.Visit(t, s.Box).Get("/signin").Text(),
		"a page not there":    webtest.Visit(t, s.Box).Get("/people/staff/1").Text(),
	}
	for place, text := range places {
		if text == "" {
			t.Errorf("%s is empty: nothing was looked at", place)
		}
		for _, l := range s.logins {
			if strings.Contains(text, l.Secret) {
				t.Errorf("%s holds the secret of %s", place, l.Login)
			}
		}
		if at := personal.FindStringIndex(strings.ReplaceAll(text, "k.agbodjan.", "")); at != nil {
			t.Errorf("%s: ...%s", place, text[max(0, at[0]-100):min(len(text), at[1]+60)])
		}
	}
}

func goRound(t *testing.T, c *webtest.Client) {
	r := &reader{t: t, c: c, known: map[string]map[string]bool{}, seen: map[string]*offer{}, may: map[string]bool{}}
	r.goRound()
}

// TestExportsHoldNoFormulas sends names that a spreadsheet would run, by a list,
// and takes them out again.
func TestExportsHoldNoFormulas(t *testing.T) {
	s := openStage(t)
	secretary := s.enter("box", "secretary", 0)
	list := "Nom;Prénoms;Sexe;Date de naissance;Lieu de naissance;Classe;Matricule\n" +
		"KOFFI;=HYPERLINK(1);F;12/03/2010;+2+3;2nde A1;991101\nKOFFI;@SUM(1);M;12/03/2010;-1;2nde A1;991102\n"
	dry := secretary.Get("/admin/import").Submit("/admin/import", map[string]any{"kind": "pupil", "file": []webtest.File{{Name: "l.csv", Data: []byte(list)}}})
	if dry.Status == http.StatusOK {
		dry.Submit(dry.URL.Path, map[string]any{})
	}
	form := filepath.Join(t.TempDir(), "decisions.csv")
	if err := os.WriteFile(form, []byte(s.enter("box", "head", 0).Get("/admin/year/decisions.csv").Body), 0o600); err != nil {
		t.Fatal(err)
	}
	s.stop("box")
	for _, what := range []string{"people", "circulars", "decisions"} {
		path := filepath.Join(t.TempDir(), what+".csv")
		if what == "decisions" {
			path = form
		} else if out, err := exec.Command(s.bin, "export", what, "--to", path, "--format", "csv", "--data", filepath.Join(s.dir, "box")).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		rows := readCSV(t, path)
		if len(rows) < 5 {
			t.Fatalf("%s: only %d rows", what, len(rows))
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
					t.Errorf("%s: the cell %q would be run", what, cell)
				}
			}
		}
	}
	s.startBox()
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimPrefix(string(raw), "\ufeff")
	r := csv.NewReader(strings.NewReader(text))
	if first, _, _ := strings.Cut(text, "\n"); strings.Contains(first, ";") {
		r.Comma = ';'
	}
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestBrowserDefences rates the running box over HTTPS by the rules of Mozilla's
// observatory, as far as they can be asked offline: 100 to begin with, what is
// missing taken off, what is more than asked added.
func TestBrowserDefences(t *testing.T) {
	t.Setenv("PREAU_HTTPS_HSTS", "true")
	at := serveBox(t, filepath.Join(t.TempDir(), "box"))
	root, err := x509.ParseCertificate(get(t, http.DefaultClient, "http://"+at.Pages+"/https/root.crt"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "lycee-de-tokoin.local"}}}
	res, err := browser.Get("https://" + at.HTTPS + "/signin")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	score := 100
	rate := func(what string, ok bool, bonus, penalty int) {
		t.Helper()
		if ok {
			score += bonus
			return
		}
		score -= penalty
		t.Errorf("%s: %v", what, res.Header)
	}
	h := res.Header
	csp := h.Get("Content-Security-Policy")
	rate("a content policy that starts with nothing and allows nothing inline", strings.HasPrefix(csp, "default-src 'none'") && !strings.Contains(csp, "unsafe") && !strings.Contains(csp, "*") && !strings.Contains(csp, "http:"), 10, 25)
	rate("framing is forbidden by the policy", strings.Contains(csp, "frame-ancestors 'none'"), 5, 20)
	hsts := h.Get("Strict-Transport-Security")
	rate("HTTPS alone for at least half a year", regexp.MustCompile(`max-age=(3[1-9]|[4-9]\d)\d{6}`).MatchString(hsts), 0, 20)
	rate("types are not guessed", h.Get("X-Content-Type-Options") == "nosniff", 0, 5)
	rate("referrers stay private", h.Get("Referrer-Policy") == "no-referrer", 5, 0)
	rate("other origins may not load its answers", h.Get("Cross-Origin-Resource-Policy") == "same-origin", 10, 0)
	rate("no other origin is let in", h.Get("Access-Control-Allow-Origin") == "", 0, 50)
	rate("no script of somebody else", !regexp.MustCompile(`<script[^>]*src="(https?:)?//`).Match(page), 0, 50)
	cookies := res.Cookies()
	ok := len(cookies) > 0
	for _, c := range cookies {
		ok = ok && c.Secure && c.HttpOnly && c.SameSite == http.SameSiteLaxMode && c.Domain == "" && c.Path == "/" && strings.HasPrefix(c.Name, "__Host-")
	}
	rate("cookies are secure, closed to scripts and sent from this site only", ok, 5, 40)
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequest(http.MethodGet, "http://"+at.Pages+"/signin", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "lycee-de-tokoin.local"
	plain, err := stay.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	plain.Body.Close()
	rate("readers are led from HTTP to the same name over HTTPS", strings.HasPrefix(plain.Header.Get("Location"), "https://lycee-de-tokoin.local"), 0, 20)
	if _, err := browser.Get("https://" + at.HTTPS + "/signin"); err != nil {
		t.Error(err)
	}
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		if c, err := tls.Dial("tcp", at.HTTPS, &tls.Config{RootCAs: pool, ServerName: "lycee-de-tokoin.local", MinVersion: version, MaxVersion: version}); err == nil {
			c.Close()
			t.Errorf("HTTPS speaks TLS %x", version)
		}
	}
	if score < 120 {
		t.Errorf("%d of at least 120", score)
	}
	t.Logf("%d", score)
}
