package circulars

import (
	"time"

	"preau/school"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
)

// Draft is a circular that is being written. Kind Withdrawal and Replacement
// name in Replaces the circular they concern.
type Draft struct {
	Reference string       `cbor:"1,keyasint,omitempty"`
	Subject   string       `cbor:"2,keyasint,omitempty"`
	Body      string       `cbor:"3,keyasint,omitempty"` // Markdown
	Annexes   []store.Blob `cbor:"4,keyasint,omitempty"`
	Audience  org.Audience `cbor:"5,keyasint,omitempty"`
	Urgent    bool         `cbor:"6,keyasint,omitempty"`
	Deadline  string       `cbor:"7,keyasint,omitempty"` // YYYY-MM-DD or ""
	Reply     bool         `cbor:"8,keyasint,omitempty"` // a reply is asked for
	Kind      seal.Kind    `cbor:"9,keyasint,omitempty"`
	Replaces  store.ID     `cbor:"10,keyasint,omitzero"`
	Author    store.ID     `cbor:"11,keyasint,omitzero"`
	AuthorIs  string       `cbor:"12,keyasint,omitempty"` // name as shown
	Circular  store.ID     `cbor:"13,keyasint,omitzero"`  // once signed
	Writing   bool         `cbor:"14,keyasint,omitempty"` // with its writer, not offered for signature
	Remark    string       `cbor:"15,keyasint,omitempty"` // why the signatory gave it back
}

// Circular is a signed circular as it travels. The header inside Signed holds
// everything that is vouched for; body and annexes are named there by hash.
type Circular struct {
	Signed   seal.Signed  `cbor:"1,keyasint,omitempty"`
	Body     string       `cbor:"2,keyasint,omitempty"`
	Annexes  []store.Blob `cbor:"3,keyasint,omitempty"`
	Reply    bool         `cbor:"4,keyasint,omitempty"`
	Code     string       `cbor:"5,keyasint,omitempty"` // short code, bare
	Urgent   bool         `cbor:"6,keyasint,omitempty"` // as in the header; decides the lane
	Replaces store.ID     `cbor:"7,keyasint,omitzero"`  // as in the header
}

// The states of an arrival.
const (
	Genuine   = "genuine"
	Withdrawn = "withdrawn"
	Replaced  = "replaced"
	SetAside  = "set_aside" // not what the office signed; Fault says why
)

// Arrival is a line of the school's arrivals register.
type Arrival struct {
	Number   uint64    `cbor:"1,keyasint,omitempty"` // of the register, from 1, without gaps
	Circular store.ID  `cbor:"2,keyasint,omitzero"`
	State    string    `cbor:"3,keyasint,omitempty"`
	Fault    string    `cbor:"4,keyasint,omitempty"` // words key
	By       store.ID  `cbor:"5,keyasint,omitzero"`  // the circular that withdraws or replaces this one
	At       time.Time `cbor:"6,keyasint,omitzero"`
	Code     string    `cbor:"7,keyasint,omitempty"`
	// What the header says, so that lists need not decode it.
	Reference string `cbor:"8,keyasint,omitempty"`
	Date      string `cbor:"9,keyasint,omitempty"`
	Subject   string `cbor:"10,keyasint,omitempty"`
	Deadline  string `cbor:"11,keyasint,omitempty"`
	Urgent    bool   `cbor:"12,keyasint,omitempty"`
	Kind      uint8  `cbor:"13,keyasint,omitempty"`
	Version   uint64 `cbor:"14,keyasint,omitempty"` // of the circular's row that was judged
	List      uint64 `cbor:"15,keyasint,omitempty"` // of the keys by which it was judged
}

// Forward is the head's note with a circular, and the further groups meant by it.
type Forward struct {
	Circular store.ID      `cbor:"1,keyasint,omitzero"`
	Note     string        `cbor:"2,keyasint,omitempty"`
	Roles    []school.Role `cbor:"3,keyasint,omitempty"`
	By       string        `cbor:"4,keyasint,omitempty"`
	At       time.Time     `cbor:"5,keyasint,omitzero"`
}

// Count is readers out of those meant.
type Count = school.ReadCount

// Receipt is what the office learns of one circular in one school.
type Receipt struct {
	Circular     store.ID         `cbor:"1,keyasint,omitzero"`
	Site         string           `cbor:"2,keyasint,omitempty"` // school code
	Received     time.Time        `cbor:"3,keyasint,omitzero"`
	Acknowledged time.Time        `cbor:"4,keyasint,omitzero"` // by the head
	All          Count            `cbor:"5,keyasint,omitempty"`
	ByRole       map[string]Count `cbor:"6,keyasint,omitempty"`
	Fault        string           `cbor:"7,keyasint,omitempty"` // set aside there, and why
}

// Reply is a school's answer to a circular that asked for one.
type Reply struct {
	Circular store.ID   `cbor:"1,keyasint,omitzero"`
	Site     string     `cbor:"2,keyasint,omitempty"`
	Text     string     `cbor:"3,keyasint,omitempty"`
	File     store.Blob `cbor:"4,keyasint,omitzero"`
	By       string     `cbor:"5,keyasint,omitempty"` // name and role of who answered for the school
	At       time.Time  `cbor:"6,keyasint,omitzero"`
}

func some(b store.Blob) []store.Blob {
	if b.Hash.IsZero() {
		return nil
	}
	return []store.Blob{b}
}

var (
	drafts = store.Define(store.Spec[Draft]{
		Name: "circulars.drafts", Home: store.Local,
		Blobs: func(d *Draft) []store.Blob { return d.Annexes },
		Indexes: []store.Index[Draft]{
			{Name: "open", Keys: func(d *Draft) [][]byte { return [][]byte{store.Key(d.Circular.IsZero())} }},
		},
	})
	circulars = store.Define(store.Spec[Circular]{
		Name: "circulars", Home: store.Down,
		LaneOf: func(c *Circular) store.Lane {
			if c.Urgent {
				return store.Urgent
			}
			return store.Records
		},
		Blobs: func(c *Circular) []store.Blob { return c.Annexes },
		Indexes: []store.Index[Circular]{
			{Name: "code", Keys: func(c *Circular) [][]byte { return [][]byte{store.Key(c.Code)} }},
			{Name: "replaces", Keys: func(c *Circular) [][]byte {
				if c.Replaces.IsZero() {
					return nil
				}
				return [][]byte{store.Key(c.Replaces)}
			}},
		},
	})
	arrivals = store.Define(store.Spec[Arrival]{
		Name: "circulars.arrivals", Home: store.Local,
		Indexes: []store.Index[Arrival]{
			{Name: "circular", Unique: true, Keys: func(a *Arrival) [][]byte { return [][]byte{store.Key(a.Circular)} }},
			{Name: "number", Unique: true, Keys: func(a *Arrival) [][]byte { return [][]byte{store.Key(a.Number)} }},
		},
	})
	forwards = store.Define(store.Spec[Forward]{
		Name: "circulars.forwards", Home: store.Local,
		Indexes: []store.Index[Forward]{
			{Name: "circular", Keys: func(f *Forward) [][]byte { return [][]byte{store.Key(f.Circular)} }},
		},
	})
	receipts = store.Define(store.Spec[Receipt]{
		Name: "circulars.receipts", Home: store.Up, Lane: store.Urgent,
		Indexes: []store.Index[Receipt]{
			{Name: "circular", Keys: func(r *Receipt) [][]byte { return [][]byte{store.Key(r.Circular, r.Site)} }},
		},
	})
	replies = store.Define(store.Spec[Reply]{
		Name: "circulars.replies", Home: store.Up,
		Blobs: func(r *Reply) []store.Blob { return some(r.File) },
		Indexes: []store.Index[Reply]{
			{Name: "circular", Keys: func(r *Reply) [][]byte { return [][]byte{store.Key(r.Circular, r.Site)} }},
		},
	})
)

// Collections are the module's, for store.Open.
func Collections() []store.Definition {
	return []store.Definition{drafts, circulars, arrivals, forwards, receipts, replies}
}
