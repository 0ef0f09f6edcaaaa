package boxsync

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"preau/store"
)

// TestWhatIsUrgentGoesFirstAcrossSessions has one box fetch a large file while an
// urgent circular goes out to another on a thin line: the file waits for it, but not
// for ever, and is whole in the end.
func TestWhatIsUrgentGoesFirstAcrossSessions(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w, err := newSim(1, dir)
		if err != nil {
			t.Fatal(err)
		}
		w.stop()
		hub := NewHub(HubOptions{DB: w.office.db, Key: w.key})
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		publish := func(m simMemo, school string) {
			if err := w.office.db.Update(func(tx *store.Tx) error {
				id, err := simDown.Add(tx, m)
				if err != nil {
					return err
				}
				return store.Address(tx, id, []string{school})
			}); err != nil {
				t.Error(err)
			}
		}
		noise := func(n int) []byte {
			raw := make([]byte, n)
			_, _ = rand.NewChaCha8([32]byte{1}).Read(raw)
			return raw
		}
		a, b := w.boxes[0], w.boxes[1]
		for _, x := range w.boxes {
			l := x.link.Listen()
			done.Go(func() { _ = hub.Serve(ctx, l) })
			done.Go(func() { _ = x.engine.Run(ctx) })
		}
		a.link.Set(10*time.Millisecond, 1<<20)
		b.link.Set(10*time.Millisecond, 4000)
		time.Sleep(5 * time.Second) // fake, as all that follows
		h, n, err := w.office.db.PutBlob(bytes.NewReader(noise(8<<20)), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		publish(simMemo{Text: "bulk", File: store.Blob{Hash: h, Size: n, Name: "a.zip", Type: "application/zip"}}, a.school)
		moved := func(d time.Duration) int64 {
			from := a.link.Moved()
			time.Sleep(d)
			return a.link.Moved() - from
		}
		time.Sleep(time.Second)
		if got := moved(time.Second); got < 500_000 {
			t.Errorf("%d bytes a second when nothing is urgent", got)
		}
		publish(simMemo{Text: "u" + string(bytes.ToValidUTF8(noise(30_000), []byte("?")))}, b.school)
		time.Sleep(100 * time.Millisecond)
		if got := moved(3 * time.Second); got > 300_000 || got < 3*maxPiece {
			t.Errorf("%d bytes in three seconds in which something urgent went out", got)
		}
		time.Sleep(40 * time.Second)
		if !a.db.HasBlob(h) {
			t.Error("the file did not arrive")
		}
		if rows, err := simRows(b.db, simDown, nil); err != nil || len(rows) != 1 {
			t.Errorf("%d circulars, %v", len(rows), err)
		}
		if hub.gate.clear() != nil {
			t.Error("something urgent is still said to be on its way")
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
