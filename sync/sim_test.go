package boxsync

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"preau/store"
	"preau/store/storetest"
	"preau/sync/linktest"
)

// The simulation: one office and two boxes, each with a real store, in fake
// time and over TLS, behind links that are cut at any byte. Sites crash at that
// very byte and come back with what was durable; cards are rolled back to an
// image taken earlier; stores are put back from their verified copies; clocks
// jump. In the end everything is let through and compared.

var (
	simUp    = simDefine("s.up", store.Up)
	simDown  = simDefine("s.down", store.Down)
	simLocal = simDefine("s.local", store.Local)
)

type simBox struct {
	simSite
	school string
	link   *linktest.Link
	key    ed25519.PrivateKey
	budget Budget
	engine *Engine
	office *simSite
}

type sim struct {
	r      *rand.Rand
	office simSite
	key    ed25519.PrivateKey
	boxes  []*simBox
	stop   func()
	log    []string
	rolled bool // the office lost some of its past
}

func (w *sim) say(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

func newSim(seed uint64, dir string) (*sim, error) {
	w := &sim{r: rand.New(rand.NewPCG(seed, 11))}
	site := func(name string) simSite {
		return simSite{dir: filepath.Join(dir, name), clock: storetest.NewClock()}
	}
	w.key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32))
	w.office = site("office")
	if err := w.office.open(); err != nil {
		return nil, err
	}
	for i := range 2 {
		b := &simBox{office: &w.office, simSite: site("box" + strconv.Itoa(i)), school: "TG-" + strconv.Itoa(i), key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(i)}, 32))}
		if err := b.open(); err != nil {
			return nil, err
		}
		if err := errors.Join(
			w.office.db.Update(func(tx *store.Tx) error { return Pin(tx, b.school, b.key.Public().(ed25519.PublicKey)) }),
			b.db.Update(func(tx *store.Tx) error {
				return setOffice(tx, OfficeRow{Key: w.key.Public().(ed25519.PublicKey), Addr: "office"})
			}),
		); err != nil {
			return nil, err
		}
		b.link, _ = linktest.New()
		if i == 0 && seed%3 == 0 { // records by day only, and not many files
			b.budget = Budget{store.Records: {Windows: []Window{{6 * 60, 18 * 60}}}, store.Small: {Day: 120_000, Month: 200_000}}
		}
		b.begin()
		w.boxes = append(w.boxes, b)
	}
	w.serve()
	return w, nil
}

func (b *simBox) begin() {
	b.engine = NewEngine(EngineOptions{DB: b.db, Key: b.key, Site: b.school, Dial: b.dial, Budget: b.budget})
}

// dial finds nobody once a side has crashed: what it would still do is not on its card.
func (b *simBox) dial(ctx context.Context, addr string) (net.Conn, error) {
	if b.left != nil || b.office.left != nil {
		return nil, errCrashed
	}
	return b.link.Dial(ctx, addr)
}

var errCrashed = errors.New("a side has crashed")

// serve starts the office's hub behind all links.
func (w *sim) serve() {
	hub := NewHub(HubOptions{DB: w.office.db, Key: w.key})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, len(w.boxes))
	for _, b := range w.boxes {
		l := b.link.Listen()
		go func() {
			_ = hub.Serve(ctx, l)
			done <- struct{}{}
		}()
	}
	w.stop = func() {
		cancel()
		for range w.boxes {
			<-done
		}
	}
}

func (w *sim) restartOffice(restart func() error) error {
	w.stop()
	err := restart()
	w.serve()
	return err
}

// call makes one attempt of a box. It may fail: the link is what it is.
func (w *sim) call(b *simBox) (Report, error) {
	r, err := b.engine.Once(context.Background())
	synctest.Wait()
	for _, s := range []*simSite{&b.simSite, &w.office} {
		if card := s.left; card != nil {
			s.left = nil
			again := func() error { return s.restart(card) }
			if s == &w.office {
				err = errors.Join(err, w.restartOffice(again))
			} else {
				err = errors.Join(err, again())
				b.begin()
			}
		}
	}
	return r, err
}

func (w *sim) step() error {
	b := w.boxes[w.r.IntN(len(w.boxes))]
	switch w.r.IntN(20) {
	case 0, 1, 2:
		return w.edit(&b.simSite, simUp, nil)
	case 3:
		return w.edit(&b.simSite, simLocal, nil)
	case 4, 5, 6:
		sites := []string{"TG-9"}
		for _, x := range w.boxes {
			if w.r.IntN(2) == 0 {
				sites = append(sites, x.school)
			}
		}
		return w.edit(&w.office, simDown, sites)
	case 7:
		down := w.r.IntN(3) == 0
		b.link.Down(down)
		w.say("%s link down: %v", b.school, down)
	case 8, 9:
		n := int64(1 + w.r.IntN(5000))
		b.link.CutAfter(n)
		w.say("%s cut after %d", b.school, n)
	case 10, 11, 12:
		n, s, who := int64(1200+w.r.IntN(4000)), &b.simSite, b.school
		if w.r.IntN(2) == 0 {
			s, who = &w.office, "office"
		}
		b.link.CrashAfter(n, func() { s.left = s.image() })
		w.say("%s crashes after %d of %s", who, n, b.school)
	case 13:
		d := time.Duration(w.r.Int64N(int64(2000*time.Hour))) - 1000*time.Hour
		b.clock.Add(d)
		b.clock.Doubt(w.r.IntN(2) == 0)
		w.say("%s clock %v", b.school, d)
	case 14:
		return w.roll(b)
	default:
		r, err := w.call(b)
		w.say("%s calls: sent %d, received %d, %v", b.school, r.Sent, r.Received, err)
	}
	return nil
}

// roll takes a card back to an earlier image, or takes the image.
func (w *sim) roll(b *simBox) error {
	s, office := &b.simSite, w.r.IntN(4) == 0
	if office {
		s = &w.office
	}
	w.say("%s rolls (had an image: %v)", s.dir, s.old != nil)
	switch {
	case s.old == nil && w.r.IntN(3) > 0:
		s.old = s.image()
		return nil
	case s.old == nil:
		_, err := s.db.CopyVerified()
		return err
	case office:
		w.rolled = true
		return w.restartOffice(func() error { return w.back(s) })
	}
	err := w.back(s)
	b.begin()
	return err
}

func (w *sim) back(s *simSite) error {
	if path, _, _ := store.NewestCopy(s.dir); path != "" && w.r.IntN(2) == 0 {
		w.say("put back from its copy")
		return s.putBack()
	}
	return s.restart(s.old)
}

// edit adds, changes or deletes a record, or changes whom it is for.
func (w *sim) edit(s *simSite, c *store.Collection[simMemo], sites []string) error {
	text := simMemo{Text: strconv.FormatUint(w.r.Uint64(), 36)}
	if w.r.IntN(4) == 0 {
		h, n, err := s.db.PutBlob(strings.NewReader(strings.Repeat(text.Text, 200)), 1<<20)
		if err != nil {
			return err
		}
		text.File = store.Blob{Hash: h, Size: n, Name: "a.txt", Type: "text/plain"}
	}
	pick, chance := w.r.IntN(4), w.r.IntN(1<<20)
	return s.db.Update(func(tx *store.Tx) error {
		var ids []store.ID
		for x, err := range c.All(tx) {
			if err != nil {
				return err
			}
			ids = append(ids, x.ID)
		}
		if len(ids) == 0 || pick == 0 {
			id, err := c.Add(tx, text)
			w.say("%s adds %s %s to %v", filepath.Base(s.dir), id, text.Text, sites)
			if err != nil || sites == nil {
				return err
			}
			return store.Address(tx, id, sites)
		}
		id := ids[chance%len(ids)]
		switch {
		case pick == 1:
			w.say("%s deletes %s", filepath.Base(s.dir), id)
			return c.Delete(tx, id)
		case pick == 2 && sites != nil:
			w.say("%s addresses %s to %v", filepath.Base(s.dir), id, sites)
			return store.Address(tx, id, sites)
		}
		w.say("%s sets %s %s", filepath.Base(s.dir), id, text.Text)
		if err := c.Set(tx, id, text); err != nil && !errors.Is(err, store.ErrNotHome) {
			return err // a circular of a life that the office lost is nobody's to change
		}
		return nil
	})
}

// simulate plays one seed.
func simulate(seed uint64, dir string) (err error) {
	w, err := newSim(seed, dir)
	if err != nil {
		return err
	}
	defer func() {
		w.stop()
		for _, s := range []*simSite{&w.office, &w.boxes[0].simSite, &w.boxes[1].simSite} {
			err = errors.Join(err, s.db.Close())
			if err != nil {
				continue
			}
			report, bad := store.Check(s.dir)
			err = errors.Join(err, bad)
			for _, p := range report.Problems {
				err = errors.Join(err, fmt.Errorf("check %s: %s at %s: %s", filepath.Base(s.dir), p.Kind, p.Where, p.What))
			}
		}
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, strings.Join(w.log, "\n"))
		}
	}()
	for range 40 {
		if err := errors.Join(w.step(), w.honest()); err != nil {
			return err
		}
	}
	return w.settle()
}

// simSeeds are played always: each found something once.
var simSeeds = []uint64{1005, 1525, 1580, 2234, 6574, 7913, 8561, 12104, 14837, 27516, 274731}

func simulateIn(t *testing.T, base string, seed uint64) {
	dir := filepath.Join(base, strconv.FormatUint(seed, 10))
	synctest.Test(t, func(t *testing.T) {
		if err := simulate(seed, dir); err != nil {
			t.Errorf("seed %d (PREAU_SEED=%d PREAU_SEEDS=1): %v", seed, seed, err)
		}
	})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}

// TestSimulation plays seeds from PREAU_SEED on, PREAU_SEEDS of them. make test
// runs it twice: some with the race detector, many without.
func TestSimulation(t *testing.T) {
	n, first := storetest.Total("simulation", 100, 100_000), uint64(1000)
	if v, err := strconv.Atoi(os.Getenv("PREAU_SEEDS")); err == nil {
		n = v
	}
	if v, err := strconv.ParseUint(os.Getenv("PREAU_SEED"), 10, 64); err == nil {
		first = v
	}
	seeds := slices.Clone(simSeeds)
	for i := range n {
		seeds = append(seeds, first+uint64(i))
	}
	base := t.TempDir()
	if dir, err := os.MkdirTemp("/dev/shm", "preau-sim-"); err == nil {
		base = dir
		defer os.RemoveAll(dir)
	}
	shares := runtime.GOMAXPROCS(0)
	t.Run("seeds", func(t *testing.T) {
		for share := range shares {
			t.Run(strconv.Itoa(share), func(t *testing.T) {
				t.Parallel()
				for i := share; i < len(seeds) && !t.Failed(); i += shares {
					simulateIn(t, base, seeds[i])
				}
			})
		}
	})
	if t.Failed() {
		return
	}
	storetest.Record(t, "simulation seeds", len(seeds), map[string]any{"first": first, "bad": 0})
}
