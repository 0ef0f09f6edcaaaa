package school_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"preau/school"
	"preau/store"
	"preau/store/storetest"
)

const rightSecret = "trois vaches rouges"

// giveSecret stores a hash for a person, made as cheap as the program accepts,
// so that throttle tests do not spend their time hashing.
func giveSecret(t *testing.T, db *store.DB, person store.ID, secret string, oneTime bool) {
	t.Helper()
	hash, err := school.HashSecret(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	update(t, db, func(tx *store.Tx) error { return school.StoreSecret(tx, person, hash, oneTime) })
}

func refusalKey(err error) string {
	if rs := school.RefusalsIn(err); len(rs) > 0 {
		return rs[0].Key
	}
	if err != nil {
		return "fault: " + err.Error()
	}
	return ""
}

func TestHashShape(t *testing.T) {
	a, err := school.HashSecret(t.Context(), rightSecret)
	if err != nil {
		t.Fatal(err)
	}
	b, err := school.HashSecret(t.Context(), rightSecret)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") || a == b {
		t.Errorf("hashes %s and %s", a, b)
	}
	if _, err := school.HashSecret(t.Context(), strings.Repeat("x", 300)); refusalKey(err) != "secret.refused.long" {
		t.Errorf("300 bytes: %v", err)
	}
	db := open(t)
	for _, bad := range []string{
		"", "plain", "$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=4194304,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=19456,t=2,p=1$AA$AA", "$argon2id$v=19$m=x,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
	} {
		if err := db.Update(func(tx *store.Tx) error { return school.StoreSecret(tx, somebody, bad, false) }); err == nil {
			t.Errorf("hash %q is stored", bad)
		}
	}
}

func TestSignIn(t *testing.T) {
	s := openLycee(t)
	giveSecret(t, s.db, s.head, rightSecret, false)
	giveSecret(t, s.db, s.teacher, "bade-muzy-kevapu-73", true)
	check := func(login, secret string) (school.Actor, bool, string) {
		a, one, err := school.CheckSecret(t.Context(), s.db, login, secret, "pc1")
		return a, one, refusalKey(err)
	}
	a, one, key := check("HEAD ", rightSecret)
	if a.ID != s.head || a.Name != "AGBODJAN Kodjo" || !a.Is(school.Head) || one || key != "" {
		t.Errorf("the head: %+v %v %s", a, one, key)
	}
	if a, one, key := check("yawa", "bade-muzy-kevapu-73"); a.ID != s.teacher || !one || key != "" {
		t.Errorf("one-time: %+v %v %s", a, one, key)
	}
	for name, c := range map[string][2]string{
		"wrong secret": {"head", "trois vaches"}, "unknown": {"nobody", rightSecret}, "no secret yet": {"abla", rightSecret},
		"empty": {"", ""}, "no login": {"", rightSecret}, "too long": {"head", strings.Repeat("x", 5000)},
	} {
		if a, _, key := check(c[0], c[1]); key != "signin.refused.wrong" || a.SignedIn() {
			t.Errorf("%s: %s", name, key)
		}
	}
	view(t, s.db, func(tx *store.Tx) {
		if must, err := school.MustChange(tx, s.teacher); err != nil || !must {
			t.Errorf("MustChange %v %v", must, err)
		}
		if must, err := school.MustChange(tx, s.head); err != nil || must {
			t.Errorf("MustChange %v %v", must, err)
		}
		if has, err := school.HasSecret(tx, s.other); err != nil || has {
			t.Errorf("HasSecret %v %v", has, err)
		}
	})
	giveSecret(t, s.db, s.teacher, "mangue et tabouret", false)
	if _, one, key := check("yawa", "mangue et tabouret"); one || key != "" {
		t.Errorf("after the change: %v %s", one, key)
	}
	if _, _, key := check("yawa", "bade-muzy-kevapu-73"); key != "signin.refused.wrong" {
		t.Errorf("the old one-time secret: %s", key)
	}
	update(t, s.db, func(tx *store.Tx) error {
		r, err := school.People.Get(tx, s.head)
		if err != nil {
			return err
		}
		r.Value.Left = "2026-11-20"
		return school.People.Set(tx, s.head, r.Value)
	})
	if _, _, key := check("head", rightSecret); key != "signin.refused.wrong" {
		t.Errorf("who has left: %s", key)
	}
}

// TestComposedLetters: é typed as one letter or as two is one secret.
func TestComposedLetters(t *testing.T) {
	s := openLycee(t)
	giveSecret(t, s.db, s.head, "e\u0301le\u0300ve studieux", false)
	if _, _, err := school.CheckSecret(t.Context(), s.db, "head", "élève studieux", "pc1"); err != nil {
		t.Error(err)
	}
}

func TestWeakHashIsRaised(t *testing.T) {
	s := openLycee(t)
	was := school.DefaultCost
	school.DefaultCost = school.Cost{Passes: 1, Memory: 64, Threads: 1}
	giveSecret(t, s.db, s.head, rightSecret, false)
	school.DefaultCost = was
	hash := func() (h string) {
		view(t, s.db, func(tx *store.Tx) {
			r, err := school.Secrets.One(tx, "person", s.head)
			if err != nil {
				t.Fatal(err)
			}
			h = r.Value.Hash
		})
		return h
	}
	if !strings.Contains(hash(), "m=64,t=1") {
		t.Fatalf("stored %s", hash())
	}
	if _, _, err := school.CheckSecret(t.Context(), s.db, "head", "wrong wrong", "pc1"); refusalKey(err) != "signin.refused.wrong" || !strings.Contains(hash(), "m=64") {
		t.Errorf("after a wrong secret: %v, %s", err, hash())
	}
	if _, _, err := school.CheckSecret(t.Context(), s.db, "head", rightSecret, "pc1"); err != nil || !strings.Contains(hash(), "m=19456,t=2") {
		t.Errorf("after the right one: %v, %s", err, hash())
	}
	if _, _, err := school.CheckSecret(t.Context(), s.db, "head", rightSecret, "pc1"); err != nil {
		t.Errorf("with the raised hash: %v", err)
	}
}

// cheap makes hashes nearly free for tests of counting.
func cheap(t *testing.T) {
	was := school.DefaultCost
	school.DefaultCost = school.Cost{Passes: 1, Memory: 8, Threads: 1}
	t.Cleanup(func() { school.DefaultCost = was })
}

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
	// One who guesses everybody's secret from that PC does, own sign-ins between or not.
	wrong := 0
	for i := range 200 {
		if key := check(login(1+i%61), "guess", "pc1"); key == "signin.refused.wait" {
			break
		}
		wrong++
		if i%5 == 0 {
			check(login(0), rightSecret, "pc1")
		}
	}
	if wrong > 40 {
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

func TestCheckSecretGivesUp(t *testing.T) {
	s := openLycee(t)
	giveSecret(t, s.db, s.head, rightSecret, false)
	gone := errors.New("the browser went away")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	for range 20 { // the turn may be free just then; it is never an answer to a wrong secret
		a, _, err := school.CheckSecret(ctx, s.db, "head", "guess", "pc1")
		if err == nil || a.SignedIn() {
			t.Fatalf("%+v %v", a, err)
		}
		if errors.Is(err, gone) {
			return
		}
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

// BenchmarkHash is the cost of one sign-in's hash.
func BenchmarkHash(b *testing.B) {
	for b.Loop() {
		argon2.IDKey([]byte(rightSecret), make([]byte, 16), 2, 19*1024, 1, 32)
	}
}
