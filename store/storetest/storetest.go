// Package storetest opens stores for tests: in a folder of their own, with a
// clock that the test sets, checked whole when the test ends. So every test
// that uses a store is also a test of the store's integrity.
package storetest

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"preau/store"
)

// Clock is a clock that stands still until it is told. The zero value stands
// at 13 October 2026, 7 h 42 UTC, and is trusted.
type Clock struct {
	mu       sync.Mutex
	at       time.Time
	doubtful bool
}

// Now is the time it was set to.
func (c *Clock) Now() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		c.at = time.Date(2026, 10, 13, 7, 42, 0, 0, time.UTC)
	}
	return c.at, !c.doubtful
}

// NewClock is a clock at its first hour.
func NewClock() *Clock { return new(Clock) }

// Time is where the clock stands.
func (c *Clock) Time() time.Time {
	t, _ := c.Now()
	return t
}

// Set moves the clock, also backwards.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

// Add moves the clock on.
func (c *Clock) Add(d time.Duration) { c.Set(c.Time().Add(d)) }

// Doubt says whether the clock is to be trusted.
func (c *Clock) Doubt(doubtful bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubtful = doubtful
}

// Open opens a fresh store for the test with a Clock of its own.
func Open(t testing.TB, defs ...store.Definition) *store.DB {
	t.Helper()
	return OpenAt(t, t.TempDir(), new(Clock), defs...)
}

// OpenAt opens the store in dir. When the test ends it is closed, if the test
// has not, and checked.
func OpenAt(t testing.TB, dir string, clock store.Clock, defs ...store.Definition) *store.DB {
	t.Helper()
	db, err := store.Open(dir, store.Options{Collections: defs, Clock: clock, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		report, err := store.Check(dir)
		if err != nil {
			t.Errorf("check: %v", err)
		}
		for _, p := range report.Problems {
			t.Errorf("check: %s at %s: %s", p.Kind, p.Where, p.What)
		}
	})
	return db
}
