package boxsync

import (
	"bytes"
	"slices"
	"time"

	"preau/store"
)

// Peer is a box that the office knows. One live row a site; a replaced box
// leaves its row revoked.
type Peer struct {
	Site     string    `cbor:"1,keyasint,omitempty"`
	Key      []byte    `cbor:"2,keyasint,omitempty"` // Ed25519 public key
	Enrolled time.Time `cbor:"3,keyasint,omitempty"`
	Revoked  time.Time `cbor:"4,keyasint,omitempty"`
	Copied   time.Time `cbor:"5,keyasint,omitempty"` // when a second copy of it last called
	Before   []held    `cbor:"6,keyasint,omitempty"` // what the office held of the school when the key was pinned
}

// held is how far the office holds a feed.
type held struct {
	_      struct{} `cbor:",toarray"`
	Origin []byte
	Lane   store.Lane
	Number uint64
}

// wasThere tells whether the office held a version of a record of this school when
// the key was pinned: who has the key did not write it.
func (p Peer) wasThere(m store.Meta) bool {
	return slices.ContainsFunc(p.Before, func(h held) bool {
		return h.Lane == m.Lane && bytes.Equal(h.Origin, m.Origin[:]) && m.Number <= h.Number
	})
}

// Code is an enrolment code that waits for its box.
type Code struct {
	Site    string    `cbor:"1,keyasint,omitempty"`
	Secret  string    `cbor:"2,keyasint,omitempty"` // gone once used
	Expires time.Time `cbor:"3,keyasint,omitempty"`
	Used    time.Time `cbor:"4,keyasint,omitempty"`
}

// OfficeRow is what a box knows of its office.
type OfficeRow struct {
	Key  []byte `cbor:"1,keyasint,omitempty"`
	Addr string `cbor:"2,keyasint,omitempty"`
	Dict uint32 `cbor:"3,keyasint,omitempty"` // it reads; 0: none
}

var (
	peers = store.Define(store.Spec[Peer]{Name: "sync.peers", Home: store.Local, Indexes: []store.Index[Peer]{
		{Name: "key", Unique: true, Keys: func(p *Peer) [][]byte { return [][]byte{store.Key(p.Key)} }},
		{Name: "site", Keys: func(p *Peer) [][]byte { return [][]byte{store.Key(p.Site)} }},
	}})
	codes = store.Define(store.Spec[Code]{Name: "sync.codes", Home: store.Local, Indexes: []store.Index[Code]{
		{Name: "live", Keys: func(c *Code) [][]byte {
			if c.Secret == "" {
				return nil
			}
			return [][]byte{store.Key(c.Site)}
		}},
	}})
	offices = store.Define(store.Spec[OfficeRow]{Name: "sync.office", Home: store.Local})
)

// Collections are the exchange's own, for store.Open on either side.
func Collections() []store.Definition {
	return []store.Definition{peers, codes, offices, sticks, stands, segments, escrows, used, attempts, displaced, settled}
}

// Peers lists the boxes, the revoked too.
func Peers(tx *store.Tx) (all []store.Record[Peer], err error) {
	for r, err := range peers.All(tx) {
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// Office is the office this box is enrolled with; ErrNotEnrolled.
func Office(tx *store.Tx) (OfficeRow, error) {
	for r, err := range offices.All(tx) {
		return r.Value, err
	}
	return OfficeRow{}, ErrNotEnrolled
}

func setOffice(tx *store.Tx, o OfficeRow) error {
	for r, err := range offices.All(tx) {
		if err != nil {
			return err
		}
		return offices.Set(tx, r.ID, o)
	}
	_, err := offices.Add(tx, o)
	return err
}

// SetOfficeAddr changes where the office is called.
func SetOfficeAddr(tx *store.Tx, addr string) error {
	o, err := Office(tx)
	if err != nil || o.Addr == addr {
		return err
	}
	o.Addr = addr
	return setOffice(tx, o)
}
