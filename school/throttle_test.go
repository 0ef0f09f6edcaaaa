package school_test

import (
	"sync"
	"testing"
	"time"

	"preau/school"
	"preau/store"
	"preau/store/storetest"
)

func TestAccountThrottle(t *testing.T) {
	cheap(t)
	clock := new(storetest.Clock)
	dir := t.TempDir()
	db := storetest.OpenAt(t, dir, clock, school.Collections()...)
	var head store.ID
	update(t, db, func(tx *store.Tx) (err error) {
		head, err = school.People.Add(tx, school.Person{Kind: school.Staff, Surname: "AGBODJAN", Login: "head", Roles: []school.Role{school.Head}})
		return err
	})
	giveSecret(t, db, head, rightSecret, false)
	check := func(login, secret, device string) string {
		_, _, err := school.CheckSecret(t.Context(), db, login, secret, device)
		return refusalKey(err)
	}
	if key := check("head", rightSecret, "office"); key != "" {
		t.Fatal(key)
	}
	// A guesser moves from device to device, on a known and an unknown name alike.
	for _, login := range []string{"head", "nobody"} {
		for i := range 10 {
			if key := check(login, "guess", "lab"+string(rune('a'+i))); key != "signin.refused.wrong" {
				t.Fatalf("%s, guess %d: %s", login, i+1, key)
			}
		}
		if key := check(login, rightSecret, "labz"); key != "signin.refused.wait" {
			t.Errorf("%s, guess 11: %s", login, key)
		}
	}
	if key := check("head", rightSecret, "office"); key != "" {
		t.Errorf("the head on his own machine: %s", key)
	}
	// Pulling the plug gives nothing back.
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = storetest.OpenAt(t, dir, clock, school.Collections()...)
	if key := check("head", rightSecret, "labz"); key != "signin.refused.wait" {
		t.Errorf("after a restart: %s", key)
	}
	clock.Add(-24 * time.Hour) // nor does turning the clock back
	if key := check("head", rightSecret, "labz"); key != "signin.refused.wait" {
		t.Errorf("after turning the clock back: %s", key)
	}
	clock.Add(24*time.Hour + 3*time.Minute + time.Second)
	if key := check("head", "guess", "labz"); key != "signin.refused.wrong" {
		t.Errorf("three minutes later, one try: %s", key)
	}
	if key := check("head", rightSecret, "labz"); key != "signin.refused.wait" {
		t.Errorf("and no second: %s", key)
	}
	update(t, db, func(tx *store.Tx) error { return school.ForgetThrottles(tx, "HEAD") })
	if key := check("head", rightSecret, "labz"); key != "" {
		t.Errorf("after a reset by staff: %s", key)
	}
}

func TestDeviceThrottle(t *testing.T) {
	cheap(t)
	clock := new(storetest.Clock)
	db := storetest.OpenAt(t, t.TempDir(), clock, school.Collections()...)
	var ids []store.ID
	update(t, db, func(tx *store.Tx) error {
		ids = ids[:0]
		for i := range 62 {
			id, err := school.People.Add(tx, school.Person{Kind: school.Staff, Surname: "X", Login: login(i), Roles: []school.Role{school.Teacher}})
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	for _, id := range ids {
		giveSecret(t, db, id, rightSecret, false)
	}
	check := func(login, secret, device string) string {
		_, _, err := school.CheckSecret(t.Context(), db, login, secret, device)
		return refusalKey(err)
	}
	// A whole class at one PC, one after the other, never meets the throttle.
	for i := range ids {
		if key := check(login(i), rightSecret, "pc1"); key != "" {
			t.Fatalf("person %d: %s", i, key)
		}
	}
	// Nor does the class when all press Enter at once and look like one device.
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			if key := check(login(i), rightSecret, "router"); key != "" {
				t.Errorf("person %d: %s", i, key)
			}
		})
	}
	wg.Wait()
	// One who guesses everybody's secret from that PC does, own sign-ins between or not.
	wrong := 0
	for i := range 400 {
		if key := check(login(1+i%61), "guess", "pc1"); key == "signin.refused.wait" {
			break
		}
		wrong++
		if i%5 == 0 {
			check(login(0), rightSecret, "pc1")
		}
	}
	if wrong > 150 {
		t.Errorf("%d guesses from one device", wrong)
	}
	if key := check(login(7), rightSecret, "pc2"); key != "" {
		t.Errorf("the next PC: %s", key)
	}
	clock.Add(21 * time.Second) // slowed, not closed
	if key := check(login(8), rightSecret, "pc1"); key != "" {
		t.Errorf("that PC 21 seconds later: %s", key)
	}
}

func login(i int) string { return "user" + string(rune('a'+i/26)) + string(rune('a'+i%26)) }

// TestParallelGuesses: tries are counted before they are hashed.
func TestParallelGuesses(t *testing.T) {
	cheap(t)
	s := openLycee(t)
	giveSecret(t, s.db, s.head, rightSecret, false)
	var wg sync.WaitGroup
	var mu sync.Mutex
	wrong := 0
	for range 40 {
		wg.Go(func() {
			_, _, err := school.CheckSecret(t.Context(), s.db, "head", "guess", "pc1")
			if refusalKey(err) == "signin.refused.wrong" {
				mu.Lock()
				wrong++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if wrong != 10 {
		t.Errorf("%d of 40 parallel guesses were heard, 10 expected", wrong)
	}
}

func TestOldThrottlesAreSwept(t *testing.T) {
	cheap(t)
	clock := new(storetest.Clock)
	db := storetest.OpenAt(t, t.TempDir(), clock, school.Collections()...)
	for i := range 60 {
		_, _, err := school.CheckSecret(t.Context(), db, login(i), "guess", "pc"+login(i))
		if refusalKey(err) != "signin.refused.wrong" {
			t.Fatal(err)
		}
	}
	clock.Add(2 * time.Hour)
	for i := range 20 { // each try sweeps a few
		_, _, err := school.CheckSecret(t.Context(), db, login(i%2), "guess", "pc"+login(i%3))
		if err == nil {
			t.Fatal("signed in")
		}
	}
	view(t, db, func(tx *store.Tx) {
		if n := count(t, tx, school.Throttles); n > 10 {
			t.Errorf("%d throttle rows are left of 120", n)
		}
	})
}
