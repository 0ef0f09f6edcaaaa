package main

import (
	"path/filepath"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"preau/appliance"
	"preau/modules/all"
	"preau/store"
)

// putAside lays into a stopped box a version that its office gives back: the
// oldest record of this kind as it stands, said to have been written by another
// state of the card.
func putAside(t *testing.T, dir, collection string) {
	t.Helper()
	db, err := store.Open(filepath.Join(dir, "box"), store.Options{Collections: appliance.Definitions(all.Modules()), Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	head, err := db.Head(store.Feed{Origin: db.Origin(), Lane: store.Records})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.Written(db.Origin(), 0, head.Number)
	if err != nil {
		t.Fatal(err)
	}
	var was store.Row
	for _, r := range rows {
		if r.Collection == collection && !r.Deleted {
			was = r
		}
	}
	if was.Number == 0 {
		t.Fatalf("the demonstration's box has no %s", collection)
	}
	was.Origin[0] ^= 1
	raw, err := store.EncodeRow(was)
	if err != nil {
		t.Fatal(err)
	}
	body, err := cbor.Marshal(map[int]any{1: raw})
	if err != nil {
		t.Fatal(err)
	}
	feeds, err := db.ReceivedFeeds()
	if err != nil {
		t.Fatal(err)
	}
	for f, have := range feeds {
		f.Lane = store.Records
		if have, err = db.Received(f); err != nil {
			t.Fatal(err)
		}
		n := have.Number + 1
		row := store.Row{Meta: store.Meta{
			Format: 1, Collection: "sync.displaced", Home: store.Down, Lane: store.Records, Origin: f.Origin, Number: 1 << 20, ID: store.ID{Origin: f.Origin, Number: 1 << 20}, Time: was.Time, Trusted: true,
		}, Body: body}
		if err := db.Apply(store.Batch{Feed: f, From: have, To: store.Cursor{Origin: f.Origin, Number: n, Digest: [16]byte{1}}, Rows: []store.Row{row}}, ""); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("the box has heard of no office")
}
