package boxsync

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"preau/store"
)

// TestTheOfficeIsAwayForAWeek plays a week without a link in fake time. Both sides
// go on writing; nothing is lost, no item ever says more than is true, the box
// calls no more than every quarter of an hour or so, and all has crossed soon after
// the link is back.
func TestTheOfficeIsAwayForAWeek(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w, err := newSim(3, dir)
		if err != nil {
			t.Fatal(err)
		}
		b := w.boxes[0]
		write := func(db *store.DB, c *store.Collection[simMemo], sites ...string) (id store.ID) {
			if err := db.Update(func(tx *store.Tx) (err error) {
				if id, err = c.Add(tx, simMemo{Text: "of this day"}); err == nil && sites != nil {
					err = store.Address(tx, id, sites)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return id
		}
		stands := func(when string, ups, downs []store.ID, want store.State) {
			_ = b.db.View(func(tx *store.Tx) error {
				for _, id := range ups {
					if p, err := store.Progress(tx, id); err != nil || p.State != want {
						t.Errorf("%s: what the school wrote is %v, %v", when, p.State, err)
					}
				}
				return nil
			})
			_ = w.office.db.View(func(tx *store.Tx) error {
				for _, id := range downs {
					if p, err := store.ProgressAt(tx, id, b.school); err != nil || p.State != want {
						t.Errorf("%s: what the office wrote is %v, %v", when, p.State, err)
					}
				}
				return nil
			})
		}
		var ctx context.Context
		var stop context.CancelFunc
		var run sync.WaitGroup
		begin := func() {
			ctx, stop = context.WithCancel(t.Context())
			b.begin()
			e := b.engine
			run.Go(func() { _ = e.Run(ctx) })
		}
		end := func() {
			stop()
			run.Wait()
		}
		b.link.Down(true)
		begin()
		var ups, downs []store.ID
		for day := range 7 {
			ups, downs = append(ups, write(b.db, simUp)), append(downs, write(w.office.db, simDown, b.school))
			time.Sleep(24 * time.Hour)
			synctest.Wait()
			b.clock.Add(24 * time.Hour)
			w.office.clock.Add(24 * time.Hour)
			stands("in the week", ups, downs, store.Waiting)
			if s := b.engine.Status(); s.State == "connected" || s.Pending.Records != len(ups) || time.Until(s.Next) > 2*lastBack {
				t.Errorf("day %d: %s, %d wait, next call in %v", day, s.State, s.Pending.Records, time.Until(s.Next))
			}
			if day == 3 { // the power goes at the school
				end()
				if err := b.restart(b.image()); err != nil {
					t.Fatal(err)
				}
				begin()
			}
		}
		b.link.Down(false)
		time.Sleep(2 * lastBack)
		synctest.Wait()
		stands("after the week", ups, downs, store.Arrived)
		for _, x := range []struct {
			db   *store.DB
			c    *store.Collection[simMemo]
			want int
		}{{b.db, simDown, 7}, {w.office.db, simUp, 7}} {
			if n, err := simRows(x.db, x.c, nil); err != nil || len(n) != x.want {
				t.Errorf("%d records crossed, %v", len(n), err)
			}
		}
		end()
		w.stop()
		for _, s := range []*simSite{&w.office, &w.boxes[0].simSite, &w.boxes[1].simSite} {
			if err := s.db.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
