package web

import (
	"sync"

	"preau/store"
)

// versions remembers the versions of collections as of one commit. Asking the
// store for ten of them costs more than all the rest of an unchanged answer.
type versions struct {
	mu     sync.Mutex
	commit uint64
	byName map[string]uint64
}

// of is a collection's version as the transaction sees it. One that writes has
// the number of the commit that it will make, and not yet its versions.
func (v *versions) of(tx *store.Tx, name string) uint64 {
	if tx.Writes() {
		return tx.Version(name)
	}
	commit := tx.Commit()
	v.mu.Lock()
	defer v.mu.Unlock()
	if commit < v.commit { // a view from before: its answer is not to be kept
		return tx.Version(name)
	}
	if commit > v.commit || v.byName == nil {
		v.commit, v.byName = commit, map[string]uint64{}
	}
	n, ok := v.byName[name]
	if !ok {
		n = tx.Version(name)
		v.byName[name] = n
	}
	return n
}
