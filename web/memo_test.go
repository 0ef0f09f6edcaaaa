package web_test

import (
	"net/http"
	"strconv"
	"sync"
	"testing"

	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
	"preau/web/webtest/sample"
)

func TestRememberUntilACollectionChanges(t *testing.T) {
	var mu sync.Mutex
	made := 0
	s := newSample(t, 3, func(o *webtest.Setup) {
		o.Routes = append(o.Routes, web.Route{Path: "/count", Access: school.SignedIn(), Reads: []string{"sample.notes"}, Handle: func(c *web.Ctx) error {
			n := 0
			err := c.View(func(tx *store.Tx) (err error) {
				n, err = web.Remember(c, tx, "count", []string{"sample.notes"}, func() (int, error) {
					mu.Lock()
					made++
					mu.Unlock()
					return sample.Notes.Count(tx, "number")
				})
				return err
			})
			if err != nil {
				return err
			}
			return c.Text(http.StatusOK, strconv.Itoa(n))
		}}, web.Route{Path: "/count/more", Access: school.SignedIn(), Reads: []string{"sample.notes"}, Handle: func(c *web.Ctx) error {
			err := c.DB().Update(func(tx *store.Tx) error { // looks at the count before it adds to it
				_, err := web.Remember(c, tx, "count", []string{"sample.notes"}, func() (int, error) { return sample.Notes.Count(tx, "number") })
				if err == nil {
					_, err = sample.Notes.Add(tx, sample.Note{Number: 99})
				}
				return err
			})
			if err != nil {
				return err
			}
			return c.Text(http.StatusOK, "")
		}})
	})
	c := s.As(school.Head)
	for range 3 {
		if got := c.Get("/count").Body; got != "3" {
			t.Fatalf("%s records", got)
		}
	}
	if made != 1 {
		t.Errorf("read %d times, want 1", made)
	}
	if err := sample.Fill(s.DB, 1); err != nil {
		t.Fatal(err)
	}
	if got := c.Get("/count").Body; got != "4" || made != 2 {
		t.Errorf("after a change: %s records, read %d times", got, made)
	}
	c.Get("/count/more")
	if got := c.Get("/count").Body; got != "5" {
		t.Errorf("after a write that had looked before: %s records", got)
	}
}
