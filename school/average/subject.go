package average

import (
	"cmp"
	"slices"
)

// Subject is the average of one pupil in one subject.
func (e *Engine) Subject(s Subject) SubjectResult {
	return e.work(s, nil)
}

// counted is a mark that counts, brought to the formula's scale.
type counted struct {
	entry       *Entry
	value       exact
	coefficient Decimal
}

// work computes a subject; t, when not nil, is told each step.
func (e *Engine) work(s Subject, t *teller) SubjectResult {
	r := SubjectResult{}
	entered := 0
	standing := Rated
	for i := range s.Entries {
		en := &s.Entries[i]
		leaf, ok := e.kinds[en.Kind]
		switch {
		case !ok:
			continue
		case !en.Mark.Entered():
			r.Open++
			continue
		}
		entered++
		switch e.nodes[leaf].states[en.Mark.State] {
		case SubjectOut:
			standing = Dispensed
			t.state(en, SubjectOut)
		case SubjectUnrate:
			if standing != Dispensed {
				standing = Unrated
			}
			t.state(en, SubjectUnrate)
		case ZeroNoted:
			r.Noted = true
		}
	}
	if entered == 0 {
		t.say("average.step.empty", "subject", s.Name)
		return r
	}
	if standing != Rated {
		r.Standing = standing
		return r
	}
	values := make([]exact, len(e.nodes))
	marks := make([]int, len(e.nodes))
	for i := range e.nodes {
		n := &e.nodes[i]
		if n.leaf {
			list := e.counted(s.Entries, n, t)
			marks[i] = len(list)
			values[i] = n.leafMean(list, t)
		} else {
			values[i] = n.groupMean(e.nodes, values, t)
		}
		if !values[i].has() {
			switch n.below {
			case BelowZero:
				values[i] = ratio(0, 1)
				t.say("average.step.below_zero", "name", n.name)
			case BelowUnrated:
				r.Standing = Unrated
				t.say("average.step.below_unrated", "name", n.name)
			case BelowOut:
				if i != e.root {
					t.say("average.step.below_out", "name", n.name)
				}
			}
		}
	}
	r.Groups = e.shown(values, marks)
	mean := values[e.root]
	if r.Standing == Unrated || !mean.has() {
		r.Standing = Unrated
		t.say("average.step.unrated", "subject", s.Name)
		return r
	}
	r.Standing = Rated
	r.Mean = mean.round(e.subject)
	t.rounded("average.step.subject", s.Name, mean, r.Mean, e.subject)
	r.Points = r.Mean.exact().mul(s.Coefficient.exact()).round(mostPlaces)
	return r
}

// counted lists the marks of a kind that count, best first when only some do.
func (e *Engine) counted(entries []Entry, n *node, t *teller) []counted {
	var list []counted
	for i := range entries {
		en := &entries[i]
		if en.Kind != n.code || !en.Mark.Entered() {
			continue
		}
		c := counted{entry: en, coefficient: en.Coefficient}
		switch {
		case en.Mark.State == Given:
			c.value = en.Mark.Value.exact()
			if scale := en.Scale.exact(); scale.cmp(e.scale) != 0 && scale.sign() > 0 {
				c.value = c.value.mul(e.scale).quo(scale)
				t.brought(en, e.scale, c.value)
			}
		case n.states[en.Mark.State] == Zero, n.states[en.Mark.State] == ZeroNoted:
			c.value = ratio(0, 1)
			t.state(en, n.states[en.Mark.State])
		default:
			t.state(en, Out)
			continue
		}
		list = append(list, c)
	}
	if n.best > 0 {
		for i := range list {
			list[i].coefficient = unit
		}
		if len(list) > n.best {
			slices.SortStableFunc(list, func(a, b counted) int { return b.value.cmp(a.value) })
			t.best(n, list)
			list = list[:n.best]
		}
	}
	return list
}

// leafMean is no number when too few marks count.
func (n *node) leafMean(list []counted, t *teller) exact {
	if len(list) < n.minimum {
		if t != nil && len(list) > 0 {
			t.say("average.step.too_few", "name", n.name, "count", len(list), "minimum", n.minimum)
		}
		return exact{}
	}
	sum, weight := ratio(0, 1), Decimal(0)
	for _, c := range list {
		if c.coefficient == unit {
			sum = sum.add(c.value)
		} else {
			sum = sum.add(c.value.mul(c.coefficient.exact()))
		}
		weight += c.coefficient
	}
	if weight <= 0 {
		return exact{}
	}
	sum = sum.quo(weight.exact())
	t.leaf(n, list, sum)
	return sum
}

// groupMean is no number when too few parts have a value.
func (n *node) groupMean(nodes []node, values []exact, t *teller) exact {
	have := 0
	sum, weight := ratio(0, 1), ratio(0, 1)
	for _, p := range n.parts {
		if v := values[p.to]; v.has() {
			have++
			sum = sum.add(v.mul(p.weight))
			weight = weight.add(p.weight)
		}
	}
	if have < n.minimum {
		return exact{}
	}
	sum = sum.quo(weight)
	t.group(n, nodes, values, sum)
	if n.places >= 0 {
		r := sum.round(n.places)
		t.rounded("average.step.group_rounded", n.name, sum, r, n.places)
		sum = r.exact()
	}
	return sum
}

// shown puts the values in the order of Columns.
func (e *Engine) shown(values []exact, marks []int) []Value {
	var out []Value
	var walk func(i int)
	walk = func(i int) {
		for _, p := range e.nodes[i].parts {
			walk(p.to)
		}
		v := Value{Marks: marks[i]}
		if values[i].has() {
			v.Has, v.Mean = true, values[i].round(mostPlaces)
		}
		out = append(out, v)
	}
	walk(e.root)
	return out
}

// byMean orders decimals downwards.
func byMean(a, b Decimal) int { return cmp.Compare(b, a) }
