package boxsync_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	boxsync "preau/sync"

	"preau/store"
	"preau/store/storetest"
	"preau/sync/linktest"
)

// figure is one line of build/bench/sync.json.
type figure struct {
	Tool        string  `json:"tool"`
	Scenario    string  `json:"scenario"` // initial, day, nothing
	Link        string  `json:"link"`     // unlimited, 64k
	Up          int64   `json:"up"`
	Down        int64   `json:"down"`
	Connections int     `json:"connections"`
	Turns       int     `json:"turns"`
	Seconds     float64 `json:"seconds"`
}

// syncTool moves a day from one side to the other. Its methods come in this order.
type syncTool interface {
	name() string
	missing() string // why it cannot be measured here; "": it can
	// prepare makes both sides, the near one holding what stands before the day,
	// and says where the far side listens.
	prepare(b *bench) (target string)
	day(b *bench)                           // the day's changes on the near side
	check(b *bench, after bool) error       // is it there?
	move(b *bench, p *linktest.Proxy) error // brings the far side up to the near one
}

type bench struct {
	*testing.T
	d    *day
	f    int64 // the floor
	own  int64 // the harsher one, see floors
	dir  string
	out  *os.File
	proc []*exec.Cmd
}

// start runs a server until the scenario ends.
func (b *bench) start(name string, args ...string) {
	c := exec.Command(name, args...)
	log, err := os.Create(filepath.Join(b.dir, filepath.Base(name)+strconv.Itoa(len(b.proc))+".log"))
	if err != nil {
		b.Fatal(err)
	}
	c.Stdout, c.Stderr, c.Dir = log, log, b.dir
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with the children that it leaves behind
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.proc = append(b.proc, c)
}

func (b *bench) stop() {
	for _, c := range b.proc {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		_ = c.Wait()
	}
	b.proc = nil
}

func (b *bench) run(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Dir = b.dir
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// freePort is a port that nobody has taken; a server that is told to takes it.
func (b *bench) freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// listens waits until a server answers.
func (b *bench) listens(addr string) {
	for range 400 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.Fatalf("nothing listens at %s", addr)
}

// folder writes what stands on the near side as files: one of rows, the circulars,
// the files.
func (b *bench) folder(dir string, after bool) {
	rows, _ := b.d.rows(after)
	files := map[string][]byte{"rows.ndjson": slices.Concat(rows...), "horaire.bin": b.d.old}
	if after {
		files["horaire.bin"], files["calendrier.pdf"] = b.d.new, b.d.pdf
		for i, c := range b.d.circulars {
			files[fmt.Sprintf("circulaire-%d.md", i+1)] = []byte(c)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	for name, raw := range files {
		path, at := filepath.Join(dir, name), when(0)
		if after {
			at = at.Add(24 * time.Hour) // tools that look at times and sizes shall see the day
		}
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			b.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			b.Fatal(err)
		}
	}
}

// same fails when a folder does not hold the day.
func (b *bench) same(dir string, after bool) error {
	want := filepath.Join(b.dir, fmt.Sprint("want-", after))
	b.folder(want, after)
	return b.run("diff", "-r", "--exclude=.git", "--exclude=.stfolder", want, dir)
}

// TestBenchSync is `make bench-sync`. PREAU_BENCH_TOOLS names the tools,
// PREAU_BENCH_LINKS the links (unlimited,64k), PREAU_BENCH_SEED the day.
func TestBenchSync(t *testing.T) {
	if os.Getenv("PREAU_BENCH") != "sync" {
		t.Skip("measures only when asked: make bench-sync")
	}
	seed, err := strconv.ParseUint(os.Getenv("PREAU_BENCH_SEED"), 10, 64)
	if err != nil {
		seed = 1
	}
	out, err := os.Create(os.Getenv("PREAU_BENCH_OUT"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	b := &bench{T: t, d: newDay(seed), dir: t.TempDir(), out: out}
	b.f, b.own = b.floors()
	fmt.Printf("seed %d · the floor F is 400,000 bytes of files and the rows and circulars under zstd -19:\n  %d with the dictionary of a demonstration, %d with one of other days of the same generator\n\n", seed, b.f, b.own)
	fmt.Printf("%-16s %-9s %-10s %10s %10s %5s %6s %9s %7s %9s\n", "tool", "scenario", "link", "up", "down", "conn", "turns", "seconds", "÷ F", "÷ F own")
	b.write(figure{Tool: "floor", Scenario: "day", Link: "unlimited", Up: b.f})
	b.write(figure{Tool: "floor (own days)", Scenario: "day", Link: "unlimited", Up: b.own})
	for _, link := range strings.Split(or(os.Getenv("PREAU_BENCH_LINKS"), "unlimited,64k"), ",") {
		rate, delay := 0, time.Duration(0)
		if link == "64k" {
			rate, delay = 8000, 300*time.Millisecond
		}
		for _, tool := range syncTools() {
			if only := os.Getenv("PREAU_BENCH_TOOLS"); only != "" && !slices.Contains(strings.Split(only, ","), tool.name()) {
				continue
			}
			if why := tool.missing(); why != "" {
				fmt.Printf("%-16s skipped: %s\n", tool.name(), why)
				continue
			}
			b.measure(tool, link, rate, delay)
		}
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (b *bench) measure(tool syncTool, link string, rate int, delay time.Duration) {
	root := b.dir
	defer func() { b.stop(); b.dir = root }()
	b.dir = filepath.Join(root, tool.name()+link)
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		b.Fatal(err)
	}
	target := tool.prepare(b)
	// The first filling is not waited for on the thin link: it is the same for all.
	p, err := linktest.NewProxy(target, 0, 0)
	if err != nil {
		b.Fatal(err)
	}
	for _, scenario := range []string{"initial", "day", "nothing"} {
		switch scenario {
		case "day":
			tool.day(b)
			p.Limit(rate, delay)
		case "initial":
		}
		p.Take()
		start := time.Now()
		if err := tool.move(b, p); err != nil {
			fmt.Printf("%-16s %-9s %-10s failed: %v\n", tool.name(), scenario, link, err)
			break
		}
		taken := time.Since(start).Seconds()
		if err := tool.check(b, scenario != "initial"); err != nil {
			fmt.Printf("%-16s %-9s %-10s moved something else: %v\n", tool.name(), scenario, link, err)
			break
		}
		c := p.Take()
		x := figure{tool.name(), scenario, link, c.Up, c.Down, c.Connections, c.Turns, taken}
		if scenario == "initial" && link != "unlimited" {
			continue
		}
		b.write(x)
	}
	if err := p.Close(); err != nil {
		b.Error(err)
	}
}

func (b *bench) write(x figure) {
	ratio := ""
	if n := float64(x.Up + x.Down); x.Scenario == "day" {
		ratio = fmt.Sprintf("%7.4f %9.4f", n/float64(b.f), n/float64(b.own))
	}
	fmt.Printf("%-16s %-9s %-10s %10d %10d %5d %6d %9.1f %s\n", x.Tool, x.Scenario, x.Link, x.Up, x.Down, x.Connections, x.Turns, x.Seconds, ratio)
	if err := json.NewEncoder(b.out).Encode(x); err != nil {
		b.Fatal(err)
	}
}

// preauTool is Préau itself: a hub and an engine in this process, with TLS, and
// stores on disk. The records go up, as they are or sealed to three keys, the
// circulars and files come down.
type preauTool struct {
	sealed      bool
	marks       *store.Collection[dayRecord]
	sealer      *boxsync.Sealer
	recovery    *age.X25519Identity
	engine      *boxsync.Engine
	box, office *store.DB
	key         []byte
	addr        string
	ids         []store.ID
	file        store.ID
}

var dayCirculars = define("day.circulars", store.Down)

func (x *preauTool) name() string {
	if x.sealed {
		return "preau sealed"
	}
	return "preau"
}
func (*preauTool) missing() string { return "" }

func (x *preauTool) prepare(b *bench) string {
	if x.marks = dayMarks; x.sealed {
		x.marks = dayLocal
	}
	open := func(name string) (*store.DB, []byte) {
		dir := filepath.Join(b.dir, name)
		db := storetest.OpenAt(b.T, dir, &dayClock{}, append(boxsync.Collections(), x.marks, dayCirculars)...)
		key, err := boxsync.LoadKey(dir)
		if err != nil {
			b.Fatal(err)
		}
		return db, key
	}
	var officeKey []byte
	x.office, officeKey = open("office")
	x.box, x.key = open("box")
	hub := boxsync.NewHub(boxsync.HubOptions{DB: x.office, Key: officeKey, Root: []byte("root")})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	x.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = hub.Serve(ctx, l) }()
	b.Cleanup(func() { cancel(); <-done })
	var code string
	if err := x.office.Update(func(tx *store.Tx) (err error) {
		code, _, err = boxsync.NewCode(tx, "TG-1", boxsync.DefaultCodeLife)
		return err
	}); err != nil {
		b.Fatal(err)
	}
	if _, err := boxsync.Enrol(context.Background(), boxsync.EnrolOptions{DB: x.box, Key: x.key, Addr: x.addr, Code: code}); err != nil {
		b.Fatal(err)
	}
	if x.sealed {
		x.seals(b)
	}
	x.ids, x.engine = nil, nil
	for _, r := range b.d.base {
		b.write1(x.box, func(tx *store.Tx) error {
			id, err := x.marks.Add(tx, r)
			x.ids = append(x.ids, id)
			return err
		})
	}
	x.file = put(b.T, x.office, dayCirculars, memo{Text: "horaire", File: putBytes(b.T, x.office, b.d.old, "horaire.bin")}, "TG-1")
	return x.addr
}

// seals makes a recovery key for the school and two for the escrow.
func (x *preauTool) seals(b *bench) {
	var to []string
	for range 3 {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			b.Fatal(err)
		}
		x.recovery = id
		to = append(to, id.Recipient().String())
	}
	b.write1(x.office, func(tx *store.Tx) error { return boxsync.SetEscrow(tx, to[:2], []string{"TG-1"}) })
	x.sealer = &boxsync.Sealer{DB: x.box, Key: x.key, Recovery: to[2]}
	e := boxsync.NewEngine(boxsync.EngineOptions{DB: x.box, Key: x.key, Site: "TG-1", Addr: func() string { return x.addr }})
	if _, err := e.Once(context.Background()); err != nil { // the escrow's keys
		b.Fatal(err)
	}
}

// write1 is one write, as a person's: each has a time of its own.
func (b *bench) write1(db *store.DB, fn func(tx *store.Tx) error) {
	if err := db.Update(fn); err != nil {
		b.Fatal(err)
	}
}

// dayClock moves on by what lies between two writes.
type dayClock struct{ n int }

// Now is the time of the next write.
func (c *dayClock) Now() (time.Time, bool) { c.n++; return when(c.n), true }

func (x *preauTool) day(b *bench) {
	for _, r := range b.d.fresh {
		b.write1(x.box, func(tx *store.Tx) error { _, err := x.marks.Add(tx, r); return err })
	}
	for i, id := range x.ids {
		if r, ok := b.d.edits[i]; ok {
			b.write1(x.box, func(tx *store.Tx) error { return x.marks.Set(tx, id, r) })
		}
	}
	for _, c := range b.d.circulars {
		put(b.T, x.office, dayCirculars, memo{Text: c}, "TG-1")
	}
	put(b.T, x.office, dayCirculars, memo{Text: "calendrier", File: putBytes(b.T, x.office, b.d.pdf, "calendrier.pdf")}, "TG-1")
	b.write1(x.office, func(tx *store.Tx) error {
		return dayCirculars.Set(tx, x.file, memo{Text: "horaire", File: putBytes(b.T, x.office, b.d.new, "horaire.bin")})
	})
}

func (x *preauTool) move(b *bench, p *linktest.Proxy) error {
	if x.sealed {
		if _, err := x.sealer.Seal(context.Background()); err != nil {
			return err
		}
	}
	if x.engine == nil { // one, as a box has that runs
		x.engine = boxsync.NewEngine(boxsync.EngineOptions{DB: x.box, Key: x.key, Site: "TG-1", Addr: p.Addr})
	}
	_, err := x.engine.Once(context.Background())
	return err
}

func (x *preauTool) check(b *bench, _ bool) error {
	for _, db := range []*store.DB{x.box, x.office} {
		if m, err := db.Missing(); err != nil || len(m) > 0 {
			return fmt.Errorf("%d files are missing, %v", len(m), err)
		}
	}
	if x.sealed {
		if err := x.checkSealed(); err != nil {
			return err
		}
	} else if here, there := dayRecords(b, x.box), dayRecords(b, x.office); !slices.Equal(here, there) {
		return fmt.Errorf("%d records here, %d there, or not the same", len(here), len(there))
	}
	if here, there := texts(b.T, x.box, dayCirculars), texts(b.T, x.office, dayCirculars); here != there {
		return errors.New("not the same circulars")
	}
	return nil
}

// checkSealed opens what the office holds with the recovery key, and asks that it
// goes to the box's last number.
func (x *preauTool) checkSealed() error {
	head, err := x.box.Head(store.Feed{Origin: x.box.Origin(), Lane: store.Records})
	if err != nil {
		return err
	}
	var list []store.Record[boxsync.Segment]
	if err := x.office.View(func(tx *store.Tx) (err error) { list, err = boxsync.Segments(tx); return err }); err != nil {
		return err
	}
	last := uint64(0)
	for _, r := range list {
		f, err := x.office.OpenBlob(r.Value.Rows.Hash)
		if err != nil {
			return err
		}
		plain, err := age.Decrypt(f, x.recovery)
		if err == nil {
			_, err = io.Copy(io.Discard, plain)
		}
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		if r.Value.From != last {
			return fmt.Errorf("a segment from %d after one to %d", r.Value.From, last)
		}
		last = r.Value.To
	}
	if last+uint64(len(list)) < head.Number { // the segments' own records are in none
		return fmt.Errorf("sealed up to %d of %d", last, head.Number)
	}
	return nil
}

func dayRecords(b *bench, db *store.DB) (all []dayRecord) {
	if err := db.View(func(tx *store.Tx) error {
		for r, err := range dayMarks.All(tx) {
			if err != nil {
				return err
			}
			all = append(all, r.Value)
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	return all
}
