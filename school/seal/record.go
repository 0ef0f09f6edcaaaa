package seal

import (
	"errors"
	"fmt"

	"preau/store"
)

// KeyLists carries the signed list of keys from the office to the boxes. The
// office keeps one record and writes the newest list into it; a box may hold
// older records too, hence Current.
var KeyLists = store.Define(store.Spec[SignedList]{
	Name: "seal.keys", Home: store.Down, Lane: store.Control, Format: 1,
})

// Collections are the package's collections, for store.Open.
func Collections() []store.Definition {
	return []store.Definition{KeyLists, documents, papers, paperKeys}
}

// Publish writes the newest list into the store, when it is not there yet, and
// returns its record's id, which the caller addresses to every school.
func Publish(tx *store.Tx, k *Keys) (store.ID, error) {
	_, signed := k.List()
	for r, err := range KeyLists.All(tx) {
		if err != nil {
			return store.ID{}, fmt.Errorf("publish the list of keys: %w", err)
		}
		if r.Value.Number < signed.Number {
			if err := KeyLists.Set(tx, r.ID, signed); err != nil {
				return store.ID{}, fmt.Errorf("publish the list of keys: %w", err)
			}
		}
		return r.ID, nil
	}
	id, err := KeyLists.Add(tx, signed)
	if err != nil {
		return store.ID{}, fmt.Errorf("publish the list of keys: %w", err)
	}
	return id, nil
}

// ErrNoList says that no list signed by the root key has arrived yet.
var ErrNoList = errors.New("seal: no list of signing keys from the pinned office is here yet")

// Current is the newest list in the store that the root key signed. Lists
// signed by others are passed over; ErrNoList when none remains.
func Current(tx *store.Tx, root []byte) (KeyList, error) {
	var best KeyList
	for r, err := range KeyLists.All(tx) {
		if err != nil {
			return KeyList{}, fmt.Errorf("read the lists of keys: %w", err)
		}
		if l, err := Succeed(root, best, r.Value); err == nil {
			best = l
		}
	}
	if best.Number == 0 {
		return KeyList{}, ErrNoList
	}
	return best, nil
}
