package seal_test

import (
	"strings"
	"testing"

	"preau/school/seal"
	"preau/store"
	"preau/store/storetest"
)

// TestVerdicts plays a document through its life, at a site that holds it and at
// one that has only its QR text, across a rotation and a theft of keys.
func TestVerdicts(t *testing.T) {
	here, apart := storetest.Open(t, seal.Collections()...), storetest.Open(t, seal.Collections()...)
	keys, err := seal.OpenKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	n := uint64(0)
	sign := func(reference string, kind seal.Kind, old store.ID) (seal.Signed, store.ID) {
		h := seal.Header{Reference: reference, Date: "2026-11-24", Issuer: "Ministère", Signatory: "SG", Subject: "Objet", Kind: kind, Body: seal.HashOf([]byte("x"))}
		if !old.IsZero() {
			h.Replaces = old.String()
		}
		s, err := keys.Sign(h)
		if err != nil {
			t.Fatal(err)
		}
		n++
		id := store.ID{Origin: store.Origin{1}, Number: n}
		if err := here.Update(func(tx *store.Tx) error { return seal.Note(tx, id, s, "/d") }); err != nil {
			t.Fatal(err)
		}
		return s, id
	}
	spread := func(to ...*store.DB) {
		for _, db := range to {
			if err := db.Update(func(tx *store.Tx) error { _, err := seal.Publish(tx, keys); return err }); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask := func(what string, db *store.DB, code, text, verdict, by string, fault seal.Fault) {
		t.Helper()
		var v seal.Verdict
		err := db.View(func(tx *store.Tx) (err error) {
			if text != "" {
				v, err = seal.AskText(tx, keys.Root(), text)
			} else {
				v, err = seal.AskCode(tx, keys.Root(), code)
			}
			return err
		})
		if err != nil || v.Verdict != verdict || v.By != by || v.Fault != fault {
			t.Errorf("%s: %s by %q for %q, %v; want %s by %q for %q", what, v.Verdict, v.By, v.Fault, err, verdict, by, fault)
		}
		if good := verdict != seal.Altered && verdict != seal.Unknown; good != (v.Header != nil) {
			t.Errorf("%s: header %v", what, v.Header)
		}
	}
	a, aID := sign("n° 1", seal.Circular, store.ID{})
	code, text := seal.ShortCode(a), seal.QRText(a)
	ask("before any list", apart, "", text, seal.Unknown, "", seal.NoKeys)
	spread(here, apart)
	ask("by code", here, " "+strings.ToLower(code[:4])+"-"+code[4:], "", seal.Genuine, "", "")
	ask("by code, not here", apart, code, "", seal.Unknown, "", "")
	ask("a slip of the pen", here, code[:9]+"*", "", seal.Unknown, "", seal.WrongCode)
	ask("text without the document", apart, "", text, seal.Genuine, "", "")
	ask("text, spaced and lower case", apart, "", strings.ToLower(text[:20]+" \n- "+text[20:]), seal.Genuine, "", "")
	ask("another text", apart, "", "bonjour", seal.Altered, "", seal.Malformed)

	// One character of the text altered, every one of them: never genuine, and
	// never taken for the work of a newer key.
	for i := len("PREAU1:"); i < len(text); i++ {
		for _, other := range "0HZ" {
			if rune(text[i]) == other {
				continue
			}
			bad := text[:i] + string(other) + text[i+1:]
			if err := apart.View(func(tx *store.Tx) error {
				v, err := seal.AskText(tx, keys.Root(), bad)
				if err == nil && v.Verdict != seal.Altered {
					t.Errorf("character %d made %c: %s %s", i, other, v.Verdict, v.Fault)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
	}

	b, bID := sign("n° 2", seal.Replacement, aID)
	ask("replaced", here, code, "", seal.Replaced, "n° 2", "")
	ask("replaced, where that is not known", apart, "", text, seal.Genuine, "", "")
	sign("n° 3", seal.Withdrawal, bID)
	ask("withdrawn", here, "", seal.QRText(b), seal.Withdrawn, "n° 3", "")

	// A new key: the site that has not heard of it does not cry forgery.
	rotate := func() {
		t.Helper()
		if err := here.View(func(tx *store.Tx) error {
			last, err := seal.Newest(tx)
			if err != nil {
				return err
			}
			return keys.Rotate(last)
		}); err != nil {
			t.Fatal(err)
		}
	}
	old := keys
	rotate()
	c, cID := sign("n° 4", seal.Circular, store.ID{})
	spread(here)
	ask("by the new key", here, "", seal.QRText(c), seal.Genuine, "", "")
	ask("by a key newer than the list", apart, "", seal.QRText(c), seal.Unknown, "", seal.UnknownKey)
	ask("by the retired key", here, "", text, seal.Replaced, "n° 2", "")
	spread(apart)
	ask("once the list came", apart, "", seal.QRText(c), seal.Genuine, "", "")

	// The second key is found stolen after n° 4: what was received until then
	// counts where it was received, what came later counts nowhere.
	d, _ := sign("n° 5", seal.Circular, store.ID{})
	if err := keys.Revoke(2, cID); err != nil {
		t.Fatal(err)
	}
	spread(here, apart)
	e, _ := sign("n° 6", seal.Circular, store.ID{})
	ask("before the theft", here, "", seal.QRText(c), seal.Genuine, "", "")
	ask("before the theft, where it never came", apart, "", seal.QRText(c), seal.Altered, "", seal.RevokedKey)
	ask("after the theft", here, "", seal.QRText(d), seal.Altered, "", seal.RevokedKey)
	ask("by the key that follows", apart, "", seal.QRText(e), seal.Genuine, "", "")
	if err := keys.Revoke(2, store.ID{Origin: cID.Origin, Number: cID.Number + 1}); err == nil {
		t.Error("a stolen key was given more to vouch for")
	}

	// Then the first one too, of which nothing is sure: nothing it signed counts,
	// and what it ended is not ended by it.
	if err := old.Revoke(1, store.ID{}); err != nil {
		t.Fatal(err)
	}
	spread(here, apart)
	ask("by the stolen key", here, code, "", seal.Altered, "", seal.RevokedKey)
	ask("by the stolen key, elsewhere", apart, "", text, seal.Altered, "", seal.RevokedKey)

	// A forger with keys of their own.
	forger, err := seal.OpenKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h, _ := e.Decode()
	forged, err := forger.Sign(h)
	if err != nil {
		t.Fatal(err)
	}
	ask("forged, under a revoked number", apart, "", seal.QRText(forged), seal.Altered, "", seal.BadSignature)
	for range 2 {
		if err := forger.Rotate(store.ID{}); err != nil {
			t.Fatal(err)
		}
	}
	if forged, err = forger.Sign(h); err != nil {
		t.Fatal(err)
	}
	ask("forged, under a number in use", apart, "", seal.QRText(forged), seal.Altered, "", seal.BadSignature)
}

// TestVerdictsOnPapers: what a school signed is confirmed by that school alone.
func TestVerdictsOnPapers(t *testing.T) {
	here, apart := storetest.Open(t, seal.Collections()...), storetest.Open(t, seal.Collections()...)
	keys, err := seal.OpenKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	own, err := seal.PaperKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var signed seal.Signed
	for _, db := range []*store.DB{here, apart} {
		if err := db.Update(func(tx *store.Tx) error { _, err := seal.Publish(tx, keys); return err }); err != nil {
			t.Fatal(err)
		}
	}
	if err := here.Update(func(tx *store.Tx) (err error) {
		signed, err = seal.IssuePaper(tx, own, seal.Header{Reference: "B-1", Date: "2026-11-24", Issuer: "Lycée", Subject: "Bulletin", Body: seal.HashOf(nil)})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	ask := func(db *store.DB, code, text string) (v seal.Verdict) {
		t.Helper()
		if err := db.View(func(tx *store.Tx) (err error) {
			if text != "" {
				v, err = seal.AskText(tx, keys.Root(), text)
			} else {
				v, err = seal.AskCode(tx, keys.Root(), code)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return v
	}
	code, text := seal.ShortCode(signed), seal.QRText(signed)
	if v := ask(here, code, ""); v.Verdict != seal.Genuine || v.Header.Reference != "B-1" {
		t.Errorf("by code: %+v", v)
	}
	if v := ask(here, "", text); v.Verdict != seal.Genuine {
		t.Errorf("by text: %+v", v)
	}
	if v := ask(apart, "", text); v.Verdict != seal.Unknown || v.Fault != seal.OtherSchool {
		t.Errorf("at another school: %+v", v)
	}
	for i := len("PREAU1:"); i < len(text); i++ {
		for _, other := range "0HZ" {
			if rune(text[i]) != other {
				if v := ask(here, "", text[:i]+string(other)+text[i+1:]); v.Verdict != seal.Altered {
					t.Errorf("character %d made %c: %+v", i, other, v)
				}
			}
		}
	}
	for _, c := range []struct {
		end  seal.End
		want string
	}{
		{seal.End{By: "B-2", From: "2099-01-01"}, seal.Genuine}, // not yet
		{seal.End{By: "B-2"}, seal.Replaced},
		{seal.End{By: "B-2", Withdrawn: true, From: "2001-01-01"}, seal.Withdrawn},
	} {
		if err := here.Update(func(tx *store.Tx) error { return seal.EndPaper(tx, code, c.end) }); err != nil {
			t.Fatal(err)
		}
		if v := ask(here, code, ""); v.Verdict != c.want || (v.By == "B-2") != (c.want != seal.Genuine) {
			t.Errorf("ended by %+v: %+v", c.end, v)
		}
	}
}
