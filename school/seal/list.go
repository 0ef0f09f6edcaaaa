package seal

import (
	"crypto/ed25519"
	"fmt"

	"preau/store"
)

const signatureSize = ed25519.SignatureSize

// What a signature is about stands before what is signed.
const (
	aboutHeader = "preau circular 1\x00"
	aboutList   = "preau keys 1\x00"
)

// Key is the public half of a signing key.
type Key struct {
	ID          uint32 `cbor:"1,keyasint"`
	Public      []byte `cbor:"2,keyasint"`           // Ed25519, 32 bytes
	FromNumber  uint64 `cbor:"3,keyasint"`           // the first list that names it
	UntilNumber uint64 `cbor:"4,keyasint,omitempty"` // the list that retired it; 0 while it signs
	Revoked     bool   `cbor:"5,keyasint,omitempty"` // was stolen or lost: only what Last covers counts
	// The office's last record that the key may vouch for, once it is retired or
	// revoked: numbers of one origin, never a date. LastNumber 0 covers nothing.
	LastOrigin []byte `cbor:"6,keyasint,omitempty"`
	LastNumber uint64 `cbor:"7,keyasint,omitempty"`
}

// covers tells whether a key vouches for a record of the office: while it signs,
// for all; afterwards for those up to its last. Lists from before keys had a last
// record bind a retired key to nothing: its private half is erased.
func (k Key) covers(record store.ID) error {
	switch {
	case !k.Revoked && k.LastNumber == 0:
		return nil
	case k.LastNumber > 0 && string(record.Origin[:]) == string(k.LastOrigin) && record.Number <= k.LastNumber:
		return nil
	case k.Revoked:
		return RevokedKey
	}
	return RetiredKey
}

// KeyList is the numbered list of signing keys. A higher number is newer.
type KeyList struct {
	Number uint64 `cbor:"1,keyasint"`
	Keys   []Key  `cbor:"2,keyasint"`
}

// SignedList is a KeyList as the root key signed it.
type SignedList struct {
	List      []byte `cbor:"1,keyasint,omitempty" json:"list"`
	Signature []byte `cbor:"2,keyasint,omitempty" json:"signature"`
	Number    uint64 `cbor:"3,keyasint,omitempty" json:"number"` // as in List, for looking up; VerifyList checks it
}

// Find is the key of an id.
func (l KeyList) Find(id uint32) (Key, bool) {
	for _, k := range l.Keys {
		if k.ID == id {
			return k, true
		}
	}
	return Key{}, false
}

// VerifyList checks a list against the pinned root key: WrongRoot or Malformed.
func VerifyList(root []byte, s SignedList) (KeyList, error) {
	if len(root) != ed25519.PublicKeySize {
		return KeyList{}, WrongRoot
	}
	if len(s.List) > 64<<10 || len(s.Signature) != signatureSize {
		return KeyList{}, Malformed
	}
	if !ed25519.Verify(root, append([]byte(aboutList), s.List...), s.Signature) {
		return KeyList{}, WrongRoot
	}
	var l KeyList
	if err := dec.Unmarshal(s.List, &l); err != nil || l.Number == 0 || l.Number != s.Number {
		return KeyList{}, Malformed
	}
	seen := map[uint32]bool{}
	for _, k := range l.Keys {
		if len(k.Public) != ed25519.PublicKeySize || seen[k.ID] {
			return KeyList{}, Malformed
		}
		seen[k.ID] = true
	}
	return l, nil
}

// Succeed is VerifyList for a list that would replace known: also OlderList
// when its number is lower, ChangedList when it says something else under the
// same number. The zero KeyList knows nothing.
func Succeed(root []byte, known KeyList, s SignedList) (KeyList, error) {
	l, err := VerifyList(root, s)
	switch {
	case err != nil:
		return KeyList{}, err
	case l.Number < known.Number:
		return KeyList{}, OlderList
	case l.Number == known.Number:
		was, err := enc.Marshal(known)
		if err != nil {
			return KeyList{}, fmt.Errorf("seal: encode the known list: %w", err)
		}
		if string(was) != string(s.List) {
			return KeyList{}, ChangedList
		}
	}
	return l, nil
}

// Verify checks a signed header of which nothing else is known, such as the text of
// a QR code, and returns it. The error is a Fault: Malformed, UnknownKey,
// RevokedKey or BadSignature. It does not look at body and annexes: see
// Header.CheckContent.
func Verify(list KeyList, s Signed) (Header, error) {
	h, k, err := signedBy(list, s)
	if err == nil && k.Revoked {
		err = RevokedKey
	}
	if err != nil {
		return Header{}, err
	}
	return h, nil
}

// VerifyRecord is Verify for a header that came in a record of the office. So a key
// that was stolen goes on vouching for what was received before, and a retired one
// for nothing that came after: RetiredKey.
func VerifyRecord(list KeyList, s Signed, record store.ID) (Header, error) {
	h, k, err := signedBy(list, s)
	if err == nil {
		err = k.covers(record)
	}
	if err != nil {
		return Header{}, err
	}
	return h, nil
}

// signedBy finds the key that signed a header, whatever became of it since.
func signedBy(list KeyList, s Signed) (Header, Key, error) {
	h, err := s.Decode()
	if err != nil {
		return Header{}, Key{}, err
	}
	k, ok := list.Find(h.KeyID)
	switch {
	case !ok:
		return Header{}, Key{}, UnknownKey
	case !ed25519.Verify(k.Public, append([]byte(aboutHeader), s.Header...), s.Signature):
		return Header{}, Key{}, BadSignature
	}
	return h, k, nil
}
