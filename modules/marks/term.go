package marks

import (
	"fmt"
	"slices"
	"time"

	"preau/school"
	"preau/school/average"
	"preau/school/packs"
	"preau/store"
)

// taught is a subject of a class: its catalogue row, its name, who teaches it,
// and the evaluations of the period in the order of their dates.
type taught struct {
	packs.Row
	Name, Group string // Group: subtotal of the bulletin
	Coefficient average.Decimal
	Teachers    []store.ID // chargés du cours
	Evaluations []int      // in term.Evaluations
}

// term is everything that a class did in an evaluation period, copied out of
// the store. Results computes it.
type term struct {
	Class       store.Record[school.Class]
	Year        school.Year
	Period      school.Period
	Pack        *packs.Pack
	Engine      *average.Engine
	Pupils      []store.Record[school.Person] // who is here, in the French order of names
	Subjects    []taught                      // in the order of the catalogue
	Evaluations []store.Record[evaluation]
	Sheets      []sheet // of Evaluations
	Members     []average.Member
	half        map[store.ID]group // half-groups by id
}

// periodsOf are the evaluation periods of a class: those that the site keeps, or
// the pack's when its cycle is divided in another way (a collège on the site of
// a lycée).
func periodsOf(p *packs.Pack, y school.Year, level string) []school.Period {
	list := evaluationPeriods(y)
	l, _ := p.LevelByCode(level)
	begin := y.From
	e, err := p.EngineOf(level, begin)
	if err != nil || len(list) == e.Periods() {
		return list
	}
	for _, py := range p.Years {
		if py.Label == y.Label {
			if own := evaluationPeriods(py.SchoolYear(l.Cycle)); len(own) == e.Periods() {
				return own
			}
		}
	}
	return list
}

func evaluationPeriods(y school.Year) (list []school.Period) {
	for _, p := range y.Periods {
		if p.Use == school.EvaluationPeriod {
			list = append(list, p)
		}
	}
	return list
}

// periodOn is the period that a day falls into, else the latest that has begun,
// else the first.
func periodOn(list []school.Period, day string) (best school.Period) {
	for i, p := range list {
		if i == 0 || p.From <= day {
			best = p
		}
	}
	return best
}

// errNoPeriods says that the year has no evaluation periods.
var errNoPeriods = school.Refuse("marks.refused.no_periods", "")

// readClass reads a class with its pack, year and one period; number 0 is the
// period of the day.
func readClass(tx *store.Tx, class store.ID, number int) (*term, error) {
	t := &term{}
	var err error
	if t.Class, err = school.Classes.Get(tx, class); err != nil {
		return nil, err
	}
	if t.Pack, err = packs.Here(tx); err != nil {
		return nil, err
	}
	y, err := school.Years.One(tx, "label", t.Class.Value.Year)
	if err != nil {
		return nil, err
	}
	t.Year = y.Value
	periods := periodsOf(t.Pack, t.Year, t.Class.Value.Level)
	if len(periods) == 0 {
		return nil, errNoPeriods
	}
	now, _ := tx.Now()
	t.Period = periodOn(periods, now.Format(time.DateOnly))
	if number > 0 {
		i := slices.IndexFunc(periods, func(p school.Period) bool { return p.Number == number })
		if i < 0 {
			return nil, store.ErrNotFound
		}
		t.Period = periods[i]
	}
	if t.Pack, err = packs.On(tx, t.Period.From); err != nil { // the version that counts for the period
		return nil, err
	}
	if t.Engine, err = t.Pack.EngineOf(t.Class.Value.Level, t.Period.From); err != nil {
		return nil, err
	}
	return t, t.readSubjects(tx)
}

// readTerm reads a class's period whole: what Results needs.
func readTerm(tx *store.Tx, class store.ID, number int) (*term, error) {
	t, err := readClass(tx, class, number)
	if err != nil {
		return nil, err
	}
	if t.Pupils, err = school.Roster.Pupils(tx, class); err != nil {
		return nil, err
	}
	if err := t.readEvaluations(tx); err != nil {
		return nil, err
	}
	return t, t.assemble()
}

func (t *term) readSubjects(tx *store.Tx) error {
	for _, row := range t.Pack.CatalogueOf(t.Class.Value.Level, t.Class.Value.Series) {
		s, _ := t.Pack.SubjectByCode(row.Subject)
		c, err := average.ParseDecimal(row.Coefficient)
		if err != nil {
			return fmt.Errorf("marks: coefficient of %s: %w", row.Subject, err)
		}
		t.Subjects = append(t.Subjects, taught{Row: row, Name: s.Name, Group: s.Group, Coefficient: c})
	}
	for a, err := range school.Assignments.Where(tx, "class", t.Class.ID) {
		if err != nil {
			return err
		}
		if s := t.subject(a.Value.Subject); s != nil {
			s.Teachers = append(s.Teachers, a.Value.Person)
		}
	}
	return nil
}

// subject finds a subject of the class, nil when the catalogue gives it no
// coefficient there.
func (t *term) subject(code string) *taught {
	i := slices.IndexFunc(t.Subjects, func(s taught) bool { return s.Row.Subject == code })
	if i < 0 {
		return nil
	}
	return &t.Subjects[i]
}

func (t *term) readEvaluations(tx *store.Tx) error {
	bySheet := map[store.ID]int{}
	for e, err := range evaluations.Where(tx, "class", t.Class.ID, t.Period.Number) {
		if err != nil {
			return err
		}
		s := t.subject(e.Value.Subject)
		if s == nil {
			continue // the catalogue has dropped the subject
		}
		bySheet[e.ID] = len(t.Evaluations)
		s.Evaluations = append(s.Evaluations, len(t.Evaluations))
		t.Evaluations = append(t.Evaluations, e)
	}
	t.Sheets = make([]sheet, len(t.Evaluations))
	for r, err := range sheets.Where(tx, "class", t.Class.ID, t.Period.Number) {
		if err != nil {
			return err
		}
		if i, ok := bySheet[r.Value.Evaluation]; ok {
			t.Sheets[i] = r.Value
		}
	}
	t.half = map[store.ID]group{}
	for g, err := range groups.Where(tx, "class", t.Class.ID) {
		if err != nil {
			return err
		}
		t.half[g.ID] = g.Value
	}
	return nil
}

// takes tells whether a pupil takes part in an evaluation: half-groups.
func (t *term) takes(e *evaluation, pupil store.ID) bool {
	return e.Group.IsZero() || slices.Contains(t.half[e.Group].Pupils, pupil)
}

// assemble lays out the marks as the engine wants them.
func (t *term) assemble() error {
	at := make(map[store.ID]int, len(t.Pupils))
	for i, p := range t.Pupils {
		at[p.ID] = i
	}
	t.Members = make([]average.Member, len(t.Pupils))
	for i, p := range t.Pupils {
		t.Members[i] = average.Member{Sex: p.Value.Sex, Subjects: make([]average.Subject, len(t.Subjects))}
		for s, sub := range t.Subjects {
			t.Members[i].Subjects[s] = average.Subject{Code: sub.Row.Subject, Name: sub.Name, Coefficient: sub.Coefficient, Facultative: sub.Facultative}
		}
	}
	for s, sub := range t.Subjects {
		room := make([]average.Entry, len(t.Pupils)*len(sub.Evaluations))
		for i := range t.Pupils {
			t.Members[i].Subjects[s].Entries, room = room[:0:len(sub.Evaluations)], room[len(sub.Evaluations):]
		}
		for _, x := range sub.Evaluations {
			e := &t.Evaluations[x].Value
			entry := average.Entry{Kind: e.Kind, Label: t.label(e), Scale: e.Scale, Coefficient: e.Coefficient}
			for i, p := range t.Pupils {
				if t.takes(e, p.ID) {
					list := &t.Members[i].Subjects[s].Entries
					*list = append(*list, entry)
				}
			}
			for j := range t.Sheets[x].Rows {
				r := &t.Sheets[x].Rows[j]
				if i, here := at[r.Pupil]; here && t.takes(e, r.Pupil) {
					list := t.Members[i].Subjects[s].Entries
					list[len(list)-1].Mark = r.mark()
				}
			}
		}
	}
	return nil
}

// label is how an evaluation is called in an explanation and on lists.
func (t *term) label(e *evaluation) string {
	if e.Label != "" {
		return e.Label
	}
	k, _ := t.Engine.Formula.KindByCode(e.Kind)
	if len(e.Date) == len(time.DateOnly) {
		return k.Name + " " + e.Date[8:] + "/" + e.Date[5:7]
	}
	return k.Name
}

// Results are the averages, ranks and counts of the period.
func (t *term) Results() average.Class { return t.Engine.Class(t.Members) }
