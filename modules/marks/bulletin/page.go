// Package bulletin draws report cards (bulletins de notes): one A4 page a pupil,
// one PDF for a class or a school.
//
// It draws what it is given and knows no rule of marks: the caller has chosen
// the columns, written every number as it must read and put the rows in order.
// So a card that was issued is drawn again, years later, from its snapshot
// alone. A page never overflows: rows get lower, then letters smaller, as the
// number of subjects grows. Black on white, readable from a worn printer.
package bulletin

// Page is one pupil's report card. It is stored as it is when a card is issued,
// so its keys never change their meaning.
type Page struct {
	Left  []string `cbor:"1,keyasint,omitempty"` // official header, three lines or so; the first is bold
	Right []string `cbor:"2,keyasint,omitempty"` // the last is bold
	Title string   `cbor:"3,keyasint,omitempty"` // "Bulletin de notes — premier semestre 2026-2027"
	Stamp string   `cbor:"-"`                    // laid large and pale across the page: "DUPLICATA", "APERÇU"; "" for none
	Photo []byte   `cbor:"-"`                    // JPEG or PNG, at most 256 KiB; nil for none

	PupilLeft  []Fact `cbor:"4,keyasint,omitempty"`
	PupilRight []Fact `cbor:"5,keyasint,omitempty"`

	Columns []Column `cbor:"6,keyasint,omitempty"`
	Rows    []Row    `cbor:"7,keyasint,omitempty"`

	FootLeft  []Fact `cbor:"8,keyasint,omitempty"`
	FootRight []Fact `cbor:"9,keyasint,omitempty"`

	Reference string   `cbor:"10,keyasint,omitempty"` // under which the school finds the card
	Check     []string `cbor:"11,keyasint,omitempty"` // how a reader verifies it: short code, the pack's version
	QR        string   `cbor:"12,keyasint,omitempty"` // text of the QR code; "" for none
	Place     string   `cbor:"13,keyasint,omitempty"` // "Lomé, le 24 février 2027"
	Signatory []string `cbor:"14,keyasint,omitempty"` // "Le proviseur", then the name
	Printed   string   `cbor:"-"`                     // "Imprimé le … par …", at the foot of the page
}

// Fact is a label and its value, "Classe" and "Tle D1"; without a label the
// value stands alone.
type Fact struct {
	_     struct{} `cbor:",toarray"`
	Label string
	Value string
	Bold  bool
}

// Column is a column of the grid.
type Column struct {
	_      struct{} `cbor:",toarray"`
	Title  string
	Weight int  // its share of the width, beside those of the others
	Number bool // right-aligned
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
	_     struct{} `cbor:",toarray"`
	Kind  Kind
	Cells []string
}
