// Package audit shows the log of changes to who may read it: the head of a
// school, the operator at the office. Newest first; filtered by name, by kind of
// deed, by day, or to everything that happened to one record.
//
// It writes nothing: each module writes its lines with the change they tell.
package audit

import (
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/store"
	"preau/web"
)

//go:embed words/*.json
var files embed.FS

// Module is the feature, for modules/all.
func Module() appliance.Module {
	pages := []web.Route{{Path: "/audit", Access: school.May(school.SeeAudit), Handle: show}}
	return appliance.Module{
		Name: "audit", Files: files, Pages: pages, OfficePages: pages, Holds: holds,
		OfficeNav: []web.NavItem{{Key: "audit.nav", Href: "/audit", Access: school.May(school.SeeAudit)}},
	}
}

const (
	perPage = 50
	// farthest bounds how many lines one question looks through.
	farthest = 50_000
)

// filter is what the reader asks for.
type filter struct {
	Query  string // part of the name of who did it, or of whom it concerns
	Group  string // first word of the action
	Since  string // YYYY-MM-DD
	Until  string // YYYY-MM-DD, included
	Object store.ID
	From   int
}

type auditPage struct {
	web.Base
	filter
	Subject string // name of the object asked for
	Rows    []row
	Pages   web.Pages
	Ended   bool // stopped looking before the end
}

func asked(c *web.Ctx) filter {
	f := filter{Query: strings.TrimSpace(c.Query("q")), Group: c.Query("do"), Since: c.Query("since"), Until: c.Query("until")}
	f.Object, _ = store.ParseID(c.Query("about")) // anything else is no filter
	f.From, _ = strconv.Atoi(c.Query("from"))
	f.From = max(0, min(f.From, farthest))
	for _, day := range []*string{&f.Since, &f.Until} {
		if !school.ValidDay(*day) {
			*day = ""
		}
	}
	return f
}

func show(c *web.Ctx) error {
	p := auditPage{Base: c.Base("audit.title"), filter: asked(c)}
	err := c.View(func(tx *store.Tx) error {
		p.Rows = nil
		r := &reader{tx: tx, Base: p.Base, zone: c.Now().Location(), names: map[store.ID]string{}}
		if !p.Object.IsZero() {
			p.Subject = r.name(p.Object)
		}
		q := store.Query{Reverse: true}
		if !p.Object.IsZero() {
			q.Index, q.Prefix = "object", []any{p.Object}
		}
		n, seen := 0, 0
		for line, err := range school.AuditLog.Scan(tx, q) {
			if err != nil {
				return err
			}
			if seen++; seen > farthest {
				p.Ended = true
				break
			}
			if !r.fits(&p.filter, line) {
				continue
			}
			if n++; n > p.From && n <= p.From+perPage {
				p.Rows = append(p.Rows, r.row(line))
			}
		}
		p.Pages = p.paging(n)
		return nil
	})
	if err != nil {
		return err
	}
	if p.Subject != "" {
		p.Lead = p.T("audit.about", "name", p.Subject)
	}
	return c.Render(http.StatusOK, auditView(p))
}

func (f *filter) paging(total int) web.Pages {
	p := web.Pages{From: min(f.From+1, total), To: min(f.From+perPage, total), Total: total}
	at := func(from int) string {
		v := url.Values{}
		for name, text := range map[string]string{"q": f.Query, "do": f.Group, "since": f.Since, "until": f.Until, "about": f.Object.String()} {
			if text != "" {
				v.Set(name, text)
			}
		}
		if from > 0 {
			v.Set("from", strconv.Itoa(from))
		}
		return "/audit?" + v.Encode()
	}
	if f.From > 0 {
		p.Newer = at(max(0, f.From-perPage))
	}
	if f.From+perPage < total {
		p.Older = at(f.From + perPage)
	}
	return p
}

// fits tells whether a line is asked for.
func (r *reader) fits(f *filter, line store.Record[school.AuditEntry]) bool {
	e := &line.Value
	if f.Group != "" && !strings.HasPrefix(e.Action, f.Group+".") {
		return false
	}
	if f.Since != "" || f.Until != "" {
		day := line.Time.In(r.zone).Format(time.DateOnly)
		if day < f.Since || f.Until != "" && day > f.Until {
			return false
		}
	}
	return f.Query == "" || school.NameMatches(f.Query, e.Name) || school.NameMatches(f.Query, r.name(e.Object))
}

func (p *auditPage) options() []web.Option {
	list := []web.Option{{Value: "", Label: p.T("audit.group.all")}}
	for _, g := range groups() {
		list = append(list, web.Option{Value: g, Label: p.T("audit.group." + g)})
	}
	return list
}
