package marks

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"preau/modules/marks/bulletin"
	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// appeal is a réclamation against an issued bulletin: what is contested, and how
// it was decided.
type appeal struct {
	Bulletin store.ID `cbor:"1,keyasint,omitzero"`
	Text     string   `cbor:"2,keyasint,omitempty"`
	On       string   `cbor:"3,keyasint,omitempty"` // YYYY-MM-DD
	By       string   `cbor:"4,keyasint,omitempty"` // who wrote it down
	Decided  string   `cbor:"5,keyasint,omitempty"` // YYYY-MM-DD, "" while it is open
	Accepted bool     `cbor:"6,keyasint,omitempty"`
	Answer   string   `cbor:"7,keyasint,omitempty"` // the reason
	Decider  string   `cbor:"8,keyasint,omitempty"`
}

// appeals: index "bulletin" takes the bulletin's id.
var appeals = store.Define(store.Spec[appeal]{
	Name: "marks.appeals", Home: store.Local, Format: 1,
	Indexes: []store.Index[appeal]{{Name: "bulletin", Keys: func(a *appeal) [][]byte { return [][]byte{store.Key(a.Bulletin)} }}},
})

// issuedPage is one bulletin as it was issued, with what came after.
type issuedPage struct {
	web.Base
	ID       store.ID
	Page     bulletin.Page
	QR       string
	Code     string
	Changes  []drift
	Appeals  []store.Record[appeal]
	Open     *store.Record[appeal]
	Until    string // last day of the window, YYYY-MM-DD
	May      bool   // write down and decide appeals
	Over     bool
	Rectify  bool // an accepted appeal waits for the new bulletin
	Text     string
	Replaced string // reference of the bulletin that has taken its place
	Final    string // the decision that an exam's result has put in the place of the printed one …
	FinalBy  string // … and that result
	Staff    bool
}

func issuedPath(id store.ID) string { return "/marks/issued/" + id.String() }

// readIssued finds the bulletin of a request, for who may see it: staff who see
// the class's marks, and the pupil whose it is.
func readIssued(c *web.Ctx) (b store.Record[issued], d *draft, err error) {
	id, err := c.ID("id")
	if err != nil {
		return b, nil, err
	}
	err = c.View(func(tx *store.Tx) (err error) {
		b, d, err = issuedFor(c, tx, id)
		return err
	})
	return b, d, err
}

func issuedFor(c *web.Ctx, tx *store.Tx, id store.ID) (b store.Record[issued], d *draft, err error) {
	b, err = bulletins.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return b, nil, c.NotFound()
	}
	if err != nil {
		return b, nil, err
	}
	if b.Value.Pupil != c.Actor().ID {
		may, err := school.MaySeeMarks(tx, c.Actor(), b.Value.Class, "")
		if err != nil {
			return b, nil, err
		}
		if !may {
			return b, nil, c.NotFound()
		}
	}
	if d, err = readDraft(c, tx, b.Value.Class, b.Value.Period); err != nil {
		return b, nil, err
	}
	d.remarks, err = readRemarks(tx, b.Value.Class, b.Value.Period)
	return b, d, err
}

// contestedOf are the appeals against a class's bulletins of a period, by pupil:
// those too against a bulletin that was replaced.
func contestedOf(tx *store.Tx, class store.ID, period int) (map[store.ID][]appeal, error) {
	all := map[store.ID][]appeal{}
	for b, err := range bulletins.Where(tx, "class", class, period) {
		if err != nil {
			return nil, err
		}
		for a, err := range appeals.Where(tx, "bulletin", b.ID) {
			if err != nil {
				return nil, err
			}
			all[b.Value.Pupil] = append(all[b.Value.Pupil], a.Value)
		}
	}
	return all, nil
}

func showIssued(c *web.Ctx) error {
	p, err := readIssuedPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, issuedView(p))
}

func readIssuedPage(c *web.Ctx) (p issuedPage, err error) {
	b, d, err := readIssued(c)
	if err != nil {
		return p, err
	}
	p = issuedPage{Base: c.Base("marks.issued.title", "name", b.Value.name()), ID: b.ID, Page: b.Value.Page, Code: seal.PrintCode(b.Value.Code)}
	p.Wide = true // eleven columns
	p.QR = seal.QRSVG(b.Value.Page.QR, 24)
	p.Lead = d.Class.Value.Label + " · " + d.Period.Name + " · " + b.Value.Reference
	if p.Staff = b.Value.Pupil != c.Actor().ID; p.Staff {
		p.Back = web.Link{Label: p.T("marks.bulletins.title", "class", d.Class.Value.Label), Href: bulletinsPath(d.Class.ID, d.Period.Number)}
	} else {
		p.Back = web.Link{Label: p.T("marks.mine.title"), Href: "/marks/mine?period=" + strconv.Itoa(d.Period.Number)}
	}
	p.May = school.May(school.HoldCouncil).Allows(c.Actor())
	p.Until = d.appealUntil(b.Value)
	p.Over = p.Today() > p.Until
	if !b.Value.Replaced {
		p.Changes = d.changes(b.Value)
	}
	err = c.View(func(tx *store.Tx) error {
		p.Appeals, p.Open, p.Rectify = nil, nil, false
		for a, err := range appeals.Where(tx, "bulletin", b.ID) {
			if err != nil {
				return err
			}
			p.Appeals = append(p.Appeals, a)
			if a.Value.Decided == "" {
				p.Open = &a
			}
			p.Rectify = p.Rectify || a.Value.Accepted
		}
		exam, err := exams.One(tx, "pupil", b.Value.Class, b.Value.Pupil)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if after := decided(d.Pack, b.Value.Decision, exam.Value.Result); after.Code != b.Value.Decision {
			p.Final = after.Name
			p.FinalBy = exam.Value.Exam + " · " + p.T("marks.exam.result."+exam.Value.Result)
		}
		if b.Value.Replaced {
			p.Rectify = false
			for n, err := range bulletins.Where(tx, "pupil", b.Value.Pupil, b.Value.Year, b.Value.Period) {
				if err != nil {
					return err
				}
				if n.Value.Replaces == b.ID {
					p.Replaced = n.Value.Reference
				}
			}
		}
		return nil
	})
	return p, err
}

// appealUntil is the last day on which an issued bulletin may be contested.
func (d *draft) appealUntil(b issued) string {
	days, err := strconv.Atoi(d.Pack.Council.Appeal)
	on, terr := time.Parse(time.DateOnly, b.On)
	if err != nil || terr != nil {
		return b.On
	}
	return on.AddDate(0, 0, days).Format(time.DateOnly)
}

// writeAppeal takes down what a pupil or a parent contests.
func writeAppeal(c *web.Ctx) error {
	return onIssued(c, func(tx *store.Tx, f *web.Form, b store.Record[issued], d *draft, today string) (web.Result, error) {
		switch text := f.Get("text"); {
		case b.Value.Replaced:
			return web.Result{}, school.Refuse("marks.appeal.refused.replaced", "text")
		case today > d.appealUntil(b.Value):
			return web.Result{}, school.Refuse("marks.appeal.refused.late", "text", "day", web.FormatLongDate(c.Lang(), dayOf(d.appealUntil(b.Value))))
		case text == "":
			return web.Result{}, school.Refuse("marks.appeal.refused.empty", "text")
		default:
			id, err := appeals.Add(tx, appeal{Bulletin: b.ID, Text: text, On: today, By: c.Actor().Name})
			if err != nil {
				return web.Result{}, err
			}
			return web.Result{To: issuedPath(b.ID), Flash: "marks.appeal.flash.written"}, school.Audit(tx, c.Actor(), "appeals.write", id, nil, b.Value.Reference)
		}
	})
}

// decideAppeal answers the open appeal, with a reason.
func decideAppeal(c *web.Ctx) error {
	return onIssued(c, func(tx *store.Tx, f *web.Form, b store.Record[issued], _ *draft, today string) (web.Result, error) {
		var open store.Record[appeal]
		for a, err := range appeals.Where(tx, "bulletin", b.ID) {
			if err != nil {
				return web.Result{}, err
			}
			if a.Value.Decided == "" {
				open = a
			}
		}
		answer := f.Get("answer")
		switch {
		case open.ID.IsZero():
			return web.Result{}, school.Refuse("marks.appeal.refused.none", "answer")
		case answer == "":
			return web.Result{}, school.Refuse("marks.appeal.refused.reason", "answer")
		case f.Get("verdict") != "accept" && f.Get("verdict") != "reject":
			return web.Result{}, school.Refuse("marks.appeal.refused.verdict", "verdict")
		}
		v := open.Value
		v.Decided, v.Accepted, v.Answer, v.Decider = today, f.Get("verdict") == "accept", answer, c.Actor().Name
		if err := appeals.Set(tx, open.ID, v); err != nil {
			return web.Result{}, err
		}
		return web.Result{To: issuedPath(b.ID), Flash: "marks.appeal.flash.decided"}, school.Audit(tx, c.Actor(), "appeals.decide", open.ID, open.Value, v)
	})
}

// rectify issues the bulletin again after an accepted appeal: the old one stays,
// and says by which it is replaced.
func rectify(c *web.Ctx) error {
	key, err := seal.PaperKey(c.DB().Dir())
	if err != nil {
		return err
	}
	return onIssued(c, func(tx *store.Tx, _ *web.Form, b store.Record[issued], d *draft, _ string) (web.Result, error) {
		accepted := false
		for a, err := range appeals.Where(tx, "bulletin", b.ID) {
			if err != nil {
				return web.Result{}, err
			}
			accepted = accepted || a.Value.Accepted
		}
		i := slices.IndexFunc(d.Pupils, func(p store.Record[school.Person]) bool { return p.ID == b.Value.Pupil })
		switch {
		case !accepted || b.Value.Replaced:
			return web.Result{}, school.Refuse("marks.appeal.refused.not_accepted", "")
		case i < 0:
			return web.Result{}, school.Refuse("marks.appeal.refused.left", "")
		case len(d.changes(b.Value)) == 0:
			return web.Result{}, school.Refuse("marks.appeal.refused.same", "")
		}
		d.key = key
		if err := d.forPaper(tx); err != nil {
			return web.Result{}, err
		}
		id, err := d.issueOne(tx, i, b)
		if err != nil {
			return web.Result{}, err
		}
		if err := d.count(tx); err != nil {
			return web.Result{}, err
		}
		return web.Result{To: issuedPath(id), Flash: "marks.appeal.flash.rectified"}, school.Audit(tx, c.Actor(), "bulletins.rectify", id, b.Value.Reference, nil)
	})
}

// onIssued runs a deed on the bulletin of a request; a refusal shows the page
// again with the words kept.
func onIssued(c *web.Ctx, deed func(tx *store.Tx, f *web.Form, b store.Record[issued], d *draft, today string) (web.Result, error)) error {
	f, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			id, err := c.ID("id")
			if err != nil {
				return web.Result{}, err
			}
			b, d, err := issuedFor(c, tx, id)
			if err != nil {
				return web.Result{}, err
			}
			now, _ := tx.Now()
			return deed(tx, f, b, d, now.Format(time.DateOnly))
		})
	}
	if !c.Refused(err) {
		return err
	}
	p, rerr := readIssuedPage(c)
	if rerr != nil {
		return rerr
	}
	p.Refused = p.T("marks.appeal.refused")
	p.Text = f.Get("text") + f.Get("answer")
	return c.Render(http.StatusUnprocessableEntity, issuedView(p))
}

func dayOf(day string) time.Time {
	t, _ := time.Parse(time.DateOnly, day)
	return t
}

func (p issuedPage) decided(a appeal) web.Mark {
	if a.Accepted {
		return web.Mark{Icon: "check", Tone: web.Green, Bold: p.T("marks.appeal.accepted")}
	}
	return web.Mark{Icon: "octagon", Tone: web.Brick, Bold: p.T("marks.appeal.rejected")}
}

// facts are a bulletin's facts as a page shows them.
func facts(list []bulletin.Fact) (out []web.Fact) {
	for _, f := range list {
		out = append(out, web.Fact{Label: f.Label, Text: f.Value})
	}
	return out
}

func cardHeads(p bulletin.Page) (heads []web.Head) {
	for _, c := range p.Columns {
		class := ""
		if c.Number {
			class = "n"
		}
		heads = append(heads, web.Head{Label: c.Title, Class: class})
	}
	return heads
}
