package circulars

import (
	"net/http"
	"sort"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/store"
	"preau/web"
)

type receiptsPage struct {
	web.Base
	ID        store.ID
	Reference string
	Sum       receiptSum
	Regions   []regionCount
	Roles     []roleCount
	Schools   []schoolReceipt
	Silent    int // schools without contact since the circular was signed
	Signed    time.Time
}

type regionCount struct {
	Name     string
	Schools  int
	Received int
	Count
}

type roleCount struct {
	Role school.Role
	Count
}

// officeReceipts shows who has received and read, by school, region and role.
// An inspector sees the schools of the circumscription alone.
func officeReceipts(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	p := receiptsPage{Base: c.Base("circulars.receipts.title"), ID: id}
	err = c.View(func(tx *store.Tx) error {
		r, err := circulars.Get(tx, id)
		if err != nil {
			return c.NotFound()
		}
		h, err := r.Value.Signed.Decode()
		if err != nil {
			return err
		}
		p.Reference, p.Signed = h.Reference, r.Time
		list, err := schoolReceipts(tx, id)
		if err != nil {
			return err
		}
		for _, s := range list {
			if ok, err := org.MaySee(tx, c.Person(), s.Code, org.Today(tx)); err != nil {
				return err
			} else if ok {
				p.Schools = append(p.Schools, s)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.count()
	p.Lead = p.T("circulars.lead", "reference", p.Reference)
	p.Back = web.Link{Label: p.Reference, Href: "/circulars/" + id.String()}
	return c.Render(http.StatusOK, receiptsView(p))
}

func (p *receiptsPage) count() {
	regions, roles := map[string]*regionCount{}, map[school.Role]*roleCount{}
	for _, s := range p.Schools {
		g := regions[s.Region]
		if g == nil {
			g = &regionCount{Name: s.RegionName}
			regions[s.Region] = g
		}
		g.Schools++
		if s.Receipt == nil {
			if s.Contact.Before(p.Signed) {
				p.Silent++
			}
			continue
		}
		g.Received++
		g.Read += s.Receipt.All.Read
		g.Staff += s.Receipt.All.Staff
		for role, n := range s.Receipt.ByRole {
			k := roles[school.Role(role)]
			if k == nil {
				k = &roleCount{Role: school.Role(role)}
				roles[k.Role] = k
			}
			k.Read += n.Read
			k.Staff += n.Staff
		}
	}
	for _, g := range regions {
		p.Regions = append(p.Regions, *g)
	}
	sort.Slice(p.Regions, func(i, j int) bool { return p.Regions[i].Name < p.Regions[j].Name })
	for _, r := range school.BoxRoles {
		if k := roles[r]; k != nil {
			p.Roles = append(p.Roles, *k)
		}
	}
	// Who has not received stands first, then who has read least.
	sort.SliceStable(p.Schools, func(i, j int) bool {
		a, b := p.Schools[i].Receipt, p.Schools[j].Receipt
		if a == nil || b == nil {
			return a == nil && b != nil
		}
		return a.All.Read*max(b.All.Staff, 1) < b.All.Read*max(a.All.Staff, 1)
	})
	p.Sum = sum(p.Schools)
}

// mark is where a school stands, in words: no contact is not "not read".
func (p receiptsPage) mark(s schoolReceipt) web.Mark {
	switch {
	case s.Receipt != nil && s.Receipt.Fault != "":
		return web.Mark{Icon: "octagon", Tone: web.Brick, Bold: p.T("circulars.receipts.aside"), Text: p.T(s.Receipt.Fault)}
	case s.Receipt != nil && !s.Receipt.Acknowledged.IsZero():
		return web.Mark{Icon: "check", Tone: web.Green, Bold: p.T("circulars.receipts.acknowledged"), Text: p.Moment(s.Receipt.Acknowledged)}
	case s.Receipt != nil:
		return web.Mark{Icon: "roof", Tone: web.Ochre, Bold: p.T("circulars.receipts.received"), Text: p.Moment(s.Receipt.Received)}
	case s.Contact.IsZero():
		return web.Mark{Icon: "clock", Tone: web.Brick, Bold: p.T("circulars.receipts.never"), Text: p.T("circulars.receipts.never_text")}
	case s.Contact.Before(p.Signed):
		return web.Mark{Icon: "clock", Tone: web.Brick, Bold: p.T("circulars.receipts.silent"), Text: p.T("circulars.receipts.since", "when", p.Moment(s.Contact))}
	}
	return web.Mark{Icon: "arrow", Tone: web.Blue, Bold: p.T("circulars.receipts.on_its_way"), Text: p.T("circulars.receipts.seen", "when", p.Moment(s.Contact))}
}

type replyRow struct {
	ID     store.ID
	School string
	Reply  Reply
	Here   bool
}

type repliesPage struct {
	web.Base
	Rows []replyRow
}

// officeReplies lists what schools answered.
func officeReplies(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	p := repliesPage{Base: c.Base("circulars.replies.title")}
	var reference string
	err = c.View(func(tx *store.Tx) error {
		if _, err := circulars.Get(tx, id); err != nil {
			return c.NotFound()
		}
		reference = referenceOf(tx, id)
		names, err := unitNames(tx)
		if err != nil {
			return err
		}
		for r, err := range replies.Where(tx, "circular", id) {
			if err != nil {
				return err
			}
			if ok, err := org.MaySee(tx, c.Person(), r.Value.Site, org.Today(tx)); err != nil {
				return err
			} else if ok {
				p.Rows = append(p.Rows, replyRow{ID: r.ID, School: names[org.NormalizeCode(r.Value.Site)], Reply: r.Value})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range p.Rows {
		p.Rows[i].Here = c.DB().HasBlob(p.Rows[i].Reply.File.Hash)
	}
	p.Lead = p.T("circulars.lead", "reference", reference)
	p.Back = web.Link{Label: reference, Href: "/circulars/" + id.String()}
	return c.Render(http.StatusOK, repliesView(p))
}

func replyFile(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var file store.Blob
	err = c.View(func(tx *store.Tx) error {
		r, err := replies.Get(tx, id)
		if err != nil {
			return c.NotFound()
		}
		ok, err := org.MaySee(tx, c.Person(), r.Value.Site, org.Today(tx))
		if err != nil || !ok {
			return c.NotFound()
		}
		file = r.Value.File
		return nil
	})
	if err != nil || file.Hash.IsZero() {
		return c.NotFound()
	}
	return c.SendBlob(file)
}
