package boxsync

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"preau/store"
)

// TestAnUrgentCircularOvertakes: 32 kbit/s, a second there and back, five
// megabytes waiting. It counts from the dial, and from the signing while a file
// is under way.
func TestAnUrgentCircularOvertakes(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w, err := newSim(3, dir)
		if err != nil {
			t.Fatal(err)
		}
		b := w.boxes[0]
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		defer func() {
			cancel()
			<-done
			w.stop()
			for _, s := range []*simSite{&w.office, &b.simSite, &w.boxes[1].simSite} {
				if err := s.db.Close(); err != nil {
					t.Error(err)
				}
			}
		}()
		raw := make([]byte, 5<<20)
		_, _ = rand.NewChaCha8([32]byte{1}).Read(raw)
		h, n, err := w.office.db.PutBlob(bytes.NewReader(raw), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		publish := func(m simMemo) {
			if err := w.office.db.Update(func(tx *store.Tx) error {
				id, err := simDown.Add(tx, m)
				if err != nil {
					return err
				}
				return store.Address(tx, id, []string{b.school})
			}); err != nil {
				t.Fatal(err)
			}
		}
		publish(simMemo{Text: "bulk", File: store.Blob{Hash: h, Size: n, Name: "a.zip", Type: "application/zip"}})
		publish(simMemo{Text: "u1"}) // u: urgent
		readable := func(text string) time.Duration {
			start := time.Now()
			for range 600 {
				rows, err := simRows(b.db, simDown, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range rows {
					if r[:2] == text {
						return time.Since(start)
					}
				}
				time.Sleep(100 * time.Millisecond) // fake
			}
			return time.Hour
		}
		b.link.Set(500*time.Millisecond, 4000)
		go func() { defer close(done); _ = b.engine.Run(ctx) }()
		first := readable("u1")
		time.Sleep(time.Minute) // the file is under way
		if b.link.Moved() < 50_000 {
			t.Errorf("only %d bytes moved: nothing is under way", b.link.Moved())
		}
		publish(simMemo{Text: "u2"})
		second := readable("u2")
		if first > 6*time.Second || second > 6*time.Second {
			t.Errorf("readable %v after the dial, %v after the signing amid a file", first, second)
		}
		t.Logf("readable %v after the dial, %v after the signing amid a file", first, second)
	})
}
