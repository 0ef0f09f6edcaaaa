package sheet

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	xunicode "golang.org/x/text/encoding/unicode"
)

// The single-byte charsets that lists in French come in: Windows, the Mac of
// before, and the DOS programs that some ministry lists still come out of.
var singleByte = []struct {
	name    string
	detects []string // as chardet names it
	table   *charmap.Charmap
}{
	{"Windows-1252", []string{"WINDOWS-1252", "ISO-8859-1", "ISO-8859-15"}, charmap.Windows1252},
	{"Mac Roman", []string{"MACROMAN"}, charmap.Macintosh},
	{"CP850", []string{"IBM850", "CP850"}, charmap.CodePage850},
}

// decode brings the bytes of a text file to a string and names the charset.
// A byte order mark decides; else bytes that are valid UTF-8 are UTF-8; else
// chardet looks at the whole file (a head alone has too few accents), and its
// answer stands unless the words that come out are clearly worse than those of
// another table: short lists give it too little to go by.
func decode(data []byte) (text, charset string, ok bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return strings.ToValidUTF8(string(data[3:]), "\ufffd"), "UTF-8", true
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return wide(data, xunicode.LittleEndian), "UTF-16LE", true
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return wide(data, xunicode.BigEndian), "UTF-16BE", true
	}
	if order, name := wideWithoutMark(data); name != "" {
		return wide(data, order), name, true
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return "", "", false // a program, a picture, a database
	}
	if utf8.Valid(data) {
		return string(data), "UTF-8", true
	}
	if mostlyUTF8(data) {
		return strings.ToValidUTF8(string(data), "\ufffd"), "UTF-8", true
	}
	detected := strings.ToUpper(chardet.Detect(data).Encoding)
	best, bestScore := "", 0
	for _, c := range singleByte {
		out, err := c.table.NewDecoder().Bytes(data)
		if err != nil {
			continue
		}
		score := 10 * frenchness(string(out))
		for _, d := range c.detects {
			if d == detected {
				score += 9
			}
		}
		if best == "" || score > bestScore {
			best, bestScore, text = c.name, score, string(out)
		}
	}
	return text, best, best != ""
}

func wide(data []byte, order xunicode.Endianness) string {
	var e encoding.Encoding = xunicode.UTF16(order, xunicode.UseBOM)
	if len(data) < 2 || data[0]^data[1] != 0xff^0xfe {
		e = xunicode.UTF16(order, xunicode.IgnoreBOM)
	}
	out, err := e.NewDecoder().Bytes(data)
	if err != nil {
		return ""
	}
	return string(out)
}

// wideWithoutMark: in French text nearly every other byte of UTF-16 is zero.
func wideWithoutMark(data []byte) (order xunicode.Endianness, name string) {
	if len(data)%2 != 0 || len(data) < 4 {
		return order, ""
	}
	var zero [2]int
	for i, b := range data {
		if b == 0 {
			zero[i%2]++
		}
	}
	most := len(data) / 2 * 7 / 10
	switch {
	case zero[1] >= most && zero[0] <= most/10:
		return xunicode.LittleEndian, "UTF-16LE"
	case zero[0] >= most && zero[1] <= most/10:
		return xunicode.BigEndian, "UTF-16BE"
	}
	return order, ""
}

// mostlyUTF8: a file pasted together, with a few bytes of another charset.
func mostlyUTF8(data []byte) bool {
	good, bad := 0, 0
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case r >= 0x80:
			good++
		}
		data = data[n:]
	}
	return good > 20*bad
}

// frenchness counts the letters beyond ASCII that stand where a French or
// Togolese list has them, less those that it never has.
func frenchness(s string) int {
	score := 0
	prev := rune(' ')
	runes := []rune(s)
	for i, r := range runes {
		if r < 0x80 {
			prev = r
			continue
		}
		next := ' '
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch {
		case strings.ContainsRune("éèêëàâîïôöùûüçœ", r):
			score += 2
			if unicode.IsUpper(prev) && unicode.IsUpper(next) {
				score -= 3
			}
		case strings.ContainsRune("ÉÈÊËÀÂÎÏÔÖÙÛÜÇŒ", r):
			score += 2
			if unicode.IsLower(prev) || unicode.IsLower(next) && unicode.IsLetter(prev) {
				score -= 4 // "LomÈ" is Lomé read with the wrong table
			}
		case r == '°' && (prev == 'N' || prev == 'n' || unicode.IsDigit(prev)):
			score += 2
		case strings.ContainsRune("’«»–—ªº…ñãõáíóúÃÁÍÓÚÑ\u00a0", r):
		default:
			score -= 3
		}
		prev = r
	}
	return score
}
