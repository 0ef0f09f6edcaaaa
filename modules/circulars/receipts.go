package circulars

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strings"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/store"
	"preau/web"
)

// Where a school stands with a circular, the most troubling first. Who was not
// heard since the signature is told apart from who has not read.
var standings = []string{"aside", "never", "silent", "on_its_way", "received", "acknowledged"}

func (s schoolReceipt) standing(signed time.Time) string {
	switch {
	case s.Receipt != nil && s.Receipt.Fault != "":
		return "aside"
	case s.Receipt != nil && !s.Receipt.Acknowledged.IsZero():
		return "acknowledged"
	case s.Receipt != nil:
		return "received"
	case s.Contact.IsZero():
		return "never"
	case s.Contact.Before(signed):
		return "silent"
	}
	return "on_its_way"
}

type receiptsPage struct {
	web.Base
	ID        store.ID
	Reference string
	Sum       receiptSum
	Standings []standingCount
	Regions   []regionCount
	Roles     []school.RoleCount
	Schools   []schoolReceipt // those of the page
	Pages     web.Pages
	Only      string // words for what the list of schools is narrowed to; "" shows all
	Silent    int    // schools without contact since the circular was signed
	Signed    time.Time
}

type standingCount struct {
	Standing string
	Schools  int
}

type regionCount struct {
	Code     string
	Name     string
	Schools  int
	Received int
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
	var all []schoolReceipt
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
		all, err = schoolReceipts(c, tx, id)
		return err
	})
	if err != nil {
		return err
	}
	p.count(all)
	p.narrow(all, c)
	p.Lead = p.T("circulars.lead", "reference", p.Reference)
	p.Back = web.Link{Label: p.Reference, Href: "/circulars/" + id.String()}
	return c.Render(http.StatusOK, receiptsView(p))
}

func (p *receiptsPage) count(all []schoolReceipt) {
	regions, roles, alike := map[string]*regionCount{}, map[school.Role]*school.RoleCount{}, map[string]int{}
	for _, s := range all {
		alike[s.standing(p.Signed)]++
		g := regions[s.Region]
		if g == nil {
			g = &regionCount{Code: s.Region, Name: s.RegionName}
			regions[s.Region] = g
		}
		g.Schools++
		if s.Receipt == nil {
			continue
		}
		g.Received++
		g.Read += s.Receipt.All.Read
		g.Staff += s.Receipt.All.Staff
		for role, n := range s.Receipt.ByRole {
			k := roles[school.Role(role)]
			if k == nil {
				k = &school.RoleCount{Role: school.Role(role)}
				roles[k.Role] = k
			}
			k.Read += n.Read
			k.Staff += n.Staff
		}
	}
	for _, st := range standings {
		if n := alike[st]; n > 0 {
			p.Standings = append(p.Standings, standingCount{st, n})
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
	p.Silent = alike["never"] + alike["silent"]
	p.Sum = sum(all)
}

// narrow keeps the schools of a region or of a standing when the address asks for
// it, puts who stands worst first, and cuts out one page.
func (p *receiptsPage) narrow(all []schoolReceipt, c *web.Ctx) {
	region, standing := c.Query("region"), c.Query("standing")
	kept := slices.DeleteFunc(slices.Clone(all), func(s schoolReceipt) bool {
		return region != "" && s.Region != region || standing != "" && s.standing(p.Signed) != standing
	})
	if i := slices.IndexFunc(p.Regions, func(g regionCount) bool { return g.Code == region }); region != "" && i >= 0 {
		p.Only = named(p.Base, p.Regions[i].Name)
	}
	if slices.Contains(standings, standing) {
		p.Only = p.T("circulars.receipts." + standing)
	}
	rank := map[string]int{}
	for i, st := range standings {
		rank[st] = i
	}
	share := func(s schoolReceipt) float64 {
		if s.Receipt == nil {
			return 0
		}
		return float64(s.Receipt.All.Read) / float64(max(s.Receipt.All.Staff, 1))
	}
	slices.SortStableFunc(kept, func(a, b schoolReceipt) int {
		return cmp.Or(cmp.Compare(rank[a.standing(p.Signed)], rank[b.standing(p.Signed)]), cmp.Compare(share(a), share(b)), strings.Compare(a.Name, b.Name))
	})
	p.Pages = web.PagesOf("/circulars/"+p.ID.String()+"/receipts", url.Values{"region": {region}, "standing": {standing}}, c.From(), schoolsPerPage, len(kept))
	p.Pages.ByName = true
	p.Schools = web.Cut(kept, c.From(), schoolsPerPage)
}

// schoolsPerPage is how many schools a page of receipts lists.
const schoolsPerPage = 50

// standingMark is a standing in words; mark adds what is known of one school.
func (p receiptsPage) standingMark(standing string) web.Mark {
	m := map[string]web.Mark{
		"aside":        {Icon: "octagon", Tone: web.Brick},
		"never":        {Icon: "clock", Tone: web.Brick},
		"silent":       {Icon: "clock", Tone: web.Brick},
		"on_its_way":   {Icon: "arrow", Tone: web.Blue},
		"received":     {Icon: "roof", Tone: web.Ochre},
		"acknowledged": {Icon: "check", Tone: web.Green},
	}[standing]
	m.Bold = p.T("circulars.receipts." + standing)
	return m
}

func (p receiptsPage) mark(s schoolReceipt) web.Mark {
	standing := s.standing(p.Signed)
	m := p.standingMark(standing)
	switch standing {
	case "aside":
		m.Text = p.T(s.Receipt.Fault)
	case "acknowledged":
		m.Text = p.Moment(s.Receipt.Acknowledged)
	case "received":
		m.Text = p.Moment(s.Receipt.Received)
	case "never":
		m.Text = p.T("circulars.receipts.never_text")
	case "silent":
		m.Text = p.T("circulars.receipts.since", "when", p.Moment(s.Contact))
	default:
		m.Text = p.T("circulars.receipts.seen", "when", p.Moment(s.Contact))
	}
	return m
}

func (p receiptsPage) at(key, value string) string {
	return "/circulars/" + p.ID.String() + "/receipts?" + url.Values{key: {value}}.Encode()
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
		see := visible(c, tx)
		for r, err := range replies.Where(tx, "circular", id) {
			if err != nil {
				return err
			}
			if see(r.Value.Site) {
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
		if !visible(c, tx)(r.Value.Site) {
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
