package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// run is what one run of wrk said, and the processor time of the server meanwhile.
type run struct{ rate, p50, p99, cpu float64 }

var (
	rateLine  = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	countLine = regexp.MustCompile(`(\d+) requests in`)
	p50Line   = regexp.MustCompile(`50%\s+([0-9.]+)(us|ms|s)`)
	p99Line   = regexp.MustCompile(`99%\s+([0-9.]+)(us|ms|s)`)
)

func wrk(t *target, length time.Duration, web *nginx) (run, error) {
	args := []string{"-t2", "-c" + strconv.Itoa(connections), "-d" + strconv.Itoa(max(1, int(length/time.Second))) + "s", "--latency"}
	for _, h := range t.headers {
		args = append(args, "-H", h)
	}
	used := func() time.Duration {
		if t.pid != 0 {
			return cpu(t.pid)
		}
		return web.cpu()
	}
	before := used()
	out, err := exec.Command("wrk", append(args, t.url)...).CombinedOutput()
	if err != nil {
		return run{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	if strings.Contains(string(out), "Non-2xx") && !strings.HasSuffix(t.what, "unchanged") {
		return run{}, fmt.Errorf("%s: answers were refused\n%s", t.what, out)
	}
	spent := used() - before
	count := number(countLine, string(out))
	if count == 0 {
		return run{}, fmt.Errorf("%s: no answers\n%s", t.what, out)
	}
	return run{
		rate: number(rateLine, string(out)), p50: millis(p50Line, string(out)), p99: millis(p99Line, string(out)),
		cpu: float64(spent.Microseconds()) / count,
	}, nil
}

func number(re *regexp.Regexp, s string) float64 {
	m := re.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	f, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0
	}
	return f
}

func millis(re *regexp.Regexp, s string) float64 {
	m := re.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	return number(re, s) * map[string]float64{"us": 0.001, "ms": 1, "s": 1000}[m[2]]
}

// cpu is the processor time that a process has used.
func cpu(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	ticks := 0
	for _, f := range fields[11:13] { // user and system, in hundredths of a second
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// rss is the memory that a process holds, in bytes.
func rss(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	if err != nil {
		return 0
	}
	return n * int64(os.Getpagesize())
}

// nginx serves files with the bytes of our pages.
type nginx struct {
	url string
	cmd *exec.Cmd
}

const config = `daemon off; worker_processes 2; pid %[1]s/pid; error_log %[1]s/log crit;
events { worker_connections 512; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100;
client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
server { listen %[2]s; root %[1]s/files; default_type text/html; add_header Content-Encoding gzip; add_header Cache-Control no-store; } }
`

func startNginx(dir string, files map[string][]byte) (*nginx, error) {
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o755); err != nil {
		return nil, err
	}
	for up := dir; up != filepath.Dir(up) && strings.Contains(up, "preau-bench-"); up = filepath.Dir(up) {
		if err := os.Chmod(up, 0o755); err != nil { // its workers are another user
			return nil, err
		}
	}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, "files", name), body, 0o644); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, config, dir, addr), 0o600); err != nil {
		return nil, err
	}
	n := &nginx{url: "http://" + addr, cmd: exec.Command("nginx", "-p", dir, "-c", conf)}
	n.cmd.Stderr = os.Stderr
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	for range 100 {
		if c, err := net.Dial("tcp", addr); err == nil {
			return n, c.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	n.stop()
	return nil, fmt.Errorf("nginx did not start at %s", addr)
}

func (n *nginx) cpu() (sum time.Duration) {
	pids, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", n.cmd.Process.Pid, n.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for _, f := range strings.Fields(string(pids)) {
		if pid, err := strconv.Atoi(f); err == nil {
			sum += cpu(pid)
		}
	}
	return sum
}

func (n *nginx) stop() {
	_ = n.cmd.Process.Signal(syscall.SIGTERM)
	_ = n.cmd.Wait()
}

func readAll(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, 10<<20)) }
