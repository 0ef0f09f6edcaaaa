// Package roll finds the people in a list: which row is the heading, what each
// column holds, which rows are people, and what each person's cells say. Rows
// that cannot be taken are refused one by one with the line and the reason.
//
// It promises to be liberal in how a list may look and strict in what it lets
// through: a name is needed, a date must exist, a matricule names one person, a
// series must be in the country's pack, and a computed cell is not a value. It
// knows nothing of who is already on the roster; see package intake.
package roll

import (
	"preau/school"
	"preau/school/packs"
	"preau/school/sheet"
)

// Entry is one person as a row says.
type Entry struct {
	Sheet     string
	Line      int
	Matricule string
	Surname   string // in capitals
	Given     string
	Sex       string // "M", "F" or ""
	Born      string // YYYY-MM-DD, "" when inexact or unknown
	BornText  string // "vers 2009"
	Place     string
	Class     string // as written, "" when the list names none
	Level     string // pack code told by the class or its column
	Series    string // pack code told by the column, else by the class
	Repeating bool
	Phone     string
	NIU       string
	Guardians []school.Guardian
	Post      string        // staff: the function as written
	Roles     []school.Role // staff: what the function means, nil when it means none
	Subject   string
	Status    string
	Diploma   string
}

// Fault is one refused row.
type Fault struct {
	Sheet           string
	Line            int
	Said            string          // what stands in the row, for the person who must find it
	Name, Matricule string          // as far as they could be read
	Reason          *school.Refusal // Field is one of DOORS' names of values
}

// Table is one sheet of the list and how it was understood.
type Table struct {
	Sheet    string
	Heading  int      // line of the headings, 0 when there is none
	Headings []string // as written
	Columns  []Field  // one for each heading
	Sample   [][]string
}

// Choice is what a person corrected: for a sheet, what each column holds.
// An empty Sheet is the only sheet of a CSV, or the first.
type Choice struct {
	Sheet   string
	Heading int
	Columns []Field
}

// Options of Read.
type Options struct {
	Kind   school.Kind
	Pack   *packs.Pack
	Today  string // YYYY-MM-DD, "" when the clock is not to be trusted
	Choice *Choice
}

// Roll is a list read to its end.
type Roll struct {
	Entries []Entry
	Faults  []Fault
	Tables  []Table // those that were read; the first is the one to correct
	Sheets  []string
	Rows    int // people met: entries and faults
	has     map[Field]bool
}

// Has tells whether some table of the list has a column for the field.
func (r *Roll) Has(f Field) bool { return r.has[f] }

// Score says how much rows look like a list of a kind; for sheet.Read.
func Score(kind school.Kind) sheet.Score {
	return func(rows []sheet.Row) int { return findHeading(rows, kind).score }
}

// Describe says how one sheet of a book would be understood; ok is false when
// the book has no such sheet or nothing in it.
func Describe(book *sheet.Book, name string, kind school.Kind) (t Table, ok bool) {
	for i := range book.Sheets {
		s := &book.Sheets[i]
		if s.Name != name || len(s.Rows) == 0 {
			continue
		}
		l := findHeading(s.Rows, kind)
		l.sheet = s
		if l.at < 0 { // nothing recognised: the first row is as good as any
			l = label(s.Rows[0], nil, kind)
			l.sheet, l.height = s, 1
		}
		r := &reader{out: &Roll{has: map[Field]bool{}}}
		r.describe(l, s.Rows[min(l.at+l.height, len(s.Rows)):], name)
		return r.out.Tables[0], true
	}
	return t, false
}

// Read reads every table of the book that is such a list. It refuses the whole
// book, with field "file", when no column of names can be found in it.
func Read(book *sheet.Book, o Options) (*Roll, error) {
	out := &Roll{has: map[Field]bool{}}
	layouts := chooseLayouts(book, o)
	for _, s := range book.Sheets {
		out.Sheets = append(out.Sheets, s.Name)
	}
	if len(layouts) == 0 {
		return nil, school.Refuse("people.unreadable.no_names", "file")
	}
	r := &reader{Options: o, out: out, byMatricule: map[string]met{}, byName: map[string]met{}}
	for _, l := range layouts {
		r.table(l, len(book.Sheets) > 1)
	}
	if len(out.Entries)+len(out.Faults) == 0 {
		return nil, school.Refuse("people.unreadable.no_rows", "file")
	}
	out.Rows = len(out.Entries) + len(out.Faults)
	return out, nil
}
