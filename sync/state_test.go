package boxsync

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"preau/store"
)

// TestABoxTellsHowItIs plays two hours of a session in fake time: the office
// hears of the machine, of what waits by lane, of the bytes moved, and goes on
// hearing while nothing happens.
func TestABoxTellsHowItIs(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w, err := newSim(1, dir)
		if err != nil {
			t.Fatal(err)
		}
		w.stop()
		var mu sync.Mutex
		var heard []Contact
		hub := NewHub(HubOptions{DB: w.office.db, Key: w.key, Seen: func(_ *store.Tx, c Contact) error {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, c)
			return nil
		}})
		last := func() Contact {
			mu.Lock()
			defer mu.Unlock()
			return heard[len(heard)-1]
		}
		b := w.boxes[0]
		health := Health{FreeDisk: 3 << 30, DiskSize: 29 << 30, Cuts: 4}
		b.engine = NewEngine(EngineOptions{
			DB: b.db, Key: b.key, Site: b.school, Build: "0.2", Dial: b.link.Dial, Health: func() Health { mu.Lock(); defer mu.Unlock(); return health },
			Offset: func(time.Time, time.Duration) { b.clock.Add(-time.Hour); b.clock.Doubt(false) },
		})
		for range 3 {
			if err := w.edit(&b.simSite, simUp, nil); err != nil {
				t.Fatal(err)
			}
		}
		b.clock.Add(time.Hour)
		b.clock.Doubt(true)
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		l := b.link.Listen()
		b.link.Set(2*time.Second, 0) // so that the hello is noted before all has come
		done.Go(func() { _ = hub.Serve(ctx, l) })
		done.Go(func() { _ = b.engine.Run(ctx) })

		for n := 0; n == 0; {
			time.Sleep(time.Second) // fake
			synctest.Wait()
			mu.Lock()
			n = len(heard)
			mu.Unlock()
		}
		c := last()
		if c.Site != b.school || c.Build != "0.2" || c.Health != health || c.Trusted || c.Apart < 59*time.Minute {
			t.Errorf("at the hello: %+v", c)
		}
		n := 0
		for _, l := range c.Waiting {
			n += l.Records
		}
		if n == 0 || n != c.Pending {
			t.Errorf("at the hello %d waited: %+v", c.Pending, c.Waiting)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if c := last(); c.Pending != 0 || len(c.Waiting) > 0 {
			t.Errorf("all was sent, yet %+v waits", c.Waiting)
		} else if !c.Trusted || c.Apart.Abs() > time.Minute {
			t.Errorf("the box took the office's time, which still has its clock %v apart, trusted %v", c.Apart, c.Trusted)
		}
		before := last().Last
		w.office.clock.Add(30 * time.Minute)
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if !last().Last.After(before) {
			t.Error("a quiet session was not heard for half an hour")
		}
		mu.Lock()
		health.FreeDisk, health.Cuts = 1<<30, 5
		mu.Unlock()
		time.Sleep(90 * time.Minute)
		synctest.Wait()
		if c := last(); c.Health != health {
			t.Errorf("after two hours: %+v", c.Health)
		}
		cancel()
		done.Wait()
		var up, down int64
		for _, c := range heard {
			up, down = up+c.Up, down+c.Down
		}
		if r := b.engine.Status().Reports[0]; up > r.Up+100 || down > r.Down+100 || up < r.Up-100 || down < r.Down-100 {
			t.Errorf("noted %d and %d bytes of %d and %d", up, down, r.Up, r.Down)
		}
		if n := len(heard); n > 25 {
			t.Errorf("%d commits for two quiet hours", n)
		}
		for _, s := range []*simSite{&w.office, &w.boxes[0].simSite, &w.boxes[1].simSite} {
			if err := s.db.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
