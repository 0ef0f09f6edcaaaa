package packs

import (
	"fmt"
	"go/constant"
	"go/parser"
	"go/token"
	"slices"
	"strings"

	goast "go/ast"

	"preau/school"
	"preau/school/average"
)

// Example is a small class worked out by hand: marks, what comes out, and the
// steps that lead there. A pack carries its examples, and every check computes
// them again.
type Example struct {
	Code        string       `yaml:"code"`
	Title       string       `yaml:"title"`
	Formula     string       `yaml:"formula"`
	Level       string       `yaml:"level"`
	Series      string       `yaml:"series"` // coefficients come from the catalogue …
	Subjects    []Weight     `yaml:"subjects"`
	Pupils      []Invented   `yaml:"pupils"`
	Evaluations []Evaluation `yaml:"evaluations"`
	Years       []Annual     `yaml:"years"`
	Expect      []Expect     `yaml:"expect"`
	Steps       []Step       `yaml:"steps"`
	Line        int          `yaml:"-"`
}

// Weight is a subject's coefficient where an example does not take the
// catalogue's.
type Weight struct {
	Subject     string `yaml:"subject"`
	Coefficient string `yaml:"coefficient"`
	Facultative bool   `yaml:"facultative"`
	Line        int    `yaml:"-"`
}

// Invented is a pupil of an example.
type Invented struct {
	Name string `yaml:"name"`
	Sex  string `yaml:"sex"`
	Line int    `yaml:"-"`
}

// Evaluation is one evaluation with the marks of the pupils in their order:
// "12.5", abs, absj, disp, nr, fraude, or "" for none.
type Evaluation struct {
	Subject     string   `yaml:"subject"`
	Kind        string   `yaml:"kind"`
	Scale       string   `yaml:"scale"`       // "" the kind's
	Coefficient string   `yaml:"coefficient"` // "" 1
	Marks       []string `yaml:"marks"`
	Line        int      `yaml:"-"`
}

// Annual are a pupil's averages of the periods; "" for none.
type Annual struct {
	Pupil string   `yaml:"pupil"`
	Means []string `yaml:"means"`
	Line  int      `yaml:"-"`
}

// Expect is what must come out: of a subject, of the period (subject ""), or of
// the year. What is "" is not compared.
type Expect struct {
	Pupil     string `yaml:"pupil"`
	Subject   string `yaml:"subject"`
	Year      bool   `yaml:"year"`
	Mean      string `yaml:"mean"`
	Standing  string `yaml:"standing"` // rated, unrated, dispensed, empty; of a period: classed, unclassed
	Rank      string `yaml:"rank"`     // as written: "1re ex æquo"
	Bonus     string `yaml:"bonus"`
	Noted     string `yaml:"noted"` // yes: a fraud is noted
	Mention   string `yaml:"mention"`
	Decision  string `yaml:"decision"`  // code
	Repeating string `yaml:"repeating"` // yes: for the decision
	Line      int    `yaml:"-"`
}

// Step is one line of the working, done by hand: what it is, the sum, and its
// result, rounded half-up to the decimals that are written.
type Step struct {
	Say  string `yaml:"say"`
	Calc string `yaml:"calc"`
	Is   string `yaml:"is"`
	Line int    `yaml:"-"`
}

// Outcome is one expected line of an example, computed again.
type Outcome struct {
	Example, Pupil, Subject string
	Want, Got               string
	OK                      bool
	Line                    int
	Words                   []string // how it was computed, step by step
}

// Worked computes every example again. v says the steps; its zero value leaves
// them out.
func (p *Pack) Worked(v average.Voice) []Outcome {
	var out []Outcome
	for i := range p.Examples {
		if w, err := p.work(&p.Examples[i]); err == nil {
			out = append(out, w.outcomes(v)...)
		}
	}
	return out
}

// worked is an example and its results.
type worked struct {
	*Example
	pack    *Pack
	engine  *average.Engine
	weights []Weight
	members []average.Member
	class   average.Class
}

// work reads an example's texts; the error says what is wrong where.
func (p *Pack) work(x *Example) (*worked, error) {
	w := &worked{Example: x, pack: p, weights: x.Subjects}
	var ok bool
	if w.engine, ok = p.EngineByCode(x.Formula); !ok {
		return nil, at(x.Line, "packs.fault.unknown", "name", "formula", "value", x.Formula)
	}
	if len(w.weights) == 0 {
		for _, row := range p.CatalogueOf(x.Level, x.Series) {
			if slices.ContainsFunc(x.Evaluations, func(e Evaluation) bool { return e.Subject == row.Subject }) {
				w.weights = append(w.weights, Weight{row.Subject, row.Coefficient, row.Facultative, x.Line})
			}
		}
	}
	for _, pupil := range x.Pupils {
		m := average.Member{Sex: pupil.Sex}
		for _, weight := range w.weights {
			coefficient, err := average.ParseDecimal(weight.Coefficient)
			subject, known := p.SubjectByCode(weight.Subject)
			if err != nil || coefficient <= 0 || !known {
				return nil, at(max(weight.Line, x.Line), "packs.fault.example_subject", "subject", weight.Subject, "value", weight.Coefficient)
			}
			m.Subjects = append(m.Subjects, average.Subject{Code: weight.Subject, Name: subject.Name, Coefficient: coefficient, Facultative: weight.Facultative})
		}
		w.members = append(w.members, m)
	}
	for _, e := range x.Evaluations {
		if err := w.add(e); err != nil {
			return nil, err
		}
	}
	w.class = w.engine.Class(w.members)
	return w, nil
}

func (w *worked) add(e Evaluation) error {
	kind, ok := w.engine.Formula.KindByCode(e.Kind)
	if !ok {
		return at(e.Line, "packs.fault.unknown", "name", "kind", "value", e.Kind)
	}
	subject := slices.IndexFunc(w.weights, func(x Weight) bool { return x.Subject == e.Subject })
	if subject < 0 {
		return at(e.Line, "packs.fault.no_coefficient", "subject", e.Subject)
	}
	if e.Scale == "" {
		e.Scale = w.engine.Formula.ScaleOf(kind)
	}
	if e.Coefficient == "" {
		e.Coefficient = "1"
	}
	scale, serr := average.ParseDecimal(e.Scale)
	coefficient, cerr := average.ParseDecimal(e.Coefficient)
	if serr != nil || cerr != nil || scale <= 0 || coefficient <= 0 {
		return at(e.Line, "packs.fault.example_numbers", "scale", e.Scale, "coefficient", e.Coefficient)
	}
	if len(e.Marks) != len(w.members) {
		return at(e.Line, "packs.fault.marks_count", "marks", len(e.Marks), "pupils", len(w.members))
	}
	for i, text := range e.Marks {
		m, err := average.ParseMark(text)
		if err != nil || !m.Fits(scale) {
			return at(e.Line, "packs.fault.no_mark", "value", text, "scale", scale)
		}
		s := &w.members[i].Subjects[subject]
		s.Entries = append(s.Entries, average.Entry{Kind: e.Kind, Label: kind.Name, Scale: scale, Coefficient: coefficient, Mark: m})
	}
	return nil
}

func (w *worked) outcomes(v average.Voice) []Outcome {
	out := make([]Outcome, 0, len(w.Expect))
	for _, x := range w.Expect {
		o := Outcome{Example: w.Code, Pupil: x.Pupil, Subject: x.Subject, Line: x.Line}
		got := w.got(x, v, &o)
		o.Want, o.Got = x.line(x), x.line(got)
		o.OK = o.Want == o.Got
		out = append(out, o)
	}
	return out
}

// line writes what x compares, in one line, with the values of y.
func (x Expect) line(y Expect) string {
	var parts []string
	for _, f := range []struct{ name, asked, value string }{
		{"", x.Mean, y.Mean},
		{"", x.Standing, y.Standing},
		{"", x.Rank, y.Rank},
		{"bonus ", x.Bonus, y.Bonus},
		{"noted ", x.Noted, y.Noted},
		{"", x.Mention, y.Mention},
		{"", x.Decision, y.Decision},
	} {
		if f.asked != "" {
			parts = append(parts, f.name+f.value)
		}
	}
	return strings.Join(parts, " · ")
}

var standings = [...]string{average.Empty: "empty", average.Rated: "rated", average.Unrated: "unrated", average.Dispensed: "dispensed"}

// got is what comes out where x expects something, in the same words.
func (w *worked) got(x Expect, v average.Voice, o *Outcome) (y Expect) {
	i := slices.IndexFunc(w.Pupils, func(p Invented) bool { return p.Name == x.Pupil })
	lang := w.pack.About.Language
	switch {
	case x.Year:
		for _, a := range w.Years {
			if a.Pupil == x.Pupil {
				w.year(a, x, v, o, &y)
			}
		}
	case i < 0:
	case x.Subject != "":
		s := slices.IndexFunc(w.weights, func(q Weight) bool { return q.Subject == x.Subject })
		if s < 0 {
			return y
		}
		r := w.class.Pupils[i].Subjects[s]
		y.Standing, y.Rank = standings[r.Standing], w.class.Subjects[s].Places[i].In(lang, w.Pupils[i].Sex)
		if r.Standing == average.Rated {
			y.Mean, y.Mention = r.Mean.Fixed(w.engine.SubjectPlaces()), w.pack.Council.MentionOf(r.Mean)
		}
		if y.Noted = "no"; r.Noted {
			y.Noted = "yes"
		}
		if v.T != nil {
			o.Words = w.engine.ExplainSubject(v, w.members[i].Subjects[s])
		}
	default:
		r := w.class.Pupils[i]
		if y.Standing = "classed"; r.Unclassed {
			y.Standing = "unclassed"
		}
		if r.Rated {
			y.Mean, y.Mention = r.General.Fixed(w.engine.GeneralPlaces()), w.pack.Council.MentionOf(r.General)
		}
		y.Rank, y.Bonus = w.class.Places[i].In(lang, w.Pupils[i].Sex), r.Bonus.String()
		if v.T != nil {
			o.Words = w.engine.ExplainGeneral(v, w.members[i].Subjects)
		}
	}
	return y
}

func (w *worked) year(a Annual, x Expect, v average.Voice, o *Outcome, y *Expect) {
	var periods []average.Period
	for n, text := range a.Means {
		p := average.Period{Name: w.pack.periodName(w.Level, n+1)}
		if text != "" {
			d, err := average.ParseDecimal(text)
			p.Mean, p.Has = d, err == nil
		}
		periods = append(periods, p)
	}
	if v.T != nil {
		o.Words = w.engine.ExplainYear(v, periods)
	}
	mean, has := w.engine.Year(periods)
	if y.Standing = "unclassed"; !has {
		return
	}
	y.Standing, y.Mean, y.Mention = "classed", mean.Fixed(w.engine.AnnualPlaces()), w.pack.Council.MentionOf(mean)
	if d, ok := w.pack.Council.Decide(mean, w.Level, x.Repeating == "yes"); ok {
		y.Decision = d.Code
	}
}

// periodName is how the calendar calls an evaluation period of a level.
func (p *Pack) periodName(level string, number int) string {
	l, _ := p.LevelByCode(level)
	for _, y := range p.Years {
		for _, q := range y.Periods {
			if q.Use == "evaluation" && q.Number == number && (q.Cycle == "" || q.Cycle == l.Cycle) {
				return q.Name
			}
		}
	}
	return fmt.Sprint(number)
}

// checkExamples recomputes the examples and the hand-written steps.
func (r *reader) checkExamples(p *Pack) {
	const file = "examples.yaml"
	seen := codes{}
	if len(p.Examples) == 0 {
		r.fault(file, 0, "packs.fault.no_example")
	}
	for i := range p.Examples {
		x := &p.Examples[i]
		seen.add(r, file, x.Line, "example", x.Code)
		w, err := p.work(x)
		if err != nil {
			f := err.(Fault)
			f.File = file
			r.faults = append(r.faults, f)
			continue
		}
		for _, o := range w.outcomes(average.Voice{}) {
			if !o.OK {
				r.fault(file, o.Line, "packs.fault.comes_out", "pupil", o.Pupil, "subject", o.Subject, "want", o.Want, "got", o.Got)
			}
		}
		if len(x.Expect) == 0 || len(x.Steps) == 0 {
			r.fault(file, x.Line, "packs.fault.no_steps")
		}
		for _, s := range x.Steps {
			if got, ok := reckon(s.Calc, s.Is); !ok {
				r.fault(file, s.Line, "packs.fault.no_sum", "say", s.Say, "calc", s.Calc)
			} else if got != s.Is {
				r.fault(file, s.Line, "packs.fault.step", "say", s.Say, "calc", s.Calc, "got", got, "is", s.Is)
			}
		}
	}
}

// reckon computes a sum of numbers, + − * / and brackets with the exact
// arithmetic of go/constant, which knows nothing of formulas, and writes it with
// as many decimals as like has, half-up; ok is false when it is no such sum.
func reckon(calc, like string) (is string, ok bool) {
	x, err := parser.ParseExpr(calc)
	if err != nil {
		return "", false
	}
	v := value(x)
	if v == nil {
		return "", false
	}
	_, part, _ := strings.Cut(like, ".")
	ten := constant.MakeInt64(1)
	for range part {
		ten = constant.BinaryOp(ten, token.MUL, constant.MakeInt64(10))
	}
	v = constant.BinaryOp(constant.BinaryOp(v, token.MUL, ten), token.ADD, constant.BinaryOp(constant.MakeInt64(1), token.QUO, constant.MakeInt64(2)))
	floor := constant.BinaryOp(constant.Num(v), token.QUO_ASSIGN, constant.Denom(v)).ExactString()
	for len(floor) <= len(part) {
		floor = "0" + floor
	}
	if part == "" {
		return floor, true
	}
	return floor[:len(floor)-len(part)] + "." + floor[len(floor)-len(part):], true
}

func value(x goast.Expr) constant.Value {
	switch x := x.(type) {
	case *goast.BasicLit:
		if v := constant.MakeFromLiteral(x.Value, x.Kind, 0); v.Kind() == constant.Int || v.Kind() == constant.Float {
			return constant.ToFloat(v)
		}
	case *goast.ParenExpr:
		return value(x.X)
	case *goast.BinaryExpr:
		a, b := value(x.X), value(x.Y)
		if a == nil || b == nil || x.Op == token.QUO && constant.Sign(b) == 0 {
			return nil
		}
		switch x.Op {
		case token.ADD, token.SUB, token.MUL, token.QUO:
			return constant.BinaryOp(a, x.Op, b)
		}
	}
	return nil
}

// at is a fault of an example, whose file checkExamples knows.
func at(line int, key string, kv ...any) error {
	return Fault{Line: line, Key: key, Args: school.Refuse(key, "", kv...).Args}
}
