package people

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

// personPage is what is known of one person.
type personPage struct {
	web.Base
	ID        store.ID
	Person    school.Person
	Facts     []web.Fact
	Change    bool // may edit, leave, undo
	Accounts  bool // may give functions and close the account
	Held      bool // may print all that is held
	Reset     bool // may give a one-time password
	HasSecret bool
	Last      *lastChange
	Alike     []school.Listed
	Photo     bool
}

// seePerson reads the person of the address. Who may not see them is told that
// there is no such page. Colleagues' records are for who sees the whole roster:
// a teacher sees those of the pupils taught.
func seePerson(c *web.Ctx, tx *store.Tx) (r store.Record[school.Person], err error) {
	id, err := c.ID("id")
	if err != nil {
		return r, err
	}
	if r, err = school.Roster.Person(tx, id); err != nil {
		return r, c.NotFound()
	}
	may, err := school.MaySeePerson(tx, c.Actor(), r)
	if err != nil {
		return r, err
	}
	if !may || r.Value.Kind == school.Staff && !school.May(school.SeePeople).Allows(c.Actor()) && r.ID != c.Actor().ID {
		return r, c.NotFound()
	}
	return r, nil
}

// changeable is the person with this id, when the one who asks may change them.
func changeable(c *web.Ctx, tx *store.Tx, id store.ID) (store.Record[school.Person], error) {
	r, err := school.Roster.Person(tx, id)
	if err != nil || !school.May(school.ChangePeople).Allows(c.Actor()) {
		return r, c.NotFound()
	}
	return r, nil
}

func showPerson(c *web.Ctx) error { return showPersonAt(c, http.StatusOK) }

func showPersonAt(c *web.Ctx, status int) error {
	p := personPage{}
	var words labels
	err := c.View(func(tx *store.Tx) error {
		r, err := seePerson(c, tx)
		if err != nil {
			return err
		}
		p.ID, p.Person = r.ID, r.Value
		if words, err = readLabels(tx); err != nil {
			return err
		}
		p.Change = school.May(school.ChangePeople).Allows(c.Actor())
		p.Accounts = r.Value.Kind == school.Staff && school.May(school.ChangeStaff).Allows(c.Actor()) && r.ID != c.Actor().ID
		p.Held = school.May(school.TellAllHeld).Allows(c.Actor())
		if p.Reset, err = school.MayResetSecret(tx, c.Actor(), r); err != nil {
			return err
		}
		if p.HasSecret, err = school.HasSecret(tx, r.ID); err != nil {
			return err
		}
		if _, err := school.PhotoOf(tx, r.ID); err == nil {
			p.Photo = true
		}
		if !p.Change {
			return nil
		}
		if p.Last, err = findLast(tx, r); err != nil {
			return err
		}
		d, err := directory(c, tx)
		if err != nil {
			return err
		}
		for _, group := range d.Alike() {
			if slices.ContainsFunc(group, func(l school.Listed) bool { return l.ID == r.ID }) {
				p.Alike = slices.DeleteFunc(slices.Clone(group), func(l school.Listed) bool { return l.ID == r.ID })
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.Base = base(c, "people.person.title", "name", p.Person.Name())
	p.Back = p.way(c, words)
	p.Facts = words.facts(p.Base, &p.Person)
	return c.Render(status, personView(p))
}

// way leads back to where such people are listed.
func (p *personPage) way(c *web.Ctx, words labels) web.Link {
	switch {
	case p.Person.Kind == school.Staff:
		return web.Link{Label: c.T("people.staff.title"), Href: "/people/staff"}
	case words.classes[p.Person.Class].Label != "":
		return web.Link{Label: c.T("people.class.title", "class", words.classes[p.Person.Class].Label), Href: "/people/classes/" + p.Person.Class.String()}
	}
	return web.Link{Label: c.T("people.title"), Href: "/people"}
}

// labels are the words for the codes and ids that a person's values hold.
type labels struct {
	classes map[store.ID]school.Class
	pack    *packs.Pack
}

func readLabels(tx *store.Tx) (l labels, err error) {
	l.classes = map[store.ID]school.Class{}
	for c, err := range school.Classes.All(tx) {
		if err != nil {
			return l, err
		}
		l.classes[c.ID] = c.Value
	}
	l.pack, err = packs.Here(tx)
	return l, err
}

// shown is a value as people read it.
func (l labels) shown(b web.Base, name, text string) string {
	if text == "" {
		return ""
	}
	switch name {
	case "born", "left":
		if school.ValidDay(text) {
			return b.LongDay(text)
		}
	case "class":
		if id, err := store.ParseID(text); err == nil && l.classes[id].Label != "" {
			return l.classes[id].Label
		}
		return b.T("people.class.gone")
	case "repeating":
		return b.T("people.value.yes")
	case "left_why":
		if slices.Contains(school.LeaveReasons, text) {
			return b.T("people.why." + text)
		}
	case "roles":
		var list []school.Role
		for _, r := range strings.Fields(text) {
			list = append(list, school.Role(r))
		}
		return roleNames(b, list)
	case "guardians":
		return guardianWords(text)
	case "subject":
		if s, ok := l.pack.SubjectByCode(text); ok {
			return s.Name
		}
	}
	return text
}

func guardianWords(text string) string {
	var list []school.Guardian
	if json.Unmarshal([]byte(text), &list) != nil {
		return text
	}
	var lines []string
	for _, g := range list {
		line := g.Name
		if g.Link != "" {
			line += " (" + g.Link + ")"
		}
		lines = append(lines, strings.TrimSpace(line+" "+g.Phone))
	}
	return strings.Join(lines, " · ")
}

// facts are the values that are known, in words.
func (l labels) facts(b web.Base, p *school.Person) (facts []web.Fact) {
	v := valuesOf(p)
	for _, name := range valueNames {
		if name == "surname" || name == "given" || v[name] == "" {
			continue
		}
		facts = append(facts, web.Fact{Label: b.T("people.column." + name), Text: l.shown(b, name, v[name])})
	}
	if p.Login != "" {
		facts = append(facts, web.Fact{Label: b.T("people.access.login"), Text: p.Login})
	}
	return facts
}

// changeLines are a change in words, one a value.
func (p *personPage) lastWords() string {
	var names []string
	for _, name := range valueNames {
		if _, ok := p.Last.to[name]; ok {
			names = append(names, strings.ToLower(p.T("people.column."+name)))
		}
	}
	return strings.Join(names, ", ")
}

// deeds are what may be done with the person.
func (p *personPage) deeds() (list []web.Button) {
	at := "/people/" + p.ID.String()
	add := func(key, href string, kind web.ButtonKind) {
		list = append(list, web.Button{Label: p.T(key), Href: href, Kind: kind})
	}
	here := p.Person.Left == ""
	if p.Change {
		add("people.edit.do", at+"/edit", web.Primary)
		add("people.photo.do", at+"/photo/new", web.Secondary)
	}
	if p.Reset && p.Person.Kind == school.Staff && here {
		add("people.access.renew", "/people/staff/"+p.ID.String()+"/access", web.Secondary)
	}
	if p.Reset && p.Person.Kind == school.PupilKind {
		add("people.pin.do", "/rooms/pupils/"+p.ID.String()+"/pin", web.Secondary)
	}
	if p.Held {
		add("people.held.do", at+"/held", web.Secondary)
	}
	if p.Change && here && (p.Person.Kind == school.PupilKind || p.Accounts) {
		add("people.leave.link", at+"/leave", web.Third)
	}
	if p.Accounts && p.Person.Login != "" && here {
		add("people.close.link", at+"/close", web.Third)
	}
	return list
}
