package people

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"preau/school"
	"preau/store"
	"preau/web"
)

// formPage adds or edits somebody. Typed are the form's words.
type formPage struct {
	web.Base
	ID      store.ID // zero: somebody new
	Kind    school.Kind
	Typed   map[string]string
	Roles   []string
	Grant   bool // may give functions
	Classes []web.Option
	Seal    string
	Since   []sinceRow // what somebody else saved while this form was open
	SinceBy string
}

// sinceRow is a value that another editor saved meanwhile.
type sinceRow struct{ Label, Theirs, Yours string }

func today(c *web.Ctx) string { return c.Now().Format(time.DateOnly) }

// newForm makes the page around what stands in the form.
func newForm(c *web.Ctx, id store.ID, kind school.Kind, name string, t map[string]string, roles []string) (formPage, error) {
	p := formPage{ID: id, Kind: kind, Typed: t, Roles: roles, Grant: school.May(school.ChangeStaff).Allows(c.Actor())}
	if id.IsZero() {
		p.Base = base(c, "people.new."+string(kind))
		p.Back = web.Link{Label: p.T("people.title"), Href: "/people"}
		p.Refused = p.T("people.refused.not_added")
	} else {
		p.Base = base(c, "people.edit.title", "name", name)
		p.Back = web.Link{Label: name, Href: "/people/" + id.String()}
		p.Refused = p.T("people.refused.not_saved")
	}
	err := c.View(func(tx *store.Tx) error {
		rows, err := classesOf(tx, "")
		if err != nil || kind != school.PupilKind {
			return err
		}
		p.Classes = []web.Option{{Value: "", Label: p.T("people.class.none")}}
		known := false
		for _, r := range rows {
			p.Classes = append(p.Classes, web.Option{Value: r.ID.String(), Label: r.Value.Label})
			known = known || r.ID.String() == t["class"]
		}
		if was, err := store.ParseID(t["class"]); err == nil && !known { // a class of another year
			if k, err := school.Classes.Get(tx, was); err == nil {
				p.Classes = append(p.Classes, web.Option{Value: t["class"], Label: k.Value.Label + " · " + k.Value.Year})
			}
		}
		return nil
	})
	return p, err
}

func showNew(c *web.Ctx) error {
	kind := school.PupilKind
	if c.Query("kind") == string(school.Staff) {
		kind = school.Staff
	}
	p, err := newForm(c, store.ID{}, kind, "", map[string]string{"class": c.Query("class")}, nil)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, formView(p))
}

func addPerson(c *web.Ctx) error {
	f, err := c.Form()
	kind := school.PupilKind
	if f.Get("kind") == string(school.Staff) {
		kind = school.Staff
	}
	t, roles := typed(f), f.All("roles")
	grant := school.May(school.ChangeStaff).Allows(c.Actor())
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			x := school.Person{Kind: kind, Roles: []school.Role{school.Pupil}}
			if kind == school.Staff {
				x.Roles = []school.Role{school.Teacher}
			}
			no := fill(&x, t, roles, grant, today(c))
			if err := errorsOf(no, school.CheckPerson(&x), classKnown(tx, &x)); err != nil {
				return web.Result{}, err
			}
			if f.Get("sure") == "" {
				if err := looksKnown(c, tx, &x); err != nil {
					return web.Result{}, err
				}
			}
			id, err := school.People.Add(tx, x)
			if err != nil {
				return web.Result{}, matriculeTaken(tx, err, kind, x.Matricule)
			}
			err = school.Audit(tx, c.Actor(), "people.add", id, nil, valuesOf(&x))
			return web.Result{To: "/people/" + id.String(), Flash: "people.new.done", FlashArgs: map[string]any{"name": x.Name()}}, err
		})
	}
	if c.Refused(err) {
		p, err2 := newForm(c, store.ID{}, kind, "", t, roles)
		if err2 != nil {
			return err2
		}
		for _, no := range school.RefusalsIn(err) {
			if no.Key == "people.refused.looks_known" {
				p.Typed["ask"] = "1"
			}
		}
		return c.Render(http.StatusUnprocessableEntity, formView(p))
	}
	return err
}

// errorsOf gathers refusals of several checks, each field's first.
func errorsOf(no school.Refusals, more ...error) error {
	for _, err := range more {
		if err == nil {
			continue
		}
		list := school.RefusalsIn(err)
		if list == nil {
			return err
		}
		for _, r := range list {
			if !slices.ContainsFunc(no, func(x *school.Refusal) bool { return x.Field == r.Field }) {
				no = append(no, r)
			}
		}
	}
	return no.Or()
}

func classKnown(tx *store.Tx, p *school.Person) error {
	if p.Class.IsZero() {
		return nil
	}
	if _, err := school.Classes.Get(tx, p.Class); err != nil {
		return school.Refuse("people.refused.class", "class")
	}
	return nil
}

// looksKnown asks before a second record of somebody is made.
func looksKnown(c *web.Ctx, tx *store.Tx, p *school.Person) error {
	d, err := directory(c, tx)
	if err != nil {
		return err
	}
	born := p.Born
	if born == "" {
		born = p.BornText
	}
	for _, left := range []bool{false, true} {
		list, _ := d.Find(school.Wanted{Query: p.Surname + " " + p.Given, Kind: p.Kind, Left: left})
		for _, l := range list {
			if l.Born == born && born != "" || school.Fold(l.Name) == school.Fold(p.Name()) && (l.Born == "" || born == "") {
				key := "people.refused.looks_known"
				return school.Refuse(key, "sure", "name", l.Name, "born", shortBorn(l.Born))
			}
		}
	}
	return nil
}

func showEdit(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var r store.Record[school.Person]
	err = c.View(func(tx *store.Tx) error {
		r, err = changeable(c, tx, id)
		return err
	})
	if err != nil {
		return err
	}
	p, err := newForm(c, id, r.Value.Kind, r.Value.Name(), typedOf(&r.Value), strings.Fields(valuesOf(&r.Value)["roles"]))
	if err != nil {
		return err
	}
	p.Seal = valuesOf(&r.Value).seal()
	return c.Render(http.StatusOK, formView(p))
}

// savePerson writes an edit. When somebody else saved since the form was opened,
// it is refused, the words stay, and the page shows what the other one wrote.
func savePerson(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, ferr := c.Form()
	t, roles := typed(f), f.All("roles")
	grant := school.May(school.ChangeStaff).Allows(c.Actor())
	var now, mine school.Person
	err = ferr
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			r, err := changeable(c, tx, id)
			if err != nil {
				return web.Result{}, err
			}
			now, mine = r.Value, r.Value
			no := fill(&mine, t, roles, grant, today(c))
			if valuesOf(&now).seal() != f.Get("seal") {
				by := lastEditor(tx, id)
				return web.Result{}, school.Refuse("people.refused.changed_since", "", "name", by)
			}
			if mine.Kind == school.Staff {
				if err := keepAHead(tx, id, &mine); err != nil {
					return web.Result{}, err
				}
			}
			if err := errorsOf(no, school.CheckPerson(&mine), classKnown(tx, &mine)); err != nil {
				return web.Result{}, err
			}
			to := "/people/" + id.String()
			changed, err := save(tx, c.Actor(), "people.edit", id, now, mine)
			if err != nil || !changed {
				return web.Result{To: to, Flash: "people.edit.same"}, err
			}
			return web.Result{To: to, Flash: "people.edit.done", FlashArgs: map[string]any{"name": mine.Name()}}, nil
		})
	}
	if !c.Refused(err) {
		return err
	}
	if now.Kind == "" { // refused before the person was read
		if err := c.View(func(tx *store.Tx) error {
			r, err := changeable(c, tx, id)
			now = r.Value
			return err
		}); err != nil {
			return err
		}
	}
	p, perr := newForm(c, id, now.Kind, now.Name(), t, roles)
	if perr != nil {
		return perr
	}
	p.Seal = f.Get("seal")
	if no := school.RefusalsIn(err); no[0].Key == "people.refused.changed_since" {
		if err := p.tellSince(c, &now, &mine); err != nil {
			return err
		}
	}
	return c.Render(http.StatusUnprocessableEntity, formView(p))
}

// tellSince shows what another editor saved beside what stands in this form.
// Sent once more, the form stands over what is shown.
func (p *formPage) tellSince(c *web.Ctx, theirs, mine *school.Person) error {
	p.Seal = valuesOf(theirs).seal()
	return c.View(func(tx *store.Tx) error {
		words, err := readLabels(tx)
		if err != nil {
			return err
		}
		from, to := differ(valuesOf(theirs), valuesOf(mine))
		for _, name := range valueNames {
			if _, ok := to[name]; ok {
				p.Since = append(p.Since, sinceRow{p.T("people.column." + name), words.shown(p.Base, name, from[name]), words.shown(p.Base, name, to[name])})
			}
		}
		return nil
	})
}

// lastEditor is the name on the newest line of the audit log on a person.
func lastEditor(tx *store.Tx, id store.ID) string {
	for line, err := range school.AuditLog.Scan(tx, store.Query{Index: "object", Prefix: []any{id}, Reverse: true}) {
		if err == nil && line.Value.Name != "" {
			return line.Value.Name
		}
		break
	}
	return "—"
}

// What the form's view asks for.

func (p *formPage) action() string {
	if p.ID.IsZero() {
		return "/people/new"
	}
	return "/people/" + p.ID.String() + "/edit"
}

func (p *formPage) input(name string, first bool) web.Input {
	in := web.Input{Name: name, Label: p.T("people.column." + name), Value: p.Typed[name], MaxLength: 120, Optional: name != "surname"}
	switch name {
	case "matricule", "niu", "phone":
		in.Class = "m"
	case "surname":
		in.Autofocus = first
	}
	return in
}

func (p *formPage) hinted(name string) web.Input {
	in := p.input(name, false)
	in.Hint = p.T("people.form." + name + ".hint")
	return in
}

func (p *formPage) guardian(i int, part string) web.Input {
	name := "g" + strconv.Itoa(i) + "." + part
	return web.Input{Name: name, Label: p.T("people.guardian."+part, "n", i+1), Value: p.Typed[name], MaxLength: 120, Optional: true}
}

func (p *formPage) roleOptions() (list []web.Option) {
	for _, r := range school.BoxStaff {
		list = append(list, web.Option{Value: string(r), Label: p.T(r.WordKey())})
	}
	return list
}

func (p *formPage) saveLabel() string {
	switch {
	case p.ID.IsZero():
		return p.T("people.new.save." + string(p.Kind))
	case len(p.Since) > 0:
		return p.T("people.edit.over")
	}
	return p.T("people.edit.save")
}
