package roll

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
	"time"

	"preau/school"
	"preau/school/sheet"
)

// person is one row on its way to an Entry.
type person struct {
	*reader
	layout *layout
	row    sheet.Row
	entry  Entry

	fault    *school.Refusal
	faultAt  int // column of the fault: the first from the left is told
	wrong    string
	computed bool // the name is a formula

	evidence              int // cells that only a person has
	mat, born, sex, class bool
	numbered              bool
}

// doorsName is how a field is called outside.
func doorsName(f Field) string {
	switch f {
	case FullName, NameFirst:
		return "surname"
	case BornPlace:
		return "born"
	case Boy, Girl:
		return "sex"
	case Level:
		return "class"
	}
	return string(f)
}

func (p *person) refuse(column int, no *school.Refusal) {
	if no == nil || p.fault != nil && p.faultAt <= column {
		return
	}
	p.fault, p.faultAt = no, column
	if v, ok := no.Args["value"].(string); ok {
		p.wrong = v
	} else {
		p.wrong = ""
	}
}

func (p *person) at(f Field) int {
	for i, x := range p.layout.columns {
		if x == f {
			return i
		}
	}
	return len(p.layout.columns)
}

func (p *person) cell(f Field) sheet.Cell { return p.layout.cell(p.row, f) }

// text is a cell's words; "" for what people write where nothing is known.
func (p *person) text(f Field) string {
	if t := strings.TrimLeft(p.cell(f).Text, "'"); !isNothing(t) {
		return t
	}
	return ""
}

func (p *person) read() {
	e := &p.entry
	n := p.cell(Number).Text
	p.numbered = n != "" && strings.Trim(n, "0123456789. )°-") == ""
	p.formulas()
	var no *school.Refusal
	if e.Matricule, no = readMatricule(p.cell(Matricule).Text, p.cell(Matricule).Number); no != nil {
		p.refuse(p.at(Matricule), no)
	}
	p.mat = strings.ContainsAny(e.Matricule, "0123456789")
	p.name()
	p.sexAndBirth()
	if p.Kind == school.PupilKind {
		e.Class, e.Level, e.Series, no = readClass(p.Pack, p.cell(Class).Text, p.cell(Level).Text, p.cell(Series).Text)
		if no != nil {
			column := p.at(Series)
			if p.text(Series) == "" {
				column = p.at(Class)
			}
			p.refuse(column, no)
		}
		p.class = e.Class != "" && e.Level != ""
		if yes, ok := readYes(p.cell(Repeating).Text); ok && yes {
			e.Repeating = true
		}
		p.guardians()
	} else {
		e.Post, e.Subject, e.Status, e.Diploma, e.Phone = p.text(Post), p.text(Subject), p.text(Status), p.text(Diploma), p.text(Phone)
		e.Roles = rolesOf(e.Post)
		if e.Roles == nil && e.Subject != "" && e.Post == "" {
			e.Roles = []school.Role{school.Teacher}
		}
	}
	e.NIU = p.text(NIU)
	for _, yes := range []bool{p.mat, p.born, p.sex} {
		if yes {
			p.evidence++
		}
	}
}

// formulas refuses what is computed in a column that is read.
func (p *person) formulas() {
	for i, f := range p.layout.columns {
		if f == Ignored || f == Number || i >= len(p.row.Cells) {
			continue
		}
		if c := p.row.Cells[i]; c.Formula || isFormula(f, c.Text) {
			if f == FullName || f == Surname || f == NameFirst {
				p.computed = true
			}
			shown := c.Text
			if shown == "" {
				shown = "="
			}
			p.refuse(i, school.Refuse("people.refused.formula", doorsName(f), "value", shown))
		}
	}
}

func (p *person) name() {
	e := &p.entry
	whole := func(f Field, givenFirst bool) {
		text := p.cell(f).Text
		if marked.MatchString(text) {
			e.Repeating = strings.Contains(strings.ToLower(marked.FindString(text)), "r")
			text = marked.ReplaceAllString(text, "")
		}
		if c := civility.FindString(text); c != "" {
			e.Sex = "M"
			if ladies.MatchString(c) {
				e.Sex = "F"
			}
		}
		e.Surname, e.Given = SplitName(text, givenFirst, knownGiven)
	}
	switch {
	case p.at(Surname) < len(p.layout.columns):
		e.Surname, e.Given = asSurname(civility.ReplaceAllString(p.text(Surname), "")), asGiven(p.text(Given))
		if e.Given == "" && strings.Contains(strings.TrimSpace(p.text(Surname)), " ") && e.Surname != tidy(p.text(Surname)) {
			whole(Surname, false) // both names in the first of two columns
		}
	case p.at(FullName) < len(p.layout.columns):
		whole(FullName, false)
	default:
		whole(NameFirst, true)
	}
	if letters(e.Surname) == 0 {
		e.Surname = ""
		p.refuse(min(p.at(Surname), p.at(FullName), p.at(NameFirst)), school.Refuse("people.refused.no_name", "surname"))
	}
}

func (p *person) sexAndBirth() {
	e := &p.entry
	sex, ok := readSex(p.cell(Sex).Text)
	switch boy, girl := crossedIn(p.cell(Boy).Text), crossedIn(p.cell(Girl).Text); {
	case boy && !girl:
		sex = "M"
	case girl && !boy:
		sex = "F"
	}
	if !ok {
		p.refuse(p.at(Sex), school.Refuse("people.refused.sex", "sex", "value", p.cell(Sex).Text))
	}
	if sex != "" {
		e.Sex, p.sex = sex, true
	}
	for _, f := range []Field{Born, BornPlace} {
		if p.at(f) == len(p.layout.columns) {
			continue
		}
		b, no := ReadBirth(p.cell(f), p.Today, p.american)
		if no == nil && p.tooYoung(b.Day) {
			no = school.Refuse("people.refused.born_unlikely", "born", "value", p.cell(f).Text)
		}
		if no != nil {
			p.refuse(p.at(f), no)
			p.born = no.Key != "people.refused.born_unread"
		}
		if b.Day != "" || b.Text != "" {
			e.Born, e.BornText, p.born = b.Day, b.Text, true
		}
		if b.Place != "" {
			e.Place = b.Place
		}
	}
	if t := p.text(Place); t != "" {
		e.Place = t
	}
}

// tooYoung: nobody is on a school's list before the age of four.
func (p *person) tooYoung(day string) bool {
	today, err := time.Parse(time.DateOnly, p.Today)
	return err == nil && day > today.AddDate(-4, 0, 0).Format(time.DateOnly)
}

// crossedIn: a cross, a tick or a 1; not a dash or a 0.
func crossedIn(s string) bool { return strings.Trim(s, " -–—_.?/0") != "" }

func (p *person) guardians() {
	phone := p.text(Phone)
	for _, g := range []struct {
		f    Field
		link string
	}{{Father, "père"}, {Mother, "mère"}, {Guardian, ""}} {
		if name := p.text(g.f); name != "" {
			p.entry.Guardians = append(p.entry.Guardians, school.Guardian{Name: name, Link: g.link, Phone: phone})
			phone = ""
		}
	}
	if phone != "" {
		p.entry.Guardians = append(p.entry.Guardians, school.Guardian{Phone: phone})
	}
}

// unlikely: no name, and nothing that only a person has: an empty numbered
// line, a line of a form filled down in advance.
func (p *person) unlikely() bool {
	return p.entry.Surname == "" && !p.computed && p.evidence == 0
}

// said is what stands in a refused row, for who must find it.
func (p *person) said(name string) string {
	if name == "" {
		name = p.entry.Matricule
	}
	if p.wrong == "" || p.wrong == name {
		return name
	}
	if name == "" {
		return p.wrong
	}
	return name + ", " + p.wrong
}

//go:embed given.txt
var givenList string

var givenSet = sync.OnceValue(func() map[string]bool {
	set := map[string]bool{}
	for _, n := range strings.Fields(regexp.MustCompile(`(?m)^#.*$`).ReplaceAllString(givenList, "")) {
		set[school.Fold(n)] = true
	}
	return set
})

// knownGiven tells given names that are met in Togo, for names in capitals.
func knownGiven(word string) bool { return givenSet()[school.Fold(word)] }
