package ministry

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"

	"preau/school"
	"preau/school/org"
	"preau/store"
	"preau/web"
)

type fleetPageModel struct {
	web.Base
	fleetAsked
	Rows     []fleetBox // of the page
	Most     fleetMost
	Groups   []fleetGroup
	Versions []fleetVersion
	Troubled int
	Total    int
	Moved    int64 // bytes this month, all boxes
	Units    []web.Option
	Pages    web.Pages
}

// fleetAsked is what the address asks to see of the fleet.
type fleetAsked struct {
	Unit string // code of a region or an inspection; "" all
	Only string // one of boxStates; "" all
}

func fleetAsks(c *web.Ctx) fleetAsked { return fleetAsked{c.Query("unit"), c.Query("state")} }

func (a fleetAsked) query() url.Values { return url.Values{"unit": {a.Unit}, "state": {a.Only}} }

// at is an address of the fleet with what was asked, but for the state.
func (a fleetAsked) at(path, state string) string {
	q := url.Values{}
	for k, v := range map[string]string{"unit": a.Unit, "state": state} {
		if v != "" {
			q.Set(k, v)
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// fleetMost is the largest of each number that the rows compare.
type fleetMost struct {
	Up, Down, Cuts int
	Moved          int64
}

// fleetGroup is how many schools stand alike.
type fleetGroup struct {
	State string
	N     int
}

// fleetVersion is how many boxes run a version of the program.
type fleetVersion struct {
	Build string
	N     int
}

// fleetPage lists the boxes, the most troubled first.
func fleetPage(c *web.Ctx) error {
	p := fleetPageModel{Base: c.Base("ministry.fleet.title"), fleetAsked: fleetAsks(c)}
	p.Wide = true
	var all []fleetBox
	err := c.View(func(tx *store.Tx) (err error) {
		if p.Units, err = fleetUnits(tx, p.Base); err != nil {
			return err
		}
		all, err = fleetBoxes(c, tx, p.Unit)
		return err
	})
	if err != nil {
		return err
	}
	alike, builds := map[string]int{}, map[string]int{}
	for _, b := range all {
		alike[b.state()]++
		if b.state() != "heard" {
			p.Troubled++
		}
		if b.Contact.Build != "" {
			builds[b.Contact.Build]++
		}
		p.Moved += b.Month.Up + b.Month.Down
		p.Most = fleetMost{
			max(p.Most.Up, b.Contact.Pending), max(p.Most.Down, b.waitsHere()), max(p.Most.Cuts, b.Contact.Cuts), max(p.Most.Moved, b.Month.Up+b.Month.Down),
		}
	}
	p.Total = len(all)
	p.Troubled -= alike["not_enrolled"]
	for _, s := range boxStates {
		if alike[s] > 0 {
			p.Groups = append(p.Groups, fleetGroup{s, alike[s]})
		}
	}
	for build, n := range builds {
		p.Versions = append(p.Versions, fleetVersion{build, n})
	}
	slices.SortFunc(p.Versions, func(a, b fleetVersion) int { return cmp.Or(b.N-a.N, cmp.Compare(a.Build, b.Build)) })
	kept := inState(all, p.Only)
	p.Pages = web.PagesOf("/fleet", p.query(), c.From(), perPage, len(kept))
	p.Pages.ByName = true
	p.Rows = web.Cut(kept, c.From(), perPage)
	return c.Render(http.StatusOK, fleetView(p))
}

// fleetBoxes are the schools of a unit, "" all, with what is known of their
// boxes, the most troubled first and of those the longest unheard.
func fleetBoxes(c *web.Ctx, tx *store.Tx, unit string) ([]fleetBox, error) {
	rows, err := schoolRows(c, tx, "")
	if err != nil {
		return nil, err
	}
	var all []fleetBox
	for _, r := range rows {
		if unit == "" || unit == r.RegionCode || unit == r.InspectionCode {
			all = append(all, fleetBoxOf(tx, r))
		}
	}
	slices.SortStableFunc(all, func(a, b fleetBox) int {
		return cmp.Or(slices.Index(boxStates, a.state())-slices.Index(boxStates, b.state()), len(b.Faults)-len(a.Faults), a.Contact.Last.Compare(b.Contact.Last))
	})
	return all, nil
}

func inState(all []fleetBox, state string) []fleetBox {
	if state == "" {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(b fleetBox) bool { return b.state() != state })
}

// fleetUnits are what the list can be narrowed to: all, a region, an inspection.
func fleetUnits(tx *store.Tx, b web.Base) ([]web.Option, error) {
	list := []web.Option{{Label: b.T("ministry.fleet.everywhere")}}
	for _, kind := range []string{org.Region, org.Inspection} {
		units, err := org.OfKind(tx, kind, org.Today(tx))
		if err != nil {
			return nil, err
		}
		for _, u := range units {
			list = append(list, web.Option{Value: u.Value.Code, Label: b.T("ministry.unit."+kind) + " · " + u.Value.Name})
		}
	}
	return list, nil
}

func (p fleetPageModel) export(format string) string {
	q := p.query()
	q.Set("format", format)
	return "/fleet/export?" + q.Encode()
}

func (p fleetPageModel) head() []web.Head {
	h := func(key, class string) web.Head { return web.Head{Label: p.T("ministry.col." + key), Class: class} }
	return []web.Head{
		h("school", ""), h("box", ""), h("up", "n"), h("down", "n"), h("month", "n"), h("disk", "n"), h("cuts", "n"), h("clock", ""), h("version", ""),
	}
}

// boxPage is one box, whole.
func boxPage(c *web.Ctx) error {
	p := boxPageModel{Base: c.Base("ministry.fleet.title"), Change: school.May(school.ChangeSchools).Allows(c.Actor())}
	err := c.View(func(tx *store.Tx) error {
		rows, err := schoolRows(c, tx, "")
		if err != nil {
			return err
		}
		i := slices.IndexFunc(rows, func(r schoolRow) bool { return r.Code == c.Param("code") })
		if i < 0 {
			return c.NotFound()
		}
		p.Box = fleetBoxOf(tx, rows[i])
		p.Box.weigh(tx)
		return nil
	})
	if err != nil {
		return err
	}
	p.Title, p.Lead = p.Box.Name, p.Box.Code+" · "+p.Box.Region
	p.Back = web.Link{Label: p.T("ministry.fleet.title"), Href: "/fleet"}
	return c.Render(http.StatusOK, boxView(p))
}

func drawn(parts []int) bool { return slices.Max(parts) > 0 }
