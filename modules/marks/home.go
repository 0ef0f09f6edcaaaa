package marks

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

type periodLink struct {
	Number int
	Name   string
}

// homePage lists the classes and subjects whose marks one may enter or see.
type homePage struct {
	web.Base
	Periods []periodLink
	Number  int
	Rows    []homeRow
	Board   bool
}

type homeRow struct {
	ID                           store.ID
	Class, Code, Subject         string
	Evaluations, Entered, Wanted int
	Whole                        bool // all marks of the class may be seen
}

// Number2 is Base.Number, which a field of the page's own hides.
func (p homePage) Number2(n int) string { return p.Base.Number(n) }

func showHome(c *web.Ctx) error {
	p := homePage{Base: c.Base("marks.home.title"), Board: school.May(school.SeeMarks).Allows(c.Actor())}
	number, _ := strconv.Atoi(c.Query("period"))
	err := c.View(func(tx *store.Tx) error {
		y, err := school.CurrentYear(tx)
		if err != nil {
			return nil // no year yet, nothing to list
		}
		now, _ := tx.Now()
		pack, err := packs.Here(tx)
		if err != nil {
			return err
		}
		classes, err := seenClasses(tx, c.Actor(), y.Label)
		if err != nil || len(classes) == 0 {
			return err
		}
		for _, q := range periodsOf(pack, y, classes[0].Value.Level) {
			p.Periods = append(p.Periods, periodLink{q.Number, q.Name})
		}
		if p.Number = number; number == 0 {
			p.Number = periodOn(periodsOf(pack, y, classes[0].Value.Level), now.Format(time.DateOnly)).Number
		}
		for _, class := range classes {
			if err := p.add(c, tx, class); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, homeView(p))
}

// seenClasses are the classes of a year that the actor may see marks of.
func seenClasses(tx *store.Tx, who school.Actor, year string) ([]store.Record[school.Class], error) {
	if school.May(school.SeeMarks).Allows(who) {
		return school.Roster.ClassesOf(tx, year)
	}
	list, err := school.Roster.ClassesTaught(tx, who.ID)
	return slices.DeleteFunc(list, func(c store.Record[school.Class]) bool { return c.Value.Year != year }), err
}

func (p *homePage) add(c *web.Ctx, tx *store.Tx, class store.Record[school.Class]) error {
	t, err := readTerm(tx, class.ID, p.Number)
	if err != nil {
		return err
	}
	whole, err := school.MaySeeMarks(tx, c.Actor(), class.ID, "")
	if err != nil {
		return err
	}
	for i := range t.Subjects {
		s := &t.Subjects[i]
		if !p.Board && !slices.Contains(s.Teachers, c.Actor().ID) {
			continue
		}
		entered, wanted := t.filled(s)
		p.Rows = append(p.Rows, homeRow{class.ID, class.Value.Label, s.Row.Subject, s.Name, len(s.Evaluations), entered, wanted, whole})
	}
	return nil
}

// filled counts the marks of a subject: entered, and wanted from the pupils who
// take part in its evaluations.
func (t *term) filled(s *taught) (entered, wanted int) {
	for _, x := range s.Evaluations {
		e, w := t.filledOf(x)
		entered, wanted = entered+e, wanted+w
	}
	return entered, wanted
}

// filledOf counts the marks of one evaluation.
func (t *term) filledOf(x int) (entered, wanted int) {
	in := map[store.ID]bool{}
	for i := range t.Sheets[x].Rows {
		r := &t.Sheets[x].Rows[i]
		in[r.Pupil] = r.mark().Entered()
	}
	for _, p := range t.Pupils {
		if t.takes(&t.Evaluations[x].Value, p.ID) {
			if wanted++; in[p.ID] {
				entered++
			}
		}
	}
	return entered, wanted
}
