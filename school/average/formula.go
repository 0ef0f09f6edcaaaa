package average

import (
	"fmt"
	"strconv"
	"strings"
)

// Formula says how marks become averages, as a pack writes it. Numbers are
// decimals in text. See docs/PACK.md for each field.
type Formula struct {
	Code        string      `yaml:"code"`
	Name        string      `yaml:"name"`
	Cycles      []string    `yaml:"cycles"` // "college", "lycee"
	From        string      `yaml:"from"`   // YYYY-MM-DD: for periods that begin on that day or later
	Scale       string      `yaml:"scale"`  // all averages are out of this: "20"
	Kinds       []Kind      `yaml:"kinds"`
	Groups      []Group     `yaml:"groups"`
	Subject     string      `yaml:"subject"` // code of the group that is a subject's average
	States      States      `yaml:"states"`
	Places      Places      `yaml:"places"`
	Unclassed   Unclassed   `yaml:"unclassed"`
	Facultative Facultative `yaml:"facultative"`
	Annual      Annual      `yaml:"annual"`
	Line        int         `yaml:"-"`
}

// Kind is a kind of evaluation, a leaf of the tree. Its average is
// Σ(coefficient × mark brought to the formula's scale) / Σ coefficient of the
// marks that count.
type Kind struct {
	Code     string `yaml:"code"`
	Name     string `yaml:"name"`
	Short    string `yaml:"short"`    // heading of a narrow column
	Scale    string `yaml:"scale"`    // what evaluations of the kind are usually marked out of; "" the formula's
	Best     string `yaml:"best"`     // only the best n marks count, all alike; "" all
	Minimum  string `yaml:"minimum"`  // so many marks must count; "" 1
	Below    Below  `yaml:"below"`    // when fewer do; "" out
	Expected string `yaml:"expected"` // evaluations that a class must hold in a period; "" 0
	States   States `yaml:"states"`   // where the kind differs from the formula
	Line     int    `yaml:"-"`
}

// Group weighs kinds and other groups: Σ(weight × part) / Σ weight of the parts
// that have a value.
type Group struct {
	Code    string `yaml:"code"`
	Name    string `yaml:"name"`
	Short   string `yaml:"short"`
	Parts   []Part `yaml:"parts"`
	Minimum string `yaml:"minimum"` // so many parts must have a value; "" 1
	Below   Below  `yaml:"below"`
	Places  string `yaml:"places"` // decimals to which the group is rounded; "" exact
	Line    int    `yaml:"-"`
}

// Part is one term of a group.
type Part struct {
	Of     string `yaml:"of"` // code of a kind or group
	Weight string `yaml:"weight"`
	Line   int    `yaml:"-"`
}

// Below says what becomes of a kind or group with too few marks.
type Below string

// What may become of it.
const (
	BelowOut     Below = "out"     // its weight goes to the other parts
	BelowZero    Below = "zero"    // it counts 0
	BelowUnrated Below = "unrated" // the subject is not rated
)

// Treatment says what a state does to an average.
type Treatment string

// The treatments.
const (
	Out           Treatment = "out"             // the mark is left out
	Zero          Treatment = "zero"            // the mark counts 0
	ZeroNoted     Treatment = "zero_noted"      // 0, and the average carries a note
	SubjectOut    Treatment = "subject_out"     // the subject leaves the coefficients: dispensed
	SubjectUnrate Treatment = "subject_unrated" // the subject leaves the coefficients and counts as not rated
)

// States gives each state its treatment; "" inherits from the formula.
type States struct {
	Absj  Treatment `yaml:"absj"`
	Abs   Treatment `yaml:"abs"`
	Fraud Treatment `yaml:"fraud"`
	Disp  Treatment `yaml:"disp"`
	NR    Treatment `yaml:"nr"`
}

func (s States) of(st State) Treatment {
	switch st {
	case Absj:
		return s.Absj
	case Abs:
		return s.Abs
	case Fraud:
		return s.Fraud
	case Disp:
		return s.Disp
	case NR:
		return s.NR
	}
	return ""
}

// Places are the decimals, 0 to 4, to which averages are rounded, half-up.
type Places struct {
	Subject string `yaml:"subject"`
	General string `yaml:"general"`
	Annual  string `yaml:"annual"`
}

// Unclassed says when a pupil gets an average but no rank; "" never.
type Unclassed struct {
	Subjects string `yaml:"subjects"` // more than so many subjects not rated
	Share    string `yaml:"share"`    // subjects not rated have more than this share of the coefficients: "0.5"
}

// Facultative says what a facultative subject adds: (mean − above) ×
// coefficient, never less than nothing, all together at most cap points.
type Facultative struct {
	Above string `yaml:"above"` // "" facultative subjects count like others
	Cap   string `yaml:"cap"`   // "" no bound
}

// Annual is Σ(weight × period) / Σ weight of the periods that have an average.
type Annual struct {
	Weights []string `yaml:"weights"` // period 1, 2, …
	Minimum string   `yaml:"minimum"` // so many periods must have one; "" 1
}

// Fault is one thing wrong in a formula, at a line of its file (0: unknown).
type Fault struct {
	Line int
	Key  string         // words key, in school.Words
	Args map[string]any // values of its placeholders
}

// Faults are all things wrong in a formula.
type Faults []Fault

// Error lists their keys and values, for logs.
func (fs Faults) Error() string {
	text := ""
	for i, f := range fs {
		if i > 0 {
			text += "\n"
		}
		text += strings.TrimSpace(f.Key + " " + strings.TrimPrefix(fmt.Sprint(f.Args), "map"))
	}
	return text
}

// KindByCode finds a kind of evaluation.
func (f *Formula) KindByCode(code string) (Kind, bool) {
	for _, k := range f.Kinds {
		if k.Code == code {
			return k, true
		}
	}
	return Kind{}, false
}

// ScaleOf is what evaluations of a kind are usually marked out of.
func (f *Formula) ScaleOf(k Kind) string {
	if k.Scale != "" {
		return k.Scale
	}
	return f.Scale
}

// ExpectedOf is how many evaluations of a kind a class must hold in a period.
func (k Kind) ExpectedOf() int { n, _ := strconv.Atoi(k.Expected); return n }

// BestOf is how many marks of the kind count; 0 is all of them.
func (k Kind) BestOf() int { n, _ := strconv.Atoi(k.Best); return n }

// compiler turns a Formula into an Engine and collects faults.
type compiler struct {
	faults Faults
	line   int // of the formula, for what has none
}

func (c *compiler) fault(line int, key string, kv ...any) {
	if line == 0 {
		line = c.line
	}
	args := map[string]any{}
	for i := 0; i+1 < len(kv); i += 2 {
		args[fmt.Sprint(kv[i])] = fmt.Sprint(kv[i+1])
	}
	c.faults = append(c.faults, Fault{line, key, args})
}

func (c *compiler) decimal(line int, what, text, empty string) Decimal {
	if text == "" {
		text = empty
	}
	d, err := ParseDecimal(text)
	if err != nil {
		c.fault(line, "average.fault.no_number", "name", what, "value", text, "places", mostPlaces)
	}
	return d
}

func (c *compiler) positive(line int, what, text, empty string) Decimal {
	before := len(c.faults)
	d := c.decimal(line, what, text, empty)
	if d <= 0 && len(c.faults) == before {
		c.fault(line, "average.fault.not_above_zero", "name", what, "value", d)
	}
	return d
}

func (c *compiler) count(line int, what, text string, empty, least, most int) int {
	if text == "" {
		return empty
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		c.fault(line, "average.fault.no_whole", "name", what, "value", text, "least", least, "most", most)
	}
	return n
}

func (c *compiler) treatment(line int, state string, t Treatment, optional bool) {
	switch t {
	case Out, Zero, ZeroNoted, SubjectOut, SubjectUnrate:
	case "":
		if !optional {
			c.fault(line, "average.fault.no_treatment", "state", state)
		}
	default:
		c.fault(line, "average.fault.treatment", "value", t, "state", state)
	}
}

func (c *compiler) states(line int, s States, optional bool) {
	c.treatment(line, "absj", s.Absj, optional)
	c.treatment(line, "abs", s.Abs, optional)
	c.treatment(line, "fraud", s.Fraud, optional)
	c.treatment(line, "disp", s.Disp, optional)
	c.treatment(line, "nr", s.NR, optional)
}

func (c *compiler) below(line int, b Below) Below {
	switch b {
	case "":
		return BelowOut
	case BelowOut, BelowZero, BelowUnrated:
	default:
		c.fault(line, "average.fault.below", "value", b)
	}
	return b
}
