package marks

import (
	"net/http"

	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

// examResult is what a national exam said of a pupil in the year of a class.
type examResult struct {
	Class   store.ID `cbor:"1,keyasint,omitzero"`
	Pupil   store.ID `cbor:"2,keyasint,omitzero"`
	Exam    string   `cbor:"3,keyasint,omitempty"` // as the pack calls it
	Result  string   `cbor:"4,keyasint,omitempty"` // admitted, failed, absent
	Mention string   `cbor:"5,keyasint,omitempty"`
}

// The results of an exam.
const (
	admitted = "admitted"
	failed   = "failed"
	absent   = "absent"
)

// exams: index "pupil" (unique) takes class, pupil.
var exams = store.Define(store.Spec[examResult]{
	Name: "marks.exams", Home: store.Local, Format: 1,
	Indexes: []store.Index[examResult]{
		{Name: "pupil", Unique: true, Keys: func(e *examResult) [][]byte { return [][]byte{store.Key(e.Class, e.Pupil)} }},
	},
})

// examsOf are the results that are known of a class.
func examsOf(tx *store.Tx, class store.ID) (map[store.ID]store.Record[examResult], error) {
	known := map[store.ID]store.Record[examResult]{}
	for e, err := range exams.Where(tx, "pupil", class) {
		if err != nil {
			return nil, err
		}
		known[e.Value.Pupil] = e
	}
	return known, nil
}

// decided is the decision that a pupil's bulletin waits for, once the exam's result
// is known; else the one that stands on it.
func decided(p *packs.Pack, code, result string) packs.Decision {
	d, _ := p.Council.DecisionByCode(code)
	next := ""
	switch {
	case d.Exam == "" || result == "":
		return d
	case result == admitted:
		next = d.Admitted
	default:
		next = d.Failed
	}
	if after, ok := p.Council.DecisionByCode(next); ok {
		return after
	}
	return d
}

// examPage is a class's results of its exam.
type examPage struct {
	web.Base
	Class   store.ID
	Exam    string
	Rows    []examRow
	Results []web.Option
	Known   int
	OK      int
	Open    int // decisions that still wait
}

type examRow struct {
	Pupil           store.ID
	Name, Matricule string
	Result, Mention string
	Before, After   string // decision on the bulletin, and after the exam
	Waits           bool
	Seen            string // the result that stands, for two who enter at once
}

// readExam reads a class for its exam: its last period, what was issued, what the
// exam said. It answers like a page that does not exist where the level has none.
func readExam(c *web.Ctx, tx *store.Tx, class store.ID) (d *draft, codes map[store.ID]string, known map[store.ID]store.Record[examResult], err error) {
	if d, err = readDraft(c, tx, class, 0); err != nil {
		return nil, nil, nil, err
	}
	periods := periodsOf(d.Pack, d.Year, d.Class.Value.Level)
	if last := periods[len(periods)-1].Number; d.Period.Number != last {
		if d, err = readDraft(c, tx, class, last); err != nil {
			return nil, nil, nil, err
		}
	}
	l, _ := d.Pack.LevelByCode(d.Class.Value.Level)
	if l.Exam == "" {
		return nil, nil, nil, c.NotFound()
	}
	codes = map[store.ID]string{}
	for i, p := range d.Pupils {
		codes[p.ID] = d.of(i).Decision
	}
	list, err := issuedOf(tx, class, d.Period.Number)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, b := range list {
		codes[b.Value.Pupil] = b.Value.Decision
	}
	known, err = examsOf(tx, class)
	return d, codes, known, err
}

func examPath(class store.ID) string { return "/marks/exams/" + class.String() }

func readExamPage(c *web.Ctx) (p examPage, err error) {
	class, err := c.ID("class")
	if err != nil {
		return p, err
	}
	var d *draft
	var codes map[store.ID]string
	var known map[store.ID]store.Record[examResult]
	if err = c.View(func(tx *store.Tx) (err error) { d, codes, known, err = readExam(c, tx, class); return err }); err != nil {
		return p, err
	}
	l, _ := d.Pack.LevelByCode(d.Class.Value.Level)
	p = examPage{Base: c.Base("marks.exam.title", "exam", l.Exam, "class", d.Class.Value.Label), Class: class, Exam: l.Exam}
	p.Lead = d.Year.Label
	p.Back = web.Link{Label: p.T("marks.exams.title"), Href: "/marks/exams"}
	for _, r := range []string{"", admitted, failed, absent} {
		p.Results = append(p.Results, web.Option{Value: r, Label: p.T("marks.exam.result." + r)})
	}
	for _, x := range d.Pupils {
		e := known[x.ID].Value
		before, _ := d.Pack.Council.DecisionByCode(codes[x.ID])
		row := examRow{Pupil: x.ID, Name: x.Value.Name(), Matricule: x.Value.Matricule, Result: e.Result, Seen: e.Result, Mention: e.Mention, Before: before.Name}
		if after := decided(d.Pack, codes[x.ID], e.Result); after.Code != before.Code {
			row.After = after.Name
		} else if row.Waits = before.Exam != ""; row.Waits {
			p.Open++
		}
		if e.Result != "" {
			p.Known++
		}
		if e.Result == admitted {
			p.OK++
		}
		p.Rows = append(p.Rows, row)
	}
	return p, nil
}

func showExam(c *web.Ctx) error {
	p, err := readExamPage(c)
	if err != nil {
		return err
	}
	if done, err := sendList(c, p.Title, p.list); done {
		return err
	}
	return c.Render(http.StatusOK, examView(p))
}

func (p examPage) list() [][]any {
	rows := [][]any{{p.T("marks.bulletin.matricule"), p.T("marks.col.pupil"), p.T("marks.exam.result"), p.T("marks.results.mention"), p.T("marks.exam.before"), p.T("marks.exam.after")}}
	for _, r := range p.Rows {
		rows = append(rows, []any{r.Matricule, r.Name, p.T("marks.exam.result." + r.Result), r.Mention, r.Before, r.After})
	}
	return rows
}

// saveExam takes a class's results as typed.
func saveExam(c *web.Ctx) error {
	class, err := c.ID("class")
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			d, _, known, err := readExam(c, tx, class)
			if err != nil {
				return web.Result{}, err
			}
			var no school.Refusals
			n := 0
			for _, x := range d.Pupils {
				id := x.ID.String()
				if !f.Has("r." + id) {
					continue // came into the class meanwhile
				}
				result := f.Get("r." + id)
				if result != "" && result != admitted && result != failed && result != absent {
					return web.Result{}, school.Refuse("marks.exam.refused.result", "r."+id, "name", x.Value.Name())
				}
				stands := known[x.ID].Value.Result
				if seen := f.Get("w." + id); f.Has("w."+id) && seen != stands {
					switch result {
					case seen: // not touched here: what another wrote stays
						continue
					case stands:
					default:
						no = append(no, school.Refuse("marks.exam.refused.meanwhile", "r."+id, "name", x.Value.Name(), "result", c.T("marks.exam.result."+stands)))
						continue
					}
				}
				changed, err := d.setExam(tx, c.Actor(), known[x.ID], x.ID, result, known[x.ID].Value.Mention)
				if err != nil {
					return web.Result{}, err
				}
				n += changed
			}
			if len(no) > 0 {
				return web.Result{}, no
			}
			if err := d.recount(tx); err != nil {
				return web.Result{}, err
			}
			return web.Result{To: examPath(class), Flash: "marks.exam.flash", FlashArgs: map[string]any{"count": n}}, nil
		})
	}
	if !c.Refused(err) {
		return err
	}
	p, rerr := readExamPage(c)
	if rerr != nil {
		return rerr
	}
	for i := range p.Rows {
		p.Rows[i].Result = f.Get("r." + p.Rows[i].Pupil.String())
	}
	p.Refused = p.T("marks.exam.refused")
	return c.Render(http.StatusUnprocessableEntity, examView(p))
}

// setExam stores one pupil's result when it is another one; "" takes it back.
func (d *draft) setExam(tx *store.Tx, who school.Actor, old store.Record[examResult], pupil store.ID, result, mention string) (changed int, err error) {
	if result != admitted {
		mention = ""
	}
	if old.Value.Result == result && old.Value.Mention == mention {
		return 0, nil
	}
	l, _ := d.Pack.LevelByCode(d.Class.Value.Level)
	v := examResult{Class: d.Class.ID, Pupil: pupil, Exam: l.Exam, Result: result, Mention: mention}
	id := old.ID
	switch {
	case old.ID.IsZero():
		id, err = exams.Add(tx, v)
	case result == "":
		err = exams.Delete(tx, old.ID)
	default:
		err = exams.Set(tx, old.ID, v)
	}
	if err != nil {
		return 0, err
	}
	return 1, school.Audit(tx, who, "exams.result", id, old.Value, v)
}

// recount tells the ministry again, when the class's bulletins were issued.
func (d *draft) recount(tx *store.Tx) error {
	list, err := issuedOf(tx, d.Class.ID, d.Period.Number)
	if err != nil || len(list) == 0 {
		return err
	}
	return d.count(tx)
}

// examsPage lists the classes whose year ends in an exam, and takes a list of
// results for all of them.
type examsPage struct {
	web.Base
	Rows   []examClass
	Faults []string // of a list that was refused
}

type examClass struct {
	Class                       store.ID
	Label, Exam                 string
	Pupils, Known, OK, Mentions int
}

func showExams(c *web.Ctx) error { return examList(c, http.StatusOK, nil) }

func examList(c *web.Ctx, status int, faults []string) error {
	p := examsPage{Base: c.Base("marks.exams.title"), Faults: faults}
	p.Back = web.Link{Label: p.T("marks.home.title"), Href: "/marks"}
	if faults != nil {
		p.Refused = p.T("marks.exam.refused")
	}
	err := c.View(func(tx *store.Tx) error {
		p.Rows = nil
		y, err := school.CurrentYear(tx)
		if err != nil {
			return nil //nolint:nilerr // no year yet, nothing to list
		}
		p.Lead = y.Label
		pack, err := packs.Here(tx)
		if err != nil {
			return err
		}
		classes, err := school.Roster.ClassesOf(tx, y.Label)
		if err != nil {
			return err
		}
		for _, x := range classes {
			l, _ := pack.LevelByCode(x.Value.Level)
			if l.Exam == "" {
				continue
			}
			pupils, err := school.Roster.Pupils(tx, x.ID)
			if err != nil {
				return err
			}
			row := examClass{Class: x.ID, Label: x.Value.Label, Exam: l.Exam, Pupils: len(pupils)}
			known, err := examsOf(tx, x.ID)
			if err != nil {
				return err
			}
			for _, e := range known {
				row.Known++
				if e.Value.Result == admitted {
					row.OK++
				}
			}
			p.Rows = append(p.Rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(status, examsView(p))
}
