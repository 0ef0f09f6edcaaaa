package packs

import (
	"errors"
	"net/http"
	"time"

	"preau/school/packs"
	"preau/store"
	"preau/web"
)

// herePage tells a school which version of its country's pack counts from when.
type herePage struct {
	web.Base
	Now     []web.Fact
	Periods []periodRow
	Rows    []hereRow
}

type hereRow struct {
	Reference, From, Signed string
	State                   web.Mark
	Faults                  []fault
}

func showHere(c *web.Ctx) error {
	p := herePage{Base: c.Base("packs.here.title")}
	p.Lead = p.T("packs.here.lead")
	p.Back = web.Link{Label: p.T("packs.here.back"), Href: "/marks"}
	err := c.View(func(tx *store.Tx) error {
		p.Rows = nil
		pack, err := packs.Here(tx)
		if err != nil {
			return err
		}
		now, _ := tx.Now()
		formula := ""
		if l := pack.Levels; len(l) > 0 {
			if e, err := pack.EngineOf(l[len(l)-1].Code, now.Format(time.DateOnly)); err == nil {
				formula = e.Formula.Name
			}
		}
		p.Now = []web.Fact{{Label: p.T("packs.name"), Text: pack.About.Name}, {Label: p.T("packs.version"), Text: pack.About.Version}, {Label: p.T("packs.formula"), Text: formula}, {Label: p.T("packs.note"), Text: pack.About.Note}}
		if p.Periods, err = periods(tx, packs.About{}); err != nil {
			return err
		}
		for r, err := range packs.Releases.Scan(tx, store.Query{Reverse: true}) {
			if err != nil {
				return err
			}
			a, err := arrivals.One(tx, "release", r.ID)
			if errors.Is(err, store.ErrNotFound) {
				continue // judged in a moment
			}
			if err != nil {
				return err
			}
			row := hereRow{Reference: r.Value.Code + " " + r.Value.Version, From: r.Value.From, Signed: a.Value.Signed, Faults: a.Value.Faults}
			row.State = web.Mark{Icon: "check", Tone: web.Green, Bold: p.T("packs.state.genuine"), Text: p.Moment(a.Value.At)}
			if a.Value.State == setAside {
				row.State = web.Mark{Icon: "octagon", Tone: web.Brick, Bold: p.T("packs.state.set_aside"), Text: p.Moment(a.Value.At)}
			}
			p.Rows = append(p.Rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, hereView(p))
}
