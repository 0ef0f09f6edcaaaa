package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"preau/store"
)

// A school signs its own papers (bulletins, notices) with a key of its own, in
// DIR/keys/papers.key. No list of the office names it: a paper is genuine where
// the school that issued it says so, and unknown elsewhere.

const aboutPaper = "preau paper 1\x00"

// paper is a paper that this school has issued, for looking its code up.
type paper struct {
	Code   string `cbor:"1,keyasint,omitempty"`
	Signed Signed `cbor:"2,keyasint,omitempty"`
	By     string `cbor:"3,keyasint,omitempty"` // reference of the paper that ends it

	Withdrawn bool   `cbor:"4,keyasint,omitempty"` // by that one, with nothing in its place
	EndFrom   string `cbor:"5,keyasint,omitempty"` // YYYY-MM-DD, "" at once
}

// paperKey is a public key under which this school has signed papers. An old one
// still counts: a site that lost its key makes another and keeps both here.
type paperKey struct {
	Public []byte `cbor:"1,keyasint,omitempty"`
}

var (
	papers = store.Define(store.Spec[paper]{
		Name: "seal.papers", Home: store.Local, Format: 1,
		Indexes: []store.Index[paper]{{Name: "code", Unique: true, Keys: func(p *paper) [][]byte { return [][]byte{store.Key(p.Code)} }}},
	})
	paperKeys = store.Define(store.Spec[paperKey]{Name: "seal.paperkeys", Home: store.Local, Format: 1})
)

// PaperKey is the private key with which the site in dir signs papers, made at
// first use.
func PaperKey(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, "keys", "papers.key")
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	if _, key, err = ed25519.GenerateKey(rand.Reader); err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	return key, writeKey(path, key)
}

// IssuePaper signs a header of kind Paper and notes it, so that its code and QR
// text are confirmed here for ever.
func IssuePaper(tx *store.Tx, key ed25519.PrivateKey, h Header) (Signed, error) {
	public := key.Public().(ed25519.PublicKey)
	h.Kind, h.KeyID = Paper, paperKeyID(public)
	b, err := h.encode()
	if err != nil {
		return Signed{}, err
	}
	s := Signed{Header: b, Signature: ed25519.Sign(key, append([]byte(aboutPaper), b...))}
	known := false
	for r, err := range paperKeys.All(tx) {
		if err != nil {
			return Signed{}, err
		}
		known = known || bytes.Equal(r.Value.Public, public)
	}
	if !known {
		if _, err := paperKeys.Add(tx, paperKey{public}); err != nil {
			return Signed{}, err
		}
	}
	_, err = papers.Add(tx, paper{Code: ShortCode(s), Signed: s})
	return s, err
}

// End is how a paper ends: by which later paper, and from which day on.
type End struct {
	By        string // reference of the paper that ends it, "" while none does
	Withdrawn bool   // taken back, with nothing in its place
	From      string // YYYY-MM-DD, "" at once
}

// EndPaper notes that the paper with this code ends, and by what.
func EndPaper(tx *store.Tx, code string, end End) error {
	r, err := papers.One(tx, "code", code)
	if err != nil {
		return err
	}
	r.Value.By, r.Value.Withdrawn, r.Value.EndFrom = end.By, end.Withdrawn, end.From
	return papers.Set(tx, r.ID, r.Value)
}

// VerifyPaper tells what a paper of this school says, and how it has ended by now
// (the zero End: it has not). The error is a Fault: UnknownKey for a paper of another
// school, BadSignature for one that was altered.
func VerifyPaper(tx *store.Tx, s Signed) (h Header, end End, err error) {
	if h, err = s.Decode(); err != nil {
		return h, end, err
	}
	if h.Kind != Paper {
		return h, end, UnknownKey
	}
	for r, err := range paperKeys.All(tx) {
		if err != nil {
			return h, end, err
		}
		if paperKeyID(r.Value.Public) != h.KeyID {
			continue
		}
		if !ed25519.Verify(r.Value.Public, append([]byte(aboutPaper), s.Header...), s.Signature) {
			return h, end, BadSignature
		}
		p, err := papers.One(tx, "code", ShortCode(s))
		if errors.Is(err, store.ErrNotFound) {
			return h, end, nil
		}
		if now, _ := tx.Now(); p.Value.EndFrom <= now.Format(time.DateOnly) {
			end = End{p.Value.By, p.Value.Withdrawn, p.Value.EndFrom}
		}
		return h, end, err
	}
	return h, end, UnknownKey
}

// paperKeyID tells a school's key from those of other schools.
func paperKeyID(public ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(public)
	return binary.BigEndian.Uint32(sum[:])
}

// PaperByCode is the paper that this school issued under a short code, as
// NormalizeCode gives it; store.ErrNotFound.
func PaperByCode(tx *store.Tx, code string) (Signed, error) {
	r, err := papers.One(tx, "code", code)
	return r.Value.Signed, err
}
