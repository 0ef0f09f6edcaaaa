package marks

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"preau/school"
	"preau/school/average"
	"preau/store"
	"preau/web"
)

// councilPage is one pupil before the council: made to be projected.
type councilPage struct {
	web.Base
	Class      store.ID
	Label      string
	Number     int
	N, Of      int // this pupil, from 1, of so many
	Name       string
	Mean, Rank string
	Subjects   []councilSubject
	Scale      int
	Remark     string
	Awards     []string
	Choices    []web.Option
	Decision   string
	Decisions  []web.Option // none before the last period
	Proposed   string       // the pack's decision, in words
	Annual     string
	Reason     string
	Absences   string
	Justified  string
	Late       string
	Issued     bool
}

type councilSubject struct {
	Name, Mean, Rank, Remark string
	Hundredths               int
}

func councilPath(class store.ID, period, n int) string {
	return "/marks/council/" + class.String() + "?period=" + strconv.Itoa(period) + "&n=" + strconv.Itoa(n)
}

// atPupil is the pupil that a council's page is at: the n of the request, within
// the class.
func atPupil(c *web.Ctx, d *draft) int {
	n, _ := strconv.Atoi(c.Query("n"))
	return max(0, min(n-1, len(d.Pupils)-1))
}

func showCouncil(c *web.Ctx) error {
	p, err := readCouncilPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, councilView(p))
}

func readCouncilPage(c *web.Ctx) (p councilPage, err error) {
	var d *draft
	err = c.View(func(tx *store.Tx) (err error) {
		if d, err = readWhole(c, tx); err != nil {
			return err
		}
		if d.remarks, err = readRemarks(tx, d.Class.ID, d.Period.Number); err != nil {
			return err
		}
		list, err := issuedOf(tx, d.Class.ID, d.Period.Number)
		p.Issued = len(list) > 0
		return err
	})
	if err != nil {
		return p, err
	}
	p.Base = c.Base("marks.council.title", "class", d.Class.Value.Label)
	p.Back = web.Link{Label: p.T("marks.results.title", "class", d.Class.Value.Label), Href: resultsPath(d.Class.ID, d.Period.Number)}
	p.Lead = d.Period.Name + " · " + d.Year.Label
	p.Wide = true
	if len(d.Pupils) == 0 {
		return p, nil
	}
	p.fill(d, atPupil(c, d))
	return p, nil
}

func (p *councilPage) fill(d *draft, i int) {
	p.Class, p.Label, p.Number, p.N, p.Of = d.Class.ID, d.Class.Value.Label, d.Period.Number, i+1, len(d.Pupils)
	pupil, r, v := d.Pupils[i].Value, d.results.Pupils[i], d.of(i)
	p.Name = pupil.Name()
	p.Mean = p.T("marks.results.unclassed")
	if r.Rated {
		p.Mean = say(p.Base, r.General.Fixed(d.Engine.GeneralPlaces()))
		p.Rank = d.results.Places[i].In(p.Lang, pupil.Sex)
	}
	p.Scale = int(average.MustDecimal(d.Engine.Formula.Scale) / 100)
	for s, sub := range d.Subjects {
		res := r.Subjects[s]
		if res.Standing == average.Empty {
			continue
		}
		p.Subjects = append(p.Subjects, councilSubject{
			Name: sub.Name, Mean: say(p.Base, standing(p.Base, res, d.Engine.SubjectPlaces())), Rank: d.results.Subjects[s].Places[i].In(p.Lang, pupil.Sex),
			Hundredths: int(res.Mean / 100), Remark: d.wordsOf(i, s),
		})
	}
	p.Remark, p.Awards, p.Decision, p.Reason = v.Remark, v.Awards, v.Decision, v.Reason
	for _, a := range d.Pack.Council.Awards {
		p.Choices = append(p.Choices, web.Option{Value: a.Code, Label: a.Name})
	}
	number := func(n int) string {
		if n == 0 && !v.Tally.Typed {
			return ""
		}
		return strconv.Itoa(n)
	}
	p.Absences, p.Justified, p.Late = number(v.Tally.Absences), number(v.Tally.Justified), number(v.Tally.Lateness)
	if !d.last {
		return
	}
	for _, x := range d.Pack.Council.Decisions {
		if len(x.Levels) == 0 || slices.Contains(x.Levels, d.Class.Value.Level) {
			p.Decisions = append(p.Decisions, web.Option{Value: x.Code, Label: x.Name})
		}
	}
	if x, ok := d.proposal(i); ok {
		p.Proposed = x.Name
	}
	if m, has := d.annual(i); has {
		p.Annual = say(p.Base, m.Fixed(d.Engine.AnnualPlaces()))
	}
}

// saveCouncil stores what the council says of one pupil and goes to the next.
func saveCouncil(c *web.Ctx) error {
	f, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			d, err := readWhole(c, tx)
			if err != nil {
				return web.Result{}, err
			}
			if len(d.Pupils) == 0 {
				return web.Result{}, c.NotFound()
			}
			if list, err := issuedOf(tx, d.Class.ID, d.Period.Number); err != nil || len(list) > 0 {
				if err == nil {
					err = school.Refuse("marks.council.refused.issued", "")
				}
				return web.Result{}, err
			}
			v, err := saidIn(f)
			if err != nil {
				return web.Result{}, err
			}
			i := atPupil(c, d)
			if err := d.council.say(tx, c.Actor(), i, v); err != nil {
				return web.Result{}, err
			}
			if i+1 == len(d.Pupils) {
				return web.Result{To: "/marks/council/" + d.Class.ID.String() + "/minutes?period=" + strconv.Itoa(d.Period.Number), Flash: "marks.council.flash.done"}, nil
			}
			return web.Result{To: councilPath(d.Class.ID, d.Period.Number, i+2)}, nil
		})
	}
	if !c.Refused(err) {
		return err
	}
	p, rerr := readCouncilPage(c)
	if rerr != nil {
		return rerr
	}
	p.Refused = p.T("marks.council.refused")
	p.Remark, p.Awards, p.Decision, p.Reason = f.Get("remark"), f.All("award"), f.Get("decision"), f.Get("reason")
	p.Absences, p.Justified, p.Late = f.Get("absences"), f.Get("justified"), f.Get("late")
	return c.Render(http.StatusUnprocessableEntity, councilView(p))
}

// mostHours bounds what a person can be absent in a period.
const mostHours = 2000

func saidIn(f *web.Form) (v verdict, err error) {
	var no school.Refusals
	typed := false
	whole := func(field string) int {
		text := strings.TrimSpace(f.Get(field))
		if text == "" {
			return 0
		}
		typed = true
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > mostHours {
			no = append(no, school.Refuse("marks.council.refused.number", field))
		}
		return n
	}
	v = verdict{Remark: strings.TrimSpace(f.Get("remark")), Awards: f.All("award"), Decision: f.Get("decision"), Reason: strings.TrimSpace(f.Get("reason"))}
	v.Tally = school.Tally{Absences: whole("absences"), Justified: whole("justified"), Lateness: whole("late")}
	v.Tally.Typed = typed
	if len([]rune(v.Remark)) > 200 {
		no = append(no, school.Refuse("marks.council.refused.long", "remark"))
	}
	return v, no.Or()
}

// minutesPage is the council's record (procès-verbal), for paper.
type minutesPage struct {
	web.Base
	Class  store.ID
	Number int
	Rows   []minuteRow
	Facts  []web.Fact
	Last   bool
	Counts []web.Fact
	Head   string // "Le proviseur"
}

type minuteRow struct {
	Name, Mean, Rank, Annual, Awards, Decision, Reason, Remark string
}

func showMinutes(c *web.Ctx) error {
	var d *draft
	if err := c.View(func(tx *store.Tx) (err error) { d, err = readWhole(c, tx); return err }); err != nil {
		return err
	}
	r := resultsPage{Base: c.Base("marks.minutes.title", "class", d.Class.Value.Label)}
	r.fill(d)
	p := minutesPage{Base: r.Base, Class: d.Class.ID, Number: d.Period.Number, Facts: r.Facts, Last: d.last, Head: d.headTitle()}
	p.Lead = d.Period.Name + " · " + d.Year.Label
	p.Back = web.Link{Label: p.T("marks.results.title", "class", d.Class.Value.Label), Href: resultsPath(d.Class.ID, d.Period.Number)}
	count := map[string]int{}
	for i := range d.Pupils {
		v := d.of(i)
		row := minuteRow{Name: r.Rows[i].Name, Mean: r.Rows[i].Mean, Rank: r.Rows[i].Rank, Remark: v.Remark, Reason: v.Reason}
		if row.Mean == "" {
			row.Mean = r.Rows[i].Unrated
		}
		row.Awards = strings.Join(d.awardNames(v.Awards, ""), ", ")
		for _, code := range v.Awards {
			count[code]++
		}
		if d.last {
			row.Decision = d.decisionName(v.Decision)
			count["="+v.Decision]++
			if m, has := d.annual(i); has {
				row.Annual = say(p.Base, m.Fixed(d.Engine.AnnualPlaces()))
			}
		}
		p.Rows = append(p.Rows, row)
	}
	for _, a := range d.Pack.Council.Awards {
		if n := count[a.Code]; n > 0 {
			p.Counts = append(p.Counts, web.Fact{Label: a.Name, Text: p.Base.Number(n)})
		}
	}
	for _, x := range d.Pack.Council.Decisions {
		if n := count["="+x.Code]; n > 0 {
			p.Counts = append(p.Counts, web.Fact{Label: x.Name, Text: p.Base.Number(n)})
		}
	}
	if done, err := sendList(c, p.Title+" "+d.Period.Name, p.list); done {
		return err
	}
	return c.Render(http.StatusOK, minutesView(p))
}

// list is the council's record for a spreadsheet.
func (p minutesPage) list() [][]any {
	head := []any{}
	for _, h := range p.heads() {
		head = append(head, h.Label)
	}
	if p.Last {
		head = append(head, p.T("marks.council.reason"))
	}
	rows := [][]any{head}
	for i, r := range p.Rows {
		row := []any{i + 1, r.Name, number(r.Mean), r.Rank}
		if p.Last {
			row = append(row, number(r.Annual))
		}
		row = append(row, r.Awards)
		if p.Last {
			row = append(row, r.Decision)
		}
		if row = append(row, r.Remark); p.Last {
			row = append(row, r.Reason)
		}
		rows = append(rows, row)
	}
	return rows
}

func (p councilPage) proposedHint() string {
	if p.Proposed == "" {
		return ""
	}
	return p.T("marks.council.proposed", "decision", p.Proposed)
}

func (p councilPage) saveLabel() string {
	if p.N == p.Of {
		return p.T("marks.council.save_last")
	}
	return p.T("marks.council.save")
}

func (p minutesPage) heads() []web.Head {
	heads := []web.Head{{Label: p.T("marks.col.number"), Class: "m"}, {Label: p.T("marks.col.pupil")}, {Label: p.T("marks.col.average"), Class: "n"}, {Label: p.T("marks.col.rank"), Class: "n"}}
	if p.Last {
		heads = append(heads, web.Head{Label: p.T("marks.bulletin.annual"), Class: "n"})
	}
	heads = append(heads, web.Head{Label: p.T("marks.council.awards")})
	if p.Last {
		heads = append(heads, web.Head{Label: p.T("marks.council.decision")})
	}
	return append(heads, web.Head{Label: p.T("marks.council.remark")})
}
