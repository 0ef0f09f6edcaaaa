package marks

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"preau/school"
	"preau/school/average"
	"preau/store"
	"preau/web"
)

// evaluationPage makes or changes an evaluation.
type evaluationPage struct {
	web.Base
	Action, Save, Delete                         string
	Period                                       school.Period
	Kinds, Groups                                []web.Option
	Kind, Date, Label, Scale, Coefficient, Group string
	Entered                                      int
}

func newEvaluation(c *web.Ctx) error {
	p := &evaluationPage{Coefficient: "1", Date: c.Now().Format(time.DateOnly)}
	t, s, err := p.prepare(c)
	if err != nil {
		return err
	}
	if p.Date < t.Period.From || p.Date > t.Period.Until {
		p.Date = t.Period.From
	}
	p.Kind = t.Engine.Formula.Kinds[0].Code
	return p.renderNew(c, t, s, http.StatusOK)
}

// prepare reads the class, period and subject that the address names, and who
// may enter marks there.
func (p *evaluationPage) prepare(c *web.Ctx) (*term, *taught, error) {
	class, err := c.ID("class")
	if err != nil {
		return nil, nil, err
	}
	var t *term
	code := c.Param("subject")
	err = c.View(func(tx *store.Tx) error {
		may, err := school.MayEnterMarks(tx, c.Actor(), class, code)
		if err != nil {
			return err
		}
		if !may {
			return c.NotFound()
		}
		number, _ := strconv.Atoi(c.Query("period"))
		if t, err = readClass(tx, class, number); err != nil {
			return err
		}
		return p.readGroups(tx, class, code)
	})
	if err != nil {
		return nil, nil, err
	}
	s := t.subject(code)
	if s == nil {
		name, _ := t.Pack.SubjectByCode(code)
		return nil, nil, school.Refuse("marks.refused.no_coefficient", "", "subject", cmp.Or(name.Name, c.Param("subject")), "class", t.Class.Value.Label)
	}
	return t, s, nil
}

func (p *evaluationPage) readGroups(tx *store.Tx, class store.ID, subject string) error {
	p.Groups = []web.Option{{Value: ""}}
	for g, err := range groups.Where(tx, "class", class, subject) {
		if err != nil {
			return err
		}
		p.Groups = append(p.Groups, web.Option{Value: g.ID.String(), Label: g.Value.Name})
	}
	return nil
}

func (p *evaluationPage) render(c *web.Ctx, t *term, status int) error {
	p.Period = t.Period
	p.Kinds = nil
	for _, k := range t.Engine.Formula.Kinds {
		o := web.Option{Value: k.Code, Label: k.Name}
		if scale := t.Engine.Formula.ScaleOf(k); scale != t.Engine.Formula.Scale {
			o.Hint = p.T("marks.form.kind.scale", "scale", scale)
		}
		p.Kinds = append(p.Kinds, o)
	}
	p.Groups[0].Label = p.T("marks.form.group.all")
	p.Scale, p.Coefficient = say(p.Base, p.Scale), say(p.Base, p.Coefficient)
	return c.Render(status, evaluationForm(*p))
}

func (p *evaluationPage) renderNew(c *web.Ctx, t *term, s *taught, status int) error {
	p.Base = c.Base("marks.form.new.title", "subject", s.Name, "class", t.Class.Value.Label)
	p.Back = web.Link{Label: p.T("marks.notebook.of", "class", t.Class.Value.Label, "subject", s.Name), Href: notebookPath(t.Class.ID, s.Row.Subject, t.Period.Number)}
	p.Lead, p.Save = t.Period.Name, p.T("marks.form.new.save")
	p.Action = "/marks/of/" + t.Class.ID.String() + "/" + s.Row.Subject + "/new?period=" + strconv.Itoa(t.Period.Number)
	return p.render(c, t, status)
}

func (p *evaluationPage) take(f *web.Form) {
	p.Kind, p.Date, p.Label = f.Get("kind"), f.Get("date"), f.Get("label")
	p.Scale, p.Coefficient, p.Group = f.Get("scale"), f.Get("coefficient"), f.Get("group")
}

// mostScale bounds what marks are out of.
const mostScale = 200

// evaluation reads what the form says; the refusals name the fields.
func (p *evaluationPage) evaluation(t *term) (e evaluation, err error) {
	var no school.Refusals
	k, ok := t.Engine.Formula.KindByCode(p.Kind)
	if !ok {
		no = append(no, school.Refuse("marks.refused.kind", "kind"))
	}
	e = evaluation{Class: t.Class.ID, Period: t.Period.Number, Kind: p.Kind, Date: p.Date, Label: p.Label}
	switch {
	case !school.ValidDay(p.Date):
		no = append(no, school.Refuse("marks.refused.no_day", "date", "value", p.Date))
	case p.Date < t.Period.From || p.Date > t.Period.Until:
		no = append(no, school.Refuse("marks.refused.outside", "date", "period", t.Period.Name, "from", t.Period.From, "until", t.Period.Until))
	}
	if len([]rune(p.Label)) > 60 {
		no = append(no, school.Refuse("marks.refused.label", "label"))
	}
	scale := p.Scale
	if scale == "" {
		scale = t.Engine.Formula.ScaleOf(k)
	}
	if e.Scale, err = average.ParseDecimal(scale); ok && (err != nil || e.Scale <= 0 || e.Scale > average.Whole(mostScale)) {
		no = append(no, school.Refuse("marks.refused.scale", "scale", "value", p.Scale, "most", mostScale))
	}
	e.Coefficient, err = average.ParseDecimal(p.Coefficient)
	switch {
	case err != nil || e.Coefficient <= 0 || e.Coefficient > average.Whole(100):
		no = append(no, school.Refuse("marks.refused.coefficient", "coefficient", "value", p.Coefficient))
	case k.BestOf() > 0 && e.Coefficient != average.Whole(1):
		no = append(no, school.Refuse("marks.refused.best_alike", "coefficient", "kind", k.Name, "count", k.BestOf()))
	}
	if p.Group != "" {
		id, err := store.ParseID(p.Group)
		if err != nil {
			no = append(no, school.Refuse("marks.refused.group", "group"))
		}
		e.Group = id
	}
	return e, no.Or()
}

func saveEvaluation(c *web.Ctx) error {
	p := &evaluationPage{}
	t, s, err := p.prepare(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	p.take(f)
	var e evaluation
	if err == nil {
		e, err = p.evaluation(t)
	}
	if err == nil {
		e.Subject, e.Teacher = s.Row.Subject, c.Actor().ID
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			if _, err := open(tx, c.Actor(), store.Record[evaluation]{Value: e}); err != nil {
				return web.Result{}, err
			}
			id, err := evaluations.Add(tx, e)
			if err != nil {
				return web.Result{}, err
			}
			return web.Result{To: sheetPath(id), Flash: "marks.flash.made"}, school.Audit(tx, c.Actor(), "marks.evaluation", id, nil, described(&e))
		})
	}
	if c.Refused(err) {
		return p.renderNew(c, t, s, http.StatusUnprocessableEntity)
	}
	return err
}

// told is an evaluation in the audit log.
type told struct {
	Kind, Date, Label, Scale, Coefficient string
}

func described(e *evaluation) told {
	return told{e.Kind, e.Date, e.Label, e.Scale.String(), e.Coefficient.String()}
}

// changing reads the evaluation that the address names, for who may change it.
func changing(c *web.Ctx, p *evaluationPage) (e store.Record[evaluation], t *term, err error) {
	id, err := c.ID("id")
	if err != nil {
		return e, nil, err
	}
	err = c.View(func(tx *store.Tx) error {
		var err error
		if e, err = evaluations.Get(tx, id); err != nil {
			return c.NotFound()
		}
		may, err := school.MayEnterMarks(tx, c.Actor(), e.Value.Class, e.Value.Subject)
		if err != nil {
			return err
		}
		if !may {
			return c.NotFound()
		}
		if t, err = readClass(tx, e.Value.Class, e.Value.Period); err != nil {
			return err
		}
		r, err := sheetOf(tx, e)
		if err != nil {
			return err
		}
		for i := range r.Value.Rows {
			if r.Value.Rows[i].mark().Entered() {
				p.Entered++
			}
		}
		return p.readGroups(tx, e.Value.Class, e.Value.Subject)
	})
	return e, t, err
}

func editEvaluation(c *web.Ctx) error {
	p := &evaluationPage{}
	e, t, err := changing(c, p)
	if err != nil {
		return err
	}
	v := &e.Value
	p.Kind, p.Date, p.Label, p.Scale, p.Coefficient = v.Kind, v.Date, v.Label, v.Scale.String(), v.Coefficient.String()
	if !v.Group.IsZero() {
		p.Group = v.Group.String()
	}
	return p.renderEdit(c, e, t, http.StatusOK)
}

func (p *evaluationPage) renderEdit(c *web.Ctx, e store.Record[evaluation], t *term, status int) error {
	p.Base = c.Base("marks.form.edit.title", "evaluation", t.label(&e.Value), "class", t.Class.Value.Label)
	p.Back = web.Link{Label: p.T("marks.form.edit.back"), Href: sheetPath(e.ID)}
	p.Lead, p.Save = t.Period.Name, p.T("marks.form.edit.save")
	p.Action, p.Delete = sheetPath(e.ID)+"/edit", sheetPath(e.ID)+"/delete"
	return p.render(c, t, status)
}

func changeEvaluation(c *web.Ctx) error {
	p := &evaluationPage{}
	e, t, err := changing(c, p)
	if err != nil {
		return err
	}
	f, err := c.Form()
	p.take(f)
	var next evaluation
	if err == nil {
		next, err = p.evaluation(t)
	}
	if err == nil {
		next.Subject, next.Teacher = e.Value.Subject, e.Value.Teacher
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			if _, err := open(tx, c.Actor(), e); err != nil {
				return web.Result{}, err
			}
			r, err := sheetOf(tx, e)
			if err != nil {
				return web.Result{}, err
			}
			for i := range r.Value.Rows { // a smaller scale must hold what is there
				if m := r.Value.Rows[i].mark(); !m.Fits(next.Scale) {
					return web.Result{}, school.Refuse("marks.refused.scale_small", "scale", "value", shown(m), "scale", strings.Replace(next.Scale.String(), ".", ",", 1))
				}
			}
			if err := evaluations.Set(tx, e.ID, next); err != nil {
				return web.Result{}, err
			}
			return web.Result{To: sheetPath(e.ID), Flash: "marks.flash.changed"}, school.Audit(tx, c.Actor(), "marks.evaluation", e.ID, described(&e.Value), described(&next))
		})
	}
	if c.Refused(err) {
		return p.renderEdit(c, e, t, http.StatusUnprocessableEntity)
	}
	return err
}

// deleteEvaluation takes away an evaluation without marks.
func deleteEvaluation(c *web.Ctx) error {
	p := &evaluationPage{}
	e, t, err := changing(c, p)
	if err != nil {
		return err
	}
	err = c.Post(func(tx *store.Tx) (web.Result, error) {
		if _, err := open(tx, c.Actor(), e); err != nil {
			return web.Result{}, err
		}
		r, err := sheetOf(tx, e)
		if err != nil {
			return web.Result{}, err
		}
		for i := range r.Value.Rows {
			if r.Value.Rows[i].mark().Entered() {
				return web.Result{}, school.Refuse("marks.refused.not_empty", "")
			}
		}
		if !r.ID.IsZero() {
			err = sheets.Delete(tx, r.ID)
		}
		err = errors.Join(err, evaluations.Delete(tx, e.ID), school.Audit(tx, c.Actor(), "marks.evaluation", e.ID, described(&e.Value), nil))
		return web.Result{To: notebookPath(e.Value.Class, e.Value.Subject, e.Value.Period), Flash: "marks.flash.deleted"}, err
	})
	if c.Refused(err) {
		v := &e.Value
		p.Kind, p.Date, p.Label, p.Scale, p.Coefficient = v.Kind, v.Date, v.Label, v.Scale.String(), v.Coefficient.String()
		return p.renderEdit(c, e, t, http.StatusUnprocessableEntity)
	}
	return err
}
