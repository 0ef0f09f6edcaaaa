package marks

import (
	"net/http"
	"slices"
	"strconv"

	"preau/school"
	"preau/school/average"
	"preau/store"
	"preau/web"
)

// whyPage tells one number step by step, in the pack's words.
type whyPage struct {
	web.Base
	Steps                  []string
	Links                  []web.Link // general average: the subjects it stands on
	Pack, Version, Formula string
}

// general is the subject in the address of a general average.
const general = "-"

func whyPath(class, pupil store.ID, subject string, period int) string {
	return "/marks/why/" + class.String() + "/" + pupil.String() + "/" + subject + "?period=" + strconv.Itoa(period)
}

// showWhy explains an average to who may see it: staff who see the marks, and
// the pupil whose they are.
func showWhy(c *web.Ctx) error {
	class, err := c.ID("class")
	if err != nil {
		return err
	}
	pupil, err := c.ID("pupil")
	if err != nil {
		return err
	}
	code := c.Param("subject")
	asked := code
	if code == general {
		asked = ""
	}
	var t *term
	err = c.View(func(tx *store.Tx) error {
		if c.Actor().ID == pupil {
			number, _ := strconv.Atoi(c.Query("period"))
			t, err = readTerm(tx, class, number)
		} else {
			t, err = seen(c, tx, class, asked)
		}
		return err
	})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(t.Pupils, func(p store.Record[school.Person]) bool { return p.ID == pupil })
	if i < 0 {
		return c.NotFound()
	}
	subjects := t.Members[i].Subjects
	var p whyPage
	name := t.Pupils[i].Value.Name()
	voice := average.Voice{T: c.T, Comma: c.Lang() == "fr"}
	if code == general {
		p.Base = c.Base("marks.why.general", "name", name)
		p.Steps = t.Engine.ExplainGeneral(voice, subjects)
		for _, s := range t.Subjects {
			p.Links = append(p.Links, web.Link{Label: s.Name, Href: whyPath(class, pupil, s.Row.Subject, t.Period.Number)})
		}
	} else {
		s := slices.IndexFunc(t.Subjects, func(s taught) bool { return s.Row.Subject == code })
		if s < 0 {
			return c.NotFound()
		}
		p.Base = c.Base("marks.why.subject", "name", name, "subject", t.Subjects[s].Name)
		p.Steps = t.Engine.ExplainSubject(voice, subjects[s])
		p.Back = web.Link{Label: p.T("marks.notebook.of", "class", t.Class.Value.Label, "subject", t.Subjects[s].Name), Href: notebookPath(class, code, t.Period.Number)}
	}
	if c.Actor().ID == pupil {
		p.Back = web.Link{Label: p.T("marks.mine.title"), Href: "/marks/mine?period=" + strconv.Itoa(t.Period.Number)}
	}
	p.Lead = t.Class.Value.Label + " · " + t.Period.Name
	p.Pack, p.Version, p.Formula = t.Pack.About.Name, t.Pack.About.Version, t.Engine.Formula.Name
	return c.Render(http.StatusOK, whyView(p))
}

// showBlank is an empty sheet for the hand, in the same order as the screen.
func showBlank(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	p := &sheetPage{ID: id}
	if err := c.View(func(tx *store.Tx) error { return p.read(c, tx) }); err != nil {
		return err
	}
	p.name(c)
	p.Back = web.Link{Label: p.T("marks.form.edit.back"), Href: sheetPath(id)}
	return c.Render(http.StatusOK, blankView(p))
}
