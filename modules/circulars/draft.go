package circulars

import (
	"net/http"
	"strings"

	"preau/school"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

type draftPage struct {
	web.Base
	ID      store.ID
	Draft   Draft
	Kept    []web.Upload
	Preview bool
	Meant   int    // schools that the audience means now
	Old     string // reference of the circular withdrawn or replaced
	Choices choices
}

// choices are what an audience can be made of.
type choices struct{ Regions, Inspections, Schools, Types, Levels, Series, Roles []web.Option }

func newDraft(c *web.Ctx) error {
	return showDraft(c, http.StatusOK, store.ID{}, Draft{Kind: seal.Circular}, nil, false)
}

func editDraft(c *web.Ctx) error {
	id, d, err := openDraft(c)
	if err != nil {
		return err
	}
	return showDraft(c, http.StatusOK, id, d, nil, false)
}

// openDraft is the draft of the path, as long as it is not signed.
func openDraft(c *web.Ctx) (id store.ID, d Draft, err error) {
	if id, err = c.ID("id"); err != nil {
		return id, d, err
	}
	err = c.View(func(tx *store.Tx) error {
		r, err := drafts.Get(tx, id)
		if err != nil || !r.Value.Circular.IsZero() {
			return c.NotFound()
		}
		d = r.Value
		return nil
	})
	return id, d, err
}

// saveDraft keeps what was typed; with "preview" it only shows it.
func saveDraft(c *web.Ctx) error {
	var id store.ID
	old := Draft{Kind: seal.Circular}
	if c.Param("id") != "" {
		var err error
		if id, old, err = openDraft(c); err != nil {
			return err
		}
	}
	f, err := c.Form()
	d := typed(f, old)
	kept := f.Files("annexes")
	if err == nil && f.Has("preview") {
		return showDraft(c, http.StatusOK, id, d, kept, true)
	}
	for _, u := range kept {
		d.Annexes = append(d.Annexes, u.Blob)
	}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			if strings.TrimSpace(d.Subject) == "" {
				return web.Result{}, school.Refuse("circulars.refused.subject", "subject")
			}
			if len(d.Annexes) > seal.MaxAnnexes {
				return web.Result{}, school.Refuse("circulars.refused.annexes", "annexes", "count", seal.MaxAnnexes)
			}
			if len(d.Body) > maxBody {
				return web.Result{}, school.Refuse("circulars.refused.body_long", "body", "count", maxBody/1024)
			}
			if f.Has("finish") {
				if err := checkDraft(tx, &d); err != nil {
					return web.Result{}, err
				}
			}
			to := id
			d.Author, d.AuthorIs = c.Actor().ID, c.Actor().Name
			var err error
			if id.IsZero() {
				to, err = drafts.Add(tx, d)
			} else {
				err = drafts.Set(tx, id, d)
			}
			if err != nil {
				return web.Result{}, err
			}
			if f.Has("finish") {
				return web.Result{To: "/circulars", Flash: "circulars.flash.ready"}, nil
			}
			return web.Result{To: "/circulars/drafts/" + to.String(), Flash: "circulars.flash.saved"}, nil
		})
	}
	if c.Refused(err) {
		d.Annexes = d.Annexes[:len(d.Annexes)-min(len(kept), len(d.Annexes))]
		return showDraft(c, http.StatusUnprocessableEntity, id, d, kept, false)
	}
	return err
}

// typed is the draft as the form says; annexes of before stay where their box
// is ticked.
func typed(f *web.Form, old Draft) Draft {
	d := Draft{
		Reference: f.Get("reference"), Subject: f.Get("subject"), Body: f.Get("body"), Urgent: f.Has("urgent"), Deadline: f.Get("deadline"),
		Reply: f.Has("reply"), Kind: old.Kind, Replaces: old.Replaces,
		Audience: org.Audience{
			Everyone: f.Has("everyone"), Regions: f.All("regions"), Inspections: f.All("inspections"), Schools: f.All("schools"),
			Types: f.All("types"), Levels: f.All("levels"), Series: f.All("series"),
		},
	}
	for _, r := range f.All("roles") {
		d.Audience.Roles = append(d.Audience.Roles, school.Role(r))
	}
	stay := map[string]bool{}
	for _, h := range f.All("stay") {
		stay[h] = true
	}
	for _, a := range old.Annexes {
		if stay[a.Hash.String()] {
			d.Annexes = append(d.Annexes, a)
		}
	}
	return d
}

func showDraft(c *web.Ctx, status int, id store.ID, d Draft, kept []web.Upload, preview bool) error {
	title := "circulars.draft.title"
	switch d.Kind {
	case seal.Withdrawal:
		title = "circulars.draft.withdrawal"
	case seal.Replacement:
		title = "circulars.draft.replacement"
	}
	p := draftPage{Base: c.Base(title), ID: id, Draft: d, Kept: kept, Preview: preview}
	p.Back = web.Link{Label: p.T("circulars.list.title"), Href: "/circulars"}
	p.Refused = p.T("circulars.draft.refused")
	err := c.View(func(tx *store.Tx) (err error) {
		if p.Choices, err = audienceChoices(tx, p.Base); err != nil {
			return err
		}
		sites, err := d.Audience.Sites(tx, org.Today(tx))
		p.Meant = len(sites)
		if err == nil && !d.Replaces.IsZero() {
			if old, err := circulars.Get(tx, d.Replaces); err == nil {
				h, _ := old.Value.Signed.Decode()
				p.Old = h.Reference
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.Render(status, draftView(p))
}

// action is where the form goes.
func (p draftPage) action() string {
	if p.ID.IsZero() {
		return "/circulars/new"
	}
	return "/circulars/drafts/" + p.ID.String()
}

func (p draftPage) roles() (l []string) {
	for _, r := range p.Draft.Audience.Roles {
		l = append(l, string(r))
	}
	return l
}

func audienceChoices(tx *store.Tx, b web.Base) (ch choices, err error) {
	day := org.Today(tx)
	for kind, into := range map[string]*[]web.Option{org.Region: &ch.Regions, org.Inspection: &ch.Inspections, org.School: &ch.Schools} {
		units, err := org.OfKind(tx, kind, day)
		if err != nil {
			return ch, err
		}
		for _, u := range units {
			*into = append(*into, web.Option{Value: u.Value.Code, Label: u.Value.Name, Hint: u.Value.Code})
		}
	}
	for _, t := range []string{"general", "technical"} {
		ch.Types = append(ch.Types, web.Option{Value: t, Label: b.T("circulars.type." + t)})
	}
	for _, l := range pack().Levels {
		ch.Levels = append(ch.Levels, web.Option{Value: l.Code, Label: l.Code})
	}
	for _, s := range pack().Series {
		ch.Series = append(ch.Series, web.Option{Value: s.Code, Label: s.Code})
	}
	for _, r := range school.BoxRoles {
		ch.Roles = append(ch.Roles, web.Option{Value: string(r), Label: b.T(r.WordKey())})
	}
	return ch, nil
}

// succeed begins the withdrawal or the replacement of a signed circular.
func succeed(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		old, err := circulars.Get(tx, id)
		if err != nil {
			return web.Result{}, c.NotFound()
		}
		if state, _, err := stateOf(tx, id); err != nil || state != "signed" {
			return web.Result{}, school.Refuse("circulars.refused.ended", "")
		}
		h, err := old.Value.Signed.Decode()
		if err != nil {
			return web.Result{}, err
		}
		d := Draft{Kind: seal.Replacement, Replaces: id, Subject: h.Subject, Urgent: h.Urgent, Deadline: h.Deadline, Reply: old.Value.Reply, Body: old.Value.Body, Annexes: old.Value.Annexes, Author: c.Actor().ID, AuthorIs: c.Actor().Name}
		if f.Has("withdraw") {
			d = Draft{Kind: seal.Withdrawal, Replaces: id, Subject: c.T("circulars.withdrawal.subject", "reference", h.Reference), Urgent: h.Urgent, Author: c.Actor().ID, AuthorIs: c.Actor().Name}
		}
		if err := seal.DecodeCBOR(h.Audience, &d.Audience); err != nil {
			return web.Result{}, err
		}
		did, err := drafts.Add(tx, d)
		return web.Result{To: "/circulars/drafts/" + did.String()}, err
	})
}
