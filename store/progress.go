package store

import "time"

// State is where a record stands on its way.
type State uint8

// The states, in the order in which a record goes through them.
const (
	Here    State = iota // only here, and meant to stay
	Waiting              // will leave when the link is back
	Sent                 // has left, not yet confirmed
	Arrived              // the other side confirmed that it is durable there
)

// String is the state's name in words keys and in the API.
func (s State) String() string {
	return [...]string{"here", "waiting", "sent", "at_office"}[min(s, Arrived)]
}

// ProgressOf is a record's state and since when.
type ProgressOf struct {
	State State
	Since time.Time
	Lane  Lane // on which it waits; else zero
}

// Progress is where this store's own Up record stands. It comes from the
// acknowledgements kept here, never from how the last attempt ended.
func Progress(tx *Tx, id ID) (ProgressOf, error) {
	row, err := tx.find(id)
	if err != nil {
		return ProgressOf{}, err
	}
	return ProgressOfRecord(tx, row.Meta), nil
}

// ProgressOfRecord is Progress for a record that was just read: a list asks for
// each of its rows, and finding them again would cost more than the page.
func ProgressOfRecord(tx *Tx, m Meta) ProgressOf {
	if m.Home != Up || !tx.atHome(m) {
		return ProgressOf{State: Here, Since: m.Time}
	}
	return tx.progress(Feed{Origin: m.Origin, Lane: m.Lane}, m.Number, m.Time)
}

// ProgressAt is where a Down record stands on its way to one site; Here when
// it is not addressed there.
func ProgressAt(tx *Tx, id ID, site string) (ProgressOf, error) {
	row, err := tx.find(id)
	if err != nil {
		return ProgressOf{}, err
	}
	for _, m := range tx.mailed(id) {
		if m.site == site && !m.gone {
			return tx.progress(Feed{Origin: tx.origin(), Lane: m.lane, Site: site}, m.n, row.Time), nil
		}
	}
	return ProgressOf{State: Here, Since: row.Time}, nil
}

func (tx *Tx) progress(f Feed, n uint64, written time.Time) ProgressOf {
	tx.reading(ProgressName)
	prefix := ackKey(f, 0)
	prefix = prefix[:len(prefix)-8]
	p := ProgressOf{Waiting, written, f.Lane}
	tx.scan(prefix, ackKey(f, n-1), false, func(_, v []byte) bool {
		p = ProgressOf{State: Arrived, Since: millis(v)} // the first acknowledgement that covers it
		return false
	})
	if p.State == Arrived {
		return p
	}
	if m, ok := tx.db.sent.Load(f); ok && m.(sentMark).number >= n {
		return ProgressOf{State: Sent, Since: m.(sentMark).at}
	}
	return p
}
