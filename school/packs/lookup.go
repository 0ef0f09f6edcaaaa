package packs

import (
	"slices"
	"strings"

	"preau/school"
)

// LevelByCode finds a level.
func (p *Pack) LevelByCode(code string) (Level, bool) {
	i := slices.IndexFunc(p.Levels, func(l Level) bool { return l.Code == code })
	if i < 0 {
		return Level{}, false
	}
	return p.Levels[i], true
}

// SeriesByCode finds a series.
func (p *Pack) SeriesByCode(code string) (Series, bool) {
	i := slices.IndexFunc(p.Series, func(s Series) bool { return s.Code == code })
	if i < 0 {
		return Series{}, false
	}
	return p.Series[i], true
}

// SubjectByCode finds a subject.
func (p *Pack) SubjectByCode(code string) (Subject, bool) {
	i := slices.IndexFunc(p.Subjects, func(s Subject) bool { return s.Code == code })
	if i < 0 {
		return Subject{}, false
	}
	return p.Subjects[i], true
}

// LevelNamed finds a level as people write it: "Terminale", "T", "1ère".
func (p *Pack) LevelNamed(text string) (Level, bool) {
	want := spelling(text)
	for _, l := range p.Levels {
		if want != "" && (spelling(l.Code) == want || spelling(l.Name) == want || slices.ContainsFunc(l.Written, func(w string) bool { return spelling(w) == want })) {
			return l, true
		}
	}
	return Level{}, false
}

// SeriesNamed finds a series as people write it: "d", "Série D", "F 3", "TI".
func (p *Pack) SeriesNamed(text string) (Series, bool) {
	want := spelling(text)
	for _, cut := range []string{"", "serie", "series", "ser"} {
		w := strings.TrimPrefix(want, cut)
		for _, s := range p.Series {
			if w != "" && (spelling(s.Code) == w || slices.ContainsFunc(s.Written, func(x string) bool { return spelling(x) == w })) {
				return s, true
			}
		}
	}
	return Series{}, false
}

// ClassNamed takes a class label apart: "Tle A4-2" is level Tle, series A4;
// "2nde S2" is 2nde, S; "1ère F3" is 1re, F3; "6e B" is 6e and no series. level
// is "" when the label names none, series "" when the label names none that
// exists at that level.
func (p *Pack) ClassNamed(label string) (level, series string) {
	key := spelling(label)
	best := 0
	for _, l := range p.Levels {
		for _, w := range append([]string{l.Code, l.Name}, l.Written...) {
			s := spelling(w)
			if len(s) <= best || !strings.HasPrefix(key, s) {
				continue
			}
			in := p.seriesIn(l.Code, key[len(s):])
			if len(s) == 1 && in == "" { // "T" begins many a word
				continue
			}
			level, series, best = l.Code, in, len(s)
		}
	}
	return level, series
}

// seriesIn reads the series at the beginning of what follows the level in a
// label. "Tle A" is A4 when no other series of that level begins with A.
func (p *Pack) seriesIn(level, rest string) string {
	rest = strings.TrimPrefix(rest, "serie")
	found, longest := "", 0
	var begin []string
	for _, s := range p.SeriesAt(level) {
		for _, w := range append([]string{s.Code}, s.Written...) {
			c := spelling(w)
			if len(c) > longest && strings.HasPrefix(rest, c) && endsCode(rest, c) {
				found, longest = s.Code, len(c)
			}
		}
		if rest != "" && strings.HasPrefix(spelling(s.Code), rest) {
			begin = append(begin, s.Code)
		}
	}
	if found == "" && len(begin) == 1 {
		return begin[0]
	}
	return found
}

// endsCode: after a series comes nothing, or the number or letter of the
// class; a longer word would make it another one ("Tle Danse").
func endsCode(rest, code string) bool {
	tail := rest[len(code):]
	return tail == "" || tail[0] >= '0' && tail[0] <= '9' || len(tail) == 1
}

// SeriesAt lists the series that exist at a level, in the pack's order.
func (p *Pack) SeriesAt(level string) []Series {
	var out []Series
	for _, s := range p.Series {
		if slices.Contains(s.Levels, level) {
			out = append(out, s)
		}
	}
	return out
}

// CatalogueOf lists the rows of a level and series.
func (p *Pack) CatalogueOf(level, series string) []Row {
	var out []Row
	for _, c := range p.Catalogue {
		if c.Level == level && c.Series == series {
			out = append(out, c)
		}
	}
	return out
}

// HeaderOn is the official header valid on a day, YYYY-MM-DD; the last of
// several; ok is false when none is.
func (p *Pack) HeaderOn(day string) (h Header, ok bool) {
	for _, x := range p.Headers {
		if x.From <= day && (x.Until == "" || day <= x.Until) {
			h, ok = x, true
		}
	}
	return h, ok
}

// SchoolYear is a year of the pack as the roster keeps it, with the evaluation
// periods of one cycle ("lycee", "college").
func (y Year) SchoolYear(cycle string) school.Year {
	out := school.Year{Label: y.Label, From: y.From, Until: y.Until}
	for _, p := range y.Periods {
		if p.Cycle == "" || p.Cycle == cycle {
			out.Periods = append(out.Periods, school.Period{Use: school.PeriodUse(p.Use), Number: p.Number, Name: p.Name, From: p.From, Until: p.Until})
		}
	}
	return out
}

// spelling is a text without case, accents, spaces and signs.
func spelling(s string) string { return strings.ReplaceAll(school.Fold(s), " ", "") }
