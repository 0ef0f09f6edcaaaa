package packs

import (
	"slices"

	"preau/school"
	"preau/school/average"
)

// Council is what a class council decides with: the scale of mentions, awards
// and warnings, decisions at the end of the year, and ready phrases.
type Council struct {
	Mentions  []Mention  `yaml:"mentions"` // highest first
	Awards    []Award    `yaml:"awards"`
	Decisions []Decision `yaml:"decisions"` // the first that fits is proposed
	Phrases   Phrases    `yaml:"phrases"`
	Appeal    string     `yaml:"appeal"` // days in which an issued average may be contested
}

// Mention is the word for an average from a bound on.
type Mention struct {
	From string `yaml:"from"` // decimal
	Name string `yaml:"name"`
	Line int    `yaml:"-"`
}

// Award is a distinction or a warning of the council. A condition that is ""
// asks nothing; an award without any condition is given by hand only.
type Award struct {
	Code     string `yaml:"code"`
	Name     string `yaml:"name"`
	Kind     string `yaml:"kind"`     // praise or warning
	From     string `yaml:"from"`     // general average at least
	Until    string `yaml:"until"`    // general average below
	Floor    string `yaml:"floor"`    // no subject's average below
	Absences string `yaml:"absences"` // unjustified hours: praise at most, warning at least
	Line     int    `yaml:"-"`
}

// Decision is what becomes of a pupil after the year.
type Decision struct {
	Code      string   `yaml:"code"`
	Name      string   `yaml:"name"`
	From      string   `yaml:"from"`      // annual average at least
	Until     string   `yaml:"until"`     // annual average below
	Levels    []string `yaml:"levels"`    // empty: all
	Repeating string   `yaml:"repeating"` // yes, no, "" either
	Exam      string   `yaml:"exam"`      // the decision waits for this exam's result
	Admitted  string   `yaml:"admitted"`  // code of the decision that takes its place then …
	Failed    string   `yaml:"failed"`    // … or when the exam was not passed
	Proposed  string   `yaml:"proposed"`  // "no": never by itself, only after an exam or by hand
	Line      int      `yaml:"-"`
}

// Phrases are appreciations by average, highest first.
type Phrases struct {
	Subject []Phrase `yaml:"subject"`
	General []Phrase `yaml:"general"`
}

// Phrase is one ready appreciation.
type Phrase struct {
	From string `yaml:"from"`
	Text string `yaml:"text"`
	Line int    `yaml:"-"`
}

// MentionOf is the word for an average, "" below all bounds.
func (c *Council) MentionOf(mean average.Decimal) string {
	for _, m := range c.Mentions {
		if atLeast(mean, m.From) {
			return m.Name
		}
	}
	return ""
}

// PhraseOf is the appreciation that a list proposes for an average.
func PhraseOf(list []Phrase, mean average.Decimal) string {
	for _, p := range list {
		if atLeast(mean, p.From) {
			return p.Text
		}
	}
	return ""
}

// Propose lists the awards that fit a pupil's period: the first praise in the
// pack's order and every warning. lowest is the lowest average of a rated
// subject.
func (c *Council) Propose(general, lowest average.Decimal, tally school.Tally) (out []Award) {
	unjustified := average.Whole(tally.Absences - tally.Justified)
	praised := false
	for _, a := range c.Awards {
		if a.From == "" && a.Until == "" && a.Floor == "" && a.Absences == "" {
			continue
		}
		if a.From != "" && !atLeast(general, a.From) || a.Until != "" && atLeast(general, a.Until) || a.Floor != "" && !atLeast(lowest, a.Floor) {
			continue
		}
		if praise := a.Kind == "praise"; praise {
			if praised || a.Absences != "" && unjustified > average.MustDecimal(a.Absences) {
				continue
			}
			praised = true
		} else if a.Absences != "" && !atLeast(unjustified, a.Absences) {
			continue
		}
		out = append(out, a)
	}
	return out
}

// Decide is the decision that the pack proposes for a year; ok is false when
// none fits.
func (c *Council) Decide(annual average.Decimal, level string, repeating bool) (d Decision, ok bool) {
	for _, d := range c.Decisions {
		if d.Proposed == "no" {
			continue
		}
		if d.From != "" && !atLeast(annual, d.From) || d.Until != "" && atLeast(annual, d.Until) {
			continue
		}
		if len(d.Levels) > 0 && !slices.Contains(d.Levels, level) || d.Repeating != "" && (d.Repeating == "yes") != repeating {
			continue
		}
		return d, true
	}
	return Decision{}, false
}

// DecisionByCode finds a decision.
func (c *Council) DecisionByCode(code string) (Decision, bool) {
	i := slices.IndexFunc(c.Decisions, func(d Decision) bool { return d.Code == code })
	if i < 0 {
		return Decision{}, false
	}
	return c.Decisions[i], true
}

// atLeast compares with a bound that checkCouncil has seen to be a decimal.
func atLeast(d average.Decimal, bound string) bool { return d >= average.MustDecimal(bound) }

func (r *reader) checkCouncil(p *Pack) {
	const file = "council.yaml"
	decimal := func(line int, what, s string) {
		if s == "" {
			return
		}
		if _, err := average.ParseDecimal(s); err != nil {
			r.fault(file, line, "packs.fault.no_number", "name", what, "value", s)
		}
	}
	falling := func(line int, what, s, before string) {
		if decimal(line, what, s); s == "" {
			r.fault(file, line, "packs.fault.missing", "name", what)
			return
		}
		a, aerr := average.ParseDecimal(s)
		b, berr := average.ParseDecimal(before)
		if aerr == nil && berr == nil && a >= b {
			r.fault(file, line, "packs.fault.not_falling", "name", what, "value", s, "before", before)
		}
	}
	before := ""
	for _, m := range p.Council.Mentions {
		falling(m.Line, "from", m.From, before)
		before = m.From
	}
	for _, list := range [][]Phrase{p.Council.Phrases.Subject, p.Council.Phrases.General} {
		before = ""
		for _, ph := range list {
			falling(ph.Line, "from", ph.From, before)
			before = ph.From
		}
	}
	awards, decisions, levels := codes{}, codes{}, codes{}
	for _, l := range p.Levels {
		levels[l.Code] = l.Code
	}
	for _, a := range p.Council.Awards {
		awards.add(r, file, a.Line, "award", a.Code)
		if a.Kind != "praise" && a.Kind != "warning" {
			r.fault(file, a.Line, "packs.fault.one_of", "name", "kind", "choices", "praise / warning", "value", a.Kind)
		}
		decimal(a.Line, "from", a.From)
		decimal(a.Line, "until", a.Until)
		decimal(a.Line, "floor", a.Floor)
		decimal(a.Line, "absences", a.Absences)
	}
	for _, d := range p.Council.Decisions {
		decisions.add(r, file, d.Line, "decision", d.Code)
		decimal(d.Line, "from", d.From)
		decimal(d.Line, "until", d.Until)
		for _, l := range d.Levels {
			levels.need(r, file, d.Line, "level", l)
		}
		if d.Repeating != "" && d.Repeating != "yes" && d.Repeating != "no" {
			r.fault(file, d.Line, "packs.fault.one_of", "name", "repeating", "choices", "yes / no", "value", d.Repeating)
		}
	}
	for _, d := range p.Council.Decisions {
		for _, after := range []string{d.Admitted, d.Failed} {
			if after == "" {
				continue
			}
			decisions.need(r, file, d.Line, "decision", after)
			if d.Exam == "" {
				r.fault(file, d.Line, "packs.fault.no_exam", "code", d.Code)
			}
		}
		if d.Proposed != "" && d.Proposed != "no" {
			r.fault(file, d.Line, "packs.fault.one_of", "name", "proposed", "choices", "no", "value", d.Proposed)
		}
	}
	decimal(0, "appeal", p.Council.Appeal)
}
