package roll

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"preau/school"
	"preau/school/sheet"
)

// met is where a matricule or a name was first seen.
type met struct {
	line int
	name string
}

type reader struct {
	Options
	out         *Roll
	byMatricule map[string]met
	byName      map[string]met
	class       string // announced by a title or a line between blocks
	american    bool
}

// summaries begin the rows that no person stands in.
var summaries = regexp.MustCompile(`^(total|totaux|sous total|s total|total general|effectifs?|nombre|garcons|filles|arretee? (la|le) |arrete a|fait a|le proviseur|la proviseure|le directeur|la directrice|le chef d|le censeur|la censeure|le secretaire|la secretaire|le surveillant|le titulaire|le professeur titulaire|signature|cachet|recapitulati|page \d|moyenne|imprime|edite le|nb |note |legende|republique|ministere|direction regionale|inspection|dre |iesg |lycee|college|complexe scolaire|annee scolaire|annee academique|liste |etablissement|travail liberte|suite |report|a reporter|dont |classe |date |tel )`)

// total is a cell that is nothing but the word.
var total = regexp.MustCompile(`^(sous |s )?(total|totaux|effectifs?)( general| generaux| total)?$`)

func (r *reader) table(l layout, many bool) {
	rows := l.sheet.Rows
	start := l.at + max(l.height, 0)
	if l.at < 0 {
		start = 0
	}
	l.spread(rows[start:])
	r.class = ""
	for _, row := range rows[:max(l.at, 0)] {
		for _, c := range row.Cells {
			if label := classInTitle(r.Pack, c.Text); label != "" {
				r.class = label
			}
		}
	}
	if r.class == "" && l.sheet.Name != "" {
		if level, series, _ := takeApart(r.Pack, l.sheet.Name); level != "" && series != "" {
			r.class = l.sheet.Name
		}
	}
	r.american = isAmerican(column(rows[start:], l.columns))
	name := ""
	if many {
		name = l.sheet.Name
	}
	r.describe(l, rows[start:], name)
	last := lastFull(rows, start, l.columns)
	for i := start; i < len(rows); i++ {
		row := rows[i]
		switch {
		case l.repeats(row):
		case l.another(row, r.Kind):
			l.spread(rows[i+1:])
		case i > last:
			return
		default:
			r.row(row, &l, name)
		}
	}
}

// spread handles a heading "Nom et Prénoms" merged over two columns.
func (l *layout) spread(rows []sheet.Row) {
	for i, f := range l.columns {
		if f != FullName || i+1 >= len(l.columns) && !anyText(rows, i+1) {
			continue
		}
		if i+1 < len(l.columns) && (l.columns[i+1] != Ignored || l.titles[i+1] != "") {
			continue
		}
		words, filled := 0, 0
		for _, r := range rows[:min(len(rows), 200)] {
			if hasLetter(r.Text(i)) {
				filled++
				if t := r.Text(i + 1); hasLetter(t) && !strings.ContainsAny(t, "0123456789/") && len([]rune(t)) > 1 {
					words++
				}
			}
		}
		if filled > 0 && words*2 > filled {
			l.columns[i] = Surname
			if i+1 < len(l.columns) {
				l.columns[i+1] = Given
			} else {
				l.columns = append(l.columns, Given)
				l.titles = append(l.titles, "")
			}
		}
		return
	}
}

func anyText(rows []sheet.Row, i int) bool {
	for _, r := range rows {
		if r.Text(i) != "" {
			return true
		}
	}
	return false
}

// another takes the columns from a second heading that orders them otherwise.
func (l *layout) another(row sheet.Row, kind school.Kind) bool {
	if l.at < 0 {
		return false
	}
	for i, f := range l.columns {
		if (f == FullName || f == Surname || f == NameFirst) && Recognise(row.Text(i), kind) == Ignored && l.cell(row, Matricule).Text != "" {
			return false // the usual row: somebody's name is no heading
		}
	}
	next := label(row, nil, kind)
	if !hasName(next.columns) || next.score < 9 || looksLikeData(row, next.columns) {
		return false
	}
	l.columns, l.titles, l.score = next.columns, next.titles, next.score
	return true
}

func (l *layout) cell(row sheet.Row, f Field) sheet.Cell {
	for i, x := range l.columns {
		if x == f && i < len(row.Cells) {
			return row.Cells[i]
		}
	}
	return sheet.Cell{}
}

// lastFull is the index of the last row with more than a name: what follows
// the list (a date, a signature) is no person. A list of names alone has no end.
func lastFull(rows []sheet.Row, start int, columns []Field) int {
	mapped := 0
	for _, f := range columns {
		if f != Ignored {
			mapped++
		}
	}
	if mapped < 2 {
		return len(rows) - 1
	}
	for i := len(rows) - 1; i >= start; i-- {
		filled := 0
		for c, f := range columns {
			if f != Ignored && c < len(rows[i].Cells) && (rows[i].Text(c) != "" || rows[i].Cells[c].Formula) {
				filled++
			}
		}
		if filled >= 2 {
			return withBareNames(rows, i, columns)
		}
	}
	return len(rows) - 1
}

// withBareNames goes on from the last full row over names that stand right below
// it, without a blank line: somebody of whom nothing else is known yet. A total
// ends the list.
func withBareNames(rows []sheet.Row, last int, columns []Field) int {
	for ; last+1 < len(rows); last++ {
		next := rows[last+1]
		if next.Line != rows[last].Line+1 || saysSummary(rows[last]) || saysSummary(next) {
			break
		}
		named := false
		for c, f := range columns {
			named = named || (f == FullName || f == Surname) && c < len(next.Cells) && next.Text(c) != ""
		}
		if !named {
			break
		}
	}
	return last
}

func saysSummary(row sheet.Row) bool {
	return slices.ContainsFunc(row.Cells, func(c sheet.Cell) bool { return isSummary(c.Text) })
}

func isSummary(text string) bool {
	return summaries.MatchString(school.Fold(strings.NewReplacer("'", " ", "’", " ").Replace(text)) + " ")
}

func column(rows []sheet.Row, columns []Field) (texts []string) {
	for c, f := range columns {
		if f == Born || f == BornPlace {
			for _, r := range rows {
				if c < len(r.Cells) && r.Cells[c].Number == "" && r.Cells[c].Date == "" {
					texts = append(texts, r.Text(c))
				}
			}
		}
	}
	return texts
}

func (r *reader) describe(l layout, rows []sheet.Row, name string) {
	t := Table{Sheet: name, Headings: l.titles, Columns: l.columns}
	if l.at >= 0 {
		t.Heading = l.sheet.Rows[l.at].Line
	}
	for _, row := range rows[:min(3, len(rows))] {
		sample := make([]string, len(l.columns))
		for i := range sample {
			sample[i] = row.Text(i)
		}
		t.Sample = append(t.Sample, sample)
	}
	for _, f := range l.columns {
		r.out.has[f] = true
	}
	r.out.Tables = append(r.out.Tables, t)
}

// row takes one row: a person, a refused person, or neither.
func (r *reader) row(row sheet.Row, l *layout, sheetName string) {
	p := person{reader: r, layout: l, row: row}
	if sort := key(p.cell(Sort).Text); sort != "" && (sort == "personnel" || sort == "staff") != (r.Kind == school.Staff) {
		return // a list with both, of which one kind was asked for
	}
	p.read()
	if r.between(&p) {
		return
	}
	if p.unlikely() {
		return
	}
	e := p.entry
	e.Sheet, e.Line = sheetName, row.Line
	if e.Class == "" && e.Level == "" && r.Kind == school.PupilKind && r.class != "" {
		e.Class = r.class
		e.Level, e.Series, _ = takeApart(r.Pack, r.class)
	}
	shown := school.JoinName(e.Surname, e.Given)
	r.checkTwice(&p, shown)
	if p.fault != nil {
		f := Fault{Sheet: sheetName, Line: row.Line, Said: p.said(shown), Name: shown, Matricule: e.Matricule, Reason: p.fault}
		r.out.Faults = append(r.out.Faults, f)
		return
	}
	r.out.Entries = append(r.out.Entries, e)
}

// checkTwice: of one matricule, or of one person without any, the first row stands.
func (r *reader) checkTwice(p *person, shown string) {
	m := school.NormalizeMatricule(p.entry.Matricule)
	if m != "" {
		if first, ok := r.byMatricule[m]; ok {
			p.refuse(p.at(Matricule), school.Refuse("people.refused.matricule_twice", "matricule", "value", p.entry.Matricule, "line", first.line, "name", first.name))
		} else {
			r.byMatricule[m] = met{p.row.Line, shown}
		}
	}
	if shown == "" {
		return
	}
	id := school.Fold(shown) + "|" + p.entry.Born + "|" + school.Fold(p.entry.BornText)
	if p.entry.Born == "" {
		id += "|" + ClassKey(r.Pack, p.entry.Class)
	}
	first, ok := r.byName[id]
	if ok && m == "" {
		p.refuse(len(p.layout.columns), school.Refuse("people.refused.person_twice", "surname", "line", first.line, "name", first.name))
	}
	if !ok && p.fault == nil { // a row that is refused for something else does not stand
		r.byName[id] = met{p.row.Line, shown}
	}
}

// between reads the lines between blocks: "CLASSE : Tle D1", totals, titles.
func (r *reader) between(p *person) bool {
	texts := make([]string, 0, 4)
	for _, c := range p.row.Cells {
		if c.Text != "" {
			texts = append(texts, c.Text)
		}
	}
	if !p.mat && !p.sex && !p.class && len(texts) > 0 && total.MatchString(school.Fold(texts[0])) {
		return true // even when the number of pupils stands under the dates, and reads as one
	}
	if p.evidence > 0 && (p.born || p.sex && p.class) {
		return false
	}
	if len(texts) <= 2 && !p.mat {
		joined := strings.Join(texts, " ")
		if label := classInTitle(r.Pack, joined); label != "" && (classWord.MatchString(joined) || key(label) == key(joined)) {
			r.class = label
			return true
		}
	}
	if len(texts) > 2 { // beyond, words such as "Secrétaire" are somebody's
		texts = append(texts[:2:2], p.cell(FullName).Text, p.cell(Surname).Text)
	}
	return slices.ContainsFunc(texts, isSummary)
}

func (r *Roll) String() string {
	return fmt.Sprintf("%d entries, %d faults in %d tables", len(r.Entries), len(r.Faults), len(r.Tables))
}

func letters(s string) (n int) {
	for _, c := range s {
		if unicode.IsLetter(c) {
			n++
		}
	}
	return n
}
