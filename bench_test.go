package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// bench skips a measurement that was not asked for by name: make bench-NAME.
func bench(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("PREAU_BENCH") != name {
		t.Skipf("a measurement, not a test: make bench-%s", name)
	}
}

// figure is one line of build/bench/NAME.json.
type figure struct {
	What    string  `json:"what"`
	N       int     `json:"n"`
	Rate    float64 `json:"rate"`
	Against float64 `json:"against"` // what Rate or Bytes is held against
	Ratio   float64 `json:"ratio"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Bytes   int64   `json:"bytes"`
}

// report prints figures as a table and appends them to the file.
func report(t *testing.T, list []figure) {
	t.Helper()
	f, err := os.OpenFile(os.Getenv("PREAU_BENCH_OUT"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Printf("%-44s %9s %11s %13s %7s %9s %9s %10s\n", "what", "n", "rate", "against", "ratio", "p50 ms", "p99 ms", "bytes")
	for _, x := range list {
		fmt.Printf("%-44s %9d %11.1f %13.1f %7.2f %9.2f %9.2f %10d\n", x.What, x.N, x.Rate, x.Against, x.Ratio, x.P50, x.P99, x.Bytes)
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(append(b, '\n')); err != nil {
			t.Fatal(err)
		}
	}
}

// visitor is a browser without a window, on a computer of its own.
type visitor struct {
	t    *testing.T
	site string
	http *http.Client
}

// computers counts the visitors: each comes from a loopback address of its own, as
// throttles look at where somebody comes from.
var computers atomic.Int32

func newVisitor(t *testing.T, site string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	n := computers.Add(1)
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+n/250), byte(1+n%250))}}
	return &visitor{t: t, site: site, http: &http.Client{
		Jar: jar, Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 1, DialContext: from.DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

var tokenField = regexp.MustCompile(`name="_token" value="([^"]+)"`)

// form is the sign-in form filled in, ready to be sent.
func (v *visitor) form(who login, device string) url.Values {
	v.t.Helper()
	body, _ := v.get("/signin", nil)
	m := tokenField.FindSubmatch(body)
	if m == nil {
		v.t.Fatalf("no form token on the sign-in page:\n%s", body)
	}
	return url.Values{"_token": {string(m[1])}, "login": {who.Login}, "secret": {who.Secret}, "device": {device}, "to": {"/"}}
}

// send posts a form that lets somebody in, and tells how long the answer took.
func (v *visitor) send(to string, form url.Values) time.Duration {
	v.t.Helper()
	began := time.Now()
	res, err := v.http.PostForm(v.site+to, form)
	if err != nil {
		v.t.Error(err)
		return 0
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusSeeOther || strings.HasPrefix(res.Header.Get("Location"), "/signin") {
		v.t.Errorf("sign-in answered %s to %s", res.Status, res.Header.Get("Location"))
	}
	return time.Since(began)
}

func (v *visitor) get(path string, header http.Header) ([]byte, *http.Response) {
	v.t.Helper()
	req, err := http.NewRequest(http.MethodGet, v.site+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	for k := range header {
		req.Header.Set(k, header.Get(k))
	}
	res, err := v.http.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return b, res
}

// cookies are those that the site gave, as a header.
func (v *visitor) cookies() string {
	u, _ := url.Parse(v.site)
	var all []string
	for _, c := range v.http.Jar.Cookies(u) {
		all = append(all, c.Name+"="+c.Value)
	}
	return strings.Join(all, "; ")
}

// load is what wrk measured.
type load struct {
	n        int
	rate     float64
	p50, p99 float64 // ms
	cpu      time.Duration
}

var (
	wrkTotal = regexp.MustCompile(`(\d+) requests in`)
	wrkRate  = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	wrkP     = regexp.MustCompile(`(50|99)%\s+([\d.]+)(us|ms|s)`)
)

// wrk asks for a page over 50 connections for so long, while the processes'
// CPU is watched.
func wrk(t *testing.T, address string, header []string, long time.Duration, pids ...int) load {
	t.Helper()
	args := []string{"-c50", "-t2", "-d", fmt.Sprintf("%ds", int(long.Seconds())), "--latency"}
	for _, h := range header {
		args = append(args, "-H", h)
	}
	before := cpu(pids)
	out, err := exec.Command("wrk", append(args, address)...).CombinedOutput()
	if err != nil {
		t.Fatalf("wrk: %v\n%s", err, out)
	}
	l := load{cpu: cpu(pids) - before}
	if m := wrkTotal.FindSubmatch(out); m != nil {
		l.n, _ = strconv.Atoi(string(m[1]))
	}
	if m := wrkRate.FindSubmatch(out); m != nil {
		l.rate, _ = strconv.ParseFloat(string(m[1]), 64)
	}
	for _, m := range wrkP.FindAllSubmatch(out, -1) {
		v, _ := strconv.ParseFloat(string(m[2]), 64)
		v *= map[string]float64{"us": .001, "ms": 1, "s": 1000}[string(m[3])]
		if string(m[1]) == "50" {
			l.p50 = v
		} else {
			l.p99 = v
		}
	}
	if strings.Contains(string(out), "Non-2xx") && !strings.Contains(strings.Join(header, ""), "If-None-Match") {
		t.Fatalf("not every answer was a page:\n%s", out)
	}
	return l
}

// cpu is what processes have used so far.
func cpu(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
		user, _ := strconv.Atoi(f[11])
		system, _ := strconv.Atoi(f[12])
		sum += time.Duration(user+system) * 10 * time.Millisecond
	}
	return sum
}

// memory is a line of /proc/PID/status in bytes: VmRSS now, VmHWM the most so far.
func memory(pid int, line string) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for l := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// waitFor asks until an address takes connections.
func waitFor(t *testing.T, addr string) {
	t.Helper()
	end := time.After(10 * time.Second)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return
		}
		select {
		case <-again.C:
		case <-end:
			t.Fatalf("%s takes no connections", addr)
		}
	}
}
