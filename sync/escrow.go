package boxsync

import (
	"errors"
	"fmt"
	"slices"

	"filippo.io/age"

	"preau/store"
)

// Escrow are the ministry's keys that can open what boxes seal, when a school
// has lost its own: age recipients whose identities are kept offline, two at
// least, so that no single loss closes the door and no single theft is unseen.
type Escrow struct {
	Recipients []string `cbor:"1,keyasint,omitempty"`
}

// EscrowOf are the escrow's age recipients, as the ministry published them.
func EscrowOf(tx *store.Tx) (recipients []string, err error) {
	for r, err := range escrows.All(tx) {
		if err != nil {
			return nil, err
		}
		recipients = r.Value.Recipients
	}
	return recipients, nil
}

// SetEscrow publishes the escrow's recipients to these schools; none withdraws
// them. One alone is refused.
func SetEscrow(tx *store.Tx, recipients, schools []string) error {
	if len(recipients) == 1 {
		return errors.New("boxsync: one escrow key is none: name two at least")
	}
	for _, text := range recipients {
		if _, err := age.ParseX25519Recipient(text); err != nil {
			return fmt.Errorf("boxsync: escrow: %w", err)
		}
	}
	var id store.ID
	for r, err := range escrows.All(tx) {
		if err != nil {
			return err
		}
		id = r.ID
		if !slices.Equal(r.Value.Recipients, recipients) {
			if err := escrows.Set(tx, id, Escrow{recipients}); err != nil {
				return err
			}
		}
	}
	if id.IsZero() {
		if len(recipients) == 0 {
			return nil
		}
		var err error
		if id, err = escrows.Add(tx, Escrow{recipients}); err != nil {
			return err
		}
	}
	return store.Address(tx, id, schools)
}
