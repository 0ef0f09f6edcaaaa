package marks

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"preau/school"
	"preau/school/average"
	"preau/store"
	"preau/web"
)

// notebookPage is a class and subject in a period: its evaluations, and every
// pupil's marks and average (carnet de notes).
type notebookPage struct {
	web.Base
	Class    store.ID
	Code     string
	Periods  []periodLink
	Number   int
	Columns  []column
	Groups   []average.Column
	Rows     []notebookRow
	Summary  string
	Drawn    string
	MayEnter bool
	Closed   bool
	Last     string
	Remarks  string // link to what stands on the bulletins
}

type column struct {
	ID                             store.ID
	Name, Date, Scale, Coefficient string
	Entered, Wanted                int
	Mean                           string
}

type notebookRow struct {
	ID         store.ID
	Name       string
	Marks      []string
	Groups     []string
	Mean, Rank string
}

// Number2 is Base.Number, which a field of the page's own hides.
func (p notebookPage) Number2(n int) string { return p.Base.Number(n) }

func (p notebookPage) path() string { return "/marks/of/" + p.Class.String() + "/" + p.Code }

func (p notebookPage) heads() []web.Head {
	heads := []web.Head{{Label: p.T("marks.col.number"), Class: "m"}, {Label: p.T("marks.col.pupil")}}
	for _, c := range p.Columns {
		heads = append(heads, web.Head{Label: c.Name, Class: "n"})
	}
	for _, g := range p.Groups {
		heads = append(heads, web.Head{Label: g.Short, Class: "n"})
	}
	return append(heads, web.Head{Label: p.T("marks.col.average"), Class: "n"}, web.Head{Label: p.T("marks.col.rank"), Class: "n"})
}

// seen reads the class and period of a request and refuses, as a page that does
// not exist, what the actor may not see. subject "" asks for the whole class.
func seen(c *web.Ctx, tx *store.Tx, class store.ID, subject string) (*term, error) {
	may, err := school.MaySeeMarks(tx, c.Actor(), class, subject)
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, c.NotFound()
	}
	number, _ := strconv.Atoi(c.Query("period"))
	return readTerm(tx, class, number)
}

func showNotebook(c *web.Ctx) error {
	class, err := c.ID("class")
	if err != nil {
		return err
	}
	code := c.Param("subject")
	var t *term
	var remarks store.Record[remarkSheet]
	p := notebookPage{Class: class, Code: code}
	err = c.View(func(tx *store.Tx) (err error) {
		if t, err = seen(c, tx, class, code); err != nil {
			return err
		}
		if t.subject(code) == nil {
			return c.NotFound()
		}
		if p.MayEnter, err = school.MayEnterMarks(tx, c.Actor(), class, code); err != nil {
			return err
		}
		if remarks, err = remarksOf(tx, class, t.Period.Number, code); err != nil {
			return err
		}
		now, _ := tx.Now()
		p.Last, err = t.lastDay(tx, code)
		p.Closed = now.Format(time.DateOnly) > p.Last
		return err
	})
	if err != nil {
		return err
	}
	s := t.subject(code)
	p.Base = c.Base("marks.notebook.title", "subject", s.Name, "class", t.Class.Value.Label)
	p.Wide = true
	p.Back = web.Link{Label: p.T("marks.home.title"), Href: "/marks"}
	p.Number = t.Period.Number
	for _, q := range periodsOf(t.Pack, t.Year, t.Class.Value.Level) {
		p.Periods = append(p.Periods, periodLink{q.Number, q.Name})
	}
	p.Lead = p.T("marks.notebook.lead", "period", t.Period.Name, "coefficient", say(p.Base, s.Coefficient.String()), "hours", say(p.Base, s.Hours), "count", len(t.Pupils))
	said := 0
	for _, pupil := range t.Pupils {
		if remarks.Value.of(pupil.ID).Text != "" {
			said++
		}
	}
	p.Remarks = p.T("marks.remarks.link", "count", said, "of", len(t.Pupils))
	p.fill(t, s)
	if done, err := sendList(c, t.Class.Value.Label+" "+s.Name+" "+t.Period.Name, func() [][]any { return p.list(t) }); done {
		return err
	}
	return c.Render(http.StatusOK, notebookView(p))
}

func (p *notebookPage) fill(t *term, s *taught) {
	at := slices.IndexFunc(t.Subjects, func(x taught) bool { return x.Row.Subject == s.Row.Subject })
	for _, x := range s.Evaluations {
		e := t.Evaluations[x]
		col := column{ID: e.ID, Name: t.label(&e.Value), Date: e.Value.Date, Scale: e.Value.Scale.String(), Coefficient: e.Value.Coefficient.String()}
		if g := t.half[e.Value.Group]; g.Name != "" {
			col.Name += " (" + g.Name + ")"
		}
		col.Entered, col.Wanted = t.filledOf(x)
		col.Mean = sheetMean(&t.Sheets[x])
		p.Columns = append(p.Columns, col)
	}
	columns := t.Engine.Columns()
	for _, g := range columns[:len(columns)-1] {
		if !g.Kind {
			p.Groups = append(p.Groups, g)
		}
	}
	results := t.Results()
	places := t.Engine.SubjectPlaces()
	for i, pupil := range t.Pupils {
		r := results.Pupils[i].Subjects[at]
		row := notebookRow{ID: pupil.ID, Name: pupil.Value.Name(), Mean: standing(p.Base, r, places), Rank: results.Subjects[at].Places[i].In(p.Lang, pupil.Value.Sex)}
		for _, x := range s.Evaluations {
			text := ""
			if m := t.Sheets[x].of(pupil.ID); m != nil {
				text = m.mark().Text()
			}
			row.Marks = append(row.Marks, text)
		}
		for j, g := range columns[:len(columns)-1] {
			if g.Kind {
				continue
			}
			text := ""
			if j < len(r.Groups) && r.Groups[j].Has {
				text = average.Round(r.Groups[j].Mean.Rat(), places).Fixed(places)
			}
			row.Groups = append(row.Groups, text)
		}
		p.Rows = append(p.Rows, row)
	}
	sum := results.Subjects[at].Summary
	if sum.N > 0 {
		p.Summary = p.T("marks.summary", "mean", say(p.Base, sum.Mean.Fixed(places)), "highest", say(p.Base, sum.Highest.Fixed(places)), "lowest", say(p.Base, sum.Lowest.Fixed(places)), "passed", sum.Passed, "count", sum.N)
		p.Drawn = distribution(p.Base, t, subjectMeans(results, at))
	}
}

// standing is a subject's average, or the word that stands in its place.
func standing(b web.Base, r average.SubjectResult, places int) string {
	switch r.Standing {
	case average.Rated:
		return r.Mean.Fixed(places)
	case average.Unrated:
		return b.T("marks.standing.unrated")
	case average.Dispensed:
		return b.T("marks.standing.dispensed")
	}
	return ""
}

// sheetMean is the mean of a sheet's numbers, "" when there are none.
func sheetMean(s *sheet) string {
	sum, n := average.Decimal(0), 0
	for i := range s.Rows {
		if s.Rows[i].State == average.Given {
			sum, n = sum+s.Rows[i].Value, n+1
		}
	}
	if n == 0 {
		return ""
	}
	return average.Mean(sum, n, 2).Fixed(2)
}

func subjectMeans(c average.Class, at int) (list []average.Decimal) {
	for i := range c.Pupils {
		if r := &c.Pupils[i].Subjects[at]; r.Standing == average.Rated {
			list = append(list, r.Mean)
		}
	}
	return list
}
