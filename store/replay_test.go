package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"preau/store"
	"preau/store/storetest"
)

// A replay makes what a disk may hold after a power cut, state by state, and
// opens it: the page checks, then the store, then what it holds is compared
// with the answers given by then.
type replay struct {
	disk   *disk
	whole  map[[32]byte]bool // the copies as they were when done
	states int               // wanted, all different
	seen   map[uint64]bool
	rand   *rand.Rand
	images chan image
	look   func(dir string, im image, write bool) error

	mu  sync.Mutex
	bad []string
	n   int
}

// image is the folder in one state.
type image struct {
	at    int // step of the trace
	state *diskState
	kept  []part // kept although not durable
}

// replayed is what a replay has to say.
type replayed struct {
	States  int      `json:"states"`
	Steps   int      `json:"steps"`
	Answers int      `json:"answers"`
	Seconds float64  `json:"seconds"`
	Bad     []string `json:"bad"`
}

// replayTrace is the process with PREAU_TEST_REPLAY=TRACE; it prints a replayed.
// Damage can end it: bbolt's check panics where nobody can recover.
func replayTrace(trace, root, lost string, states int) error {
	start := time.Now()
	var without func(f *node, pages bool) bool
	for _, s := range append(syncs, nightSyncs...) {
		if s.kind == lost {
			without = s.is
		}
	}
	d, err := readDisk(trace, root, without)
	if err != nil {
		return err
	}
	r := &replay{disk: d, states: states, whole: map[[32]byte]bool{}, seen: map[uint64]bool{}, rand: rand.New(rand.NewPCG(1, uint64(states))), images: make(chan image, 16)}
	r.look = r.lookAtStore
	if slices.ContainsFunc(d.events, func(e event) bool { return strings.HasSuffix(e.name, ".backup.age") }) {
		r.look = r.lookAtNights
	}
	for _, n := range d.nodes {
		if n.first == "data/copies/new" {
			r.whole[sha256.Sum256(n.data)] = true
		}
	}
	var workers sync.WaitGroup
	for w := range runtime.NumCPU() {
		workers.Go(func() { r.work(filepath.Join(root, fmt.Sprint("replay-", w))) })
	}
	for before := -1; len(r.seen) < states && len(r.seen) > before; {
		before = len(r.seen)
		r.make()
	}
	close(r.images)
	workers.Wait()
	return json.NewEncoder(os.Stdout).Encode(replayed{r.n, len(d.events), len(d.marks), time.Since(start).Seconds(), r.bad})
}

// make walks the trace and makes at each step as many states as its share.
func (r *replay) make() {
	base := newDiskState(r.disk.nodes)
	steps := 0
	for _, e := range r.disk.events {
		steps = max(steps, e.at)
	}
	var waiting []int
	next := 0
	for step := 0; step <= steps; step++ {
		changed := false
		for ; next < len(r.disk.events) && r.disk.events[next].at == step; next++ {
			waiting, changed = append(waiting, next), true
		}
		still := waiting[:0]
		for _, i := range waiting {
			if r.disk.events[i].durable <= step {
				base.apply(r.disk.events[i], part{})
				changed = true
			} else {
				still = append(still, i)
			}
		}
		waiting = still
		if changed {
			base.id = base.look()
			r.around(step, base, waiting, (r.states-len(r.seen))/(steps-step+1)+1)
		}
	}
}

// around makes states at one step: nothing of what waits, all of it, all but
// one, one alone, the newest torn after each sector, and then by chance.
func (r *replay) around(step int, base *diskState, waiting []int, share int) {
	end := len(r.seen) + share
	try := func(keep func(i int) (kept, torn bool)) {
		if len(r.seen) < end {
			r.state(step, base, waiting, keep)
		}
	}
	try(func(int) (bool, bool) { return false, false })
	if len(waiting) == 0 {
		return
	}
	try(func(int) (bool, bool) { return true, false })
	last := waiting[len(waiting)-1]
	try(func(i int) (bool, bool) { return true, i == last })
	for _, one := range waiting {
		try(func(i int) (bool, bool) { return i == one, false })
		try(func(i int) (bool, bool) { return i != one, false })
		try(func(i int) (bool, bool) { return true, i == one })
	}
	for range 3 * share {
		if len(r.seen) >= end {
			return
		}
		most, tear := r.rand.Float64(), r.rand.Float64()/2
		try(func(int) (bool, bool) { return r.rand.Float64() < most, r.rand.Float64() < tear })
	}
}

// state makes one state and hands it on, unless it was seen.
func (r *replay) state(step int, base *diskState, waiting []int, keep func(i int) (kept, torn bool)) {
	// The same bytes after another answer are another state: more must be there.
	answers := uint64(r.answers(step)) * 0x9e3779b97f4a7c15
	id, named := base.id^answers, false
	var kept []part
	for _, i := range waiting {
		yes, torn := keep(i)
		e := r.disk.events[i]
		if !yes || e.after >= 0 && slices.Contains(waiting, e.after) && !slices.ContainsFunc(kept, func(p part) bool { return p.event == e.after }) {
			continue
		}
		p := part{event: i}
		if e.what != "write" {
			named = true
		} else if torn {
			p.sectors = r.tear(len(e.data))
		}
		if e.what == "write" && !named && base.shown[e.node] {
			p.each(e, func(off int64, data []byte) {
				id ^= base.sectorID(e.node, off, data) ^ base.sectorID(e.node, off, base.sector(e.node, off))
			})
		}
		kept = append(kept, p)
	}
	im := image{at: step, kept: kept}
	if named { // other names, other files: counted whole
		im.state = base.branch(kept, r.disk.events)
		id = im.state.look() ^ answers
	}
	if r.seen[id] {
		return
	}
	r.seen[id] = true
	if im.state == nil {
		im.state = base.branch(kept, r.disk.events)
	}
	r.images <- im
}

// tear says for each sector of a write whether it reached the disk.
func (r *replay) tear(size int) (sectors []bool) {
	for range (size + sector - 1) / sector {
		sectors = append(sectors, r.rand.IntN(2) == 0)
	}
	return sectors
}

// part is how much of an event a state keeps: all, or some sectors of a write.
type part struct {
	event   int
	sectors []bool
}

// each gives what is kept of a write, sector by sector.
func (p part) each(e event, fn func(off int64, data []byte)) {
	for i := 0; i*sector < len(e.data); i++ {
		if p.sectors == nil || p.sectors[i] {
			fn(e.off+int64(i*sector), e.data[i*sector:min(i*sector+sector, len(e.data))])
		}
	}
}

// work lays images into a folder of its own and looks at each.
func (r *replay) work(dir string) {
	defer os.RemoveAll(dir)
	laid := map[string][]byte{}
	n, bad := 0, []string{}
	for im := range r.images {
		n++
		err := lay(dir, im.state.files, laid)
		write := n%50 == 0
		if err == nil {
			err = r.look(dir, im, write)
		}
		if _, there := im.state.files[store.FileName]; err != nil || write && !there { // writing made one
			if err := os.RemoveAll(dir); err != nil {
				bad = append(bad, err.Error())
			}
			clear(laid)
		}
		if err != nil {
			var kept []string
			for _, i := range im.kept {
				kept = append(kept, r.disk.describe(i.event))
			}
			bad = append(bad, fmt.Sprintf("step %d (%s), kept %v: %v", im.at, r.disk.describe(r.lastEvent(im.at)), kept, err))
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n += n
	r.bad = append(r.bad, bad...)
}

// answers is the last answer given by a step.
func (r *replay) answers(step int) (i int) {
	for i < len(r.disk.marks)-1 && r.disk.marks[i+1].at <= step {
		i++
	}
	return i
}

func (r *replay) lastEvent(step int) (i int) {
	for i < len(r.disk.events)-1 && r.disk.events[i+1].at <= step {
		i++
	}
	return i
}

// old is a time that no file has unless it was given it.
var old = time.Unix(1, 0)

// lay makes the folder hold these files and no others. laid says what it held
// after the last time; only what differs is written.
func lay(dir string, files, laid map[string][]byte) error {
	for name := range laid {
		if _, ok := files[name]; !ok {
			if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			delete(laid, name)
		}
	}
	for name, data := range files {
		path := filepath.Join(dir, name)
		was, known := laid[name]
		if known {
			// Opening may have written to it, or swept it away.
			fi, err := os.Stat(path)
			known = err == nil && fi.ModTime().Equal(old)
		}
		if known && len(was) == len(data) && (len(data) == 0 || &was[0] == &data[0]) {
			continue
		}
		if err := layFile(path, data, was, known); err != nil {
			return err
		}
		laid[name] = data
	}
	return nil
}

func layFile(path string, data, was []byte, known bool) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if !known {
		was = nil
	}
	if !known || len(was) > len(data) {
		err = f.Truncate(int64(len(data)))
	}
	for at := 0; at < len(data) && err == nil; at += 4096 {
		end := min(at+4096, len(data))
		if end > len(was) || !bytes.Equal(was[at:end], data[at:end]) {
			_, err = f.WriteAt(data[at:end], int64(at))
		}
	}
	return errors.Join(err, os.Chtimes(path, old, old))
}

// lookAtStore opens a state as a start would, and compares.
func (r *replay) lookAtStore(dir string, im image, write bool) error {
	if bad := unfinishedCopies(dir, r.whole); len(bad) > 0 {
		return fmt.Errorf("unfinished copies %v", bad)
	}
	if _, there := im.state.files[store.FileName]; there {
		report, err := store.Check(dir)
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		if !report.OK {
			return fmt.Errorf("check: %+v", report.Problems)
		}
	}
	is, err := holds(dir, nil)
	if err != nil {
		return err
	}
	i := r.answers(im.at)
	if want := r.disk.marks[i].text; is != want && (i+1 == len(r.disk.marks) || is != r.disk.marks[i+1].text) {
		return fmt.Errorf("after answer %d it holds\n%s\nwant\n%s", i, is, want)
	}
	if !write {
		return nil
	}
	db, err := store.Open(dir, store.Options{Collections: all, Clock: storetest.NewClock()})
	if err != nil {
		return fmt.Errorf("open again: %w", err)
	}
	err = db.Update(func(tx *store.Tx) error { _, err := ups.Add(tx, note{Title: "after the cut"}); return err })
	return errors.Join(err, db.Close())
}
