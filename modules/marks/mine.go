package marks

import (
	"errors"
	"net/http"
	"strconv"

	"preau/school/average"
	"preau/store"
	"preau/web"
)

// minePage is what a pupil sees: the own marks, and of the class only its mean.
type minePage struct {
	web.Base
	Periods []periodLink
	Number  int
	Rows    []mineRow
	General string
	ClassOf string // the class's general mean
	Why     string
	Issued  string // where the own bulletin is, "" before it is issued
}

type mineRow struct {
	Subject, Coefficient, Mean, Class, Why string
	Marks                                  []string // "devoir 13/10 : 12,5/20"
}

func showMine(c *web.Ctx) error {
	p := minePage{Base: c.Base("marks.mine.title")}
	number, _ := strconv.Atoi(c.Query("period"))
	var t *term
	err := c.View(func(tx *store.Tx) (err error) {
		t, err = readTerm(tx, c.Person().Class, number)
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		if err != nil || t == nil {
			return err
		}
		list, err := issuedOf(tx, t.Class.ID, t.Period.Number)
		for _, b := range list {
			if b.Value.Pupil == c.Actor().ID {
				p.Issued = issuedPath(b.ID)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if t != nil {
		p.fill(t, c.Actor().ID)
	}
	return c.Render(http.StatusOK, mineView(p))
}

func (p *minePage) fill(t *term, me store.ID) {
	p.Lead = t.Class.Value.Label + " · " + t.Period.Name
	p.Number = t.Period.Number
	for _, q := range periodsOf(t.Pack, t.Year, t.Class.Value.Level) {
		p.Periods = append(p.Periods, periodLink{q.Number, q.Name})
	}
	results := t.Results()
	for i, pupil := range t.Pupils {
		if pupil.ID != me {
			continue
		}
		r := results.Pupils[i]
		if r.Rated {
			p.General = say(p.Base, r.General.Fixed(t.Engine.GeneralPlaces()))
			p.Why = whyPath(t.Class.ID, me, general, t.Period.Number)
		}
		if results.General.N > 0 {
			p.ClassOf = say(p.Base, results.General.Mean.Fixed(t.Engine.GeneralPlaces()))
		}
		for s, sub := range t.Subjects {
			row := mineRow{Subject: sub.Name, Coefficient: say(p.Base, sub.Coefficient.String()), Mean: say(p.Base, standing(p.Base, r.Subjects[s], t.Engine.SubjectPlaces()))}
			for _, e := range t.Members[i].Subjects[s].Entries {
				if e.Mark.Entered() {
					row.Marks = append(row.Marks, p.mark(e))
				}
			}
			if len(row.Marks) == 0 {
				continue
			}
			if sum := results.Subjects[s].Summary; sum.N > 0 {
				row.Class = say(p.Base, sum.Mean.Fixed(t.Engine.SubjectPlaces()))
			}
			row.Why = whyPath(t.Class.ID, me, sub.Row.Subject, t.Period.Number)
			p.Rows = append(p.Rows, row)
		}
	}
}

func (p *minePage) mark(e average.Entry) string {
	text := say(p.Base, e.Mark.Text())
	if e.Mark.State == average.Given {
		text += "/" + say(p.Base, e.Scale.String())
	} else {
		text = p.T(e.Mark.State.WordKey())
	}
	return p.T("marks.mine.mark", "evaluation", e.Label, "mark", text)
}
