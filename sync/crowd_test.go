package boxsync

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"preau/store"
)

// TestTheCrowdIsServed has 6,000 boxes call an office of 200 places in the same
// second, in fake time. Each holds its place while it is busy, 1 to 20 seconds and
// now and then an hour, and then until it is sent away; who is refused comes back
// when it was told to. All are served, again and again.
func TestTheCrowdIsServed(t *testing.T) {
	const boxes, places = 6000, 200
	synctest.Test(t, func(t *testing.T) {
		l := newLobby(places)
		begun, over := time.Now(), make(chan struct{})
		var mu sync.Mutex
		first, served, calls := map[int]time.Duration{}, map[int]int{}, map[int]int{}
		perSecond := map[int]int{}
		var all sync.WaitGroup
		for i := range boxes {
			r := rand.New(rand.NewPCG(7, uint64(i)))
			all.Go(func() {
				for {
					var mine sync.Mutex
					var idle time.Time
					away := make(chan time.Duration, 1)
					g := &guest{
						site: string(rune(i)), depart: func(_ string, back time.Duration) { away <- back },
						idle: func() (time.Time, bool) { mine.Lock(); defer mine.Unlock(); return idle, !idle.IsZero() },
					}
					back, in := l.enter(g)
					mu.Lock()
					calls[i]++
					if n := l.served(); n > places+l.kept() {
						t.Errorf("%d are in", n)
					}
					if in {
						if served[i]++; served[i] == 1 {
							first[i] = time.Since(begun)
						}
					} else {
						perSecond[int(time.Since(begun)/time.Second)]++
					}
					mu.Unlock()
					if in {
						busy := time.Second + time.Duration(r.Int64N(int64(19*time.Second)))
						if i%100 == 0 {
							busy = time.Hour
						}
						select {
						case <-over:
							return
						case <-time.After(busy):
							mine.Lock()
							idle = time.Now()
							mine.Unlock()
							select {
							case <-over:
								return
							case back = <-away:
							}
						case back = <-away:
						}
						l.leave(g)
					}
					select {
					case <-over:
						return
					case <-time.After(back + time.Duration(r.Int64N(int64(back/8+time.Second)))): // as an engine waits
					}
				}
			})
		}
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		mu.Lock()
		if len(first) != boxes {
			t.Errorf("%d of %d boxes were served in the first quarter of an hour", len(first), boxes)
		}
		most := 0
		for s, n := range perSecond {
			if s > 0 {
				most = max(most, n)
			}
		}
		total := 0
		for _, n := range calls {
			total += n
		}
		var last time.Duration
		for _, at := range first {
			last = max(last, at)
		}
		if most > boxes/20 {
			t.Errorf("%d boxes came to a full house in the same second", most)
		}
		if total > 12*boxes {
			t.Errorf("%d calls", total)
		}
		t.Logf("the last was served after %v; %d calls, at most %d refused in one second after the first", last.Round(time.Second), total, most)
		clear(served)
		mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		mu.Lock()
		if len(served) < boxes*98/100 { // but for those whose hour is not over
			t.Errorf("in the hour after, %d were served again", len(served))
		}
		mu.Unlock()
		close(over)
		all.Wait()
	})
}

// TestARefusedBoxComesBackWhenTold serves two real boxes at an office of one
// place: the second takes the place of the first once that is idle; the first
// obeys its time even when it has new work; both get all.
func TestARefusedBoxComesBackWhenTold(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w, err := newSim(1, dir)
		if err != nil {
			t.Fatal(err)
		}
		w.stop()
		hub := NewHub(HubOptions{DB: w.office.db, Key: w.key, Most: 1})
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		for _, b := range w.boxes {
			l := b.link.Listen()
			done.Go(func() { _ = hub.Serve(ctx, l) })
			if err := w.edit(&b.simSite, simUp, nil); err != nil {
				t.Fatal(err)
			}
		}
		a, b := w.boxes[0], w.boxes[1]
		a.link.Set(time.Second, 0)
		b.link.Set(1100*time.Millisecond, 0) // it calls while the first is busy
		done.Go(func() { _ = a.engine.Run(ctx) })
		done.Go(func() { _ = b.engine.Run(ctx) })
		for len(b.engine.Status().Reports) == 0 {
			time.Sleep(100 * time.Millisecond) // fake
			synctest.Wait()
		}
		if s := b.engine.Status(); s.State == "connected" || time.Until(s.Next) < 5*time.Second || a.engine.Status().State != "connected" {
			t.Fatalf("a full house, and the second is %s, next at %v", s.State, s.Next)
		}
		told := b.engine.Status().Next
		if err := w.edit(&b.simSite, simUp, nil); err != nil { // new work is no reason to call earlier
			t.Fatal(err)
		}
		time.Sleep(time.Until(told) - time.Millisecond)
		synctest.Wait()
		if n := len(b.engine.Status().Reports); n != 1 {
			t.Errorf("%d calls before its time", n)
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if s := b.engine.Status(); s.State != "connected" || s.Pending.Records != 0 {
			t.Errorf("the second is %s with %d waiting", s.State, s.Pending.Records)
		}
		s := a.engine.Status()
		if s.State != "offline" || s.LastError != "" || time.Until(s.Next) < 30*time.Second {
			t.Errorf("the first, which made room, is %s, failed at %q, next in %v", s.State, s.LastError, time.Until(s.Next))
		}
		if err := w.edit(&w.office, simDown, []string{a.school, b.school}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		for _, x := range w.boxes {
			if n, err := simRows(x.db, simDown, func(*store.Tx, store.ID) bool { return true }); err != nil || len(n) != 1 {
				t.Errorf("%s holds %d circulars, %v", x.school, len(n), err)
			}
		}
		cancel()
		done.Wait()
		for _, s := range []*simSite{&w.office, &w.boxes[0].simSite, &w.boxes[1].simSite} {
			if err := s.db.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
