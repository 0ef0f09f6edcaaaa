package marks

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"preau/school"
	"preau/store"
	"preau/web"
)

// groupsPage divides a class into workshop half-groups for one subject: each has
// its own sheets.
type groupsPage struct {
	web.Base
	Action, Path string
	Rows         []groupRow
	Pupils       []web.Option
	Name         string
	Chosen       []string
}

type groupRow struct {
	ID     store.ID
	Name   string
	Pupils []string
	Sheets int
}

func showGroups(c *web.Ctx) error {
	p, err := readGroupsPage(c)
	if err != nil {
		return err
	}
	for i := range p.Pupils { // who is in no group yet is proposed
		if p.Pupils[i].Hint == "" && len(p.Rows) > 0 {
			p.Chosen = append(p.Chosen, p.Pupils[i].Value)
		}
	}
	if len(p.Rows) == 0 {
		for _, x := range p.Pupils[:(len(p.Pupils)+1)/2] {
			p.Chosen = append(p.Chosen, x.Value)
		}
	}
	p.Name = p.T("marks.groups.name.next", "n", len(p.Rows)+1)
	return c.Render(http.StatusOK, groupsView(*p))
}

func readGroupsPage(c *web.Ctx) (*groupsPage, error) {
	e := &evaluationPage{}
	t, s, err := e.prepare(c)
	if err != nil {
		return nil, err
	}
	p := &groupsPage{Base: c.Base("marks.groups.of", "subject", s.Name, "class", t.Class.Value.Label)}
	p.Back = web.Link{Label: p.T("marks.notebook.of", "class", t.Class.Value.Label, "subject", s.Name), Href: notebookPath(t.Class.ID, s.Row.Subject, t.Period.Number)}
	p.Lead = p.T("marks.groups.lead")
	p.Path = "/marks/of/" + t.Class.ID.String() + "/" + s.Row.Subject + "/groups"
	err = c.View(func(tx *store.Tx) error {
		pupils, err := school.Roster.Pupils(tx, t.Class.ID)
		if err != nil {
			return err
		}
		in := map[store.ID]string{}
		names := map[store.ID]string{}
		for _, x := range pupils {
			names[x.ID] = x.Value.Name()
		}
		for g, err := range groups.Where(tx, "class", t.Class.ID, s.Row.Subject) {
			if err != nil {
				return err
			}
			row := groupRow{ID: g.ID, Name: g.Value.Name}
			for _, id := range g.Value.Pupils {
				if in[id] = g.Value.Name; names[id] != "" {
					row.Pupils = append(row.Pupils, names[id])
				}
			}
			slices.Sort(row.Pupils)
			if row.Sheets, err = evaluations.Count(tx, "group", g.ID); err != nil {
				return err
			}
			p.Rows = append(p.Rows, row)
		}
		for _, x := range pupils {
			p.Pupils = append(p.Pupils, web.Option{Value: x.ID.String(), Label: x.Value.Name(), Hint: in[x.ID]})
		}
		return nil
	})
	return p, err
}

// saveGroup makes a half-group. A pupil stands in one of a subject only.
func saveGroup(c *web.Ctx) error {
	p, err := readGroupsPage(c)
	if err != nil {
		return err
	}
	class, err := c.ID("class")
	if err != nil {
		return err
	}
	f, err := c.Form()
	p.Name, p.Chosen = strings.Join(strings.Fields(f.Get("name")), " "), f.All("pupils")
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			g := group{Class: class, Subject: c.Param("subject"), Name: p.Name}
			if err := g.fill(tx, p.Chosen); err != nil {
				return web.Result{}, err
			}
			id, err := groups.Add(tx, g)
			if err != nil {
				return web.Result{}, err
			}
			return web.Result{To: p.Path, Flash: "marks.flash.group"}, school.Audit(tx, c.Actor(), "marks.group", id, nil, map[string]string{"name": g.Name, "pupils": strconv.Itoa(len(g.Pupils))})
		})
	}
	if c.Refused(err) {
		p.Base = p.With(err, p.T("marks.refused.title"))
		return c.Render(http.StatusUnprocessableEntity, groupsView(*p))
	}
	return err
}

// fill takes the pupils that were ticked.
func (g *group) fill(tx *store.Tx, chosen []string) error {
	var no school.Refusals
	if n := len([]rune(g.Name)); n == 0 || n > 40 {
		no = append(no, school.Refuse("marks.refused.group_name", "name"))
	}
	if len(chosen) == 0 {
		no = append(no, school.Refuse("marks.refused.group_empty", "pupils"))
	}
	taken := map[store.ID]string{}
	for other, err := range groups.Where(tx, "class", g.Class, g.Subject) {
		if err != nil {
			return err
		}
		if other.Value.Name == g.Name {
			no = append(no, school.Refuse("marks.refused.group_twice", "name", "name", g.Name))
		}
		for _, id := range other.Value.Pupils {
			taken[id] = other.Value.Name
		}
	}
	for _, text := range chosen {
		id, err := store.ParseID(text)
		if err != nil {
			return store.ErrNotFound
		}
		x, err := school.Roster.Person(tx, id)
		if err != nil || x.Value.Class != g.Class {
			return store.ErrNotFound
		}
		if in := taken[id]; in != "" {
			no = append(no, school.Refuse("marks.refused.group_taken", "pupils", "name", x.Value.Name(), "group", in))
		}
		g.Pupils = append(g.Pupils, id)
	}
	return no.Or()
}

// dropGroup takes away a half-group that has no evaluations.
func dropGroup(c *web.Ctx) error {
	p, err := readGroupsPage(c)
	if err != nil {
		return err
	}
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	err = c.Post(func(tx *store.Tx) (web.Result, error) {
		g, err := groups.Get(tx, id)
		if err != nil || g.Value.Subject != c.Param("subject") || g.Value.Class.String() != c.Param("class") {
			return web.Result{}, c.NotFound()
		}
		n, err := evaluations.Count(tx, "group", id)
		if err != nil {
			return web.Result{}, err
		}
		if n > 0 {
			return web.Result{}, school.Refuse("marks.refused.group_used", "", "name", g.Value.Name, "count", n)
		}
		if err := groups.Delete(tx, id); err != nil {
			return web.Result{}, err
		}
		return web.Result{To: p.Path, Flash: "marks.flash.group_dropped"}, school.Audit(tx, c.Actor(), "marks.group", id, g.Value.Name, nil)
	})
	if c.Refused(err) {
		p.Base = p.With(err, p.T("marks.refused.title"))
		return c.Render(http.StatusUnprocessableEntity, groupsView(*p))
	}
	return err
}
