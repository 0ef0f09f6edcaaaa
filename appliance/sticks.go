package appliance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// The pages of the exchange by stick. At a box there is one other side, the
// office; at the office there are the schools with a box.
const (
	sticksPath = "/sticks"
	officePath = "office"    // stands for the office in addresses
	stickMost  = 64 << 30    // bytes of one upload
	quickRead  = time.Second // how long a page waits for a small bundle
	sticksPast = 10          // bundles listed

	smallestStick = 100_000_000 // bytes; nobody needs to divide less
)

func (x *server) stickRoutes() []web.Route {
	carry := school.May(school.UseSticks)
	return []web.Route{
		{Path: sticksPath, Access: carry, Handle: x.sticks},
		{Method: http.MethodPost, Path: sticksPath, Access: carry, MaxBody: stickMost, Handle: x.readStick},
		{Method: http.MethodPost, Path: sticksPath + "/stop", Access: carry, Handle: x.stopStick},
		{Path: sticksPath + "/{to}", Access: carry, Handle: x.stick},
		{Method: http.MethodPost, Path: sticksPath + "/{to}/download", Access: carry, Handle: x.downloadStick},
		{Method: http.MethodPost, Path: sticksPath + "/{to}/write", Access: carry, Handle: x.writeStick},
	}
}

type sticksPage struct {
	web.Base
	Box     bool
	Plan    *boxsync.Plan // at a box: for the office
	Schools []stickRow
	Waiting []stickRow // of Schools, those for whom something waits
	Past    []store.Record[boxsync.Stick]
	Work    errandState
	Plugged plugged
	Stuck   string // why nothing can be written
	Most    string // size asked for a stick
}

// stickRow is a school at the office and what waits for it.
type stickRow struct {
	Code, Name string
	Records    int
	Bytes      int64
	Written    time.Time // the last bundle
}

func (x *server) sticks(c *web.Ctx) error {
	p, err := x.sticksPage(c)
	if err != nil {
		return err
	}
	if p.Work.Running {
		c.Refresh(2 * time.Second)
	}
	return c.Render(http.StatusOK, sticksView(p))
}

func (x *server) sticksPage(c *web.Ctx) (p sticksPage, err error) {
	p = sticksPage{Base: c.Base("appliance.sticks.title"), Box: x.Kind == web.Box, Work: x.errand.now(), Plugged: x.plugged(c)}
	p.Lead = p.T("appliance.sticks.lead." + string(x.Kind))
	courier, err := x.courier(c)
	if err != nil {
		return p, err
	}
	if p.Box {
		p.Most = c.Query("size")
		if p.Plan, p.Stuck, err = x.planned(c, courier, "", p.Most); err != nil {
			return p, err
		}
	} else if p.Schools, err = x.stickSchools(c, courier); err != nil {
		return p, err
	}
	for _, s := range p.Schools {
		if s.Records > 0 {
			p.Waiting = append(p.Waiting, s)
		}
	}
	err = c.View(func(tx *store.Tx) error {
		p.Past, err = boxsync.Sticks(tx, nil, sticksPast)
		return err
	})
	return p, err
}

// planned is the plan for a peer, or in words why there is none.
func (x *server) planned(c *web.Ctx, courier *boxsync.Courier, to, size string) (p *boxsync.Plan, stuck string, err error) {
	most, err := ParseSize(size)
	if err != nil {
		most = 0
	}
	p, err = courier.Plan(to, most)
	if no := school.RefusalsIn(BundleRefusal(err)); no != nil {
		return nil, c.Base("appliance.sticks.title").Sentence(no[0]), nil
	}
	return p, "", err
}

// courier is the site's side of the exchange by stick.
func (x *server) courier(c *web.Ctx) (*boxsync.Courier, error) {
	key, err := boxsync.LoadKey(x.Dir)
	if err != nil {
		return nil, err
	}
	k := &boxsync.Courier{DB: c.DB(), Key: key}
	if x.Kind == web.Box {
		k.Site = c.Site().Code
	}
	return k, nil
}

func (x *server) stickSchools(c *web.Ctx, courier *boxsync.Courier) (rows []stickRow, err error) {
	codes, err := courier.Schools()
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	written := map[string]time.Time{}
	err = c.View(func(tx *store.Tx) error {
		past, err := boxsync.Sticks(tx, nil, 0)
		for _, s := range slices.Backward(past) {
			if !s.Value.In {
				written[s.Value.Peer] = s.Time
			}
		}
		if err != nil {
			return err
		}
		units, err := org.OfKind(tx, org.School, org.Today(tx))
		for _, u := range units {
			names[u.Value.Code] = u.Value.Name
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, code := range codes {
		r := stickRow{Code: code, Name: names[code], Written: written[code]}
		if r.Records, r.Bytes, err = courier.Pending(code); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// peerOf reads the other side from the address; a school without a box answers
// like a page that does not exist.
func (x *server) peerOf(c *web.Ctx, courier *boxsync.Courier) (string, error) {
	to := c.Param("to")
	if x.Kind == web.Box {
		if to != officePath {
			return "", c.NotFound()
		}
		return "", nil
	}
	codes, err := courier.Schools()
	if err != nil {
		return "", err
	}
	if !slices.Contains(codes, to) {
		return "", c.NotFound()
	}
	return to, nil
}

type stickPage struct {
	web.Base
	To      string // in addresses
	Plan    *boxsync.Plan
	Stuck   string
	Most    string
	Plugged plugged
}

// stick is what waits for one peer, and how it is written.
func (x *server) stick(c *web.Ctx) error { return x.showStick(c, http.StatusOK) }

func (x *server) showStick(c *web.Ctx, status int) error {
	courier, err := x.courier(c)
	if err != nil {
		return err
	}
	to, err := x.peerOf(c, courier)
	if err != nil {
		return err
	}
	p := stickPage{Base: c.Base("appliance.stick.title"), To: c.Param("to"), Most: c.Query("size"), Plugged: x.plugged(c)}
	if p.Plan, p.Stuck, err = x.planned(c, courier, to, p.Most); err != nil {
		return err
	}
	p.Lead = p.T("appliance.stick.lead", "to", to)
	if to == "" {
		p.Lead = p.T("appliance.stick.lead_office")
	}
	p.Back = web.Link{Label: p.T("appliance.sticks.title"), Href: sticksPath}
	return c.Render(status, stickView(p))
}

// downloadStick sends one part, or only the answer.
func (x *server) downloadStick(c *web.Ctx) error {
	f, err := c.Checked()
	if err != nil {
		return err
	}
	courier, err := x.courier(c)
	if err != nil {
		return err
	}
	to, err := x.peerOf(c, courier)
	if err != nil {
		return err
	}
	var p *boxsync.Plan
	if f.Has("answer") {
		p, err = courier.Answer(to)
	} else {
		p, _, err = x.planned(c, courier, to, f.Get("size"))
	}
	if err != nil {
		return err
	}
	part, err := strconv.Atoi(f.Get("part"))
	if p == nil || err != nil || part < 1 || part > p.Parts {
		return c.Redirect(sticksPath) // what waited has changed meanwhile
	}
	name := p.Label(part).Name()
	err = c.Download(name, "application/octet-stream", func(w io.Writer) error { return p.Write(c.Request().Context(), w, part, nil) })
	if err != nil || p.Answer {
		return err
	}
	return errors.Join(p.Written(), audit(c.DB(), c.Actor(), "sticks.write", name))
}

func audit(db *store.DB, who school.Actor, action, what string) error {
	return db.Update(func(tx *store.Tx) error { return school.Audit(tx, who, action, store.ID{}, nil, what) })
}

// writeStick writes all parts onto the stick that is plugged in.
func (x *server) writeStick(c *web.Ctx) error {
	f, err := c.Checked()
	if err != nil {
		return err
	}
	courier, err := x.courier(c)
	if err != nil {
		return err
	}
	to, err := x.peerOf(c, courier)
	if err != nil {
		return err
	}
	p, _, err := x.planned(c, courier, to, f.Get("size"))
	if err != nil {
		return err
	}
	at := x.plugged(c)
	switch {
	case p == nil:
		return c.Redirect(sticksPath)
	case !at.Here:
		err = school.Refuse("appliance.sticks.refused.not_plugged", "")
	case at.Free < p.Bytes+p.Bytes/128+1<<20:
		err = school.Refuse("appliance.sticks.refused.stick_full", "", "need", web.FormatSize(c.Lang(), p.Bytes), "free", web.FormatSize(c.Lang(), at.Free))
	}
	if c.Refused(err) {
		return x.showStick(c, http.StatusUnprocessableEntity)
	}
	who, lang, db := c.Actor(), c.Lang(), c.DB()
	began := x.errand.begin(context.WithoutCancel(c.Request().Context()), errandState{Name: p.Label(1).Name(), Writing: true, Total: p.Bytes}, func(ctx context.Context, told func(int64)) (string, error) {
		if err := writeParts(ctx, at.Dir, p, told); err != nil {
			return "", err
		}
		err := errors.Join(p.Written(), audit(db, who, "sticks.write", p.Label(1).Name()))
		return x.Words.T(lang, "appliance.sticks.wrote", "count", p.Parts, "records", p.Records, "files", p.Files), err
	})
	if !began && c.Refused(school.Refuse("appliance.sticks.refused.busy", "")) {
		return x.showStick(c, http.StatusUnprocessableEntity)
	}
	x.errand.wait(quickRead)
	return c.Redirect(sticksPath)
}

// readStick reads a bundle that was sent, or one on the stick that is plugged in.
func (x *server) readStick(c *web.Ctx) error {
	if n := c.Request().ContentLength; n > 0 {
		if d := diskAt(x.Dir); d.Total > 0 && d.Free < 2*n+spareDisk {
			err := school.Refuse("appliance.bundle.refused.no_room", "file", "need", web.FormatSize(c.Lang(), 2*n+spareDisk), "free", web.FormatSize(c.Lang(), d.Free))
			return x.refuseStick(c, err)
		}
	}
	f, file, err := c.Spool()
	if err != nil {
		return x.refuseStick(c, err)
	}
	var raw *os.File
	var name string
	var drop func() error
	switch chosen := f.Get("plugged"); {
	case file != nil:
		raw, name, drop = file.File, file.Name, file.Close
	case chosen != "":
		p := x.plugged(c)
		if !slices.ContainsFunc(p.Files, func(o pluggedFile) bool { return o.Name == chosen }) {
			return x.refuseStick(c, school.Refuse("appliance.sticks.refused.gone", ""))
		}
		if raw, err = os.Open(filepath.Join(p.Dir, chosen)); err != nil {
			return err
		}
		name, drop = chosen, raw.Close
	default:
		return x.refuseStick(c, school.Refuse("appliance.sticks.refused.no_file", "file"))
	}
	return x.beginRead(c, raw, name, drop)
}

func (x *server) refuseStick(c *web.Ctx, err error) error {
	if !c.Refused(err) {
		return err
	}
	p, perr := x.sticksPage(c)
	if perr != nil {
		return perr
	}
	p.Refused = p.T("appliance.sticks.refused.title")
	return c.Render(http.StatusUnprocessableEntity, sticksView(p))
}

func (x *server) beginRead(c *web.Ctx, raw *os.File, name string, drop func() error) error {
	courier, err := x.courier(c)
	if err != nil {
		return errors.Join(err, drop())
	}
	fi, err := raw.Stat()
	if err != nil {
		return errors.Join(err, drop())
	}
	who, lang, db := c.Actor(), c.Lang(), c.DB()
	l := boxsync.ReadLabel(raw)
	peer := l.From
	if x.Kind == web.Box {
		peer = officePath
	}
	began := x.errand.begin(context.WithoutCancel(c.Request().Context()), errandState{Name: name, Total: fi.Size(), Peer: peer}, func(ctx context.Context, told func(int64)) (said string, err error) {
		defer func() { err = errors.Join(err, drop()) }()
		b, err := courier.Open(raw, fi.Size())
		if err != nil {
			return "", BundleRefusal(err)
		}
		o, err := b.Apply(ctx, told)
		if err != nil {
			return "", err
		}
		return x.Outcome(lang, o), audit(db, who, "sticks.read", fmt.Sprintf("%s %d", o.From, o.Records))
	})
	if !began {
		return errors.Join(drop(), x.refuseStick(c, school.Refuse("appliance.sticks.refused.busy", "file")))
	}
	if s := x.errand.wait(quickRead); !s.Running && school.RefusalsIn(s.Err) != nil {
		return x.refuseStick(c, s.Err)
	}
	return c.Redirect(sticksPath)
}

// stopStick stops what runs; what was taken over until then stays, and the
// bundle can be read again.
func (x *server) stopStick(c *web.Ctx) error {
	if _, err := c.Checked(); err != nil {
		return err
	}
	x.errand.halt()
	return c.Redirect(sticksPath)
}
