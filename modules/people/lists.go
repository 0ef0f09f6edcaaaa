package people

import (
	"net/http"
	"slices"
	"strings"

	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

// classesPage lists the classes of a year with how many are in them.
type classesPage struct {
	web.Base
	Rows    []classRow
	Staff   int
	Pupils  int
	Girls   int
	Boys    int
	MayGive bool // may import lists, add people
	Audit   bool
	Prepare bool // may prepare the next year
	Mine    bool // only what one teaches
	Query   string
	Left    bool
	Found   []foundRow
	Total   int
	Year    string
	Years   []string // others that have classes
	Alike   int
}

type classRow struct {
	ID    store.ID
	Class school.Class
	school.Headcount
	Titular string
}

// count adds a class to the totals.
func (p *classesPage) count(r classRow) {
	p.Pupils, p.Girls, p.Boys = p.Pupils+r.All, p.Girls+r.Girls, p.Boys+r.Boys
}

func showClasses(c *web.Ctx) error {
	p := classesPage{Base: base(c, "people.title"), Query: strings.TrimSpace(c.Query("q")), Left: c.Query("left") != ""}
	p.MayGive, p.Audit = school.May(school.ChangePeople).Allows(c.Actor()), school.May(school.SeeAudit).Allows(c.Actor())
	p.Prepare = c.Actor().Is(school.Head, school.Deputy)
	err := c.View(func(tx *store.Tx) error {
		var err error
		if p.Year, p.Years, err = yearsShown(tx, c.Query("year")); err != nil {
			return err
		}
		if p.Query != "" || p.Left { // who was found, and nothing beside
			return p.find(c, tx)
		}
		if p.Rows, err = classRows(c, tx, p.Year); err != nil {
			return err
		}
		for _, r := range p.Rows {
			p.count(r)
		}
		staff, err := school.Roster.Staff(tx)
		p.Staff = len(staff)
		if err != nil {
			return err
		}
		return p.find(c, tx)
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, classesView(p))
}

// showMine lists the classes that a teacher teaches.
func showMine(c *web.Ctx) error {
	p := classesPage{Base: c.Base("people.mine.title"), Mine: true}
	err := c.View(func(tx *store.Tx) error {
		all, err := classRows(c, tx, "")
		if err != nil {
			return err
		}
		taught, err := school.Roster.ClassesTaught(tx, c.Actor().ID)
		if err != nil {
			return err
		}
		for _, r := range all {
			if slices.ContainsFunc(taught, func(t store.Record[school.Class]) bool { return t.ID == r.ID }) {
				p.Rows = append(p.Rows, r)
				p.count(r)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, mineView(p))
}

func roleNames(b web.Base, list []school.Role) string {
	var names []string
	for _, r := range list {
		names = append(names, b.T(r.WordKey()))
	}
	return strings.Join(names, ", ")
}

// yearsShown is the year that was asked for, the current one by default, and the
// others that have classes.
func yearsShown(tx *store.Tx, asked string) (year string, others []string, err error) {
	if now, err := school.CurrentYear(tx); err == nil {
		year = now.Label
	}
	for y, err := range school.Years.Where(tx, "label") {
		if err != nil {
			return year, nil, err
		}
		if n, err := school.Classes.Count(tx, "year", y.Value.Label); err != nil || n == 0 {
			continue
		}
		if y.Value.Label == asked {
			year = asked
		}
		others = append(others, y.Value.Label)
	}
	return year, slices.DeleteFunc(others, func(o string) bool { return o == year }), nil
}

// classesOf are the classes of a year, the current one when year is "", in the
// order of levels.
func classesOf(tx *store.Tx, year string) ([]store.Record[school.Class], error) {
	if year == "" {
		now, err := school.CurrentYear(tx)
		if err != nil {
			return nil, nil // no year, no classes yet
		}
		year = now.Label
	}
	classes, err := school.Roster.ClassesOf(tx, year)
	if err != nil {
		return nil, err
	}
	pack, err := packs.Here(tx)
	if err != nil {
		return nil, err
	}
	order := func(c store.Record[school.Class]) int {
		return slices.IndexFunc(pack.Levels, func(l packs.Level) bool { return l.Code == c.Value.Level })
	}
	slices.SortStableFunc(classes, func(a, b store.Record[school.Class]) int { return order(a) - order(b) })
	return classes, nil
}

// classRows are the classes of a year with their titulars and how many are in
// them.
func classRows(c *web.Ctx, tx *store.Tx, year string) ([]classRow, error) {
	classes, err := classesOf(tx, year)
	if err != nil || len(classes) == 0 {
		return nil, err
	}
	d, err := directory(c, tx)
	if err != nil {
		return nil, err
	}
	rows := make([]classRow, len(classes))
	for i, k := range classes {
		rows[i] = classRow{ID: k.ID, Class: k.Value, Headcount: d.In(k.ID)}
		if !k.Value.Titular.IsZero() {
			if t, err := school.Roster.Person(tx, k.Value.Titular); err == nil {
				rows[i].Titular = t.Value.Name()
			}
		}
	}
	return rows, nil
}

// classPage is the list of one class; it prints on A4.
type classPage struct {
	web.Base
	ID          store.ID
	Class       school.Class
	Titular     string
	Pupils      []store.Record[school.Person]
	Boys, Girls int
	Sees        bool // may open the pupils' records
	Change      bool
	Assign      bool
	Sheets      bool
}

func showClass(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	p := classPage{ID: id}
	allowed := school.May(school.SeePeople).Allows(c.Actor())
	err = c.View(func(tx *store.Tx) error {
		class, err := school.Classes.Get(tx, id)
		if err != nil {
			return c.NotFound()
		}
		if !allowed {
			if allowed, err = school.Roster.Teaches(tx, c.Actor().ID, id); err != nil || !allowed {
				return err
			}
		}
		p.Class = class.Value
		if t, err := school.Roster.Person(tx, class.Value.Titular); err == nil {
			p.Titular = t.Value.Name()
		}
		p.Pupils, err = school.Roster.Pupils(tx, id)
		return err
	})
	if err != nil {
		return err
	}
	if !allowed {
		return c.NotFound()
	}
	for _, r := range p.Pupils {
		if r.Value.Sex == "F" {
			p.Girls++
		} else if r.Value.Sex == "M" {
			p.Boys++
		}
	}
	p.Base = base(c, "people.class.title", "class", p.Class.Label)
	p.Sees, p.Change = true, school.May(school.ChangePeople).Allows(c.Actor())
	p.Assign, p.Sheets = school.May(school.AssignTeachers).Allows(c.Actor()), school.May(school.PrintSecrets).Allows(c.Actor())
	if school.May(school.SeePeople).Allows(c.Actor()) {
		p.Back = web.Link{Label: p.T("people.title"), Href: "/people"}
	} else {
		p.Back = web.Link{Label: p.T("people.mine.title"), Href: "/people/mine"}
	}
	p.Lead = p.T("people.class.lead", "count", len(p.Pupils), "girls", p.Girls, "boys", p.Boys)
	return c.Render(http.StatusOK, classView(p))
}

// deeds are what can be done with a class.
func (p *classPage) deeds() (list []web.Button) {
	at := "/people/classes/" + p.ID.String()
	if p.Change {
		list = append(list, web.Button{Label: p.T("people.class.add"), Href: "/people/new?class=" + p.ID.String()})
	}
	if p.Assign {
		list = append(list, web.Button{Label: p.T("people.assign.do"), Kind: web.Secondary, Href: at + "/teachers"})
	}
	list = append(list,
		web.Button{Label: p.T("people.faces.do"), Kind: web.Third, Href: at + "/photos"},
		web.Button{Label: p.T("people.labels.do"), Kind: web.Third, Href: at + "/labels"})
	if p.Sheets {
		list = append(list,
			web.Button{Label: p.T("people.class.room"), Kind: web.Secondary, Href: "/rooms?class=" + p.ID.String()},
			web.Button{Label: p.T("people.class.pins"), Kind: web.Third, Href: "/rooms/classes/" + p.ID.String() + "/pins"},
			web.Button{Label: p.T("people.class.cards"), Kind: web.Third, Href: "/rooms/classes/" + p.ID.String() + "/cards"})
	}
	return list
}

func foundHead(b web.Base, left bool) []web.Head {
	names := []string{"people.column.name", "people.found.what", "people.column.matricule", "people.column.born"}
	if left {
		names = append(names, "people.column.left")
	}
	head := make([]web.Head, len(names))
	for i, name := range names {
		head[i].Label = b.T(name)
	}
	return head
}

// staffPage lists the staff who are here.
type staffPage struct {
	web.Base
	Rows   []staffRow
	Sees   bool // may open their records
	Change bool
}

type staffRow struct {
	ID                                            store.ID
	Name, Roles, Subject, Classes, Phone, Account string
	MayGive                                       bool
}

func showStaff(c *web.Ctx) error {
	p := staffPage{Base: base(c, "people.staff.title")}
	p.Back = web.Link{Label: p.T("people.title"), Href: "/people"}
	p.Sees, p.Change = school.May(school.SeePeople).Allows(c.Actor()), school.May(school.ChangePeople).Allows(c.Actor())
	if !school.May(school.SeePeople).Allows(c.Actor()) {
		p.Back = web.Link{}
	}
	err := c.View(func(tx *store.Tx) error {
		staff, err := school.Roster.Staff(tx)
		if err != nil {
			return err
		}
		for _, r := range staff {
			row := staffRow{ID: r.ID, Name: r.Value.Name(), Roles: roleNames(p.Base, r.Value.Roles), Subject: r.Value.Subject, Phone: r.Value.Phone, Account: r.Value.Login}
			if row.Roles == "" {
				row.Roles = r.Value.Status
			}
			if s, ok := subjectName(tx, r.Value.Subject); ok {
				row.Subject = s
			}
			taught, err := school.Roster.ClassesTaught(tx, r.ID)
			if err != nil {
				return err
			}
			var labels []string
			for _, t := range taught {
				labels = append(labels, t.Value.Label)
			}
			row.Classes = strings.Join(labels, ", ")
			if row.MayGive, err = school.MayResetSecret(tx, c.Actor(), r); err != nil {
				return err
			}
			p.Rows = append(p.Rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.Lead = p.T("people.staff.lead", "count", len(p.Rows))
	return c.Render(http.StatusOK, staffView(p))
}

// subjectName is the pack's name of a subject's code.
func subjectName(tx *store.Tx, code string) (string, bool) {
	pack, err := packs.Here(tx)
	if err != nil {
		return "", false
	}
	s, ok := pack.SubjectByCode(code)
	return s.Name, ok
}
