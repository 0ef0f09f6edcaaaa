package school

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// letters that no decomposition brings to a plain one: the alphabets of Ewe
// and Kabiyè, look-alikes that keyboards without them produce (Greek, Đ), and
// ligatures of French. Source of the alphabets: DOMAIN, names of persons.
var plainLetters = map[rune]string{
	'ɖ': "d", 'đ': "d", 'ɗ': "d", 'ð': "d", 'ɛ': "e", 'ε': "e", 'ǝ': "e", 'ə': "e",
	'ƒ': "f", 'ɣ': "g", 'γ': "g", 'ŋ': "n", 'ɲ': "n", 'ɔ': "o", 'ø': "o",
	'ʋ': "v", 'ɩ': "i", 'ι': "i", 'ı': "i", 'ʊ': "u", 'υ': "u", 'ɓ': "b", 'ƴ': "y",
	'ł': "l", 'ħ': "h", 'œ': "oe", 'æ': "ae", 'ß': "ss", 'þ': "th",
}

// Fold brings a text to the key by which names are searched and compared:
// lower case, no accents or tone marks, ɖ ɛ ƒ ɣ ŋ ɔ ʋ ɩ ʊ as d e f g n o v i u,
// apostrophes dropped, every other sign a single space. Fold(Fold(s)) == Fold(s).
func Fold(s string) string {
	out := foldOnce(s)
	for range 3 { // a few letters decompose only once lowered
		again := foldOnce(out)
		if again == out {
			break
		}
		out = again
	}
	return out
}

func foldOnce(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	write := func(t string) {
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteString(t)
	}
	for _, r := range norm.NFKD.String(s) {
		if r < 0x80 {
			switch {
			case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
				write(string(r))
			case 'A' <= r && r <= 'Z':
				write(string(r + 'a' - 'A'))
			case r == '\'' || r == '`':
			default:
				gap = true
			}
			continue
		}
		r = unicode.ToLower(r)
		if plain, ok := plainLetters[r]; ok {
			write(plain)
			continue
		}
		switch {
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r): // marks, invisible controls
		case r == '’', r == '‘', r == 'ʼ', r == 'ʻ', r == 'ˈ', r == '´', r == 'ꞌ': // apostrophes
		case unicode.IsLetter(r), unicode.IsDigit(r):
			write(string(r))
		default:
			gap = true
		}
	}
	return b.String()
}

// NameMatches tells whether every part of the query begins a part of its own
// in the name, whatever the order: "kodjo agb" finds "AGBODJAN Kodjo".
// An empty query matches every name.
func NameMatches(query, name string) bool {
	parts := nameParts(query)
	if matchParts(parts, nameParts(name)) {
		return true
	}
	// "n gbende" and "gbende" find N'GBENDE too.
	return matchParts(parts, nameParts(apostropheGaps.Replace(name)))
}

var apostropheGaps = strings.NewReplacer("'", " ", "’", " ", "ʼ", " ", "‘", " ")

func nameParts(s string) []string { return strings.Fields(Fold(s)) }

// matchParts gives longer query parts the first choice: with "a ab" against
// "ab ac" the short part must not take the only name that the long one fits.
func matchParts(query, name []string) bool {
	query = slices.Clone(query)
	slices.SortStableFunc(query, func(a, b string) int { return len(b) - len(a) })
	taken := make([]bool, len(name))
next:
	for _, q := range query {
		for i, n := range name {
			if !taken[i] && strings.HasPrefix(n, q) {
				taken[i] = true
				continue next
			}
		}
		return false
	}
	return true
}

// JoinName shows a name as schools write it: the surname in capitals, then
// the given names.
func JoinName(surname, given string) string {
	return strings.TrimSpace(strings.ToUpper(strings.TrimSpace(surname)) + " " + strings.TrimSpace(given))
}

// collators are not safe for concurrent use, and costly to make.
var collators = sync.Pool{New: func() any { return collate.New(language.French, collate.IgnoreCase) }}

// CompareNames orders two names as a French list does; it returns <0, 0 or >0.
func CompareNames(a, b string) int {
	c := collators.Get().(*collate.Collator)
	defer collators.Put(c)
	return c.CompareString(a, b)
}

// SortByName sorts in place in the French order of names, keeping the order
// of equal ones. One key is made per element, so long lists stay cheap.
func SortByName[T any](list []T, name func(T) string) {
	c := collators.Get().(*collate.Collator)
	defer collators.Put(c)
	type keyed struct {
		key  string
		elem T
	}
	var buf collate.Buffer
	all := make([]keyed, len(list))
	for i, e := range list {
		all[i] = keyed{string(c.KeyFromString(&buf, name(e))), e}
		buf.Reset()
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	for i := range all {
		list[i] = all[i].elem
	}
}
