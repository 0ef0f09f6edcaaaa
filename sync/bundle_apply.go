package boxsync

import (
	"context"
	"errors"
	"fmt"
	"io"

	"preau/store"
)

// Outcome is what applying a bundle did.
type Outcome struct {
	From      string `json:"from"`      // school code; "" the office
	Records   int    `json:"records"`   // new here
	Known     int    `json:"known"`     // were here already
	Files     int    `json:"files"`     // complete now
	Confirmed int    `json:"confirmed"` // of this side's records, by the sender
	Waiting   int    `json:"waiting"`   // files still missing from this sender
	Reborn    bool   `json:"reborn"`    // this store was an older copy of itself and goes on under a new origin
	Part      int    `json:"part"`
	Parts     int    `json:"parts"`
}

// Apply takes over what a bundle holds, batch by batch, each with its cursor in
// one commit; cut off, it is simply applied again. told is called with the
// bytes of files that were written; it may be nil.
func (b *Bundle) Apply(ctx context.Context, told func(int64)) (o Outcome, err error) {
	o = Outcome{From: b.From, Part: b.Part, Parts: b.Parts}
	if b.older {
		o.Reborn = true
		if err := b.c.DB.Rebirth(b.common); err != nil {
			return o, err
		}
	}
	if b.c.Site == "" {
		if err := b.c.DB.Met(b.sender, b.lives); err != nil {
			return o, err
		}
	}
	if err := b.applyAcks(&o); err != nil {
		return o, err
	}
	f, err := b.frames()
	if err != nil {
		return o, err
	}
	defer f.close()
	a := &applying{b: b, f: f, o: &o, told: told}
	for {
		kind, body, _, err := f.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return o, err
		}
		switch kind {
		case frameBatch:
			err = a.batch(body)
		case framePiece:
			err = a.file(ctx, body)
		}
		if err != nil {
			return o, err
		}
	}
	waiting, err := b.c.missing(b.sender)
	if err != nil {
		return o, err
	}
	o.Waiting = len(waiting)
	s := Stick{Peer: b.sender, In: true, Records: o.Records, Files: o.Files, Bytes: b.inside.Size(), Parts: 1}
	return o, b.c.DB.Update(func(tx *store.Tx) error {
		if _, err := sticks.Add(tx, s); err != nil {
			return err
		}
		return setStand(tx, stand{
			Peer: b.sender, Origin: b.head.Lives[len(b.head.Lives)-1].Origin, Number: b.Number, Have: b.head.Have, Want: b.head.Want,
		})
	})
}

// applyAcks notes what the sender confirmed.
func (b *Bundle) applyAcks(o *Outcome) error {
	return b.confirms(func(f store.Feed, cur store.Cursor) error {
		had, _, err := b.c.DB.AckedCursor(f)
		if err != nil || cur.Number <= had.Number {
			return err
		}
		all, _, err := b.c.DB.Pending(f, had)
		if err != nil {
			return err
		}
		if err := b.c.DB.Acked(f, cur); err != nil {
			return err
		}
		rest, _, err := b.c.DB.Pending(f, cur)
		o.Confirmed += all - rest
		return err
	})
}

// applying is an Apply at work.
type applying struct {
	b       *Bundle
	f       *bundleFrames
	o       *Outcome
	told    func(int64)
	done    int64
	missing map[store.Hash]store.Blob // looked up once the records are in
}

func (a *applying) batch(body []byte) error {
	batch, err := readBatch(body)
	if err != nil {
		return err
	}
	batch.Feed = a.b.mine(batch.Feed)
	have, err := a.b.c.DB.Received(batch.Feed)
	if err != nil {
		return err
	}
	n := len(batch.Rows) + len(batch.Gone)
	if batch.To.Number <= have.Number {
		a.o.Known += n
		return nil
	}
	if err := a.b.c.DB.Apply(batch, a.b.sender); err != nil {
		return fmt.Errorf("boxsync: bundle: %w", err)
	}
	a.o.Records += n
	return nil
}

// file takes a file's pieces, of which body is the first.
func (a *applying) file(ctx context.Context, body []byte) error {
	if a.missing == nil {
		a.missing = map[store.Hash]store.Blob{}
		all, err := a.b.c.missing(a.b.sender)
		if err != nil {
			return err
		}
		for _, b := range all {
			a.missing[b.Hash] = b
		}
	}
	var w blobWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	p := &pieceReader{a: a, ctx: ctx, hash: store.Hash(w.Hash), rest: w.Data}
	if want, ok := a.missing[p.hash]; ok && want.Size == w.Size {
		if err := a.append(p, want, w.At); err != nil {
			return err
		}
	}
	_, err := io.Copy(io.Discard, p) // what is known here, or nobody's
	return err
}

// append adds to what is here of a file the pieces that begin at a place. When
// what comes before that place is missing it adds nothing: another stick has it,
// and this one is read again after that.
func (a *applying) append(p *pieceReader, want store.Blob, at int64) error {
	part, err := a.b.c.DB.Partial(want.Hash, want.Size)
	if err != nil {
		return err
	}
	defer part.Close()
	if part.Offset() < at {
		return nil
	}
	if _, err := io.CopyN(io.Discard, p, part.Offset()-at); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if _, err := io.Copy(part, p); err != nil {
		return err
	}
	if part.Offset() < want.Size {
		return nil
	}
	err = part.Finish()
	if errors.Is(err, store.ErrHash) {
		return nil // begun by somebody else with other bytes: asked for again
	}
	if err == nil {
		a.o.Files++
		delete(a.missing, want.Hash)
	}
	return err
}

// pieceReader reads the pieces of one file one behind the other, and keeps the
// first frame that is none of them.
type pieceReader struct {
	a    *applying
	ctx  context.Context
	hash store.Hash
	rest []byte
	over bool
}

func (p *pieceReader) Read(out []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.over {
			return 0, io.EOF
		}
		if p.ctx.Err() != nil {
			return 0, context.Cause(p.ctx)
		}
		kind, body, _, err := p.a.f.next()
		if errors.Is(err, io.EOF) {
			p.over = true
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		var w blobWire
		if kind == framePiece {
			if err := unmarshal(body, &w); err != nil {
				return 0, err
			}
		}
		if kind != framePiece || store.Hash(w.Hash) != p.hash {
			p.over = true
			p.a.f.hold(kind, body)
			return 0, io.EOF
		}
		p.rest = w.Data
	}
	n := copy(out, p.rest)
	p.rest = p.rest[n:]
	if p.a.done += int64(n); p.a.told != nil {
		p.a.told(p.a.done)
	}
	return n, nil
}
