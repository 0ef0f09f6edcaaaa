package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	benchCirculars = 5000
	benchLong      = 5 * time.Second
	benchRounds    = 3 // interleaved; the median counts
)

// TestBenchPages measures a teacher's home page and a list out of 5,000
// circulars at 50 connections, against nginx serving the same bytes from a file,
// and an unchanged page beside Go's own server that answers 304 to everything.
func TestBenchPages(t *testing.T) {
	bench(t, "pages")
	for _, tool := range []string{"wrk", "nginx"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is not here: make tools-bench", tool)
		}
	}
	s := openStageWith(t, built(t))
	s.publish(benchCirculars)
	s.stop("box") // idle means after a start, not after an import
	s.startBox()
	pid := s.procs["box"].Process.Pid
	idle := memory(pid, "VmRSS")
	shared, own := newVisitor(t, s.Box), newVisitor(t, s.Box)
	shared.send("/signin", shared.form(s.login("box", "teacher", 0), "shared"))
	own.send("/signin", own.form(s.login("box", "teacher", 1), "own"))

	pages := map[string]string{"home": "/", "list": "/circulars"}
	root := t.TempDir()
	plain, zipped := map[string]int64{}, map[string]int64{}
	for name, path := range pages {
		body, _ := shared.get(path, http.Header{"Accept-Encoding": {"gzip"}})
		zipped[name] = int64(len(body))
		body, _ = shared.get(path, http.Header{"Accept-Encoding": {"identity"}})
		plain[name] = int64(len(body))
		if err := os.WriteFile(filepath.Join(root, name), body, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	limit, workers := startNginx(t, root, "")
	kept, keepers := startNginx(t, root, "open_file_cache max=100;")
	bare := startBare(t)
	var figures []figure
	for _, name := range []string{"home", "list"} {
		path := pages[name]
		_, res := own.get(path, nil)
		etag := res.Header.Get("ETag")
		if _, again := own.get(path, http.Header{"If-None-Match": {etag}}); etag != "" && again.StatusCode != http.StatusNotModified {
			t.Errorf("%s a second time: %s", path, again.Status)
		}
		rounds := map[string][]load{}
		for range benchRounds {
			rounds["net/http alone"] = append(rounds["net/http alone"], wrk(t, bare, []string{"Cookie: " + own.cookies(), "If-None-Match: " + etag}, benchLong, os.Getpid()))
			rounds["nginx"] = append(rounds["nginx"], wrk(t, limit+"/"+name, nil, benchLong, workers...))
			rounds["nginx, files kept open"] = append(rounds["nginx, files kept open"], wrk(t, kept+"/"+name, nil, benchLong, keepers...))
			rounds["plain"] = append(rounds["plain"], wrk(t, s.Box+path, []string{"Cookie: " + shared.cookies()}, benchLong, pid))
			rounds["gzip"] = append(rounds["gzip"], wrk(t, s.Box+path, []string{"Cookie: " + shared.cookies(), "Accept-Encoding: gzip"}, benchLong, pid))
			if etag != "" {
				rounds["unchanged"] = append(rounds["unchanged"], wrk(t, s.Box+path, []string{"Cookie: " + own.cookies(), "If-None-Match: " + etag}, benchLong, pid))
			}
		}
		against := median(rounds["nginx"])
		for _, how := range []string{"nginx", "nginx, files kept open", "net/http alone", "plain", "gzip", "unchanged"} {
			l := median(rounds[how])
			if l.n == 0 {
				t.Errorf("%s has no ETag on a person's own device", path)
				continue
			}
			size := map[string]int64{"gzip": zipped[name], "unchanged": 0, "net/http alone": 0}
			n, known := size[how]
			if !known {
				n = plain[name]
			}
			each := float64(l.cpu.Microseconds()) / float64(l.n)
			figures = append(figures, figure{
				What: fmt.Sprintf("%s, %s (%.0f µs CPU each)", name, how, each), N: l.n, Rate: l.rate,
				Against: against.rate, Ratio: l.rate / against.rate, P50: l.p50, P99: l.p99, Bytes: n,
			})
		}
	}
	fi, err := os.Stat(s.bin)
	if err != nil {
		t.Fatal(err)
	}
	css, _ := shared.get(stylesheet(shared), nil)
	figures = append(
		figures,
		figure{What: "memory, idle", N: 1, Against: 60e6, Ratio: float64(idle) / 60e6, Bytes: idle},
		figure{What: "memory, most under load", N: 1, Against: 120e6, Ratio: float64(memory(pid, "VmHWM")) / 120e6, Bytes: memory(pid, "VmHWM")},
		figure{What: "first visit, home and style sheet", N: 2, Against: 30e3, Ratio: float64(plain["home"]+int64(len(css))) / 30e3, Bytes: plain["home"] + int64(len(css))},
		figure{What: "binary, stripped", N: 1, Against: 35e6, Ratio: float64(fi.Size()) / 35e6, Bytes: fi.Size()},
	)
	report(t, figures)
}

func median(list []load) load {
	if len(list) == 0 {
		return load{}
	}
	slices.SortFunc(list, func(a, b load) int { return int(a.rate - b.rate) })
	return list[len(list)/2]
}

func stylesheet(v *visitor) string {
	body, _ := v.get("/", nil)
	_, rest, _ := strings.Cut(string(body), `rel="stylesheet" href="`)
	href, _, _ := strings.Cut(rest, `"`)
	return href
}

// built is the binary that make build made.
func built(t *testing.T) string {
	t.Helper()
	bin, err := filepath.Abs("build/preau")
	if err == nil {
		_, err = os.Stat(bin)
	}
	if err != nil {
		t.Fatalf("%v: make build", err)
	}
	return bin
}

// startBare answers 304 and nothing else: what Go's own server costs before a line
// of Préau runs, and so the most that an unchanged page can come to.
func startBare(t *testing.T) (address string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }))
	t.Cleanup(s.Close)
	return s.URL
}

// startNginx serves the files of a folder with the settings that Debian installs,
// but with no log of requests and no end to a connection's requests, as we have
// neither; more is put beside them. Kept open between requests a file is only
// memory, so that is shown as a line of its own.
func startNginx(t *testing.T, root, more string) (address string, workers []int) {
	t.Helper()
	port, err := portsInARow(1)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	conf := fmt.Sprintf(`daemon off; worker_processes 2; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type text/html; %[4]s
client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
server { listen 127.0.0.1:%[2]d; root %[3]s; } }`, dir, port, root, more)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // its workers are nobody
		for _, d := range []string{dir, root, filepath.Dir(dir), filepath.Dir(root), filepath.Dir(filepath.Dir(root))} {
			_ = os.Chmod(d, 0o755)
		}
	}
	c := exec.Command("nginx", "-c", filepath.Join(dir, "nginx.conf"), "-p", dir)
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Signal(syscall.SIGTERM); _ = c.Wait() }) // killed, it would leave its workers behind
	waitFor(t, fmt.Sprintf("127.0.0.1:%d", port))
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(c.Process.Pid)).Output()
	if err != nil {
		t.Fatalf("nginx: %v %s", err, said.String())
	}
	for _, f := range strings.Fields(string(out)) {
		pid, _ := strconv.Atoi(f)
		workers = append(workers, pid)
	}
	return fmt.Sprintf("http://127.0.0.1:%d", port), workers
}

// publish writes and signs circulars at the office, by its API, until the box
// holds so many.
func (s *stage) publish(n int) {
	s.t.Helper()
	token := func(site, who string) string {
		out, err := exec.Command(s.bin, "token", "--data", filepath.Join(s.dir, site), "--login", who).Output()
		if err != nil {
			s.t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	writer, signer := token("office", s.login("office", "publisher", 0).Login), token("office", s.login("office", "signatory", 0).Login)
	post := func(token, path, body string) (id string) {
		req, err := http.NewRequest(http.MethodPost, s.Office+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			s.t.Error(err)
			return ""
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			s.t.Error(err)
			return ""
		}
		defer res.Body.Close()
		var out struct{ ID string }
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode >= 300 {
			s.t.Errorf("%s: %s, %v", path, res.Status, err)
		}
		return out.ID
	}
	var all sync.WaitGroup
	turn := make(chan int)
	for range 16 {
		all.Go(func() {
			for i := range turn {
				id := post(writer, "/circulars", fmt.Sprintf(`{"reference":"n° %d/MEN","subject":"Mesure %d","body":"Texte de la mesure %d.","urgency":"normal","audience":{"schools":["LYC-0117"]}}`, i, i, i))
				post(signer, "/circulars/"+id+"/sign", "{}")
			}
		})
	}
	for i := range n {
		turn <- i
	}
	close(turn)
	all.Wait()
	v := newVisitor(s.t, s.Box)
	v.send("/signin", v.form(s.login("box", "head", 0), "shared"))
	total := regexp.MustCompile(fmt.Sprintf(`sur %d\x{202f}`, n/1000))
	end := time.After(3 * time.Minute)
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	for {
		if body, _ := v.get("/circulars", nil); total.Match(body) {
			return
		}
		select {
		case <-again.C:
		case <-end:
			s.t.Fatal("the circulars did not all reach the box in three minutes")
		}
	}
}
