package store

import (
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
)

var (
	encMode = must(cbor.EncOptions{
		Sort: cbor.SortCanonical, ShortestFloat: cbor.ShortestFloat16, NaNConvert: cbor.NaNConvert7e00,
		InfConvert: cbor.InfConvertFloat16, IndefLength: cbor.IndefLengthForbidden, Time: cbor.TimeUnixDynamic, TimeTag: cbor.EncTagRequired,
	}.EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxNestedLevels: 16, MaxArrayElements: 1 << 17, MaxMapPairs: 1 << 14,
		IndefLength: cbor.IndefLengthForbidden, TimeTag: cbor.DecTagRequired,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func mustCBOR(v any) []byte { return must(encMode.Marshal(v)) }

// Home says who writes a collection and where it goes.
type Home uint8

// The homes.
const (
	Scratch Home = iota + 1 // sessions, throttles: no feed, no backup
	Local                   // never leaves the site but sealed
	Up                      // a school writes, the office reads
	Down                    // the office writes, the schools addressed read
)

// Lane is the order in which the exchange sends.
type Lane uint8

// The lanes, most pressing first.
const (
	Control Lane = iota + 1
	Urgent
	Records
	Small
	Bulk
	Sealed
)

// Meta is the envelope of a record.
type Meta struct {
	Format     uint16
	Collection string
	ID         ID
	Origin     Origin // who wrote this version
	Number     uint64 // its number there; the higher version wins
	Home       Home
	Lane       Lane
	Time       time.Time // a label, never an order
	Trusted    bool      // whether the clock was
	Deleted    bool
	Blobs      []Blob
}

// Row is an envelope and its body, a canonical CBOR map with small integer keys.
type Row struct {
	Meta
	Body []byte
}

// Record is a row read as its Go type.
type Record[T any] struct {
	Meta
	Value T
	Key   []byte // the index key it was found under; hand it back as Query.After
}

type rowWire struct {
	_          struct{} `cbor:",toarray"`
	Format     uint16
	Collection string
	ID         []byte
	Origin     []byte
	Number     uint64
	Home       Home
	Lane       Lane
	Millis     int64
	Flags      uint8 // 1 trusted, 2 deleted
	Blobs      []Blob
	Body       []byte
}

const (
	flagTrusted = 1
	flagDeleted = 2
)

// EncodeRow is the row as it lies on disk.
func EncodeRow(r Row) ([]byte, error) {
	w := rowWire{
		Format: r.Format, Collection: r.Collection, ID: r.ID.bytes(), Origin: r.Origin[:], Number: r.Number,
		Home: r.Home, Lane: r.Lane, Millis: r.Time.UnixMilli(), Blobs: r.Blobs, Body: r.Body,
	}
	if r.Trusted {
		w.Flags |= flagTrusted
	}
	if r.Deleted {
		w.Flags |= flagDeleted
	}
	return encMode.Marshal(w)
}

// DecodeRow reads what EncodeRow wrote. The result shares nothing with b.
func DecodeRow(b []byte) (Row, error) {
	var w rowWire
	if err := decMode.Unmarshal(b, &w); err != nil {
		return Row{}, fmt.Errorf("store: row: %w", err)
	}
	if len(w.ID) != 16 || len(w.Origin) != 8 || w.Home < Scratch || w.Home > Down || w.Lane < Control || w.Lane > Sealed {
		return Row{}, fmt.Errorf("store: row: bad envelope")
	}
	return Row{Meta: Meta{
		Format: w.Format, Collection: w.Collection, ID: idOf(w.ID), Origin: Origin(w.Origin), Number: w.Number, Home: w.Home, Lane: w.Lane,
		Time: time.UnixMilli(w.Millis).UTC(), Trusted: w.Flags&flagTrusted != 0, Deleted: w.Flags&flagDeleted != 0, Blobs: w.Blobs,
	}, Body: w.Body}, nil
}
