package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"preau/web/webtest"
)

// stage is the demonstration's two sites, each a process of its own.
type stage struct {
	t                     *testing.T
	bin, dir              string
	Box, Office, Exchange string
	logins                []login
	procs                 map[string]*exec.Cmd
	logs                  map[string]*logbook
}

type login struct{ Site, Role, Name, Login, Secret, Class string }

// openStage makes the demonstration and starts its office and its box.
func openStage(t *testing.T) *stage {
	t.Helper()
	return openStageWith(t, preauIn(t))
}

func openStageWith(t *testing.T, bin string) *stage {
	t.Helper()
	return openStageIn(t, bin, t.TempDir())
}

// openStageIn is openStage with the sites' folders below dir.
func openStageIn(t *testing.T, bin, dir string) *stage {
	t.Helper()
	s := emptyStage(t, bin)
	s.dir = dir
	port, err := portsInARow(3)
	if err != nil {
		t.Fatal(err)
	}
	s.start("demo", "demo", "--dir", s.dir, "--port", strconv.Itoa(port))
	s.stop("demo")
	b, err := os.ReadFile(filepath.Join(s.dir, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var known struct {
		Box, Office, Exchange string
		Logins                []login
	}
	if err := json.Unmarshal(b, &known); err != nil {
		t.Fatal(err)
	}
	s.Box, s.Office, s.Exchange, s.logins = known.Box, known.Office, known.Exchange, known.Logins
	s.startOffice()
	s.startBox()
	return s
}

// emptyStage has nobody on it yet; who is left at the end is taken home.
func emptyStage(t *testing.T, bin string) *stage {
	t.Helper()
	s := &stage{t: t, bin: bin, dir: t.TempDir(), procs: map[string]*exec.Cmd{}, logs: map[string]*logbook{}}
	t.Cleanup(func() {
		for name, p := range s.procs {
			_ = p.Process.Kill()
			_ = p.Wait()
			if t.Failed() {
				t.Logf("log of %s:\n%s", name, s.logs[name])
			}
		}
	})
	return s
}

func (s *stage) startOffice() {
	s.t.Helper()
	s.start("office", "ministry", "--data", filepath.Join(s.dir, "office"), "--listen", s.Office[len("http://"):], "--exchange", s.Exchange)
}

func (s *stage) startBox() {
	s.t.Helper()
	s.start("box", "serve", "--data", filepath.Join(s.dir, "box"), "--listen", s.Box[len("http://"):])
}

// start runs preau and waits for its line "ready"; the lines before it are
// returned.
func (s *stage) start(name string, args ...string) []string {
	s.t.Helper()
	c := exec.Command(s.bin, args...)
	if s.logs[name] == nil {
		s.logs[name] = &logbook{}
	}
	c.Stderr = s.logs[name]
	out, err := c.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.procs[name] = c
	late := time.AfterFunc(readyWithin, func() { _ = c.Process.Kill() })
	defer late.Stop()
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		if lines.Text() == "ready" {
			return said
		}
		said = append(said, lines.Text())
	}
	s.t.Fatalf("%s did not come to serve", name)
	return nil
}

// kill takes the power away; stop ends it in order.
func (s *stage) kill(name string) {
	s.t.Helper()
	_ = s.procs[name].Process.Kill()
	_ = s.procs[name].Wait()
	delete(s.procs, name)
}

func (s *stage) stop(name string) {
	s.t.Helper()
	if err := s.procs[name].Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := s.procs[name].Wait(); err != nil {
		s.t.Fatalf("%s: %v\n%s", name, err, s.logs[name])
	}
	delete(s.procs, name)
}

// login is the first account of a role at a site.
func (s *stage) login(site, role string, nth int) login {
	s.t.Helper()
	for _, l := range s.logins {
		if l.Site == site && l.Role == role {
			if nth == 0 {
				return l
			}
			nth--
		}
	}
	s.t.Fatalf("the demonstration has no %s at the %s", role, site)
	return login{}
}

// enter is a browser of the nth person of a role, signed in.
func (s *stage) enter(site, role string, nth int) *webtest.Client {
	s.t.Helper()
	who := s.login(site, role, nth)
	c := webtest.Visit(s.t, s.address(site))
	if role == "pupil" {
		s.enterRoom(c, who)
		return c
	}
	p := c.Get("/signin").Submit("/signin", map[string]any{"login": who.Login, "secret": who.Secret, "device": "shared"})
	if !p.Has(who.Name) {
		s.t.Fatalf("%s %s did not come in: %.400s", site, role, p)
	}
	return c
}

// enterRoom brings a pupil in by class, name and PIN, as on a shared computer.
func (s *stage) enterRoom(c *webtest.Client, who login) {
	s.t.Helper()
	p := c.Get("/room")
	for _, text := range []string{who.Class, who.Name} {
		m := regexp.MustCompile(`<a href="(/room/[^"]+)">` + regexp.QuoteMeta(html.EscapeString(text)) + `</a>`).FindStringSubmatch(p.Body)
		if m == nil {
			s.t.Fatalf("no link %q on %.400s", text, p)
		}
		p = c.Get(m[1])
	}
	if p = p.Submit(p.URL.Path, map[string]any{"pin": who.Secret}); !p.Has(who.Name) || p.URL.Path != "/" {
		s.t.Fatalf("the pupil did not come in: %.400s", p)
	}
}

// token acts as the first person of a role at the API.
func (s *stage) token(site, role string) string {
	s.t.Helper()
	out, err := exec.Command(s.bin, "token", "--data", filepath.Join(s.dir, site), "--login", s.login(site, role, 0).Login).Output()
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// post sends JSON to a door of the API.
func (s *stage) post(site, token, path, body string) (status int, answer string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.address(site)+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	p := webtest.Visit(s.t, s.address(site)).Do(req)
	return p.Status, p.Body
}

// raw asks for a path exactly as written, and tells the status.
func (s *stage) raw(site, path string) int {
	s.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.address(site), "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// field is a text inside a JSON value: "items.0.id".
func field(object, path string) string {
	var v any
	_ = json.Unmarshal([]byte(object), &v)
	for _, key := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			if i, err := strconv.Atoi(key); err == nil && i < len(x) {
				v = x[i]
			}
		}
	}
	text, _ := v.(string)
	return text
}

func asExit(err error, exit **exec.ExitError) bool { return errors.As(err, exit) }

// waitUntil asks again and again, for a minute at most.
func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	end := time.After(time.Minute)
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-end:
			t.Fatalf("it did not come to this in a minute: %s", what)
		}
	}
}

// logbook is what a site logs; it may be read while the site writes.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
