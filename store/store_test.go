package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"preau/store"
	"preau/store/storetest"
)

type note struct {
	Title string     `cbor:"1,keyasint,omitempty"`
	Rank  int        `cbor:"2,keyasint,omitempty"`
	File  store.Blob `cbor:"3,keyasint,omitempty"`
}

func spec(name string, home store.Home) store.Spec[note] {
	return store.Spec[note]{Name: name, Home: home, Indexes: []store.Index[note]{
		{Name: "title", Unique: true, Keys: func(n *note) [][]byte { return [][]byte{store.Key(n.Title)} }},
		{Name: "rank", Keys: func(n *note) [][]byte { return [][]byte{store.Key(n.Rank)} }},
	}, Blobs: func(n *note) []store.Blob {
		if n.File.Hash.IsZero() {
			return nil
		}
		return []store.Blob{n.File}
	}}
}

var (
	locals  = store.Define(spec("t.local", store.Local))
	ups     = store.Define(spec("t.up", store.Up))
	downs   = store.Define(spec("t.down", store.Down))
	scratch = store.Define(spec("t.scratch", store.Scratch))
	all     = []store.Definition{locals, ups, downs, scratch}
)

func add(t *testing.T, db *store.DB, c *store.Collection[note], n note) (id store.ID) {
	t.Helper()
	if err := db.Update(func(tx *store.Tx) (err error) { id, err = c.Add(tx, n); return err }); err != nil {
		t.Fatal(err)
	}
	return id
}

func titles(t *testing.T, db *store.DB, c *store.Collection[note], q store.Query) (s []string) {
	t.Helper()
	if err := db.View(func(tx *store.Tx) error {
		for r, err := range c.Scan(tx, q) {
			if err != nil {
				return err
			}
			s = append(s, r.Value.Title)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestARecordIsWrittenFoundChangedAndDeleted(t *testing.T) {
	db := storetest.Open(t, all...)
	id := add(t, db, locals, note{Title: "b", Rank: 2})
	add(t, db, locals, note{Title: "a", Rank: -1})
	add(t, db, locals, note{Title: "c", Rank: 10})
	if got := fmt.Sprint(titles(t, db, locals, store.Query{Index: "rank"})); got != "[a b c]" {
		t.Errorf("by rank: %s", got)
	}
	if got := fmt.Sprint(titles(t, db, locals, store.Query{Index: "rank", Reverse: true})); got != "[c b a]" {
		t.Errorf("by rank, downwards: %s", got)
	}
	if back, err := store.ParseID(id.String()); err != nil || back != id {
		t.Errorf("ParseID(%s) = %v, %v", id, back, err)
	}
	err := db.Update(func(tx *store.Tx) error {
		if err := locals.Set(tx, id, note{Title: "z", Rank: 3}); err != nil {
			return err
		}
		_, err := locals.One(tx, "title", "b")
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the old title is still found: %v", err)
		}
		return locals.Delete(tx, id)
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = db.View(func(tx *store.Tx) error {
		if _, err := locals.Get(tx, id); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("deleted, yet read: %v", err)
		}
		return nil
	})
}

func TestAUniqueIndexRefusesAtHome(t *testing.T) {
	db := storetest.Open(t, all...)
	add(t, db, locals, note{Title: "one"})
	err := db.Update(func(tx *store.Tx) error { _, err := locals.Add(tx, note{Title: "one"}); return err })
	var unique *store.UniqueError
	if !errors.As(err, &unique) || unique.Index != "title" {
		t.Fatalf("got %v", err)
	}
}

func TestARefusedWriterLeavesNothingInASharedCommit(t *testing.T) {
	db := storetest.Open(t, all...)
	refused := errors.New("no")
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			defer func() { _ = recover() }()
			err := db.Update(func(tx *store.Tx) error {
				if _, err := locals.Add(tx, note{Title: fmt.Sprint(i), Rank: i}); err != nil {
					return err
				}
				switch i % 4 {
				case 1:
					return refused
				case 2:
					panic("a handler's bug")
				}
				return nil
			})
			if (i%4 == 1) != errors.Is(err, refused) {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := len(titles(t, db, locals, store.Query{})); n != 32 {
		t.Errorf("%d records, want 32", n)
	}
	head, _ := db.Head(store.Feed{Origin: db.Origin(), Lane: store.Records})
	if head.Number != 32 {
		t.Errorf("numbers run to %d: not gapless", head.Number)
	}
}

func TestTheFeedGivesTheNewestVersionOnce(t *testing.T) {
	box, office := storetest.Open(t, all...), storetest.Open(t, all...)
	id := add(t, box, ups, note{Title: "a"})
	for i := range 30 {
		if err := box.Update(func(tx *store.Tx) error { return ups.Set(tx, id, note{Title: "a", Rank: i}) }); err != nil {
			t.Fatal(err)
		}
	}
	add(t, box, ups, note{Title: "b"})
	f := store.Feed{Origin: box.Origin(), Lane: store.Records}
	b, err := box.Changes(f, store.Cursor{}, 1<<20)
	if err != nil || len(b.Rows) != 2 || b.To.Number != 32 {
		t.Fatalf("%d rows up to %d, %v", len(b.Rows), b.To.Number, err)
	}
	for range 2 { // twice changes nothing
		if err := office.Apply(b, "TG-1"); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(titles(t, office, ups, store.Query{Index: "title"})); got != "[a b]" {
		t.Errorf("at the office: %s", got)
	}
	if err := office.Apply(b, "TG-2"); !errors.Is(err, store.ErrBatch) {
		t.Errorf("another school sent the same origin: %v", err)
	}
	have, _ := office.Received(f)
	if have != b.To {
		t.Errorf("received %v, want %v", have, b.To)
	}
	progress(t, box, id, store.Waiting)
	box.Sent(f, b.To)
	progress(t, box, id, store.Sent)
	if err := box.Acked(f, have); err != nil {
		t.Fatal(err)
	}
	progress(t, box, id, store.Arrived)
	if next, err := box.Changes(f, have, 1<<20); err != nil || len(next.Rows) != 0 || next.To != have {
		t.Errorf("nothing new, yet %v, %v", next, err)
	}
	have.Digest[0]++
	if _, err := box.Changes(f, have, 1<<20); !errors.Is(err, store.ErrCursor) {
		t.Errorf("a foreign cursor: %v", err)
	}
}

func progress(t *testing.T, db *store.DB, id store.ID, want store.State) {
	t.Helper()
	_ = db.View(func(tx *store.Tx) error {
		if p, err := store.Progress(tx, id); err != nil || p.State != want {
			t.Errorf("progress %v, %v, want %v", p.State, err, want)
		}
		return nil
	})
}

func TestAnOutboxFollowsTheAudience(t *testing.T) {
	office, box := storetest.Open(t, all...), storetest.Open(t, all...)
	id := add(t, office, downs, note{Title: "circular"})
	address := func(sites ...string) {
		if err := office.Update(func(tx *store.Tx) error { return store.Address(tx, id, sites) }); err != nil {
			t.Fatal(err)
		}
	}
	f := store.Feed{Origin: office.Origin(), Lane: store.Records, Site: "TG-1"}
	carry := func() store.Batch {
		have, _ := box.Received(f)
		b, err := office.Changes(f, have, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Apply(b, ""); err != nil {
			t.Fatal(err)
		}
		return b
	}
	address("TG-1", "TG-2")
	carry()
	if n := len(titles(t, box, downs, store.Query{})); n != 1 {
		t.Fatalf("%d records arrived", n)
	}
	address("TG-1", "TG-2")
	if b := carry(); len(b.Rows)+len(b.Gone) != 0 {
		t.Errorf("the same audience sent %v", b)
	}
	address("TG-2")
	if b := carry(); len(b.Gone) != 1 {
		t.Errorf("left the audience: %v", b)
	}
	if n := len(titles(t, box, downs, store.Query{})); n != 0 {
		t.Errorf("%d records stayed", n)
	}
	address("TG-1")
	if err := office.Update(func(tx *store.Tx) error { return downs.Set(tx, id, note{Title: "second"}) }); err != nil {
		t.Fatal(err)
	}
	carry()
	if got := fmt.Sprint(titles(t, box, downs, store.Query{})); got != "[second]" {
		t.Errorf("back in the audience: %s", got)
	}
	err := box.Update(func(tx *store.Tx) error { return downs.Set(tx, id, note{Title: "forged"}) })
	if !errors.Is(err, store.ErrNotHome) {
		t.Errorf("a box edited the office's record: %v", err)
	}
}

func TestABlobIsKeptByItsHash(t *testing.T) {
	db, far := storetest.Open(t, all...), storetest.Open(t, all...)
	h, n, err := db.PutBlob(strings.NewReader("annexe"), 10)
	if err != nil || n != 6 {
		t.Fatal(n, err)
	}
	if _, _, err := db.PutBlob(strings.NewReader("annexe trop longue"), 10); !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("too long: %v", err)
	}
	add(t, db, ups, note{Title: "x", File: store.Blob{Hash: h, Size: n, Name: "annexe.txt", Type: "text/plain"}})
	b, _ := db.Changes(store.Feed{Origin: db.Origin(), Lane: store.Records}, store.Cursor{}, 1<<20)
	if err := far.Apply(b, "TG-1"); err != nil {
		t.Fatal(err)
	}
	missing, err := far.Missing()
	if err != nil || len(missing) != 1 || missing[0].Name != "annexe.txt" {
		t.Fatalf("missing %v, %v", missing, err)
	}
	for _, piece := range []string{"ann", "exe"} { // a restart between the pieces
		p, err := far.Partial(h, n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
		if p.Offset() < n {
			p.Close()
			continue
		}
		if err := p.Finish(); err != nil {
			t.Fatal(err)
		}
	}
	if !far.HasBlob(h) {
		t.Error("arrived whole, not kept")
	}
	p, _ := far.Partial(store.Hash{1}, 3)
	_, _ = p.Write([]byte("abc"))
	if err := p.Finish(); !errors.Is(err, store.ErrHash) {
		t.Errorf("wrong bytes: %v", err)
	}
}

func TestASecondHolderIsRefusedByPid(t *testing.T) {
	dir := t.TempDir()
	storetest.OpenAt(t, dir, new(storetest.Clock), all...)
	_, err := store.Open(dir, store.Options{Collections: all})
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), "process ") {
		t.Errorf("got %v", err)
	}
}

func TestASweepTakesOnlyWhatNothingNames(t *testing.T) {
	db := storetest.Open(t, locals) // which does not know ups
	put := func(text string) store.Blob {
		h, n, err := db.PutBlob(strings.NewReader(text), 100)
		if err != nil {
			t.Fatal(err)
		}
		return store.Blob{Hash: h, Size: n, Name: "a", Type: "text/plain"}
	}
	sweep := func(want int) {
		t.Helper()
		if n, _, err := db.SweepBlobs(); err != nil || n != want {
			t.Errorf("%d swept, %v, want %d", n, err, want)
		}
	}
	kept, dropped, orphan := put("kept"), put("dropped"), put("orphan")
	add(t, db, locals, note{Title: "kept", File: kept})
	copied := put("copied")
	inCopy := add(t, db, locals, note{Title: "copied", File: copied})
	if _, err := db.CopyVerified(); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *store.Tx) error { return locals.Delete(tx, inCopy) }); err != nil {
		t.Fatal(err)
	}
	id := add(t, db, locals, note{Title: "dropped", File: dropped})
	other := storetest.Open(t, ups)
	if _, _, err := other.PutBlob(strings.NewReader("later"), 100); err != nil {
		t.Fatal(err)
	}
	later := put("later")
	add(t, other, ups, note{Title: "later", File: later})
	b, err := other.Changes(store.Feed{Origin: other.Origin(), Lane: store.Records}, store.Cursor{}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Apply(b, "TG-1"); err != nil {
		t.Fatal(err)
	}
	sweep(0)
	if err := db.Update(func(tx *store.Tx) error { return locals.Delete(tx, id) }); err != nil {
		t.Fatal(err)
	}
	sweep(1) // the orphan
	orphan = put("orphan")
	sweep(1)      // what was dropped
	put("orphan") // somebody sends it again: its record is on its way
	sweep(0)
	sweep(1)
	sweep(0)
	for _, b := range []store.Blob{kept, copied, later} {
		if !db.HasBlob(b.Hash) {
			t.Errorf("%s is gone", b.Hash)
		}
	}
	if db.HasBlob(dropped.Hash) || db.HasBlob(orphan.Hash) {
		t.Error("what nothing names is still here")
	}
}
