package marks

import (
	"net/http"
	"strconv"

	"preau/school"
	"preau/school/average"
	"preau/store"
	"preau/web"
)

// resultsPage is a class's period as a whole: every pupil's average and rank,
// and what is said of all.
type resultsPage struct {
	web.Base
	Class     store.ID
	Label     string
	Periods   []periodLink
	Number    int
	Rows      []resultRow
	Facts     []web.Fact
	Drawn     string
	Scale     int // of the bars, in hundredths
	Subjects  []subjectRow
	Missing   []string
	More      int
	Issued    int
	MayIssue  bool
	MayPrint  bool
	InCouncil bool
}

type resultRow struct {
	Pupil                                 store.ID
	Name, Rank, Mean, Mention, Unrated    string
	Hundredths, Open, UnratedIn, Position int
}

type subjectRow struct {
	Name, Mean, Highest, Lowest string
	N, Passed                   int
	Link                        string
}

// readWhole is the class of a request for who sees all its marks.
func readWhole(c *web.Ctx, tx *store.Tx) (*draft, error) {
	class, err := c.ID("class")
	if err != nil {
		return nil, err
	}
	may, err := school.MaySeeMarks(tx, c.Actor(), class, "")
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, c.NotFound()
	}
	number, _ := strconv.Atoi(c.Query("period"))
	return readDraft(c, tx, class, number)
}

func resultsPath(class store.ID, period int) string {
	return "/marks/results/" + class.String() + "?period=" + strconv.Itoa(period)
}

func showResults(c *web.Ctx) error {
	var d *draft
	p := resultsPage{MayIssue: school.May(school.IssueBulletins).Allows(c.Actor()), InCouncil: school.May(school.HoldCouncil).Allows(c.Actor())}
	err := c.View(func(tx *store.Tx) (err error) {
		if d, err = readWhole(c, tx); err != nil {
			return err
		}
		list, err := issuedOf(tx, d.Class.ID, d.Period.Number)
		p.Issued = len(list)
		return err
	})
	if err != nil {
		return err
	}
	p.Base = c.Base("marks.results.title", "class", d.Class.Value.Label)
	p.Lead = d.Period.Name + " · " + d.Year.Label
	p.Back = web.Link{Label: p.T("marks.home.title"), Href: "/marks"}
	if done, err := sendList(c, d.Class.Value.Label+" "+p.Lead, func() [][]any { return d.list(p.Base) }); done {
		return err
	}
	p.fill(d)
	return c.Render(http.StatusOK, resultsView(p))
}

func (p *resultsPage) fill(d *draft) {
	p.Class, p.Label, p.Number = d.Class.ID, d.Class.Value.Label, d.Period.Number
	for _, q := range periodsOf(d.Pack, d.Year, d.Class.Value.Level) {
		p.Periods = append(p.Periods, periodLink{q.Number, q.Name})
	}
	places := d.Engine.GeneralPlaces()
	p.Scale = int(average.MustDecimal(d.Engine.Formula.Scale) / 100)
	var means []average.Decimal
	for i, pupil := range d.Pupils {
		r := d.results.Pupils[i]
		row := resultRow{Pupil: pupil.ID, Name: pupil.Value.Name(), Open: r.Open, UnratedIn: r.Unrated, Position: i + 1}
		if r.Rated {
			row.Mean, row.Hundredths = say(p.Base, r.General.Fixed(places)), int(r.General/100)
			row.Mention = d.Pack.Council.MentionOf(r.General)
			row.Rank = d.results.Places[i].In(p.Lang, pupil.Value.Sex)
			if !r.Unclassed {
				means = append(means, r.General)
			}
		}
		if !r.Rated || r.Unclassed {
			row.Unrated = p.T("marks.results.unclassed")
		}
		p.Rows = append(p.Rows, row)
	}
	p.summary(d, means)
	for s, sub := range d.Subjects {
		sum := d.results.Subjects[s].Summary
		row := subjectRow{Name: sub.Name, N: sum.N, Passed: sum.Passed, Link: notebookPath(d.Class.ID, sub.Row.Subject, d.Period.Number)}
		if sum.N > 0 {
			n := d.Engine.SubjectPlaces()
			row.Mean, row.Highest, row.Lowest = say(p.Base, sum.Mean.Fixed(n)), say(p.Base, sum.Highest.Fixed(n)), say(p.Base, sum.Lowest.Fixed(n))
		}
		p.Subjects = append(p.Subjects, row)
	}
	missing := d.missing()
	for _, s := range d.lacksSubjects() {
		missing = append(missing, p.T("marks.results.no_marks", "subject", s))
	}
	p.More = max(0, len(missing)-mostNamed)
	p.Missing = missing[:len(missing)-p.More]
}

func (p *resultsPage) summary(d *draft, means []average.Decimal) {
	g := d.results.General
	if g.N == 0 {
		return
	}
	places := d.Engine.GeneralPlaces()
	fact := func(key, text string) {
		p.Facts = append(p.Facts, web.Fact{Label: p.T("marks.results." + key), Text: text})
	}
	share := func(ok, n int) string {
		if n == 0 {
			return "—"
		}
		return p.T("marks.results.share", "ok", ok, "n", n, "percent", (200*ok+n)/(2*n))
	}
	fact("mean", say(p.Base, g.Mean.Fixed(places)))
	fact("range", p.T("marks.results.from_to", "lowest", say(p.Base, g.Lowest.Fixed(places)), "highest", say(p.Base, g.Highest.Fixed(places))))
	fact("passed", share(g.Passed, g.N))
	fact("girls", share(g.GirlsOK, g.Girls))
	fact("boys", share(g.BoysOK, g.Boys))
	p.Drawn = distribution(p.Base, d.term, means)
}

// buttons are the deeds that a class's results lead to: one of them first.
func (p resultsPage) buttons() []web.Button {
	at := "?period=" + strconv.Itoa(p.Number)
	preview := web.Button{Label: p.T("marks.results.preview"), Kind: web.Secondary, Href: "/marks/bulletins/" + p.Class.String() + "/preview" + at}
	var list []web.Button
	if p.InCouncil && p.Issued == 0 {
		list = append(list, web.Button{Label: p.T("marks.results.council"), Href: councilPath(p.Class, p.Number, 1)})
	}
	if p.MayIssue && p.Issued == 0 {
		list = append(list, web.Button{Label: p.T("marks.results.issue", "count", len(p.Rows)), Kind: web.Secondary, Href: issuePath(p.Class, p.Number)})
	}
	if p.Issued == 0 {
		list = append(list, preview)
	}
	return append(list, web.Button{Label: p.T("marks.minutes.link"), Kind: web.Third, Href: "/marks/council/" + p.Class.String() + "/minutes" + at})
}
