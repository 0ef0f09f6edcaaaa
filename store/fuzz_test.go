package store_test

import (
	"bytes"
	"testing"
	"time"

	"preau/store"
)

// FuzzRow reads any bytes as a row: what is taken for one comes back as it is from
// what is written of it, and is read the same.
func FuzzRow(f *testing.F) {
	meta := store.Meta{
		Format: 1, Collection: "t.up", ID: store.ID{Origin: store.Origin{1}, Number: 3}, Origin: store.Origin{2}, Number: 9, Home: store.Up, Lane: store.Records,
		Time: time.UnixMilli(1_790_000_000_000), Trusted: true, Blobs: []store.Blob{{Hash: store.Hash{7}, Size: 12, Name: "a.pdf"}},
	}
	gone := meta
	gone.Deleted, gone.Blobs = true, nil
	for _, r := range []store.Row{{Meta: meta, Body: []byte{0xa1, 1, 0x61, 'x'}}, {Meta: gone}} {
		raw, err := store.EncodeRow(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		f.Add(raw[:len(raw)-1])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		row, err := store.DecodeRow(b)
		if err != nil {
			return
		}
		raw, err := store.EncodeRow(row)
		if err != nil {
			t.Fatalf("a row that was read cannot be written: %v", err)
		}
		again, err := store.DecodeRow(raw)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if back, err := store.EncodeRow(again); err != nil || !bytes.Equal(back, raw) {
			t.Fatalf("%x became %x, %v", raw, back, err)
		}
	})
}
