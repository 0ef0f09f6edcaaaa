package web

import (
	"errors"
	"strings"
	"time"

	"preau/school"
	"preau/store"
)

// tokenRecord is an API token. Only its hash is kept.
type tokenRecord struct {
	Hash   []byte    `cbor:"1,keyasint,omitempty"`
	Person store.ID  `cbor:"2,keyasint,omitempty"`
	Until  time.Time `cbor:"3,keyasint,omitempty"`
}

// tokens are Scratch: no backup carries a key to the doors.
var tokens = store.Define(store.Spec[tokenRecord]{
	Name: "web.tokens", Home: store.Scratch, Format: 1,
	Indexes: []store.Index[tokenRecord]{
		{Name: "hash", Unique: true, Keys: func(t *tokenRecord) [][]byte { return [][]byte{store.Key(t.Hash)} }},
		{Name: "person", Keys: func(t *tokenRecord) [][]byte { return [][]byte{store.Key(t.Person)} }},
	},
})

const (
	tokenPrefix = "preau_"
	tokenDays   = 30
	tokenMost   = 366
)

// IssueToken makes a bearer token that acts as the person for so many days; 0 is
// 30, and 366 is the most. It is shown once: only its hash is kept. It ends with
// the person's sessions.
func IssueToken(tx *store.Tx, person store.ID, days int) (string, error) {
	if days <= 0 {
		days = tokenDays
	}
	rec, err := school.People.Get(tx, person)
	if err != nil {
		return "", err
	}
	if !school.ActorOf(rec).SignedIn() {
		return "", school.ErrNobody
	}
	now, _ := tx.Now()
	token := tokenPrefix + newSecret()
	_, err = tokens.Add(tx, tokenRecord{Hash: hashOf(token), Person: person, Until: now.AddDate(0, 0, min(days, tokenMost))})
	return token, err
}

func revokeTokens(tx *store.Tx, person store.ID) error {
	var ids []store.ID
	for r, err := range tokens.Where(tx, "person", person) {
		if err != nil {
			return err
		}
		ids = append(ids, r.ID)
	}
	for _, id := range ids {
		if err := tokens.Delete(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// bear finds who a bearer token acts as. Without one it is nobody; a wrong one is
// refused, and only so many wrong ones are looked at.
func (c *Ctx) bear(tx *store.Tx, now time.Time) error {
	c.actor, c.person, c.sess = school.Actor{}, nobody, &session{} // cookies open no API
	head := c.Request().Header.Get("Authorization")
	if head == "" {
		return nil
	}
	kind, token, _ := strings.Cut(head, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(kind, "Bearer") || !strings.HasPrefix(token, tokenPrefix) || len(token) > 100 {
		return c.wrongToken(now)
	}
	rec, err := tokens.One(tx, "hash", hashOf(token))
	if errors.Is(err, store.ErrNotFound) {
		return c.wrongToken(now)
	}
	if err != nil {
		return err
	}
	if at, _ := tx.Now(); !at.Before(rec.Value.Until) {
		return c.wrongToken(now)
	}
	person, err := school.People.Get(tx, rec.Value.Person)
	if errors.Is(err, store.ErrNotFound) {
		return c.wrongToken(now)
	}
	if err != nil {
		return err
	}
	c.actor, c.person = school.ActorOf(person), &person.Value
	if !c.actor.SignedIn() || len(c.actor.Roles) == 0 {
		return c.wrongToken(now)
	}
	return nil
}

func (c *Ctx) wrongToken(now time.Time) error {
	if !c.srv.limits.bearer.allow(c.Device(), now) {
		return errTooMany
	}
	return errBearer
}
