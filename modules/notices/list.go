package notices

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"preau/school"
	"preau/store"
	"preau/web"
)

const perPage = 30

// row is a notice in a list, as one person sees it.
type row struct {
	line
	State  string
	Words  string // whom it means
	Read   bool   // by this person
	Meant  bool   // this person
	Counts school.ReadCount
	Asks   bool // an acknowledgement of this person
}

// draftRow is a notice being written.
type draftRow struct {
	ID      store.ID
	Subject string
	By      store.ID
	Author  string
	Remark  string
	Writing bool
	Kind    Kind
}

type listPage struct {
	web.Base
	Drafts   []draftRow
	Rows     []row
	Pages    web.Pages
	Query    string
	Year     string
	Years    []string
	Register bool // counts of who has read
	Write    bool
	Sign     bool
	Archive  bool
}

func newList(c *web.Ctx, title string) listPage {
	who := c.Actor()
	return listPage{
		Base: c.Base(title), Query: strings.TrimSpace(c.Query("q")),
		Register: school.May(school.SeeReceipts).Allows(who), Write: school.May(school.WriteNotices).Allows(who), Sign: school.May(school.SignNotices).Allows(who),
	}
}

// showBoard lists the notices that stand today and those signed for later, above
// them what is being written.
func showBoard(c *web.Ctx) error {
	p := newList(c, "notices.list.title")
	err := c.View(func(tx *store.Tx) (err error) {
		p.Drafts = nil
		if p.Write {
			if p.Drafts, err = openDrafts(tx); err != nil {
				return err
			}
		}
		return p.fill(c, tx, "/notices", nil, func(l *line, day string) bool {
			s := l.state(day)
			return s == Current || s == Coming
		})
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, listView(p))
}

// showArchive lists all notices of a year, or those in which words are found.
func showArchive(c *web.Ctx) error {
	p := newList(c, "notices.archive.title")
	p.Archive, p.Year = true, c.Query("year")
	p.Back = web.Link{Label: p.T("notices.list.title"), Href: "/notices"}
	err := c.View(func(tx *store.Tx) error {
		return p.fill(c, tx, "/notices/archive", url.Values{"q": {p.Query}, "year": {p.Year}}, func(l *line, _ string) bool {
			return (p.Year == "" || l.year == p.Year) && school.NameMatches(p.Query, l.reference+" "+l.subject)
		})
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, listView(p))
}

func openDrafts(tx *store.Tx) (list []draftRow, err error) {
	for d, err := range drafts.Where(tx, "open", true) {
		if err != nil {
			return nil, err
		}
		v := &d.Value
		list = append(list, draftRow{d.ID, v.Text.Subject, v.Author, v.AuthorIs, v.Remark, v.Writing, v.Text.Kind})
	}
	return list, nil
}

// fill reads one page of what the person sees and keep wants.
func (p *listPage) fill(c *web.Ctx, tx *store.Tx, path string, query url.Values, keep func(l *line, day string) bool) error {
	who, err := readerOf(c, tx)
	if err != nil {
		return err
	}
	all, err := register(c, tx)
	if err != nil {
		return err
	}
	names, err := labelsOf(c, tx)
	if err != nil {
		return err
	}
	day, from := today(tx), c.From()
	var list []line
	for i := range all {
		l := &all[i]
		if !who.sees(l, day) {
			continue
		}
		if p.Archive && !slices.Contains(p.Years, l.year) {
			p.Years = append(p.Years, l.year)
		}
		if keep(l, day) {
			list = append(list, *l)
		}
	}
	p.Rows = nil
	for _, l := range web.Cut(list, from, perPage) {
		r := row{line: l, State: l.state(day), Words: inWords(p.Base, l.audience, names.label), Meant: who.meant(&l)}
		if l.ack && r.Meant {
			if r.Read, err = school.HasRead(tx, l.id, who.me.ID); err != nil {
				return err
			}
			r.Asks = !r.Read && l.asks(day)
		}
		if l.ack && p.Register {
			if r.Counts, err = countsOf(c, tx, &l); err != nil {
				return err
			}
		}
		p.Rows = append(p.Rows, r)
	}
	p.Pages = web.PagesOf(path, query, from, perPage, len(list))
	return nil
}

// member is somebody of the school, as counting needs them.
type member struct {
	id     store.ID
	person school.Person // kind, roles and class alone
	level  string
}

// members is everybody who is here. It is shared by all who ask.
func members(c *web.Ctx, tx *store.Tx) ([]member, error) {
	return web.Remember(c, tx, "notices.members", []string{school.People.Name(), school.Classes.Name()}, func() (list []member, err error) {
		names, err := labelsOf(c, tx)
		if err != nil {
			return nil, err
		}
		for p, err := range school.People.All(tx) {
			if err != nil {
				return nil, err
			}
			if p.Value.Left == "" {
				v := &p.Value
				list = append(list, member{p.ID, school.Person{Kind: v.Kind, Roles: v.Roles, Class: v.Class}, names.level[v.Class]})
			}
		}
		return list, nil
	})
}

// meantNow counts whom an audience means today.
func meantNow(c *web.Ctx, tx *store.Tx, a *Audience) (n int, err error) {
	list, err := members(c, tx)
	for i := range list {
		if a.means(&list[i].person, list[i].level) {
			n++
		}
	}
	return n, err
}

// countsOf counts who of those meant by a notice, or having read it all the same,
// has read it: the sum of what its page of readers shows.
func countsOf(c *web.Ctx, tx *store.Tx, l *line) (school.ReadCount, error) {
	made := []string{notices.Name(), school.People.Name(), school.Classes.Name(), school.Readings.Name()}
	return web.Remember(c, tx, "notices.count|"+l.id.String(), made, func() (n school.ReadCount, err error) {
		read := map[store.ID]bool{}
		for r, err := range school.Readings.Where(tx, "document", l.id) {
			if err != nil {
				return n, err
			}
			read[r.Value.Person] = true
		}
		list, err := members(c, tx)
		for i := range list {
			switch {
			case read[list[i].id]:
				n.Read++
				n.Staff++
			case l.audience.means(&list[i].person, list[i].level):
				n.Staff++
			}
		}
		return n, err
	})
}

func (p listPage) head() []web.Head {
	head := []web.Head{{Label: p.T("notices.col.from"), Class: "m"}, {Label: p.T("notices.col.subject")}, {Label: p.T("notices.col.state")}}
	if p.Register {
		head = append(head, web.Head{Label: p.T("notices.col.readers"), Class: "n"})
	}
	return head
}

// draftLink opens a draft for its writer; what waits takes who signs to signing.
func (p listPage) draftLink(d draftRow) string {
	at := "/notices/drafts/" + d.ID.String()
	if p.Sign && !d.Writing {
		return at + "/sign"
	}
	return at
}

func (p listPage) draftMark(d draftRow) web.Mark {
	switch {
	case !d.Writing:
		return web.Mark{Icon: "clock", Tone: web.Ochre, Bold: p.T("notices.state.waiting")}
	case d.Remark != "":
		return web.Mark{Icon: "octagon", Tone: web.Brick, Bold: p.T("notices.state.given_back")}
	}
	return web.Mark{Icon: "file", Tone: web.Blue, Bold: p.T("notices.state.writing")}
}

func (p listPage) yearLink(year string) string {
	return "/notices/archive?" + url.Values{"q": {p.Query}, "year": {year}}.Encode()
}
