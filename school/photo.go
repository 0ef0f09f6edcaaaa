package school

import "preau/store"

// Photo is the small picture of one person: JPEG, three to four, upright. It
// stands apart from the person, so that a new picture does not make every list of
// names be read again.
type Photo struct {
	Person store.ID   `cbor:"1,keyasint,omitzero"`
	File   store.Blob `cbor:"2,keyasint,omitempty"`
}

// Photos: index "person" (unique). They never leave the school.
var Photos = store.Define(store.Spec[Photo]{
	Name: "people.photos", Home: store.Local, Format: 1,
	Indexes: []store.Index[Photo]{
		{Name: "person", Unique: true, Keys: func(p *Photo) [][]byte { return [][]byte{store.Key(p.Person)} }},
	},
	Blobs: func(p *Photo) []store.Blob { return []store.Blob{p.File} },
})

// PhotoOf is a person's picture, store.ErrNotFound when there is none.
func PhotoOf(tx *store.Tx, person store.ID) (store.Record[Photo], error) {
	return Photos.One(tx, "person", person)
}
