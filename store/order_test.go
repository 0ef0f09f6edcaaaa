package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"preau/store"
	"preau/store/storetest"
)

// step is what a client asked of one record and what it was told.
type step struct {
	record int
	what   string // read, add (answers what it made), refuse (must leave nothing)
}

// oneRecordAtATime says what the answers must look like: as if each record had been
// read and written by one client after the other.
var oneRecordAtATime = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		by := map[int][]porcupine.Operation{}
		for _, o := range history {
			by[o.Input.(step).record] = append(by[o.Input.(step).record], o)
		}
		var parts [][]porcupine.Operation
		for _, p := range by {
			parts = append(parts, p)
		}
		return parts
	},
	Init: func() any { return 0 },
	Step: func(state, input, output any) (bool, any) {
		is, told := state.(int), output.(int)
		switch input.(step).what {
		case "add":
			return told == is+1, told
		case "refuse":
			return told == is, is
		}
		return told == is, is
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprint(input, " → ", output) },
}

// TestConcurrentWritersAreAsOneAfterTheOther has sixteen clients read, raise and
// leave again four records, and asks whether some order explains every answer.
func TestConcurrentWritersAreAsOneAfterTheOther(t *testing.T) {
	db := storetest.Open(t, all...)
	ids := make([]store.ID, 4)
	for i := range ids {
		ids[i] = add(t, db, locals, note{Title: fmt.Sprint(i)})
	}
	var mu sync.Mutex
	var history []porcupine.Operation
	start := time.Now()
	var clients sync.WaitGroup
	for client := range 16 {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(uint64(client), 1))
			for range storetest.Total("linearizable steps", 60, 600) {
				s := step{r.IntN(len(ids)), []string{"read", "add", "add", "refuse"}[r.IntN(4)]}
				called := time.Since(start)
				told, err := take(db, s, ids[s.record])
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: s, Call: int64(called), Output: told, Return: int64(time.Since(start))})
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	if got := porcupine.CheckOperationsTimeout(oneRecordAtATime, history, time.Minute); got != porcupine.Ok {
		t.Errorf("of %d answers: %s", len(history), got)
	}
	storetest.Record(t, "linearizable answers", len(history), nil)
}

var errRefused = errors.New("refused")

// take does a step and gives the record's rank as the client was told.
func take(db *store.DB, s step, id store.ID) (rank int, err error) {
	look := func(tx *store.Tx) error {
		r, err := locals.Get(tx, id)
		rank = r.Value.Rank
		return err
	}
	if s.what == "read" {
		return rank, db.View(look)
	}
	err = db.Update(func(tx *store.Tx) error {
		if err := look(tx); err != nil {
			return err
		}
		more := rank + 1
		if s.what == "add" {
			rank = more
		}
		if err := locals.Set(tx, id, note{Title: fmt.Sprint(s.record), Rank: more}); err != nil {
			return err
		}
		if s.what == "refuse" {
			return errRefused
		}
		return nil
	})
	if errors.Is(err, errRefused) {
		err = nil
	}
	return rank, err
}

func TestAnOlderVersionNeverComesBack(t *testing.T) {
	box, office := storetest.Open(t, all...), storetest.Open(t, all...)
	f := store.Feed{Origin: box.Origin(), Lane: store.Records}
	id := add(t, box, ups, note{Title: "first"})
	older, err := box.Changes(f, store.Cursor{}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Update(func(tx *store.Tx) error { return ups.Set(tx, id, note{Title: "second"}) }); err != nil {
		t.Fatal(err)
	}
	newer, err := box.Changes(f, store.Cursor{}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []store.Batch{newer, older} {
		if err := office.Apply(b, "TG-1"); err != nil {
			t.Fatal(err)
		}
	}
	if got := titles(t, office, ups, store.Query{Index: "title"}); fmt.Sprint(got) != "[second]" {
		t.Errorf("at the office: %v", got)
	}
}

// A box that meets an office of two lives hears of the first only from rows in the
// outbox of the second.
func TestALifeThatOnlyRowsNameIsTheOlder(t *testing.T) {
	box, office := storetest.Open(t, all...), storetest.Open(t, all...)
	id := add(t, office, downs, note{Title: "first"})
	if err := office.Update(func(tx *store.Tx) error { return store.Address(tx, id, []string{"TG-1"}) }); err != nil {
		t.Fatal(err)
	}
	if err := office.Rebirth(1_000_000); err != nil {
		t.Fatal(err)
	}
	f, after := store.Feed{Origin: office.Origin(), Lane: store.Records, Site: "TG-1"}, store.Cursor{}
	for _, title := range []string{"first", "second"} {
		if title == "second" {
			if err := office.Update(func(tx *store.Tx) error { return downs.Set(tx, id, note{Title: title}) }); err != nil {
				t.Fatal(err)
			}
		}
		b, err := office.Changes(f, after, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if err := box.Apply(b, ""); err != nil {
			t.Fatal(err)
		}
		after = b.To
		if got := titles(t, box, downs, store.Query{Index: "title"}); fmt.Sprint(got) != "["+title+"]" {
			t.Errorf("on the box: %v", got)
		}
	}
}

func TestAnAcknowledgementReachesNoFurtherThanTheFeed(t *testing.T) {
	db := storetest.Open(t, all...)
	id := add(t, db, ups, note{Title: "a"})
	f := store.Feed{Origin: db.Origin(), Lane: store.Records}
	head, err := db.Head(f)
	if err != nil {
		t.Fatal(err)
	}
	beyond, other := head, head
	beyond.Number++
	other.Digest[0]++
	for _, c := range []store.Cursor{beyond, other} {
		if err := db.Acked(f, c); !errors.Is(err, store.ErrCursor) {
			t.Errorf("acknowledged %v: %v", c, err)
		}
	}
	progress(t, db, id, store.Waiting)
}

func TestTimeNeverGoesBelowTheNewestStored(t *testing.T) {
	dir, clock := t.TempDir(), storetest.NewClock()
	db, err := store.Open(dir, store.Options{Collections: all, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	add(t, db, locals, note{Title: "today"})
	newest := clock.Time()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	clock.Set(time.Date(1970, 1, 1, 0, 0, 7, 0, time.UTC)) // a box that woke without a battery
	db = storetest.OpenAt(t, dir, clock, all...)
	id := add(t, db, locals, note{Title: "in 1970"})
	if err := db.View(func(tx *store.Tx) error {
		r, err := locals.Get(tx, id)
		if r.Time.Before(newest) || r.Trusted {
			t.Errorf("written %s, trusted %t, after %s", r.Time, r.Trusted, newest)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
