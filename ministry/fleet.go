package ministry

import (
	"net/http"
	"sort"
	"time"

	"preau/school"
	"preau/store"
	"preau/web"
)

type fleetPageModel struct {
	web.Base
	Rows   []schoolRow
	Groups []fleetGroup
	Silent int
	Total  int
	Pages  web.Pages
}

// fleetGroup is how many schools stand alike.
type fleetGroup struct {
	Mark web.Mark
	N    int
}

// silentAfter is when a box that was heard before counts as silent: two school
// days without power or link are usual, a week is not.
const silentAfter = 7 * 24 * time.Hour

// fleetPage lists the boxes, the most troubled first.
func fleetPage(c *web.Ctx) error {
	p := fleetPageModel{Base: c.Base("ministry.fleet.title")}
	if err := c.View(func(tx *store.Tx) (err error) { p.Rows, err = schoolRows(c, tx, ""); return err }); err != nil {
		return err
	}
	sort.SliceStable(p.Rows, func(i, j int) bool { return p.trouble(p.Rows[i]) > p.trouble(p.Rows[j]) })
	alike := map[int]int{}
	for _, r := range p.Rows {
		alike[p.trouble(r)]++
	}
	for _, g := range []struct {
		trouble int
		mark    web.Mark
	}{
		{4, web.Mark{Icon: "clock", Tone: web.Brick, Bold: p.T("ministry.fleet.silent_week")}},
		{3, web.Mark{Icon: "clock", Tone: web.Brick, Bold: p.T("ministry.fleet.never")}},
		{2, web.Mark{Icon: "octagon", Tone: web.Ochre, Bold: p.T("ministry.fleet.sick")}},
		{1, web.Mark{Icon: "lock", Tone: web.Ochre, Bold: p.T("ministry.fleet.not_enrolled")}},
		{0, web.Mark{Icon: "columns", Tone: web.Green, Bold: p.T("ministry.fleet.heard")}},
	} {
		p.Groups = append(p.Groups, fleetGroup{g.mark, alike[g.trouble]})
	}
	p.Silent, p.Total = alike[4]+alike[3]+alike[2], len(p.Rows)
	p.Pages = web.PagesOf("/fleet", nil, c.From(), perPage, p.Total)
	p.Pages.ByName = true
	p.Rows = web.Cut(p.Rows, c.From(), perPage)
	return c.Render(http.StatusOK, fleetView(p))
}

// trouble ranks a school: 4 silent, 3 enrolled and never heard, 2 a sick box,
// 1 not enrolled yet, 0 well.
func (p fleetPageModel) trouble(r schoolRow) int {
	switch {
	case r.Enrolled && !r.Contact.Last.IsZero() && p.Now.Sub(r.Contact.Last) > silentAfter:
		return 4
	case r.Enrolled && r.Contact.Last.IsZero():
		return 3
	case r.Enrolled && (r.Contact.Apart.Abs() > 2*time.Minute || r.Contact.FreeDisk > 0 && r.Contact.FreeDisk < 200<<20):
		return 2
	case !r.Enrolled:
		return 1
	}
	return 0
}

func (p fleetPageModel) mark(r schoolRow) web.Mark {
	switch p.trouble(r) {
	case 4:
		return web.Mark{Icon: "clock", Tone: web.Brick, Bold: p.T("ministry.fleet.silent"), Text: p.T("ministry.fleet.since", "when", p.Moment(r.Contact.Last))}
	case 3:
		return web.Mark{Icon: "clock", Tone: web.Brick, Bold: p.T("ministry.fleet.never")}
	case 1:
		m := web.Mark{Icon: "lock", Tone: web.Ochre, Bold: p.T("ministry.fleet.not_enrolled")}
		if p.Actor.Is(school.Operator) {
			m.Href = "/schools/" + r.Code + "/enrol"
		}
		return m
	}
	return web.Mark{Icon: "columns", Tone: web.Green, Bold: p.T("ministry.fleet.heard"), Text: p.Moment(r.Contact.Last)}
}

func (p fleetPageModel) clock(r schoolRow) string {
	switch {
	case r.Contact.Last.IsZero():
		return ""
	case !r.Contact.Trusted && r.Contact.Apart.Abs() > 2*time.Minute:
		return p.T("ministry.fleet.clock_doubtful")
	case r.Contact.Apart.Abs() > 2*time.Minute:
		return p.T("ministry.fleet.clock_apart", "span", p.Span(r.Contact.Apart.Abs()))
	}
	return p.T("ministry.fleet.clock_right")
}

func (p fleetPageModel) disk(r schoolRow) string {
	if r.Contact.FreeDisk == 0 {
		return ""
	}
	return p.Size(r.Contact.FreeDisk)
}

func (p fleetPageModel) pending(r schoolRow) string {
	if r.Contact.Last.IsZero() {
		return "—"
	}
	return p.Number(r.Contact.Pending)
}
