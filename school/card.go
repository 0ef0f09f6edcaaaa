package school

import (
	"crypto/sha256"
	"errors"
	"strings"

	"preau/store"
)

// CardRecord is the card that a pupil may come in by. Only the hash of its text
// is kept: the text has 96 bits and needs no slow hash.
type CardRecord struct {
	Person store.ID `cbor:"1,keyasint,omitzero"`
	Hash   []byte   `cbor:"2,keyasint,omitempty"`
}

// Cards: index "person" (unique), index "hash" (unique).
var Cards = store.Define(store.Spec[CardRecord]{
	Name: "cards", Home: store.Local, Format: 1,
	Indexes: []store.Index[CardRecord]{
		{Name: "person", Unique: true, Keys: func(c *CardRecord) [][]byte { return [][]byte{store.Key(c.Person)} }},
		{Name: "hash", Unique: true, Keys: func(c *CardRecord) [][]byte { return [][]byte{store.Key(c.Hash)} }},
	},
})

// cardLetters lie on the same keys of a French and an English keyboard, need no
// shift and are not taken for one another: a reader that types as the wrong
// keyboard still types the card's text.
const cardLetters = "BCDEFGHJKNPRSTVX"

// cardLength letters of four bits.
const cardLength = 24

// SheetCard is the card text of a person on the sheet with this nonce.
func SheetCard(db *store.DB, nonce []byte, person store.ID) (string, error) {
	mac, err := peppered(db, "sheet card", string(nonce), person.String())
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i := range cardLength {
		half := mac[i/2] >> (4 * (i % 2)) & 15
		b.WriteByte(cardLetters[half])
	}
	return b.String(), nil
}

// normalizeCard leaves what counts of a card's text; "" when it can be none.
func normalizeCard(text string) string {
	if len(text) > 200 {
		return ""
	}
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(cardLetters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(text))
	if len(text) != cardLength {
		return ""
	}
	return text
}

func cardHash(text string) []byte {
	h := sha256.Sum256([]byte("preau card\x00" + text))
	return h[:]
}

// SetCard makes a text the person's only card.
func SetCard(tx *store.Tx, person store.ID, text string) error {
	c := CardRecord{Person: person, Hash: cardHash(normalizeCard(text))}
	old, err := Cards.One(tx, "person", person)
	if errors.Is(err, store.ErrNotFound) {
		_, err = Cards.Add(tx, c)
		return err
	}
	if err != nil {
		return err
	}
	return Cards.Set(tx, old.ID, c)
}

// DropCard takes a person's card back: it was lost, or the pupil has left.
func DropCard(tx *store.Tx, person store.ID) error {
	old, err := Cards.One(tx, "person", person)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return Cards.Delete(tx, old.ID)
}

// ByCard is the pupil whose card has this text and who is still here; ErrNobody
// otherwise. Case, spaces and hyphens do not matter.
func (rosterVerbs) ByCard(tx *store.Tx, text string) (store.Record[Person], error) {
	text = normalizeCard(text)
	if text == "" {
		return store.Record[Person]{}, ErrNobody
	}
	c, err := Cards.One(tx, "hash", cardHash(text))
	if errors.Is(err, store.ErrNotFound) {
		return store.Record[Person]{}, ErrNobody
	}
	if err != nil {
		return store.Record[Person]{}, err
	}
	r, err := People.Get(tx, c.Value.Person)
	if errors.Is(err, store.ErrNotFound) || err == nil && (r.Value.Left != "" || r.Value.Kind != PupilKind) {
		return store.Record[Person]{}, ErrNobody
	}
	return r, err
}
