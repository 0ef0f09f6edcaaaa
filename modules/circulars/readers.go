package circulars

import (
	"net/http"

	"preau/school"
	"preau/store"
	"preau/web"
)

type readersPage struct {
	web.Base
	ID        store.ID
	Reference string
	Subject   string
	Date      string
	Readers   []school.Reader // who has not read first
	Count     Count
	Roles     []school.RoleCount
	Progress  store.ProgressOf
	Ticked    []string
}

// readersPageOf gathers who has read and who has not, by name.
func readersPageOf(c *web.Ctx, title string) (p readersPage, err error) {
	id, err := c.ID("id")
	if err != nil {
		return p, err
	}
	p = readersPage{Base: c.Base(title), ID: id}
	err = c.View(func(tx *store.Tx) error {
		a, r, err := mayRead(tx, id, c.Actor())
		if err != nil || a.Value.State == SetAside {
			return c.NotFound()
		}
		p.Reference, p.Subject, p.Date = a.Value.Reference, a.Value.Subject, a.Value.Date
		list, err := readers(tx, id, r.Value)
		if err != nil {
			return err
		}
		p.Count, p.Roles = school.CountReaders(list)
		school.UnreadFirst(list)
		p.Readers = list
		_, p.Progress, _, err = sentUp(tx, id, c.Site().Code)
		return err
	})
	p.Lead = p.T("circulars.lead", "reference", p.Reference) + " · " + p.Subject
	p.Back = web.Link{Label: p.Reference, Href: "/circulars/" + id.String()}
	return p, err
}

func showReaders(c *web.Ctx) error {
	p, err := readersPageOf(c, "circulars.readers.title")
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, readersView(p))
}

// sheetPage is the émargement: printed, signed by hand, ticked here afterwards.
func sheetPage(c *web.Ctx) error {
	p, err := readersPageOf(c, "circulars.sheet.title")
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, sheetView(p))
}

// doTick notes who signed the printed sheet.
func doTick(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			_, r, err := mayRead(tx, id, c.Actor())
			if err != nil {
				return web.Result{}, missing(c, err)
			}
			list, err := readers(tx, id, r.Value)
			if err != nil {
				return web.Result{}, err
			}
			ticked := map[string]bool{}
			for _, t := range f.All("signed") {
				ticked[t] = true
			}
			n := 0
			for _, x := range list {
				if x.Read() || !ticked[x.Person.ID.String()] {
					continue
				}
				if _, err := acknowledge(tx, id, x.Person, c.Actor().Name); err != nil {
					return web.Result{}, err
				}
				n++
			}
			if n == 0 {
				return web.Result{}, school.Refuse("circulars.refused.nobody_ticked", "signed")
			}
			if err := school.Audit(tx, c.Actor(), "circulars.tick", id, nil, n); err != nil {
				return web.Result{}, err
			}
			return web.Result{To: "/circulars/" + id.String() + "/readers", Flash: "circulars.flash.ticked", FlashArgs: map[string]any{"count": n}}, nil
		})
	}
	if c.Refused(err) {
		p, perr := readersPageOf(c, "circulars.sheet.title")
		if perr != nil {
			return perr
		}
		p.Ticked = f.All("signed")
		return c.Render(http.StatusUnprocessableEntity, sheetView(p))
	}
	return err
}
