package marks

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"preau/school"
	"preau/store"
	"preau/web"
)

// boardPage says who still has what to enter, per teacher and class.
type boardPage struct {
	web.Base
	Periods  []periodLink
	Number   int
	Period   school.Period
	Rows     []boardRow
	Last     string // closing day
	Closed   bool
	MayClose bool
	Typed    string // closing day as typed
	Left     int    // marks to enter
	Only     bool   // only what is not whole
}

// boardRow is one subject of a class.
type boardRow struct {
	Class           store.ID
	Code            string
	Label, Subject  string
	Teachers        string
	Held            string // "2 interrogations, 1 devoir"
	Lacks           string // evaluations that the formula expects and nobody has made
	Entered, Wanted int
	Reopened        string // until that day
	Whole           bool
}

// Number2 is Base.Number, which a field of the page's own hides.
func (p boardPage) Number2(n int) string { return p.Base.Number(n) }

// files is the address under which the list comes as a file.
func (p boardPage) files() string {
	href := "/marks/board?period=" + strconv.Itoa(p.Number) + "&"
	if p.Only {
		href += "only=1&"
	}
	return href
}

func showBoard(c *web.Ctx) error { return board(c, http.StatusOK, "") }

func board(c *web.Ctx, status int, typed string) error {
	p := boardPage{Base: c.Base("marks.board.title"), MayClose: school.May(school.CloseMarks).Allows(c.Actor()), Only: c.Query("only") != "", Typed: typed}
	p.Back = web.Link{Label: p.T("marks.home.title"), Href: "/marks"}
	p.Wide = true
	number, _ := strconv.Atoi(c.Query("period"))
	if err := c.View(func(tx *store.Tx) error { return p.read(tx, number) }); err != nil {
		return err
	}
	if done, err := sendList(c, p.Title+" "+p.Period.Name, p.list); done {
		return err
	}
	p.Lead = p.T("marks.board.lead", "period", p.Period.Name, "day", p.Day(p.Last), "count", p.Left)
	if p.Typed == "" {
		p.Typed = p.Last
	}
	return c.Render(status, boardView(p))
}

func (p *boardPage) read(tx *store.Tx, number int) error {
	y, err := school.CurrentYear(tx)
	if err != nil {
		return err
	}
	classes, err := school.Roster.ClassesOf(tx, y.Label)
	if err != nil || len(classes) == 0 {
		return err
	}
	now, _ := tx.Now()
	today := now.Format(time.DateOnly)
	names := map[store.ID]string{}
	for _, class := range classes {
		t, err := readTerm(tx, class.ID, number)
		if err != nil {
			return err
		}
		if number == 0 {
			number = t.Period.Number
		}
		if p.Periods == nil {
			for _, q := range periodsOf(t.Pack, y, class.Value.Level) {
				p.Periods = append(p.Periods, periodLink{q.Number, q.Name})
			}
			p.Number, p.Period = t.Period.Number, t.Period
			if p.Last, err = lastDayOf(tx, y.Label, t.Period); err != nil {
				return err
			}
			p.Closed = today > p.Last
		}
		for i := range t.Subjects {
			row, err := p.row(tx, t, &t.Subjects[i], names)
			if err != nil {
				return err
			}
			if row.Reopened < today {
				row.Reopened = ""
			}
			if p.Left += row.Wanted - row.Entered; !p.Only || !row.Whole {
				p.Rows = append(p.Rows, row)
			}
		}
	}
	return nil
}

func (p *boardPage) row(tx *store.Tx, t *term, s *taught, names map[store.ID]string) (boardRow, error) {
	row := boardRow{Class: t.Class.ID, Code: s.Row.Subject, Label: t.Class.Value.Label, Subject: s.Name}
	for _, id := range s.Teachers {
		if names[id] == "" {
			x, err := school.Roster.Person(tx, id)
			if err != nil {
				return row, err
			}
			names[id] = x.Value.Name()
		}
		row.Teachers += ", " + names[id]
	}
	row.Teachers = strings.TrimPrefix(row.Teachers, ", ")
	held, lacks := []string{}, []string{}
	for _, k := range t.Engine.Formula.Kinds {
		n := t.held(s, k.Code)
		if n > 0 {
			held = append(held, p.T("marks.board.held", "kind", k.Name, "n", n))
		}
		if n < k.ExpectedOf() {
			lacks = append(lacks, p.T("marks.board.lacks", "kind", k.Name, "n", n, "expected", k.ExpectedOf()))
		}
	}
	row.Held, row.Lacks = strings.Join(held, ", "), strings.Join(lacks, ", ")
	row.Entered, row.Wanted = t.filled(s)
	row.Whole = row.Lacks == "" && row.Entered == row.Wanted
	for r, err := range reopenings.Where(tx, "class", t.Class.ID, t.Period.Number, s.Row.Subject) {
		if err != nil {
			return row, err
		}
		row.Reopened = max(row.Reopened, r.Value.Last)
	}
	return row, nil
}

// held counts the evaluations of a kind in a subject. Half-groups have one each:
// what counts is what every pupil had.
func (t *term) held(s *taught, kind string) int {
	whole, byGroup := 0, map[store.ID]int{}
	for _, x := range s.Evaluations {
		e := &t.Evaluations[x].Value
		switch {
		case e.Kind != kind:
		case e.Group.IsZero():
			whole++
		default:
			byGroup[e.Group]++
		}
	}
	least := -1
	for _, n := range byGroup {
		if least < 0 || n < least {
			least = n
		}
	}
	return whole + max(least, 0)
}

// setClosing moves the last day of a period's entry.
func setClosing(c *web.Ctx) error {
	f, err := c.Form()
	day := f.Get("last")
	number, _ := strconv.Atoi(c.Query("period"))
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			y, err := school.CurrentYear(tx)
			if err != nil {
				return web.Result{}, err
			}
			if !school.ValidDay(day) || day < y.From || day > y.Until {
				return web.Result{}, school.Refuse("marks.refused.closing", "last", "value", day, "from", y.From, "until", y.Until)
			}
			to := web.Result{To: "/marks/board?period=" + strconv.Itoa(number), Flash: "marks.flash.closing"}
			for r, err := range closings.Where(tx, "period", y.Label, number) {
				if err != nil {
					return to, err
				}
				if err := closings.Set(tx, r.ID, closing{y.Label, number, day}); err != nil {
					return to, err
				}
				return to, school.Audit(tx, c.Actor(), "marks.closing", r.ID, r.Value.Last, day)
			}
			id, err := closings.Add(tx, closing{y.Label, number, day})
			if err != nil {
				return to, err
			}
			return to, school.Audit(tx, c.Actor(), "marks.closing", id, nil, day)
		})
	}
	if c.Refused(err) {
		return board(c, http.StatusUnprocessableEntity, day)
	}
	return err
}

// reopenPage opens a class and subject again after the closing.
type reopenPage struct {
	web.Base
	Action, Last, Reason string
	Earlier              []string
}

func showReopen(c *web.Ctx) error {
	p, _, err := readReopen(c)
	if err != nil {
		return err
	}
	p.Last = c.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	return c.Render(http.StatusOK, reopenView(*p))
}

func readReopen(c *web.Ctx) (*reopenPage, *term, error) {
	class, err := c.ID("class")
	if err != nil {
		return nil, nil, err
	}
	var t *term
	p := &reopenPage{}
	type past struct{ by, reason, last string }
	var earlier []past
	err = c.View(func(tx *store.Tx) (err error) {
		number, _ := strconv.Atoi(c.Query("period"))
		if t, err = readClass(tx, class, number); err != nil {
			return err
		}
		if t.subject(c.Param("subject")) == nil {
			return c.NotFound()
		}
		for r, err := range reopenings.Where(tx, "class", class, t.Period.Number, c.Param("subject")) {
			if err != nil {
				return err
			}
			x, err := school.Roster.Person(tx, r.Value.By)
			if err != nil {
				return err
			}
			earlier = append(earlier, past{x.Value.Name(), r.Value.Reason, r.Value.Last})
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	s := t.subject(c.Param("subject"))
	p.Base = c.Base("marks.reopen.title", "subject", s.Name, "class", t.Class.Value.Label)
	p.Back = web.Link{Label: p.T("marks.board.title"), Href: "/marks/board?period=" + strconv.Itoa(t.Period.Number)}
	p.Lead = t.Period.Name
	p.Action = "/marks/board/reopen/" + class.String() + "/" + s.Row.Subject + "?period=" + strconv.Itoa(t.Period.Number)
	for _, x := range earlier {
		p.Earlier = append(p.Earlier, p.T("marks.reopen.line", "name", x.by, "day", p.LongDay(x.last), "reason", x.reason))
	}
	return p, t, nil
}

func saveReopen(c *web.Ctx) error {
	p, t, err := readReopen(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	p.Last, p.Reason = f.Get("last"), f.Get("reason")
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			var no school.Refusals
			now, _ := tx.Now()
			if !school.ValidDay(p.Last) || p.Last < now.Format(time.DateOnly) || p.Last > t.Year.Until {
				no = append(no, school.Refuse("marks.refused.reopen_day", "last", "value", p.Last, "until", t.Year.Until))
			}
			if len([]rune(p.Reason)) < 5 {
				no = append(no, school.Refuse("marks.refused.reason", "reason"))
			}
			if err := no.Or(); err != nil {
				return web.Result{}, err
			}
			r := reopening{Class: t.Class.ID, Subject: c.Param("subject"), Period: t.Period.Number, Last: p.Last, Reason: p.Reason, By: c.Actor().ID}
			id, err := reopenings.Add(tx, r)
			if err != nil {
				return web.Result{}, err
			}
			return web.Result{To: p.Back.Href, Flash: "marks.flash.reopened"}, school.Audit(tx, c.Actor(), "marks.reopen", id, nil, map[string]string{"class": t.Class.Value.Label, "subject": r.Subject, "last": r.Last, "reason": r.Reason})
		})
	}
	if c.Refused(err) {
		p.Base = p.With(err, p.T("marks.refused.title"))
		return c.Render(http.StatusUnprocessableEntity, reopenView(*p))
	}
	return err
}
