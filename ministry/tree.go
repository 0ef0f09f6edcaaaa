package ministry

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/store"
	"preau/web"
)

// putUnit writes a unit into the dated tree. A unit that is known and gets
// another parent ends the day before from and begins there anew; "" is today. A
// move that was planned and not begun gives way to the next. Until is the last
// day of all, whatever moves are planned before it.
func putUnit(tx *store.Tx, who school.Actor, u org.Unit, known bool, from string) error {
	if u.Code == "" || strings.ContainsAny(u.Code, "/?#%") {
		return school.Refuse("ministry.refused.code", "code")
	}
	old, err := latest(tx, u.Code)
	switch {
	case errors.Is(err, org.ErrNoUnit):
		if err := org.Check(tx, &u, store.ID{}); err != nil {
			return err
		}
		id, err := org.Units.Add(tx, u)
		if err != nil {
			return err
		}
		return school.Audit(tx, who, "schools.add", id, nil, u)
	case err != nil:
		return err
	case !known:
		return school.Refuse("ministry.refused.code_taken", "code", "code", u.Code)
	}
	if from == "" {
		from = org.Today(tx)
	}
	u.From = old.Value.From
	if err := org.CheckShape(tx, &u); err != nil { // nothing is written for what is refused
		return err
	}
	if u.Parent != old.Value.Parent && from != old.Value.From {
		return moveUnit(tx, who, old, u, from)
	}
	end, err := last(tx, u.Code)
	if err != nil {
		return err
	}
	if end.ID != old.ID { // a move is planned: the last day is that of the place it leads to
		end.Value.Until, u.Until = u.Until, old.Value.Until
		if err := org.Check(tx, &end.Value, end.ID); err != nil {
			return err
		}
		if err := org.Units.Set(tx, end.ID, end.Value); err != nil {
			return err
		}
	}
	if err := org.Check(tx, &u, old.ID); err != nil {
		return err
	}
	if err := org.Units.Set(tx, old.ID, u); err != nil {
		return err
	}
	return school.Audit(tx, who, "schools.change", old.ID, old.Value, u)
}

func moveUnit(tx *store.Tx, who school.Actor, old store.Record[org.Unit], u org.Unit, from string) error {
	if !school.ValidDay(from) || from < old.Value.From {
		return school.Refuse("org.refused.day", "from", "value", from)
	}
	u.From = from
	if err := org.CheckShape(tx, &u); err != nil {
		return err
	}
	for r, err := range org.Units.Where(tx, "code", org.NormalizeCode(u.Code)) {
		if err != nil {
			return err
		}
		if r.Value.From > org.Today(tx) {
			if err := org.Units.Delete(tx, r.ID); err != nil {
				return err
			}
		}
	}
	ended := old.Value
	ended.Until = dayBefore(from)
	if err := org.Units.Set(tx, old.ID, ended); err != nil {
		return err
	}
	if err := org.Check(tx, &u, store.ID{}); err != nil {
		return err
	}
	id, err := org.Units.Add(tx, u)
	if err != nil {
		return err
	}
	return school.Audit(tx, who, "schools.move", id, old.Value, u)
}

// latest is a unit as it is today, or else as it was last or will be.
func latest(tx *store.Tx, code string) (best store.Record[org.Unit], err error) {
	day := org.Today(tx)
	if best, err = org.At(tx, code, day); err == nil {
		return best, nil
	}
	return last(tx, code)
}

// last is a unit's record with the latest beginning.
func last(tx *store.Tx, code string) (end store.Record[org.Unit], err error) {
	err = org.ErrNoUnit
	for r, e := range org.Units.Where(tx, "code", org.NormalizeCode(code)) {
		if e != nil {
			return r, e
		}
		end, err = r, nil // the index goes by code and beginning
	}
	return end, err
}

// editable is a unit as its form shows it: of today, with its last day of all.
func editable(tx *store.Tx, code string) (org.Unit, error) {
	now, err := latest(tx, code)
	if err != nil {
		return org.Unit{}, err
	}
	end, err := last(tx, code)
	now.Value.Until = end.Value.Until
	return now.Value, err
}

func dayBefore(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, -1).Format(time.DateOnly)
}

type branch struct {
	Unit    org.Unit
	Schools int
	Below   []branch
}

type treePage struct {
	web.Base
	Regions []branch
	Change  bool
}

// most is the longest bar of the page.
func (p treePage) most() (n int) {
	for _, r := range p.Regions {
		n = max(n, r.Schools)
	}
	return n
}

// showTree lists the regions and inspections with how many schools each has.
func showTree(c *web.Ctx) error {
	p := treePage{Base: c.Base("ministry.tree.title")}
	p.Back = web.Link{Label: p.T("ministry.schools.title"), Href: "/schools"}
	p.Change = school.May(school.ChangeSchools).Allows(c.Actor())
	err := c.View(func(tx *store.Tx) error {
		day := org.Today(tx)
		regions, err := org.OfKind(tx, org.Region, day)
		if err != nil {
			return err
		}
		for _, r := range regions {
			b := branch{Unit: r.Value}
			below, err := org.Children(tx, r.Value.Code, day)
			if err != nil {
				return err
			}
			for _, u := range below {
				if u.Value.Kind == org.School {
					b.Schools++
					continue
				}
				schools, err := org.Children(tx, u.Value.Code, day)
				if err != nil {
					return err
				}
				b.Schools += len(schools)
				b.Below = append(b.Below, branch{Unit: u.Value, Schools: len(schools)})
			}
			p.Regions = append(p.Regions, b)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, treeView(p))
}

type unitFormPage struct {
	web.Base
	New     bool
	Unit    org.Unit
	From    string
	Kinds   []web.Option
	Regions []web.Option
}

func unitForm(c *web.Ctx) error {
	u := org.Unit{Kind: org.Inspection}
	if c.Param("code") != "" {
		err := c.View(func(tx *store.Tx) error {
			var err error
			if u, err = editable(tx, c.Param("code")); err != nil || u.Kind != org.Inspection && u.Kind != org.Region {
				return c.NotFound()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return showUnitForm(c, http.StatusOK, u, c.Now().Format(time.DateOnly))
}

func showUnitForm(c *web.Ctx, status int, u org.Unit, from string) error {
	p := unitFormPage{Base: c.Base("ministry.unit.new"), New: c.Param("code") == "", Unit: u, From: from}
	if !p.New {
		p.Title = p.T("ministry.school.edit", "name", u.Name)
	}
	p.Back = web.Link{Label: p.T("ministry.tree.title"), Href: "/units"}
	p.Refused = p.T("ministry.school.refused")
	for _, k := range []string{org.Inspection, org.Region} {
		p.Kinds = append(p.Kinds, web.Option{Value: k, Label: p.T("ministry.unit." + k)})
	}
	err := c.View(func(tx *store.Tx) error {
		regions, err := org.OfKind(tx, org.Region, org.Today(tx))
		for _, r := range regions {
			p.Regions = append(p.Regions, web.Option{Value: r.Value.Code, Label: r.Value.Name})
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.Render(status, unitFormView(p))
}

func saveUnit(c *web.Ctx) error {
	f, err := c.Form()
	u := org.Unit{Code: org.NormalizeCode(f.Get("code")), Name: strings.TrimSpace(f.Get("name")), Kind: f.Get("kind"), Parent: f.Get("parent"), Town: f.Get("town"), Until: f.Get("until")}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			known := c.Param("code") != ""
			if known {
				old, err := latest(tx, c.Param("code"))
				if err != nil || old.Value.Kind != org.Inspection && old.Value.Kind != org.Region {
					return web.Result{}, c.NotFound()
				}
				u.Code, u.Kind = old.Value.Code, old.Value.Kind
			}
			if u.Kind != org.Inspection && u.Kind != org.Region {
				return web.Result{}, school.Refuse("org.refused.kind", "kind", "value", u.Kind)
			}
			if u.Kind == org.Region { // below the country
				u.Parent = ""
				if top, err := org.OfKind(tx, org.Country, org.Today(tx)); err != nil {
					return web.Result{}, err
				} else if len(top) > 0 {
					u.Parent = top[0].Value.Code
				}
			}
			if below, err := org.Children(tx, u.Code, org.Today(tx)); err != nil {
				return web.Result{}, err
			} else if u.Until != "" && len(below) > 0 {
				return web.Result{}, school.Refuse("ministry.refused.not_empty", "until", "count", len(below))
			}
			return web.Result{To: "/units", Flash: "ministry.flash.unit"}, putUnit(tx, c.Actor(), u, known, f.Get("from"))
		})
	}
	if c.Refused(err) {
		return showUnitForm(c, http.StatusUnprocessableEntity, u, f.Get("from"))
	}
	return err
}
