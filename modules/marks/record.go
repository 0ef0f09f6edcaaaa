package marks

import (
	"errors"
	"slices"

	"preau/school/average"
	"preau/store"
)

// evaluation is one interrogation, devoir or composition of a class.
type evaluation struct {
	Class       store.ID        `cbor:"1,keyasint,omitzero"`
	Subject     string          `cbor:"2,keyasint,omitempty"` // pack code
	Period      int             `cbor:"3,keyasint,omitempty"` // evaluation period of the class's year, from 1
	Kind        string          `cbor:"4,keyasint,omitempty"` // kind of the formula
	Date        string          `cbor:"5,keyasint,omitempty"` // YYYY-MM-DD
	Label       string          `cbor:"6,keyasint,omitempty"` // as its author calls it, "" none
	Scale       average.Decimal `cbor:"7,keyasint,omitempty"` // marks are out of this
	Coefficient average.Decimal `cbor:"8,keyasint,omitempty"` // inside its kind
	Teacher     store.ID        `cbor:"9,keyasint,omitzero"`  // who made it
	Group       store.ID        `cbor:"10,keyasint,omitzero"` // half-group; zero is the whole class
}

// evaluations: index "class" takes class, period, subject, date; "group" the
// half-group.
var evaluations = store.Define(store.Spec[evaluation]{
	Name: "marks.evaluations", Home: store.Local, Format: 1,
	Indexes: []store.Index[evaluation]{
		{Name: "class", Keys: func(e *evaluation) [][]byte {
			return [][]byte{store.Key(e.Class, e.Period, e.Subject, e.Date)}
		}},
		{Name: "group", Keys: func(e *evaluation) [][]byte {
			if e.Group.IsZero() {
				return nil
			}
			return [][]byte{store.Key(e.Group)}
		}},
	},
})

// row is one pupil's line of a sheet. Version rises with every change: who saves
// says which one was seen. A row is never removed, only emptied.
type row struct {
	_       struct{} `cbor:",toarray"`
	Pupil   store.ID
	State   average.State
	Value   average.Decimal // when Given
	Version uint32
	By      store.ID
	At      int64 // unix seconds
}

func (r *row) mark() average.Mark { return average.Mark{State: r.State, Value: r.Value} }

// sheet holds the marks of one evaluation. All its rows are one record: a class
// is read in one piece, and the store's writers take turns.
type sheet struct {
	Evaluation store.ID `cbor:"1,keyasint,omitzero"`
	Class      store.ID `cbor:"2,keyasint,omitzero"`
	Period     int      `cbor:"3,keyasint,omitempty"`
	Rows       []row    `cbor:"4,keyasint,omitempty"` // in the order in which they were first filled
}

// sheets: index "evaluation" (unique); "class" takes class, period, evaluation.
var sheets = store.Define(store.Spec[sheet]{
	Name: "marks.sheets", Home: store.Local, Format: 1,
	Indexes: []store.Index[sheet]{
		{Name: "evaluation", Unique: true, Keys: func(s *sheet) [][]byte { return [][]byte{store.Key(s.Evaluation)} }},
		{Name: "class", Keys: func(s *sheet) [][]byte { return [][]byte{store.Key(s.Class, s.Period, s.Evaluation)} }},
	},
})

// of is the pupil's row, nil when nothing was entered.
func (s *sheet) of(pupil store.ID) *row {
	i := slices.IndexFunc(s.Rows, func(r row) bool { return r.Pupil == pupil })
	if i < 0 {
		return nil
	}
	return &s.Rows[i]
}

// sheetOf reads an evaluation's sheet; an empty one, with a zero id, when nobody
// has entered anything.
func sheetOf(tx *store.Tx, e store.Record[evaluation]) (store.Record[sheet], error) {
	r, err := sheets.One(tx, "evaluation", e.ID)
	if errors.Is(err, store.ErrNotFound) {
		r.Value = sheet{Evaluation: e.ID, Class: e.Value.Class, Period: e.Value.Period}
		err = nil
	}
	return r, err
}

// group is a workshop half-group: some pupils of a class in a subject.
type group struct {
	Class   store.ID   `cbor:"1,keyasint,omitzero"`
	Subject string     `cbor:"2,keyasint,omitempty"`
	Name    string     `cbor:"3,keyasint,omitempty"`
	Pupils  []store.ID `cbor:"4,keyasint,omitempty"`
}

// groups: index "class" takes class, subject, name.
var groups = store.Define(store.Spec[group]{
	Name: "marks.groups", Home: store.Local, Format: 1,
	Indexes: []store.Index[group]{
		{Name: "class", Keys: func(g *group) [][]byte { return [][]byte{store.Key(g.Class, g.Subject, g.Name)} }},
	},
})

// closing says until which day marks of a period are entered.
type closing struct {
	Year   string `cbor:"1,keyasint,omitempty"`
	Period int    `cbor:"2,keyasint,omitempty"`
	Last   string `cbor:"3,keyasint,omitempty"` // YYYY-MM-DD, that day included
}

// closings: index "period" (unique) takes year, period.
var closings = store.Define(store.Spec[closing]{
	Name: "marks.closings", Home: store.Local, Format: 1,
	Indexes: []store.Index[closing]{
		{Name: "period", Unique: true, Keys: func(c *closing) [][]byte { return [][]byte{store.Key(c.Year, c.Period)} }},
	},
})

// reopening lets a class and subject be changed after the closing.
type reopening struct {
	Class   store.ID `cbor:"1,keyasint,omitzero"`
	Subject string   `cbor:"2,keyasint,omitempty"`
	Period  int      `cbor:"3,keyasint,omitempty"`
	Last    string   `cbor:"4,keyasint,omitempty"` // YYYY-MM-DD, that day included
	Reason  string   `cbor:"5,keyasint,omitempty"`
	By      store.ID `cbor:"6,keyasint,omitzero"`
}

// reopenings: index "class" takes class, period, subject.
var reopenings = store.Define(store.Spec[reopening]{
	Name: "marks.reopenings", Home: store.Local, Format: 1,
	Indexes: []store.Index[reopening]{
		{Name: "class", Keys: func(r *reopening) [][]byte { return [][]byte{store.Key(r.Class, r.Period, r.Subject)} }},
	},
})
