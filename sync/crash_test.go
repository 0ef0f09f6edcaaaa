package boxsync

import (
	"errors"
	"testing"
	"testing/synctest"

	"preau/store/storetest"
)

// TestACrashAtAnyByteLosesNothing takes the power from the office, then from the
// box, after each byte of a session in turn; a prime apart by day. Each time no
// item may say that it arrived when it has not.
func TestACrashAtAnyByteLosesNothing(t *testing.T) {
	dir := t.TempDir()
	stride := int64(1 + 10/storetest.Total("crash at every byte", 1, 10))
	synctest.Test(t, func(t *testing.T) {
		w, err := newSim(7, dir)
		if err != nil {
			t.Fatal(err)
		}
		b := w.boxes[0]
		defer func() {
			w.stop()
			for _, s := range []*simSite{&w.office, &b.simSite, &w.boxes[1].simSite} {
				if err := s.db.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
		crashes := 0
		for at := int64(1); at < 2300; at += stride {
			if at > 1500 { // where what was said is confirmed
				stride = min(stride, 3)
			}
			s := &w.office
			if at%2 == 0 {
				s = &b.simSite
			}
			if err := errors.Join(w.edit(&b.simSite, simUp, nil), w.edit(&w.office, simDown, []string{b.school})); err != nil {
				t.Fatal(err)
			}
			b.link.CrashAfter(at, func() { crashes++; s.left = s.image() })
			_, _ = w.call(b)
			if err := w.honest(); err != nil {
				t.Fatalf("after byte %d: %v", at, err)
			}
			b.link.CutAfter(0)
		}
		if err := w.settle(); err != nil {
			t.Error(err)
		}
		storetest.Record(t, "crashes at a byte", crashes, nil)
	})
}
