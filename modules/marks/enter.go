package marks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"preau/school"
	"preau/school/average"
	"preau/store"
)

// change is one mark to be written, against the version of the row that was seen.
type change struct {
	Pupil store.ID
	Seen  uint32
	Mark  average.Mark
	Field string // where a refusal belongs
}

// mostDecimals is what a mark may have: quarter points.
const mostDecimals = 2

// typed are the ways to write a state without spelling it out.
var typed = map[string]average.State{
	"a": average.Abs, "ab": average.Abs, "j": average.Absj, "aj": average.Absj, "abj": average.Absj,
	"d": average.Disp, "n": average.NR, "f": average.Fraud, "fr": average.Fraud,
}

// parseMark reads what a person typed: a number with a comma or a point, or a
// state by its code or a letter. The refusal names the field.
func parseMark(text string, scale average.Decimal, field string) (average.Mark, error) {
	text = strings.ToLower(strings.Trim(text, " \t\u00a0\u202f"))
	if s, ok := typed[text]; ok {
		return average.Mark{State: s}, nil
	}
	m, err := average.ParseMark(text)
	switch {
	case err != nil || m.State == average.Given && m.Value < 0:
		return m, school.Refuse("marks.refused.no_mark", field, "value", text, "scale", scale.String())
	case !m.Fits(scale):
		return m, school.Refuse("marks.refused.above", field, "value", shown(m), "scale", scale.String())
	case m.State == average.Given && m.Value.Places() > mostDecimals:
		return m, school.Refuse("marks.refused.decimals", field, "value", shown(m))
	}
	return m, nil
}

// shown is a mark as French writes it, for a sentence.
func shown(m average.Mark) string { return strings.Replace(m.Text(), ".", ",", 1) }

// write enters marks in one evaluation. What cannot be written is refused row by
// row; the others stand. The error is for the whole: not allowed, closed.
func write(tx *store.Tx, who school.Actor, e store.Record[evaluation], changes []change) (saved int, refused school.Refusals, err error) {
	t, err := open(tx, who, e)
	if err != nil {
		return 0, nil, err
	}
	r, err := sheetOf(tx, e)
	if err != nil {
		return 0, nil, err
	}
	now, _ := tx.Now()
	for _, c := range changes {
		old := r.Value.of(c.Pupil)
		if old == nil {
			old = &row{Pupil: c.Pupil}
		}
		switch no, err := t.refuses(tx, e, c, old); {
		case err != nil:
			return 0, nil, err
		case no != nil:
			refused = append(refused, no)
			continue
		case old.mark() == c.Mark:
			continue
		}
		if err := school.Audit(tx, who, auditEnter, e.ID, entered{c.Pupil, old.mark().Text()}, entered{c.Pupil, c.Mark.Text()}); err != nil {
			return 0, nil, err
		}
		next := row{Pupil: c.Pupil, State: c.Mark.State, Value: c.Mark.Value, Version: old.Version + 1, By: who.ID, At: now.Unix()}
		if i := slices.IndexFunc(r.Value.Rows, func(x row) bool { return x.Pupil == c.Pupil }); i >= 0 {
			r.Value.Rows[i] = next
		} else {
			r.Value.Rows = append(r.Value.Rows, next)
		}
		saved++
	}
	if saved == 0 {
		return 0, refused, nil
	}
	if r.ID.IsZero() {
		_, err = sheets.Add(tx, r.Value)
	} else {
		err = sheets.Set(tx, r.ID, r.Value)
	}
	return saved, refused, err
}

// auditEnter is the action of every change of a mark; its object is the
// evaluation, from and to are entered.
const auditEnter = "marks.enter"

// entered is one mark in the audit log.
type entered struct {
	Pupil store.ID `json:"pupil"`
	Mark  string   `json:"mark"` // "12.5", "abs", "" none
}

// refuses says why a row cannot be written, nil when it can.
func (t *term) refuses(tx *store.Tx, e store.Record[evaluation], c change, old *row) (*school.Refusal, error) {
	p, err := school.Roster.Person(tx, c.Pupil)
	if err != nil {
		return nil, err
	}
	name := p.Value.Name()
	switch {
	case p.Value.Left != "":
		return school.Refuse("marks.refused.left", c.Field, "name", name, "day", p.Value.Left), nil
	case p.Value.Class != e.Value.Class || !t.takes(&e.Value, c.Pupil):
		return school.Refuse("marks.refused.not_here", c.Field, "name", name), nil
	case old.Version != c.Seen && old.mark() != c.Mark:
		by := ""
		if x, err := school.Roster.Person(tx, old.By); err == nil {
			by = x.Value.Name()
		}
		mark := shown(old.mark())
		if mark == "" {
			mark = "–"
		}
		return school.Refuse("marks.refused.changed", c.Field, "name", name, "by", by, "mark", mark, "mine", shown(c.Mark)), nil
	}
	return nil, nil
}

// open reads the class of an evaluation whose marks may be changed now by who.
func open(tx *store.Tx, who school.Actor, e store.Record[evaluation]) (*term, error) {
	may, err := school.MayEnterMarks(tx, who, e.Value.Class, e.Value.Subject)
	if err != nil {
		return nil, err
	}
	if !may {
		return nil, school.Refuse("marks.refused.not_yours", "")
	}
	t, err := readClass(tx, e.Value.Class, e.Value.Period)
	if err != nil {
		return nil, err
	}
	t.half = map[store.ID]group{}
	if !e.Value.Group.IsZero() {
		g, err := groups.Get(tx, e.Value.Group)
		if err != nil {
			return nil, err
		}
		t.half[g.ID] = g.Value
	}
	last, err := t.lastDay(tx, e.Value.Subject)
	if err != nil {
		return nil, err
	}
	now, _ := tx.Now()
	if now.Format(time.DateOnly) > last {
		return nil, school.Refuse("marks.refused.closed", "", "day", last, "period", t.Period.Name)
	}
	return t, nil
}

// lastDay is the last day on which marks of a subject are entered: the closing
// of the period, its end when none was set, or later where it was opened again.
func (t *term) lastDay(tx *store.Tx, subject string) (string, error) {
	last, err := lastDayOf(tx, t.Year.Label, t.Period)
	if err != nil {
		return "", err
	}
	for r, err := range reopenings.Where(tx, "class", t.Class.ID, t.Period.Number, subject) {
		if err != nil {
			return "", fmt.Errorf("reopenings: %w", err)
		}
		last = max(last, r.Value.Last)
	}
	return last, nil
}

func lastDayOf(tx *store.Tx, year string, p school.Period) (string, error) {
	for c, err := range closings.Where(tx, "period", year, p.Number) {
		return c.Value.Last, err
	}
	return p.Until, nil
}
