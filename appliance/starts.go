package appliance

import (
	"time"

	"preau/store"
)

// startRecord is one start of the server. Those after a stop that was not clean
// are the power cuts that the technician counts.
type startRecord struct {
	At      time.Time `cbor:"1,keyasint,omitzero"`
	Trusted bool      `cbor:"2,keyasint,omitempty"` // the clock, at that moment
	Clean   bool      `cbor:"3,keyasint,omitempty"` // the stop before it
	Last    time.Time `cbor:"4,keyasint,omitzero"`  // the newest record before it: power went after that
}

var starts = store.Define(store.Spec[startRecord]{Name: "starts", Home: store.Scratch, Format: 1})

// startsKept is how many starts are remembered: a year of two cuts a day.
const startsKept = 730

// noteStart writes a start down, and forgets the oldest.
func (r *Running) noteStart(clean bool) error {
	last := r.DB.Newest()
	return r.DB.Update(func(tx *store.Tx) error {
		now, trusted := tx.Now()
		if _, err := starts.Add(tx, startRecord{At: now, Trusted: trusted, Clean: clean, Last: last}); err != nil {
			return err
		}
		var all []store.ID
		for s, err := range starts.All(tx) {
			if err != nil {
				return err
			}
			all = append(all, s.ID)
		}
		for _, id := range all[:max(0, len(all)-startsKept)] {
			if err := starts.Delete(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// stops are the power cuts since then, newest first, and the last moment before a
// stop that was in order; zero when none is known.
func stops(tx *store.Tx, since time.Time) (cuts []startRecord, clean time.Time, err error) {
	for s, err := range starts.Scan(tx, store.Query{Reverse: true}) {
		if err != nil {
			return nil, clean, err
		}
		switch {
		case !s.Value.Clean && s.Value.At.After(since):
			cuts = append(cuts, s.Value)
		case s.Value.Clean && clean.IsZero():
			clean = s.Value.Last
		}
	}
	return cuts, clean, nil
}
