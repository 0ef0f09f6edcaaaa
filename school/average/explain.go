package average

import (
	"math/big"
	"strings"
)

// Voice puts steps into words. T is the text of a words key with its pairs;
// Comma writes decimals the French way.
type Voice struct {
	T     func(key string, kv ...any) string
	Comma bool
}

// ExplainSubject tells the average of a subject step by step, one sentence each.
func (e *Engine) ExplainSubject(v Voice, s Subject) []string {
	t := &teller{v: v}
	e.work(s, t)
	return t.steps
}

// ExplainGeneral tells the general average, from the averages of the subjects.
func (e *Engine) ExplainGeneral(v Voice, subjects []Subject) []string {
	t := &teller{v: v}
	results := make([]SubjectResult, len(subjects))
	for i, s := range subjects {
		results[i] = e.Subject(s)
	}
	e.period(subjects, results, t)
	return t.steps
}

// ExplainYear tells the annual average.
func (e *Engine) ExplainYear(v Voice, periods []Period) []string {
	t := &teller{v: v}
	e.year(periods, t)
	return t.steps
}

// teller collects sentences; a nil teller keeps silent, so that computing and
// explaining are one piece of code and cannot differ.
type teller struct {
	v     Voice
	steps []string
}

func (t *teller) say(key string, kv ...any) {
	if t != nil {
		t.steps = append(t.steps, strings.Replace(t.v.T(key, kv...), "….", "…", 1))
	}
}

// num writes a rational: exact when four decimals are enough, else cut with an
// ellipsis.
func (t *teller) num(x exact) string {
	if t == nil {
		return ""
	}
	r := x.rat()
	cut := Decimal(new(big.Int).Quo(new(big.Int).Mul(r.Num(), big.NewInt(unit)), r.Denom()).Int64())
	s := cut.String()
	if cut.exact().cmp(x) != 0 {
		s = cut.Fixed(mostPlaces) + "…"
	}
	return t.point(s)
}

func (t *teller) point(s string) string {
	if t.v.Comma {
		return strings.Replace(s, ".", ",", 1)
	}
	return s
}

func (t *teller) dec(d Decimal) string { return t.point(d.String()) }

func (t *teller) label(en *Entry) string {
	if en.Label != "" {
		return en.Label
	}
	return en.Kind
}

func (t *teller) state(en *Entry, what Treatment) {
	if t != nil {
		t.say("average.step."+string(what), "mark", t.label(en), "state", t.v.T(en.Mark.State.WordKey()))
	}
}

func (t *teller) brought(en *Entry, scale, value exact) {
	if t != nil {
		t.say("average.step.brought", "mark", t.label(en), "value", t.dec(en.Mark.Value), "out", t.dec(en.Scale), "scale", t.num(scale), "result", t.num(value))
	}
}

func (t *teller) best(n *node, list []counted) {
	if t == nil {
		return
	}
	var kept, left []string
	for i, c := range list {
		if i < n.best {
			kept = append(kept, t.num(c.value))
		} else {
			left = append(left, t.num(c.value))
		}
	}
	t.say("average.step.best", "name", n.name, "count", n.best, "kept", strings.Join(kept, " ; "), "left", strings.Join(left, " ; "))
}

// sum writes "(12 + 2 × 9) / 3" from values and weights.
func (t *teller) sum(values []exact, weights []exact) string {
	terms := make([]string, len(values))
	total, one := ratio(0, 1), ratio(1, 1)
	for i, v := range values {
		terms[i] = t.num(v)
		if weights[i].cmp(one) != 0 {
			terms[i] = t.num(weights[i]) + " × " + terms[i]
		}
		total = total.add(weights[i])
	}
	text := strings.Join(terms, " + ")
	if len(terms) > 1 {
		text = "(" + text + ")"
	}
	return text + " / " + t.num(total)
}

func (t *teller) leaf(n *node, list []counted, mean exact) {
	if t == nil {
		return
	}
	if len(list) == 1 {
		t.say("average.step.single", "name", n.name, "result", t.num(mean))
		return
	}
	var values, weights []exact
	for _, c := range list {
		values, weights = append(values, c.value), append(weights, c.coefficient.exact())
	}
	t.say("average.step.mean", "name", n.name, "sum", t.sum(values, weights), "result", t.num(mean))
}

func (t *teller) group(n *node, nodes []node, values []exact, mean exact) {
	if t == nil {
		return
	}
	var have, weights []exact
	var names []string
	for _, p := range n.parts {
		if values[p.to].has() {
			have, weights = append(have, values[p.to]), append(weights, p.weight)
			names = append(names, nodes[p.to].name)
		}
	}
	t.say("average.step.group", "name", n.name, "parts", strings.Join(names, ", "), "sum", t.sum(have, weights), "result", t.num(mean))
}

func (t *teller) rounded(key, name string, x exact, r Decimal, places int) {
	if t == nil {
		return
	}
	if x.cmp(r.exact()) == 0 {
		t.say(key+"_exact", "name", name, "result", t.point(r.Fixed(places)))
		return
	}
	t.say(key, "name", name, "exact", t.num(x), "result", t.point(r.Fixed(places)), "places", places)
}

func (t *teller) points(s Subject, mean, points Decimal) {
	if t == nil {
		return
	}
	t.say("average.step.points", "subject", s.Name, "mean", t.dec(mean), "coefficient", t.dec(s.Coefficient), "result", t.dec(points))
}

func (t *teller) bonus(s Subject, mean Decimal, above, result exact) {
	if t == nil {
		return
	}
	t.say("average.step.bonus", "subject", s.Name, "mean", t.dec(mean), "above", t.num(above), "coefficient", t.dec(s.Coefficient), "result", t.num(result))
}

func (t *teller) general(points exact, coefficients Decimal, mean exact) {
	if t != nil {
		t.say("average.step.general", "points", t.num(points), "coefficients", t.dec(coefficients), "result", t.num(mean))
	}
}

func (t *teller) year(periods []Period, weights []exact, mean exact) {
	if t == nil {
		return
	}
	var have, of []exact
	for i, p := range periods {
		if i < len(weights) && p.Has {
			have, of = append(have, p.Mean.exact()), append(of, weights[i])
			t.say("average.step.period", "name", p.Name, "mean", t.dec(p.Mean), "weight", t.num(weights[i]))
		}
	}
	t.say("average.step.year", "sum", t.sum(have, of), "result", t.num(mean))
}
