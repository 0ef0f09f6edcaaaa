package people

import (
	"net/http"
	"slices"

	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

// assignPage says who teaches what to a class, and who is its titular.
type assignPage struct {
	web.Base
	ID       store.ID
	Class    school.Class
	Subjects []assignRow
	Teachers []web.Option
	Titular  string
}

type assignRow struct{ Code, Name, Person string }

func classToAssign(c *web.Ctx, tx *store.Tx) (store.Record[school.Class], error) {
	id, err := c.ID("id")
	if err != nil {
		return store.Record[school.Class]{}, err
	}
	k, err := school.Classes.Get(tx, id)
	if err != nil {
		return k, c.NotFound()
	}
	return k, nil
}

func newAssignPage(c *web.Ctx) (p assignPage, err error) {
	err = c.View(func(tx *store.Tx) error {
		k, err := classToAssign(c, tx)
		if err != nil {
			return err
		}
		p.ID, p.Class, p.Titular = k.ID, k.Value, k.Value.Titular.String()
		pack, err := packs.Here(tx)
		if err != nil {
			return err
		}
		who := map[string]string{}
		for a, err := range school.Assignments.Where(tx, "class", k.ID) {
			if err != nil {
				return err
			}
			who[a.Value.Subject] = a.Value.Person.String()
		}
		for _, row := range pack.CatalogueOf(k.Value.Level, k.Value.Series) {
			s, _ := pack.SubjectByCode(row.Subject)
			p.Subjects = append(p.Subjects, assignRow{row.Subject, s.Name, who[row.Subject]})
			delete(who, row.Subject)
		}
		for code, person := range who { // beyond the catalogue: entered by a list
			s, ok := pack.SubjectByCode(code)
			if !ok {
				s.Name = code
			}
			p.Subjects = append(p.Subjects, assignRow{code, s.Name, person})
		}
		staff, err := school.Roster.Staff(tx, school.Teacher)
		for _, t := range staff {
			label := t.Value.Name()
			if s, ok := pack.SubjectByCode(t.Value.Subject); ok {
				label += " · " + s.Name
			}
			p.Teachers = append(p.Teachers, web.Option{Value: t.ID.String(), Label: label})
		}
		return err
	})
	if err != nil {
		return p, err
	}
	p.Base = base(c, "people.assign.title", "class", p.Class.Label)
	p.Back = web.Link{Label: p.T("people.class.title", "class", p.Class.Label), Href: "/people/classes/" + p.ID.String()}
	p.Refused = p.T("people.refused.not_saved")
	p.Teachers = slices.Insert(p.Teachers, 0, web.Option{Value: "", Label: p.T("people.assign.nobody")})
	return p, nil
}

func showAssign(c *web.Ctx) error {
	p, err := newAssignPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, assignView(p))
}

// saveAssign writes who teaches a class. Each change is its own line of the
// audit log, on the person.
func saveAssign(c *web.Ctx) error {
	p, err := newAssignPage(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			k, err := classToAssign(c, tx)
			if err != nil {
				return web.Result{}, err
			}
			for _, s := range p.Subjects {
				if err := assign(tx, c.Actor(), k, s.Code, f.Get("s-"+s.Code)); err != nil {
					return web.Result{}, err
				}
			}
			titular, err := teacherNamed(tx, f.Get("titular"), "titular")
			if err != nil {
				return web.Result{}, err
			}
			if titular != k.Value.Titular {
				was := k.Value.Titular
				k.Value.Titular = titular
				if err := school.Classes.Set(tx, k.ID, k.Value); err != nil {
					return web.Result{}, err
				}
				if err := school.Audit(tx, c.Actor(), "people.titular", k.ID, was.String(), titular.String()); err != nil {
					return web.Result{}, err
				}
			}
			return web.Result{To: "/people/classes/" + k.ID.String(), Flash: "people.assign.done", FlashArgs: map[string]any{"class": k.Value.Label}}, nil
		})
	}
	if c.Refused(err) {
		again, err := newAssignPage(c)
		if err != nil {
			return err
		}
		again.Titular = f.Get("titular")
		for i := range again.Subjects {
			again.Subjects[i].Person = f.Get("s-" + again.Subjects[i].Code)
		}
		return c.Render(http.StatusUnprocessableEntity, assignView(again))
	}
	return err
}

// teacherNamed is the teacher whom a choice names; the zero ID for nobody.
func teacherNamed(tx *store.Tx, text, field string) (id store.ID, err error) {
	if text == "" {
		return id, nil
	}
	if id, err = store.ParseID(text); err != nil {
		return id, school.Refuse("people.refused.teacher", field)
	}
	r, err := school.Roster.Person(tx, id)
	if err != nil || !r.Value.Is(school.Teacher) {
		return id, school.Refuse("people.refused.teacher", field)
	}
	return id, nil
}

// assign makes one person the one who teaches a subject to a class.
func assign(tx *store.Tx, who school.Actor, k store.Record[school.Class], subject, text string) error {
	person, err := teacherNamed(tx, text, "s-"+subject)
	if err != nil {
		return err
	}
	var old []store.Record[school.Assignment]
	for a, err := range school.Assignments.Where(tx, "class", k.ID, subject) {
		if err != nil {
			return err
		}
		old = append(old, a)
	}
	if len(old) == 0 && person.IsZero() || slices.ContainsFunc(old, func(a store.Record[school.Assignment]) bool { return a.Value.Person == person }) {
		return nil // also where two share a subject and one of them stays
	}
	told := map[string]string{"class": k.Value.Label, "subject": subject}
	for _, a := range old {
		if err := school.Assignments.Delete(tx, a.ID); err != nil {
			return err
		}
		if err := school.Audit(tx, who, "people.unassign", a.Value.Person, told, nil); err != nil {
			return err
		}
	}
	if person.IsZero() {
		return nil
	}
	if _, err := school.Assignments.Add(tx, school.Assignment{Person: person, Class: k.ID, Subject: subject}); err != nil {
		return err
	}
	return school.Audit(tx, who, "people.assign", person, nil, told)
}
