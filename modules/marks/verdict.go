package marks

import (
	"errors"
	"slices"

	"preau/school"
	"preau/school/average"
	"preau/school/packs"
	"preau/store"
)

// verdict is what the class council says of a pupil in a period.
type verdict struct {
	Class    store.ID     `cbor:"1,keyasint,omitzero"`
	Pupil    store.ID     `cbor:"2,keyasint,omitzero"`
	Period   int          `cbor:"3,keyasint,omitempty"`
	Remark   string       `cbor:"4,keyasint,omitempty"`
	Awards   []string     `cbor:"5,keyasint,omitempty"` // codes of the pack
	Decision string       `cbor:"6,keyasint,omitempty"` // code of the pack, in the last period
	Reason   string       `cbor:"7,keyasint,omitempty"` // why it is not the one that the pack proposes
	Tally    school.Tally `cbor:"8,keyasint,omitzero"`
}

// verdicts: index "pupil" (unique) takes class, period, pupil.
var verdicts = store.Define(store.Spec[verdict]{
	Name: "marks.verdicts", Home: store.Local, Format: 1,
	Indexes: []store.Index[verdict]{
		{Name: "pupil", Unique: true, Keys: func(v *verdict) [][]byte { return [][]byte{store.Key(v.Class, v.Period, v.Pupil)} }},
	},
})

// council is a class's period as its council sees it: the results, what was said
// so far, and what the pack proposes where nothing was said.
type council struct {
	*term
	results average.Class
	said    map[store.ID]verdict
	before  map[store.ID][]average.Period // periods before this one, from issued bulletins
	last    bool                          // the last period of the year: decisions are taken
}

// readCouncil reads a class's period for its council.
func readCouncil(tx *store.Tx, class store.ID, number int) (*council, error) {
	t, err := readTerm(tx, class, number)
	if err != nil {
		return nil, err
	}
	k := &council{term: t, results: t.Results(), said: map[store.ID]verdict{}, before: map[store.ID][]average.Period{}}
	periods := periodsOf(t.Pack, t.Year, t.Class.Value.Level)
	k.last = t.Period.Number == periods[len(periods)-1].Number
	for v, err := range verdicts.Where(tx, "pupil", class, t.Period.Number) {
		if err != nil {
			return nil, err
		}
		k.said[v.Value.Pupil] = v.Value
	}
	for _, p := range periods {
		if p.Number >= t.Period.Number {
			break
		}
		means, err := issuedMeans(tx, class, p.Number)
		if err != nil {
			return nil, err
		}
		for _, pupil := range t.Pupils {
			m, has := means[pupil.ID]
			k.before[pupil.ID] = append(k.before[pupil.ID], average.Period{Name: p.Name, Has: has, Mean: m})
		}
	}
	return k, nil
}

// of is what is said of the i-th pupil: what the council wrote, else the pack's
// proposal.
func (k *council) of(i int) verdict {
	p := k.Pupils[i]
	r := k.results.Pupils[i]
	v, said := k.said[p.ID]
	if said {
		return v
	}
	v = verdict{Class: k.Class.ID, Pupil: p.ID, Period: k.Period.Number}
	if !r.Rated {
		return v
	}
	v.Remark = packs.PhraseOf(k.Pack.Council.Phrases.General, r.General)
	for _, a := range k.proposed(i, v.Tally) {
		v.Awards = append(v.Awards, a.Code)
	}
	if d, ok := k.proposal(i); ok {
		v.Decision = d.Code
	}
	return v
}

// proposed are the awards that fit the i-th pupil.
func (k *council) proposed(i int, tally school.Tally) []packs.Award {
	r := k.results.Pupils[i]
	if !r.Rated {
		return nil
	}
	lowest, any := average.Decimal(0), false
	for _, s := range r.Subjects {
		if s.Standing == average.Rated && (!any || s.Mean < lowest) {
			lowest, any = s.Mean, true
		}
	}
	return k.Pack.Council.Propose(r.General, lowest, tally)
}

// annual is the year's mean of the i-th pupil, from the bulletins of the periods
// before and this period's results.
func (k *council) annual(i int) (average.Decimal, bool) {
	r := k.results.Pupils[i]
	list := append(slices.Clone(k.before[k.Pupils[i].ID]), average.Period{Name: k.Period.Name, Has: r.Rated, Mean: r.General})
	return k.Engine.Year(list)
}

// proposal is the decision that the pack proposes for the i-th pupil; there is
// none before the last period.
func (k *council) proposal(i int) (packs.Decision, bool) {
	if !k.last {
		return packs.Decision{}, false
	}
	mean, has := k.annual(i)
	if !has {
		return packs.Decision{}, false
	}
	return k.Pack.Council.Decide(mean, k.Class.Value.Level, k.Pupils[i].Value.Repeating)
}

// awardNames are those of a kind, praise or warning; "" is both.
func (k *council) awardNames(codes []string, kind string) (list []string) {
	for _, a := range k.Pack.Council.Awards {
		if slices.Contains(codes, a.Code) && (kind == "" || a.Kind == kind) {
			list = append(list, a.Name)
		}
	}
	return list
}

func (k *council) decisionName(code string) string {
	for _, d := range k.Pack.Council.Decisions {
		if d.Code == code {
			return d.Name
		}
	}
	return ""
}

// say stores what the council says of the i-th pupil.
func (k *council) say(tx *store.Tx, who school.Actor, i int, v verdict) error {
	if d, ok := k.proposal(i); ok && v.Decision != d.Code && v.Reason == "" {
		return school.Refuse("marks.council.refused.reason", "reason")
	}
	if v.Tally.Justified > v.Tally.Absences {
		return school.Refuse("marks.council.refused.justified", "justified")
	}
	v.Class, v.Pupil, v.Period = k.Class.ID, k.Pupils[i].ID, k.Period.Number
	old, err := verdicts.One(tx, "pupil", v.Class, v.Period, v.Pupil)
	if errors.Is(err, store.ErrNotFound) {
		id, err := verdicts.Add(tx, v)
		if err != nil {
			return err
		}
		return school.Audit(tx, who, "council.say", id, nil, v)
	}
	if err != nil {
		return err
	}
	if err := verdicts.Set(tx, old.ID, v); err != nil {
		return err
	}
	return school.Audit(tx, who, "council.say", old.ID, old.Value, v)
}
