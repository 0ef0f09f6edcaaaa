package people

import (
	"slices"
	"strings"
	"time"

	"preau/modules/people/roll"
	"preau/school"
	"preau/school/packs"
	"preau/school/sheet"
	"preau/store"
)

// A change of year is a list that says of each pupil: goes up, repeats, or
// leaves, and into which class of the next year. It is read against the roster
// and the next year's classes; nothing is deleted by it, and who is not on the
// list stays where they are.

// verdict is what a list decides of a pupil.
type verdict string

const (
	goesUp  verdict = "up"
	repeats verdict = "repeats"
	leaves  verdict = "leaves"
)

// verdicts as councils write them, folded.
var verdicts = map[string]verdict{
	"passe": goesUp, "passent": goesUp, "p": goesUp, "admis": goesUp, "admise": goesUp, "promu": goesUp, "promue": goesUp, "passage": goesUp, "monte": goesUp, "up": goesUp, "oriente": goesUp, "orientee": goesUp, "reoriente": goesUp, "reorientee": goesUp,
	"redouble": repeats, "r": repeats, "redoublant": repeats, "redoublante": repeats, "reprend": repeats, "redoublement": repeats, "doublant": repeats, "repeats": repeats,
	"part": leaves, "quitte": leaves, "depart": leaves, "exclu": leaves, "exclue": leaves, "abandon": leaves, "transfert": leaves, "transfere": leaves, "transferee": leaves, "termine": leaves, "diplome": leaves, "diplomee": leaves, "bachelier": leaves, "bacheliere": leaves, "sorti": leaves, "sortie": leaves, "leaves": leaves,
}

// whyLeaves is the reason that a verdict's word gives.
var whyLeaves = map[string]string{
	"exclu": "excluded", "exclue": "excluded", "abandon": "dropout", "transfert": "transfer", "transfere": "transfer", "transferee": "transfer",
	"termine": "graduated", "diplome": "graduated", "diplomee": "graduated", "bachelier": "graduated", "bacheliere": "graduated",
}

// yearRow is one pupil of the list, ready to be written.
type yearRow struct {
	Line    int
	Person  store.ID
	Name    string
	From    string // label of the class now
	Verdict verdict
	Why     string // of leaving
	To      store.ID
	ToLabel string
}

// yearFault is one refused row.
type yearFault struct {
	Line   int
	Said   string
	Reason *school.Refusal
}

// yearPlan is what a list would do.
type yearPlan struct {
	Year   string
	Rows   []yearRow
	Faults []yearFault
	Absent int // pupils who are here and stand on no row
}

func (p *yearPlan) count(v verdict) (n int) {
	for _, r := range p.Rows {
		if r.Verdict == v {
			n++
		}
	}
	return n
}

// yearColumns are the places of what is read, -1 where there is none.
type yearColumns struct{ matricule, name, surname, given, now, verdict, class, at int }

// findColumns finds the row of headings by what it says.
func findColumns(rows []sheet.Row) (yearColumns, bool) {
	for i, r := range rows[:min(len(rows), 40)] {
		c := yearColumns{-1, -1, -1, -1, -1, -1, -1, i}
		for j := range r.Cells {
			text := r.Text(j)
			folded := school.Fold(text)
			switch {
			case strings.HasPrefix(folded, "decision") || strings.HasPrefix(folded, "resultat") || strings.HasPrefix(folded, "verdict") || strings.HasPrefix(folded, "conseil"):
				c.verdict = j
			case strings.Contains(folded, "classe") && (strings.Contains(folded, "nouvelle") || strings.Contains(folded, "suivante") || strings.Contains(folded, "prochaine") || strings.Contains(folded, "accueil") || strings.Contains(folded, "prochain")):
				c.class = j
			case c.matricule < 0 && roll.Recognise(text, school.PupilKind) == roll.Matricule:
				c.matricule = j
			case c.name < 0 && roll.Recognise(text, school.PupilKind) == roll.FullName:
				c.name = j
			case c.surname < 0 && roll.Recognise(text, school.PupilKind) == roll.Surname:
				c.surname = j
			case c.now < 0 && roll.Recognise(text, school.PupilKind) == roll.Class:
				c.now = j
			case c.given < 0 && roll.Recognise(text, school.PupilKind) == roll.Given:
				c.given = j
			}
		}
		if c.verdict >= 0 && (c.matricule >= 0 || c.name >= 0 || c.surname >= 0) {
			return c, true
		}
	}
	return yearColumns{}, false
}

func cellText(r sheet.Row, i int) string {
	if i < 0 {
		return ""
	}
	return strings.TrimSpace(strings.TrimPrefix(r.Text(i), "'"))
}

// planYear reads a list against the roster and the classes of the year.
func planYear(tx *store.Tx, book *sheet.Book, year string) (*yearPlan, error) {
	words, err := readLabels(tx)
	if err != nil {
		return nil, err
	}
	classes := map[string]store.ID{}
	for id, k := range words.classes {
		if k.Year == year {
			classes[roll.ClassKey(words.pack, k.Label)] = id
		}
	}
	d, err := school.ReadDirectory(tx)
	if err != nil {
		return nil, err
	}
	here, _ := d.Find(school.Wanted{Kind: school.PupilKind})
	p := &yearPlan{Year: year}
	seen := map[store.ID]int{}
	read := false
	for _, s := range book.Sheets {
		c, ok := findColumns(s.Rows)
		if !ok {
			continue
		}
		read = true
		for _, r := range s.Rows[c.at+1:] {
			p.row(tx, r, c, d, words, classes, seen)
		}
	}
	if !read {
		return nil, school.Refuse("people.year.refused.columns", "file")
	}
	for _, l := range here {
		if seen[l.ID] == 0 {
			p.Absent++
		}
	}
	return p, nil
}

func (p *yearPlan) row(tx *store.Tx, r sheet.Row, c yearColumns, d *school.Directory, words labels, classes map[string]store.ID, seen map[store.ID]int) {
	matricule, name := cellText(r, c.matricule), cellText(r, c.name)
	if name == "" {
		name = strings.TrimSpace(cellText(r, c.surname) + " " + cellText(r, c.given))
	}
	said := cellText(r, c.verdict)
	if matricule == "" && (name == "" || said == "") {
		return // a blank line, a total, a signature
	}
	shown := strings.TrimSpace(matricule + " " + name)
	refuse := func(key string, kv ...any) {
		p.Faults = append(p.Faults, yearFault{r.Line, shown, school.Refuse(key, "", kv...)})
	}
	who, ok := onlyPupil(tx, d, matricule, name, func(l school.Listed) bool {
		now := cellText(r, c.now)
		return now == "" || roll.ClassKey(words.pack, now) == roll.ClassKey(words.pack, words.classes[l.Class].Label)
	})
	if !ok {
		refuse("people.year.refused.unknown")
		return
	}
	if first := seen[who.ID]; first > 0 {
		refuse("people.year.refused.twice", "line", first)
		return
	}
	if said == "" && cellText(r, c.class) == "" {
		return // not decided yet: stays where they are
	}
	seen[who.ID] = r.Line
	if said == "" {
		refuse("people.year.refused.no_verdict")
		return
	}
	word := strings.ReplaceAll(school.Fold(said), " ", "")
	v, ok := verdicts[word]
	if !ok {
		refuse("people.year.refused.verdict", "value", said)
		return
	}
	row := yearRow{Line: r.Line, Person: who.ID, Name: who.Name, From: words.classes[who.Class].Label, Verdict: v}
	if v == leaves {
		if row.Why = whyLeaves[word]; row.Why == "" {
			row.Why = "other"
		}
		p.Rows = append(p.Rows, row)
		return
	}
	row.ToLabel = cellText(r, c.class)
	if row.ToLabel == "" && v == repeats {
		row.ToLabel = row.From
	}
	if row.ToLabel == "" {
		refuse("people.year.refused.no_class")
		return
	}
	if row.To, ok = classes[roll.ClassKey(words.pack, row.ToLabel)]; !ok {
		refuse("people.year.refused.class", "value", row.ToLabel, "year", p.Year)
		return
	}
	row.ToLabel = words.classes[row.To].Label
	p.Rows = append(p.Rows, row)
}

// onlyPupil finds the one pupil here whom a row means: by matricule, else by a
// name that nobody else bears.
func onlyPupil(tx *store.Tx, d *school.Directory, matricule, name string, inClass func(school.Listed) bool) (school.Listed, bool) {
	if matricule != "" {
		r, err := school.Roster.ByMatricule(tx, school.PupilKind, matricule)
		if err != nil || r.Value.Left != "" {
			return school.Listed{}, false
		}
		return school.Listed{ID: r.ID, Name: r.Value.Name(), Class: r.Value.Class}, true
	}
	parts := func(s string) string {
		list := strings.Fields(school.Fold(s))
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	found, _ := d.Find(school.Wanted{Kind: school.PupilKind, Query: name})
	found = slices.DeleteFunc(slices.Clone(found), func(l school.Listed) bool { return parts(l.Name) != parts(name) })
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(l school.Listed) bool { return !inClass(l) })
	}
	if len(found) != 1 {
		return school.Listed{}, false
	}
	return found[0], true
}

// apply writes the plan of a list: classes, repeating, departures on a day, and
// what was until now.
func (p *yearPlan) apply(tx *store.Tx, who school.Actor, list store.ID, day string) error {
	now, err := school.CurrentYear(tx)
	if err != nil {
		return err
	}
	for _, row := range p.Rows {
		r, err := school.Roster.Person(tx, row.Person)
		if err != nil {
			return err
		}
		after := r.Value
		past := schooling{Person: r.ID, Year: now.Label, Class: r.Value.Class, Label: row.From, Repeating: r.Value.Repeating, Verdict: string(row.Verdict), List: list, To: row.To}
		if k, err := school.Classes.Get(tx, r.Value.Class); err == nil {
			past.Year = k.Value.Year
		}
		if row.Verdict == leaves {
			after.Left, after.LeftWhy = day, row.Why
		} else {
			after.Class, after.Repeating = row.To, row.Verdict == repeats
		}
		changed, err := save(tx, who, "people.year", r.ID, r.Value, after)
		if err != nil {
			return err
		}
		if !changed {
			continue
		}
		if _, err := schoolings.Add(tx, past); err != nil {
			return err
		}
	}
	return nil
}

// schooling is one year that a pupil has had here.
type schooling struct {
	Person    store.ID `cbor:"1,keyasint,omitzero"`
	Year      string   `cbor:"2,keyasint,omitempty"`
	Class     store.ID `cbor:"3,keyasint,omitzero"`
	Label     string   `cbor:"4,keyasint,omitempty"` // of the class, as it was called
	Repeating bool     `cbor:"5,keyasint,omitempty"`
	Verdict   string   `cbor:"6,keyasint,omitempty"`
	List      store.ID `cbor:"7,keyasint,omitzero"` // that ended it
	To        store.ID `cbor:"8,keyasint,omitzero"` // the class that it gave, zero for who left
}

// schoolings: index "person" takes person, year.
var schoolings = store.Define(store.Spec[schooling]{
	Name: "people.schooling", Home: store.Local, Format: 1,
	Indexes: []store.Index[schooling]{
		{Name: "person", Keys: func(s *schooling) [][]byte { return [][]byte{store.Key(s.Person, s.Year)} }},
	},
})

// nextYear is the year after the current one: known already, or made of the same
// days twelve months later.
func nextYear(tx *store.Tx) (next school.Year, known bool, err error) {
	now, err := school.CurrentYear(tx)
	if err != nil {
		return next, false, err
	}
	for y, err := range school.Years.Where(tx, "label") {
		if err != nil {
			return next, false, err
		}
		if y.Value.Label > now.Label {
			return y.Value, true, nil
		}
	}
	pack, err := packs.Here(tx)
	if err != nil {
		return next, false, err
	}
	for _, y := range pack.Years {
		if y.Label > now.Label {
			return y.SchoolYear("lycee"), false, nil
		}
	}
	later := func(day string) string {
		t, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return day
		}
		return t.AddDate(1, 0, 0).Format(time.DateOnly)
	}
	next = school.Year{From: later(now.From), Until: later(now.Until)}
	next.Label = next.From[:4] + "-" + next.Until[:4]
	return next, false, nil
}
