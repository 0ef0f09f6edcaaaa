package people

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

func urlEscape(s string) string { return url.QueryEscape(s) }

// classesPage lists the classes of the year with how many are in them.
type classesPage struct {
	web.Base
	Rows    []classRow
	Staff   int
	Pupils  int
	Girls   int
	Boys    int
	MayGive bool // may import lists
	Mine    bool // only what one teaches
	Query   string
	Found   []foundRow
}

type classRow struct {
	ID             store.ID
	Class          school.Class
	Boys, Girls, N int
	Titular        string
}

// count adds a class to the totals.
func (p *classesPage) count(r classRow) {
	p.Pupils, p.Girls, p.Boys = p.Pupils+r.N, p.Girls+r.Girls, p.Boys+r.Boys
}

type foundRow struct {
	Name, What, Href string
}

func showClasses(c *web.Ctx) error {
	p := classesPage{Base: base(c, "people.title"), MayGive: school.May(school.ImportPeople).Allows(c.Actor()), Query: c.Query("q")}
	err := c.View(func(tx *store.Tx) error {
		rows, err := classRows(tx)
		if err != nil {
			return err
		}
		p.Rows = rows
		for _, r := range rows {
			p.count(r)
		}
		staff, err := school.Roster.Staff(tx)
		p.Staff = len(staff)
		if err != nil || strings.TrimSpace(p.Query) == "" {
			return err
		}
		return p.search(tx)
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
		all, err := classRows(tx)
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

// foundMost bounds what a search shows.
const foundMost = 30

func (p *classesPage) search(tx *store.Tx) error {
	found, err := school.Roster.Search(tx, "", p.Query, foundMost)
	if err != nil {
		return err
	}
	for _, r := range found {
		row := foundRow{Name: r.Value.Name()}
		if r.Value.Kind == school.Staff {
			row.What, row.Href = p.roles(r.Value.Roles), "/people/staff#p-"+r.ID.String()
		} else if c, err := school.Classes.Get(tx, r.Value.Class); err == nil {
			row.What, row.Href = c.Value.Label, "/people/classes/"+r.Value.Class.String()+"#p-"+r.ID.String()
		}
		p.Found = append(p.Found, row)
	}
	return nil
}

func (p *classesPage) roles(list []school.Role) string { return roleNames(p.Base, list) }

func roleNames(b web.Base, list []school.Role) string {
	var names []string
	for _, r := range list {
		names = append(names, b.T(r.WordKey()))
	}
	return strings.Join(names, ", ")
}

func classRows(tx *store.Tx) ([]classRow, error) {
	year, err := school.CurrentYear(tx)
	if err != nil {
		return nil, nil // no year, no classes yet
	}
	classes, err := school.Roster.ClassesOf(tx, year.Label)
	if err != nil {
		return nil, err
	}
	pack, err := packOf(tx)
	if err != nil {
		return nil, err
	}
	order := func(c store.Record[school.Class]) int {
		return slices.IndexFunc(pack.Levels, func(l packs.Level) bool { return l.Code == c.Value.Level })
	}
	slices.SortStableFunc(classes, func(a, b store.Record[school.Class]) int { return order(a) - order(b) })
	rows := make([]classRow, len(classes))
	byID := map[store.ID]*classRow{}
	for i, c := range classes {
		rows[i] = classRow{ID: c.ID, Class: c.Value}
		byID[c.ID] = &rows[i]
		if !c.Value.Titular.IsZero() {
			if t, err := school.Roster.Person(tx, c.Value.Titular); err == nil {
				rows[i].Titular = t.Value.Name()
			}
		}
	}
	for r, err := range school.People.Where(tx, "kind", string(school.PupilKind)) {
		if err != nil {
			return nil, err
		}
		row := byID[r.Value.Class]
		if row == nil || r.Value.Left != "" {
			continue
		}
		row.N++
		switch r.Value.Sex {
		case "M":
			row.Boys++
		case "F":
			row.Girls++
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
	if school.May(school.SeePeople).Allows(c.Actor()) {
		p.Back = web.Link{Label: p.T("people.title"), Href: "/people"}
	} else {
		p.Back = web.Link{Label: p.T("people.mine.title"), Href: "/people/mine"}
	}
	p.Lead = p.T("people.class.lead", "count", len(p.Pupils), "girls", p.Girls, "boys", p.Boys)
	return c.Render(http.StatusOK, classView(p))
}

// born is a birth date as lists have it, or the words that stand for it.
func (p *classPage) born(x *school.Person) string {
	if len(x.Born) == len("2006-01-02") {
		return x.Born[8:] + "/" + x.Born[5:7] + "/" + x.Born[:4]
	}
	return x.BornText
}

// staffPage lists the staff who are here.
type staffPage struct {
	web.Base
	Rows []staffRow
}

type staffRow struct {
	ID                                            store.ID
	Name, Roles, Subject, Classes, Phone, Account string
	MayGive                                       bool
}

func showStaff(c *web.Ctx) error {
	p := staffPage{Base: base(c, "people.staff.title")}
	p.Back = web.Link{Label: p.T("people.title"), Href: "/people"}
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
	pack, err := packOf(tx)
	if err != nil {
		return "", false
	}
	s, ok := pack.SubjectByCode(code)
	return s.Name, ok
}
