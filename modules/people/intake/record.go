package intake

import (
	"preau/school"
	"preau/store"
)

// State is how far an import has come.
type State string

// The states of an Import.
const (
	Proposed State = "proposed" // sent and shown, not applied
	Applied  State = "applied"
	Undone   State = "undone"
)

// Import is one list on its way into the roster, and afterwards what is
// needed to take it out again. It stays at the school.
type Import struct {
	Kind    school.Kind `cbor:"1,keyasint,omitempty"`
	State   State       `cbor:"2,keyasint,omitempty"`
	Name    string      `cbor:"3,keyasint,omitempty"` // of the file, as shown
	File    store.Blob  `cbor:"4,keyasint,omitempty"` // zero for a list read by a command
	Who     store.ID    `cbor:"5,keyasint,omitempty"` // zero: the command line
	WhoName string      `cbor:"6,keyasint,omitempty"`
	Sheet   string      `cbor:"7,keyasint,omitempty"` // corrected columns, see roll.Choice
	Heading int         `cbor:"8,keyasint,omitempty"`
	Columns []string    `cbor:"9,keyasint,omitempty"`

	Added     []school.Person `cbor:"10,keyasint,omitempty"` // as written
	AddedIDs  []store.ID      `cbor:"11,keyasint,omitempty"`
	Before    []school.Person `cbor:"12,keyasint,omitempty"` // changed people as they were
	After     []school.Person `cbor:"13,keyasint,omitempty"` // and as they were written
	ChangedID []store.ID      `cbor:"14,keyasint,omitempty"`
	Classes   []store.ID      `cbor:"15,keyasint,omitempty"` // made by this import
	Refused   int             `cbor:"16,keyasint,omitempty"`
	Missing   int             `cbor:"17,keyasint,omitempty"`
	Unchanged int             `cbor:"18,keyasint,omitempty"`
}

// Imports: index "state" takes state, kind.
var Imports = store.Define(store.Spec[Import]{
	Name: "imports", Home: store.Local, Format: 1,
	Indexes: []store.Index[Import]{
		{Name: "state", Keys: func(i *Import) [][]byte { return [][]byte{store.Key(string(i.State), string(i.Kind))} }},
	},
	Blobs: func(i *Import) []store.Blob {
		if i.File.Hash.IsZero() {
			return nil
		}
		return []store.Blob{i.File}
	},
})
