package school_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"

	"preau/school"
	"preau/store"
)

const rightSecret = "trois vaches rouges"

// giveSecret makes a hash at the cost of the moment and stores it.
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

// TestHashesTakeTurns: one at a time; who gives up leaves; a full queue says so.
func TestHashesTakeTurns(t *testing.T) {
	cheap(t)
	s := openLycee(t)
	giveSecret(t, s.db, s.head, rightSecret, false)
	release := school.HoldTurn()
	gone := errors.New("the browser went away")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(gone)
	if _, _, err := school.CheckSecret(ctx, s.db, "head", rightSecret, "pc1"); !errors.Is(err, gone) {
		t.Errorf("who gave up hears %v", err)
	}
	var wg sync.WaitGroup
	for range school.MaxWaiting {
		wg.Go(func() {
			if _, err := school.HashSecret(t.Context(), rightSecret); err != nil {
				t.Error(err)
			}
		})
	}
	for school.Waiting() < school.MaxWaiting {
		runtime.Gosched()
	}
	if _, _, err := school.CheckSecret(t.Context(), s.db, "head", rightSecret, "pc1"); refusalKey(err) != "signin.refused.busy" {
		t.Errorf("in a full queue: %v", err)
	}
	release()
	wg.Wait()
	if _, _, err := school.CheckSecret(t.Context(), s.db, "head", rightSecret, "pc1"); err != nil {
		t.Errorf("after the rush: %v", err)
	}
}

// TestSameWork: a wrong secret, an unknown name, a name without a secret and
// one who has left all cost one hash. Memory taken tells it without a clock.
func TestSameWork(t *testing.T) {
	s := openLycee(t)
	giveSecret(t, s.db, s.head, rightSecret, false)
	for _, login := range []string{"head", "nobody", "abla", ""} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := school.CheckSecret(t.Context(), s.db, login, "guess", "pc1")
		runtime.ReadMemStats(&after)
		if refusalKey(err) != "signin.refused.wrong" {
			t.Errorf("%q: %v", login, err)
		}
		if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib < 19 || mib > 22 {
			t.Errorf("%q took %d MiB, a hash takes 19", login, mib)
		}
	}
}

// BenchmarkHash is the cost of one sign-in's hash.
func BenchmarkHash(b *testing.B) {
	for b.Loop() {
		argon2.IDKey([]byte(rightSecret), make([]byte, 16), 2, 19*1024, 1, 32)
	}
}
