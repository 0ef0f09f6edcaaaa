package boxsync_test

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"testing"

	"preau/store"
)

func random(n int, seed uint64) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = r.Read(b)
	return b
}

// changed is b with so many bytes changed in each of the places.
func changed(b []byte, each int, places ...int) []byte {
	out := bytes.Clone(b)
	for _, at := range places {
		copy(out[at:at+each], random(each, uint64(at/1000)))
	}
	return out
}

func putBytes(t *testing.T, db *store.DB, raw []byte, name string) store.Blob {
	t.Helper()
	h, n, err := db.PutBlob(bytes.NewReader(raw), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return store.Blob{Hash: h, Size: n, Name: name, Type: "application/pdf"}
}

func noneMissing(t *testing.T, s site) {
	t.Helper()
	if m, err := s.db.Missing(); err != nil || len(m) > 0 {
		t.Errorf("missing: %v, %v", m, err)
	}
}

func setDown(t *testing.T, s site, id store.ID, m memo) {
	t.Helper()
	if err := s.db.Update(func(tx *store.Tx) error { return down.Set(tx, id, m) }); err != nil {
		t.Fatal(err)
	}
}

func TestANewVersionOfAFileTravelsAsADifference(t *testing.T) {
	p := newPair(t)
	old := random(2<<20, 1)
	id := put(t, p.office.db, down, memo{Text: "un", File: putBytes(t, p.office.db, old, "horaire.pdf")}, "TG-1")
	whole := p.once(t)
	fresh := changed(old, 16_667, 100_000, 400_000, 800_000, 1_200_000, 1_600_000, 2_000_000)
	setDown(t, p.office, id, memo{Text: "deux", File: putBytes(t, p.office.db, fresh, "horaire.pdf")})
	r := p.once(t)
	noneMissing(t, p.box)
	if whole.Down < 2<<20 || r.Down > 103_000 {
		t.Errorf("the file: %d bytes, its new version with 100,000 bytes changed: %d", whole.Down, r.Down)
	}
	t.Logf("2 MB: %d bytes; 100,002 of them changed in six places: %d", whole.Down, r.Down)
}

func TestADifferenceGoesOnWhereItWasCut(t *testing.T) {
	w := newTown(t, 1)
	b := w.boxes[0]
	old := random(300_000, 1)
	id := put(t, w.office.db, down, memo{File: putBytes(t, w.office.db, old, "a.pdf")}, b.school)
	once := func() int64 {
		b.link.CutAfter(0)
		r, err := b.engine.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r.Down
	}
	once()
	for i, cut := range []int64{5_000, 20_000, 35_000, 48_000} {
		fresh := changed(old, 10_000, 50_000*i+1000, 50_000*i+13_000, 50_000*i+25_000, 50_000*i+37_000, 50_000*i+49_000)
		old = fresh
		setDown(t, w.office, id, memo{Text: strconv.Itoa(i), File: putBytes(t, w.office.db, fresh, "a.pdf")})
		b.link.CutAfter(cut)
		first, err := b.engine.Once(t.Context())
		if err == nil {
			t.Fatalf("not cut at %d", cut)
		}
		second := once()
		noneMissing(t, b.site)
		if total := first.Down + second; total > 70_000 { // one piece is lost at the most
			t.Errorf("cut after %d: %d bytes came for 50,000 changed", cut, total)
		}
	}
}

func TestAVeryLargeFileSharesItsChunks(t *testing.T) {
	w := newTown(t, 1)
	b := w.boxes[0]
	old := random(18<<20, 3)
	id := put(t, w.office.db, down, memo{File: putBytes(t, w.office.db, old, "wiki.zim")}, b.school)
	if _, err := b.engine.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	noneMissing(t, b.site)
	fresh := append(append(bytes.Clone(old[:5<<20]), random(3000, 4)...), old[5<<20:]...) // bytes put in between move all others
	fresh = changed(fresh, 2000, 12<<20)
	setDown(t, w.office, id, memo{Text: "2", File: putBytes(t, w.office.db, fresh, "wiki.zim")})
	b.link.CutAfter(40_000)
	first, err := b.engine.Once(t.Context())
	if err == nil {
		t.Fatal("not cut")
	}
	b.link.CutAfter(0)
	second, err := b.engine.Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	noneMissing(t, b.site)
	if total := first.Down + second.Down; total > 200_000 {
		t.Errorf("%d bytes for a file of 18 MiB of which 5,000 changed", total)
	}
	t.Logf("18 MiB, 5,000 bytes changed: %d bytes", first.Down+second.Down)
}
