package notices

import (
	"preau/school"
	"preau/school/seal"
	"preau/store"
)

// Kind is what sort of notice it is. Each has a series of numbers of its own.
type Kind string

// The kinds.
const (
	ServiceNote  Kind = "service" // note de service: an instruction
	Announcement Kind = "avis"    // avis: an information
)

// mark is how a kind stands in a reference.
func (k Kind) mark() string {
	if k == ServiceNote {
		return "NS"
	}
	return "AV"
}

// Audience is whom a notice means; the parts add up.
type Audience struct {
	Staff   bool          `cbor:"1,keyasint,omitempty"` // all of it
	Roles   []school.Role `cbor:"2,keyasint,omitempty"` // of staff
	Pupils  bool          `cbor:"3,keyasint,omitempty"` // of every class
	Levels  []string      `cbor:"4,keyasint,omitempty"` // pupils of these levels, as the pack writes them
	Classes []store.ID    `cbor:"5,keyasint,omitempty"` // pupils of these classes
}

// Text is what is written and then signed. Days are YYYY-MM-DD.
type Text struct {
	Kind      Kind         `cbor:"1,keyasint,omitempty"`
	Subject   string       `cbor:"2,keyasint,omitempty"`
	Body      string       `cbor:"3,keyasint,omitempty"` // Markdown
	Annexes   []store.Blob `cbor:"4,keyasint,omitempty"`
	Audience  Audience     `cbor:"5,keyasint,omitzero"`
	From      string       `cbor:"6,keyasint,omitempty"` // published on; "" when it is signed
	Until     string       `cbor:"7,keyasint,omitempty"` // last day; "" is the school year's
	Ack       bool         `cbor:"8,keyasint,omitempty"` // asks for "lu et pris connaissance"
	Replaces  store.ID     `cbor:"9,keyasint,omitzero"`  // the notice that this one ends
	Withdraws bool         `cbor:"10,keyasint,omitempty"`
}

// Draft is a notice that is being written.
type Draft struct {
	Text     Text     `cbor:"1,keyasint,omitzero"`
	Author   store.ID `cbor:"2,keyasint,omitzero"`
	AuthorIs string   `cbor:"3,keyasint,omitempty"` // name as shown
	Writing  bool     `cbor:"4,keyasint,omitempty"` // with its writer, not offered for signature
	Remark   string   `cbor:"5,keyasint,omitempty"` // why it was given back
	Notice   store.ID `cbor:"6,keyasint,omitzero"`  // once signed
}

// Notice is a signed notice. It never changes.
type Notice struct {
	Text      Text        `cbor:"1,keyasint,omitzero"` // From is set, and not before Date
	Year      string      `cbor:"2,keyasint,omitempty"`
	Number    int         `cbor:"3,keyasint,omitempty"` // in the year's series of its kind, from 1
	Reference string      `cbor:"4,keyasint,omitempty"`
	Date      string      `cbor:"5,keyasint,omitempty"` // of the signature
	Ends      string      `cbor:"6,keyasint,omitempty"` // last day: Text.Until or the school year's
	Signatory string      `cbor:"7,keyasint,omitempty"`
	By        store.ID    `cbor:"8,keyasint,omitzero"`
	Signed    seal.Signed `cbor:"9,keyasint,omitzero"` // with the school's key, over all of the above
	Code      string      `cbor:"10,keyasint,omitempty"`
	Author    string      `cbor:"11,keyasint,omitempty"` // who prepared it
}

// drafts: index "open" takes whether it still is one. notices: index "number"
// (unique) takes year, kind, number; "date" year, date; "replaces" the old notice.
var (
	drafts = store.Define(store.Spec[Draft]{
		Name: "notices.drafts", Home: store.Local, Format: 1,
		Blobs: func(d *Draft) []store.Blob { return d.Text.Annexes },
		Indexes: []store.Index[Draft]{
			{Name: "open", Keys: func(d *Draft) [][]byte { return [][]byte{store.Key(d.Notice.IsZero())} }},
		},
	})
	notices = store.Define(store.Spec[Notice]{
		Name: "notices", Home: store.Local, Format: 1,
		Blobs: func(n *Notice) []store.Blob { return n.Text.Annexes },
		Indexes: []store.Index[Notice]{
			{Name: "number", Unique: true, Keys: func(n *Notice) [][]byte {
				return [][]byte{store.Key(n.Year, string(n.Text.Kind), n.Number)}
			}},
			{Name: "date", Keys: func(n *Notice) [][]byte { return [][]byte{store.Key(n.Year, n.Date)} }},
			{Name: "replaces", Keys: func(n *Notice) [][]byte {
				if n.Text.Replaces.IsZero() {
					return nil
				}
				return [][]byte{store.Key(n.Text.Replaces)}
			}},
		},
	})
)
