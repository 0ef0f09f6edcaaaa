package school_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"preau/school"
	"preau/store"
	"preau/store/storetest"
)

// lab is a class of pupils with PINs.
type lab struct {
	db     *store.DB
	dir    string
	clock  *storetest.Clock
	pupils []store.ID
	pins   []string
}

func openLab(t *testing.T, n int) *lab {
	t.Helper()
	cheap(t)
	l := &lab{clock: new(storetest.Clock), dir: t.TempDir()}
	l.db = storetest.OpenAt(t, l.dir, l.clock, school.Collections()...)
	for i := range n {
		update(t, l.db, func(tx *store.Tx) error {
			id, err := school.People.Add(tx, school.Person{Kind: school.PupilKind, Surname: fmt.Sprintf("KOFFI%d", i), Roles: []school.Role{school.Pupil}})
			l.pupils = append(l.pupils, id)
			return err
		})
		l.pins = append(l.pins, fmt.Sprintf("%06d", 271828+i*37))
		l.give(t, i, l.pins[i], false)
	}
	return l
}

func (l *lab) give(t *testing.T, i int, pin string, oneTime bool) {
	t.Helper()
	hash, err := school.HashPIN(t.Context(), l.db, l.pupils[i], pin)
	if err != nil {
		t.Fatal(err)
	}
	update(t, l.db, func(tx *store.Tx) error { return school.StoreSecret(tx, l.pupils[i], hash, oneTime) })
}

func (l *lab) check(t *testing.T, i int, pin, device string) string {
	t.Helper()
	_, _, err := school.CheckPIN(t.Context(), l.db, l.pupils[i], pin, device)
	return refusalKey(err)
}

func TestPIN(t *testing.T) {
	l := openLab(t, 2)
	if key := l.check(t, 0, " 271-828 ", "pc1"); key != "" {
		t.Errorf("the right PIN, spaced out: %s", key)
	}
	for _, pin := range []string{"271829", "", "271828271828", l.pins[1]} {
		if key := l.check(t, 0, pin, "pc1"); key != "pin.refused.wrong" {
			t.Errorf("%q: %s", pin, key)
		}
	}
	// The same PIN of two pupils has nothing in common on disk.
	l.give(t, 1, l.pins[0], true)
	if _, oneTime, err := school.CheckPIN(t.Context(), l.db, l.pupils[1], l.pins[0], "pc1"); err != nil || !oneTime {
		t.Errorf("a one-time PIN: %v %v", oneTime, err)
	}
	// Without the pepper, and with another one, no PIN fits.
	path := filepath.Join(l.dir, "keys", "pepper")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the pepper: %v %v", info, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if key := l.check(t, 0, l.pins[0], "pc2"); key != "pin.refused.wrong" {
		t.Errorf("under another pepper: %s", key)
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := school.CheckPIN(t.Context(), l.db, l.pupils[0], l.pins[0], "pc2"); err == nil || strings.Contains(err.Error(), l.pins[0]) {
		t.Errorf("a damaged pepper: %v", err)
	}
}

// A guesser is stopped at a name, and locks nobody else out: neither that name at
// another computer, nor the class at the guesser's own.
func TestOnePupilLocksNobodyOut(t *testing.T) {
	l := openLab(t, 40)
	for i := range 40 {
		for n := range 8 {
			want := "pin.refused.wrong"
			if n >= 5 {
				want = "signin.refused.wait"
			}
			if i >= 12 && n > 0 { // the computer has spent its sixty tries: one for each name is left
				want = "signin.refused.wait"
			}
			if key := l.check(t, i, "999999", "pc1"); key != want && i < 12 {
				t.Fatalf("pupil %d, guess %d: %s, want %s", i, n+1, key, want)
			}
		}
	}
	for i := range 40 {
		if key := l.check(t, i, l.pins[i], fmt.Sprint("own", i)); key != "" {
			t.Errorf("pupil %d at another computer: %s", i, key)
		}
	}
	// All behind one router, and somebody has guessed at twelve names from there.
	m := openLab(t, 40)
	for i := range 12 {
		for range 6 {
			m.check(t, i, "999999", "router")
		}
	}
	for i := 12; i < 40; i++ {
		if key := m.check(t, i, m.pins[i], "router"); key != "" {
			t.Errorf("pupil %d behind the same router: %s", i, key)
		}
	}
	// A new PIN lets the pupil in at once; a restart gives no new tries.
	if key := m.check(t, 0, m.pins[0], "router"); key != "signin.refused.wait" {
		t.Errorf("the guessed name: %s", key)
	}
	m.give(t, 0, "402819", true)
	if key := m.check(t, 0, "402819", "router"); key != "" {
		t.Errorf("after a new PIN: %s", key)
	}
	if err := m.db.Close(); err != nil {
		t.Fatal(err)
	}
	m.db = storetest.OpenAt(t, m.dir, m.clock, school.Collections()...)
	if key := m.check(t, 1, m.pins[1], "router"); key != "signin.refused.wait" {
		t.Errorf("after a restart: %s", key)
	}
	m.clock.Add(6 * time.Minute)
	if key := m.check(t, 1, m.pins[1], "router"); key != "" {
		t.Errorf("six minutes later: %s", key)
	}
}

func TestPINQuality(t *testing.T) {
	p := &school.Person{Born: "2009-05-12"}
	for pin, want := range map[string]string{
		"402819": "", "12345": "digits", "1234567": "digits", "12345a": "digits", "123456": "common", "654321": "common", "000000": "common",
		"121212": "common", "123123": "common", "246802": "", "135791": "", "120509": "birth", "090512": "birth", "052009": "birth", "122009": "birth",
	} {
		got := school.CheckPINQuality(pin, p)
		if want == "" && got != nil || want != "" && (got == nil || got.Key != "pin.refused."+want) {
			t.Errorf("%s: %v, want %q", pin, got, want)
		}
	}
}

func TestSheetSecrets(t *testing.T) {
	l := openLab(t, 3)
	nonce, other := school.SheetNonce(), school.SheetNonce()
	seen := map[string]bool{}
	for _, id := range l.pupils {
		pin, err := school.SheetPIN(l.db, nonce, id)
		again, err2 := school.SheetPIN(l.db, nonce, id)
		fresh, err3 := school.SheetPIN(l.db, other, id)
		if err != nil || err2 != nil || err3 != nil || pin != again || pin == fresh || len(pin) != school.PINDigits || seen[pin] {
			t.Errorf("PINs of a sheet: %q %q %q", pin, again, fresh)
		}
		seen[pin] = true
	}
	card, err := school.SheetCard(l.db, nonce, l.pupils[0])
	if err != nil {
		t.Fatal(err)
	}
	update(t, l.db, func(tx *store.Tx) error { return school.SetCard(tx, l.pupils[0], card) })
	view(t, l.db, func(tx *store.Tx) {
		for _, text := range []string{card, strings.ToLower(card), " " + card[:6] + "-" + card[6:12] + " " + card[12:] + "\n"} {
			if r, err := school.Roster.ByCard(tx, text); err != nil || r.ID != l.pupils[0] {
				t.Errorf("%q: %v", text, err)
			}
		}
		for _, text := range []string{"", card[:23], card + "B", strings.Repeat("B", 24), strings.Repeat("B", 5000)} {
			if _, err := school.Roster.ByCard(tx, text); err == nil {
				t.Errorf("%q opens", text)
			}
		}
	})
	update(t, l.db, func(tx *store.Tx) error { return school.DropCard(tx, l.pupils[0]) })
	view(t, l.db, func(tx *store.Tx) {
		if _, err := school.Roster.ByCard(tx, card); err == nil {
			t.Error("a card taken back opens")
		}
	})
}
