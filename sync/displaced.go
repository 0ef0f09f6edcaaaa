package boxsync

import (
	"errors"

	"preau/store"
)

// Displaced is a version of a school's record that a later life of its box wrote
// over without having known it: a card was put back to an earlier state, and
// somebody wrote on. The office noticed, and gives the version back to the
// school, where a person decides.
type Displaced struct {
	Row []byte `cbor:"1,keyasint,omitempty"`
}

// Settled says that a person has dealt with a displaced version.
type Settled struct {
	Displaced store.ID `cbor:"1,keyasint,omitempty"`
	Taken     bool     `cbor:"2,keyasint,omitempty"` // taken again; else the later version was left
}

var (
	displaced = store.Define(store.Spec[Displaced]{Name: "sync.displaced", Home: store.Down})
	settled   = store.Define(store.Spec[Settled]{Name: "sync.settled", Home: store.Local, Indexes: []store.Index[Settled]{
		{Name: "displaced", Unique: true, Keys: func(s *Settled) [][]byte { return [][]byte{store.Key(s.Displaced)} }},
	}})
)

// DisplacedNames are the collections that a list of displaced versions reads.
func DisplacedNames() []string { return []string{displaced.Name(), settled.Name()} }

// giveBack addresses to a school what another life of its box wrote over.
func (h *Hub) giveBack(site string) error {
	none := true
	if err := h.o.DB.View(func(tx *store.Tx) error {
		rows, err := store.Displaced(tx, site)
		none = len(rows) == 0
		return err
	}); err != nil || none {
		return err
	}
	return h.o.DB.Update(func(tx *store.Tx) error {
		rows, err := store.Displaced(tx, site)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.Collection == segments.Name() { // nobody wrote that, and its files are kept
				if err := store.Settled(tx, site, r.Meta); err != nil {
					return err
				}
				continue
			}
			raw, err := store.EncodeRow(r)
			if err != nil {
				return err
			}
			id, err := displaced.Add(tx, Displaced{raw})
			if err != nil {
				return err
			}
			if err := errors.Join(store.Address(tx, id, []string{site}), store.Settled(tx, site, r.Meta)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Aside is a displaced version, and what stands in its place.
type Aside struct {
	ID  store.ID // of the displaced version: what Settle takes
	Was store.Row
	Now store.Row // zero when nothing stands there
}

// DisplacedHere lists, at a box, the versions that no person has dealt with yet.
func DisplacedHere(tx *store.Tx) (list []Aside, err error) {
	for r, err := range displaced.All(tx) {
		if err != nil {
			return nil, err
		}
		if _, err := settled.One(tx, "displaced", r.ID); err == nil {
			continue
		} else if !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		was, err := store.DecodeRow(r.Value.Row)
		if err != nil {
			return nil, err
		}
		now, err := store.Now(tx, was.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		list = append(list, Aside{ID: r.ID, Was: was, Now: now})
	}
	return list, nil
}

// Settle notes what a person decided: to take the displaced version again, which
// writes it anew, or to leave what stands. store.ErrNotFound when it is settled
// already, or the record is deleted and cannot be taken again.
func Settle(tx *store.Tx, id store.ID, take bool) (v Aside, err error) {
	list, err := DisplacedHere(tx)
	if err != nil {
		return v, err
	}
	for _, v = range list {
		if v.ID != id {
			continue
		}
		if take {
			if err := store.TakeAgain(tx, v.Was); err != nil {
				return v, err
			}
		}
		_, err := settled.Add(tx, Settled{id, take})
		return v, err
	}
	return Aside{}, store.ErrNotFound
}
