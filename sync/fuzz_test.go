package boxsync

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"preau/store"
)

var fuzzOrigin = store.Origin{1}

// rowsForFuzz are two rows as they travel.
func rowsForFuzz(f *testing.F) []byte {
	f.Helper()
	meta := store.Meta{Format: 1, Collection: "s.up", Home: store.Up, Lane: store.Records, Number: 1, Origin: store.Origin{1}, ID: store.ID{Origin: store.Origin{1}, Number: 1}}
	next := meta
	next.Number, next.ID.Number = 2, 2
	rows, err := packRows([]store.Row{{Meta: meta, Body: []byte{0xa1, 0x01, 0x61, 'a'}}, {Meta: next, Body: []byte{0xa1, 0x01, 0x61, 'b'}}})
	if err != nil {
		f.Fatal(err)
	}
	return rows
}

// FuzzSegment gives the reader of a sealed segment what lies inside one, as if it
// were rightly sealed: what it takes for rows must be rows, and it takes no more
// memory than there are bytes.
func FuzzSegment(f *testing.F) {
	head, err := encMode.Marshal(segmentHead{Version: 1, Origin: make([]byte, 8), To: 2, Lives: []lifeWire{{Origin: make([]byte, 8), Ended: 2}}})
	if err != nil {
		f.Fatal(err)
	}
	rows := rowsForFuzz(f)
	part := func(b []byte) []byte { return append(binary.AppendUvarint(nil, uint64(len(b))), b...) }
	f.Add(append(part(head), part(rows)...))
	f.Add(part(head))
	f.Add(append(part(head), part(rows[:len(rows)/2])...))
	f.Add(binary.AppendUvarint(nil, 60<<20))
	enc := must(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)))
	f.Fuzz(func(t *testing.T, plain []byte) {
		heads := 0
		err := readSegment(bytes.NewReader(enc.EncodeAll(plain, nil)), func(segmentHead) error { heads++; return nil }, func(rows []store.Row) error {
			if heads != 1 {
				t.Errorf("rows behind %d heads", heads)
			}
			for _, r := range rows {
				if _, err := store.EncodeRow(r); err != nil {
					t.Errorf("what was taken for a row is none: %v", err)
				}
			}
			return nil
		})
		if err == nil && heads != 1 {
			t.Errorf("a segment with %d heads", heads)
		}
		_ = readSegment(bytes.NewReader(plain), func(segmentHead) error { return nil }, func([]store.Row) error { return nil })
	})
}

// FuzzBundle puts frames into a bundle that is rightly labelled, encrypted and
// signed by a box that the office knows, and raw bytes where a bundle should be.
// Judging it must change nothing at the office, and what is accepted must apply.
func FuzzBundle(f *testing.F) {
	w := &simSite{dir: f.TempDir(), clock: nil}
	var err error
	if w.db, err = store.Open(w.dir, store.Options{Collections: append(Collections(), simUp, simDown, simLocal), Unsafe: true}); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { w.db.Close() })
	office, box := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32)), ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32))
	if err := w.db.Update(func(tx *store.Tx) error { return Pin(tx, "TG-1", box.Public().(ed25519.PublicKey)) }); err != nil {
		f.Fatal(err)
	}
	at := &Courier{DB: w.db, Key: office}
	frame := func(kind byte, v any) []byte {
		head, body, err := encodeFrame(kind, v)
		if err != nil {
			f.Fatal(err)
		}
		return append(head, body...)
	}
	feed := func(n uint64) cursorWire {
		return cursorWire{Origin: fuzzOrigin[:], Lane: uint8(store.Records), Number: n, Digest: make([]byte, 16)}
	}
	good := append(frame(frameDigests, digestsWire{From: feed(0), Head: 2, Digests: make([]byte, 2*digestLength)}),
		frame(frameBatch, batchWire{From: feed(0), To: feed(2), Rows: rowsForFuzz(f)})...)
	if _, err := at.Open(bytes.NewReader(bundleAround(f, office, box, good)), int64(len(bundleAround(f, office, box, good)))); err != nil {
		f.Fatalf("the good bundle: %v", err)
	}
	f.Add(good)
	f.Add(frame(framePiece, blobWire{Hash: make([]byte, 32), Size: 3, Data: []byte("abc")}))
	f.Add(good[:len(good)-3])
	f.Add([]byte{frameSeal, 0})
	f.Fuzz(func(t *testing.T, frames []byte) {
		before := contentOf(t, w.db)
		for _, raw := range [][]byte{frames, append([]byte(bundleMagic), frames...), bundleAround(t, office, box, frames)} {
			b, err := at.Open(bytes.NewReader(raw), int64(len(raw)))
			if after := contentOf(t, w.db); after != before {
				t.Fatal("judging a bundle changed the store")
			}
			var no *BundleError
			if err != nil && !errors.As(err, &no) {
				t.Fatalf("refused without a reason for a person: %v", err)
			}
			if err == nil && b.From != "TG-1" {
				t.Errorf("accepted from %q", b.From)
			}
		}
	})
}

// FuzzChunkList reads any bytes as the list of chunks that came for a large file:
// it is all there is and makes that file, or more is to come, or it is thrown away.
func FuzzChunkList(f *testing.F) {
	list := store.Chunk{Hash: [16]byte{2}, Size: 70_000}.Append(store.Chunk{Hash: [16]byte{1}, Size: 300}.Append(nil))
	f.Add(list, int64(70_300))
	f.Add(list, int64(300))
	f.Add(list[:5], int64(70_300))
	f.Add(append(list, 1), int64(70_300))
	f.Add([]byte{0}, int64(1))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		chunks, err := readChunks(bytes.NewReader(b), size)
		if err != nil {
			if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, store.ErrHash) && !errors.Is(err, ErrFrame) {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		total := int64(0)
		for _, c := range chunks {
			total += int64(c.Size)
		}
		if total != max(size, 0) {
			t.Fatalf("%d bytes of chunks for a file of %d", total, size)
		}
		if len(b) > 0 {
			if _, err := readChunks(bytes.NewReader(b[:len(b)-1]), size); err == nil {
				t.Fatal("a list without its last byte is taken for whole")
			}
		}
	})
}

func contentOf(t *testing.T, db *store.DB) (sum uint64) {
	t.Helper()
	if err := db.View(func(tx *store.Tx) error { sum = tx.Version("s.up") + tx.Version("sync.peers"); return nil }); err != nil {
		t.Fatal(err)
	}
	return sum
}

// bundleAround writes a bundle as the box does, with these frames in it.
func bundleAround(t testing.TB, office, box ed25519.PrivateKey, frames []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	line, err := labelLine(Label{From: "TG-1", Part: 1, Parts: 1})
	if err != nil {
		t.Fatal(err)
	}
	out.WriteString(bundleMagic)
	out.Write(line)
	to, err := recipient(office.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	enc, err := age.Encrypt(&out, to)
	if err != nil {
		t.Fatal(err)
	}
	z := must(zstd.NewWriter(enc, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)))
	w, label := newFrameSum(z), sha256.Sum256(line)
	h := headWire{
		Version: bundleVersion, Sender: box.Public().(ed25519.PublicKey), Recipient: office.Public().(ed25519.PublicKey), Label: label[:],
		Lives: []lifeWire{{Origin: fuzzOrigin[:]}},
	}
	if err := w.write(frameHead, h); err != nil {
		t.Fatal(err)
	}
	if _, err := io.MultiWriter(z, w.sum).Write(frames); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.write(frameSeal, sealWire{ed25519.Sign(box, sealOf(w.sum.Sum(nil)))}), z.Close(), enc.Close()); err != nil {
		t.Fatal(err)
	}
	out.Write(binary.BigEndian.AppendUint64(nil, uint64(out.Len()+bundleTrailer)))
	out.WriteString(bundleEnd)
	return out.Bytes()
}
