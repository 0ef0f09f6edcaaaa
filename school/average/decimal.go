package average

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// Decimal is an exact number with at most four decimals, counted in
// ten-thousandths: marks, coefficients, rounded means. Its zero value is 0.
type Decimal int64

const (
	unit        = 10_000
	mostPlaces  = 4
	mostDecimal = 1_000_000 * unit
)

// Whole is n as a Decimal.
func Whole(n int) Decimal { return Decimal(n) * unit }

// ParseDecimal reads "12", "12.5" or "12,5": digits with at most four decimals,
// below one million. A sign may lead.
func ParseDecimal(s string) (Decimal, error) {
	s = strings.TrimSpace(s)
	digits, negative := strings.CutPrefix(s, "-")
	whole, part, point := strings.Cut(strings.Replace(digits, ",", ".", 1), ".")
	if whole == "" || point && part == "" || len(part) > mostPlaces || len(whole) > 6 || !allDigits(whole) || !allDigits(part) {
		return 0, fmt.Errorf("average: %q is no number with at most %d decimals", s, mostPlaces)
	}
	n, err := strconv.ParseInt(whole+(part + "0000")[:mostPlaces], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("average: %q: %w", s, err)
	}
	if negative {
		n = -n
	}
	return Decimal(n), nil
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// MustDecimal is ParseDecimal for a text that is part of the program.
func MustDecimal(s string) Decimal {
	d, err := ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

// String writes as few decimals as are needed, after a point.
func (d Decimal) String() string {
	s := d.Fixed(mostPlaces)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// Fixed writes exactly so many decimals (0 to 4) after a point; further ones are
// cut off, not rounded.
func (d Decimal) Fixed(places int) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	s := fmt.Sprintf("%s%d.%04d", sign, d/unit, d%unit)
	s = s[:len(s)-mostPlaces+min(max(places, 0), mostPlaces)]
	return strings.TrimSuffix(s, ".")
}

// Places is how many decimals d needs.
func (d Decimal) Places() int {
	_, part, _ := strings.Cut(d.String(), ".")
	return len(part)
}

// Rat is d as a rational.
func (d Decimal) Rat() *big.Rat { return big.NewRat(int64(d), unit) }

// Round is r to so many decimals (0 to 4), half-up: 12.345 becomes 12.35, and
// -0.5 becomes 0. This is the only place where anything is rounded.
func Round(r *big.Rat, places int) Decimal {
	step := int64(1)
	for range mostPlaces - min(max(places, 0), mostPlaces) {
		step *= 10
	}
	// floor(r·unit/step + 1/2) = floor((2·num·unit + den·step) / (2·den·step))
	den := new(big.Int).Mul(r.Denom(), big.NewInt(step))
	num := new(big.Int).Mul(r.Num(), big.NewInt(2*unit))
	num.Add(num, den)
	den.Lsh(den, 1)
	q, _ := num.DivMod(num, den, new(big.Int)) // Euclidean: floors, for den > 0
	return Decimal(q.Int64() * step)
}

// MarshalCBOR writes a decimal fraction (tag 4): exponent and mantissa, the
// shortest that is exact.
func (d Decimal) MarshalCBOR() ([]byte, error) {
	exponent, mantissa := -mostPlaces, int64(d)
	for exponent < 0 && mantissa%10 == 0 {
		exponent, mantissa = exponent+1, mantissa/10
	}
	return cbor.Marshal(cbor.Tag{Number: 4, Content: [2]int64{int64(exponent), mantissa}})
}

// UnmarshalCBOR reads what MarshalCBOR wrote.
func (d *Decimal) UnmarshalCBOR(b []byte) error {
	var raw struct {
		cbor.RawTag
	}
	if err := cbor.Unmarshal(b, &raw.RawTag); err != nil {
		return err
	}
	var parts [2]int64
	if err := cbor.Unmarshal(raw.Content, &parts); err != nil {
		return err
	}
	if raw.Number != 4 || parts[0] < -mostPlaces || parts[0] > 0 || parts[1] > mostDecimal || parts[1] < -mostDecimal {
		return fmt.Errorf("average: %d·10^%d under tag %d is no decimal of ours", parts[1], parts[0], raw.Number)
	}
	n := parts[1]
	for range mostPlaces + int(parts[0]) {
		n *= 10
	}
	*d = Decimal(n)
	return nil
}

// Mean is sum / n, rounded half-up to so many decimals; n is above 0.
func Mean(sum Decimal, n, places int) Decimal {
	return Round(big.NewRat(int64(sum), int64(n)*unit), places)
}
