package seal

import (
	"crypto/sha256"
	"strings"
)

// crockford is the alphabet of short codes and QR texts: no I, L, O, U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// CodeLength is the number of characters of a short code, check included.
const CodeLength = 10

// ShortCode is ten characters by which a person finds a signed header: nine
// from its SHA-256 (45 bits: two circulars share one with chance 1 in 35
// million million, and one made to collide would still need a signature) and a check character. It
// is stored and compared bare; PrintCode shows it.
func ShortCode(s Signed) string {
	h := sha256.New()
	h.Write([]byte("preau code 1\x00"))
	h.Write(s.Signature)
	h.Write(s.Header)
	sum := h.Sum(nil)
	var bits uint64
	for _, b := range sum[:8] {
		bits = bits<<8 | uint64(b)
	}
	code := make([]byte, CodeLength)
	for i := range CodeLength - 1 {
		code[i] = crockford[bits>>(59-5*i)&31]
	}
	code[CodeLength-1] = crockford[checkOf(code[:CodeLength-1])]
	return string(code)
}

// PrintCode shows a code as XXXXX-XXXXX; anything of another length as it is.
func PrintCode(code string) string {
	if len(code) != CodeLength {
		return code
	}
	return code[:CodeLength/2] + "-" + code[CodeLength/2:]
}

// NormalizeCode brings what a person typed to the stored form: capitals,
// without spaces and hyphens, O read as 0, I and L as 1. It does not check.
func NormalizeCode(s string) string { return strings.Map(readable, s) }

// CheckCode tells whether a normalised code has no slip of the pen: each
// single wrong character and each exchange of two characters is found.
func CheckCode(code string) bool {
	if len(code) != CodeLength || strings.Trim(code, crockford) != "" {
		return false
	}
	return code[CodeLength-1] == crockford[checkOf([]byte(code[:CodeLength-1]))]
}

// readable maps what is typed or scanned to crockford; what cannot be mapped
// stays, to be refused.
func readable(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		r -= 'a' - 'A'
	}
	switch r {
	case ' ', '-', '\t', '\n', '\r', '\u00a0', '\u202f', '\u2009', '\u2010', '\u2011', '\u2013':
		return -1
	case 'O':
		return '0'
	case 'I', 'L':
		return '1'
	}
	return r
}

// checkOf is the element c of GF(32) that makes Σ αⁱ·xᵢ + c = 0, i from 1. The
// weights differ and none is 0, so one wrong xᵢ, or two exchanged ones, change
// the sum.
func checkOf(code []byte) int {
	sum, weight := 0, 2
	for _, c := range code {
		sum ^= times(weight, strings.IndexByte(crockford, c))
		weight = times(weight, 2)
	}
	return sum
}

// times multiplies in GF(32) = GF(2)[x]/(x⁵+x²+1), in which 2 has order 31.
func times(a, b int) int {
	p := 0
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			p ^= a
		}
		if a <<= 1; a&32 != 0 {
			a ^= 0b100101
		}
	}
	return p
}
