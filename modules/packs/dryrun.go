package packs

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// draftPage says what sending a pack would do.
type draftPage struct {
	web.Base
	ID        store.ID
	Reference string
	Facts     []web.Fact
	Periods   []periodRow
	Catalogue []packs.Change
	Others    []string
	Was       string // the version that it is compared with
	Regions   []regionRow
	Schools   int
	Most      int // schools of the largest region
}

// periodRow is an evaluation period and the version that it would use.
type periodRow struct {
	Name, From, Version string
	Now                 bool // changes to the version that is being sent
	Begun               bool
}

type regionRow struct {
	Name    string
	Schools int
	Box     int // with a box that was heard
}

func showDraft(c *web.Ctx) error {
	p, err := readDraftPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, draftView(p))
}

func draftOf(c *web.Ctx, tx *store.Tx) (store.Record[draft], error) {
	id, err := c.ID("id")
	if err != nil {
		return store.Record[draft]{}, err
	}
	d, err := drafts.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && d.Value.By != c.Actor().ID {
		return d, c.NotFound()
	}
	return d, err
}

func readDraftPage(c *web.Ctx) (p draftPage, err error) {
	var o opened
	err = c.View(func(tx *store.Tx) error {
		d, err := draftOf(c, tx)
		if err != nil {
			return err
		}
		p = draftPage{ID: d.ID}
		site, err := school.Site(tx)
		if err != nil {
			return err
		}
		list, err := seal.Current(tx, site.Root)
		if err != nil {
			return err
		}
		if o, err = open(d.Value.File, list); err != nil {
			return err
		}
		if err := p.compare(tx, o, site); err != nil {
			return err
		}
		if p.Periods, err = periods(tx, o.pack.About); err != nil {
			return err
		}
		return p.schools(tx)
	})
	if err != nil {
		return p, err
	}
	p.Base = c.Base("packs.draft.title", "reference", o.pack.Reference())
	p.Back = web.Link{Label: p.T("packs.title"), Href: "/packs"}
	p.Reference = o.pack.Reference()
	p.Facts = facts(p.Base, o.pack, o.header)
	return p, nil
}

func facts(b web.Base, p *packs.Pack, h seal.Header) []web.Fact {
	return []web.Fact{
		{Label: b.T("packs.name"), Text: p.About.Name},
		{Label: b.T("packs.version"), Text: p.About.Version},
		{Label: b.T("packs.from"), Text: b.LongDay(p.About.From)},
		{Label: b.T("packs.signed"), Text: b.T("packs.signed_by", "name", h.Signatory, "day", b.LongDay(h.Date), "key", h.KeyID)},
		{Label: b.T("packs.examples"), Text: b.T("packs.examples_fit", "count", len(p.Examples))},
	}
}

// compare tells what the pack says otherwise than the version that counts on its
// first day until now.
func (p *draftPage) compare(tx *store.Tx, o opened, site school.SiteInfo) error {
	before, err := packs.Embedded(o.pack.About.Code)
	if err != nil {
		return nil //nolint:nilerr // a country that the program does not bring: nothing to compare with
	}
	for _, use := range site.Packs {
		if use.From > o.pack.About.From {
			break
		}
		r, err := packs.Releases.Get(tx, use.Release)
		if err != nil {
			return err
		}
		if before, _, err = packs.Unpack(r.Value.File); err != nil {
			return err
		}
	}
	was, err := before.Pack()
	if err != nil {
		return err
	}
	p.Was = was.Reference()
	p.Catalogue, p.Others = o.files.Compare(o.pack, before, was)
	return nil
}

// periods are the evaluation periods that the site knows, from the year of today
// on, with the version that each would use.
func periods(tx *store.Tx, next packs.About) (list []periodRow, err error) {
	today := org.Today(tx)
	for y, err := range school.Years.All(tx) {
		if err != nil {
			return nil, err
		}
		if y.Value.Until < today {
			continue
		}
		for _, q := range y.Value.Periods {
			if q.Use != school.EvaluationPeriod {
				continue
			}
			now, err := packs.On(tx, q.From)
			if err != nil {
				return nil, err
			}
			row := periodRow{Name: q.Name + " · " + y.Value.Label, From: q.From, Version: now.Reference(), Begun: q.From <= today}
			if next.Code == now.About.Code && next.From != "" && next.From <= q.From && now.About.From <= next.From {
				row.Version, row.Now = next.Code+" "+next.Version, true
			}
			list = append(list, row)
		}
	}
	slices.SortFunc(list, func(a, b periodRow) int { return strings.Compare(a.From, b.From) })
	return list, nil
}

// schools counts who gets it, by region.
func (p *draftPage) schools(tx *store.Tx) error {
	units, err := org.OfKind(tx, org.School, org.Today(tx))
	if err != nil {
		return err
	}
	heard, err := school.ContactsBySite(tx)
	if err != nil {
		return err
	}
	at := map[string]int{}
	for _, u := range units {
		region, _, err := org.Path(tx, u.Value.Code)
		if err != nil && !errors.Is(err, org.ErrNoUnit) {
			return err
		}
		i, ok := at[region.Code]
		if !ok {
			i = len(p.Regions)
			at[region.Code] = i
			p.Regions = append(p.Regions, regionRow{Name: region.Name})
		}
		p.Regions[i].Schools++
		if !heard[u.Value.Code].Last.IsZero() {
			p.Regions[i].Box++
		}
		p.Most = max(p.Most, p.Regions[i].Schools)
		p.Schools++
	}
	slices.SortFunc(p.Regions, func(a, b regionRow) int { return strings.Compare(school.Fold(a.Name), school.Fold(b.Name)) })
	return nil
}

func sendDraft(c *web.Ctx) error {
	_, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			d, err := draftOf(c, tx)
			if err != nil {
				return web.Result{}, err
			}
			id, n, err := send(tx, c.Actor(), d.Value.File)
			if err != nil {
				return web.Result{}, err
			}
			return web.Result{To: "/packs/" + id.String(), Flash: "packs.flash.sent", FlashArgs: map[string]any{"count": n}}, drafts.Delete(tx, d.ID)
		})
	}
	if !c.Refused(err) {
		return err
	}
	p, rerr := readDraftPage(c)
	if rerr != nil {
		return rerr
	}
	p.Refused = p.T("packs.refused")
	return c.Render(http.StatusUnprocessableEntity, draftView(p))
}
