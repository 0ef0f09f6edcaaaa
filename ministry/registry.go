package ministry

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

type schoolRow struct {
	org.Unit
	Region, Inspection         string
	RegionCode, InspectionCode string
	Enrolled                   bool
	Contact                    school.Contact
}

type schoolListPage struct {
	web.Base
	Query  string
	Rows   []schoolRow
	Pages  web.Pages
	Closed bool // shows those that have ended, instead of those of today
	Change bool
}

// perPage is how many schools a page lists.
const perPage = 50

func schoolList(c *web.Ctx) error {
	p := schoolListPage{Base: c.Base("ministry.schools.title"), Query: strings.TrimSpace(c.Query("q")), Closed: c.Query("closed") != ""}
	p.Change = school.May(school.ChangeSchools).Allows(c.Actor())
	err := c.View(func(tx *store.Tx) (err error) {
		if p.Closed {
			p.Rows, err = closedSchools(c, tx, p.Query)
			return err
		}
		p.Rows, err = schoolRows(c, tx, p.Query)
		return err
	})
	if err != nil {
		return err
	}
	p.Lead = p.T("ministry.schools.count", "count", len(p.Rows))
	if p.Closed {
		p.Title, p.Lead = p.T("ministry.schools.closed"), ""
		p.Back = web.Link{Label: p.T("ministry.schools.title"), Href: "/schools"}
	}
	p.Pages = web.PagesOf("/schools", url.Values{"q": {p.Query}, "closed": {c.Query("closed")}}, c.From(), perPage, len(p.Rows))
	p.Pages.ByName = true
	p.Rows = web.Cut(p.Rows, c.From(), perPage)
	return c.Render(http.StatusOK, schoolListView(p))
}

// schoolRows are the schools of today that the person may see.
func schoolRows(c *web.Ctx, tx *store.Tx, query string) (rows []schoolRow, err error) {
	day := org.Today(tx)
	units, err := org.OfKind(tx, org.School, day)
	if err != nil {
		return nil, err
	}
	enrolled, err := liveBoxes(tx)
	if err != nil {
		return nil, err
	}
	heard, err := school.ContactsBySite(tx)
	if err != nil {
		return nil, err
	}
	for _, u := range units {
		if ok, err := org.MaySee(tx, c.Person(), u.Value.Code, day); err != nil {
			return nil, err
		} else if !ok {
			continue
		}
		r := schoolRow{Unit: u.Value, Enrolled: enrolled[u.Value.Code], Contact: heard[u.Value.Code]}
		if region, inspection, err := org.Path(tx, u.Value.Code); err == nil {
			r.Region, r.Inspection, r.RegionCode, r.InspectionCode = region.Name, inspection.Name, region.Code, inspection.Code
		}
		if school.NameMatches(query, strings.Join([]string{r.Name, r.Code, r.Region, r.Inspection, r.Town}, " ")) {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// closedSchools are those that have ended and those that have not begun yet.
func closedSchools(c *web.Ctx, tx *store.Tx, query string) (rows []schoolRow, err error) {
	day := org.Today(tx)
	for u, err := range org.Units.Where(tx, "kind", org.School) {
		if err != nil {
			return nil, err
		}
		if _, err := org.At(tx, u.Value.Code, day); err == nil || !errors.Is(err, org.ErrNoUnit) {
			continue
		}
		if now, err := latest(tx, u.Value.Code); err != nil || now.ID != u.ID {
			continue
		}
		if ok, err := org.MaySee(tx, c.Person(), u.Value.Code, day); err != nil || !ok {
			continue
		}
		if school.NameMatches(query, u.Value.Name+" "+u.Value.Code+" "+u.Value.Town) {
			rows = append(rows, schoolRow{Unit: u.Value})
		}
	}
	return rows, nil
}

// liveBoxes tells which schools have a box that is not revoked.
func liveBoxes(tx *store.Tx) (map[string]bool, error) {
	live := map[string]bool{}
	peers, err := boxsync.Peers(tx)
	for _, p := range peers {
		if p.Value.Revoked.IsZero() {
			live[p.Value.Site] = true
		}
	}
	return live, err
}

type schoolPage struct {
	web.Base
	School  schoolRow
	Boxes   []boxsync.Peer
	Code    time.Time // a waiting enrolment code ends then
	Change  bool
	History []org.Unit
	Parents map[string]string // names of the units of History, by code
}

// copied is when two boxes of the school last called as one, zero when that is
// over a month ago or the box was replaced.
func (p *schoolPage) copied() (at time.Time) {
	for _, b := range p.Boxes {
		if b.Revoked.IsZero() && p.Now.Sub(b.Copied) < 31*24*time.Hour {
			at = b.Copied
		}
	}
	return at
}

func showSchool(c *web.Ctx) error {
	p := schoolPage{Base: c.Base("ministry.nav.schools")}
	p.Change = school.May(school.ChangeSchools).Allows(c.Actor())
	err := c.View(func(tx *store.Tx) error {
		rows, err := schoolRows(c, tx, "")
		if err != nil {
			return err
		}
		ended, err := closedSchools(c, tx, "")
		if err != nil {
			return err
		}
		rows = append(rows, ended...)
		i := slices.IndexFunc(rows, func(r schoolRow) bool { return r.Code == c.Param("code") })
		if i < 0 {
			return c.NotFound()
		}
		p.School = rows[i]
		peers, err := boxsync.Peers(tx)
		if err != nil {
			return err
		}
		for _, b := range peers {
			if b.Value.Site == p.School.Code {
				p.Boxes = append(p.Boxes, b.Value)
			}
		}
		for u, err := range org.Units.Where(tx, "code", org.NormalizeCode(p.School.Code)) {
			if err != nil {
				return err
			}
			p.History = append(p.History, u.Value)
		}
		p.Parents = map[string]string{}
		for _, h := range p.History {
			p.Parents[h.Parent] = h.Parent
			if u, err := latest(tx, h.Parent); err == nil {
				p.Parents[h.Parent] = u.Value.Name
			}
		}
		p.Code, err = boxsync.LiveCode(tx, p.School.Code)
		return err
	})
	if err != nil {
		return err
	}
	p.Title, p.Lead = p.School.Name, p.School.Code
	p.Back = web.Link{Label: p.T("ministry.schools.title"), Href: "/schools"}
	return c.Render(http.StatusOK, schoolView(p))
}

type schoolFormPage struct {
	web.Base
	New     bool
	Unit    org.Unit
	From    string // day on which another parent begins
	Parents []web.Option
	Types   []web.Option
	Levels  []web.Option
	Series  []web.Option
}

func schoolForm(c *web.Ctx) error {
	u := org.Unit{Kind: org.School, Type: "general"}
	if c.Param("code") != "" {
		if err := c.View(func(tx *store.Tx) error {
			var err error
			if u, err = editable(tx, c.Param("code")); err != nil || u.Kind != org.School {
				return c.NotFound()
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return showSchoolForm(c, http.StatusOK, u, c.Now().Format(time.DateOnly))
}

func showSchoolForm(c *web.Ctx, status int, u org.Unit, from string) error {
	p := schoolFormPage{Base: c.Base("ministry.school.new"), New: c.Param("code") == "", Unit: u, From: from}
	if !p.New {
		p.Title = p.T("ministry.school.edit", "name", u.Name)
	}
	p.Back = web.Link{Label: p.T("ministry.schools.title"), Href: "/schools"}
	p.Refused = p.T("ministry.school.refused")
	var pack *packs.Pack
	err := c.View(func(tx *store.Tx) (err error) {
		if pack, err = packs.Here(tx); err != nil {
			return err
		}
		p.Parents = nil
		for _, kind := range []string{org.Region, org.Inspection} {
			units, err := org.OfKind(tx, kind, org.Today(tx))
			if err != nil {
				return err
			}
			for _, x := range units {
				p.Parents = append(p.Parents, web.Option{Value: x.Value.Code, Label: p.T("ministry.kind."+kind) + " · " + x.Value.Name})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range org.Types {
		p.Types = append(p.Types, web.Option{Value: t, Label: p.T("ministry.type." + t)})
	}
	for _, l := range pack.Levels {
		p.Levels = append(p.Levels, web.Option{Value: l.Code, Label: l.Code})
	}
	for _, s := range pack.Series {
		p.Series = append(p.Series, web.Option{Value: s.Code, Label: s.Code})
	}
	return c.Render(status, schoolFormView(p))
}

// saveSchool adds or changes a school.
func saveSchool(c *web.Ctx) error {
	f, err := c.Form()
	u := org.Unit{
		Kind: org.School, Code: org.NormalizeCode(f.Get("code")), Name: f.Get("name"), Parent: f.Get("parent"), Type: f.Get("type"),
		Levels: f.All("levels"), Series: f.All("series"), Town: f.Get("town"), Until: f.Get("until"),
	}
	if c.Param("code") != "" {
		u.Code = c.Param("code")
	}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			if err := putUnit(tx, c.Actor(), u, c.Param("code") != "", f.Get("from")); err != nil {
				return web.Result{}, err
			}
			return web.Result{To: "/schools/" + u.Code, Flash: "ministry.flash.school"}, nil
		})
	}
	if c.Refused(err) {
		return showSchoolForm(c, http.StatusUnprocessableEntity, u, f.Get("from"))
	}
	return err
}
