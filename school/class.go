package school

import (
	"errors"
	"fmt"
	"time"

	"preau/store"
)

// Class is a group of pupils for one school year: a free label ("Tle A4-2"),
// a level and a series by the codes of the country's pack.
type Class struct {
	Label   string   `cbor:"1,keyasint,omitempty"`
	Level   string   `cbor:"2,keyasint,omitempty"` // pack code: "2nde", "1re", "Tle"
	Series  string   `cbor:"3,keyasint,omitempty"` // pack code: "A4", "D", "F3"; "" in a collège
	Year    string   `cbor:"4,keyasint,omitempty"` // label of the school year: "2026-2027"
	Titular store.ID `cbor:"5,keyasint,omitzero"`  // professeur titulaire; zero when none is named
}

// Classes: index "label" (unique) takes year, folded label; index "year"
// takes year, level, series, label as written.
var Classes = store.Define(store.Spec[Class]{
	Name: "classes", Home: store.Local, Format: 1,
	Indexes: []store.Index[Class]{
		{Name: "label", Unique: true, Keys: func(c *Class) [][]byte {
			return [][]byte{store.Key(c.Year, Fold(c.Label))}
		}},
		{Name: "year", Keys: func(c *Class) [][]byte {
			return [][]byte{store.Key(c.Year, c.Level, c.Series, c.Label)}
		}},
	},
})

// Assignment says that a person teaches a subject to a class (chargé du cours).
type Assignment struct {
	Person  store.ID `cbor:"1,keyasint,omitzero"`
	Class   store.ID `cbor:"2,keyasint,omitzero"`
	Subject string   `cbor:"3,keyasint,omitempty"` // pack code: "MATH"
}

// Assignments: index "person" (unique) takes person, class, subject; index
// "class" takes class, subject.
var Assignments = store.Define(store.Spec[Assignment]{
	Name: "assignments", Home: store.Local, Format: 1,
	Indexes: []store.Index[Assignment]{
		{Name: "person", Unique: true, Keys: func(a *Assignment) [][]byte {
			return [][]byte{store.Key(a.Person, a.Class, a.Subject)}
		}},
		{Name: "class", Keys: func(a *Assignment) [][]byte {
			return [][]byte{store.Key(a.Class, a.Subject)}
		}},
	},
})

// PeriodUse tells the two uses of periods apart: the official calendar has
// three trimesters while lycées evaluate by semester.
type PeriodUse string

// The uses of a period.
const (
	CalendarPeriod   PeriodUse = "calendar"
	EvaluationPeriod PeriodUse = "evaluation"
)

// Period is a part of a school year, both days included.
type Period struct {
	Use    PeriodUse `cbor:"1,keyasint,omitempty"`
	Number int       `cbor:"2,keyasint,omitempty"` // from 1
	Name   string    `cbor:"3,keyasint,omitempty"` // "1er semestre"
	From   string    `cbor:"4,keyasint,omitempty"` // YYYY-MM-DD
	Until  string    `cbor:"5,keyasint,omitempty"` // YYYY-MM-DD
}

// Year is a school year, both days included.
type Year struct {
	Label   string   `cbor:"1,keyasint,omitempty"` // "2026-2027"
	From    string   `cbor:"2,keyasint,omitempty"`
	Until   string   `cbor:"3,keyasint,omitempty"`
	Periods []Period `cbor:"4,keyasint,omitempty"`
}

// Years: index "label" (unique) takes the label, which sorts by time.
var Years = store.Define(store.Spec[Year]{
	Name: "years", Home: store.Local, Format: 1,
	Indexes: []store.Index[Year]{
		{Name: "label", Unique: true, Keys: func(y *Year) [][]byte { return [][]byte{store.Key(y.Label)} }},
	},
})

// ErrNoYear says that no school year has been entered yet.
var ErrNoYear = errors.New("school: no school year is known")

// CurrentYear is the year that the transaction's day falls into; in the
// holidays, and while the clock is not to be trusted, the latest year that has
// begun, else the first.
func CurrentYear(tx *store.Tx) (Year, error) {
	now, _ := tx.Now()
	return YearOn(tx, now.Format(time.DateOnly))
}

// YearOn is CurrentYear for a day, YYYY-MM-DD.
func YearOn(tx *store.Tx, day string) (Year, error) {
	var best Year
	found := false
	for r, err := range Years.Where(tx, "label") {
		if err != nil {
			return Year{}, fmt.Errorf("school year on %s: %w", day, err)
		}
		if !found || r.Value.From <= day {
			best, found = r.Value, true
		}
	}
	if !found {
		return Year{}, ErrNoYear
	}
	return best, nil
}

// PeriodOn is the period of a use that contains the day; ok is false between
// periods.
func (y Year) PeriodOn(use PeriodUse, day string) (p Period, ok bool) {
	for _, p := range y.Periods {
		if p.Use == use && p.From <= day && day <= p.Until {
			return p, true
		}
	}
	return Period{}, false
}

// CheckYear says what stands against saving y.
func CheckYear(y *Year) error {
	var no Refusals
	if !ValidDay(y.From) || !ValidDay(y.Until) || y.Until < y.From {
		no = append(no, Refuse("years.refused.days", "from", "from", y.From, "until", y.Until))
	}
	last := map[PeriodUse]string{}
	for _, p := range y.Periods {
		switch {
		case p.Use != CalendarPeriod && p.Use != EvaluationPeriod,
			!ValidDay(p.From), !ValidDay(p.Until), p.Until < p.From, p.From < y.From, p.Until > y.Until:
			no = append(no, Refuse("years.refused.period", "periods", "name", p.Name))
		case last[p.Use] != "" && p.From <= last[p.Use]:
			no = append(no, Refuse("years.refused.overlap", "periods", "name", p.Name))
		}
		last[p.Use] = max(last[p.Use], p.Until)
	}
	return no.Or()
}

// ValidDay tells whether s is a day that exists, written YYYY-MM-DD.
func ValidDay(s string) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && t.Format(time.DateOnly) == s
}
