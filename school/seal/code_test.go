package seal_test

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	qrcode "github.com/skip2/go-qrcode"
	"pgregory.net/rapid"

	"preau/school/seal"
)

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

// TestQRSVGDraws paints the SVG's strokes and compares with the code's modules.
func TestQRSVGDraws(t *testing.T) {
	const text = "PREAU1:0123456789ABCDEF"
	svg := seal.QRSVG(text, 22)
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	want := code.Bitmap()
	got := make([][]bool, len(want))
	for i := range got {
		got[i] = make([]bool, len(want))
	}
	_, path, _ := strings.Cut(svg, `stroke="#000" d="`)
	path, _, _ = strings.Cut(path, `"`)
	x, y := 0, 0
	for _, step := range regexp.MustCompile(`M(\d+) (\d+)\.5|m(\d+) 0|h(\d+)`).FindAllStringSubmatch(path, -1) {
		number := func(i int) int { n, _ := strconv.Atoi(step[i]); return n }
		switch step[0][0] {
		case 'M':
			x, y = number(1), number(2)
		case 'm':
			x += number(3)
		case 'h':
			for range number(4) {
				got[y][x] = true
				x++
			}
		}
	}
	for y := range want {
		if !slices.Equal(got[y], want[y]) {
			t.Fatalf("row %d is drawn otherwise", y)
		}
	}
	if file := os.Getenv("PREAU_QR_SVG"); file != "" { // for looking at, or scanning
		s, err := openKeys(t).Sign(sample())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(seal.QRSVG(seal.QRText(s), 22)), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Logf("text %s", seal.QRText(s))
	}
}
