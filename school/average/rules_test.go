package average_test

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"preau/school/average"
)

// subjects draws what one pupil may have.
func subjects(t *rapid.T) []average.Subject {
	n := rapid.IntRange(1, 6).Draw(t, "subjects")
	out := make([]average.Subject, n)
	for i := range out {
		out[i] = average.Subject{
			Coefficient: average.Decimal(rapid.SampledFrom([]int64{5_000, 10_000, 20_000, 25_000, 50_000}).Draw(t, "coefficient")),
			Facultative: rapid.IntRange(0, 5).Draw(t, "facultative") == 0,
			Entries:     rapid.SliceOfN(rapid.Custom(entry), 0, 7).Draw(t, "entries"),
		}
	}
	return out
}

func entry(t *rapid.T) average.Entry {
	e := average.Entry{
		Kind:        rapid.SampledFrom([]string{"interro", "devoir", "compo"}).Draw(t, "kind"),
		Scale:       average.Whole(rapid.SampledFrom([]int{10, 20, 30, 40}).Draw(t, "scale")),
		Coefficient: average.Whole(rapid.IntRange(1, 3).Draw(t, "coefficient")),
	}
	if e.Mark.State = average.State(rapid.IntRange(0, 12).Draw(t, "state")); e.Mark.State > average.NR {
		e.Mark.State = average.Given
	}
	if e.Mark.State == average.Given {
		e.Mark.Value = average.Decimal(rapid.Int64Range(0, int64(e.Scale)/100).Draw(t, "value") * 100)
	}
	return e
}

func TestOrderOfEntryDoesNotMatter(t *testing.T) {
	f := formula()
	f.Kinds[0].Best = "2"
	e := engine(t, f)
	rapid.Check(t, func(t *rapid.T) {
		list := subjects(t)
		before := e.Pupil(list)
		for i := range list {
			list[i].Entries = rapid.Permutation(list[i].Entries).Draw(t, "order")
		}
		if after := e.Pupil(list); after.General != before.General || after.Points != before.Points || after.Unclassed != before.Unclassed {
			t.Fatalf("%s became %s", before.General, after.General)
		}
	})
}

func TestRaisingAMarkNeverLowersAnAverage(t *testing.T) {
	f := formula()
	f.Kinds[0].Best = "2"
	e := engine(t, f)
	rapid.Check(t, func(t *rapid.T) {
		list := subjects(t)
		before := e.Pupil(list)
		s := rapid.IntRange(0, len(list)-1).Draw(t, "subject")
		for i := range list[s].Entries {
			if m := &list[s].Entries[i]; m.Mark.State == average.Given {
				m.Mark.Value += average.Decimal(rapid.Int64Range(0, int64(m.Scale-m.Mark.Value)).Draw(t, "more"))
			}
		}
		after := e.Pupil(list)
		if after.General < before.General || after.Subjects[s].Mean < before.Subjects[s].Mean {
			t.Fatalf("general %s fell to %s, subject %s to %s", before.General, after.General, before.Subjects[s].Mean, after.Subjects[s].Mean)
		}
	})
}

func TestPermutingPupilsPermutesRanks(t *testing.T) {
	e := engine(t, formula())
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "pupils")
		members := make([]average.Member, n)
		for i := range members {
			members[i] = average.Member{Subjects: []average.Subject{{Coefficient: num("1"), Entries: []average.Entry{{
				Kind: "devoir", Scale: num("20"), Coefficient: num("1"),
				Mark: average.Mark{State: average.Given, Value: average.Whole(rapid.IntRange(8, 12).Draw(t, "mark"))},
			}}}}}
		}
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		order = rapid.Permutation(order).Draw(t, "order")
		shuffled := make([]average.Member, n)
		for i, from := range order {
			shuffled[i] = members[from]
		}
		a, b := e.Class(members), e.Class(shuffled)
		if a.General != b.General {
			t.Fatalf("%+v became %+v", a.General, b.General)
		}
		for i, from := range order {
			if a.Places[from] != b.Places[i] {
				t.Fatalf("pupil %d was %v and is %v", from, a.Places[from], b.Places[i])
			}
		}
		// Ties share, and the next place skips: a place is one more than those above.
		for i := range members {
			above, same := 0, 0
			for j := range members {
				switch {
				case a.Pupils[j].General > a.Pupils[i].General:
					above++
				case a.Pupils[j].General == a.Pupils[i].General:
					same++
				}
			}
			if p := a.Places[i]; p.Rank != above+1 || p.Tied != (same > 1) {
				t.Fatalf("%d above, %d alike: %+v", above, same, p)
			}
		}
	})
}

// TestAgainstAnotherComputation compares random classes with the formula written
// out once more, straight from its sentence, in rationals.
func TestAgainstAnotherComputation(t *testing.T) {
	e := engine(t, formula())
	r := rand.New(rand.NewPCG(5, 8))
	for range 60 {
		pupils := 1 + r.IntN(100)
		for range pupils {
			list := make([]average.Subject, 1+r.IntN(14))
			for i := range list {
				list[i].Coefficient = average.Whole(1 + r.IntN(5))
				list[i].Facultative = r.IntN(8) == 0
				for range r.IntN(8) {
					en := average.Entry{Kind: []string{"interro", "devoir", "compo"}[r.IntN(3)], Scale: average.Whole(10 * (1 + r.IntN(4))), Coefficient: average.Whole(1 + r.IntN(2))}
					if en.Mark.State = average.State(r.IntN(30)); en.Mark.State > average.NR {
						en.Mark = average.Mark{State: average.Given, Value: average.Decimal(r.Int64N(int64(en.Scale)/100+1) * 100)}
					} else if en.Mark.State == average.Given {
						en.Mark.Value = en.Scale
					}
					list[i].Entries = append(list[i].Entries, en)
				}
			}
			got := e.Pupil(list)
			mean, rated := otherGeneral(list)
			if got.Rated != rated || rated && got.General.Fixed(2) != mean {
				t.Fatalf("%+v: %s %v, the other way %s %v", list, got.General, got.Rated, mean, rated)
			}
		}
	}
}

func otherGeneral(list []average.Subject) (string, bool) {
	points, weights, bonus := new(big.Rat), new(big.Rat), new(big.Rat)
	for _, s := range list {
		m, ok := otherSubject(s)
		if !ok {
			continue
		}
		c, _ := new(big.Rat).SetString(s.Coefficient.String())
		if s.Facultative {
			if over := new(big.Rat).Sub(m, big.NewRat(10, 1)); over.Sign() > 0 {
				bonus.Add(bonus, over.Mul(over, c))
			}
			continue
		}
		points.Add(points, new(big.Rat).Mul(m, c))
		weights.Add(weights, c)
	}
	if bonus.Cmp(big.NewRat(12, 1)) > 0 {
		bonus.SetInt64(12)
	}
	if weights.Sign() == 0 {
		return "", false
	}
	g := points.Add(points, bonus)
	g.Quo(g, weights)
	if g.Cmp(big.NewRat(20, 1)) > 0 {
		g.SetInt64(20)
	}
	return halfUp(g), true
}

// otherSubject is the rounded average of a subject.
func otherSubject(s average.Subject) (*big.Rat, bool) {
	sum := map[string]*big.Rat{"interro": {}, "devoir": {}, "compo": {}}
	weight := map[string]*big.Rat{"interro": {}, "devoir": {}, "compo": {}}
	for _, en := range s.Entries {
		c, _ := new(big.Rat).SetString(en.Coefficient.String())
		v := new(big.Rat)
		switch en.Mark.State {
		case average.Disp, average.NR:
			return nil, false
		case average.Missing, average.Absj:
			continue
		case average.Given:
			v.SetString(en.Mark.Value.String())
			scale, _ := new(big.Rat).SetString(en.Scale.String())
			v.Quo(v.Mul(v, big.NewRat(20, 1)), scale)
		}
		sum[en.Kind].Add(sum[en.Kind], v.Mul(v, c))
		weight[en.Kind].Add(weight[en.Kind], c)
	}
	half := func(a, b *big.Rat, wa, wb int64) *big.Rat {
		switch {
		case a == nil:
			return b
		case b == nil:
			return a
		}
		m := new(big.Rat).Add(new(big.Rat).Mul(a, big.NewRat(wa, 1)), new(big.Rat).Mul(b, big.NewRat(wb, 1)))
		return m.Quo(m, big.NewRat(wa+wb, 1))
	}
	of := func(kind string) *big.Rat {
		if weight[kind].Sign() == 0 {
			return nil
		}
		return new(big.Rat).Quo(sum[kind], weight[kind])
	}
	m := half(half(of("interro"), of("devoir"), 1, 2), of("compo"), 1, 1)
	if m == nil {
		return nil, false
	}
	r, _ := new(big.Rat).SetString(halfUp(m))
	return r, true
}

// halfUp rounds a rational that is not negative by writing one more digit than
// needed of its exact decimal expansion.
func halfUp(r *big.Rat) string {
	cents := new(big.Rat).Mul(r, big.NewRat(100, 1))
	whole := new(big.Int).Quo(cents.Num(), cents.Denom())
	rest := new(big.Rat).Sub(cents, new(big.Rat).SetInt(whole))
	if rest.Cmp(big.NewRat(1, 2)) >= 0 {
		whole.Add(whole, big.NewInt(1))
	}
	return new(big.Rat).SetFrac(whole, big.NewInt(100)).FloatString(2)
}
