package school

// Tally is what a page or a bulletin needs to know of a pupil's absences and
// sanctions in a period. Until registers are kept on the box a person types
// it; Typed says so on the paper.
type Tally struct {
	Absences  int  `cbor:"1,keyasint,omitempty"` // hours
	Justified int  `cbor:"2,keyasint,omitempty"` // of these
	Lateness  int  `cbor:"3,keyasint,omitempty"` // times
	Warnings  int  `cbor:"4,keyasint,omitempty"` // avertissements
	Blames    int  `cbor:"5,keyasint,omitempty"` // blâmes
	Excluded  int  `cbor:"6,keyasint,omitempty"` // days
	Typed     bool `cbor:"7,keyasint,omitempty"`
}
