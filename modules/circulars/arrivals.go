package circulars

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"preau/school"
	"preau/store"
	"preau/web"
)

type schoolRow struct {
	Arrival
	Read     bool // by this person
	Count    Count
	Counted  bool
	Answered bool       // the head has acknowledged
	sent     store.Meta // of the school's row for the office
}

type schoolListPage struct {
	web.Base
	Rows     []*schoolRow       // shared by all who ask: only to be read
	Ways     []store.ProgressOf // of each row's count to the office
	Query    string
	Pages    web.Pages
	Register bool // the whole register, with counts and states
}

// schoolList is the arrivals register for who keeps it, and for others the
// circulars meant for them.
func schoolList(c *web.Ctx) error {
	p := schoolListPage{Base: c.Base("circulars.list.received"), Query: strings.TrimSpace(c.Query("q"))}
	p.Register = school.May(school.SeeArrivals).Allows(c.Actor())
	from := c.From()
	err := c.View(func(tx *store.Tx) error {
		me, err := school.People.Get(tx, c.Actor().ID)
		if err != nil {
			return err
		}
		page, err := schoolRows(c, tx, me, p.Register, p.Query, from)
		if err != nil {
			return err
		}
		p.Rows = page.rows
		p.Ways = make([]store.ProgressOf, len(p.Rows))
		for i, r := range p.Rows {
			if r.Counted { // what has left meanwhile is no change of the record
				p.Ways[i] = store.ProgressOfRecord(tx, r.sent)
			}
		}
		p.Pages = web.PagesOf("/circulars", url.Values{"q": {p.Query}}, from, perPage, page.total)
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, schoolListView(p))
}

// isFor tells whether a registered circular is genuine and means the person.
func isFor(tx *store.Tx, a Arrival, me store.Record[school.Person]) (bool, error) {
	if a.State == SetAside {
		return false, nil
	}
	r, err := circulars.Get(tx, a.Circular)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil // gone: this school left its audience
	}
	if err != nil {
		return false, err
	}
	return isMeant(tx, a.Circular, r.Value, me)
}

// sentUp is the school's row about a circular and where it stands on its way.
func sentUp(tx *store.Tx, id store.ID, site string) (n Count, p store.ProgressOf, ok bool, err error) {
	r, err := receipts.One(tx, "circular", id, site)
	if errors.Is(err, store.ErrNotFound) {
		return n, p, false, nil
	}
	if err != nil {
		return n, p, false, err
	}
	p, err = store.Progress(tx, r.ID)
	return r.Value.All, p, true, err
}

// due is what a person has to do: at a school read, and for the head answer;
// at the office sign.
func due(c *web.Ctx, tx *store.Tx) (tasks []web.Task, err error) {
	if c.Kind() == web.Office {
		return dueAtOffice(c, tx)
	}
	if !school.May(school.ReadCirculars).Allows(c.Actor()) {
		return nil, nil
	}
	me, err := school.People.Get(tx, c.Actor().ID)
	if err != nil {
		return nil, err
	}
	return dueAtSchool(c, tx, me)
}

func task(c *web.Ctx, a Arrival, key, href string) web.Task {
	t := web.Task{Date: a.Deadline, Urgent: a.Urgent, Href: href, Label: c.T(key, "reference", a.Reference), Detail: a.Subject}
	t.Days, t.Late = daysTo(a.Deadline, c.Now())
	if a.Urgent {
		t.Detail = c.T("circulars.urgent") + " · " + t.Detail
	}
	return t
}

// daysTo counts the days from today to a deadline; late is past it.
func daysTo(deadline string, now time.Time) (days int, late bool) {
	day, err := time.Parse(time.DateOnly, deadline)
	if err != nil {
		return 0, false
	}
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	days = int(day.Sub(today) / (24 * time.Hour))
	return days, days < 0
}

func dueAtOffice(c *web.Ctx, tx *store.Tx) (tasks []web.Task, err error) {
	signs, writes := school.May(school.SignCirculars).Allows(c.Actor()), school.May(school.WriteCirculars).Allows(c.Actor())
	if !signs && !writes {
		return nil, nil
	}
	for d, err := range drafts.Where(tx, "open", true) {
		if err != nil {
			return nil, err
		}
		link := "/circulars/drafts/" + d.ID.String()
		name := d.Value.Reference
		if name == "" {
			name = d.Value.Subject
		}
		switch {
		case signs && !d.Value.Writing:
			tasks = append(tasks, web.Task{Date: d.Value.Deadline, Urgent: d.Value.Urgent, Href: link + "/sign", Label: c.T("circulars.due.sign", "reference", name), Detail: d.Value.Subject})
		case writes && d.Value.Remark != "":
			tasks = append(tasks, web.Task{Href: link, Label: c.T("circulars.due.correct", "reference", name), Detail: d.Value.Remark})
		case writes && d.Value.Writing:
			tasks = append(tasks, web.Task{Href: link, Label: c.T("circulars.due.finish", "reference", name), Detail: d.Value.Subject})
		}
	}
	return tasks, nil
}
