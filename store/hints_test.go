package store_test

import (
	"crypto/sha256"
	"errors"
	"testing"

	"preau/store"
	"preau/store/storetest"
)

// TestWhatIsMissingIsKnownWithoutLooking asks for missing files after each way in
// which one comes to be missing or not, the same of a store that is opened anew.
func TestWhatIsMissingIsKnownWithoutLooking(t *testing.T) {
	dir := t.TempDir()
	db := storetest.OpenAt(t, dir, storetest.NewClock(), all...)
	mine, theirs := store.Origin{1}, store.Origin{2}
	from := map[store.Origin]string{mine: "TG-1", theirs: "TG-2"}
	give := func(o store.Origin, n uint64, b store.Blob, deleted bool) {
		t.Helper()
		row := store.Row{Meta: store.Meta{
			Format: 1, Collection: ups.Name(), ID: store.ID{Origin: o, Number: 1}, Origin: o, Number: n, Home: store.Up, Lane: store.Records, Deleted: deleted,
		}, Body: []byte{0xa0}}
		if row.Blobs = []store.Blob{b}; deleted {
			row.Blobs, row.Body = nil, nil
		}
		f := store.Feed{Origin: o, Lane: store.Records}
		have, err := db.Received(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Apply(store.Batch{Feed: f, From: have, To: store.Cursor{Origin: o, Number: n, Digest: [16]byte{byte(n)}}, Rows: []store.Row{row}}, from[o]); err != nil {
			t.Fatal(err)
		}
	}
	wants := func(when string, n int, of ...store.Origin) {
		t.Helper()
		list, err := db.MissingOf(of)
		if err != nil || len(list) != n {
			t.Errorf("%s: %d missing of %v, %v", when, len(list), of, err)
		}
	}
	file := []byte("les notes du trimestre")
	b := store.Blob{Hash: sha256.Sum256(file), Size: int64(len(file))}
	give(mine, 1, b, false)
	give(theirs, 1, store.Blob{Hash: sha256.Sum256([]byte("autre")), Size: 5}, false)
	wants("named", 1, mine)
	wants("named", 2, mine, theirs)
	wants("of nobody", 0)
	refused := errors.New("no")
	if err := db.Update(func(tx *store.Tx) error { // what is undone was never named
		_, err := ups.Add(tx, note{Title: "x", File: store.Blob{Hash: store.Hash{9}, Size: 1}})
		return errors.Join(err, refused)
	}); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if list, err := db.Missing(); err != nil || len(list) != 2 {
		t.Errorf("after a refused writer: %v, %v", list, err)
	}
	for site, o := range map[string]store.Origin{"TG-1": mine, "TG-2": theirs} {
		if got, err := db.OriginsOf(site); err != nil || len(got) != 1 || got[0] != o {
			t.Errorf("%s writes under %v, %v", site, got, err)
		}
	}
	give(theirs, 2, store.Blob{}, true)
	wants("its record was deleted", 0, theirs)
	p, err := db.Partial(b.Hash, b.Size)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(); err != nil {
		t.Fatal(err)
	}
	wants("it came", 0, mine)
	give(mine, 2, store.Blob{Hash: store.Hash{7}, Size: 3}, false)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = storetest.OpenAt(t, dir, storetest.NewClock(), all...)
	wants("opened anew", 1, mine)
}
