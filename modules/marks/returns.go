package marks

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"preau/school"
	"preau/school/average"
	"preau/school/org"
	"preau/school/packs"
	booksheet "preau/school/sheet"
	"preau/store"
	"preau/web"
)

// returnsPage is what schools have sent of their results (return R3): counts by
// sex, added up by directorate, level and school. No names.
type returnsPage struct {
	web.Base
	Years   []string
	Year    string
	Periods []periodLink
	Number  int
	Sent    int // schools that have sent something
	Of      int
	Whole   []returnRow // one: all that came
	Regions []returnRow
	Levels  []returnRow
	Schools []returnRow
	Pages   web.Pages

	Decisions []decisionRow // of the last period of the year
	Decided   int
	files     []fileRow
}

// returnRow adds counts up.
type returnRow struct {
	Code, Name, Note string
	Sent, Of         int // schools
	Girls, Boys      counts
	ExamGirls        examCounts
	ExamBoys         examCounts
	State            web.Mark // of a school that has sent nothing
	total            average.Decimal
}

type decisionRow struct {
	Name string
	N    int
}

// fileRow is a class as it leaves in a file.
type fileRow struct {
	school, region, inspection string
	outcome                    outcome
}

func (r *returnRow) add(o outcome) {
	for _, x := range []struct {
		to   *counts
		from counts
	}{{&r.Girls, o.Girls}, {&r.Boys, o.Boys}} {
		if x.from.Present == 0 {
			continue
		}
		if x.to.Present == 0 || x.from.Lowest < x.to.Lowest {
			x.to.Lowest = x.from.Lowest
		}
		x.to.Highest = max(x.to.Highest, x.from.Highest)
		x.to.Present, x.to.Passed = x.to.Present+x.from.Present, x.to.Passed+x.from.Passed
		r.total += x.from.Mean * average.Decimal(x.from.Present)
	}
	r.ExamGirls.add(o.ExamGirls)
	r.ExamBoys.add(o.ExamBoys)
}

func (r returnRow) present() int { return r.Girls.Present + r.Boys.Present }

func (r returnRow) mean() string {
	if r.present() == 0 {
		return ""
	}
	return average.Mean(r.total, r.present(), 2).Fixed(2)
}

// lateAfter is since when a box that is not heard has no link, and is not only
// behind with its councils.
const lateAfter = 7 * 24 * time.Hour

func showReturns(c *web.Ctx) error {
	p, err := readReturns(c)
	if err != nil {
		return err
	}
	if done, err := sendList(c, p.T("marks.returns.title")+" "+p.Lead, p.list); done {
		return err
	}
	p.Pages = web.PagesOf("/results", url.Values{"year": {p.Year}, "period": {strconv.Itoa(p.Number)}}, c.From(), schoolsPerPage, len(p.Schools))
	p.Pages.ByName = true
	p.Schools = web.Cut(p.Schools, c.From(), schoolsPerPage)
	return c.Render(http.StatusOK, returnsView(p))
}

const schoolsPerPage = 100

func readReturns(c *web.Ctx) (p returnsPage, err error) {
	base := c.Base("marks.returns.title")
	err = c.View(func(tx *store.Tx) error {
		p = returnsPage{Base: base}
		sent := map[string][]outcome{}
		for o, err := range outcomes.All(tx) {
			if err != nil {
				return err
			}
			v := o.Value
			if !slices.Contains(p.Years, v.Year) {
				p.Years = append(p.Years, v.Year)
			}
			sent[v.Site] = append(sent[v.Site], v)
		}
		if err := p.choose(c, tx, sent); err != nil {
			return err
		}
		return p.read(c, tx, sent)
	})
	return p, err
}

// choose takes the year and period of the request, else the latest of which
// something came, else the year of today.
func (p *returnsPage) choose(c *web.Ctx, tx *store.Tx, sent map[string][]outcome) error {
	y, err := school.CurrentYear(tx)
	if err == nil && !slices.Contains(p.Years, y.Label) {
		p.Years = append(p.Years, y.Label)
	}
	slices.Sort(p.Years)
	p.Year = c.Query("year")
	if !slices.Contains(p.Years, p.Year) {
		p.Year = ""
		for _, list := range sent {
			for _, o := range list {
				p.Year = max(p.Year, o.Year)
			}
		}
		p.Year = cmp.Or(p.Year, y.Label)
	}
	p.Number, _ = strconv.Atoi(c.Query("period"))
	last := 0
	for _, list := range sent {
		for _, o := range list {
			if o.Year == p.Year {
				last = max(last, o.Period)
			}
		}
	}
	if p.Number == 0 {
		p.Number = max(last, 1)
	}
	if x, err := school.Years.One(tx, "label", p.Year); err == nil {
		for _, q := range evaluationPeriods(x.Value) {
			p.Periods = append(p.Periods, periodLink{q.Number, q.Name})
		}
	}
	for _, q := range p.Periods {
		if q.Number == p.Number {
			p.Lead = q.Name + " · " + p.Year
		}
	}
	return nil
}

func (p *returnsPage) read(c *web.Ctx, tx *store.Tx, sent map[string][]outcome) error {
	day := org.Today(tx)
	units, err := org.OfKind(tx, org.School, day)
	if err != nil {
		return err
	}
	heard, err := school.ContactsBySite(tx)
	if err != nil {
		return err
	}
	whole := returnRow{Name: p.T("marks.returns.all")}
	decisions := map[string]int{}
	for _, u := range units {
		if may, err := org.MaySee(tx, c.Person(), u.Value.Code, day); err != nil {
			return err
		} else if !may {
			continue
		}
		region, inspection, err := org.Path(tx, u.Value.Code)
		if err != nil && !errors.Is(err, org.ErrNoUnit) {
			return err
		}
		row := returnRow{Code: u.Value.Code, Name: u.Value.Name, Note: region.Name, Of: 1}
		at := rowOf(&p.Regions, region.Code, cmp.Or(region.Name, p.T("marks.returns.nowhere")))
		for _, o := range sent[u.Value.Code] {
			if o.Year != p.Year || o.Period != p.Number {
				continue
			}
			row.Sent = 1
			for code, n := range o.Decisions {
				decisions[code] += n
			}
			row.add(o)
			at.add(o)
			whole.add(o)
			rowOf(&p.Levels, o.Level+o.Series, strings.TrimSpace(o.Level+" "+o.Series)).add(o)
			p.files = append(p.files, fileRow{u.Value.Name, region.Name, inspection.Name, o})
		}
		if row.Sent == 0 {
			row.State = p.late(heard[u.Value.Code])
		}
		for _, r := range []*returnRow{rowOf(&p.Regions, region.Code, ""), &whole} {
			r.Of++
			r.Sent += row.Sent
		}
		p.Schools = append(p.Schools, row)
	}
	p.Sent, p.Of, p.Whole = whole.Sent, whole.Of, []returnRow{whole}
	if err := p.decisions(tx, decisions); err != nil {
		return err
	}
	byName := func(a, b returnRow) int { return strings.Compare(school.Fold(a.Name), school.Fold(b.Name)) }
	slices.SortFunc(p.Regions, byName)
	slices.SortFunc(p.Levels, byName)
	slices.SortFunc(p.Schools, byName)
	return nil
}

// decisions names what was decided, in the order of the pack.
func (p *returnsPage) decisions(tx *store.Tx, counted map[string]int) error {
	pack, err := packs.Here(tx)
	if err != nil {
		return err
	}
	for _, d := range pack.Council.Decisions {
		if n := counted[d.Code]; n > 0 {
			p.Decisions, p.Decided = append(p.Decisions, decisionRow{d.Name, n}), p.Decided+n
		}
	}
	return nil
}

// rowOf is the row of a code, made the first time.
func rowOf(list *[]returnRow, code, name string) *returnRow {
	i := slices.IndexFunc(*list, func(r returnRow) bool { return r.Code == code })
	if i < 0 {
		i = len(*list)
		*list = append(*list, returnRow{Code: code, Name: name})
	}
	return &(*list)[i]
}

// late tells a school without a link from one that has not issued yet.
func (p *returnsPage) late(heard school.Contact) web.Mark {
	switch {
	case heard.Last.IsZero():
		return web.Mark{Icon: "clock", Tone: web.Ochre, Bold: p.T("marks.returns.never")}
	case p.Now.Sub(heard.Last) > lateAfter:
		return web.Mark{Icon: "clock", Tone: web.Ochre, Bold: p.T("marks.returns.no_link"), Text: p.T("marks.returns.heard", "time", p.Moment(heard.Last))}
	}
	return web.Mark{Icon: "clock", Tone: web.Ochre, Bold: p.T("marks.returns.not_issued"), Text: p.T("marks.returns.heard", "time", p.Moment(heard.Last))}
}

// list has a row for each class and sex.
func (p returnsPage) list() [][]any {
	rows := [][]any{{
		p.T("marks.returns.code"), p.T("marks.returns.school"), p.T("marks.returns.region"), p.T("marks.returns.inspection"), p.T("marks.livret.year"), p.T("marks.livret.period"),
		p.T("marks.col.class"), p.T("marks.returns.level"), p.T("marks.returns.series"), p.T("marks.list.sex"), p.T("marks.returns.present"), p.T("marks.returns.passed"),
		p.T("marks.results.lowest"), p.T("marks.results.highest"), p.T("marks.col.mean"), p.T("marks.returns.candidates"), p.T("marks.exam.admitted"),
	}}
	for _, f := range p.files {
		o := f.outcome
		for _, x := range []struct {
			sex  string
			c    counts
			exam examCounts
		}{{"F", o.Girls, o.ExamGirls}, {"M", o.Boys, o.ExamBoys}} {
			row := []any{o.Site, f.school, f.region, f.inspection, o.Year, o.Period, o.Class, o.Level, o.Series, x.sex, x.c.Present, x.c.Passed, "", "", "", x.exam.Candidates, x.exam.Admitted}
			if x.c.Present > 0 {
				row[12], row[13], row[14] = booksheet.Number(x.c.Lowest.Fixed(2)), booksheet.Number(x.c.Highest.Fixed(2)), booksheet.Number(x.c.Mean.Fixed(2))
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func (p returnsPage) link(year string, period int) string {
	return "/results?year=" + url.QueryEscape(year) + "&period=" + strconv.Itoa(period)
}
