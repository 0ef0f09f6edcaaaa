package average

import (
	"slices"
	"strings"
)

// Engine is a formula that has been checked and can compute. Safe for use by
// many at once.
type Engine struct {
	Formula Formula

	scale   exact
	nodes   []node // leaves first, then groups, each after its parts
	root    int    // index of the subject's group
	kinds   map[string]int
	subject int // decimals
	general int
	annual  int

	unclassedSubjects int // -1 never
	unclassedShare    exact
	bonusAbove        exact // none: facultative subjects count like others
	bonusCap          exact // none: no bound
	weights           []exact
	minPeriods        int
}

// node is a kind (leaf) or a group.
type node struct {
	code, name, short string
	leaf              bool
	best, minimum     int
	below             Below
	places            int // -1 exact
	states            [NR + 1]Treatment
	parts             []branch
}

type branch struct {
	to     int
	weight exact
}

// New checks a formula; the error is Faults, all of them. Codes must be unique,
// every part must exist, no group may contain itself, weights and scales must be
// above 0, every kind and group must be reached from the subject's.
func New(f Formula) (*Engine, error) {
	c := &compiler{line: f.Line}
	e := &Engine{Formula: f, kinds: map[string]int{}}
	if f.Code == "" || f.Name == "" {
		c.fault(0, "average.fault.formula_named")
	}
	e.scale = c.positive(0, "scale", f.Scale, "").exact()
	c.states(0, f.States, false)
	if len(f.Kinds) == 0 {
		c.fault(0, "average.fault.no_kinds")
	}
	e.compileKinds(c, f)
	e.compileGroups(c, f)
	e.subject = c.count(0, "places.subject", f.Places.Subject, 2, 0, mostPlaces)
	e.general = c.count(0, "places.general", f.Places.General, 2, 0, mostPlaces)
	e.annual = c.count(0, "places.annual", f.Places.Annual, 2, 0, mostPlaces)
	e.unclassedSubjects = c.count(0, "unclassed.subjects", f.Unclassed.Subjects, -1, 0, 100)
	if f.Unclassed.Share != "" {
		e.unclassedShare = c.positive(0, "unclassed.share", f.Unclassed.Share, "").exact()
	}
	if f.Facultative.Above != "" {
		e.bonusAbove = c.decimal(0, "facultative.above", f.Facultative.Above, "").exact()
	}
	if f.Facultative.Cap != "" {
		e.bonusCap = c.positive(0, "facultative.cap", f.Facultative.Cap, "").exact()
	}
	if len(f.Annual.Weights) == 0 {
		c.fault(0, "average.fault.no_weights")
	}
	for _, w := range f.Annual.Weights {
		e.weights = append(e.weights, c.positive(0, "annual weight", w, "").exact())
	}
	e.minPeriods = c.count(0, "annual.minimum", f.Annual.Minimum, 1, 1, max(1, len(f.Annual.Weights)))
	if len(c.faults) > 0 {
		return nil, c.faults
	}
	return e, nil
}

func (e *Engine) compileKinds(c *compiler, f Formula) {
	for _, k := range f.Kinds {
		if k.Code == "" || k.Name == "" {
			c.fault(k.Line, "average.fault.kind_named")
			continue
		}
		if _, twice := e.kinds[k.Code]; twice {
			c.fault(k.Line, "average.fault.twice", "code", k.Code)
			continue
		}
		c.positive(k.Line, "scale", k.Scale, f.Scale)
		c.states(k.Line, k.States, true)
		n := node{code: k.Code, name: k.Name, short: k.Short, leaf: true, places: -1, below: c.below(k.Line, k.Below)}
		n.best = c.count(k.Line, "best", k.Best, 0, 1, 100)
		n.minimum = c.count(k.Line, "minimum", k.Minimum, 1, 1, 100)
		c.count(k.Line, "expected", k.Expected, 0, 0, 100)
		if n.best > 0 && n.minimum > n.best {
			c.fault(k.Line, "average.fault.minimum", "minimum", n.minimum, "best", n.best)
		}
		for st := Abs; st <= NR; st++ {
			if n.states[st] = k.States.of(st); n.states[st] == "" {
				n.states[st] = f.States.of(st)
			}
		}
		e.kinds[k.Code] = len(e.nodes)
		e.nodes = append(e.nodes, n)
	}
}

func (e *Engine) compileGroups(c *compiler, f Formula) {
	byCode := map[string]Group{}
	for _, g := range f.Groups {
		if g.Code == "" || g.Name == "" {
			c.fault(g.Line, "average.fault.group_named")
			continue
		}
		_, kind := e.kinds[g.Code]
		if _, twice := byCode[g.Code]; twice || kind {
			c.fault(g.Line, "average.fault.twice", "code", g.Code)
			continue
		}
		byCode[g.Code] = g
	}
	root, ok := byCode[f.Subject]
	if !ok {
		c.fault(0, "average.fault.no_subject_group", "value", f.Subject)
		return
	}
	done := map[string]int{}
	reached := map[string]bool{}
	var visit func(g Group, path []string) int
	visit = func(g Group, path []string) int {
		if slices.Contains(path, g.Code) {
			c.fault(g.Line, "average.fault.circle", "code", g.Code, "path", strings.Join(append(path, g.Code), " → "))
			return -1
		}
		if at, ok := done[g.Code]; ok {
			return at
		}
		n := node{code: g.Code, name: g.Name, short: g.Short, below: c.below(g.Line, g.Below)}
		n.places = c.count(g.Line, "places", g.Places, -1, 0, mostPlaces)
		n.minimum = c.count(g.Line, "minimum", g.Minimum, 1, 1, max(1, len(g.Parts)))
		if len(g.Parts) == 0 {
			c.fault(g.Line, "average.fault.no_parts", "code", g.Code)
		}
		for _, p := range g.Parts {
			weight := c.positive(max(p.Line, g.Line), "the weight of "+p.Of, p.Weight, "1").exact()
			if reached[p.Of] {
				c.fault(max(p.Line, g.Line), "average.fault.two_groups", "code", p.Of)
			}
			to, ok := e.kinds[p.Of]
			if sub, group := byCode[p.Of]; !ok && group {
				to, ok = visit(sub, append(path, g.Code)), true
			}
			if reached[p.Of] = true; !ok {
				c.fault(max(p.Line, g.Line), "average.fault.no_part", "value", p.Of)
			}
			n.parts = append(n.parts, branch{to, weight})
		}
		done[g.Code] = len(e.nodes)
		e.nodes = append(e.nodes, n)
		return done[g.Code]
	}
	e.root = visit(root, nil)
	for _, k := range f.Kinds {
		if !reached[k.Code] && k.Code != "" {
			c.fault(k.Line, "average.fault.kind_alone", "code", k.Code)
		}
	}
	for _, g := range f.Groups {
		if !reached[g.Code] && g.Code != f.Subject && g.Code != "" {
			c.fault(g.Line, "average.fault.group_alone", "code", g.Code)
		}
	}
}

// Columns are the kinds and groups in the order in which a bulletin shows them:
// a group after its parts, the subject's own group last.
func (e *Engine) Columns() []Column {
	var out []Column
	var walk func(i int)
	walk = func(i int) {
		n := &e.nodes[i]
		for _, p := range n.parts {
			walk(p.to)
		}
		out = append(out, Column{n.code, n.name, n.short, n.leaf})
	}
	walk(e.root)
	return out
}

// Column is a kind or group as a heading.
type Column struct {
	Code, Name, Short string
	Kind              bool // a kind of evaluation, not a group
}

// SubjectPlaces, GeneralPlaces and AnnualPlaces are the decimals that averages
// are rounded to and shown with.
func (e *Engine) SubjectPlaces() int { return e.subject }

// GeneralPlaces are those of the general average.
func (e *Engine) GeneralPlaces() int { return e.general }

// AnnualPlaces are those of the annual average.
func (e *Engine) AnnualPlaces() int { return e.annual }

// Periods is how many evaluation periods a year has.
func (e *Engine) Periods() int { return len(e.weights) }
