package notices

import (
	"errors"
	"net/http"

	"preau/school"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

type showPage struct {
	web.Base
	ID       store.ID
	Notice   Notice
	Line     line
	State    string
	Words    string // whom it means
	Old      string // what it ends, in words
	OldID    store.ID
	ByID     store.ID // what ends it, when this person may open that
	Annexes  []annexRow
	QR, Code string
	Left     []string // official header
	Right    []string
	Place    string // and day
	Mine     school.Reading
	Ask      bool // for an acknowledgement
	Counts   school.ReadCount
	Register bool
	Write    bool
}

type annexRow struct {
	store.Blob
	Here bool
}

// show is a notice as it was signed, and what has become of it.
func show(c *web.Ctx) error { return renderNotice(c, http.StatusOK) }

// mayRead is the notice of a path and its line when the person may open it; else it
// looks like one that is not there.
func mayRead(c *web.Ctx, tx *store.Tx, id store.ID) (n store.Record[Notice], l line, who reader, err error) {
	if n, err = notices.Get(tx, id); err != nil {
		return n, l, who, missing(c, err)
	}
	if l, err = one(tx, n); err != nil {
		return n, l, who, err
	}
	if who, err = readerOf(c, tx); err == nil && !who.sees(&l, today(tx)) {
		err = c.NotFound()
	}
	return n, l, who, err
}

func renderNotice(c *web.Ctx, status int) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	p := showPage{Base: c.Base("notices.nav"), ID: id}
	var pack *packs.Pack
	err = c.View(func(tx *store.Tx) error {
		n, l, who, err := mayRead(c, tx, id)
		if err != nil {
			return err
		}
		day := today(tx)
		p.Notice, p.Line, p.State = n.Value, l, l.state(day)
		names, err := labelsOf(c, tx)
		if err != nil {
			return err
		}
		p.Words = inWords(p.Base, l.audience, names.label)
		if err := p.around(c, tx, &who, day); err != nil {
			return err
		}
		if m, err := school.Readings.One(tx, "document", id, c.Actor().ID); err == nil {
			p.Mine = m.Value
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		p.Ask = l.asks(day) && who.meant(&l) && p.Mine.At.IsZero()
		p.Register = l.ack && school.May(school.SeeReceipts).Allows(c.Actor())
		if p.Register {
			if p.Counts, err = countsOf(c, tx, &l); err != nil {
				return err
			}
		}
		p.Write = school.May(school.WriteNotices).Allows(c.Actor()) && mayEnd(&l, day) == nil
		pack, err = packs.Here(tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, a := range p.Notice.Text.Annexes {
		p.Annexes = append(p.Annexes, annexRow{a, c.DB().HasBlob(a.Hash)})
	}
	p.QR, p.Code = seal.QRSVG(seal.QRText(p.Notice.Signed), 30), seal.PrintCode(p.Notice.Code)
	p.letterhead(pack)
	p.Title, p.Bare = p.Notice.Text.Subject, true
	p.Back = web.Link{Label: p.T("notices.list.title"), Href: "/notices"}
	return c.Render(status, showView(p))
}

// around finds the notices that this one ends and is ended by. A link leads there
// only for who may open it.
func (p *showPage) around(c *web.Ctx, tx *store.Tx, who *reader, day string) error {
	p.Old, p.OldID, p.ByID = "", store.ID{}, store.ID{}
	for _, x := range []struct {
		id store.ID
		to *store.ID
	}{{p.Line.old, &p.OldID}, {p.Line.by, &p.ByID}} {
		if x.id.IsZero() {
			continue
		}
		r, err := notices.Get(tx, x.id)
		if err != nil {
			return err
		}
		l, err := one(tx, r)
		if err != nil {
			return err
		}
		if who.sees(&l, day) {
			*x.to = x.id
		}
		if x.to == &p.OldID {
			p.Old = the(p.Base, &r.Value)
		}
	}
	return nil
}

// letterhead is what stands above and below a notice on paper.
func (p *showPage) letterhead(pack *packs.Pack) {
	if h, ok := pack.HeaderOn(p.Notice.Date); ok {
		p.Left = append(p.Left, h.Left...)
	}
	p.Left = append(p.Left, p.Site.Name)
	p.Right = []string{pack.About.Republic, pack.About.Motto}
	p.Place = p.T("notices.paper.day", "day", p.LongDay(p.Notice.Date))
	if p.Site.Town != "" {
		p.Place = p.T("notices.paper.place", "place", p.Site.Town, "day", p.LongDay(p.Notice.Date))
	}
}

// kindWord is the key of a kind's name.
func kindWord(k Kind) string { return "notices.kind." + string(k) }

// the names a notice within a sentence: "la note de service n° 004/…".
func the(b web.Base, n *Notice) string {
	return b.T("notices.the."+string(n.Text.Kind), "reference", n.Reference)
}

// deeds are what the censeur and the proviseur can do with a notice.
func (p showPage) deeds() []web.Button {
	if !p.Register {
		return nil
	}
	at := "/notices/" + p.ID.String()
	list := []web.Button{{Label: p.T("notices.readers.link"), Href: at + "/readers", Kind: web.Secondary}}
	if p.State == Current || p.State == Expired { // a sheet may be ticked late, but what is taken back is signed no more
		list = append(list, web.Button{Label: p.T("notices.sheet.link"), Href: at + "/sheet", Kind: web.Secondary})
	}
	return list
}

// doAcknowledge is "Lu et pris connaissance". A notice that was withdrawn or replaced
// while somebody read it says so instead.
func doAcknowledge(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	err = c.Post(func(tx *store.Tx) (web.Result, error) {
		_, l, who, err := mayRead(c, tx, id)
		if err != nil {
			return web.Result{}, err
		}
		if !l.ack || !who.meant(&l) {
			return web.Result{}, c.NotFound() // nobody asked this person
		}
		if err := mayAcknowledge(&l, today(tx)); err != nil {
			return web.Result{}, err
		}
		_, _, err = school.NoteReading(tx, id, who.me, "")
		return web.Result{To: "/notices/" + id.String(), Flash: "notices.flash.read"}, err
	})
	if c.Refused(err) {
		return renderNotice(c, http.StatusUnprocessableEntity)
	}
	return err
}

func mayAcknowledge(l *line, day string) error {
	switch s := l.state(day); {
	case s == Withdrawn, s == Replaced:
		return school.Refuse("notices.refused.read_"+s, "", "reference", l.byReference)
	case s == Coming:
		return school.Refuse("notices.refused.coming", "", "day", l.from)
	}
	return nil
}

func annex(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var list []store.Blob
	err = c.View(func(tx *store.Tx) error {
		n, _, _, err := mayRead(c, tx, id)
		list = n.Value.Text.Annexes
		return err
	})
	if err != nil {
		return err
	}
	return sendAnnex(c, list)
}
