package school

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// commonText lists words that people choose first, folded. It is ours: French, English, keyboard runs, and what a Togolese would guess.
//
//go:embed common.txt
var commonText string

// commonestText is what is missing there of the 3,000 commonest passwords.
//
//go:embed commonest.txt
var commonestText string

var commonSecrets = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(commonText + commonestText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.Fields(line) {
			set[w] = true
		}
	}
	return set
})

// MinSecret is the fewest characters of a lasting password.
const MinSecret = 8

// CheckPasswordQuality says what stands against a lasting password, nil when
// nothing does: at least 8 characters, no common word alone or with digits and
// signs around it, no run of keys, not the sign-in name. It never asks for
// capitals or signs: length is what helps.
func CheckPasswordQuality(secret, login string) *Refusal {
	n := utf8.RuneCountInString(secret)
	switch {
	case n < MinSecret:
		return Refuse("secret.refused.short", "secret", "min", MinSecret)
	case len(secret) > maxSecret:
		return Refuse("secret.refused.long", "secret", "max", maxSecret)
	}
	plain := plainSecret(secret)
	core := strings.TrimFunc(plain, func(r rune) bool { return !unicode.IsLetter(r) })
	if l := plainSecret(login); l != "" && utf8.RuneCountInString(l) >= 3 && strings.Contains(plain, l) &&
		utf8.RuneCountInString(plain)-utf8.RuneCountInString(l) < 6 {
		return Refuse("secret.refused.login", "secret")
	}
	common := commonSecrets()
	if common[plain] || common[core] || common[unleet(plain)] || common[unleet(core)] ||
		isRun(plain) || isRepeat(plain) || core == "" && digitsOnly(plain) && n < 12 {
		return Refuse("secret.refused.common", "secret")
	}
	return nil
}

// plainSecret folds without losing signs: P@ssword and p@ssword are one.
func plainSecret(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		if unicode.IsSpace(r) {
			continue
		}
		if f := Fold(string(r)); f != "" {
			b.WriteString(f)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

var unleetPairs = strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s", "7", "t")

func unleet(s string) string { return unleetPairs.Replace(s) }

func digitsOnly(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) }) < 0
}

// rows of keys as they lie on French and English keyboards, and the alphabets.
var keyRows = []string{
	"abcdefghijklmnopqrstuvwxyz", "01234567890", "azertyuiopqsdfghjklmwxcvbn", "qwertyuiopasdfghjklzxcvbnm",
}

// isRun tells whether s is made of at most two runs along keyRows, either way.
func isRun(s string) bool {
	for pieces := 0; pieces < 2; pieces++ {
		longest := 0
		for _, row := range keyRows {
			longest = max(longest, prefixIn(s, row), prefixIn(s, reverse(row)))
		}
		if longest < 3 {
			return false
		}
		if s = s[longest:]; s == "" {
			return true
		}
	}
	return false
}

// prefixIn is the length of the longest beginning of s that lies in row.
func prefixIn(s, row string) int {
	n := 0
	for n < len(s) && strings.Contains(row, s[:n+1]) {
		n++
	}
	return n
}

func reverse(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// isRepeat tells whether s is one to four characters over and over.
func isRepeat(s string) bool {
	r := []rune(s)
	for unit := 1; unit <= 4 && unit < len(r); unit++ {
		same := true
		for i := unit; i < len(r) && same; i++ {
			same = r[i] == r[i-unit]
		}
		if same {
			return true
		}
	}
	return false
}
