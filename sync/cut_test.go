package boxsync_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	boxsync "preau/sync"

	"preau/store"
	"preau/sync/linktest"
)

// town is an office and its boxes, each behind a link of its own, all in memory
// but for their stores.
type town struct {
	t      testing.TB
	office site
	boxes  []*box
}

type box struct {
	site
	school string
	link   *linktest.Link
	engine *boxsync.Engine
}

func newTown(t *testing.T, n int) *town {
	t.Helper()
	w := &town{t: t, office: openSite(t)}
	key, err := boxsync.LoadKey(w.office.dir)
	if err != nil {
		t.Fatal(err)
	}
	hub := boxsync.NewHub(boxsync.HubOptions{DB: w.office.db, Key: key, Root: []byte("root")})
	for i := range n {
		link, l := linktest.New()
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := hub.Serve(ctx, l); err != nil {
				t.Error(err)
			}
		}()
		t.Cleanup(func() { cancel(); <-done })
		b := &box{site: openSite(t), school: "TG-" + strconv.Itoa(i+1), link: link}
		var code string
		if err := w.office.db.Update(func(tx *store.Tx) (err error) {
			code, _, err = boxsync.NewCode(tx, b.school, boxsync.DefaultCodeLife)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		key := loadKey(t, b.site)
		if _, err := boxsync.Enrol(t.Context(), boxsync.EnrolOptions{DB: b.db, Key: key, Code: code, Dial: link.Dial}); err != nil {
			t.Fatal(err)
		}
		b.engine = boxsync.NewEngine(boxsync.EngineOptions{DB: b.db, Key: key, Site: b.school, Dial: link.Dial})
		w.boxes = append(w.boxes, b)
	}
	return w
}

// same asks that office and boxes hold the same, record by record.
func (w *town) same() {
	w.t.Helper()
	var ours []string
	for _, b := range w.boxes {
		ours = append(ours, contents(w.t, b.db, up)...)
		want := addressed(w.t, w.office.db, b.school)
		if got := contents(w.t, b.db, down); !slices.Equal(got, want) {
			w.t.Errorf("%s holds\n%v\nof the office, want\n%v", b.school, got, want)
		}
	}
	slices.Sort(ours)
	if theirs := contents(w.t, w.office.db, up); !slices.Equal(theirs, ours) {
		w.t.Errorf("the office holds %d records of its boxes, they hold %d", len(theirs), len(ours))
	}
}

func contents(t testing.TB, db *store.DB, c *store.Collection[memo]) (all []string) {
	t.Helper()
	if err := db.View(func(tx *store.Tx) error {
		for r, err := range c.All(tx) {
			if err != nil {
				return err
			}
			all = append(all, fmt.Sprintf("%s %x", r.ID, sha256.Sum256([]byte(r.Value.Text)))[:40])
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func addressed(t testing.TB, db *store.DB, school string) (all []string) {
	t.Helper()
	if err := db.View(func(tx *store.Tx) error {
		for r, err := range down.All(tx) {
			if err != nil {
				return err
			}
			if slices.Contains(store.Addressed(tx, r.ID), school) {
				all = append(all, fmt.Sprintf("%s %x", r.ID, sha256.Sum256([]byte(r.Value.Text)))[:40])
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// TestACutAfterAnyByteLosesNothing cuts the same session after one byte more
// each time, a prime apart; what arrives in the end is what an uncut run brings.
func TestACutAfterAnyByteLosesNothing(t *testing.T) {
	w := newTown(t, 1)
	b := w.boxes[0]
	stride := int64(211)
	if os.Getenv("PREAU_NIGHT") != "" {
		stride = 7
	}
	cuts := 0
	for at := int64(1); at < 12_000; at += stride {
		for i := range 12 {
			put(t, b.db, up, memo{Text: fmt.Sprintf("accusé %d %d", at, i)})
		}
		put(t, w.office.db, down, memo{Text: fmt.Sprintf("circulaire %d", at), File: blob(t, w.office.db, strings.Repeat(strconv.FormatInt(at, 36), 900))}, b.school)
		b.link.CutAfter(at)
		_, err := b.engine.Once(t.Context())
		if err != nil {
			cuts++
		}
		b.link.CutAfter(0)
		if _, err := b.engine.Once(t.Context()); err != nil {
			t.Fatalf("after a cut at byte %d: %v", at, err)
		}
		if missing, err := b.db.Missing(); err != nil || len(missing) > 0 {
			t.Fatalf("after a cut at byte %d: %d files missing, %v", at, len(missing), err)
		}
	}
	w.same()
	if cuts < 10 {
		t.Errorf("only %d sessions were cut: the test proves little", cuts)
	}
	t.Logf("%d sessions cut", cuts)
}
