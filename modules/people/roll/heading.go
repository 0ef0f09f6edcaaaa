package roll

import (
	"slices"
	"strings"

	"preau/school"
	"preau/school/sheet"
)

// layout is how one sheet is to be read.
type layout struct {
	sheet   *sheet.Sheet
	at      int // index of the heading row in the sheet's rows, -1 when there is none
	height  int // heading rows: 1, or 2 when merged headings stand above others
	columns []Field
	titles  []string
	score   int
}

// headingDepth is how far down a heading is looked for: title lines, the
// ministry's, the school's, the class's …
const headingDepth = 60

// weight of a recognised heading: names make a list of people.
func weight(f Field) int {
	switch f {
	case Ignored, Number:
		return 0
	case FullName, NameFirst, Surname:
		return 4
	case Matricule, Given, Born, BornPlace:
		return 3
	}
	return 2
}

// findHeading finds the row whose cells say most about columns. Two rows are
// read as one heading where that tells more (a merged "Naissance" above "Date"
// and "Lieu").
func findHeading(rows []sheet.Row, kind school.Kind) layout {
	best := layout{at: -1}
	for i := range rows[:min(len(rows), headingDepth)] {
		one := label(rows[i], nil, kind)
		if one.score > best.score {
			one.at, one.height = i, 1
			best = one
		}
		if i+1 < len(rows) && rows[i+1].Line <= rows[i].Line+2 && filled(rows[i]) > 1 { // a title is no heading
			two := label(rows[i+1], &rows[i], kind)
			if two.score > best.score+1 && !looksLikeData(rows[i+1], two.columns) {
				two.at, two.height = i, 2
				best = two
			}
		}
	}
	if !hasName(best.columns) {
		return layout{at: -1}
	}
	return best
}

func filled(row sheet.Row) (n int) {
	for _, c := range row.Cells {
		if c.Text != "" {
			n++
		}
	}
	return n
}

func hasName(columns []Field) bool {
	return slices.ContainsFunc(columns, func(f Field) bool { return f == FullName || f == NameFirst || f == Surname })
}

// label reads a row as headings; above, when given, is the row over it.
func label(row sheet.Row, above *sheet.Row, kind school.Kind) (l layout) {
	n := len(row.Cells)
	if above != nil {
		n = max(n, len(above.Cells))
	}
	taken := map[Field]bool{}
	over := ""
	for i := range n {
		title := row.Text(i)
		f := Recognise(title, kind)
		if above != nil {
			if t := above.Text(i); t != "" {
				over = t
			}
			switch joined := Recognise(over+" "+title, kind); {
			case title == "":
				title, f = above.Text(i), Recognise(above.Text(i), kind)
			case Recognise(over, kind) == Sex && crossed(title) != Ignored:
				f = crossed(title)
			case joined != Ignored:
				f = joined
			case f == Ignored && above.Text(i) != "":
				f = Recognise(above.Text(i), kind)
			}
		}
		if taken[f] {
			f = Ignored
		}
		taken[f] = f != Ignored
		l.columns = append(l.columns, f)
		l.titles = append(l.titles, title)
		l.score += weight(f)
	}
	l.settle()
	return l
}

// crossed: the columns "M" and "F" under "Sexe".
func crossed(title string) Field {
	switch key(title) {
	case "m", "g", "h", "garcon", "garcons", "masculin":
		return Boy
	case "f", "fille", "filles", "feminin":
		return Girl
	}
	return Ignored
}

// settle decides what one heading alone cannot: "Nom" without "Prénoms" holds
// the full name, crosses need both columns.
func (l *layout) settle() {
	at := func(f Field) int { return slices.Index(l.columns, f) }
	if s := at(Surname); s >= 0 && at(Given) < 0 {
		l.columns[s] = FullName
	}
	if f := at(FullName); f >= 0 && at(Given) >= 0 && at(Surname) < 0 {
		l.columns[f] = Surname // "Élève" beside "Prénoms"
	}
	if at(Boy) < 0 || at(Girl) < 0 {
		for i, f := range l.columns {
			if f == Boy || f == Girl {
				l.columns[i] = Ignored
			}
		}
	}
}

// looksLikeData keeps the first person out of the heading.
func looksLikeData(row sheet.Row, columns []Field) bool {
	data := 0
	for i, f := range columns {
		text := row.Text(i)
		switch f {
		case Number:
			if text != "" && strings.Trim(text, "0123456789. ") == "" {
				data++
			}
		case Born, BornPlace:
			if b, no := ReadBirth(row.Cells[min(i, len(row.Cells)-1)], "", false); i < len(row.Cells) && no == nil && b != (Birth{}) {
				data++
			}
		case Matricule:
			if strings.ContainsAny(text, "0123456789") {
				data++
			}
		case Sex:
			if _, ok := readSex(text); ok && text != "" {
				data++
			}
		}
	}
	return data > 0
}

// chooseLayouts decides which sheets are read. Sheets whose headings say the
// same as the best one's are parts of one list (a sheet a class); others, such
// as statistics or the list of staff in the same book, are left alone.
func chooseLayouts(book *sheet.Book, o Options) []layout {
	if c := o.Choice; c != nil {
		for i := range book.Sheets {
			if s := &book.Sheets[i]; c.Sheet == s.Name || c.Sheet == "" {
				return []layout{chosen(s, c)}
			}
		}
	}
	var all []layout
	best := layout{}
	for i := range book.Sheets {
		s := &book.Sheets[i]
		l := findHeading(s.Rows, o.Kind)
		if l.at < 0 {
			l = guess(s.Rows, o)
		}
		l.sheet = s
		l.spread(s.Rows[min(max(l.at+l.height, 0), len(s.Rows)):])
		if l.score == 0 || !hasName(l.columns) || wrongKind(l, o.Kind) {
			continue
		}
		if l.score > best.score {
			best = l
		}
		all = append(all, l)
	}
	return slices.DeleteFunc(all, func(l layout) bool { return !alike(l.columns, best.columns) && !ofClass(&l, o) })
}

// ofClass: the sheet bears the name of a class and lists people, whatever the
// order its teacher gave to the columns.
func ofClass(l *layout, o Options) bool {
	if l.at < 0 || o.Kind != school.PupilKind {
		return false
	}
	level, series, _ := takeApart(o.Pack, l.sheet.Name)
	return level != "" && series != "" && slices.ContainsFunc(l.columns, func(f Field) bool {
		return f == Sex || f == Born || f == BornPlace || f == Matricule
	})
}

// wrongKind: a list of staff is not a list of pupils.
func wrongKind(l layout, kind school.Kind) bool {
	if kind == school.Staff {
		return slices.Contains(l.columns, Class) && !slices.Contains(l.columns, Post) && !slices.Contains(l.columns, Subject)
	}
	if slices.Contains(l.columns, Class) || slices.Contains(l.columns, Series) || l.at < 0 {
		return false
	}
	staff := label(l.sheet.Rows[l.at], nil, school.Staff)
	return slices.Contains(staff.columns, Post) || slices.Contains(staff.columns, Subject)
}

// alike: the same columns, but for one that a sheet has more or less.
func alike(a, b []Field) bool {
	differ := 0
	for _, f := range a {
		if f != Ignored && f != Number && !slices.Contains(b, f) {
			differ++
		}
	}
	for _, f := range b {
		if f != Ignored && f != Number && !slices.Contains(a, f) {
			differ++
		}
	}
	return differ <= 1
}

// chosen is the layout that a person asked for.
func chosen(s *sheet.Sheet, c *Choice) layout {
	l := layout{sheet: s, at: -1, height: 1, columns: slices.Clone(c.Columns), score: 1}
	for i, r := range s.Rows {
		if r.Line == c.Heading {
			l.at = i
			for j := range l.columns {
				l.titles = append(l.titles, r.Text(j))
			}
		}
	}
	if l.at >= 0 && l.at+1 < len(s.Rows) {
		if found := findHeading(s.Rows, school.PupilKind); found.at == l.at {
			l.height = found.height
		}
	}
	return l
}

// repeats tells whether a row is the heading once more, as on each printed page.
func (l *layout) repeats(row sheet.Row) bool {
	same, other := 0, 0
	for i, f := range l.columns {
		if f == Ignored || i >= len(l.titles) || l.titles[i] == "" {
			continue
		}
		switch text := row.Text(i); {
		case text == "":
		case key(text) == key(l.titles[i]):
			same++
		default:
			other++
		}
	}
	return same > 0 && same > other && (same > 1 || other == 0)
}
