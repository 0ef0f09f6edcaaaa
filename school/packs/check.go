package packs

import (
	"math/big"
	"slices"
	"strings"
	"time"
)

// check looks for what the shape of the files cannot say: empty and doubled
// codes, references to nothing, days and decimals that are none.
func (r *reader) check(p *Pack) {
	for key, v := range map[string]string{"code": p.About.Code, "version": p.About.Version, "name": p.About.Name, "language": p.About.Language, "republic": p.About.Republic} {
		if v == "" {
			r.fault("pack.yaml", 0, "packs.fault.missing", "name", key)
		}
	}
	if p.About.From != "" && !validDay(p.About.From) {
		r.fault("pack.yaml", 0, "packs.fault.no_day", "value", p.About.From)
	}
	if strings.ContainsAny(p.About.Code+p.About.Version, " \t\n") {
		r.fault("pack.yaml", 0, "packs.fault.spaces")
	}
	if _, err := time.LoadLocation(p.About.Timezone); err != nil {
		r.fault("pack.yaml", 0, "packs.fault.timezone", "value", p.About.Timezone)
	}
	levels, series, subjects := codes{}, codes{}, codes{}
	writtenLevels, writtenSeries := codes{}, codes{}
	for _, l := range p.Levels {
		levels.add(r, "levels.yaml", l.Line, "level", l.Code)
		for _, w := range append([]string{l.Code, l.Name}, l.Written...) {
			writtenLevels.addSpelling(r, "levels.yaml", l.Line, w, l.Code)
		}
	}
	for _, s := range p.Series {
		series.add(r, "series.yaml", s.Line, "series", s.Code)
		if s.Type != "general" && s.Type != "technical" {
			r.fault("series.yaml", s.Line, "packs.fault.one_of", "name", "type", "choices", "general / technical", "value", s.Type)
		}
		for _, l := range s.Levels {
			levels.need(r, "series.yaml", s.Line, "level", l)
		}
		for _, w := range append([]string{s.Code}, s.Written...) {
			writtenSeries.addSpelling(r, "series.yaml", s.Line, w, s.Code)
		}
	}
	for _, s := range p.Subjects {
		subjects.add(r, "subjects.yaml", s.Line, "subject", s.Code)
	}
	rows := codes{}
	for _, c := range p.Catalogue {
		levels.need(r, "catalogue.yaml", c.Line, "level", c.Level)
		subjects.need(r, "catalogue.yaml", c.Line, "subject", c.Subject)
		if c.Series != "" {
			series.need(r, "catalogue.yaml", c.Line, "series", c.Series)
			if s, ok := p.SeriesByCode(c.Series); ok && !slices.Contains(s.Levels, c.Level) {
				r.fault("catalogue.yaml", c.Line, "packs.fault.series_level", "series", c.Series, "level", c.Level)
			}
		}
		rows.add(r, "catalogue.yaml", c.Line, "row", c.Level+" "+c.Series+" "+c.Subject)
		r.positive(c.Line, "coefficient", c.Coefficient)
		r.positive(c.Line, "hours", c.Hours)
	}
	units := codes{}
	for _, g := range p.Regions {
		units.add(r, "org.yaml", g.Line, "unit", g.Code)
		for _, i := range g.Inspections {
			units.add(r, "org.yaml", g.Line, "unit", i.Code)
		}
	}
	r.checkYears(p)
	headers := codes{}
	for _, h := range p.Headers {
		headers.add(r, "headers.yaml", h.Line, "header", h.Code+" from "+h.From)
		if h.From != "" && !validDay(h.From) || h.Until != "" && (!validDay(h.Until) || h.Until < h.From) {
			r.fault("headers.yaml", h.Line, "packs.fault.days", "from", h.From, "until", h.Until)
		}
		if len(h.Left) == 0 {
			r.fault("headers.yaml", h.Line, "packs.fault.no_left")
		}
	}
}

func (r *reader) checkYears(p *Pack) {
	labels := codes{}
	for _, y := range p.Years {
		labels.add(r, "calendar.yaml", y.Line, "year", y.Label)
		if !validDay(y.From) || !validDay(y.Until) || y.Until <= y.From {
			r.fault("calendar.yaml", y.Line, "packs.fault.days", "from", y.From, "until", y.Until)
			continue
		}
		last := map[string]string{}
		for _, q := range y.Periods {
			of := q.Use + " " + q.Cycle
			switch {
			case q.Use != "calendar" && q.Use != "evaluation":
				r.fault("calendar.yaml", y.Line, "packs.fault.one_of", "name", "use", "choices", "calendar / evaluation", "value", q.Use)
			case !validDay(q.From) || !validDay(q.Until) || q.Until <= q.From || q.From < y.From || q.Until > y.Until:
				r.fault("calendar.yaml", y.Line, "packs.fault.period_days", "name", q.Name, "from", q.From, "until", q.Until, "year", y.Label)
			case q.From <= last[of]:
				r.fault("calendar.yaml", y.Line, "packs.fault.overlap", "name", q.Name)
			}
			last[of] = max(last[of], q.Until)
		}
	}
}

func (r *reader) positive(line int, what, s string) {
	v, ok := new(big.Rat).SetString(s)
	if !ok || v.Sign() <= 0 {
		r.fault("catalogue.yaml", line, "packs.fault.not_above_zero", "name", what, "value", s)
	}
}

func validDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// codes maps a code to what it stands for.
type codes map[string]string

func (c codes) add(r *reader, file string, line int, what, code string) {
	if code == "" {
		r.fault(file, line, "packs.fault.no_code", "name", what)
		return
	}
	if _, ok := c[code]; ok {
		r.fault(file, line, "packs.fault.code_twice", "name", what, "code", code)
	}
	c[code] = code
}

// addSpelling notes that a spelling means a code; meaning two is a fault.
func (c codes) addSpelling(r *reader, file string, line int, written, code string) {
	key := spelling(written)
	if was, ok := c[key]; ok && was != code {
		r.fault(file, line, "packs.fault.spelling", "value", written, "one", was, "other", code)
	}
	c[key] = code
}

func (c codes) need(r *reader, file string, line int, what, code string) {
	if _, ok := c[code]; !ok {
		r.fault(file, line, "packs.fault.unknown", "name", what, "value", code)
	}
}
