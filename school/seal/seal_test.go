package seal_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

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

func TestQRProperties(t *testing.T) {
	k := openKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		h := sample()
		h.Subject = rapid.StringN(0, 60, 200).Draw(t, "subject")
		h.Reference = rapid.StringN(0, 20, 60).Draw(t, "reference")
		s, err := k.Sign(h)
		if err != nil {
			t.Fatal(err)
		}
		text := seal.QRText(s)
		if strings.Trim(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:") != "" {
			t.Fatalf("%q leaves QR's alphanumeric mode", text)
		}
		spaced := strings.ToLower(text[:20]) + " -\n" + text[20:]
		back, err := seal.ParseQR(spaced)
		if err != nil || string(back.Header) != string(s.Header) || string(back.Signature) != string(s.Signature) {
			t.Fatalf("the QR text does not come back: %v", err)
		}
		// one character changed is never genuine
		i := rapid.IntRange(len("PREAU1:"), len(text)-1).Draw(t, "i")
		c := rapid.SampledFrom([]byte("0123456789ABCDEFGHJKMNPQRSTVWXYZ")).Draw(t, "c")
		if c != text[i] {
			forged, err := seal.ParseQR(text[:i] + string(c) + text[i+1:])
			if err == nil {
				_, err = seal.Verify(list(k), forged)
			}
			if err == nil {
				t.Fatalf("character %d changed is genuine", i)
			}
		}
	})
	rapid.Check(t, func(t *rapid.T) { // anything may be typed
		_, _ = seal.ParseQR("PREAU1:" + rapid.String().Draw(t, "s"))
		_, _ = seal.ParseQR(rapid.String().Draw(t, "t"))
	})
	for _, bad := range []string{"", "PREAU1:", "PREAU2:00", "PREAU1:" + strings.Repeat("0", 20000)} {
		if _, err := seal.ParseQR(bad); err != seal.Malformed {
			t.Errorf("ParseQR(%.20q…): %v", bad, err)
		}
	}
}

func TestQRSVG(t *testing.T) {
	s, err := openKeys(t).Sign(sample())
	if err != nil {
		t.Fatal(err)
	}
	svg := seal.QRSVG(seal.QRText(s), 22)
	if !strings.HasPrefix(svg, "<svg ") || strings.Count(svg, "<path") != 2 || !strings.Contains(svg, `width="22mm"`) {
		t.Errorf("svg begins %.200s", svg)
	}
	if seal.QRSVG(strings.Repeat("A", 5000), 22) != "" {
		t.Error("5,000 characters fit")
	}
	t.Logf("SVG of %d bytes", len(svg))
}

func TestShortCodeProperties(t *testing.T) {
	const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	k := openKeys(t)
	rapid.Check(t, func(t *rapid.T) {
		h := sample()
		h.Subject = rapid.StringMatching(`[a-z ]{0,40}`).Draw(t, "subject")
		s, err := k.Sign(h)
		if err != nil {
			t.Fatal(err)
		}
		code := seal.ShortCode(s)
		if len(code) != seal.CodeLength || !seal.CheckCode(code) {
			t.Fatalf("code %q is not right itself", code)
		}
		if typed := " " + strings.ToLower(seal.PrintCode(code)) + " "; seal.NormalizeCode(typed) != code {
			t.Fatalf("%q typed as %q", code, typed)
		}
		for i := range code { // every single wrong character
			for _, c := range []byte(letters) {
				if wrong := code[:i] + string(c) + code[i+1:]; wrong != code && seal.CheckCode(wrong) {
					t.Fatalf("%q passes for %q", wrong, code)
				}
			}
			for j := range i { // every exchange of two
				b := []byte(code)
				b[i], b[j] = b[j], b[i]
				if string(b) != code && seal.CheckCode(string(b)) {
					t.Fatalf("%q passes for %q", b, code)
				}
			}
		}
	})
	if seal.NormalizeCode("oIl-0 1") != "01101" || seal.CheckCode("UUUUUUUUUU") || seal.CheckCode("000") {
		t.Error("look-alikes or foreign letters")
	}
}

func TestRotationAndRevocation(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	k, err := seal.OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	first, err := k.Sign(sample())
	if err != nil {
		t.Fatal(err)
	}
	known, old := k.List()
	if err := k.Rotate(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "signing-1.key")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the retired private key is still there")
	}
	second, err := k.Sign(sample())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Verify(known, second); err != seal.UnknownKey {
		t.Errorf("a key no list names: %v", err)
	}
	next, signed := k.List()
	if got, err := seal.Succeed(k.Root(), known, signed); err != nil || got.Number != 2 {
		t.Errorf("the next list: %v %v", got.Number, err)
	}
	if _, err := seal.Succeed(k.Root(), next, old); err != seal.OlderList {
		t.Errorf("an older list: %v", err)
	}
	for name, s := range map[string]seal.Signed{"first": first, "second": second} {
		if _, err := seal.Verify(next, s); err != nil {
			t.Errorf("%s after rotation: %v", name, err)
		}
	}
	if err := k.Revoke(1); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Verify(list(k), first); err != seal.RevokedKey {
		t.Errorf("a revoked key: %v", err)
	}
	if _, err := seal.Verify(list(k), second); err != nil {
		t.Errorf("the other key: %v", err)
	}
	if err := k.Revoke(2); err != nil { // the one in use: a third takes over
		t.Fatal(err)
	}
	third, err := k.Sign(sample())
	if err != nil {
		t.Fatal(err)
	}
	if h, err := seal.Verify(list(k), third); err != nil || h.KeyID != 3 {
		t.Errorf("after revoking the key in use: key %d, %v", h.KeyID, err)
	}
	if err := k.Revoke(99); err == nil {
		t.Error("an unknown key is revoked")
	}
	again, err := seal.OpenKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Root()) != string(k.Root()) || list(again).Number != list(k).Number {
		t.Error("opened again, it is another ring")
	}
	if s, err := again.Sign(sample()); err != nil || string(s.Signature) != string(third.Signature) {
		t.Errorf("opened again, it signs otherwise: %v", err)
	}
}

func TestForeignRoot(t *testing.T) {
	ours, theirs := openKeys(t), openKeys(t)
	_, foreign := theirs.List()
	if _, err := seal.VerifyList(ours.Root(), foreign); err != seal.WrongRoot {
		t.Errorf("a list of another office: %v", err)
	}
	s, err := theirs.Sign(sample())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Verify(list(ours), s); err != seal.BadSignature { // both have a key 1
		t.Errorf("a circular of another office: %v", err)
	}
	if _, err := seal.VerifyList(nil, foreign); err != seal.WrongRoot {
		t.Errorf("no pinned root: %v", err)
	}
}

func TestKeyFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if _, err := seal.OpenKeys(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"root.key", "signing-1.key", "signing.list"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	refused := func(what string) {
		t.Helper()
		if _, err := seal.OpenKeys(dir); err == nil {
			t.Errorf("opened with %s", what)
		}
	}
	root := filepath.Join(dir, "root.key")
	if err := os.Chmod(root, 0o644); err != nil {
		t.Fatal(err)
	}
	refused("a root key that others may read")
	if err := os.Rename(root, root+".away"); err != nil {
		t.Fatal(err)
	}
	refused("a list and no root key")
	if err := os.Rename(root+".away", root); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o600); err != nil {
		t.Fatal(err)
	}
	listFile := filepath.Join(dir, "signing.list")
	b, err := os.ReadFile(listFile)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(listFile, b, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("an altered list")
}
