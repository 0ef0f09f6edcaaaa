package school

import (
	"context"
	"errors"
	"fmt"

	"preau/store"
)

// CheckSecret answers a sign-in: who it is, and whether the secret is a
// one-time one that must be changed before anything else.
//
// It refuses with "signin.refused.wrong" for an unknown name, a person who
// has left, a person without a secret and a wrong secret alike, after the
// same work; with "signin.refused.wait" (minutes) while the account or the
// device is throttled, before any work; with "signin.refused.busy" when too
// many wait. device is what the caller tells devices apart by on the LAN:
// never a header that the device writes itself.
//
// The try is counted on disk before the hash and taken back after a success,
// so neither parallel tries nor pulling the plug gives more tries.
func CheckSecret(ctx context.Context, db *store.DB, login, secret, device string) (who Actor, oneTime bool, err error) {
	try := newTry(login, device)
	if err := try.begin(db); err != nil {
		return Actor{}, false, err
	}
	var (
		person store.Record[Person]
		kept   store.Record[SecretRecord]
	)
	err = db.View(func(tx *store.Tx) error {
		person, kept = store.Record[Person]{}, store.Record[SecretRecord]{}
		p, err := Roster.ByLogin(tx, login)
		if err == nil {
			person = p
			kept, err = Secrets.One(tx, "person", p.ID)
		}
		if errors.Is(err, ErrNobody) || errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return Actor{}, false, fmt.Errorf("check a secret: %w", err)
	}
	if len(secret) > maxSecret {
		secret, kept = "", store.Record[SecretRecord]{}
	}
	if kept.Value.Hash == "" {
		if err := workForNobody(ctx, secret); err != nil {
			return Actor{}, false, err
		}
		return Actor{}, false, Refuse("signin.refused.wrong", "secret")
	}
	ok, weak, err := matchSecret(ctx, kept.Value.Hash, secret)
	if err != nil {
		return Actor{}, false, err
	}
	if !ok {
		return Actor{}, false, Refuse("signin.refused.wrong", "secret")
	}
	if err := try.succeeded(db); err != nil {
		return Actor{}, false, err
	}
	if weak {
		if err := strengthen(ctx, db, kept, secret); err != nil {
			return Actor{}, false, err
		}
	}
	return ActorOf(person), kept.Value.OneTime, nil
}

// strengthen makes a hash again at today's cost, unless the secret changed meanwhile.
func strengthen(ctx context.Context, db *store.DB, old store.Record[SecretRecord], secret string) error {
	hash, err := HashSecret(ctx, secret)
	if err != nil {
		return err
	}
	return db.Update(func(tx *store.Tx) error {
		now, err := Secrets.Get(tx, old.ID)
		if err != nil || now.Value.Hash != old.Value.Hash {
			return nil
		}
		return StoreSecret(tx, now.Value.Person, hash, now.Value.OneTime)
	})
}
