package marks

import (
	"net/http"

	"preau/school"
	"preau/store"
	"preau/web"
)

// rowAnswer is what the script is told of one row.
type rowAnswer struct {
	V       string `json:"v"`    // the row's hidden field from now on
	Mark    string `json:"mark"` // what stands in the store
	Refused string `json:"refused,omitempty"`
	N       string `json:"n"` // of the sheet: entered
	Missing string `json:"missing"`
	Mean    string `json:"mean"`
	Again   bool   `json:"again,omitempty"` // the same may be sent once more, knowingly
}

// saveRow saves one row for the script.
func saveRow(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	sent, ok := readHidden(f.Get("v"))
	if err == nil && !ok {
		err = school.Refuse("web.refused.form", "")
	}
	sent.Text = f.Get("m")
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			e, err := evaluations.Get(tx, id)
			if err != nil {
				return web.Result{}, c.NotFound()
			}
			m, err := parseMark(sent.Text, e.Value.Scale, "m")
			if err != nil {
				return web.Result{}, err
			}
			_, refused, err := write(tx, c.Actor(), e, []change{{Pupil: sent.Pupil, Seen: sent.Seen, Mark: m, Field: "m"}})
			if err == nil {
				err = refused.Or()
			}
			return web.Result{To: sheetPath(id) + "/rows/" + sent.Pupil.String(), Show: func() error { return answerRow(c, id, sent.Pupil, nil) }}, err
		})
	}
	if no := school.RefusalsIn(err); no != nil && ok {
		return answerRow(c, id, sent.Pupil, no)
	}
	return err
}

// showRow is where a repeated save leads: how the row stands.
func showRow(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	pupil, err := c.ID("pupil")
	if err != nil {
		return err
	}
	return answerRow(c, id, pupil, nil)
}

func answerRow(c *web.Ctx, id, pupil store.ID, refused school.Refusals) error {
	p := &sheetPage{ID: id}
	if err := c.View(func(tx *store.Tx) error { return p.read(c, tx) }); err != nil {
		return err
	}
	p.Base = c.Base("marks.sheet.title")
	for i := range p.Rows {
		r := &p.Rows[i]
		if r.Pupil != pupil {
			continue
		}
		r.Token = p.Token()
		a := rowAnswer{V: r.hidden(), Mark: say(p.Base, r.Text), N: p.Number(p.Entered), Missing: p.missingWords(), Mean: p.meanWords()}
		status := http.StatusOK
		if len(refused) > 0 {
			a.Refused, status = p.Sentence(refused[0]), http.StatusUnprocessableEntity
			a.Again = refused[0].Key == "marks.refused.changed"
		}
		return c.JSON(status, a)
	}
	return c.NotFound()
}
