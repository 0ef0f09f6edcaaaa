package boxsync

import (
	"time"

	"preau/store"
)

// Stick is one bundle that was written or read here. What was carried away
// counts as left until the other side confirms it, whichever way that comes.
type Stick struct {
	Peer    string       `cbor:"1,keyasint,omitempty"` // school code; "" the office
	In      bool         `cbor:"2,keyasint,omitempty"` // read here; else written
	Reached []cursorWire `cbor:"3,keyasint,omitempty"` // how far what was written goes
	Records int          `cbor:"4,keyasint,omitempty"`
	Files   int          `cbor:"5,keyasint,omitempty"`
	Bytes   int64        `cbor:"6,keyasint,omitempty"`
	Parts   int          `cbor:"7,keyasint,omitempty"`
}

// stand is what a peer last said by stick: how far it holds our feeds and
// which files it waits for.
type stand struct {
	Peer   string       `cbor:"1,keyasint,omitempty"`
	Origin []byte       `cbor:"2,keyasint,omitempty"` // the peer's, with the number below
	Number uint64       `cbor:"3,keyasint,omitempty"`
	Have   []cursorWire `cbor:"4,keyasint,omitempty"`
	Want   [][]byte     `cbor:"5,keyasint,omitempty"`
}

var (
	sticks = store.Define(store.Spec[Stick]{Name: SticksName, Home: store.Local, Indexes: []store.Index[Stick]{
		{Name: "peer", Keys: func(s *Stick) [][]byte { return [][]byte{store.Key(s.Peer)} }},
	}})
	stands = store.Define(store.Spec[stand]{Name: "sync.stands", Home: store.Scratch, Indexes: []store.Index[stand]{
		{Name: "peer", Keys: func(s *stand) [][]byte { return [][]byte{store.Key(s.Peer)} }},
	}})
)

// SticksName is the name under which Watch tells of bundles written and read.
const SticksName = "sync.sticks"

// Sticks lists the newest bundles written and read here, newest first; of one
// peer, or of all when peer is nil.
func Sticks(tx *store.Tx, peer *string, most int) (list []store.Record[Stick], err error) {
	q := store.Query{Reverse: true}
	if peer != nil {
		q.Index, q.Prefix = "peer", []any{*peer}
	}
	for r, err := range sticks.Scan(tx, q) {
		if err != nil {
			return nil, err
		}
		if list = append(list, r); len(list) == most {
			break
		}
	}
	return list, nil
}

// RecallSticks tells the store what was carried away before this start and
// not confirmed yet.
func RecallSticks(db *store.DB) error {
	type mark struct {
		at     time.Time
		peer   string
		cursor cursorWire
	}
	var marks []mark
	err := db.View(func(tx *store.Tx) error {
		for r, err := range sticks.All(tx) {
			if err != nil {
				return err
			}
			for _, c := range r.Value.Reached {
				marks = append(marks, mark{r.Time, r.Value.Peer, c})
			}
		}
		return nil
	})
	for _, m := range marks {
		f, c, err := m.cursor.read()
		if err != nil {
			return err
		}
		f.Site = m.peer
		db.SentAt(f, c, m.at)
	}
	return err
}

// standOf is what a peer last said by stick, and when it was read; a zero time
// when it never did.
func standOf(tx *store.Tx, peer string) (stand, time.Time, error) {
	for r, err := range stands.Where(tx, "peer", peer) {
		if err != nil {
			return stand{}, time.Time{}, err
		}
		if r.Value.Peer == peer {
			return r.Value, r.Time, nil
		}
	}
	return stand{}, time.Time{}, nil
}

// setStand keeps the newer of two words of one peer.
func setStand(tx *store.Tx, s stand) error {
	for r, err := range stands.Where(tx, "peer", s.Peer) {
		switch {
		case err != nil:
			return err
		case r.Value.Peer != s.Peer:
		case string(r.Value.Origin) == string(s.Origin) && r.Value.Number > s.Number:
			return nil
		default:
			return stands.Set(tx, r.ID, s)
		}
	}
	_, err := stands.Add(tx, s)
	return err
}

// Written notes, once all parts lie safely on their sticks, that what they
// hold has left.
func (p *Plan) Written() error {
	note, err := p.Note()
	if err != nil {
		return err
	}
	return p.c.KeepNote(note)
}

// Note is what Written would note, for who writes the sticks elsewhere and
// hands it to KeepNote later.
func (p *Plan) Note() ([]byte, error) {
	s := Stick{Peer: p.To, Records: p.Records, Files: p.Files, Bytes: p.Bytes, Parts: p.Parts}
	for _, f := range p.feeds {
		if c, ok := p.reached[f]; ok {
			s.Reached = append(s.Reached, wireCursor(f, c))
		}
	}
	return encMode.Marshal(s)
}

// KeepNote keeps a bundle that was written in the journal.
func (c *Courier) KeepNote(note []byte) error {
	var s Stick
	if err := unmarshal(note, &s); err != nil {
		return err
	}
	err := c.DB.Update(func(tx *store.Tx) error { _, err := sticks.Add(tx, s); return err })
	if err != nil {
		return err
	}
	now, _ := c.DB.Clock()
	for _, w := range s.Reached {
		f, cur, err := w.read()
		if err != nil {
			return err
		}
		f.Site = s.Peer
		c.DB.SentAt(f, cur, now)
	}
	return nil
}
