package seal_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"preau/school/seal"
)

func openKeys(t *testing.T) *seal.Keys {
	t.Helper()
	k, err := seal.OpenKeys(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func list(k *seal.Keys) seal.KeyList { l, _ := k.List(); return l }

func sample() seal.Header {
	return seal.Header{
		Reference: "n° 082/MEN/CAB/SG", Date: "2026-11-23", Issuer: "MEN", Signatory: "AGBODJAN Kodjo, secrétaire général",
		Subject: "Organisation du BAC I blanc", Urgent: true, Deadline: "2026-12-04", Kind: seal.Circular,
		Body: seal.HashOf([]byte("# Texte")), Annexes: []seal.Hash{seal.HashOf([]byte("a")), seal.HashOf([]byte("b"))},
	}
}

func TestSignedHeaderComesBack(t *testing.T) {
	k := openKeys(t)
	audience, err := seal.CanonicalCBOR(map[int]any{1: true})
	if err != nil {
		t.Fatal(err)
	}
	h := sample()
	h.Audience = audience
	s, err := k.Sign(h)
	if err != nil {
		t.Fatal(err)
	}
	got, err := seal.Verify(list(k), s)
	if err != nil {
		t.Fatal(err)
	}
	if got.KeyID != 1 || got.Reference != h.Reference || got.Date != h.Date || got.Deadline != h.Deadline || !got.Urgent ||
		got.Subject != h.Subject || got.Body != h.Body || !slices.Equal(got.Annexes, h.Annexes) || string(got.Audience) != string(audience) {
		t.Errorf("came back as %+v", got)
	}
	if err := got.CheckContent([]byte("# Texte"), h.Annexes); err != nil {
		t.Error(err)
	}
	if err := got.CheckContent([]byte("# Texte "), h.Annexes); err != seal.OtherBody {
		t.Errorf("another body: %v", err)
	}
	for _, annexes := range [][]seal.Hash{nil, h.Annexes[:1], {h.Annexes[1], h.Annexes[0]}, append(slices.Clone(h.Annexes), h.Body)} {
		if err := got.CheckContent([]byte("# Texte"), annexes); err != seal.OtherAnnexes {
			t.Errorf("annexes %v: %v", annexes, err)
		}
	}
	again, err := k.Sign(h)
	if err != nil || string(again.Header) != string(s.Header) || string(again.Signature) != string(s.Signature) {
		t.Error("the same header signed twice differs")
	}
	t.Logf("header with two annexes: %d bytes, QR text %d characters", len(s.Header), len(seal.QRText(s)))
}

func TestSignRefusesImpossibleHeaders(t *testing.T) {
	k := openKeys(t)
	for name, change := range map[string]func(*seal.Header){
		"no date":          func(h *seal.Header) { h.Date = "" },
		"impossible date":  func(h *seal.Header) { h.Date = "2026-02-30" },
		"odd deadline":     func(h *seal.Header) { h.Deadline = "demain" },
		"no kind":          func(h *seal.Header) { h.Kind = 0 },
		"unknown kind":     func(h *seal.Header) { h.Kind = 9 },
		"circular naming":  func(h *seal.Header) { h.Replaces = "X" },
		"withdraws none":   func(h *seal.Header) { h.Kind = seal.Withdrawal },
		"long subject":     func(h *seal.Header) { h.Subject = strings.Repeat("x", seal.MaxText+1) },
		"too many annexes": func(h *seal.Header) { h.Annexes = make([]seal.Hash, seal.MaxAnnexes+1) },
		"audience no CBOR": func(h *seal.Header) { h.Audience = []byte{0xff} },
		"audience unsorted": func(h *seal.Header) {
			h.Audience = []byte{0xa2, 0x02, 0xf5, 0x01, 0xf5}
		},
	} {
		h := sample()
		change(&h)
		if _, err := k.Sign(h); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// TestEveryBitCounts flips every bit of header, signature and list in turn.
func TestEveryBitCounts(t *testing.T) {
	k := openKeys(t)
	s, err := k.Sign(sample())
	if err != nil {
		t.Fatal(err)
	}
	l, sl := k.List()
	flip := func(name string, b []byte, accepted func() bool) {
		for i := range len(b) * 8 {
			b[i/8] ^= 1 << (i % 8)
			if accepted() {
				t.Errorf("%s with bit %d flipped is accepted", name, i)
			}
			b[i/8] ^= 1 << (i % 8)
		}
	}
	genuine := func() bool { _, err := seal.Verify(l, s); return err == nil }
	flip("header", s.Header, genuine)
	flip("signature", s.Signature, genuine)
	whole := func() bool { _, err := seal.VerifyList(k.Root(), sl); return err == nil }
	flip("list", sl.List, whole)
	flip("signature of the list", sl.Signature, whole)
	if !genuine() || !whole() {
		t.Error("the untouched ones are refused")
	}
}
