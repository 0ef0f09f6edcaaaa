package packs

import (
	"errors"
	"fmt"
	"slices"

	"preau/school/average"
)

// engines compiles the formulas; what stands against one is a fault with its line.
func (r *reader) engines(p *Pack) {
	seen := codes{}
	for _, f := range p.Formulas {
		seen.add(r, "formula.yaml", f.Line, "formula", f.Code+" from "+f.From)
		if !validDay(f.From) {
			r.fault("formula.yaml", f.Line, "packs.fault.no_day", "value", f.From)
		}
		if len(f.Cycles) == 0 {
			r.fault("formula.yaml", f.Line, "packs.fault.no_cycles", "code", f.Code)
		}
		for _, c := range f.Cycles {
			if !slices.ContainsFunc(p.Levels, func(l Level) bool { return l.Cycle == c }) {
				r.fault("formula.yaml", f.Line, "packs.fault.no_level", "value", c)
			}
		}
		e, err := average.New(f)
		var faults average.Faults
		if errors.As(err, &faults) {
			for _, x := range faults {
				r.faults = append(r.faults, Fault{File: "formula.yaml", Line: x.Line, Key: x.Key, Args: x.Args})
			}
		}
		p.engines = append(p.engines, e)
	}
	for _, l := range p.Levels {
		if !slices.ContainsFunc(p.Formulas, func(f average.Formula) bool { return slices.Contains(f.Cycles, l.Cycle) }) {
			r.fault("levels.yaml", l.Line, "packs.fault.no_formula", "value", l.Cycle)
		}
	}
}

// EngineOf is the formula for a level's cycle and a period that begins on a
// day, YYYY-MM-DD: the one with the latest From not after it, else the first.
// So a changed formula never reaches back into a period that has begun.
func (p *Pack) EngineOf(level, day string) (*average.Engine, error) {
	l, ok := p.LevelByCode(level)
	if !ok {
		return nil, fmt.Errorf("packs: %s knows no level %q", p.About.Code, level)
	}
	best := -1
	for i, f := range p.Formulas {
		if !slices.Contains(f.Cycles, l.Cycle) {
			continue
		}
		if best < 0 || f.From <= day && f.From >= p.Formulas[best].From || p.Formulas[best].From > day && f.From < p.Formulas[best].From {
			best = i
		}
	}
	if best < 0 || p.engines[best] == nil {
		return nil, fmt.Errorf("packs: %s has no formula for %s", p.About.Code, level)
	}
	return p.engines[best], nil
}

// EngineByCode is a formula by its code, the latest of several.
func (p *Pack) EngineByCode(code string) (*average.Engine, bool) {
	var found *average.Engine
	for i, f := range p.Formulas {
		if f.Code == code && p.engines[i] != nil && (found == nil || f.From >= found.Formula.From) {
			found = p.engines[i]
		}
	}
	return found, found != nil
}
