// Package bulletin draws report cards (bulletins de notes): one A4 page a pupil,
// one PDF for a class or a school.
//
// It draws what it is given and knows no rule of marks: the caller has chosen
// the columns, written every number as it must read and put the rows in order.
// So a card that was issued is drawn again, years later, from its snapshot
// alone. A page never overflows: rows get lower, then letters smaller, as the
// number of subjects grows. Black on white, readable from a worn printer.
package bulletin

// Page is one pupil's report card.
type Page struct {
	Left, Right []string // official header, three lines or so each; the first left and the last right are bold
	Title       string   // "Bulletin de notes — premier semestre 2026-2027"
	Stamp       string   // laid large and pale across the page: "DUPLICATA", "APERÇU"; "" for none
	Photo       []byte   // JPEG or PNG, at most 256 KiB; nil for none

	PupilLeft, PupilRight []Fact

	Columns []Column
	Rows    []Row

	FootLeft, FootRight []Fact

	Reference string   // under which the school finds the card
	Check     []string // how a reader verifies it: short code, the pack's version
	QR        string   // text of the QR code; "" for none
	Place     string   // "Lomé, le 24 février 2027"
	Signatory []string // "Le proviseur", then the name
	Printed   string   // "Imprimé le … par …", at the foot of the page
}

// Fact is a label and its value, "Classe" and "Tle D1"; without a label the
// value stands alone.
type Fact struct {
	Label, Value string
	Bold         bool
}

// Column is a column of the grid.
type Column struct {
	Title  string
	Weight float64 // its share of the width, beside those of the others
	Number bool    // right-aligned
	Bold   bool
}

// Kind of a row.
type Kind int

// A row is a subject, the end of a group of subjects, or the end of the grid.
const (
	Subject Kind = iota
	Subtotal
	Total
)

// Row has one text for each column, in order; missing ones are empty.
type Row struct {
	Kind  Kind
	Cells []string
}
