package average

import "math/big"

// exact is a rational number. Nearly all that a school computes fits two small
// integers, which is ten times quicker than big.Rat; what does not goes on in
// one. The zero value is no number at all.
type exact struct {
	n, d int64    // d > 0; both below 2³¹ in size, so that products fit
	big  *big.Rat // instead, when they would not
}

const small = 1 << 31

func ratio(n, d int64) exact { return exact{n: n, d: d}.fit() }

func (d Decimal) exact() exact { return ratio(int64(d), unit) }

// has tells whether there is a number.
func (a exact) has() bool { return a.d != 0 || a.big != nil }

// fit shortens what has grown, and turns to big.Rat when that is not enough.
func (a exact) fit() exact {
	if a.n < small && a.n > -small && a.d < small && a.d%10 != 0 {
		return a
	}
	g, h := a.n, a.d
	if g < 0 {
		g = -g
	}
	for h != 0 {
		g, h = h, g%h
	}
	a.n, a.d = a.n/g, a.d/g
	if a.n < small && a.n > -small && a.d < small {
		return a
	}
	return exact{big: big.NewRat(a.n, a.d)}
}

// rat is a as a big.Rat, which the caller must not change.
func (a exact) rat() *big.Rat {
	if a.big != nil {
		return a.big
	}
	return big.NewRat(a.n, a.d)
}

func (a exact) add(b exact) exact {
	if a.big == nil && b.big == nil {
		if a.d == b.d {
			return exact{n: a.n + b.n, d: a.d}.fit()
		}
		// each product is below 2⁶²
		return exact{n: a.n*b.d + b.n*a.d, d: a.d * b.d}.fit()
	}
	return exact{big: new(big.Rat).Add(a.rat(), b.rat())}
}

func (a exact) sub(b exact) exact {
	if b.big != nil {
		return a.add(exact{big: new(big.Rat).Neg(b.big)})
	}
	return a.add(exact{n: -b.n, d: b.d})
}

func (a exact) mul(b exact) exact {
	if a.big == nil && b.big == nil {
		return exact{n: a.n * b.n, d: a.d * b.d}.fit()
	}
	return exact{big: new(big.Rat).Mul(a.rat(), b.rat())}
}

// quo divides by a number above 0.
func (a exact) quo(b exact) exact {
	if a.big == nil && b.big == nil {
		return exact{n: a.n * b.d, d: a.d * b.n}.fit()
	}
	return exact{big: new(big.Rat).Quo(a.rat(), b.rat())}
}

func (a exact) cmp(b exact) int {
	if a.big == nil && b.big == nil {
		x, y := a.n*b.d, b.n*a.d
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return a.rat().Cmp(b.rat())
}

func (a exact) sign() int { return a.cmp(exact{n: 0, d: 1}) }

// round is Round without leaving the small integers.
func (a exact) round(places int) Decimal {
	if a.big != nil || a.n < 0 {
		return Round(a.rat(), places)
	}
	step := int64(1)
	for range mostPlaces - places {
		step *= 10
	}
	scaled := a.n * (2 * unit) // below 2³¹ · 20,000 < 2⁴⁶
	den := a.d * step          // below 2³¹ · 10,000 < 2⁴⁵
	return Decimal((scaled + den) / (2 * den) * step)
}
