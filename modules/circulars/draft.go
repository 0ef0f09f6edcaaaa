package circulars

import (
	"net/http"
	"strconv"
	"strings"

	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

type draftPage struct {
	web.Base
	ID      store.ID
	Seen    string // the version that the writer had before them
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
	return showDraft(c, http.StatusOK, draftPage{Draft: Draft{Kind: seal.Circular}})
}

func editDraft(c *web.Ctx) error {
	r, err := openDraft(c)
	if err != nil {
		return err
	}
	return showDraft(c, http.StatusOK, draftPage{ID: r.ID, Seen: version(r), Draft: r.Value})
}

// openDraft is the draft of the path, as long as it is not signed.
func openDraft(c *web.Ctx) (r store.Record[Draft], err error) {
	id, err := c.ID("id")
	if err != nil {
		return r, err
	}
	err = c.View(func(tx *store.Tx) (err error) {
		if r, err = drafts.Get(tx, id); err != nil || !r.Value.Circular.IsZero() {
			return c.NotFound()
		}
		return nil
	})
	return r, err
}

// saveDraft keeps what was typed; with "preview" it only shows it.
func saveDraft(c *web.Ctx) error {
	var id store.ID
	old := Draft{Kind: seal.Circular}
	if c.Param("id") != "" {
		r, err := openDraft(c)
		if err != nil {
			return err
		}
		id, old = r.ID, r.Value
	}
	f, err := c.Form()
	d := typed(f, old)
	kept := f.Files("annexes")
	if err == nil && f.Has("preview") {
		return showDraft(c, http.StatusOK, draftPage{ID: id, Seen: f.Get("seen"), Draft: d, Kept: kept, Preview: true})
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
			d.Author, d.AuthorIs, d.Writing = c.Actor().ID, c.Actor().Name, !f.Has("finish")
			if d.Writing {
				d.Remark = old.Remark
			}
			to, err := putDraft(tx, id, d, f.Get("seen"))
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
		p := draftPage{ID: id, Seen: f.Get("seen"), Draft: d, Kept: kept}
		for _, no := range school.RefusalsIn(err) {
			if no.Key == "circulars.refused.written_meanwhile" { // told once: saving again is meant
				if now, err := openDraft(c); err == nil {
					p.Seen = version(now)
				}
			}
		}
		return showDraft(c, http.StatusUnprocessableEntity, p)
	}
	return err
}

// putDraft writes a draft that is not signed yet. seen is the version that the
// writer had before them: what another has written meanwhile is not lost.
func putDraft(tx *store.Tx, id store.ID, d Draft, seen string) (store.ID, error) {
	if id.IsZero() {
		return drafts.Add(tx, d)
	}
	now, err := drafts.Get(tx, id)
	switch {
	case err != nil:
		return id, err
	case !now.Value.Circular.IsZero():
		return id, school.Refuse("circulars.refused.signed", "")
	case seen != version(now):
		return id, school.Refuse("circulars.refused.written_meanwhile", "", "name", now.Value.AuthorIs)
	}
	return id, drafts.Set(tx, id, d)
}

// version names the state of a draft that somebody has read.
func version(r store.Record[Draft]) string { return strconv.FormatUint(r.Number, 10) }

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

func showDraft(c *web.Ctx, status int, p draftPage) error {
	d, title := p.Draft, "circulars.draft.title"
	switch d.Kind {
	case seal.Withdrawal:
		title = "circulars.draft.withdrawal"
	case seal.Replacement:
		title = "circulars.draft.replacement"
	}
	p.Base = c.Base(title)
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

// deeds are the buttons below a draft; what is kept can be thrown away.
func (p draftPage) deeds() []web.Button {
	list := []web.Button{
		{Label: p.T("circulars.draft.finish"), Name: "finish", Value: "1"},
		{Label: p.T("circulars.draft.save"), Kind: web.Secondary, Name: "save", Value: "1"},
		{Label: p.T("circulars.draft.show_preview"), Kind: web.Secondary, Name: "preview", Value: "1"},
		{Label: p.T("web.cancel"), Kind: web.Third, Href: "/circulars"},
	}
	if !p.ID.IsZero() {
		list = append(list, web.Button{Label: p.T("circulars.discard.link"), Kind: web.Third, Href: "/circulars/drafts/" + p.ID.String() + "/delete"})
	}
	return list
}

func (p draftPage) roles() (l []string) {
	for _, r := range p.Draft.Audience.Roles {
		l = append(l, string(r))
	}
	return l
}

func audienceChoices(tx *store.Tx, b web.Base) (ch choices, err error) {
	day := org.Today(tx)
	pack, err := packs.Here(tx)
	if err != nil {
		return ch, err
	}
	for kind, into := range map[string]*[]web.Option{org.Region: &ch.Regions, org.Inspection: &ch.Inspections, org.School: &ch.Schools} {
		units, err := org.OfKind(tx, kind, day)
		if err != nil {
			return ch, err
		}
		for _, u := range units {
			*into = append(*into, web.Option{Value: u.Value.Code, Label: u.Value.Name, Hint: u.Value.Code})
		}
	}
	for _, t := range org.Types {
		ch.Types = append(ch.Types, web.Option{Value: t, Label: b.T("circulars.type." + t)})
	}
	for _, l := range pack.Levels {
		ch.Levels = append(ch.Levels, web.Option{Value: l.Code, Label: l.Code})
	}
	for _, s := range pack.Series {
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
		d := Draft{Kind: seal.Replacement, Replaces: id, Subject: h.Subject, Urgent: h.Urgent, Deadline: h.Deadline, Reply: old.Value.Reply, Body: old.Value.Body, Annexes: old.Value.Annexes, Author: c.Actor().ID, AuthorIs: c.Actor().Name, Writing: true}
		if f.Has("withdraw") {
			d = Draft{Kind: seal.Withdrawal, Replaces: id, Subject: c.T("circulars.withdrawal.subject", "reference", h.Reference), Urgent: h.Urgent, Author: c.Actor().ID, AuthorIs: c.Actor().Name, Writing: true}
		}
		if err := seal.DecodeCBOR(h.Audience, &d.Audience); err != nil {
			return web.Result{}, err
		}
		did, err := drafts.Add(tx, d)
		return web.Result{To: "/circulars/drafts/" + did.String()}, err
	})
}
