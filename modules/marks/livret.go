package marks

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"preau/modules/marks/bulletin"
	"preau/school"
	"preau/school/average"
	"preau/school/packs"
	booksheet "preau/school/sheet"
	"preau/store"
	"preau/web"
)

// livretPage is everything that was issued for one pupil in this school, a table a
// year (livret scolaire, relevé de notes).
type livretPage struct {
	web.Base
	Pupil store.ID
	Years []livretYear
	Facts []web.Fact
	Staff bool
	name  string
}

// livretYear is one year: a row a subject, a column a period.
type livretYear struct {
	Label, Class string
	Periods      []livretPeriod
	Rows         []livretRow
	page         bulletin.Page
}

type livretPeriod struct {
	ID                                    store.ID
	Name, Mean, Rank, Reference, Decision string
	number                                int
}

type livretRow struct {
	Code, Subject string
	Means         []string // by period
}

func livretPath(pupil store.ID) string { return "/marks/pupils/" + pupil.String() }

func showLivret(c *web.Ctx) error {
	p, err := readLivret(c)
	if err != nil {
		return err
	}
	name := p.T("marks.livret.file") + " " + p.name
	if c.Query("as") == "pdf" {
		return sendPDF(c, name+".pdf", len(p.Years), func(i int) bulletin.Page { return p.Years[i].page })
	}
	if done, err := sendList(c, name, p.list); done {
		return err
	}
	return c.Render(http.StatusOK, livretView(p))
}

// readLivret reads what was issued for a pupil, for who may see it: staff who see
// the marks of the pupil's class, and the pupil.
func readLivret(c *web.Ctx) (p livretPage, err error) {
	id, err := c.ID("pupil")
	if err != nil {
		return p, err
	}
	var person school.Person
	err = c.View(func(tx *store.Tx) error {
		p = livretPage{Pupil: id, Staff: c.Actor().ID != id}
		x, err := school.Roster.Person(tx, id)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, school.ErrNobody) || err == nil && x.Value.Kind != school.PupilKind {
			return c.NotFound()
		}
		if err != nil {
			return err
		}
		person = x.Value
		if p.Staff {
			may, err := school.MaySeeMarks(tx, c.Actor(), person.Class, "")
			if person.Class.IsZero() { // who has left
				may, err = school.May(school.SeeMarks).Allows(c.Actor()), nil
			}
			if err != nil {
				return err
			}
			if !may {
				return c.NotFound()
			}
		}
		pack, err := packs.Here(tx)
		if err != nil {
			return err
		}
		for b, err := range bulletins.Where(tx, "pupil", id) {
			if err != nil {
				return err
			}
			if b.Value.Replaced {
				continue
			}
			if err := p.add(tx, pack, b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return p, err
	}
	p.name = person.Name()
	p.Base = c.Base("marks.livret.title", "name", p.name)
	p.Named, p.Lead = true, c.Site().Name
	p.Back = web.Link{Label: p.T("marks.home.title"), Href: "/marks"}
	if !p.Staff {
		p.Back = web.Link{Label: p.T("marks.mine.title"), Href: "/marks/mine"}
	}
	p.Facts = []web.Fact{{Label: p.T("marks.bulletin.matricule"), Text: person.Matricule}}
	for i := range p.Years {
		p.Years[i].finish()
		p.Years[i].paper(c, person)
	}
	return p, nil
}

// add takes a bulletin into its year; the index gives them in order.
func (p *livretPage) add(tx *store.Tx, pack *packs.Pack, b store.Record[issued]) error {
	v := b.Value
	if n := len(p.Years); n == 0 || p.Years[n-1].Label != v.Year {
		class, err := school.Classes.Get(tx, v.Class)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		p.Years = append(p.Years, livretYear{Label: v.Year, Class: class.Value.Label, page: v.Page})
	}
	y := &p.Years[len(p.Years)-1]
	q := livretPeriod{ID: b.ID, Name: v.Page.Title, Reference: v.Reference, Rank: v.Rank, number: v.Period}
	if year, err := school.Years.One(tx, "label", v.Year); err == nil {
		for _, x := range year.Value.Periods {
			if x.Use == school.EvaluationPeriod && x.Number == v.Period {
				q.Name = x.Name
			}
		}
	}
	if v.Rated {
		q.Mean = v.General.Fixed(2)
	}
	e, err := exams.One(tx, "pupil", v.Class, v.Pupil)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	q.Decision = decided(pack, v.Decision, e.Value.Result).Name
	column := len(y.Periods)
	y.Periods = append(y.Periods, q)
	for _, m := range v.Means {
		i := slices.IndexFunc(y.Rows, func(r livretRow) bool { return r.Code == m.Subject })
		if i < 0 {
			i = len(y.Rows)
			s, known := pack.SubjectByCode(m.Subject)
			if !known {
				s.Name = m.Subject
			}
			y.Rows = append(y.Rows, livretRow{Code: m.Subject, Subject: s.Name})
		}
		for len(y.Rows[i].Means) < column {
			y.Rows[i].Means = append(y.Rows[i].Means, "")
		}
		y.Rows[i].Means = append(y.Rows[i].Means, m.Shown)
	}
	y.page = v.Page // the last one's header, place and signatory
	return nil
}

// finish fills empty cells, and drops subjects that were never marked.
func (y *livretYear) finish() {
	y.Rows = slices.DeleteFunc(y.Rows, func(r livretRow) bool { return strings.Join(r.Means, "") == "" })
	for i := range y.Rows {
		for len(y.Rows[i].Means) < len(y.Periods) {
			y.Rows[i].Means = append(y.Rows[i].Means, "")
		}
	}
}

// paper is the year as one printed page, with the header of its last bulletin.
func (y *livretYear) paper(c *web.Ctx, person school.Person) {
	say := func(key string, kv ...any) string { return c.TIn(papersIn, key, kv...) }
	from := y.page
	p := bulletin.Page{Left: from.Left, Right: from.Right, Title: say("marks.livret.paper", "year", y.Label), Place: from.Place, Signatory: from.Signatory}
	p.PupilLeft = from.PupilLeft
	p.PupilRight = known(bulletin.Fact{Label: say("marks.bulletin.class"), Value: y.Class, Bold: true}, bulletin.Fact{Label: say("marks.bulletin.matricule"), Value: person.Matricule})
	p.Columns = []bulletin.Column{{Title: say("marks.col.subject"), Weight: 60}}
	general, ranks := []string{say("marks.list.general")}, []string{say("marks.col.rank")}
	var references []string
	for _, q := range y.Periods {
		p.Columns = append(p.Columns, bulletin.Column{Title: q.Name, Weight: 30, Number: true})
		general, ranks = append(general, web.FormatDecimal(papersIn, q.Mean)), append(ranks, q.Rank)
		references = append(references, q.Reference)
	}
	for _, r := range y.Rows {
		cells := []string{r.Subject}
		for _, m := range r.Means {
			cells = append(cells, web.FormatDecimal(papersIn, m))
		}
		p.Rows = append(p.Rows, bulletin.Row{Cells: cells})
	}
	p.Rows = append(p.Rows, bulletin.Row{Kind: bulletin.Total, Cells: general}, bulletin.Row{Cells: ranks})
	p.FootLeft = []bulletin.Fact{{Label: say("marks.livret.references"), Value: strings.Join(references, ", ")}}
	for _, q := range y.Periods {
		if q.Decision != "" {
			p.FootRight = append(p.FootRight, bulletin.Fact{Label: say("marks.bulletin.decision"), Value: q.Decision, Bold: true})
		}
	}
	y.page = p
}

func (p livretPage) list() [][]any {
	rows := [][]any{{p.T("marks.livret.year"), p.T("marks.col.class"), p.T("marks.livret.period"), p.T("marks.col.subject"), p.T("marks.col.average")}}
	for _, y := range p.Years {
		for i, q := range y.Periods {
			for _, r := range y.Rows {
				rows = append(rows, []any{y.Label, y.Class, q.Name, r.Subject, number(r.Means[i])})
			}
			rows = append(rows, []any{y.Label, y.Class, q.Name, p.T("marks.list.general"), booksheet.Number(q.Mean)})
		}
	}
	return rows
}

func (y livretYear) heads(b web.Base) []web.Head {
	heads := []web.Head{{Label: b.T("marks.col.subject")}}
	for _, q := range y.Periods {
		heads = append(heads, web.Head{Label: q.Name, Class: "n"})
	}
	return heads
}

// scale is a general average in hundredths, for a bar.
func (q livretPeriod) hundredths() int {
	m, err := average.ParseDecimal(q.Mean)
	if err != nil {
		return 0
	}
	return int(m / 100)
}

func (p livretPage) file(as string) string { return livretPath(p.Pupil) + "?as=" + as }
