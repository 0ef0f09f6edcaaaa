package boxsync

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"preau/store"
)

// Label is what stands on a part, from 1.
func (p *Plan) Label(part int) Label {
	return Label{From: p.c.Site, To: p.To, Number: p.number, Part: part, Parts: p.Parts, Answer: p.Answer}
}

// Size is about how many bytes a part holds, before compression.
func (p *Plan) Size(part int) int64 {
	n := p.rows + wrapping
	for _, s := range p.shares[part-1] {
		n += s.n
	}
	return n
}

// Write writes a part, from 1. told is called now and then with the bytes of
// rows and files that were written; it may be nil.
func (p *Plan) Write(ctx context.Context, w io.Writer, part int, told func(int64)) error {
	if told == nil {
		told = func(int64) {}
	}
	out := &counter{w: w}
	line, err := labelLine(p.Label(part))
	if err != nil {
		return err
	}
	if _, err := out.Write(append([]byte(bundleMagic), line...)); err != nil {
		return err
	}
	to, err := recipient(p.key)
	if err != nil {
		return err
	}
	enc, err := age.Encrypt(out, to)
	if err != nil {
		return fmt.Errorf("boxsync: bundle: %w", err)
	}
	z, err := zstd.NewWriter(enc, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return err
	}
	frames := newFrameSum(z)
	if err := p.frames(ctx, frames, sha256.Sum256(line), p.shares[part-1], told); err != nil {
		z.Close()
		return err
	}
	if err := errors.Join(z.Close(), enc.Close()); err != nil {
		return err
	}
	_, err = out.Write(append(binary.BigEndian.AppendUint64(nil, uint64(out.n)+uint64(bundleTrailer)), bundleEnd...))
	return err
}

func (p *Plan) frames(ctx context.Context, w *frameSum, label [32]byte, shares []share, told func(int64)) error {
	head, err := p.head(label)
	if err != nil {
		return err
	}
	if err := w.write(frameHead, head); err != nil {
		return err
	}
	done := int64(0)
	for _, f := range p.feeds {
		if err := p.feed(ctx, w, f); err != nil {
			return err
		}
	}
	done += p.rows
	told(done)
	for _, s := range shares {
		if err := p.pieces(ctx, w, s, func(n int64) { done += n; told(done) }); err != nil {
			return err
		}
	}
	return w.write(frameSeal, sealWire{ed25519.Sign(p.c.Key, sealOf(w.sum.Sum(nil)))})
}

func (p *Plan) head(label [32]byte) (h headWire, err error) {
	now, _ := p.c.DB.Clock()
	h = headWire{Version: bundleVersion, Sender: p.c.Key.Public().(ed25519.PublicKey), Recipient: p.key, Label: label[:], Millis: now.UnixMilli()}
	if h.Lives, err = livesOf(p.c.DB); err != nil {
		return h, err
	}
	if h.Have, err = p.c.holds(p.To); err != nil {
		return h, err
	}
	missing, err := p.c.missing(p.To)
	for _, b := range missing[:min(len(missing), 10_000)] {
		h.Want = append(h.Want, b.Hash[:])
	}
	return h, err
}

// holds is how far this side holds a peer's feeds.
func (c *Courier) holds(peer string) (have []cursorWire, err error) {
	if c.Site != "" {
		all, err := c.DB.ReceivedFeeds()
		for f, cur := range all {
			if f.Site == c.Site {
				have = append(have, wireCursor(f, cur))
			}
		}
		return have, err
	}
	origins, err := c.DB.OriginsOf(peer)
	for _, o := range origins {
		for _, l := range lanes {
			f := store.Feed{Origin: o, Lane: l}
			cur, err := c.DB.Received(f)
			if err != nil {
				return nil, err
			}
			if cur.Number > 0 {
				have = append(have, wireCursor(f, cur))
			}
		}
	}
	return have, err
}

// missing are the files that this side waits for from a peer.
func (c *Courier) missing(peer string) ([]store.Blob, error) {
	all, err := c.DB.Missing()
	if err != nil || c.Site != "" || len(all) == 0 {
		return all, err
	}
	origins, err := c.DB.OriginsOf(peer)
	if err != nil {
		return nil, err
	}
	var theirs []store.Blob
	err = c.DB.View(func(tx *store.Tx) error {
		theirs = nil
		for _, b := range all {
			rows, err := tx.Wanted(b.Hash)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(rows, func(r store.Row) bool { return slices.Contains(origins, r.Origin) }) {
				theirs = append(theirs, b)
			}
		}
		return nil
	})
	return theirs, err
}

// feed writes a feed's digests and batches, when it has any.
func (p *Plan) feed(ctx context.Context, w *frameSum, f store.Feed) error {
	c := p.c
	from := p.starts[f]
	head, err := c.DB.Head(f)
	if err != nil {
		return err
	}
	last := head
	first := true
	err = c.changes(f, from, func(b store.Batch) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if first {
			first = false
			if err := c.digests(w, f, from, head.Number); err != nil {
				return err
			}
		}
		wire, err := wireBatch(b)
		if err != nil {
			return err
		}
		last = b.To
		return w.write(frameBatch, wire)
	})
	if err == nil && !first {
		p.reached[f] = last
	}
	return err
}

// wireBatch is a batch as it travels.
func wireBatch(b store.Batch) (w batchWire, err error) {
	w = batchWire{From: wireCursor(b.Feed, b.From), To: wireCursor(b.Feed, b.To)}
	if w.Rows, err = packRows(b.Rows); err != nil {
		return w, err
	}
	for _, id := range b.Gone {
		w.Gone = append(w.Gone, writeID(id))
	}
	return w, nil
}

func (c *Courier) digests(w *frameSum, f store.Feed, from store.Cursor, head uint64) error {
	const most = 32 << 10 // numbers in one frame
	for after := from.Number; ; after += most {
		all, err := c.DB.Digests(f, after, min(after+most, head))
		if err != nil {
			return err
		}
		d := digestsWire{From: wireCursor(f, from), Head: head, After: after}
		for i := 0; i+16 <= len(all); i += 16 {
			d.Digests = append(d.Digests, all[i:i+digestLength]...)
		}
		if err := w.write(frameDigests, d); err != nil {
			return err
		}
		if after+most >= head {
			return nil
		}
	}
}

func (p *Plan) pieces(ctx context.Context, w *frameSum, s share, told func(int64)) error {
	f, err := p.c.DB.OpenBlob(s.blob.Hash)
	if errors.Is(err, store.ErrNotFound) {
		return nil // swept since it was planned
	}
	if err != nil {
		return err
	}
	defer f.Close()
	data := make([]byte, bundlePiece)
	for at := s.at; at < s.at+s.n || at == 0; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := f.ReadAt(data[:min(bundlePiece, s.at+s.n-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("boxsync: bundle: %w", err)
		}
		if err := w.write(framePiece, blobWire{Hash: s.blob.Hash[:], Size: s.blob.Size, At: at, Data: data[:n]}); err != nil {
			return err
		}
		told(int64(n))
		if at += int64(n); n == 0 {
			break
		}
	}
	return nil
}

// counter counts what goes through it.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
