package store_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"preau/store"
	"preau/store/storetest"
)

// load is a record of about 300 bytes with two index entries.
type load struct {
	Key  string `cbor:"1,keyasint,omitempty"`
	Rank int    `cbor:"2,keyasint,omitempty"`
	Text string `cbor:"3,keyasint,omitempty"`
}

var loads = store.Define(store.Spec[load]{Name: "bench", Home: store.Up, Indexes: []store.Index[load]{
	{Name: "key", Unique: true, Keys: func(l *load) [][]byte { return [][]byte{store.Key(l.Key)} }},
	{Name: "rank", Keys: func(l *load) [][]byte { return [][]byte{store.Key(l.Rank)} }},
}})

type storeFigure struct {
	What    string  `json:"what"`
	N       int     `json:"n"`
	Rate    float64 `json:"rate"`
	Against float64 `json:"against"`
	Ratio   float64 `json:"ratio"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Bytes   int64   `json:"bytes"` // written for each answered write; the size of the file that is opened
}

const (
	already = 100_000
	rounds  = 3
	spell   = 2 * time.Second
)

// TestBenchStore measures durable commits a second of 1, 16 and 200 writers, each
// in a store of its own, against appending 4 KiB and fdatasync on the same disk in
// the same run: medians of three interleaved rounds. Then the same on a disk whose
// every sync takes 10 ms longer, and the opening of a large file. make bench-store.
func TestBenchStore(t *testing.T) {
	switch os.Getenv("PREAU_BENCH") {
	case "store":
	case "store-slow": // the same test, started by it under strace
		report(t, commits(t, ", 10 ms a sync"))
		return
	default:
		t.Skip("a measurement, not a test: make bench-store")
	}
	fmt.Printf(row, "what", "a second", "against", "ratio", "p50 ms", "p99 ms", "bytes")
	report(t, commits(t, ""))
	slow(t)
	report(t, []storeFigure{openLarge(t)})
}

func commits(t *testing.T, disk string) (list []storeFigure) {
	dir := t.TempDir()
	counts := []int{1, 16, 200}
	stores := map[int]*load100{}
	for _, writers := range counts {
		stores[writers] = loaded(t, filepath.Join(dir, strconv.Itoa(writers)))
	}
	raw := make([]float64, 0, rounds)
	got := map[int][]storeFigure{}
	for range rounds {
		raw = append(raw, appendLoop(t, filepath.Join(dir, "raw")))
		for _, writers := range counts {
			got[writers] = append(got[writers], stores[writers].write(t, writers))
		}
	}
	slices.Sort(raw)
	against := raw[rounds/2]
	list = []storeFigure{{What: "append 4 KiB + fdatasync" + disk, N: 1, Rate: against, Against: against, Ratio: 1, Bytes: 4096}}
	for _, writers := range counts {
		l := got[writers]
		slices.SortFunc(l, func(a, b storeFigure) int { return cmp.Compare(a.Rate, b.Rate) })
		f := l[rounds/2]
		f.What, f.N, f.Against, f.Ratio = fmt.Sprintf("%d writers%s", writers, disk), writers, against, f.Rate/against
		list = append(list, f)
	}
	return list
}

const row = "%-34s %9v %9v %7v %8v %8v %8v\n"

// report prints figures and writes them to build/bench/store.json.
func report(t *testing.T, list []storeFigure) {
	t.Helper()
	out, err := os.OpenFile(os.Getenv("PREAU_BENCH_OUT"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, f := range list {
		two := func(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) }
		fmt.Printf(row, f.What, int(f.Rate), int(f.Against), two(f.Ratio), two(f.P50), two(f.P99), f.Bytes)
		if err := json.NewEncoder(out).Encode(f); err != nil {
			t.Fatal(err)
		}
	}
}

// slow runs commits again in a process whose every fdatasync takes 10 ms longer.
func slow(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		fmt.Println("no slow disk: strace is not here (apt-get install strace)")
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), strace, "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", "signal=none", "-e", "inject=fdatasync:delay_exit=10000", self, "-test.run=^TestBenchStore$", "-test.timeout=10m")
	c.Env = append(os.Environ(), "PREAU_BENCH=store-slow")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		t.Error(err)
	}
}

// openLarge opens a file of 1.5 GB that is not in memory.
func openLarge(t *testing.T) storeFigure {
	const size = 1_500_000_000
	dir := filepath.Join(t.TempDir(), "large")
	open := func(quick bool) *store.DB {
		db, err := store.Open(dir, store.Options{Collections: []store.Definition{loads}, Clock: storetest.NewClock(), Unsafe: quick})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	db := open(true)
	text := strings.Repeat("é", 2000)
	for n := 0; db.Size() < size; n += 500 {
		if err := db.Update(func(tx *store.Tx) error {
			for i := range 500 {
				if _, err := loads.Add(tx, load{Key: strconv.Itoa(n + i), Rank: i, Text: text}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	real := db.Size()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var took []float64
	for range rounds {
		forget(t, filepath.Join(dir, store.FileName))
		start := time.Now()
		db := open(false)
		took = append(took, float64(time.Since(start).Microseconds())/1000)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(took)
	ms := took[rounds/2]
	return storeFigure{What: "open a file not in memory", N: rounds, Rate: 1000 / ms, P50: ms, P99: took[rounds-1], Bytes: real}
}

// forget writes a file out and drops it from the page cache.
func forget(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	const dontNeed = 4 // POSIX_FADV_DONTNEED
	if _, _, errno := syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
}

// load100 is a store with 100,000 records and what is to be added.
type load100 struct {
	db   *store.DB
	next atomic.Int64
}

func (l *load100) one() load {
	n := l.next.Add(1)
	return load{Key: strconv.FormatInt(n*7919%1_000_003, 36) + "-" + strconv.FormatInt(n, 10), Rank: int(n % 997), Text: strings.Repeat("é", 130)}
}

func loaded(t *testing.T, dir string) *load100 {
	l := &load100{}
	open := func(quick bool) {
		var err error
		if l.db, err = store.Open(dir, store.Options{Collections: []store.Definition{loads}, Clock: storetest.NewClock(), Unsafe: quick}); err != nil {
			t.Fatal(err)
		}
	}
	open(true)
	for l.next.Load() < already {
		if err := l.db.Update(func(tx *store.Tx) error {
			for range 100 {
				if _, err := loads.Add(tx, l.one()); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.db.Close(); err != nil {
		t.Fatal(err)
	}
	open(false)
	t.Cleanup(func() { l.db.Close() })
	return l
}

func appendLoop(t *testing.T, path string) float64 {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	n, start := 0, time.Now()
	for time.Since(start) < spell {
		if _, err := f.Write(page); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			t.Fatal(err)
		}
		n++
	}
	return float64(n) / time.Since(start).Seconds()
}

func (l *load100) write(t *testing.T, writers int) (f storeFigure) {
	t.Helper()
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		took []time.Duration
	)
	before, start := written(), time.Now()
	for range writers {
		all.Go(func() {
			var mine []time.Duration
			for time.Since(start) < spell {
				at := time.Now()
				if err := l.db.Update(func(tx *store.Tx) error { _, err := loads.Add(tx, l.one()); return err }); err != nil {
					t.Error(err)
					return
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	all.Wait()
	span := time.Since(start)
	slices.Sort(took)
	ms := func(share float64) float64 {
		return float64(took[int(float64(len(took)-1)*share)].Microseconds()) / 1000
	}
	f = storeFigure{Rate: float64(len(took)) / span.Seconds(), P50: ms(.5), P99: ms(.99)}
	f.Bytes = (written() - before) / int64(len(took))
	return f
}

// written is what this process has handed to files, in bytes. What it has sent to
// disks (write_bytes) counts a whole folio of the page cache for a page in it.
func written() (n int64) {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(b), "\n") {
		if text, ok := strings.CutPrefix(line, "wchar: "); ok {
			n, _ = strconv.ParseInt(text, 10, 64)
		}
	}
	return n
}
