package school

import (
	"crypto/rand"
	"math/big"
	"strings"
)

// A one-time secret is read from a slip of paper and typed once: syllables of
// letters that are not taken for others (no l, i, o, q), plain to say, then
// two digits without 0 and 1.
const (
	oneTimeConsonants = "bdfghjkmnprstvz"
	oneTimeVowels     = "aeuy"
	oneTimeDigits     = "23456789"
	oneTimeSyllables  = 7
)

// OneTimeSecret draws a password such as "bade-muzy-kevapu-73" to be changed at first
// use: 15⁷ × 4⁷ × 64, about 47 bits, behind throttles and used once.
func OneTimeSecret() string {
	var b strings.Builder
	for i := range oneTimeSyllables {
		if i == 2 || i == 4 {
			b.WriteByte('-')
		}
		b.WriteByte(draw(oneTimeConsonants))
		b.WriteByte(draw(oneTimeVowels))
	}
	b.WriteByte('-')
	b.WriteByte(draw(oneTimeDigits))
	b.WriteByte(draw(oneTimeDigits))
	return b.String()
}

func draw(from string) byte {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(len(from))))
	if err != nil { // crypto/rand ends the process rather than fail
		panic(err)
	}
	return from[n.Int64()]
}
