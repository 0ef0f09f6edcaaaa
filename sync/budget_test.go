package boxsync

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"preau/store"
)

// budgetSim is a simulation with one box that has a budget, in fake time.
func budgetSim(t *testing.T, budget Budget, play func(t *testing.T, w *sim, b *simBox)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w, err := newSim(5, dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			w.stop()
			time.Sleep(time.Hour) // what is on the line still
			for _, s := range []*simSite{&w.office, &w.boxes[0].simSite, &w.boxes[1].simSite} {
				if err := s.db.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
		b := w.boxes[0]
		b.budget = budget
		b.begin()
		play(t, w, b)
	})
}

func noise(seed byte, n int) []byte {
	raw := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(raw)
	return raw
}

// publish writes a record at a site, for this school when it is the office.
func publish(t *testing.T, s *simSite, c *store.Collection[simMemo], text string, file []byte, school string) {
	t.Helper()
	m := simMemo{Text: text}
	if file != nil {
		h, n, err := s.db.PutBlob(bytes.NewReader(file), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		m.File = store.Blob{Hash: h, Size: n, Name: "a.zip", Type: "application/zip"}
	}
	if err := s.db.Update(func(tx *store.Tx) error {
		id, err := c.Add(tx, m)
		if err != nil || school == "" {
			return err
		}
		return store.Address(tx, id, []string{school})
	}); err != nil {
		t.Fatal(err)
	}
}

func missing(t *testing.T, s *simSite) int {
	t.Helper()
	m, err := s.db.Missing()
	if err != nil {
		t.Fatal(err)
	}
	return len(m)
}

func laneUse(t *testing.T, b *simBox, lane store.Lane) LaneUse {
	t.Helper()
	list, err := b.engine.led.use()
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range list {
		if u.Lane == lane {
			return u
		}
	}
	t.Fatalf("no lane %d", lane)
	return LaneUse{}
}

// TestADaysBytesHold spends a day's bytes on a file that is larger, with cuts of
// the power between, and asks that no restart, no doubtful clock and no clock put
// back gives bytes again, and that records and circulars go on.
func TestADaysBytesHold(t *testing.T) {
	const day, month, file = 300_000, 700_000, 1_500_000
	budgetSim(t, Budget{store.Bulk: {Day: day, Month: month}}, func(t *testing.T, w *sim, b *simBox) {
		publish(t, &w.office, simDown, "bulk", noise(1, file), b.school)
		came := int64(0)
		for i := range 6 { // the power goes at some byte of the file
			b.link.CrashAfter(int64(30_000+7000*i), func() { b.left = b.image() })
			r, _ := w.call(b)
			came += r.Down - 3000 // what is not the file's: keys, greetings
		}
		b.link.CutAfter(0)
		crossed := laneUse(t, b, store.Bulk)
		if n := crossed.Up + crossed.Down; n < came {
			t.Errorf("%d bytes came before power cuts, %d are counted", came, n)
		}
		for range 4 {
			if _, err := w.call(b); err != nil {
				t.Fatal(err)
			}
		}
		u := laneUse(t, b, store.Bulk)
		if u.Hold != HeldDay || u.Up+u.Down > day || u.Up+u.Down < day-2*nearEnd {
			t.Errorf("%d bytes of %d counted, hold %q; %d after the power cuts", u.Up+u.Down, day, u.Hold, crossed.Up+crossed.Down)
		}
		begun := func() int64 {
			all, err := b.db.Missing()
			if err != nil || len(all) != 1 {
				t.Fatalf("%d files missing, %v", len(all), err)
			}
			n, err := begunOf(b.db, all[0].Hash)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := begun(); n > day || n < 50_000 {
			t.Errorf("%d bytes of the file have come on a day of %d", n, day)
		}
		// Neither restarts, nor a clock that wakes in 1970, nor one that wakes a year
		// ahead and doubtful, give a byte more; records and circulars go on.
		was, stood := b.clock.Time(), begun()
		for i, at := range []time.Time{was, time.Unix(0, 0), was.AddDate(1, 0, 0), was.AddDate(0, 0, 1)} {
			b.clock.Set(at)
			b.clock.Doubt(i > 0)
			if err := b.restart(nil); err != nil {
				t.Fatal(err)
			}
			b.begin()
			publish(t, &w.office, simDown, fmt.Sprint("urgent ", i), nil, b.school)
			publish(t, &b.simSite, simUp, fmt.Sprint("record ", i), nil, "")
			r, err := w.call(b)
			if err != nil || r.Sent != 1 || r.Received != 1 {
				t.Errorf("with the clock at %v: sent %d, received %d, %v", at, r.Sent, r.Received, err)
			}
			if n := begun(); n > stood+2*nearEnd {
				t.Errorf("with the clock at %v doubtful %v: %d bytes of the file more", at, i > 0, n-stood)
			}
		}
		// Each new day that is believed gives its bytes, until the month's are used.
		for i := 1; i <= 4; i++ {
			b.clock.Set(was.AddDate(0, 0, i))
			b.clock.Doubt(false)
			for range 3 {
				if _, err := w.call(b); err != nil {
					t.Fatal(err)
				}
			}
		}
		if u = laneUse(t, b, store.Bulk); u.Hold != HeldMon || u.Month > month || u.Month < month-2*nearEnd {
			t.Errorf("%d bytes of %d in the month, hold %q", u.Month, month, u.Hold)
		}
		if u.Until != time.Date(was.Year(), was.Month()+1, 1, 0, 0, 0, 0, time.UTC) {
			t.Errorf("goes on at %v", u.Until)
		}
		for i := range 5 {
			b.clock.Set(u.Until.AddDate(0, 0, i))
			if _, err := w.call(b); err != nil {
				t.Fatal(err)
			}
		}
		b.clock.Set(u.Until.AddDate(0, 1, 0)) // a month later the rest comes
		for i := range 5 {
			b.clock.Set(u.Until.AddDate(0, 1, i))
			if _, err := w.call(b); err != nil {
				t.Fatal(err)
			}
		}
		if n := missing(t, &b.simSite); n > 0 {
			t.Errorf("%d files have not come in the end", n)
		}
	})
}

// TestADoubtfulDayPasses lets a box run that never learns the time: its budget
// comes back after 24 hours of running, not sooner.
func TestADoubtfulDayPasses(t *testing.T) {
	budgetSim(t, Budget{store.Small: {Day: 100_000}}, func(t *testing.T, w *sim, b *simBox) {
		b.clock.Doubt(true)
		if err := b.engine.led.add(store.Small, 0, 90_000); err != nil {
			t.Fatal(err)
		}
		for i := range 3 { // eight hours a day, then the power goes
			time.Sleep(8*time.Hour - time.Minute)
			if err := b.engine.led.add(store.Control, 1, 1); err != nil {
				t.Fatal(err)
			}
			if u := laneUse(t, b, store.Small); u.Hold != HeldDay {
				t.Errorf("after %d times eight hours the day is said to be over", i+1)
			}
			if err := b.engine.led.settle(); err != nil {
				t.Fatal(err)
			}
			b.clock.Add(-10 * time.Hour)
			if err := b.restart(nil); err != nil {
				t.Fatal(err)
			}
			b.begin()
		}
		time.Sleep(10 * time.Minute)
		if u := laneUse(t, b, store.Small); u.Hold != Open || u.Down != 0 {
			t.Errorf("after 24 hours of running: hold %q, %d bytes", u.Hold, u.Down)
		}
	})
}

// TestFilesWaitForTheirWindow opens a session by day: a circular and the records
// cross, both sides' files wait, without the session standing still or the files
// being asked for again and again, until nine in the evening. In the morning what
// is not done stops.
func TestFilesWaitForTheirWindow(t *testing.T) {
	night := []Window{{21 * 60, 5*60 + 30}}
	budgetSim(t, Budget{store.Small: {Windows: night}, store.Bulk: {Windows: night}}, func(t *testing.T, w *sim, b *simBox) {
		tick := func(d time.Duration) {
			for ; d > 0; d -= time.Minute {
				time.Sleep(time.Minute)
				b.clock.Add(time.Minute)
				synctest.Wait()
			}
		}
		publish(t, &w.office, simDown, "small", noise(1, 20_000), b.school)
		publish(t, &w.office, simDown, "bulk", noise(2, 6_000_000), b.school)
		publish(t, &b.simSite, simUp, "up", noise(3, 200_000), "")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = b.engine.Run(ctx) }()
		defer func() { cancel(); <-done }()
		b.link.Set(300*time.Millisecond, 4000)
		tick(2 * time.Hour) // it is 7.42 in the morning
		publish(t, &w.office, simDown, "urgent", nil, b.school)
		tick(time.Minute)
		rows, err := simRows(b.db, simDown, nil)
		if err != nil || len(rows) != 3 {
			t.Errorf("%d circulars are here by day, %v", len(rows), err)
		}
		theirs, err := simRows(w.office.db, simUp, nil)
		if err != nil || len(theirs) != 1 {
			t.Errorf("%d records are at the office by day, %v", len(theirs), err)
		}
		if missing(t, &b.simSite) != 2 || missing(t, &w.office) != 1 || b.link.Moved() > 10_000 {
			t.Errorf("by day %d and %d files are missing, %d bytes moved", missing(t, &b.simSite), missing(t, &w.office), b.link.Moved())
		}
		if u := laneUse(t, b, store.Bulk); u.Hold != HeldTime || u.Until.Hour() != 21 {
			t.Errorf("hold %q until %v", u.Hold, u.Until)
		}
		if held := b.engine.Status().Held; len(held) != 2 || held[1].Lane != store.Bulk || held[1].Hold != HeldTime {
			t.Errorf("the status says that %+v wait", held)
		}
		tick(11*time.Hour + 14*time.Minute)
		if missing(t, &b.simSite) != 2 {
			t.Errorf("a file came at %v", b.clock.Time())
		}
		tick(30 * time.Minute)
		if missing(t, &b.simSite) != 1 || missing(t, &w.office) != 0 {
			t.Errorf("half an hour into the window %d and %d files are missing", missing(t, &b.simSite), missing(t, &w.office))
		}
		tick(4 * time.Hour)
		publish(t, &w.office, simDown, "again", noise(4, 9_000_000), b.school)
		b.link.Set(300*time.Millisecond, 400)
		tick(6 * time.Hour) // the window is long shut; a file of nine megabytes is begun
		before := b.link.Moved()
		tick(10 * time.Hour)
		if n := b.link.Moved() - before; n > 60_000 {
			t.Errorf("%d bytes moved by day, after the window", n)
		}
		publish(t, &w.office, simDown, "u3", nil, b.school)
		tick(time.Minute)
		if rows, err := simRows(b.db, simDown, nil); err != nil || len(rows) != 5 {
			t.Errorf("%d circulars are here the next day, %v", len(rows), err)
		}
		if n := len(b.engine.Status().Reports); n > 1 {
			t.Errorf("%d sessions ended: %+v", n, b.engine.Status().Reports)
		}
	})
}

// TestNothingIsCutFromControl asks that a budget for the pressing lanes counts for
// nothing.
func TestNothingIsCutFromControl(t *testing.T) {
	budgetSim(t, Budget{store.Urgent: {Day: 1}, store.Control: {Day: 1, Windows: []Window{{0, 1}}}}, func(t *testing.T, w *sim, b *simBox) {
		publish(t, &w.office, simDown, "urgent", nil, b.school)
		if r, err := w.call(b); err != nil || r.Received != 1 {
			t.Errorf("received %d, %v", r.Received, err)
		}
		if s, err := b.engine.led.shut(); err != nil || s != 0 {
			t.Errorf("shut %b, %v", s, err)
		}
	})
}

// TestTheBillAddsUp holds what the lanes are said to cost against what the
// session moved.
func TestTheBillAddsUp(t *testing.T) {
	budgetSim(t, nil, func(t *testing.T, w *sim, b *simBox) {
		publish(t, &w.office, simDown, "bulk", noise(1, 200_000), b.school)
		publish(t, &b.simSite, simUp, "small", noise(2, 30_000), "")
		r, err := w.call(b)
		if err != nil {
			t.Fatal(err)
		}
		var up, down int64
		for _, l := range lanes {
			u := laneUse(t, b, l)
			up, down = up+u.Up, down+u.Down
		}
		if up != r.Up || down != r.Down {
			t.Errorf("the lanes cost %d and %d, the session %d and %d", up, down, r.Up, r.Down)
		}
		if u := laneUse(t, b, store.Bulk); u.Down < 195_000 || u.Down > 210_000 {
			t.Errorf("bulk cost %d bytes for a file of 200,000", u.Down)
		}
		if u := laneUse(t, b, store.Small); u.Up < 30_000 || u.Up > 32_000 {
			t.Errorf("small cost %d bytes for a file of 30,000", u.Up)
		}
		if u := laneUse(t, b, store.Control); u.Up+u.Down > 8000 {
			t.Errorf("control cost %d", u.Up+u.Down)
		}
	})
}

func TestWindows(t *testing.T) {
	for text, want := range map[string]Window{"21:00-05:30": {21 * 60, 330}, "00:00-24:00": {0, 1440}, " 9:05 - 10:00": {545, 600}} {
		w, err := ParseWindow(text)
		if err != nil || w != want {
			t.Errorf("%q: %v, %v", text, w, err)
		}
		if again, err := ParseWindow(w.String()); err != nil || again != w {
			t.Errorf("%q came back as %v, %v", text, again, err)
		}
	}
	for _, text := range []string{"", "21:00", "25:00-05:00", "21h-5h", "05:00-05:00", "24:00-05:00"} {
		if w, err := ParseWindow(text); err == nil {
			t.Errorf("%q is taken for %v", text, w)
		}
	}
	at := func(h, m int) time.Time { return time.Date(2026, 11, 24, h, m, 0, 0, time.UTC) }
	l := Limits{Windows: []Window{{21 * 60, 330}, {12 * 60, 13 * 60}}}
	for _, c := range []struct{ at, opens time.Time }{
		{at(6, 0), at(12, 0)}, {at(12, 59), at(12, 59)}, {at(13, 0), at(21, 0)}, {at(23, 0), at(23, 0)}, {at(5, 29), at(5, 29)}, {at(5, 30), at(12, 0)},
	} {
		if got := l.opens(c.at); got != c.opens {
			t.Errorf("at %v opens at %v", c.at, got)
		}
	}
}
