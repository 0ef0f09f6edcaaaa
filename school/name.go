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
		if plainASCII(out) {
			break
		}
		again := foldOnce(out)
		if again == out {
			break
		}
		out = again
	}
	return out
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func foldOnce(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	space := func() {
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
	}
	write := func(t string) { space(); b.WriteString(t) }
	for _, r := range norm.NFKD.String(s) {
		if r < 0x80 {
			switch {
			case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
				space()
				b.WriteByte(byte(r))
			case 'A' <= r && r <= 'Z':
				space()
				b.WriteByte(byte(r) + 'a' - 'A')
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
func NameMatches(query, name string) bool { return nameMatcher(query)(name) }

// nameMatcher takes a query apart once, for matching many names.
func nameMatcher(query string) func(name string) bool {
	parts := nameParts(query)
	slices.SortStableFunc(parts, func(a, b string) int { return len(b) - len(a) })
	return func(name string) bool {
		if len(parts) == 0 || matchParts(parts, nameParts(name)) {
			return true
		}
		// "n gbende" and "gbende" find N'GBENDE too.
		return strings.ContainsAny(name, apostrophes) && matchParts(parts, nameParts(apostropheGaps.Replace(name)))
	}
}

const apostrophes = "'’ʼ‘"

var apostropheGaps = strings.NewReplacer("'", " ", "’", " ", "ʼ", " ", "‘", " ")

func nameParts(s string) []string { return strings.Fields(Fold(s)) }

// matchParts gives longer query parts, which come first, the first choice:
// with "a ab" against "ab ac" the short part must not take the only name that
// the long one fits. That finds a match whenever there is one, because what
// two beginnings fit is either apart or one inside the other.
func matchParts(query, name []string) bool {
	var few [8]bool
	taken := few[:]
	if len(name) > len(few) {
		taken = make([]bool, len(name))
	}
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
