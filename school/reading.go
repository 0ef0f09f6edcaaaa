package school

import (
	"errors"
	"slices"
	"time"

	"preau/store"
)

// Reading is one person's "lu et pris connaissance" of a document, by name. It
// never leaves the school.
type Reading struct {
	Document store.ID  `cbor:"1,keyasint,omitzero"` // a circular, a notice
	Person   store.ID  `cbor:"2,keyasint,omitzero"`
	Name     string    `cbor:"3,keyasint,omitempty"`
	Role     Role      `cbor:"4,keyasint,omitempty"`
	At       time.Time `cbor:"5,keyasint,omitzero"`
	OnPaper  bool      `cbor:"6,keyasint,omitempty"` // signed on the émargement sheet
	TickedBy string    `cbor:"7,keyasint,omitempty"` // who ticked it afterwards
}

// Readings: index "document" takes document, person and is unique; "person" takes
// person, document.
var Readings = store.Define(store.Spec[Reading]{
	Name: "readings", Home: store.Local, Format: 1,
	Indexes: []store.Index[Reading]{
		{Name: "document", Unique: true, Keys: func(r *Reading) [][]byte { return [][]byte{store.Key(r.Document, r.Person)} }},
		{Name: "person", Keys: func(r *Reading) [][]byte { return [][]byte{store.Key(r.Person, r.Document)} }},
	},
})

// NoteReading notes that a person has read a document, and tells whether it was
// the first time: a second time changes nothing. tickedBy is who ticked the paper
// sheet; "" when the person did it on a screen. Whether the person is meant by the
// document is the caller's question.
func NoteReading(tx *store.Tx, document store.ID, person store.Record[Person], tickedBy string) (r Reading, first bool, err error) {
	old, err := Readings.One(tx, "document", document, person.ID)
	if err == nil {
		return old.Value, false, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return r, false, err
	}
	r = Reading{Document: document, Person: person.ID, Name: person.Value.Name(), Role: person.Value.MainRole(), OnPaper: tickedBy != "", TickedBy: tickedBy}
	r.At, _ = tx.Now()
	_, err = Readings.Add(tx, r)
	return r, err == nil, err
}

// HasRead tells whether a person has acknowledged a document.
func HasRead(tx *store.Tx, document, person store.ID) (bool, error) {
	n, err := Readings.Count(tx, "document", document, person)
	return n > 0, err
}

// MainRole is the role under which a person is counted: the first.
func (p *Person) MainRole() Role {
	if len(p.Roles) == 0 {
		return ""
	}
	return p.Roles[0]
}

// Reader is a person meant by a document, and whether they have read it.
type Reader struct {
	Person  store.Record[Person]
	Reading Reading // zero At: not yet
}

// Read tells whether the person has acknowledged.
func (r Reader) Read() bool { return !r.Reading.At.IsZero() }

// ReadersOf lists who of some people is meant by a document, or has read it all the
// same, in the order given.
func ReadersOf(tx *store.Tx, document store.ID, people []store.Record[Person], meant func(store.Record[Person]) (bool, error)) ([]Reader, error) {
	read := map[store.ID]Reading{}
	for r, err := range Readings.Where(tx, "document", document) {
		if err != nil {
			return nil, err
		}
		read[r.Value.Person] = r.Value
	}
	var list []Reader
	for _, p := range people {
		r, has := read[p.ID]
		ok := has
		if !has {
			var err error
			if ok, err = meant(p); err != nil {
				return nil, err
			}
		}
		if ok {
			list = append(list, Reader{p, r})
		}
	}
	return list, nil
}

// ReadCount is readers out of those meant.
type ReadCount struct {
	Read  int `cbor:"1,keyasint,omitempty" json:"read"`
	Staff int `cbor:"2,keyasint,omitempty" json:"staff"`
}

// RoleCount is the readers of a role.
type RoleCount struct {
	Role Role
	ReadCount
}

// CountReaders counts readers, and by role in the order of roles.
func CountReaders(list []Reader) (all ReadCount, roles []RoleCount) {
	for _, role := range BoxRoles {
		n := RoleCount{Role: role}
		for _, r := range list {
			if r.Person.Value.MainRole() != role {
				continue
			}
			if n.Staff++; r.Read() {
				n.Read++
			}
		}
		if n.Staff > 0 {
			roles = append(roles, n)
		}
	}
	for _, r := range list {
		if all.Staff++; r.Read() {
			all.Read++
		}
	}
	return all, roles
}

// UnreadFirst puts who has not read before who has, keeping the order of names.
func UnreadFirst(list []Reader) {
	slices.SortStableFunc(list, func(a, b Reader) int {
		switch {
		case a.Read() == b.Read():
			return 0
		case b.Read():
			return -1
		}
		return 1
	})
}
