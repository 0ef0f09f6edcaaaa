package marks

import (
	"strings"

	"preau/appliance"
	"preau/school"
	"preau/school/average"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

// holds are a person's marks, what was said of them, what was issued to them and
// what an exam said; of a teacher, the evaluations they made. A pupil's marks are
// looked for in every sheet there is: they may have been in other classes.
func holds(c *web.Ctx, tx *store.Tx, person store.Record[school.Person]) ([]appliance.Held, error) {
	b := c.Base("marks.nav")
	pack, err := packs.Here(tx)
	if err != nil {
		return nil, err
	}
	h := &holding{Base: b, tx: tx, pack: pack, own: c.Actor().ID == person.ID, classes: map[store.ID]school.Class{}, out: map[period]bool{}}
	if person.Value.Kind != school.PupilKind {
		return h.made(person.ID)
	}
	var parts []appliance.Held
	for _, part := range []func(store.ID) (appliance.Held, error){h.marks, h.issued, h.said, h.exams} {
		p, err := part(person.ID)
		if err != nil {
			return nil, err
		}
		if len(p.Rows) > 0 {
			parts = append(parts, p)
		}
	}
	return parts, nil
}

// holding reads what is held on one person.
type holding struct {
	web.Base
	tx      *store.Tx
	pack    *packs.Pack
	own     bool // who asks is the person: what a council says is theirs once it is issued
	classes map[store.ID]school.Class
	out     map[period]bool // issued to the person
}

type period struct {
	class  store.ID
	number int
}

func (h *holding) class(id store.ID) string {
	c, known := h.classes[id]
	if !known {
		if r, err := school.Classes.Get(h.tx, id); err == nil {
			c = r.Value
		}
		h.classes[id] = c
	}
	return strings.TrimSpace(c.Label + " " + c.Year)
}

func (h *holding) subject(code string) string {
	if s, ok := h.pack.SubjectByCode(code); ok {
		return s.Name
	}
	return code
}

func (h *holding) marks(pupil store.ID) (appliance.Held, error) {
	part := appliance.Held{Title: h.T("marks.held.marks"), Head: []string{h.T("marks.col.class"), h.T("marks.col.subject"), h.T("marks.col.date"), h.T("marks.held.mark")}}
	for s, err := range sheets.All(h.tx) {
		if err != nil {
			return part, err
		}
		r := s.Value.of(pupil)
		if r == nil || !r.mark().Entered() {
			continue
		}
		e, err := evaluations.Get(h.tx, s.Value.Evaluation)
		if err != nil {
			return part, err
		}
		text := say(h.Base, r.mark().Text())
		if r.State != average.Given {
			text = h.T(r.State.WordKey())
		} else {
			text += "/" + say(h.Base, e.Value.Scale.String())
		}
		part.Rows = append(part.Rows, []string{h.class(s.Value.Class), h.subject(e.Value.Subject), h.LongDay(e.Value.Date), text})
	}
	return part, nil
}

// known tells whether who asks may know what was said of a period.
func (h *holding) known(class store.ID, number int) bool {
	return !h.own || h.out[period{class, number}]
}

// said is what teachers and councils wrote.
func (h *holding) said(pupil store.ID) (appliance.Held, error) {
	part := appliance.Held{Title: h.T("marks.held.said"), Head: []string{h.T("marks.col.class"), h.T("marks.held.by"), h.T("marks.held.text")}}
	for s, err := range remarkSheets.All(h.tx) {
		if err != nil {
			return part, err
		}
		if r := s.Value.of(pupil); r.Text != "" && h.known(s.Value.Class, s.Value.Period) {
			part.Rows = append(part.Rows, []string{h.class(s.Value.Class), h.subject(s.Value.Subject), r.Text})
		}
	}
	for v, err := range verdicts.All(h.tx) {
		if err != nil {
			return part, err
		}
		if v.Value.Pupil != pupil || !h.known(v.Value.Class, v.Value.Period) {
			continue
		}
		words := []string{v.Value.Remark, v.Value.Reason}
		for _, a := range h.pack.Council.Awards {
			for _, code := range v.Value.Awards {
				if a.Code == code {
					words = append(words, a.Name)
				}
			}
		}
		if t := v.Value.Tally; t != (school.Tally{}) {
			words = append(words, h.T("marks.bulletin.absences_line", "hours", t.Absences, "justified", t.Justified, "late", t.Lateness))
		}
		d, _ := h.pack.Council.DecisionByCode(v.Value.Decision)
		words = append(words, d.Name)
		part.Rows = append(part.Rows, []string{h.class(v.Value.Class), h.T("marks.held.council"), joined(words)})
	}
	return part, nil
}

func joined(words []string) string {
	var known []string
	for _, w := range words {
		if w != "" {
			known = append(known, w)
		}
	}
	return strings.Join(known, " · ")
}

func (h *holding) issued(pupil store.ID) (appliance.Held, error) {
	part := appliance.Held{Title: h.T("marks.livret.references"), Head: []string{h.T("marks.col.class"), h.T("marks.held.reference"), h.T("marks.list.general"), h.T("marks.col.rank"), h.T("marks.appeal.title")}}
	for b, err := range bulletins.Where(h.tx, "pupil", pupil) {
		if err != nil {
			return part, err
		}
		h.out[period{b.Value.Class, b.Value.Period}] = true
		mean := ""
		if b.Value.Rated {
			mean = say(h.Base, b.Value.General.Fixed(2))
		}
		var contested []string
		for a, err := range appeals.Where(h.tx, "bulletin", b.ID) {
			if err != nil {
				return part, err
			}
			contested = append(contested, a.Value.Text, a.Value.Answer)
		}
		part.Rows = append(part.Rows, []string{h.class(b.Value.Class), b.Value.Reference, mean, b.Value.Rank, joined(contested)})
	}
	return part, nil
}

func (h *holding) exams(pupil store.ID) (appliance.Held, error) {
	part := appliance.Held{Title: h.T("marks.exams.title"), Head: []string{h.T("marks.col.class"), h.T("marks.exam.exam"), h.T("marks.exam.result")}}
	for e, err := range exams.All(h.tx) {
		if err != nil {
			return part, err
		}
		if e.Value.Pupil == pupil {
			part.Rows = append(part.Rows, []string{h.class(e.Value.Class), e.Value.Exam, joined([]string{h.T("marks.exam.result." + e.Value.Result), e.Value.Mention})})
		}
	}
	return part, nil
}

// made are the evaluations that a teacher made.
func (h *holding) made(teacher store.ID) ([]appliance.Held, error) {
	part := appliance.Held{Title: h.T("marks.held.made"), Head: []string{h.T("marks.col.class"), h.T("marks.col.subject"), h.T("marks.col.date"), h.T("marks.col.evaluation")}}
	for e, err := range evaluations.All(h.tx) {
		if err != nil {
			return nil, err
		}
		if v := e.Value; v.Teacher == teacher {
			part.Rows = append(part.Rows, []string{h.class(v.Class), h.subject(v.Subject), h.LongDay(v.Date), joined([]string{v.Kind, v.Label})})
		}
	}
	if len(part.Rows) == 0 {
		return nil, nil
	}
	return []appliance.Held{part}, nil
}
