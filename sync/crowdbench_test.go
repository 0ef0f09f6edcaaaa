package boxsync

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"preau/store"
)

// crowdBench is an office of its own, the real program, and boxes that this
// process plays: real TLS with a key each, real frames, made-up histories.
type crowdBench struct {
	*testing.T
	boxes, changes int
	dir, addr, bin string
	office         *exec.Cmd
	pin            ed25519.PublicKey
	z              *codecs
	out            *json.Encoder

	calls, refused, done, cut atomic.Int64
}

type crowdFigure struct {
	What    string  `json:"what"`
	N       int     `json:"n"`
	Rate    float64 `json:"rate"`
	Against string  `json:"against"`
	Ratio   float64 `json:"ratio"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Bytes   int64   `json:"bytes"`
}

// TestBenchCrowd has PREAU_CROWD_BOXES boxes call one office within a minute, each
// with PREAU_CROWD_CHANGES records to leave. It prints sessions and changes a
// second, how long the last had to wait, the office's memory and processor time,
// and then what 2,000 idle sessions take. preau check counts every change after.
func TestBenchCrowd(t *testing.T) {
	if !strings.EqualFold(os.Getenv("PREAU_BENCH"), "crowd") {
		t.Skip("measures only when asked: make bench-crowd")
	}
	number := func(name string, or int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return or
	}
	file, err := os.Create(os.Getenv("PREAU_BENCH_OUT"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	b := &crowdBench{
		T: t, boxes: number("PREAU_CROWD_BOXES", 10000), changes: number("PREAU_CROWD_CHANGES", 50), dir: filepath.Join(t.TempDir(), "office"),
		z: newCodecs(zstd.SpeedFastest), out: json.NewEncoder(file),
	}
	b.start()
	b.crowd(time.Minute)
	b.stop() // an office of its own for the idle: what the crowd left to be collected is not theirs
	b.serve()
	b.idle(2000)
	b.count()
}

func (b *crowdBench) key(i int) ed25519.PrivateKey {
	seed := make([]byte, 32)
	binary.BigEndian.PutUint64(seed, uint64(i)+1)
	return ed25519.NewKeyFromSeed(seed)
}

// start makes the office, enters the boxes' keys while nobody serves, and serves.
func (b *crowdBench) start() {
	bin, err := filepath.Abs("../build/preau")
	if err != nil {
		b.Fatal(err)
	}
	init := exec.Command(bin, "init", "--kind", "office", "--name", "Ministère", "--code", "MEN", "--head", "exploitation", "--data", b.dir)
	init.Env = bare()
	init.Stdin = strings.NewReader("un-secret-assez-long-42\n")
	if out, err := init.CombinedOutput(); err != nil {
		b.Fatalf("init: %v\n%s", err, out)
	}
	db, err := store.Open(b.dir, store.Options{Collections: Collections()})
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < b.boxes; from += 500 {
		if err := db.Update(func(tx *store.Tx) error {
			for i := from; i < min(from+500, b.boxes); i++ {
				if err := Pin(tx, site(i), b.key(i).Public().(ed25519.PublicKey)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	key, err := LoadKey(b.dir)
	if err = errors.Join(err, db.Close()); err != nil {
		b.Fatal(err)
	}
	b.pin = key.Public().(ed25519.PublicKey)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.addr = l.Addr().String()
	l.Close()
	b.bin = bin
	b.serve()
	b.Cleanup(b.stop)
}

// serve has the office run until stop.
func (b *crowdBench) serve() {
	b.office = exec.Command(b.bin, "ministry", "--data", b.dir, "--listen", "127.0.0.1:0", "--exchange", b.addr)
	b.office.Env = append(bare(), "PREAU_LOG_LEVEL=warn", "PREAU_MDNS_ENABLED=false")
	log, err := os.Create(filepath.Join(filepath.Dir(b.dir), "office.log"))
	if err != nil {
		b.Fatal(err)
	}
	b.office.Stdout, b.office.Stderr = log, log
	if err := b.office.Start(); err != nil {
		b.Fatal(err)
	}
	for range 300 {
		if c, err := net.Dial("tcp", b.addr); err == nil {
			c.Close()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.Fatal("the office does not serve")
}

// bare is the environment without what is meant for this measurement: the program
// refuses keys that it does not know.
func bare() []string {
	return slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "PREAU_") })
}

func site(i int) string { return fmt.Sprintf("LYC-%05d", i) }

func (b *crowdBench) stop() {
	if b.office != nil {
		_ = b.office.Process.Signal(os.Interrupt)
		_ = b.office.Wait()
		b.office = nil
	}
}

// crowd has all boxes call, spread over a time, until each has left its changes.
func (b *crowdBench) crowd(spread time.Duration) {
	cpu, begun := b.cpu(), time.Now()
	took := make([]time.Duration, b.boxes)
	var all sync.WaitGroup
	for i := range b.boxes {
		all.Go(func() {
			time.Sleep(rand.N(spread))
			first := time.Now()
			for back := firstBack; ; {
				told, err := b.call(i)
				if err == nil {
					break
				}
				wait := back/2 + rand.N(back) // as an engine waits
				if told > 0 {
					wait, back = told+rand.N(told/8+time.Second), firstBack
				} else {
					b.cut.Add(1)
					back = min(2*back, lastBack)
				}
				time.Sleep(wait)
			}
			took[i] = time.Since(first)
			b.done.Add(1)
		})
	}
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	over := make(chan struct{})
	go func() { all.Wait(); close(over) }()
	for running := true; running; {
		select {
		case <-over:
			running = false
		case <-tick.C:
			fmt.Printf("  %4.0f s: %d of %d boxes done, %d calls, %d told to come back, %d cut; office %s\n", time.Since(begun).Seconds(), b.done.Load(), b.boxes, b.calls.Load(), b.refused.Load(), b.cut.Load(), b.memory("VmRSS"))
		}
	}
	total := time.Since(begun)
	slices.Sort(took)
	n := b.boxes * b.changes
	fmt.Printf("%d boxes × %d changes within %v of each other: %.0f s in all; %.0f sessions/s, %.0f changes/s durable; half served after %.1f s, 99 %% after %.1f s, the last after %.1f s; %d calls, %d told to come back, %d cut\n",
		b.boxes, b.changes, spread, total.Seconds(), float64(b.boxes)/total.Seconds(), float64(n)/total.Seconds(), took[len(took)/2].Seconds(), took[len(took)*99/100].Seconds(), took[len(took)-1].Seconds(), b.calls.Load(), b.refused.Load(), b.cut.Load())
	used := b.cpu() - cpu
	fmt.Printf("office: %.1f ms of processor a session, %s at most\n", used.Seconds()*1000/float64(b.boxes), b.memory("VmHWM"))
	b.write(crowdFigure{What: "sessions", N: b.boxes, Rate: float64(b.boxes) / total.Seconds(), Against: "all served within 900 s of the first call", Ratio: total.Seconds() / 900, P50: took[len(took)/2].Seconds() * 1000, P99: took[len(took)*99/100].Seconds() * 1000, Bytes: b.kib("VmHWM") << 10})
	b.write(crowdFigure{What: "changes", N: n, Rate: float64(n) / total.Seconds(), Against: "15,000 changes/s with 1,000 a box", Ratio: float64(n) / total.Seconds() / 15000})
}

// dial is a connection on which box i has greeted.
func (b *crowdBench) dial(i int) (*tls.Conn, *framer, error) {
	b.calls.Add(1)
	raw, err := net.DialTimeout("tcp", b.addr, 30*time.Second)
	if err != nil {
		return nil, nil, err
	}
	config, err := tlsConfig(b.key(i), func(k ed25519.PublicKey) error {
		if !k.Equal(b.pin) {
			return ErrPeer
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	c := tls.Client(raw, config)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, nil, err
	}
	f, err := newFramer(c, b.z, 1)
	if err != nil {
		return nil, nil, err
	}
	o := b.origin(i)
	return c, f, f.say(frameHello, helloWire{Version: Version, Format: Format, Build: "crowd", Dicts: knownDicts(), Lives: []lifeWire{{Origin: o[:]}}})
}

func (b *crowdBench) origin(i int) (o store.Origin) {
	binary.BigEndian.PutUint64(o[:], uint64(i)<<8|0xb0)
	return o
}

// call is one session of a box: its changes, confirmed, then goodbye. told is when
// the office wants it back.
func (b *crowdBench) call(i int) (told time.Duration, err error) {
	c, f, err := b.dial(i)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	defer f.close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		return 0, err
	}
	o, begun, sent, acked := b.origin(i), false, 0, 0
	cursor := func(n int) cursorWire {
		d := make([]byte, 16)
		if n > 0 {
			binary.BigEndian.PutUint64(d, uint64(i)<<20|uint64(n))
		}
		return cursorWire{Origin: o[:], Lane: uint8(store.Urgent), Number: uint64(n), Digest: d}
	}
	for acked < b.changes {
		for begun && sent < b.changes && sent-acked < 2*perBatch {
			to := min(sent+perBatch, b.changes)
			packed, err := packRows(crowdRows(o, i, sent, to))
			if err != nil {
				return 0, err
			}
			if err := f.say(frameBatch, batchWire{From: cursor(sent), To: cursor(to), Rows: packed}); err != nil {
				return 0, err
			}
			sent = to
		}
		kind, body, err := f.read()
		if err != nil {
			return 0, err
		}
		switch kind {
		case frameBye:
			var w byeWire
			if err := unmarshal(body, &w); err != nil {
				return 0, err
			}
			b.refused.Add(1)
			return time.Duration(w.Back) * time.Second, &ByeError{w.Reason, time.Duration(w.Back) * time.Second}
		case frameWelcome: // what an earlier session left there counts
			var w welcomeWire
			if err := unmarshal(body, &w); err != nil {
				return 0, err
			}
			begun = true
			for _, h := range w.Have {
				if h.Lane == uint8(store.Urgent) {
					sent, acked = int(h.Number), int(h.Number)
				}
			}
		case frameAck:
			var w cursorWire
			if err := unmarshal(body, &w); err != nil {
				return 0, err
			}
			acked = int(w.Number)
		}
	}
	return 0, nil
}

// crowdChanges is where they lie, by the form of the bodies that crowdRows makes.
var crowdChanges = store.Define(store.Spec[crowdChange]{Name: "circulars.receipts", Home: store.Up, Lane: store.Urgent})

type crowdChange struct {
	Text string `cbor:"7,keyasint,omitempty"`
}

const perBatch = 125

// crowdRows are receipts with a long reason: about 200 bytes of body.
func crowdRows(o store.Origin, i, from, to int) (rows []store.Row) {
	at := time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)
	for n := from + 1; n <= to; n++ {
		body, err := encMode.Marshal(map[int]any{2: site(i), 7: fmt.Sprintf("%0180d", n*7919)})
		if err != nil {
			panic(err)
		}
		rows = append(rows, store.Row{Meta: store.Meta{
			Format: 1, Collection: "circulars.receipts", ID: store.ID{Origin: o, Number: uint64(n)}, Origin: o, Number: uint64(n),
			Home: store.Up, Lane: store.Urgent, Time: at.Add(time.Duration(n) * time.Second), Trusted: true,
		}, Body: body})
	}
	return rows
}

// idle opens sessions that have nothing to say, waits until their compressors are
// gone, and has each ask once.
func (b *crowdBench) idle(n int) {
	n = min(n, b.boxes)
	before := b.kib("VmRSS")
	conns := make([]*tls.Conn, n)
	defer func() {
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
	}()
	var all sync.WaitGroup
	for w := range 16 {
		all.Go(func() {
			for i := w; i < n; i += 16 {
				c, f, err := b.dial(i)
				if err != nil {
					b.Errorf("idle: %v", err)
					return
				}
				for kind := byte(0); kind != frameIdle && err == nil; {
					kind, _, err = f.read()
				}
				if err == nil {
					err = errors.Join(f.say(frameIdle, []byte{}), f.rest())
				}
				if err != nil {
					b.Errorf("idle: %v", err)
				}
				conns[i] = c
			}
		})
	}
	all.Wait()
	fmt.Printf("  %d idle sessions open; waiting until the office lets their compressors go\n", n)
	time.Sleep(2*restAfter + 5*time.Second)
	at := b.kib("VmRSS")
	fmt.Printf("  %s with their compressors just let go\n", b.memory("VmRSS"))
	ask := func() {
		for _, c := range conns {
			if c != nil {
				if _, err := c.Write([]byte{chunkPing}); err != nil {
					b.Errorf("ask: %v", err)
				}
			}
		}
	}
	for last := int64(0); at != last; { // the runtime gives memory back within minutes
		last = at
		time.Sleep(pingEvery)
		ask()
		at = min(at, b.kib("VmRSS"))
	}
	each := float64(at-before) / float64(n)
	quiet := b.cpu()
	time.Sleep(10 * time.Second)
	base := b.cpu() - quiet
	cpu := b.cpu()
	const rounds = 5
	for range rounds {
		ask()
		time.Sleep(2 * time.Second)
	}
	used := b.cpu() - cpu - base
	perAsk := used.Seconds() * 1e6 / float64(rounds*n)
	fmt.Printf("%d idle sessions: %.0f KiB each more than before (bound 64), %.0f µs of the office's processor an ask\n", n, each, perAsk)
	b.write(crowdFigure{What: "idle session", N: n, Against: "64 KiB", Ratio: each / 64, Bytes: int64(each * 1024)})
	b.write(crowdFigure{What: "idle ask", N: rounds * n, Rate: 1e6 / max(perAsk, 1), Against: "one core", P50: perAsk / 1000})
}

// count stops the office and has the program count what it holds.
func (b *crowdBench) count() {
	b.stop()
	b.check()
	db, err := store.Open(b.dir, store.Options{Collections: append(Collections(), crowdChanges)})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	got, want := 0, b.boxes*b.changes
	if err := db.View(func(tx *store.Tx) error {
		for _, err := range crowdChanges.All(tx) {
			if err != nil {
				return err
			}
			got++
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	fmt.Printf("preau check found no fault; %d changes are there, of %d sent\n", got, want)
	if got != want {
		b.Errorf("the office holds %d changes of %d", got, want)
	}
}

func (b *crowdBench) check() {
	check := exec.Command("../build/preau", "check", "--json", "--data", b.dir)
	check.Env = bare()
	if out, err := check.Output(); err != nil {
		b.Errorf("check: %v\n%s", err, out)
	}
}

func (b *crowdBench) write(f crowdFigure) {
	if err := b.out.Encode(f); err != nil {
		b.Error(err)
	}
}

// cpu is what the office has used of the processors.
func (b *crowdBench) cpu() time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.office.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100
}

func (b *crowdBench) kib(what string) int64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.office.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, what+":"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

func (b *crowdBench) memory(what string) string {
	return fmt.Sprintf("%.0f MiB", float64(b.kib(what))/1024)
}
