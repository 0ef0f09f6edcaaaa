package boxsync

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"preau/store"
)

func someRow(t *rapid.T) store.Row {
	body := map[uint64]any{}
	for range rapid.IntRange(0, 4).Draw(t, "keys") {
		k := rapid.Uint64Range(1, 6).Draw(t, "key")
		body[k] = rapid.OneOf(
			rapid.Map(rapid.String(), func(s string) any { return s }),
			rapid.Map(rapid.Int64(), func(n int64) any { return n }),
			rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		).Draw(t, "value")
	}
	raw, err := encMode.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := store.Row{Meta: store.Meta{
		Format: 1, Collection: rapid.SampledFrom([]string{"a", "b.c"}).Draw(t, "collection"), Home: store.Up, Lane: store.Records,
		ID:     store.ID{Origin: store.Origin{rapid.Byte().Draw(t, "origin")}, Number: rapid.Uint64().Draw(t, "id")},
		Origin: store.Origin{1}, Number: rapid.Uint64().Draw(t, "number"), Time: time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "time")).UTC(),
		Trusted: rapid.Bool().Draw(t, "trusted"), Deleted: rapid.Bool().Draw(t, "deleted"),
	}, Body: raw}
	if r.Deleted {
		r.Body = nil
	}
	if rapid.Bool().Draw(t, "file") {
		r.Blobs = []store.Blob{{Hash: store.Hash{7}, Size: 3, Name: "a", Type: "text/plain"}}
	}
	return r
}

func TestRowsComeBackByteForByte(t *testing.T) {
	columns := 0
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(someRow), 0, 12).Draw(t, "rows")
		packed, err := packRows(rows)
		if err != nil {
			t.Fatal(err)
		}
		back, err := unpackRows(packed)
		if err != nil {
			t.Fatal(err)
		}
		want, err1 := packWhole(rows)
		got, err2 := packWhole(back)
		if err1 != nil || err2 != nil || !bytes.Equal(want, got) {
			t.Fatalf("%v, %v: not the same rows", err1, err2)
		}
		if packed[0] == packedColumns {
			columns++
		}
	})
	if columns == 0 {
		t.Error("no batch travelled by columns")
	}
}

// BenchmarkPack says what 200 rows weigh in one zstd stream, by columns and whole.
func BenchmarkPack(b *testing.B) {
	rows := make([]store.Row, 200)
	for i := range rows {
		body, err := encMode.Marshal(map[uint64]any{1: fmt.Sprintf("élève %d", i*7919%1000), 2: i % 21, 3: "présent", 4: store.Key(i * 31)})
		if err != nil {
			b.Fatal(err)
		}
		o := store.Origin{1, 2, 3, 4, 5, 6, 7, 8}
		rows[i] = store.Row{Meta: store.Meta{Format: 1, Collection: "bench", Home: store.Up, Lane: store.Records, ID: store.ID{Origin: o, Number: uint64(1000 + i)}, Origin: o, Number: uint64(1000 + i), Time: time.UnixMilli(1_790_000_000_000 + int64(i)*40_000), Trusted: true}, Body: body}
	}
	size := func(raw []byte) float64 {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
		if err != nil {
			b.Fatal(err)
		}
		return float64(len(z.EncodeAll(raw, nil)))
	}
	var packed []byte
	for b.Loop() {
		var err error
		if packed, err = packRows(rows); err != nil {
			b.Fatal(err)
		}
	}
	whole, err := packWhole(rows)
	if err != nil {
		b.Fatal(err)
	}
	if packed[0] != packedColumns {
		b.Fatal("travelled whole")
	}
	b.ReportMetric(size(packed), "bytes-columns")
	b.ReportMetric(size(whole), "bytes-whole")
}
