package average

import "fmt"

// State says what stands in a row of a mark sheet.
type State uint8

// The states of a mark. The zero value is a row that nobody has filled yet.
const (
	Missing State = iota // not entered
	Given                // a number
	Abs                  // absent without justification
	Absj                 // absent, justified
	Fraud                // caught cheating
	Disp                 // dispensed
	NR                   // not rated
)

var stateCodes = [...]string{Missing: "", Given: "given", Abs: "abs", Absj: "absj", Fraud: "fraude", Disp: "disp", NR: "nr"}

// Code is the state as it is typed and stored in packs: "abs", "fraude"; "given"
// for a number, "" for nothing.
func (s State) Code() string { return stateCodes[min(s, NR)] }

// WordKey is the key of the state's name in the words catalogues.
func (s State) WordKey() string { return "average.state." + s.Code() }

// StateOf finds a state by its code, as typed; ok is false for a number or
// anything else.
func StateOf(code string) (State, bool) {
	for s := Abs; s <= NR; s++ {
		if stateCodes[s] == code {
			return s, true
		}
	}
	return Missing, false
}

// Mark is a number, or the state that stands in its place.
type Mark struct {
	State State
	Value Decimal // when Given, out of the evaluation's scale
}

// Entered tells whether anything was entered.
func (m Mark) Entered() bool { return m.State != Missing }

// Text is the mark as it is typed: "12.5", "abs", "".
func (m Mark) Text() string {
	if m.State == Given {
		return m.Value.String()
	}
	return m.State.Code()
}

// ParseMark reads what Text wrote, with a comma or a point. Whether the number
// fits its scale is another question: see Mark.Fits.
func ParseMark(text string) (Mark, error) {
	if text == "" {
		return Mark{}, nil
	}
	if s, ok := StateOf(text); ok {
		return Mark{State: s}, nil
	}
	d, err := ParseDecimal(text)
	if err != nil {
		return Mark{}, fmt.Errorf("%w, nor abs, absj, disp, nr or fraude", err)
	}
	return Mark{State: Given, Value: d}, nil
}

// Fits tells whether the mark lies from 0 to the scale, both included.
func (m Mark) Fits(scale Decimal) bool {
	return m.State != Given || m.Value >= 0 && m.Value <= scale
}

// Entry is one mark with what its evaluation says of it.
type Entry struct {
	Kind        string  // code of a kind of the formula; others do not count
	Label       string  // for the explanation: "devoir du 13 octobre"
	Scale       Decimal // the mark is out of this; above 0
	Coefficient Decimal // inside its kind; above 0
	Mark        Mark
}

// Subject is what one pupil has in one subject and period.
type Subject struct {
	Code, Name  string
	Coefficient Decimal
	Facultative bool
	Entries     []Entry
}

// Standing says how a subject's average came out.
type Standing uint8

// The standings of a subject.
const (
	Empty     Standing = iota // nothing was entered: the subject stays out
	Rated                     // it has an average
	Unrated                   // marks or states, but no average: counts towards "non classé"
	Dispensed                 // out of the coefficients
)

// Value is the average of a kind or group; Has is false when nothing counted.
type Value struct {
	Has   bool
	Mean  Decimal // to four decimals, half-up, for showing; computing goes on exactly
	Marks int     // marks that counted, of a kind
}

// SubjectResult is a subject's average.
type SubjectResult struct {
	Standing Standing
	Mean     Decimal // rounded as the formula says, when Rated
	Points   Decimal // mean × coefficient, exact, when Rated
	Noted    bool    // a fraud counted 0
	Open     int     // marks that nobody has entered yet
	Groups   []Value // as Engine.Columns
}

// Result is one pupil's period.
type Result struct {
	Subjects     []SubjectResult // as they were given
	Rated        bool            // there is a general average
	General      Decimal
	Points       Decimal // Σ mean × coefficient, and what facultative subjects add
	Coefficients Decimal // Σ coefficient of the subjects that count
	Bonus        Decimal // what facultative subjects add
	Unrated      int     // subjects not rated
	Unclassed    bool    // an average perhaps, but no rank
	Open         int     // marks that nobody has entered yet
}
