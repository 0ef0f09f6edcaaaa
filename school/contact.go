package school

import (
	"errors"
	"time"

	"preau/store"
)

// Contact is what a school's box last said of itself to the office.
type Contact struct {
	Site     string        `cbor:"1,keyasint,omitempty"` // school code
	Last     time.Time     `cbor:"2,keyasint,omitzero"`
	Build    string        `cbor:"3,keyasint,omitempty"`  // version of its program
	FreeDisk int64         `cbor:"4,keyasint,omitempty"`  // bytes; 0 not told
	Apart    time.Duration `cbor:"5,keyasint,omitempty"`  // the box's clock minus the office's
	Trusted  bool          `cbor:"6,keyasint,omitempty"`  // the box trusts its own clock
	Pending  int           `cbor:"7,keyasint,omitempty"`  // records that it said were waiting
	DiskSize int64         `cbor:"8,keyasint,omitempty"`  // bytes; 0 not told
	Cuts     int           `cbor:"9,keyasint,omitempty"`  // times the power went in the last 30 days
	Waiting  []LaneWait    `cbor:"10,keyasint,omitempty"` // Pending by lane; older boxes do not tell
	Months   []Month       `cbor:"11,keyasint,omitempty"` // what crossed the link, oldest first, a year at most
}

// LaneWait is what waits on one lane of the exchange.
type LaneWait struct {
	Lane    store.Lane `cbor:"1,keyasint,omitempty"`
	Records int        `cbor:"2,keyasint,omitempty"`
	Bytes   int64      `cbor:"3,keyasint,omitempty"`
}

// Month is what the office moved with a box in a month, TLS and all.
type Month struct {
	Name string `cbor:"1,keyasint,omitempty"` // "2026-11"
	Up   int64  `cbor:"2,keyasint,omitempty"` // bytes from the box
	Down int64  `cbor:"3,keyasint,omitempty"`
}

// monthsKept is how far back the months of a Contact go.
const monthsKept = 12

// InMonth is what was moved in the month of t.
func (c Contact) InMonth(t time.Time) Month {
	name := t.Format("2006-01")
	for _, m := range c.Months {
		if m.Name == name {
			return m
		}
	}
	return Month{Name: name}
}

// Contacts: index "site" (unique). It is what the office heard, not a record
// of the school: it is in no backup and no feed.
var Contacts = store.Define(store.Spec[Contact]{
	Name: "contacts", Home: store.Scratch, Format: 1,
	Indexes: []store.Index[Contact]{
		{Name: "site", Unique: true, Keys: func(c *Contact) [][]byte { return [][]byte{store.Key(c.Site)} }},
	},
})

// NoteContact keeps what a box has just said, and adds to its month the bytes
// that it moved since it was last heard.
func NoteContact(tx *store.Tx, c Contact, up, down int64) error {
	old, err := Contacts.One(tx, "site", c.Site)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	c.Months = old.Value.Months
	m := c.InMonth(c.Last)
	if n := len(c.Months); n == 0 || c.Months[n-1].Name != m.Name {
		c.Months = append(c.Months, m)
	}
	for i := range c.Months {
		if c.Months[i].Name == m.Name {
			c.Months[i].Up += up
			c.Months[i].Down += down
		}
	}
	c.Months = c.Months[max(0, len(c.Months)-monthsKept):]
	if err != nil {
		_, err = Contacts.Add(tx, c)
		return err
	}
	return Contacts.Set(tx, old.ID, c)
}

// ContactsBySite is what each box last said, by school code.
func ContactsBySite(tx *store.Tx) (map[string]Contact, error) {
	all := map[string]Contact{}
	for r, err := range Contacts.All(tx) {
		if err != nil {
			return nil, err
		}
		all[r.Value.Site] = r.Value
	}
	return all, nil
}
