package store

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// Origin names one life of one store: 64 random bits drawn when the store is
// created or restored. It is the epoch; no clock is asked.
type Origin [8]byte

// ID is a record's name for ever: the origin that made it and its number
// there. The zero ID is no record.
type ID struct {
	Origin Origin
	Number uint64
}

// Hash is the SHA-256 of a blob.
type Hash [32]byte

// Blob is how a body names a file in the blob store.
type Blob struct {
	Hash Hash
	Size int64
	Name string // as the person called it, cleaned
	Type string // media type, from the bytes
}

// ErrID says that a text is not an id, origin or hash.
var ErrID = errors.New("store: not an id")

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func newOrigin() Origin {
	var o Origin
	if _, err := rand.Read(o[:]); err != nil {
		panic(err)
	}
	return o
}

// String is 13 characters of lower-case Crockford base 32.
func (o Origin) String() string { return crockford.EncodeToString(o[:]) }

// IsZero tells whether o is no origin.
func (o Origin) IsZero() bool { return o == Origin{} }

// ParseOrigin reads what String wrote.
func ParseOrigin(s string) (Origin, error) {
	var o Origin
	b, err := crockford.DecodeString(strings.ToLower(s))
	if err != nil || len(b) != len(o) {
		return Origin{}, fmt.Errorf("%w: origin %q", ErrID, s)
	}
	copy(o[:], b)
	return o, nil
}

// IsZero tells whether id is no record.
func (id ID) IsZero() bool { return id == ID{} }

// String is short and safe in a URL: 13 characters of origin and the number
// in as few as it needs.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], id.Number)
	return id.Origin.String() + crockford.EncodeToString(bytes.TrimLeft(b[:], "\x00"))
}

// ParseID reads what String wrote.
func ParseID(s string) (ID, error) {
	if len(s) < 13 || len(s) > 13+13 {
		return ID{}, fmt.Errorf("%w: %q", ErrID, s)
	}
	o, err := ParseOrigin(s[:13])
	if err != nil {
		return ID{}, err
	}
	n, err := crockford.DecodeString(strings.ToLower(s[13:]))
	if err != nil || len(n) > 8 {
		return ID{}, fmt.Errorf("%w: %q", ErrID, s)
	}
	id := ID{Origin: o}
	for _, c := range n {
		id.Number = id.Number<<8 | uint64(c)
	}
	if id.String() != strings.ToLower(s) {
		return ID{}, fmt.Errorf("%w: %q", ErrID, s)
	}
	return id, nil
}

// MarshalText makes ids readable in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote; empty is the zero ID.
func (id *ID) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*id = ID{}
		return nil
	}
	*id, err = ParseID(string(b))
	return err
}

func (id ID) bytes() []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, 16), id.Origin[:]...), id.Number)
}

func idOf(b []byte) (id ID) {
	copy(id.Origin[:], b)
	id.Number = binary.BigEndian.Uint64(b[8:16])
	return id
}

// String is 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero tells whether h names no blob.
func (h Hash) IsZero() bool { return h == Hash{} }

// ParseHash reads what String wrote.
func ParseHash(s string) (h Hash, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return Hash{}, fmt.Errorf("%w: hash %q", ErrID, s)
	}
	copy(h[:], b)
	return h, nil
}

// MarshalText makes hashes readable in JSON.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}

// CBOR tags of ids and blobs, so that the exchange and check find them in a
// body whose schema they do not know.
const (
	TagID   = 42001
	TagBlob = 42002
)

// MarshalCBOR writes the 16 bytes under TagID.
func (id ID) MarshalCBOR() ([]byte, error) {
	return encMode.Marshal(cbor.RawTag{Number: TagID, Content: mustCBOR(id.bytes())})
}

// UnmarshalCBOR reads what MarshalCBOR wrote.
func (id *ID) UnmarshalCBOR(b []byte) error {
	var t cbor.RawTag
	if err := decMode.Unmarshal(b, &t); err != nil {
		return err
	}
	var raw []byte
	if err := decMode.Unmarshal(t.Content, &raw); err != nil || t.Number != TagID || len(raw) != 16 {
		return fmt.Errorf("%w: tag %d of %d bytes", ErrID, t.Number, len(raw))
	}
	*id = idOf(raw)
	return nil
}

type blobWire struct {
	_    struct{} `cbor:",toarray"`
	Hash []byte
	Size int64
	Name string
	Type string
}

// MarshalCBOR writes [hash, size, name, type] under TagBlob.
func (b Blob) MarshalCBOR() ([]byte, error) {
	return encMode.Marshal(cbor.RawTag{Number: TagBlob, Content: mustCBOR(blobWire{Hash: b.Hash[:], Size: b.Size, Name: b.Name, Type: b.Type})})
}

// UnmarshalCBOR reads what MarshalCBOR wrote.
func (b *Blob) UnmarshalCBOR(data []byte) error {
	var t cbor.RawTag
	if err := decMode.Unmarshal(data, &t); err != nil {
		return err
	}
	var w blobWire
	if err := decMode.Unmarshal(t.Content, &w); err != nil || t.Number != TagBlob || len(w.Hash) != len(b.Hash) || w.Size < 0 {
		return fmt.Errorf("%w: blob", ErrID)
	}
	*b = Blob{Hash: Hash(w.Hash), Size: w.Size, Name: w.Name, Type: w.Type}
	return nil
}
