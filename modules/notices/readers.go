package notices

import (
	"net/http"
	"net/url"
	"slices"

	"preau/school"
	"preau/store"
	"preau/web"
)

// staffGroup names all staff meant by a notice; other groups are classes, by id.
const staffGroup = "staff"

// group is one part of those meant by a notice, small enough for a page.
type group struct {
	Key, Label string
	school.ReadCount
}

type readersPage struct {
	web.Base
	ID      store.ID
	Groups  []group
	Counts  school.ReadCount
	Group   string // of the names below
	Label   string
	Readers []school.Reader // who has not read first
	Ticked  []string
	Left    bool // somebody has not read yet
}

// groupsOf are the groups meant by a notice, with how many have read: staff, then
// the classes in their order.
func groupsOf(c *web.Ctx, tx *store.Tx, b web.Base, id store.ID, a *Audience) (list []group, err error) {
	everybody, err := members(c, tx)
	if err != nil {
		return nil, err
	}
	names, err := labelsOf(c, tx)
	if err != nil {
		return nil, err
	}
	read := map[store.ID]bool{}
	for r, err := range school.Readings.Where(tx, "document", id) {
		if err != nil {
			return nil, err
		}
		read[r.Value.Person] = true
	}
	counts := map[string]*school.ReadCount{}
	for i := range everybody {
		m := &everybody[i]
		if !read[m.id] && !a.means(&m.person, m.level) {
			continue
		}
		key := groupKey(&m.person)
		if counts[key] == nil {
			counts[key] = &school.ReadCount{}
		}
		counts[key].Staff++
		if read[m.id] {
			counts[key].Read++
		}
	}
	keys := append([]string{staffGroup}, idTexts(names.order)...)
	for _, k := range keys {
		if counts[k] == nil {
			continue
		}
		g := group{Key: k, Label: b.T("notices.group.staff"), ReadCount: *counts[k]}
		if k != staffGroup {
			class, _ := store.ParseID(k)
			g.Label = names.label[class]
		}
		list = append(list, g)
	}
	return list, nil
}

func groupKey(p *school.Person) string {
	if p.Kind == school.PupilKind {
		return p.Class.String()
	}
	return staffGroup
}

// people are those of a group, in the order of names.
func people(tx *store.Tx, key string) ([]store.Record[school.Person], error) {
	if key == staffGroup {
		return school.Roster.Staff(tx)
	}
	class, err := store.ParseID(key)
	if err != nil {
		return nil, nil
	}
	return school.Roster.Pupils(tx, class)
}

// readersOf lists those of a group who are meant by a notice or have read it.
func readersOf(tx *store.Tx, id store.ID, a *Audience, key string) ([]school.Reader, error) {
	list, err := people(tx, key)
	if err != nil {
		return nil, err
	}
	level := ""
	if key != staffGroup && len(list) > 0 {
		if level, err = levelOf(tx, list[0].Value.Class); err != nil {
			return nil, err
		}
	}
	return school.ReadersOf(tx, id, list, func(p store.Record[school.Person]) (bool, error) { return a.means(&p.Value, level), nil })
}

// readersPageOf gathers who has read and who has not: by group, and by name for the
// group that the address asks for, else the first.
func readersPageOf(c *web.Ctx, title, want string) (p readersPage, err error) {
	id, err := c.ID("id")
	if err != nil {
		return p, err
	}
	p = readersPage{Base: c.Base(title), ID: id}
	err = c.View(func(tx *store.Tx) error {
		n, l, _, err := mayRead(c, tx, id)
		if err != nil || !l.ack {
			return c.NotFound()
		}
		p.Lead = p.T(kindWord(l.kind)) + " " + n.Value.Reference + " · " + n.Value.Text.Subject
		p.Back = web.Link{Label: n.Value.Reference, Href: "/notices/" + id.String()}
		if p.Groups, err = groupsOf(c, tx, p.Base, id, &l.audience); err != nil {
			return err
		}
		p.Counts = school.ReadCount{}
		for _, g := range p.Groups {
			p.Counts.Read += g.Read
			p.Counts.Staff += g.Staff
		}
		if len(p.Groups) == 0 {
			return nil
		}
		at := max(0, slices.IndexFunc(p.Groups, func(g group) bool { return g.Key == want }))
		p.Group, p.Label, p.Left = p.Groups[at].Key, p.Groups[at].Label, p.Groups[at].Read < p.Groups[at].Staff
		if p.Readers, err = readersOf(tx, id, &l.audience, p.Group); err != nil {
			return err
		}
		school.UnreadFirst(p.Readers)
		return nil
	})
	return p, err
}

// at is an address of this notice that asks for a group.
func (p readersPage) at(page, key string) string {
	return "/notices/" + p.ID.String() + "/" + page + "?" + url.Values{"group": {key}}.Encode()
}

func showReaders(c *web.Ctx) error {
	p, err := readersPageOf(c, "notices.readers.title", c.Query("group"))
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, readersView(p))
}

// sheetPage is the émargement: printed, signed by hand, ticked here afterwards.
func sheetPage(c *web.Ctx) error {
	p, err := readersPageOf(c, "notices.sheet.title", c.Query("group"))
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, sheetView(p))
}

// doTick notes who signed the printed sheet.
func doTick(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			_, l, _, err := mayRead(c, tx, id)
			if err != nil || !l.ack {
				return web.Result{}, c.NotFound()
			}
			list, err := readersOf(tx, id, &l.audience, f.Get("group"))
			if err != nil {
				return web.Result{}, err
			}
			n := 0
			for _, x := range list {
				if x.Read() || !slices.Contains(f.All("signed"), x.Person.ID.String()) {
					continue
				}
				if _, _, err := school.NoteReading(tx, id, x.Person, c.Actor().Name); err != nil {
					return web.Result{}, err
				}
				n++
			}
			if n == 0 {
				return web.Result{}, school.Refuse("notices.refused.nobody_ticked", "signed")
			}
			to := readersPage{ID: id}
			return web.Result{To: to.at("readers", f.Get("group")), Flash: "notices.flash.ticked", FlashArgs: map[string]any{"count": n}},
				school.Audit(tx, c.Actor(), "notices.tick", id, nil, n)
		})
	}
	if c.Refused(err) {
		p, perr := readersPageOf(c, "notices.sheet.title", f.Get("group"))
		if perr != nil {
			return perr
		}
		p.Ticked = f.All("signed")
		return c.Render(http.StatusUnprocessableEntity, sheetView(p))
	}
	return err
}
