package marks

import (
	"preau/school/average"
	"preau/store"
)

// outcome is what leaves for the ministry when a class's bulletins are issued:
// counts, and no name (return R3).
type outcome struct {
	Class  string `cbor:"1,keyasint,omitempty"`
	Level  string `cbor:"2,keyasint,omitempty"`
	Series string `cbor:"3,keyasint,omitempty"`
	Year   string `cbor:"4,keyasint,omitempty"`
	Period int    `cbor:"5,keyasint,omitempty"`
	Girls  counts `cbor:"6,keyasint,omitzero"`
	Boys   counts `cbor:"7,keyasint,omitzero"`
	Site   string `cbor:"8,keyasint,omitempty"` // school code

	// In the last period: bulletins by decision (code of the pack), after the exam
	// where its result is known, and the exam itself.
	Decisions map[string]int `cbor:"9,keyasint,omitempty"`
	ExamGirls examCounts     `cbor:"10,keyasint,omitzero"`
	ExamBoys  examCounts     `cbor:"11,keyasint,omitzero"`
}

// examCounts are those of one sex at a national exam: who sat it, who passed.
type examCounts struct {
	_          struct{} `cbor:",toarray"`
	Candidates int
	Admitted   int
}

func (e *examCounts) add(o examCounts) {
	e.Candidates, e.Admitted = e.Candidates+o.Candidates, e.Admitted+o.Admitted
}

// counts are those of one sex: with an average, of them ten or more, and the
// lowest, the highest and the mean of the averages.
type counts struct {
	_       struct{} `cbor:",toarray"`
	Present int
	Passed  int
	Lowest  average.Decimal
	Highest average.Decimal
	Mean    average.Decimal
}

// outcomes: index "class" (unique) takes year, period, class.
var outcomes = store.Define(store.Spec[outcome]{
	Name: "marks.outcomes", Home: store.Up, Format: 1,
	Indexes: []store.Index[outcome]{
		{Name: "class", Unique: true, Keys: func(o *outcome) [][]byte { return [][]byte{store.Key(o.Year, o.Period, o.Class)} }},
	},
})

// count writes what the ministry learns of the class, from its bulletins as they
// were issued: counts by sex.
func (d *draft) count(tx *store.Tx) error {
	c := d.Class.Value
	o := outcome{Class: c.Label, Level: c.Level, Series: c.Series, Year: d.Year.Label, Period: d.Period.Number, Site: d.site.Code}
	list, err := issuedOf(tx, d.Class.ID, d.Period.Number)
	if err != nil {
		return err
	}
	known, err := examsOf(tx, d.Class.ID)
	if err != nil {
		return err
	}
	var girls, boys []average.Decimal
	for _, b := range list {
		v := &b.Value
		switch classed := v.Rated && v.Rank != ""; {
		case classed && v.Girl:
			girls = append(girls, v.General)
		case classed && v.Boy:
			boys = append(boys, v.General)
		}
		if !d.last {
			continue
		}
		result := known[v.Pupil].Value.Result
		if code := decided(d.Pack, v.Decision, result).Code; code != "" {
			if o.Decisions == nil {
				o.Decisions = map[string]int{}
			}
			o.Decisions[code]++
		}
		if result == admitted || result == failed {
			one := examCounts{Candidates: 1}
			if result == admitted {
				one.Admitted = 1
			}
			if v.Girl {
				o.ExamGirls.add(one)
			} else if v.Boy {
				o.ExamBoys.add(one)
			}
		}
	}
	o.Girls, o.Boys = d.countOf(girls), d.countOf(boys)
	old, err := outcomes.One(tx, "class", o.Year, o.Period, o.Class)
	if err == nil {
		return outcomes.Set(tx, old.ID, o)
	}
	_, err = outcomes.Add(tx, o)
	return err
}

func (d *draft) countOf(list []average.Decimal) (c counts) {
	half := average.MustDecimal(d.Engine.Formula.Scale) / 2
	sum := average.Decimal(0)
	for i, m := range list {
		if i == 0 || m < c.Lowest {
			c.Lowest = m
		}
		c.Highest = max(c.Highest, m)
		if m >= half {
			c.Passed++
		}
		sum += m
	}
	if c.Present = len(list); c.Present > 0 {
		c.Mean = average.Mean(sum, c.Present, d.Engine.GeneralPlaces())
	}
	return c
}
