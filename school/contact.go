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
	Build    string        `cbor:"3,keyasint,omitempty"` // version of its program
	FreeDisk int64         `cbor:"4,keyasint,omitempty"` // bytes; 0 not told
	Apart    time.Duration `cbor:"5,keyasint,omitempty"` // the box's clock minus the office's
	Trusted  bool          `cbor:"6,keyasint,omitempty"` // the box trusts its own clock
	Pending  int           `cbor:"7,keyasint,omitempty"` // records that it said were waiting
}

// Contacts: index "site" (unique). It is what the office heard, not a record
// of the school: it is in no backup and no feed.
var Contacts = store.Define(store.Spec[Contact]{
	Name: "contacts", Home: store.Scratch, Format: 1,
	Indexes: []store.Index[Contact]{
		{Name: "site", Unique: true, Keys: func(c *Contact) [][]byte { return [][]byte{store.Key(c.Site)} }},
	},
})

// NoteContact keeps what a box has just said.
func NoteContact(tx *store.Tx, c Contact) error {
	old, err := Contacts.One(tx, "site", c.Site)
	if errors.Is(err, store.ErrNotFound) {
		_, err = Contacts.Add(tx, c)
		return err
	}
	if err != nil {
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
