package packs

import (
	"errors"
	"io"
	"net/http"
	"slices"

	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// releasesPage lists what the office has sent, newest first.
type releasesPage struct {
	web.Base
	Rows   []releaseRow
	May    bool
	Faults []fault // of a file that was refused
}

type releaseRow struct {
	ID                 store.ID
	Reference, From    string
	Schools, In, Apart int // addressed; of them where it counts; where it was set aside
}

func showReleases(c *web.Ctx) error { return releases(c, http.StatusOK, nil) }

func releases(c *web.Ctx, status int, faults []fault) error {
	p := releasesPage{Base: c.Base("packs.title"), May: school.May(school.SendPacks).Allows(c.Actor()), Faults: faults}
	p.Lead = p.T("packs.lead")
	if status != http.StatusOK {
		p.Refused = p.T("packs.refused")
	}
	err := c.View(func(tx *store.Tx) error {
		p.Rows = nil
		for r, err := range packs.Releases.Scan(tx, store.Query{Reverse: true}) {
			if err != nil {
				return err
			}
			row := releaseRow{ID: r.ID, Reference: r.Value.Code + " " + r.Value.Version, From: r.Value.From, Schools: len(store.Addressed(tx, r.ID))}
			for x, err := range receipts.Where(tx, "release", r.ID) {
				if err != nil {
					return err
				}
				if x.Value.State == counts {
					row.In++
				} else {
					row.Apart++
				}
			}
			p.Rows = append(p.Rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(status, releasesView(p))
}

// readFile takes a pack in one file and shows what sending it would do. A file that
// the office did not sign or that is not in order is refused, and nothing is kept.
func readFile(c *web.Ctx) error {
	_, file, err := c.Spool()
	if err == nil && file == nil {
		err = school.Refuse("packs.refused.none", "file")
	}
	var data []byte
	if err == nil {
		data, err = io.ReadAll(io.NewSectionReader(file, 0, packs.MaxCarried+1))
		err = errors.Join(err, file.Close())
	}
	var id store.ID
	var faults packs.Faults
	if err == nil {
		err = c.DB().Update(func(tx *store.Tx) error {
			site, err := school.Site(tx)
			if err != nil {
				return err
			}
			list, err := seal.Current(tx, site.Root)
			if err != nil {
				return err
			}
			if _, err := open(data, list); err != nil {
				return err
			}
			now, _ := tx.Now()
			id, err = drafts.Add(tx, draft{File: data, By: c.Actor().ID, At: now})
			return err
		})
	}
	if errors.As(err, &faults) {
		err = school.Refuse("packs.refused.faults", "file", "count", len(faults))
	}
	if c.Refused(err) {
		return releases(c, http.StatusUnprocessableEntity, faultsOf(faults))
	}
	if err != nil {
		return err
	}
	return c.Redirect("/packs/drafts/" + id.String())
}

// releasePage is one version that was sent: where it counts, where it waits.
type releasePage struct {
	web.Base
	ID    store.ID
	Facts []web.Fact
	Rows  []schoolRow
	Pages web.Pages
	In    int
	Of    int
}

type schoolRow struct {
	Code, Name, Region string
	State              web.Mark
	Faults             []fault
	rank               int // trouble first
}

const perPage = 100

func releaseOf(c *web.Ctx, tx *store.Tx) (store.Record[packs.Release], error) {
	id, err := c.ID("id")
	if err != nil {
		return store.Record[packs.Release]{}, err
	}
	r, err := packs.Releases.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = c.NotFound()
	}
	return r, err
}

func showRelease(c *web.Ctx) error {
	p := releasePage{Base: c.Base("packs.title")}
	err := c.View(func(tx *store.Tx) error {
		r, err := releaseOf(c, tx)
		if err != nil {
			return err
		}
		p.ID, p.Rows, p.In = r.ID, nil, 0
		files, s, err := packs.Unpack(r.Value.File)
		if err != nil {
			return err
		}
		pack, err := files.Pack()
		if err != nil {
			return err
		}
		h, err := s.Decode()
		if err != nil {
			return err
		}
		p.Title = p.T("packs.release.title", "reference", pack.Reference())
		p.Facts = facts(p.Base, pack, h)
		return p.read(c, tx, r.ID)
	})
	if err != nil {
		return err
	}
	p.Back = web.Link{Label: p.T("packs.title"), Href: "/packs"}
	slices.SortStableFunc(p.Rows, func(a, b schoolRow) int { return b.rank - a.rank })
	p.Of = len(p.Rows)
	p.Pages = web.PagesOf("/packs/"+p.ID.String(), nil, c.From(), perPage, len(p.Rows))
	p.Pages.ByName = true
	p.Rows = web.Cut(p.Rows, c.From(), perPage)
	return c.Render(http.StatusOK, releaseView(p))
}

func (p *releasePage) read(c *web.Ctx, tx *store.Tx, id store.ID) error {
	told := map[string]receipt{}
	for x, err := range receipts.Where(tx, "release", id) {
		if err != nil {
			return err
		}
		told[x.Value.Site] = x.Value
	}
	day := org.Today(tx)
	for _, code := range store.Addressed(tx, id) {
		if may, err := org.MaySee(tx, c.Person(), code, day); err != nil {
			return err
		} else if !may {
			continue
		}
		row := schoolRow{Code: code, Name: code}
		if u, err := org.At(tx, code, day); err == nil {
			row.Name = u.Value.Name
		} else if !errors.Is(err, org.ErrNoUnit) {
			return err
		}
		if region, _, err := org.Path(tx, code); err == nil {
			row.Region = region.Name
		}
		switch x, ok := told[code]; {
		case ok && x.State == counts:
			row.State = web.Mark{Icon: "check", Tone: web.Green, Bold: p.T("packs.state.counts"), Text: p.Moment(x.At)}
			p.In++
		case ok:
			row.State, row.Faults, row.rank = web.Mark{Icon: "octagon", Tone: web.Brick, Bold: p.T("packs.state.set_aside"), Text: p.Moment(x.At)}, x.Faults, 2
		default:
			way, err := store.ProgressAt(tx, id, code)
			if err != nil {
				return err
			}
			row.State, row.rank = p.way(way), 1
		}
		p.Rows = append(p.Rows, row)
	}
	return nil
}

// way is how far a release has come to a school that has not answered yet.
func (p *releasePage) way(at store.ProgressOf) web.Mark {
	if at.State == store.Arrived {
		return web.Mark{Icon: "roof", Tone: web.Ochre, Bold: p.T("packs.state.there")}
	}
	return p.State(at)
}

func fetchRelease(c *web.Ctx) error {
	var r store.Record[packs.Release]
	if err := c.View(func(tx *store.Tx) (err error) { r, err = releaseOf(c, tx); return err }); err != nil {
		return err
	}
	return c.Download(r.Value.Code+"-"+r.Value.Version+".preaupack", "application/zip", func(w io.Writer) error {
		_, err := w.Write(r.Value.File)
		return err
	})
}
