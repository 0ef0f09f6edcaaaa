package seal

import (
	"fmt"
	"strings"

	qrcode "github.com/skip2/go-qrcode"
)

// qrMark begins every QR text of this form. Letters, digits and colon only:
// a QR code stores them in 5.5 bits each.
const qrMark = "PREAU1:"

// QRText is header and signature as a text for a QR code: the mark, then the
// signature and the header in base 32, 8 characters for 5 bytes. Capitals and
// digits alone, so that it survives being retyped, spaced out or lower-cased.
func QRText(s Signed) string {
	raw := append(append(make([]byte, 0, len(s.Signature)+len(s.Header)), s.Signature...), s.Header...)
	return qrMark + base32(raw)
}

// ParseQR reads a QRText back; Malformed when it is none. Case, spaces, line
// breaks and hyphens do not matter. It checks no signature.
func ParseQR(text string) (Signed, error) {
	if len(text) > 16<<10 {
		return Signed{}, Malformed
	}
	rest, ok := strings.CutPrefix(NormalizeCode(text), NormalizeCode(qrMark))
	if !ok {
		return Signed{}, Malformed
	}
	raw, ok := fromBase32(rest)
	if !ok || len(raw) <= signatureSize || len(raw) > signatureSize+maxHeader {
		return Signed{}, Malformed
	}
	return Signed{Signature: raw[:signatureSize:signatureSize], Header: raw[signatureSize:]}, nil
}

func base32(raw []byte) string {
	var b strings.Builder
	b.Grow(len(raw)*8/5 + 1)
	acc, bits := uint(0), 0
	for _, c := range raw {
		acc = acc<<8 | uint(c)
		for bits += 8; bits >= 5; {
			bits -= 5
			b.WriteByte(crockford[acc>>bits&31])
		}
		acc &= 1<<bits - 1
	}
	if bits > 0 {
		b.WriteByte(crockford[acc<<(5-bits)&31])
	}
	return b.String()
}

// fromBase32 refuses other letters and left-over bits that are not zero, so
// that one content has one text.
func fromBase32(s string) ([]byte, bool) {
	raw := make([]byte, 0, len(s)*5/8)
	acc, bits := uint(0), 0
	for i := range len(s) {
		v := strings.IndexByte(crockford, s[i])
		if v < 0 {
			return nil, false
		}
		acc = acc<<5 | uint(v)
		if bits += 5; bits >= 8 {
			bits -= 8
			raw = append(raw, byte(acc>>bits))
		}
		acc &= 1<<bits - 1
	}
	return raw, bits < 5 && acc == 0
}

// QRSVG draws a text as an inline SVG of mm × mm millimetres, quiet zone
// included, dark modules as one path; "" when the text does not fit a QR code. Damage is
// corrected as far as the modules stay no smaller than on version 14.
func QRSVG(text string, mm float64) string {
	code, err := fitQR(text)
	if err != nil {
		return ""
	}
	rows := code.Bitmap() // with a quiet zone of four modules
	// One stroke along the middle of every row, pen up and down by relative
	// moves: half the bytes of a rectangle for each run of modules.
	var path strings.Builder
	for y, row := range rows {
		pen := -1 // where the pen stands in this row
		for x := 0; x < len(row); x++ {
			if !row[x] {
				continue
			}
			from := x
			for x < len(row) && row[x] {
				x++
			}
			if pen < 0 {
				fmt.Fprintf(&path, "M%d %d.5h%d", from, y, x-from)
			} else {
				fmt.Fprintf(&path, "m%d 0h%d", from-pen, x-from)
			}
			pen = x
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" class="qr" width="%[1]gmm" height="%[1]gmm" viewBox="0 0 %[2]d %[2]d" role="img" aria-label="QR" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%[2]dv%[2]dH0z"/><path stroke="#000" d="%[3]s"/></svg>`,
		mm, len(rows), path.String())
}

func fitQR(text string) (*qrcode.QRCode, error) {
	medium, err := qrcode.New(text, qrcode.Medium)
	if err == nil && medium.VersionNumber <= 14 {
		return medium, nil
	}
	return qrcode.New(text, qrcode.Low)
}
