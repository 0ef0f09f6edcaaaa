package roll

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	civility  = regexp.MustCompile(`^(?i:(?:m\.|mr\.?|mme\.?|mlle\.?|mrs\.?|dr\.?|monsieur|madame|mademoiselle))\s+`)
	ladies    = regexp.MustCompile(`^(?i:mme|mlle|madame|mademoiselle|mrs)`)
	marked    = regexp.MustCompile(`\s*(?:\((?i:r|red|redt|redoublant|redoublante)\.?\)|\*+)$`)
	honorific = regexp.MustCompile(`(?i)^(?:épse|epse|ép\.?|ep\.?|épouse|epouse|née|veuve|vve)$`)
)

// particles join what follows them into one surname.
var particles = map[string]bool{"de": true, "da": true, "do": true, "dos": true, "du": true, "des": true, "d'": true, "le": true, "la": true, "el": true, "al": true, "ben": true, "van": true, "von": true, "di": true, "del": true, "saint": true, "sainte": true, "st": true, "ste": true}

// SplitName takes "SANT'ANNA Naka" apart. Capitals tell the surname; without
// them the first word with its particles is it, or the last when the list
// says that given names come first. known tells given names, for lists typed
// in capitals throughout; it may be nil.
func SplitName(full string, givenFirst bool, known func(string) bool) (surname, given string) {
	full = strings.TrimSpace(civility.ReplaceAllString(strings.TrimSpace(full), ""))
	if a, b, ok := strings.Cut(full, ","); ok && hasLetter(a) && hasLetter(b) {
		return asSurname(a), asGiven(b)
	}
	words := strings.Fields(joinApostrophes(full))
	n := 0
	switch lead, trail := capitals(words), capitalsAtEnd(words); {
	case len(words) < 2:
		n = len(words)
	case lead > 0 && lead < len(words):
		n = lead
	case trail > 0 && trail < len(words):
		return asSurname(strings.Join(words[len(words)-trail:], " ")), asGiven(strings.Join(words[:len(words)-trail], " "))
	case givenFirst:
		n = len(words) - 1
		for n > 1 && particles[strings.ToLower(words[n-1])] {
			n--
		}
		return asSurname(strings.Join(words[n:], " ")), asGiven(strings.Join(words[:n], " "))
	default:
		n = firstSurname(words, known)
	}
	return asSurname(strings.Join(words[:n], " ")), asGiven(strings.Join(words[n:], " "))
}

// joinApostrophes writes "N' GBENDE" and "D 'ALMEIDA" as one word.
func joinApostrophes(s string) string {
	for _, a := range []string{"'", "’", "ʼ"} {
		s = strings.ReplaceAll(strings.ReplaceAll(s, a+" ", a), " "+a, a)
	}
	return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(s, " -", "-"), "- ", "-"), "--", "-")
}

// capitals counts the words of the surname at the beginning: words in
// capitals, with particles in small letters before them.
func capitals(words []string) int {
	n := 0
	for n < len(words) {
		switch {
		case isCapital(words[n]) && !(n > 0 && isInitial(words[n])):
			n++
		case particles[strings.ToLower(words[n])] && n+1 < len(words) && isCapital(words[n+1]):
			n++
		case n > 0 && honorific.MatchString(words[n]) && n+1 < len(words) && isCapital(words[n+1]):
			n++ // "ADZOVI épse KOFFI Akouvi"
		default:
			return n
		}
	}
	return n
}

func capitalsAtEnd(words []string) int {
	n := 0
	for n < len(words) && isCapital(words[len(words)-1-n]) && !isInitial(words[len(words)-1-n]) {
		n++
	}
	if n == 0 || n == len(words) {
		return 0
	}
	for n < len(words)-1 && particles[strings.ToLower(words[len(words)-1-n])] {
		n++
	}
	return n
}

// isCapital: all letters capital, apart from a first d' or N'.
func isCapital(w string) bool {
	upper := 0
	runes := []rune(w)
	for i, r := range runes {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLower(r):
			if i == 0 && len(runes) > 2 && strings.ContainsRune("'’ʼ", runes[1]) {
				continue
			}
			return false
		}
	}
	return upper > 0
}

func isInitial(w string) bool {
	letters := 0
	for _, r := range w {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return letters == 1
}

// firstSurname counts the words of the surname where capitals say nothing.
func firstSurname(words []string, known func(string) bool) int {
	n := 1
	for n < len(words) && particles[strings.ToLower(words[n-1])] {
		n++
	}
	if known == nil || n >= len(words) {
		return min(n, len(words))
	}
	for i := n; i < len(words); i++ {
		if known(words[i]) {
			return i
		}
	}
	return n
}

// asSurname writes a surname as schools do, in capitals.
func asSurname(s string) string { return strings.ToUpper(tidy(s)) }

// asGiven writes given names: as they are, unless they are all capitals or all
// small letters.
func asGiven(s string) string {
	s = tidy(s)
	if s == strings.ToUpper(s) || s == strings.ToLower(s) {
		return titled(s)
	}
	return s
}

func titled(s string) string {
	words := strings.Fields(s)
	for i, w := range words {
		if honorific.MatchString(w) {
			words[i] = strings.ToLower(w)
			continue
		}
		words[i] = titledWord(w)
	}
	return strings.Join(words, " ")
}

func titledWord(w string) string {
	var b strings.Builder
	start := true
	for _, r := range w {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsMark(r):
			start = r == '-' || r == '.' || r == '\'' || r == '’' || r == 'ʼ'
			b.WriteRune(r)
		case start:
			b.WriteRune(unicode.ToUpper(r))
			start = false
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

func tidy(s string) string {
	return strings.Trim(strings.Join(strings.Fields(joinApostrophes(s)), " "), " ,;")
}

func hasLetter(s string) bool { return strings.IndexFunc(s, unicode.IsLetter) >= 0 }
