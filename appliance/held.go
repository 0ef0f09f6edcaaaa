package appliance

import (
	"errors"
	"fmt"
	"net/http"

	"preau/school"
	"preau/store"
	"preau/web"
)

// Held is one part of all that a site holds on a person: values, or rows of a
// table with their heads, in the reader's language.
type Held struct {
	Title string
	Facts []web.Fact
	Head  []string
	Rows  [][]string
}

type heldPage struct {
	web.Base
	Parts []Held
}

// showHeld prints what is held on the person of the address, for that person
// (loi n° 2019-014: the right of access).
func (x *server) showHeld(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	return x.held(c, id, web.Link{Href: "/people/" + id.String()})
}

// showOwn is the same for who asks.
func (x *server) showOwn(c *web.Ctx) error {
	return x.held(c, c.Actor().ID, web.Link{Label: c.T("appliance.held.account"), Href: "/account"})
}

func (x *server) held(c *web.Ctx, id store.ID, back web.Link) error {
	p := heldPage{}
	err := c.View(func(tx *store.Tx) error {
		p.Parts = nil
		r, err := school.Roster.Person(tx, id)
		if errors.Is(err, school.ErrNobody) {
			return c.NotFound()
		}
		if err != nil {
			return err
		}
		p.Base = c.Base("appliance.held.title", "name", r.Value.Name())
		p.Named = true
		if p.Back = back; back.Label == "" {
			p.Back.Label = r.Value.Name()
		}
		for _, m := range x.Modules {
			if m.Holds == nil {
				continue
			}
			parts, err := m.Holds(c, tx, r)
			if err != nil {
				return fmt.Errorf("what %s holds: %w", m.Name, err)
			}
			if m.Name == "people" { // who it is about comes first
				p.Parts = append(parts, p.Parts...)
				continue
			}
			p.Parts = append(p.Parts, parts...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.Lead = p.T("appliance.held.lead", "day", p.Date(c.Now()))
	return c.Render(http.StatusOK, heldView(p))
}

func heads(labels []string) []web.Head {
	out := make([]web.Head, len(labels))
	for i, l := range labels {
		out[i].Label = l
	}
	return out
}
