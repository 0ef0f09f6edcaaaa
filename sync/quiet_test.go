package boxsync

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestAskingCostsLittle counts the bytes of a new connection that has nothing to
// say, and of an hour in which nothing happens.
func TestAskingCostsLittle(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w, err := newSim(1, dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			w.stop()
			for _, s := range []*simSite{&w.office, &w.boxes[0].simSite, &w.boxes[1].simSite} {
				if err := s.db.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
		b := w.boxes[0]
		if err := w.edit(&b.simSite, simUp, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := w.call(b); err != nil {
			t.Fatal(err)
		}
		r, err := w.call(b)
		if err != nil {
			t.Fatal(err)
		}
		if r.Up+r.Down > 1500 {
			t.Errorf("a new connection with nothing new: %d bytes up, %d down", r.Up, r.Down)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = b.engine.Run(ctx)
		}()
		time.Sleep(time.Minute) // fake: greeted, and the compressors let go
		synctest.Wait()
		if s := b.engine.Status(); s.State != "connected" {
			t.Fatalf("state %s", s.State)
		}
		before := b.link.Moved()
		time.Sleep(time.Hour)
		synctest.Wait()
		each := (b.link.Moved() - before) / int64(time.Hour/pingEvery)
		if each > 130 {
			t.Errorf("asking in an open session costs %d bytes", each)
		}
		if s := b.engine.Status(); len(s.Reports) > 2 {
			t.Errorf("the session did not last: %+v", s.Reports[0])
		}
		t.Logf("new connection: %d bytes; open session: %d bytes each time", r.Up+r.Down, each)
		// What comes after the silence still arrives.
		if err := w.edit(&b.simSite, simUp, nil); err != nil {
			t.Fatal(err)
		}
		if err := w.edit(&w.office, simDown, []string{b.school}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n, err := simRows(b.db, simDown, nil); err != nil || len(n) != 1 {
			t.Errorf("%d circulars came, %v", len(n), err)
		}
		if s := b.engine.Status(); s.Pending.Records != 0 {
			t.Errorf("%d records still wait", s.Pending.Records)
		}
		cancel()
		<-done
	})
}
