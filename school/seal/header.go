package seal

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"preau/store"
)

// Hash is the SHA-256 of a body or an annex, as blobs are named.
type Hash = store.Hash

// Kind says what a signed header is. Nothing signed is ever edited.
type Kind uint8

// The kinds of signed header. Who takes one in asks for the kind that it expects:
// a good signature on a pack is none on a circular.
const (
	Circular    Kind = 1
	Withdrawal  Kind = 2 // withdraws the circular named by Replaces
	Replacement Kind = 3 // annule et remplace the circular named by Replaces
	Paper       Kind = 4 // a paper of a school, signed with its own key
	Pack        Kind = 5 // a country pack: the annexes are its files
)

// Header is what is signed: short enough to stand in a QR code, and naming
// body and annexes by their hashes.
type Header struct {
	KeyID     uint32 // set by Keys.Sign
	Reference string // "n° 082/MEPSTA/CAB/SG"
	Date      string // YYYY-MM-DD
	Issuer    string // the ministry or directorate that speaks
	Signatory string // name and title
	Subject   string
	Audience  []byte // canonical CBOR, see CanonicalCBOR; nil for none
	Urgent    bool
	Deadline  string // YYYY-MM-DD or ""
	Body      Hash
	Annexes   []Hash // at most MaxAnnexes, in the order shown
	Kind      Kind
	Replaces  string // id or short code of the circular withdrawn or replaced
}

// Limits of a header; a header must fit a QR code on paper.
const (
	MaxText    = 300 // bytes of each text
	MaxAnnexes = 20
	maxHeader  = 2600 // bytes of a signed header
)

// Signed is a header as signed. Only its bytes count: whoever stores or sends
// it keeps them as they are.
type Signed struct {
	Header    []byte `cbor:"1,keyasint,omitempty" json:"header"`
	Signature []byte `cbor:"2,keyasint,omitempty" json:"signature"`
}

// wireHeader is the signed form: small integer keys, days as days since 1970,
// annex hashes one after the other in one string.
type wireHeader struct {
	KeyID     uint32          `cbor:"1,keyasint"`
	Kind      Kind            `cbor:"2,keyasint"`
	Reference string          `cbor:"3,keyasint,omitempty"`
	Date      int32           `cbor:"4,keyasint"`
	Issuer    string          `cbor:"5,keyasint,omitempty"`
	Signatory string          `cbor:"6,keyasint,omitempty"`
	Subject   string          `cbor:"7,keyasint,omitempty"`
	Audience  cbor.RawMessage `cbor:"8,keyasint,omitempty"`
	Urgent    bool            `cbor:"9,keyasint,omitempty"`
	Deadline  int32           `cbor:"10,keyasint,omitempty"`
	Body      []byte          `cbor:"11,keyasint"`
	Annexes   []byte          `cbor:"12,keyasint,omitempty"`
	Replaces  string          `cbor:"13,keyasint,omitempty"`
}

var (
	enc = must(cbor.CanonicalEncOptions().EncMode())
	dec = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, UTF8: cbor.UTF8RejectInvalid,
		MaxNestedLevels: 8, MaxArrayElements: 1024, MaxMapPairs: 64,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // options are constants of this file
	}
	return v
}

// CanonicalCBOR encodes a value as headers and audiences are encoded.
func CanonicalCBOR(v any) ([]byte, error) { return enc.Marshal(v) }

// DecodeCBOR decodes what CanonicalCBOR wrote, within bounds, and refuses
// doubled keys. Keys that v does not know are left out.
func DecodeCBOR(b []byte, v any) error { return dec.Unmarshal(b, v) }

// HashOf is the hash that names content.
func HashOf(content []byte) Hash { return sha256.Sum256(content) }

func (h *Header) encode() ([]byte, error) {
	date, err := dayNumber(h.Date)
	if err != nil {
		return nil, fmt.Errorf("seal: date of the header: %w", err)
	}
	w := wireHeader{
		KeyID: h.KeyID, Kind: h.Kind, Reference: h.Reference, Date: date, Issuer: h.Issuer, Signatory: h.Signatory,
		Subject: h.Subject, Audience: h.Audience, Urgent: h.Urgent, Body: h.Body[:], Replaces: h.Replaces,
	}
	if h.Deadline != "" {
		if w.Deadline, err = dayNumber(h.Deadline); err != nil {
			return nil, fmt.Errorf("seal: deadline of the header: %w", err)
		}
	}
	for _, a := range h.Annexes {
		w.Annexes = append(w.Annexes, a[:]...)
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	if len(h.Audience) > 0 {
		if err := canonical(h.Audience); err != nil {
			return nil, fmt.Errorf("seal: audience of the header: %w", err)
		}
	}
	b, err := enc.Marshal(w)
	if err == nil && len(b) > maxHeader {
		err = fmt.Errorf("seal: header of %d bytes, at most %d", len(b), maxHeader)
	}
	return b, err
}

func canonical(b []byte) error {
	var v any
	if err := dec.Unmarshal(b, &v); err != nil {
		return err
	}
	again, err := enc.Marshal(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(b, again) {
		return fmt.Errorf("not canonical CBOR")
	}
	return nil
}

func (h *Header) check() error {
	for name, text := range map[string]string{
		"reference": h.Reference, "issuer": h.Issuer, "signatory": h.Signatory, "subject": h.Subject, "replaces": h.Replaces,
	} {
		if len(text) > MaxText {
			return fmt.Errorf("seal: %s of %d bytes, at most %d", name, len(text), MaxText)
		}
	}
	switch {
	case h.Kind < Circular || h.Kind > Pack:
		return fmt.Errorf("seal: unknown kind %d", h.Kind)
	case h.Kind != Paper && (h.Kind == Withdrawal || h.Kind == Replacement) != (h.Replaces != ""):
		return fmt.Errorf("seal: a withdrawal or replacement names another circular, nothing else does")
	case len(h.Annexes) > MaxAnnexes:
		return fmt.Errorf("seal: %d annexes, at most %d", len(h.Annexes), MaxAnnexes)
	}
	return nil
}

// Decode reads a header without checking any signature: for showing what a
// forged one claims, never for trusting it.
func (s Signed) Decode() (Header, error) {
	if len(s.Header) > maxHeader || len(s.Signature) != signatureSize {
		return Header{}, Malformed
	}
	var w wireHeader
	if err := dec.Unmarshal(s.Header, &w); err != nil {
		return Header{}, Malformed
	}
	h := Header{
		KeyID: w.KeyID, Kind: w.Kind, Reference: w.Reference, Date: dayText(w.Date), Issuer: w.Issuer, Signatory: w.Signatory,
		Subject: w.Subject, Urgent: w.Urgent, Replaces: w.Replaces,
	}
	if len(w.Audience) > 0 {
		h.Audience = w.Audience
	}
	if w.Deadline != 0 {
		h.Deadline = dayText(w.Deadline)
	}
	if len(w.Body) != len(h.Body) || len(w.Annexes)%len(h.Body) != 0 {
		return Header{}, Malformed
	}
	copy(h.Body[:], w.Body)
	for rest := w.Annexes; len(rest) > 0; rest = rest[len(h.Body):] {
		h.Annexes = append(h.Annexes, Hash(rest[:len(h.Body)]))
	}
	if h.check() != nil {
		return Header{}, Malformed
	}
	return h, nil
}

// CheckContent tells whether body and annexes are those that the header
// names; annexes are given by their hashes in the order shown.
func (h Header) CheckContent(body []byte, annexes []Hash) error {
	if HashOf(body) != h.Body {
		return OtherBody
	}
	if len(annexes) != len(h.Annexes) {
		return OtherAnnexes
	}
	for i, a := range annexes {
		if a != h.Annexes[i] {
			return OtherAnnexes
		}
	}
	return nil
}

func dayNumber(day string) (int32, error) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0, err
	}
	n := t.Unix() / 86400
	if n == 0 {
		return 0, fmt.Errorf("%s is the day that stands for none", day)
	}
	return int32(n), nil
}

func dayText(n int32) string { return time.Unix(int64(n)*86400, 0).UTC().Format(time.DateOnly) }
