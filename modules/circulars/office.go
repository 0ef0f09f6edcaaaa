package circulars

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/store"
	"preau/web"
)

const perPage = 30

type officeRow struct {
	ID        store.ID
	Draft     bool
	Reference string
	Date      string
	Subject   string
	Deadline  string
	Urgent    bool
	State     string // draft, writing, signed, withdrawn, replaced
	Remark    string // why a draft came back
	Schools   int    // addressed
	Here      int    // of them, received
	Read      Count
}

type officeListPage struct {
	web.Base
	Drafts []officeRow
	Rows   []officeRow
	Query  string
	Pages  web.Pages
	Write  bool
	Sign   bool
}

func officeList(c *web.Ctx) error {
	p := officeListPage{Base: c.Base("circulars.list.title"), Query: strings.TrimSpace(c.Query("q"))}
	p.Write, p.Sign = school.May(school.WriteCirculars).Allows(c.Actor()), school.May(school.SignCirculars).Allows(c.Actor())
	from := c.From()
	err := c.View(func(tx *store.Tx) error {
		if p.Write || p.Sign {
			for d, err := range drafts.Where(tx, "open", true) {
				if err != nil {
					return err
				}
				row := officeRow{ID: d.ID, Draft: true, Reference: d.Value.Reference, Subject: d.Value.Subject, Deadline: d.Value.Deadline, Urgent: d.Value.Urgent, State: "draft", Remark: d.Value.Remark}
				if d.Value.Writing {
					row.State = "writing"
				}
				if p.Write || !d.Value.Writing {
					p.Drafts = append(p.Drafts, row)
				}
			}
		}
		ids, err := signedIDs(c, tx)
		if err != nil {
			return err
		}
		n := 0
		for _, id := range ids {
			here := n >= from && n < from+perPage
			if p.Query == "" && !here {
				n++
				continue
			}
			r, err := circulars.Get(tx, id)
			if err != nil {
				return err
			}
			h, err := r.Value.Signed.Decode()
			if err != nil {
				return err
			}
			if !school.NameMatches(p.Query, h.Reference+" "+h.Subject) {
				continue
			}
			if n++; !here {
				continue
			}
			row := officeRow{ID: r.ID, Reference: h.Reference, Date: h.Date, Subject: h.Subject, Deadline: h.Deadline, Urgent: h.Urgent}
			if row.State, _, err = stateOf(tx, r.ID); err != nil {
				return err
			}
			p.Rows = append(p.Rows, row)
		}
		p.Pages = web.PagesOf("/circulars", url.Values{"q": {p.Query}}, from, perPage, n)
		return p.count(c, tx, from)
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, officeListView(p))
}

// heard is what the schools that a person may see have said of a circular.
type heard struct {
	schools int
	read    Count
}

// count puts the figures of the schools to the rows. A circular to the whole
// country has a receipt of every school: those of a page are read once for all who
// may see the same schools, until another arrives.
func (p *officeListPage) count(c *web.Ctx, tx *store.Tx, from int) error {
	see := visible(c, tx)
	sum := func() ([]heard, error) {
		list := make([]heard, len(p.Rows))
		for i, row := range p.Rows {
			for r, err := range receipts.Where(tx, "circular", row.ID) {
				if err != nil {
					return nil, err
				}
				if see(r.Value.Site) {
					list[i].schools++
					list[i].read.Read += r.Value.All.Read
					list[i].read.Staff += r.Value.All.Staff
				}
			}
		}
		return list, nil
	}
	if p.Query == "" {
		read, who := sum, c.Person()
		key := fmt.Sprint("circulars.heard|", from, "|", org.Today(tx), "|", who.Roles, "|", who.Scope)
		sum = func() ([]heard, error) {
			return web.Remember(c, tx, key, []string{circulars.Name(), receipts.Name(), org.Units.Name()}, read)
		}
	}
	list, err := sum()
	if err != nil {
		return err
	}
	for i := range p.Rows {
		row := &p.Rows[i]
		row.Here, row.Read = list[i].schools, list[i].read
		for _, code := range store.Addressed(tx, row.ID) {
			if see(code) {
				row.Schools++
			}
		}
	}
	return nil
}

// signedIDs lists the signed circulars, newest first.
func signedIDs(c *web.Ctx, tx *store.Tx) ([]store.ID, error) {
	return web.Remember(c, tx, "circulars.signed", []string{circulars.Name()}, func() (ids []store.ID, err error) {
		for r, err := range circulars.Scan(tx, store.Query{Reverse: true}) {
			if err != nil {
				return nil, err
			}
			ids = append(ids, r.ID)
		}
		return ids, nil
	})
}

type officeShowPage struct {
	web.Base
	view
	Words   string
	Sum     receiptSum
	OldRef  string
	ByRef   string
	Replies int
	Write   bool
}

func officeShow(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var (
		r     store.Record[Circular]
		p     = officeShowPage{Base: c.Base("circulars.nav")}
		names map[string]string
	)
	err = c.View(func(tx *store.Tx) (err error) {
		if r, err = circulars.Get(tx, id); err != nil {
			return c.NotFound()
		}
		if names, err = unitNames(tx); err != nil {
			return err
		}
		if p.Standing, p.By, err = stateOf(tx, id); err != nil {
			return err
		}
		p.ByRef, p.OldRef = referenceOf(tx, p.By), referenceOf(tx, r.Value.Replaces)
		see := visible(c, tx)
		for rp, err := range replies.Where(tx, "circular", id) {
			if err != nil {
				return err
			}
			if see(rp.Value.Site) {
				p.Replies++
			}
		}
		list, err := schoolReceipts(c, tx, id)
		p.Sum = sum(list)
		return err
	})
	if err != nil {
		return err
	}
	state, by := p.Standing, p.By
	p.view = viewOf(c.DB(), r, true)
	p.Standing, p.By = state, by
	p.Title, p.Bare = p.Header.Subject, true
	p.Back = web.Link{Label: p.T("circulars.list.title"), Href: "/circulars"}
	p.Words = inWords(p.Base, p.Audience, names)
	p.Write = school.May(school.WriteCirculars).Allows(c.Actor())
	return c.Render(http.StatusOK, officeShowView(p))
}

func referenceOf(tx *store.Tx, id store.ID) string {
	if id.IsZero() {
		return ""
	}
	r, err := circulars.Get(tx, id)
	if err != nil {
		return ""
	}
	h, _ := r.Value.Signed.Decode()
	return h.Reference
}

func officeAnnex(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var r store.Record[Circular]
	if err := c.View(func(tx *store.Tx) (err error) { r, err = circulars.Get(tx, id); return err }); err != nil {
		return c.NotFound()
	}
	return sendAnnex(c, r.Value)
}

func sendAnnex(c *web.Ctx, v Circular) error {
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil || n < 1 || n > len(v.Annexes) {
		return c.NotFound()
	}
	return c.SendBlob(v.Annexes[n-1])
}

// schoolReceipt is one school's part in a circular.
type schoolReceipt struct {
	Code, Name, Region string
	RegionName         string
	Receipt            *Receipt  // nil: not received yet
	Contact            time.Time // last contact with its box; zero never
}

type receiptSum struct{ Schools, Received, Acknowledged, Aside, Read, Staff int }

func sum(list []schoolReceipt) (s receiptSum) {
	for _, r := range list {
		s.Schools++
		if r.Receipt == nil {
			continue
		}
		s.Received++
		if r.Receipt.Fault != "" {
			s.Aside++
		}
		if !r.Receipt.Acknowledged.IsZero() {
			s.Acknowledged++
		}
		s.Read += r.Receipt.All.Read
		s.Staff += r.Receipt.All.Staff
	}
	return s
}

// visible tells of which schools the person may see figures: an inspector those of
// the circumscription, others all. A school whose place cannot be told is not shown.
func visible(c *web.Ctx, tx *store.Tx) func(code string) bool {
	day, known := org.Today(tx), map[string]bool{}
	return func(code string) bool {
		ok, asked := known[code]
		if !asked {
			var err error
			ok, err = org.MaySee(tx, c.Person(), code, day)
			ok = ok && err == nil
			known[code] = ok
		}
		return ok
	}
}

// schoolReceipts lists the schools a circular is addressed to and the person may
// see, with what each has said of it and when its box was last heard.
func schoolReceipts(c *web.Ctx, tx *store.Tx, id store.ID) ([]schoolReceipt, error) {
	have := map[string]Receipt{}
	for r, err := range receipts.Where(tx, "circular", id) {
		if err != nil {
			return nil, err
		}
		have[r.Value.Site] = r.Value
	}
	names, err := unitNames(tx)
	if err != nil {
		return nil, err
	}
	last, err := school.ContactsBySite(tx)
	if err != nil {
		return nil, err
	}
	var list []schoolReceipt
	see := visible(c, tx)
	for _, code := range store.Addressed(tx, id) {
		if !see(code) {
			continue
		}
		s := schoolReceipt{Code: code, Name: names[org.NormalizeCode(code)], Contact: last[code].Last}
		if region, _, err := org.Path(tx, code); err == nil {
			s.Region, s.RegionName = region.Code, region.Name
		}
		if r, ok := have[code]; ok {
			s.Receipt = &r
		}
		list = append(list, s)
	}
	return list, nil
}
