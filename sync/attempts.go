package boxsync

import (
	"slices"
	"time"

	"preau/store"
)

// Attempts are a box's newest reports, so that the page can say after a power cut
// what the last attempts did.
type Attempts struct {
	List []Report `cbor:"1,keyasint,omitempty"` // newest first
}

// attempts is Scratch, one record.
var attempts = store.Define(store.Spec[Attempts]{Name: "sync.attempts", Home: store.Scratch})

const (
	// writtenBack is how many reports outlive the program.
	writtenBack = 10
	// keepEvery is how often attempts that moved nothing and ended as the one before are written down.
	keepEvery = 10 * time.Minute
)

// remember takes up what the program before this one wrote down.
func (e *Engine) remember() {
	var kept []Report
	if err := e.o.DB.View(func(tx *store.Tx) error {
		for r, err := range attempts.All(tx) {
			kept = r.Value.List
			return err
		}
		return nil
	}); err != nil {
		e.o.Log.Warn("exchange: the last attempts cannot be read", "cause", err)
		return
	}
	e.status.Reports = kept
	for _, r := range kept {
		i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.Name == "greeted" })
		if at := r.Ended; i >= 0 && !at.After(time.Now()) {
			e.status.State, e.status.LastContact = "offline", at
			break
		}
	}
}

// keep writes the newest attempts down, now being one that goes on; an empty one is
// none. Who fails again and again in the same way costs a commit now and then.
func (e *Engine) keep(now Report) {
	e.mu.Lock()
	list := slices.Clone(e.status.Reports)
	if !now.Started.IsZero() {
		list = slices.Insert(list, 0, now)
	}
	list = list[:min(len(list), writtenBack)]
	last := list[0]
	again := last.Sent+last.Received == 0 && last.Stage != "" && last.Stage == e.written.Stage && last.Started.Sub(e.written.Started).Abs() < keepEvery
	if !again {
		e.written = last
	}
	e.mu.Unlock()
	if again {
		return
	}
	if err := e.o.DB.Update(func(tx *store.Tx) error {
		for r, err := range attempts.All(tx) {
			if err != nil {
				return err
			}
			return attempts.Set(tx, r.ID, Attempts{list})
		}
		_, err := attempts.Add(tx, Attempts{list})
		return err
	}); err != nil {
		e.o.Log.Warn("exchange: the last attempts were not written down", "cause", err)
	}
}
