package store_test

import (
	"encoding/json"
	"fmt"
	"os"
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
	Bytes   int64   `json:"bytes"` // written to disk for each commit (one writer), else 0
}

const (
	already = 100_000
	rounds  = 3
	spell   = 2 * time.Second
)

// TestBenchStore measures durable commits a second of 1, 16 and 200 writers,
// against appending 4 KiB and fdatasync on the same disk in the same run: medians
// of three interleaved rounds. make bench-store.
func TestBenchStore(t *testing.T) {
	if os.Getenv("PREAU_BENCH") != "store" {
		t.Skip("a measurement, not a test: make bench-store")
	}
	dir := t.TempDir()
	db, err := store.Open(filepath.Join(dir, "data"), store.Options{Collections: []store.Definition{loads}, Clock: storetest.NewClock()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var next atomic.Int64
	one := func() load {
		n := next.Add(1)
		return load{Key: strconv.FormatInt(n*7919%1_000_003, 36) + "-" + strconv.FormatInt(n, 10), Rank: int(n % 997), Text: strings.Repeat("é", 130)}
	}
	for next.Load() < already {
		if err := db.Update(func(tx *store.Tx) error {
			for range 1000 {
				if _, err := loads.Add(tx, one()); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	raw := make([]float64, 0, rounds)
	got := map[int][]storeFigure{}
	for range rounds {
		raw = append(raw, appendLoop(t, filepath.Join(dir, "raw")))
		for _, writers := range []int{1, 16, 200} {
			got[writers] = append(got[writers], writeLoop(t, db, writers, one))
		}
	}
	slices.Sort(raw)
	against := raw[rounds/2]
	list := []storeFigure{{What: "append 4 KiB + fdatasync", N: 1, Rate: against, Against: against, Ratio: 1}}
	for _, writers := range []int{1, 16, 200} {
		l := got[writers]
		slices.SortFunc(l, func(a, b storeFigure) int { return int(a.Rate - b.Rate) })
		f := l[rounds/2]
		f.What, f.N, f.Against, f.Ratio = fmt.Sprintf("%d writers, %d there already", writers, already), writers, against, f.Rate/against
		list = append(list, f)
	}
	out, err := os.OpenFile(os.Getenv("PREAU_BENCH_OUT"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	fmt.Printf("%-36s %10s %10s %7s %8s %8s %9s\n", "what", "commits/s", "against", "ratio", "p50 ms", "p99 ms", "bytes")
	for _, f := range list {
		fmt.Printf("%-36s %10.0f %10.0f %7.2f %8.2f %8.2f %9d\n", f.What, f.Rate, f.Against, f.Ratio, f.P50, f.P99, f.Bytes)
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(append(b, '\n')); err != nil {
			t.Fatal(err)
		}
	}
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

func writeLoop(t *testing.T, db *store.DB, writers int, one func() load) (f storeFigure) {
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
				if err := db.Update(func(tx *store.Tx) error { _, err := loads.Add(tx, one()); return err }); err != nil {
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
	if writers == 1 {
		f.Bytes = (written() - before) / int64(len(took))
	}
	return f
}

// written is what this process has sent to disks, in bytes.
func written() (n int64) {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(b), "\n") {
		if text, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			n, _ = strconv.ParseInt(text, 10, 64)
		}
	}
	return n
}
