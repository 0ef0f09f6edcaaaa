// Command bench measures the page kit against nginx on the same machine: a home
// page and a list of 30 out of 5,000 records, drawn with the full kit for a person
// who is signed in, and the same when nothing changed. nginx serves the same
// compressed bytes from a file: the limit.
//
// It prints a table and writes build/bench/pages.json, one object a line. Nothing
// passes or fails by it. It needs wrk and nginx.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

const (
	connections = 50
	records     = 5000
	rounds      = 3
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", filepath.Join("build", "bench", "pages.json"), "where the figures go")
	length := flag.Duration("for", 5*time.Second, "length of one run")
	serve := flag.String("serve", "", "be the server measured, with data in this folder")
	flag.Parse()
	var err error
	if *serve != "" {
		err = runServer(*serve)
	} else {
		err = measure(*out, *length)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// line is one figure, as every bench writes it.
type line struct {
	What    string  `json:"what"`
	N       int     `json:"n"`
	Rate    float64 `json:"rate"`
	Against float64 `json:"against"`
	Ratio   float64 `json:"ratio"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Bytes   int64   `json:"bytes"`
	CPU     float64 `json:"cpu_us"` // of the server, per request
	RSS     int64   `json:"rss_bytes,omitempty"`
}

// target is one thing that wrk asks for.
type target struct {
	what    string
	url     string
	headers []string
	pid     int // whose processor time counts; 0 is nginx: all its workers
	bytes   int64
	limit   string // the target it is compared with
	runs    []run
}

func measure(out string, length time.Duration) error {
	for _, tool := range []string{"wrk", "nginx"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is not here: install Debian's package of that name", tool)
		}
	}
	dir, err := os.MkdirTemp("", "preau-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	srv, err := startServer(filepath.Join(dir, "site"))
	if err != nil {
		return err
	}
	defer srv.stop()
	idle := rss(srv.pid())
	targets, files, err := pages(srv)
	if err != nil {
		return err
	}
	web, err := startNginx(filepath.Join(dir, "nginx"), files)
	if err != nil {
		return err
	}
	defer web.stop()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		targets = append(targets, &target{what: "nginx " + name, url: web.url + "/" + name, headers: []string{"Accept-Encoding: gzip"}, bytes: int64(len(files[name]))})
	}
	peak := int64(0)
	for i := range rounds + 1 { // the first warms up
		for _, t := range targets {
			took := length
			if i == 0 {
				took = time.Second
			}
			r, err := wrk(t, took, web)
			if err != nil {
				return err
			}
			if i > 0 {
				t.runs = append(t.runs, r)
			}
			peak = max(peak, rss(srv.pid()))
		}
	}
	return report(out, targets, idle, peak)
}

func report(out string, targets []*target, idle, peak int64) error {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	limits := map[string]float64{}
	for _, t := range targets {
		limits[t.what] = median(t.runs, func(r run) float64 { return r.rate })
	}
	fmt.Printf("%-26s %10s %10s %7s %9s %9s %8s %9s\n", "what", "per second", "limit", "ratio", "p50 ms", "p99 ms", "bytes", "CPU µs")
	for _, t := range targets {
		l := line{
			What: t.what, N: connections, Rate: limits[t.what], Bytes: t.bytes,
			P50: median(t.runs, func(r run) float64 { return r.p50 }), P99: median(t.runs, func(r run) float64 { return r.p99 }),
			CPU: median(t.runs, func(r run) float64 { return r.cpu }),
		}
		if t.limit != "" {
			l.Against = limits[t.limit]
			l.Ratio = l.Rate / l.Against
		}
		if err := write(w, l); err != nil {
			return err
		}
		fmt.Printf("%-26s %10.0f %10.0f %7.2f %9.2f %9.2f %8d %9.1f\n", l.What, l.Rate, l.Against, l.Ratio, l.P50, l.P99, l.Bytes, l.CPU)
	}
	for what, n := range map[string]int64{"resident, idle": idle, "resident, under load": peak} {
		if err := write(w, line{What: what, RSS: n}); err != nil {
			return err
		}
		fmt.Printf("%-26s %10.1f MB\n", what, float64(n)/1e6)
	}
	return w.Flush()
}

func write(w *bufio.Writer, l line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

func median(runs []run, of func(run) float64) float64 {
	list := make([]float64, len(runs))
	for i, r := range runs {
		list[i] = of(r)
	}
	slices.Sort(list)
	return list[len(list)/2]
}
