package marks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/average"
	"preau/school/seal"
	"preau/store"
)

// demo fills a semester of marks for every class of the box: two interrogations,
// two devoirs and a composition a subject, with the absences and slips of a real
// one. The last class misses a composition and some marks, for the censeur to ask
// after. One commit; the same seed gives the same marks.
func demo(_ context.Context, d *appliance.Demo) error {
	if d.AtOffice() {
		return nil
	}
	seed := [2]uint64{d.Rand.Uint64(), d.Rand.Uint64()}
	err := d.DB.Update(func(tx *store.Tx) error { // may run again: the marks are drawn anew from the same seed
		m := &demoMaker{tx: tx, rand: rand.New(rand.NewPCG(seed[0], seed[1])), able: map[store.ID]float64{}}
		y, err := school.CurrentYear(tx)
		if err != nil {
			return err
		}
		classes, err := school.Roster.ClassesOf(tx, y.Label)
		if err != nil {
			return err
		}
		for i, c := range classes {
			if err := m.class(c, i == len(classes)-1); err != nil {
				return fmt.Errorf("marks of %s: %w", c.Value.Label, err)
			}
		}
		if d.Words == nil || len(classes) < 3 {
			return nil
		}
		return demoIssue(d, tx, classes[1].ID)
	})
	if err != nil {
		return fmt.Errorf("demo: marks: %w", err)
	}
	return nil
}

// demoIssue issues the bulletins of one class, so that the office has counts of it
// and its pupils a school record.
func demoIssue(d *appliance.Demo, tx *store.Tx, class store.ID) error {
	k, err := readCouncil(tx, class, 1)
	if err != nil {
		return err
	}
	site, err := school.Site(tx)
	if err != nil {
		return err
	}
	key, err := seal.PaperKey(d.DB.Dir())
	if err != nil {
		return err
	}
	b := &draft{council: k, teachers: map[store.ID]string{}, lang: papersIn, site: site, key: key}
	b.say = func(key string, kv ...any) string { return d.Words.T(papersIn, key, kv...) }
	if err := b.forPaper(tx); err != nil {
		return err
	}
	heads, err := school.Roster.Staff(tx, school.Head)
	if err != nil || len(heads) == 0 {
		return err
	}
	head := heads[0]
	if _, err = b.issueClass(tx, school.Actor{ID: head.ID, Name: head.Value.Name(), Roles: head.Value.Roles}); err != nil {
		return fmt.Errorf("bulletins of the demonstration: %w", err)
	}
	return nil
}

type demoMaker struct {
	tx   *store.Tx
	rand *rand.Rand
	able map[store.ID]float64 // how well a pupil does, out of 20
}

// demoPlan is what is held in a subject and when: hundredths of the time that
// has passed of the period. One kind may be missing in a pack's formula.
var demoPlan = []struct {
	kind string
	at   int
}{{"interro", 15}, {"devoir", 32}, {"interro", 52}, {"devoir", 70}, {"composition", 92}}

func (m *demoMaker) class(c store.Record[school.Class], gaps bool) error {
	t, err := readClass(m.tx, c.ID, 1)
	if err != nil {
		return err
	}
	pupils, err := school.Roster.Pupils(m.tx, c.ID)
	if err != nil {
		return err
	}
	for _, p := range pupils {
		m.able[p.ID] = min(max(11.2+2.6*m.rand.NormFloat64(), 4), 18.5)
	}
	for i := range t.Subjects {
		s := &t.Subjects[i]
		if len(s.Teachers) == 0 {
			continue
		}
		hard := 1.2 * m.rand.NormFloat64()
		for n, plan := range demoPlan {
			k, ok := t.Engine.Formula.KindByCode(plan.kind)
			if !ok || gaps && i == 2 && plan.kind == "composition" {
				continue
			}
			e := evaluation{
				Class: c.ID, Subject: s.Row.Subject, Period: 1, Kind: k.Code, Date: m.day(t, plan.at+m.rand.IntN(6)),
				Scale: average.MustDecimal(t.Engine.Formula.ScaleOf(k)), Coefficient: average.Whole(1), Teacher: s.Teachers[0],
			}
			if n == 2 {
				e.Scale = average.Whole(10)
			}
			if err := m.sheet(e, pupils, hard, gaps && i == 4 && plan.kind == "devoir"); err != nil {
				return err
			}
		}
		if i < 2 && !gaps {
			if err := m.remark(t, s, pupils); err != nil {
				return err
			}
		}
	}
	return nil
}

// demoRemarks are what teachers wrote, from the best pupils down.
var demoRemarks = []string{"Esprit vif, participation exemplaire", "Sérieux et régulier", "En progrès, continuez", "Peut mieux faire à l’écrit", "Doit apprendre ses leçons", "Cahier mal tenu, bavardages"}

// remark has the teacher of a subject say something of three pupils in four.
func (m *demoMaker) remark(t *term, s *taught, pupils []store.Record[school.Person]) error {
	sheet := remarkSheet{Class: t.Class.ID, Subject: s.Row.Subject, Period: t.Period.Number}
	now, _ := m.tx.Now()
	for i, p := range pupils {
		if i%4 == 3 {
			continue
		}
		text := demoRemarks[min(max(int(16.5-m.able[p.ID])/2, 0), len(demoRemarks)-1)]
		sheet.Rows = append(sheet.Rows, remarkRow{Pupil: p.ID, Text: text, Version: 1, By: s.Teachers[0], At: now.Unix()})
	}
	_, err := remarkSheets.Add(m.tx, sheet)
	return err
}

// day is a day of the period that has passed, no Sunday.
func (m *demoMaker) day(t *term, hundredth int) string {
	from, _ := time.Parse(time.DateOnly, t.Period.From)
	until, _ := time.Parse(time.DateOnly, t.Period.Until)
	if now, _ := m.tx.Now(); now.After(from.AddDate(0, 0, 30)) && now.Before(until) {
		until = now
	}
	d := from.Add(until.Sub(from) * time.Duration(hundredth) / 100)
	if d.Weekday() == time.Sunday {
		d = d.AddDate(0, 0, -1)
	}
	return d.Format(time.DateOnly)
}

func (m *demoMaker) sheet(e evaluation, pupils []store.Record[school.Person], hard float64, gaps bool) error {
	id, err := evaluations.Add(m.tx, e)
	if err != nil {
		return err
	}
	day, _ := time.Parse(time.DateOnly, e.Date)
	s := sheet{Evaluation: id, Class: e.Class, Period: e.Period, Rows: make([]row, 0, len(pupils))}
	for i, p := range pupils {
		if gaps && i%9 == 4 {
			continue
		}
		r := row{Pupil: p.ID, State: average.Given, Version: 1, By: e.Teacher, At: day.Add(17 * time.Hour).Unix()}
		switch x := m.rand.IntN(400); {
		case x < 5:
			r.State = average.Absj
		case x < 9:
			r.State = average.Abs
		case x == 9:
			r.State = average.Fraud
		case x == 10 && e.Subject == "EPS":
			r.State = average.Disp
		}
		if r.State == average.Given {
			of20 := min(max(m.able[p.ID]-hard+1.9*m.rand.NormFloat64(), 0), 20)
			halves := int64(of20*float64(e.Scale)/20/5_000 + .5) // marks are drawn, not computed with: a float is enough
			r.Value = min(average.Decimal(halves*5_000), e.Scale)
		}
		s.Rows = append(s.Rows, r)
	}
	_, err = sheets.Add(m.tx, s)
	return err
}
