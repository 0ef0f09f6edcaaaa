package bulletin_test

import (
	"testing"

	"preau/modules/marks/bulletin"
)

// The spellings are those of the Académie's tables before 1990.
func TestInWords(t *testing.T) {
	for in, want := range map[string]string{
		"0": "zéro", "1": "un", "17.00": "dix-sept", "20": "vingt", "12.50": "douze virgule cinquante",
		"12,5": "douze virgule cinq", "9.05": "neuf virgule zéro cinq", "11.83": "onze virgule quatre-vingt-trois",
		"11.80": "onze virgule quatre-vingts", "11.81": "onze virgule quatre-vingt-un", "10.21": "dix virgule vingt et un",
		"10.70": "dix virgule soixante-dix", "10.71": "dix virgule soixante et onze", "10.77": "dix virgule soixante-dix-sept",
		"10.90": "dix virgule quatre-vingt-dix", "10.91": "dix virgule quatre-vingt-onze", "10.99": "dix virgule quatre-vingt-dix-neuf",
		"80": "quatre-vingts", "100": "cent", "101": "cent un", "180": "cent quatre-vingts", "200": "deux cents", "283.97": "deux cent quatre-vingt-trois virgule quatre-vingt-dix-sept",
		"12.345": "12.345", "abs": "abs", "": "", "-3": "-3", "1000": "1000", "12.": "douze",
	} {
		if got := bulletin.InWords(in); got != want {
			t.Errorf("InWords(%q) = %q, want %q", in, got, want)
		}
	}
}
