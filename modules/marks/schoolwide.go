package marks

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"preau/school"
	"preau/school/average"
	"preau/store"
	"preau/web"
)

// schoolwide is a period of every class of the current year, and what pages that
// compare classes share.
type schoolwide struct {
	web.Base
	Periods []periodLink
	Number  int
	At      string // path of the page
	classes []*draft
}

// readSchoolwide reads the classes of the current year in a page's period.
func readSchoolwide(c *web.Ctx, title, at string) (p schoolwide, err error) {
	number, _ := strconv.Atoi(c.Query("period"))
	err = c.View(func(tx *store.Tx) error {
		p = schoolwide{At: at}
		y, err := school.CurrentYear(tx)
		if err != nil {
			return nil //nolint:nilerr // no year yet, nothing to list
		}
		classes, err := school.Roster.ClassesOf(tx, y.Label)
		if err != nil {
			return err
		}
		for _, class := range classes {
			d, err := readDraft(c, tx, class.ID, number)
			if err != nil {
				return err
			}
			if p.Periods == nil {
				number, p.Number = d.Period.Number, d.Period.Number
				for _, q := range periodsOf(d.Pack, y, class.Value.Level) {
					p.Periods = append(p.Periods, periodLink{q.Number, q.Name})
				}
			}
			p.classes = append(p.classes, d)
		}
		return nil
	})
	p.Base = c.Base(title)
	p.Back = web.Link{Label: p.T("marks.home.title"), Href: "/marks"}
	if len(p.classes) > 0 {
		p.Lead = p.classes[0].Period.Name + " · " + p.classes[0].Year.Label
	}
	return p, err
}

// link is the page with another choice.
func (p schoolwide) link(kv ...string) string {
	q := url.Values{"period": {strconv.Itoa(p.Number)}}
	for i := 0; i+1 < len(kv); i += 2 {
		q.Set(kv[i], kv[i+1])
	}
	return p.At + "?" + q.Encode()
}

// file is the name of the page's list, without its ending.
func (p schoolwide) file(key string) string { return p.T(key) + " " + p.Lead }

// stream is a level and its series: "Tle D".
func stream(c school.Class) string { return strings.TrimSpace(c.Level + " " + c.Series) }

// ranksPage places the pupils of a level and series, whatever their class.
type ranksPage struct {
	schoolwide
	Streams []string
	Stream  string
	Rows    []rankRow
	Scale   int
	Unrated int
	places  int
}

type rankRow struct {
	Class                   store.ID
	Pupil                   store.ID
	Name, Matricule, Sex    string
	Label, Mean, Rank, Here string // Here: the rank in the own class
	place                   average.Place
	mean                    average.Decimal
}

func showRanks(c *web.Ctx) error {
	all, err := readSchoolwide(c, "marks.ranks.title", "/marks/ranks")
	if err != nil {
		return err
	}
	p := ranksPage{schoolwide: all, Stream: c.Query("of")}
	for _, d := range p.classes {
		if s := stream(d.Class.Value); !slices.Contains(p.Streams, s) {
			p.Streams = append(p.Streams, s)
		}
	}
	slices.Sort(p.Streams)
	if !slices.Contains(p.Streams, p.Stream) && len(p.Streams) > 0 {
		p.Stream = p.Streams[0]
	}
	p.fill()
	if p.Stream != "" {
		p.Title = p.T("marks.ranks.of", "stream", p.Stream)
	}
	if done, err := sendList(c, p.file("marks.ranks.title")+" "+p.Stream, p.list); done {
		return err
	}
	return c.Render(http.StatusOK, ranksView(p))
}

func (p *ranksPage) fill() {
	var standings []average.Standings
	for _, d := range p.classes {
		if stream(d.Class.Value) != p.Stream {
			continue
		}
		p.Scale, p.places = int(average.MustDecimal(d.Engine.Formula.Scale)/100), d.Engine.GeneralPlaces()
		for i, pupil := range d.Pupils {
			r := d.results.Pupils[i]
			if !r.Rated || r.Unclassed {
				p.Unrated++
				continue
			}
			p.Rows = append(p.Rows, rankRow{
				Class: d.Class.ID, Pupil: pupil.ID, Name: pupil.Value.Name(), Matricule: pupil.Value.Matricule, Sex: pupil.Value.Sex, Label: d.Class.Value.Label,
				Mean: r.General.Fixed(p.places), Here: d.results.Places[i].In(p.Lang, pupil.Value.Sex), mean: r.General,
			})
			standings = append(standings, average.Standings{Mean: r.General, Ranked: true})
		}
	}
	for i, place := range average.Rank(standings) {
		p.Rows[i].place, p.Rows[i].Rank = place, place.In(p.Lang, p.Rows[i].Sex)
	}
	slices.SortStableFunc(p.Rows, func(a, b rankRow) int { return a.place.Rank - b.place.Rank })
}

func (p ranksPage) list() [][]any {
	rows := [][]any{{p.T("marks.col.rank"), p.T("marks.bulletin.matricule"), p.T("marks.col.pupil"), p.T("marks.list.sex"), p.T("marks.col.class"), p.T("marks.list.general")}}
	for _, r := range p.Rows {
		rows = append(rows, []any{r.place.Rank, r.Matricule, r.Name, r.Sex, r.Label, number(r.Mean)})
	}
	return rows
}

// failuresPage says in which subjects pupils stay under half of the scale, and in
// which classes.
type failuresPage struct {
	schoolwide
	Rows    []failureRow // subjects of the school, the worst first
	Subject string       // name of the one whose classes are listed
	Code    string
	Classes []failureRow
}

type failureRow struct {
	Class                  store.ID
	Code, Name, Mean       string
	Under, Of, Hundredths  int // Hundredths: of the share
	GirlsUnder, BoysUnder  int
	Girls, Boys, classesOf int
}

func (r *failureRow) add(s average.Summary) {
	r.Under, r.Of = r.Under+s.N-s.Passed, r.Of+s.N
	r.GirlsUnder, r.Girls = r.GirlsUnder+s.Girls-s.GirlsOK, r.Girls+s.Girls
	r.BoysUnder, r.Boys = r.BoysUnder+s.Boys-s.BoysOK, r.Boys+s.Boys
	r.classesOf++
}

func (r failureRow) percent() int {
	if r.Of == 0 {
		return 0
	}
	return (200*r.Under + r.Of) / (2 * r.Of)
}

func worstFirst(a, b failureRow) int {
	if d := b.Under*max(a.Of, 1) - a.Under*max(b.Of, 1); d != 0 {
		return d
	}
	return strings.Compare(a.Name, b.Name)
}

func showFailures(c *web.Ctx) error {
	all, err := readSchoolwide(c, "marks.failures.title", "/marks/failures")
	if err != nil {
		return err
	}
	p := failuresPage{schoolwide: all, Code: c.Query("subject")}
	at := map[string]int{}
	for _, d := range p.classes {
		for s, sub := range d.Subjects {
			sum := d.results.Subjects[s].Summary
			if sum.N == 0 {
				continue
			}
			i, known := at[sub.Row.Subject]
			if !known {
				i = len(p.Rows)
				at[sub.Row.Subject] = i
				p.Rows = append(p.Rows, failureRow{Code: sub.Row.Subject, Name: sub.Name})
			}
			p.Rows[i].add(sum)
			if sub.Row.Subject == p.Code {
				p.Subject = sub.Name
				row := failureRow{Class: d.Class.ID, Name: d.Class.Value.Label, Mean: say(p.Base, sum.Mean.Fixed(d.Engine.SubjectPlaces()))}
				row.add(sum)
				p.Classes = append(p.Classes, row)
			}
		}
	}
	slices.SortStableFunc(p.Rows, worstFirst)
	slices.SortStableFunc(p.Classes, worstFirst)
	if done, err := sendList(c, p.file("marks.failures.title"), p.list); done {
		return err
	}
	return c.Render(http.StatusOK, failuresView(p))
}

// list has a row for each subject and class.
func (p failuresPage) list() [][]any {
	rows := [][]any{{p.T("marks.col.class"), p.T("marks.col.subject"), p.T("marks.failures.of"), p.T("marks.failures.under"), p.T("marks.failures.girls"), p.T("marks.failures.boys"), p.T("marks.col.mean")}}
	for _, d := range p.classes {
		for s, sub := range d.Subjects {
			if sum := d.results.Subjects[s].Summary; sum.N > 0 {
				rows = append(rows, []any{d.Class.Value.Label, sub.Name, sum.N, sum.N - sum.Passed, sum.Girls - sum.GirlsOK, sum.Boys - sum.BoysOK, number(sum.Mean.Fixed(d.Engine.SubjectPlaces()))})
			}
		}
	}
	return rows
}

// honoursPage lists who is praised, by class, level and school.
type honoursPage struct {
	schoolwide
	Awards []string // names of the pack's praise, in its order
	Counts []honourCount
	Levels []string
	Level  string      // whose pupils are named
	Names  []honourRow // of the level; a file has them all
	all    []honourRow
}

// honourCount is how many a class, a level or the school praises.
type honourCount struct {
	Label  string
	Total  bool // of a level or the school
	Pupils int
	N      []int // by award
}

func (h honourCount) sum() (n int) {
	for _, x := range h.N {
		n += x
	}
	return n
}

type honourRow struct {
	Award, Level, Label, Name, Mean, Rank, Matricule, Sex string

	mean average.Decimal
}

func showHonours(c *web.Ctx) error {
	all, err := readSchoolwide(c, "marks.honours.title", "/marks/honours")
	if err != nil {
		return err
	}
	p := honoursPage{schoolwide: all, Level: c.Query("level")}
	p.fill()
	if !slices.Contains(p.Levels, p.Level) && len(p.Levels) > 0 {
		p.Level = p.Levels[0]
	}
	for _, r := range p.all {
		if r.Level == p.Level {
			p.Names = append(p.Names, r)
		}
	}
	if done, err := sendList(c, p.file("marks.honours.title"), p.list); done {
		return err
	}
	return c.Render(http.StatusOK, honoursView(p))
}

func (p *honoursPage) fill() {
	if len(p.classes) == 0 {
		return
	}
	var codes []string
	for _, a := range p.classes[0].Pack.Council.Awards {
		if a.Kind == "praise" {
			codes, p.Awards = append(codes, a.Code), append(p.Awards, a.Name)
		}
	}
	whole := honourCount{Label: p.T("marks.honours.school"), Total: true, N: make([]int, len(codes))}
	var level *honourCount
	byAward := make([][]honourRow, len(codes))
	for n, d := range p.classes {
		if n == 0 || d.Class.Value.Level != p.classes[n-1].Class.Value.Level {
			p.Levels = append(p.Levels, d.Class.Value.Level)
			level = &honourCount{Label: p.T("marks.honours.level", "level", d.Class.Value.Level), Total: true, N: make([]int, len(codes))}
		}
		row := honourCount{Label: d.Class.Value.Label, Pupils: len(d.Pupils), N: make([]int, len(codes))}
		for i, pupil := range d.Pupils {
			for _, code := range d.of(i).Awards {
				a := slices.Index(codes, code)
				if a < 0 {
					continue
				}
				row.N[a]++
				r := d.results.Pupils[i]
				h := honourRow{Award: p.Awards[a], Level: d.Class.Value.Level, Label: d.Class.Value.Label, Name: pupil.Value.Name(), Matricule: pupil.Value.Matricule, Sex: pupil.Value.Sex, Rank: d.results.Places[i].In(p.Lang, pupil.Value.Sex)}
				if r.Rated {
					h.Mean, h.mean = r.General.Fixed(d.Engine.GeneralPlaces()), r.General
				}
				byAward[a] = append(byAward[a], h)
			}
		}
		for a, k := range row.N {
			level.N[a], whole.N[a] = level.N[a]+k, whole.N[a]+k
		}
		level.Pupils, whole.Pupils = level.Pupils+row.Pupils, whole.Pupils+row.Pupils
		p.Counts = append(p.Counts, row)
		if n+1 == len(p.classes) || p.classes[n+1].Class.Value.Level != d.Class.Value.Level {
			p.Counts = append(p.Counts, *level)
		}
	}
	p.Counts = append(p.Counts, whole)
	for _, list := range byAward {
		slices.SortStableFunc(list, func(a, b honourRow) int { return cmp.Compare(b.mean, a.mean) })
		p.all = append(p.all, list...)
	}
}

func (p honoursPage) list() [][]any {
	rows := [][]any{{p.T("marks.honours.award"), p.T("marks.col.class"), p.T("marks.bulletin.matricule"), p.T("marks.col.pupil"), p.T("marks.list.sex"), p.T("marks.list.general"), p.T("marks.col.rank")}}
	for _, r := range p.all {
		rows = append(rows, []any{r.Award, r.Label, r.Matricule, r.Name, r.Sex, number(r.Mean), r.Rank})
	}
	return rows
}
