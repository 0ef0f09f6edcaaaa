package boxsync

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"preau/store"
)

// Segment is a stretch of a box's own feed, Local records included, that the
// office keeps without being able to read it: columns → zstd → age, to the
// school's recovery key and the ministry's escrow keys, signed by the box. The
// record goes up like any other; its files are the sealed bytes.
type Segment struct {
	Origin []byte       `cbor:"1,keyasint,omitempty"` // the life that wrote it
	From   uint64       `cbor:"2,keyasint,omitempty"` // numbers after From
	To     uint64       `cbor:"3,keyasint,omitempty"` // up to To
	Rows   store.Blob   `cbor:"4,keyasint,omitzero"`
	Files  []store.Blob `cbor:"5,keyasint,omitempty"` // of Local records, sealed one by one, in the order of the segment's head
	Key    []byte       `cbor:"6,keyasint,omitempty"` // of the box, Ed25519
	Sign   []byte       `cbor:"7,keyasint,omitempty"`
}

var (
	segments = store.Define(store.Spec[Segment]{Name: "sync.segments", Home: store.Up, Lane: store.Sealed, Blobs: func(s *Segment) []store.Blob {
		return append([]store.Blob{s.Rows}, s.Files...)
	}})
	escrows = store.Define(store.Spec[Escrow]{Name: "sync.escrow", Home: store.Down})
)

// segmentHead leads the rows of a segment.
type segmentHead struct {
	Version int               `cbor:"1,keyasint"`
	Origin  []byte            `cbor:"2,keyasint"`
	From    uint64            `cbor:"3,keyasint,omitempty"`
	To      uint64            `cbor:"4,keyasint,omitempty"`
	Lives   []lifeWire        `cbor:"5,keyasint,omitempty"` // of the box, oldest first; the last with the number it stood at
	Keys    map[string][]byte `cbor:"6,keyasint,omitempty"` // files of DIR/keys that go with the data
	Files   [][]byte          `cbor:"7,keyasint,omitempty"` // SHA-256 of the files as they were
}

const (
	sealSpan      = 20_000 // numbers in one segment at most
	sealTogether  = 2000   // rows packed together
	segmentsMost  = 60     // of one life; then one base takes their place
	segmentDomain = "preau segment 1\x00"
	segmentType   = "application/age"
)

// unsealed are collections that no segment carries: what is the box's alone or
// only about the exchange itself.
var unsealed = map[string]bool{"sync.segments": true, "sync.office": true, "sync.codes": true, "sync.peers": true, SticksName: true}

// Sealer makes the segments of a box.
type Sealer struct {
	DB       *store.DB
	Key      ed25519.PrivateKey
	Recovery string                            // the school's age recipient
	Keys     func() (map[string][]byte, error) // what of DIR/keys goes with the data; may be nil
}

// Seal writes segments for all that is in none yet; it returns how many. A life
// with too many gets one base in their place.
func (s *Sealer) Seal(ctx context.Context) (n int, err error) {
	to, err := s.recipients()
	if err != nil {
		return 0, err
	}
	lives, err := s.DB.Lives()
	if err != nil {
		return 0, err
	}
	for _, o := range lives {
		have, err := s.of(o)
		if err != nil {
			return n, err
		}
		at := uint64(0)
		if len(have) > 0 && len(have) <= segmentsMost {
			at, have = have[len(have)-1].Value.To, nil
		}
		head, err := s.DB.Head(store.Feed{Origin: o, Lane: store.Control})
		if err != nil {
			return n, err
		}
		for end := at; end < head.Number; {
			if ctx.Err() != nil {
				return n, context.Cause(ctx)
			}
			end = min(end+sealSpan, head.Number)
			made, err := s.segment(to, o, at, end)
			if err != nil {
				return n, err
			}
			if made { // what holds nothing is part of the next: segments leave no gap
				n, at = n+1, end
			}
		}
		if err := s.drop(have); err != nil {
			return n, err
		}
	}
	return n, nil
}

// of are the segments of a life, in order.
func (s *Sealer) of(o store.Origin) (list []store.Record[Segment], err error) {
	err = s.DB.View(func(tx *store.Tx) error { list, err = segmentsOf(tx, &o); return err })
	return list, err
}

func segmentsOf(tx *store.Tx, o *store.Origin) (list []store.Record[Segment], err error) {
	for r, err := range segments.All(tx) {
		if err != nil {
			return nil, err
		}
		if o == nil || bytes.Equal(r.Value.Origin, o[:]) {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b store.Record[Segment]) int { return int(int64(a.Value.To) - int64(b.Value.To)) })
	return list, nil
}

// drop takes out segments in whose place a base has come.
func (s *Sealer) drop(list []store.Record[Segment]) error {
	if len(list) == 0 {
		return nil
	}
	return s.DB.Update(func(tx *store.Tx) error {
		for _, r := range list {
			if err := segments.Delete(tx, r.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// recipients are the school's recovery key and the ministry's escrow, when it
// has two at least.
func (s *Sealer) recipients() (to []age.Recipient, err error) {
	r, err := age.ParseX25519Recipient(s.Recovery)
	if err != nil {
		return nil, fmt.Errorf("boxsync: seal: the recovery key: %w", err)
	}
	to = append(to, r)
	err = s.DB.View(func(tx *store.Tx) error {
		e, err := EscrowOf(tx)
		if err != nil || len(e) < 2 {
			return err
		}
		for _, text := range e {
			r, err := age.ParseX25519Recipient(text)
			if err != nil {
				return fmt.Errorf("boxsync: seal: escrow: %w", err)
			}
			to = append(to, r)
		}
		return nil
	})
	return to, err
}

// segment seals the numbers after from up to to; false when nothing was written
// there that a segment carries.
func (s *Sealer) segment(to []age.Recipient, o store.Origin, from, upTo uint64) (made bool, err error) {
	rows, err := s.DB.Written(o, from, upTo)
	if err != nil {
		return false, err
	}
	rows = slices.DeleteFunc(rows, func(r store.Row) bool { return unsealed[r.Collection] })
	if len(rows) == 0 {
		return false, nil
	}
	h := segmentHead{Version: 1, Origin: o[:], From: from, To: upTo}
	if h.Lives, err = livesOf(s.DB); err != nil {
		return false, err
	}
	last := &h.Lives[len(h.Lives)-1]
	if now, err := s.DB.Head(store.Feed{Origin: store.Origin(last.Origin), Lane: store.Control}); err != nil {
		return false, err
	} else if last.Ended = now.Number; from == 0 && s.Keys != nil {
		if h.Keys, err = s.Keys(); err != nil {
			return false, err
		}
	}
	g := Segment{Origin: o[:], From: from, To: upTo, Key: s.Key.Public().(ed25519.PublicKey)}
	if g.Files, h.Files, err = s.files(to, rows); err != nil {
		return false, err
	}
	g.Rows, err = s.sealed(to, func(w io.Writer) error { return writeSegment(w, h, rows) })
	if err != nil {
		return false, err
	}
	g.Sign = ed25519.Sign(s.Key, g.signed())
	return true, s.DB.Update(func(tx *store.Tx) error { _, err := segments.Add(tx, g); return err })
}

// signed is what the box signs of a segment.
func (g *Segment) signed() []byte {
	b := append([]byte(segmentDomain), g.Origin...)
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, g.From), g.To)
	for _, f := range append([]store.Blob{g.Rows}, g.Files...) {
		b = append(b, f.Hash[:]...)
	}
	return b
}

// files seals what Local records name: the office holds those of Up records as
// they are.
func (s *Sealer) files(to []age.Recipient, rows []store.Row) (sealed []store.Blob, plain [][]byte, err error) {
	seen := map[store.Hash]bool{}
	for _, r := range rows {
		for _, b := range r.Blobs {
			if r.Home != store.Local || seen[b.Hash] {
				continue
			}
			seen[b.Hash] = true
			f, err := s.DB.OpenBlob(b.Hash)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			one, err := s.sealed(to, func(w io.Writer) error { _, err := io.Copy(w, f); return err })
			if err = errors.Join(err, f.Close()); err != nil {
				return nil, nil, err
			}
			sealed, plain = append(sealed, one), append(plain, b.Hash[:])
		}
	}
	return sealed, plain, nil
}

// sealed keeps what write writes as an encrypted file.
func (s *Sealer) sealed(to []age.Recipient, write func(io.Writer) error) (store.Blob, error) {
	r, w := io.Pipe()
	go func() {
		w.CloseWithError(func() error {
			enc, err := age.Encrypt(w, to...)
			if err != nil {
				return err
			}
			if err := write(enc); err != nil {
				return err
			}
			return enc.Close()
		}())
	}()
	h, n, err := s.DB.PutBlob(r, 1<<40)
	r.CloseWithError(err)
	if err != nil {
		return store.Blob{}, fmt.Errorf("boxsync: seal: %w", err)
	}
	return store.Blob{Hash: h, Size: n, Name: "segment.age", Type: segmentType}, nil
}

// sealDict primes what is sealed with the newest dictionary; age proves the bytes,
// so that no checksum is needed.
func sealDict() []zstd.EOption {
	ids := knownDicts()
	if len(ids) == 0 {
		return nil
	}
	return []zstd.EOption{zstd.WithEncoderDict(dicts[ids[len(ids)-1]])}
}

// writeSegment writes a head and rows by columns into one zstd stream, each
// behind its length.
func writeSegment(w io.Writer, h segmentHead, rows []store.Row) error {
	z, err := zstd.NewWriter(w, append(sealDict(), zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))...)
	if err != nil {
		return err
	}
	put := func(b []byte) error {
		_, err := z.Write(append(binary.AppendUvarint(nil, uint64(len(b))), b...))
		return err
	}
	raw, err := encMode.Marshal(h)
	if err == nil {
		err = put(raw)
	}
	for part := range slices.Chunk(rows, sealTogether) {
		if err == nil {
			raw, err = packRows(part)
		}
		if err == nil {
			err = put(raw)
		}
	}
	return errors.Join(err, z.Close())
}

// readSegment reads what writeSegment wrote, batch by batch.
func readSegment(r io.Reader, head func(segmentHead) error, rows func([]store.Row) error) error {
	options := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64 << 20)}
	for _, id := range knownDicts() {
		options = append(options, zstd.WithDecoderDicts(dicts[id]))
	}
	z, err := zstd.NewReader(r, options...)
	if err != nil {
		return err
	}
	defer z.Close()
	in := bufio.NewReader(z)
	for first := true; ; first = false {
		n, err := binary.ReadUvarint(in)
		if errors.Is(err, io.EOF) && !first {
			return nil
		}
		if err != nil {
			return err
		}
		if n > 64<<20 {
			return fmt.Errorf("%w: a part of %d bytes", ErrFrame, n)
		}
		raw, err := io.ReadAll(io.LimitReader(in, int64(n))) // no memory for what is only announced
		if err == nil && uint64(len(raw)) < n {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		if first {
			var h segmentHead
			if err := unmarshal(raw, &h); err != nil {
				return err
			}
			if err := head(h); err != nil {
				return err
			}
			continue
		}
		list, err := unpackRows(raw)
		if err != nil {
			return err
		}
		if err := rows(list); err != nil {
			return err
		}
	}
}

// Segments lists the segments that are held here, in order.
func Segments(tx *store.Tx) ([]store.Record[Segment], error) { return segmentsOf(tx, nil) }
