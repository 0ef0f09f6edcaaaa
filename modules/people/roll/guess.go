package roll

import (
	"strings"
	"unicode"

	"preau/school"
	"preau/school/sheet"
)

// guess reads a list without headings by what its columns hold. It is asked
// only when no heading was found, and its answer is shown to a person first.
func guess(rows []sheet.Row, o Options) layout {
	l := layout{at: -1, height: 0}
	if len(rows) < 2 {
		return l
	}
	width := 0
	for _, r := range rows[:min(len(rows), 200)] {
		width = max(width, len(r.Cells))
	}
	l.columns = make([]Field, width)
	l.titles = make([]string, width)
	taken := map[Field]bool{}
	for i := range width {
		if f := guessColumn(rows, i, o); f != Ignored && !taken[f] {
			l.columns[i], taken[f] = f, true
		}
	}
	l.nameColumns(rows)
	if !hasName(l.columns) || !taken[Born] && !taken[Sex] && !taken[Matricule] && !taken[Class] {
		return layout{at: -1} // words in columns are not yet people
	}
	for _, f := range l.columns {
		l.score += weight(f)
	}
	return l
}

// guessColumn wants four fifths of the cells to be of one sort.
func guessColumn(rows []sheet.Row, column int, o Options) Field {
	filled, unique := 0, map[string]bool{}
	votes := map[Field]int{}
	for _, r := range rows[:min(len(rows), 200)] {
		text := r.Text(column)
		if text == "" {
			continue
		}
		filled++
		unique[text] = true
		if s, ok := readSex(text); ok && s != "" {
			votes[Sex]++
		}
		if b, no := ReadBirth(r.Cells[column], o.Today, false); no == nil && b.Day != "" {
			votes[Born]++
		}
		if level, series := o.Pack.ClassNamed(text); level != "" && (series != "" || len(text) > 2) {
			votes[Class]++
		}
		if s, ok := o.Pack.SeriesNamed(text); ok && s.Code != "" {
			votes[Series]++
		}
		if looksLikeMatricule(text) {
			votes[Matricule]++
		}
		if y, ok := readYes(text); ok && (y || len(text) > 1) {
			votes[Repeating]++
		}
	}
	if filled < 2 || filled < len(rows)/3 {
		return Ignored
	}
	for _, f := range []Field{Born, Sex, Class, Repeating, Series, Matricule} {
		if votes[f]*5 < filled*4 {
			continue
		}
		if f == Matricule && len(unique)*10 < filled*9 || f == Series && len(unique) > 12 || o.Kind == school.Staff && (f == Class || f == Series || f == Repeating) {
			continue
		}
		return f
	}
	return Ignored
}

func looksLikeMatricule(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			digits++
		case r == ' ':
			return false
		}
	}
	return digits >= 4 && len(s) <= 25 && !strings.Contains(s, "/")
}

// nameColumns takes the first column of words, and the next as given names
// when the first holds single words.
func (l *layout) nameColumns(rows []sheet.Row) {
	for i, f := range l.columns {
		if f != Ignored {
			continue
		}
		words, cells := 0, 0
		for _, r := range rows[:min(len(rows), 200)] {
			if t := r.Text(i); hasLetter(t) && !strings.ContainsAny(t, "0123456789:") {
				cells++
				words += len(strings.Fields(t))
			}
		}
		if cells*5 < min(len(rows), 200)*3 {
			continue
		}
		if 2*words < 3*cells && i+1 < len(l.columns) && l.columns[i+1] == Ignored {
			l.columns[i], l.columns[i+1] = Surname, Given
			return
		}
		l.columns[i] = FullName
		return
	}
}
