package seal_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"preau/school/seal"
)

var updateFormat = flag.Bool("update", false, "write the fixture of the format anew: only before a first release")

// released is what a program once signed and printed. Paper is patient: every
// later program must read it, and give it the same code.
type released struct {
	Root          string `json:"root"`
	List          string `json:"list"`
	ListSignature string `json:"list_signature"`
	QR            string `json:"qr"`
	Code          string `json:"code"`
}

func TestReleasedFormat(t *testing.T) {
	const file = "testdata/format1.json"
	if *updateFormat {
		k := openKeys(t)
		h := sample()
		h.Audience = []byte{0xa1, 0x01, 0xf5}
		s, err := k.Sign(h)
		if err != nil {
			t.Fatal(err)
		}
		_, l := k.List()
		b, err := json.MarshalIndent(released{
			Root: hex.EncodeToString(k.Root()), List: hex.EncodeToString(l.List), ListSignature: hex.EncodeToString(l.Signature),
			QR: seal.QRText(s), Code: seal.ShortCode(s),
		}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r released
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	raw := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	l, err := seal.VerifyList(raw(r.Root), seal.SignedList{List: raw(r.List), Signature: raw(r.ListSignature), Number: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := seal.ParseQR(r.QR)
	if err != nil {
		t.Fatal(err)
	}
	h, err := seal.Verify(l, s)
	if err != nil {
		t.Fatal(err)
	}
	want := sample()
	if h.Reference != want.Reference || h.Date != want.Date || h.Deadline != want.Deadline || h.Subject != want.Subject ||
		h.Signatory != want.Signatory || h.Body != want.Body || len(h.Annexes) != 2 || !h.Urgent || string(h.Audience) != "\xa1\x01\xf5" {
		t.Errorf("read as %+v", h)
	}
	if got := seal.ShortCode(s); got != r.Code {
		t.Errorf("code %s, printed %s", got, r.Code)
	}
	if seal.QRText(s) != r.QR {
		t.Error("the QR text is written otherwise")
	}
}

// FuzzParseQR: whatever is scanned or typed, nothing but what the key signed is genuine.
func FuzzParseQR(f *testing.F) {
	dir := f.TempDir()
	k, err := seal.OpenKeys(dir)
	if err != nil {
		f.Fatal(err)
	}
	s, err := k.Sign(sample())
	if err != nil {
		f.Fatal(err)
	}
	l, _ := k.List()
	f.Add(seal.QRText(s))
	f.Add("PREAU1:00000")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := seal.ParseQR(text)
		if err != nil {
			return
		}
		if _, err := seal.Verify(l, got); err == nil && (string(got.Header) != string(s.Header) || string(got.Signature) != string(s.Signature)) {
			t.Fatalf("%q is genuine", text)
		}
		if again, err := seal.ParseQR(seal.QRText(got)); err != nil || string(again.Header) != string(got.Header) {
			t.Fatalf("%q does not come back: %v", text, err)
		}
	})
}

// FuzzHeader: any bytes for a header are decoded or refused.
func FuzzHeader(f *testing.F) {
	f.Add([]byte{0xa1, 0x01, 0x01}, make([]byte, 64))
	f.Fuzz(func(_ *testing.T, header, signature []byte) {
		_, _ = seal.Signed{Header: header, Signature: signature}.Decode()
		_, _ = seal.VerifyList(make([]byte, 32), seal.SignedList{List: header, Signature: signature})
	})
}
