package bulletin

import "strings"

var (
	small = [...]string{
		"zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
		"treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
	}
	tens = [...]string{"", "", "vingt", "trente", "quarante", "cinquante", "soixante", "soixante", "quatre-vingt", "quatre-vingt"}
)

// InWords spells a decimal in French as a hand-written bulletin does: "11.83" is
// "onze virgule quatre-vingt-trois", "9.05" is "neuf virgule zéro cinq", "12.50"
// is "douze virgule cinquante" and "12.00" is "douze". It takes
// what web.FormatDecimal takes, a point or a comma, 0 to 999 before it and at
// most two digits after it; anything else comes back as it is.
//
// Spelling: the rules before 1990, in which hyphens join only what is below a
// hundred and "et" stands before one and eleven, as bulletins are written.
func InWords(decimal string) string {
	whole, rest, _ := strings.Cut(strings.Replace(decimal, ",", ".", 1), ".")
	n, ok := number(whole)
	if !ok || len(whole) > 3 || len(rest) > 2 {
		return decimal
	}
	words := below1000(n)
	if strings.Trim(rest, "0") == "" {
		return words
	}
	f, ok := number(rest)
	if !ok {
		return decimal
	}
	words += " virgule "
	switch {
	case rest[0] == '0':
		return words + "zéro " + small[f]
	default:
		return words + below100(f)
	}
}

func number(s string) (n int, ok bool) {
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, s != ""
}

func below1000(n int) string {
	hundreds, rest := n/100, n%100
	if hundreds == 0 {
		return below100(rest)
	}
	words := "cent"
	if hundreds > 1 {
		words = small[hundreds] + " cent"
	}
	switch {
	case rest > 0:
		return words + " " + below100(rest)
	case hundreds > 1:
		return words + "s" // deux cents
	default:
		return words
	}
}

// below100 spells 0 to 99. No numeral follows it, so quatre-vingts has its s.
func below100(n int) string {
	if n < 20 {
		return small[n]
	}
	ten, unit := n/10, n%10
	if ten == 7 || ten == 9 { // soixante-dix, quatre-vingt-dix: count on from ten
		unit += 10
	}
	switch {
	case unit == 0 && ten == 8:
		return "quatre-vingts"
	case unit == 0:
		return tens[ten]
	case (unit == 1 || unit == 11) && ten < 8:
		return tens[ten] + " et " + small[unit]
	default:
		return tens[ten] + "-" + small[unit]
	}
}
