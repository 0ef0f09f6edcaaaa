package boxsync_test

import (
	"context"
	"errors"
	"net"
	"testing"

	boxsync "preau/sync"

	"preau/store"
)

// TestTheLastAttemptsOutliveTheProgram: a box that is started anew, as after a power
// cut, knows what its last attempts did; those that fail in the same way over and
// over cost one commit.
func TestTheLastAttemptsOutliveTheProgram(t *testing.T) {
	p := newPair(t)
	put(t, p.box.db, up, memo{Text: "a"})
	p.once(t)
	before := commits(t, p.box.db)
	failing := boxsync.NewEngine(boxsync.EngineOptions{DB: p.box.db, Key: loadKey(t, p.box), Site: "TG-1", Dial: func(context.Context, string) (net.Conn, error) {
		return nil, errors.New("nobody answers")
	}})
	for range 5 {
		if _, err := failing.Once(t.Context()); err == nil {
			t.Fatal("nobody answers there")
		}
	}
	if n := commits(t, p.box.db) - before; n != 1 {
		t.Errorf("five attempts that failed alike cost %d commits", n)
	}
	s := p.newEngine(t, p.box, "TG-1").Status()
	if s.State != "offline" || s.LastContact.IsZero() || len(s.Reports) != 2 {
		t.Fatalf("a new program knows %+v", s)
	}
	if r := s.Reports[0]; r.Stage != "dialled" || r.Err == "" {
		t.Errorf("the newest is %+v", r)
	}
	if r := s.Reports[1]; r.Stage != "" || r.Sent != 1 || r.Up == 0 || len(r.Steps) < 4 || !s.LastContact.Equal(r.Ended) {
		t.Errorf("the one before is %+v", r)
	}
}

func commits(t *testing.T, db *store.DB) (n uint64) {
	t.Helper()
	if err := db.View(func(tx *store.Tx) error { n = tx.Commit(); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}
