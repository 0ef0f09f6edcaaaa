package circulars

import (
	"errors"
	"net/http"
	"slices"

	"preau/school"
	"preau/store"
	"preau/web"
)

type schoolShowPage struct {
	web.Base
	view
	Arrival  Arrival
	Mine     school.Reading
	Forwards []Forward
	Words    string
	OldRef   string
	ByRef    string
	Count    Count
	Progress store.ProgressOf
	Register bool
	Forward  bool
	Answer   bool
	Ack      bool
	Replied  *Reply
	ReplyWay store.ProgressOf
}

// schoolShow is a circular as a member of the school reads it.
func schoolShow(c *web.Ctx) error {
	return showCircular(c, http.StatusOK)
}

func showCircular(c *web.Ctx, status int) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var (
		p     = schoolShowPage{Base: c.Base("circulars.nav")}
		r     store.Record[Circular]
		names map[string]string
	)
	err = c.View(func(tx *store.Tx) error {
		var a store.Record[Arrival]
		var err error
		if a, r, err = mayRead(tx, id, c.Actor()); err != nil {
			return missing(c, err)
		}
		p.Arrival = a.Value
		if m, err := school.Readings.One(tx, "document", id, c.Actor().ID); err == nil {
			p.Mine = m.Value
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		for f, err := range forwards.Where(tx, "circular", id) {
			if err != nil {
				return err
			}
			p.Forwards = append(p.Forwards, f.Value)
		}
		if names, err = unitNames(tx); err != nil {
			return err
		}
		p.ByRef, p.OldRef = referenceOf(tx, a.Value.By), referenceOf(tx, r.Value.Replaces)
		if p.Count, p.Progress, _, err = sentUp(tx, id, c.Site().Code); err != nil {
			return err
		}
		for rp, err := range replies.Where(tx, "circular", id) {
			if err != nil {
				return err
			}
			p.Replied = &rp.Value
			if p.ReplyWay, err = store.Progress(tx, rp.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.view = viewOf(c.DB(), r, p.Arrival.State != SetAside)
	p.Title, p.Bare = p.Header.Subject, true
	p.Back = web.Link{Label: p.T("circulars.list.received"), Href: "/circulars"}
	p.Words = inWords(p.Base, p.Audience, names)
	who := c.Actor()
	p.Register = school.May(school.SeeReceipts).Allows(who)
	p.Forward = school.May(school.ForwardCirculars).Allows(who)
	p.Answer = school.May(school.AnswerOffice).Allows(who) && p.Reply
	p.Ack = school.May(school.Acknowledge).Allows(who) && p.Mine.At.IsZero() && p.Arrival.State != SetAside
	return c.Render(status, schoolShowView(p))
}

func missing(c *web.Ctx, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return c.NotFound()
	}
	return err
}

// doAcknowledge is "Lu et pris connaissance".
func doAcknowledge(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	err = c.Post(func(tx *store.Tx) (web.Result, error) {
		if _, _, err := mayRead(tx, id, c.Actor()); err != nil {
			return web.Result{}, missing(c, err)
		}
		me, err := school.People.Get(tx, c.Actor().ID)
		if err != nil {
			return web.Result{}, err
		}
		_, err = acknowledge(tx, id, me, "")
		return web.Result{To: "/circulars/" + id.String(), Flash: "circulars.flash.read"}, err
	})
	if c.Refused(err) {
		return showCircular(c, http.StatusUnprocessableEntity)
	}
	return err
}

func schoolAnnex(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var r store.Record[Circular]
	err = c.View(func(tx *store.Tx) error {
		a, got, err := mayRead(tx, id, c.Actor())
		if err != nil {
			return missing(c, err)
		}
		if a.Value.State == SetAside {
			return c.NotFound()
		}
		r = got
		return nil
	})
	if err != nil {
		return err
	}
	return sendAnnex(c, r.Value)
}

type forwardPage struct {
	web.Base
	ID        store.ID
	Reference string
	Note      string
	Chosen    []string
	Groups    []web.Option
	Meant     string // whom the ministry means already
}

func forwardForm(c *web.Ctx) error { return showForward(c, http.StatusOK, "", nil) }

func showForward(c *web.Ctx, status int, note string, chosen []string) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	p := forwardPage{Base: c.Base("circulars.forward.title"), ID: id, Note: note, Chosen: chosen}
	err = c.View(func(tx *store.Tx) error {
		a, r, err := mayRead(tx, id, c.Actor())
		if err != nil {
			return missing(c, err)
		}
		p.Reference = a.Value.Reference
		aud, err := audienceOf(r.Value)
		if err != nil {
			return err
		}
		p.Meant = rolesInWords(p.Base, aud.Roles)
		return nil
	})
	if err != nil {
		return err
	}
	for _, role := range school.BoxRoles {
		p.Groups = append(p.Groups, web.Option{Value: string(role), Label: p.T(role.WordKey())})
	}
	p.Lead = p.T("circulars.lead", "reference", p.Reference)
	p.Back = web.Link{Label: p.Reference, Href: "/circulars/" + id.String()}
	return c.Render(status, forwardView(p))
}

func doForward(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	var roles []school.Role
	for _, r := range f.All("roles") {
		if !slices.Contains(roles, school.Role(r)) {
			roles = append(roles, school.Role(r))
		}
	}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			err := forward(tx, id, c.Actor(), f.Get("note"), roles)
			return web.Result{To: "/circulars/" + id.String(), Flash: "circulars.flash.forwarded"}, missing(c, err)
		})
	}
	if c.Refused(err) {
		return showForward(c, http.StatusUnprocessableEntity, f.Get("note"), f.All("roles"))
	}
	return err
}
