package boxsync

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"preau/store"
)

// Bundle is a bundle that was read to its end and found whole, sealed by who
// it says, meant for this site, and fit to be applied. Nothing of it has been
// applied yet.
type Bundle struct {
	Label
	Records int // in the bundle, those known already too
	Pieces  int64

	c      *Courier
	f      io.ReaderAt
	inside *io.SectionReader // the age file
	head   headWire
	sender string // school code; "" the office
	lives  []store.Life
	older  bool   // this store is an older copy of itself, as the sender's cursors tell
	common uint64 // then: the last number of this life that the sender shares
}

// Open reads a whole bundle and judges it. *BundleError says why it is
// refused; any other error is the disk's or the stick's.
func (c *Courier) Open(f io.ReaderAt, size int64) (*Bundle, error) {
	b := &Bundle{c: c, f: f}
	line, err := b.outside(size)
	if err != nil {
		return nil, err
	}
	if err := b.whose(); err != nil {
		return nil, err
	}
	if err := b.sealed(line); err != nil {
		return nil, err
	}
	return b, b.fits()
}

// outside reads what is in clear: the label, and whether the file ends where
// it should.
func (b *Bundle) outside(size int64) (line []byte, err error) {
	start := make([]byte, min(size, int64(len(bundleMagic)+maxLabel)))
	if _, err := b.f.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("boxsync: bundle: %w", err)
	}
	if n := min(len(start), len(bundleMagic)); string(start[:n]) != bundleMagic[:n] || n == 0 {
		return nil, refuse(NoBundle, nil)
	}
	end := make([]byte, bundleTrailer)
	if size < int64(len(bundleMagic)+bundleTrailer) {
		return nil, refuse(Truncated, nil)
	}
	if _, err := b.f.ReadAt(end, size-int64(bundleTrailer)); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("boxsync: bundle: %w", err)
	}
	if string(end[8:]) != bundleEnd || binary.BigEndian.Uint64(end) != uint64(size) {
		return nil, refuse(Truncated, nil)
	}
	rest := start[len(bundleMagic):]
	n := bytes.IndexByte(rest, '\n') + 1
	if n == 0 {
		return nil, refuse(Altered, errors.New("label"))
	}
	line = rest[:n]
	if err := json.Unmarshal(line, &b.Label); err != nil {
		return nil, refuse(Altered, err)
	}
	at := int64(len(bundleMagic) + n)
	if at > size-int64(bundleTrailer) {
		return nil, refuse(Truncated, nil)
	}
	b.inside = io.NewSectionReader(b.f, at, size-int64(bundleTrailer)-at)
	return line, nil
}

// ReadLabel is the label of a bundle, unproved; zero when the file is none.
func ReadLabel(f io.ReaderAt) (l Label) {
	start := make([]byte, len(bundleMagic)+maxLabel)
	n, _ := f.ReadAt(start, 0)
	rest, ok := bytes.CutPrefix(start[:n], []byte(bundleMagic))
	line, _, whole := bytes.Cut(rest, []byte{'\n'})
	if !ok || !whole || json.Unmarshal(line, &l) != nil {
		return Label{}
	}
	return l
}

// whose refuses what was written for somebody else, in words; what decides is
// the key.
func (b *Bundle) whose() error {
	switch c := b.c; {
	case b.From == c.Site && b.To != c.Site:
		return refuse(OwnBundle, nil)
	case b.To != c.Site:
		return refuse(ForOther, nil, "school", b.To)
	}
	return nil
}

// sealed reads the whole and checks who wrote it: head first, seal last, and
// nothing behind it.
func (b *Bundle) sealed(line []byte) error {
	f, err := b.frames()
	if err != nil {
		return err
	}
	defer f.close()
	kind, body, _, err := f.next()
	if errors.Is(err, io.EOF) || err == nil && kind != frameHead {
		return refuse(Altered, errors.New("no head"))
	}
	if err != nil {
		return err
	}
	if err := unmarshal(body, &b.head); err != nil {
		return refuse(Altered, err)
	}
	var seal sealWire
	var sum []byte
	for {
		kind, body, before, err := f.next()
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case err != nil:
			return err
		case sum != nil:
			return refuse(Altered, errors.New("something follows the seal"))
		case kind == frameSeal:
			if sum = before; unmarshal(body, &seal) != nil {
				return refuse(Altered, errors.New("seal"))
			}
		}
	}
	h, label := b.head, sha256.Sum256(line)
	switch {
	case len(h.Sender) != ed25519.PublicKeySize || sum == nil || !ed25519.Verify(h.Sender, sealOf(sum), seal.Signature):
		return refuse(Altered, errors.New("seal"))
	case !bytes.Equal(h.Label, label[:]):
		return refuse(Altered, errors.New("label"))
	case h.Version > bundleVersion:
		return refuse(NewerMade, nil)
	case !bytes.Equal(h.Recipient, b.c.Key.Public().(ed25519.PublicKey)) || len(h.Lives) == 0:
		return refuse(Altered, errors.New("recipient"))
	}
	if b.lives, err = readLives(h.Lives); err != nil {
		return refuse(Altered, err)
	}
	return b.known()
}

// known asks whether the sender's key is pinned here and still good.
func (b *Bundle) known() error {
	return b.c.DB.View(func(tx *store.Tx) error {
		if b.c.Site != "" {
			o, err := Office(tx)
			if errors.Is(err, ErrNotEnrolled) {
				return refuse(NotYet, err)
			}
			if err == nil && !bytes.Equal(o.Key, b.head.Sender) {
				return refuse(Unknown, ErrPeer)
			}
			return err
		}
		p, err := peers.One(tx, "key", b.head.Sender)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return refuse(Unknown, ErrPeer)
		case err != nil:
			return err
		case !p.Value.Revoked.IsZero():
			return refuse(Revoked, ErrPeer, "school", p.Value.Site)
		case p.Value.Site != b.From:
			return refuse(Altered, errors.New("label names another school"))
		}
		b.sender = p.Value.Site
		return nil
	})
}

// mine is a feed of the sender as the store names it.
func (b *Bundle) mine(f store.Feed) store.Feed { f.Site = b.c.Site; return f }

// fits looks at all that is to be applied, before any of it is: histories that
// match, nothing left out, nothing that the sender may not send.
func (b *Bundle) fits() error {
	if err := b.asksWhoIAm(); err != nil {
		return err
	}
	f, err := b.frames()
	if err != nil {
		return err
	}
	defer f.close()
	lines := map[store.Feed]*seenLine{}
	for {
		kind, body, _, err := f.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch kind {
		case frameDigests:
			err = b.judgeLine(body, lines)
		case frameBatch:
			err = b.judgeBatch(body, lines)
		case framePiece:
			err = b.judgePiece(body)
		}
		if errors.Is(err, ErrFrame) {
			err = refuse(Altered, err)
		}
		if err != nil {
			return err
		}
	}
	for _, l := range lines {
		if !l.matched {
			return refuse(CopySent, nil, "school", b.From)
		}
	}
	return nil
}

// seenLine is what the digests of one feed said so far.
type seenLine struct {
	have    store.Cursor // how far this side holds it
	head    uint64
	matched bool // the sender's history goes through have
}

func (b *Bundle) judgeLine(body []byte, lines map[store.Feed]*seenLine) error {
	var d digestsWire
	if err := unmarshal(body, &d); err != nil {
		return err
	}
	feed, from, err := d.From.read()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(b.lives, func(l store.Life) bool { return l.Origin == feed.Origin }) {
		return refuse(NotAllowed, errors.New("an origin that is not the sender's"))
	}
	feed = b.mine(feed)
	l := lines[feed]
	if l == nil {
		have, err := b.c.DB.Received(feed)
		if err != nil {
			return err
		}
		l = &seenLine{have: have, head: d.Head}
		lines[feed] = l
		switch {
		case have.Number < from.Number:
			return refuse(LeavesOut, nil)
		case have.Number == from.Number:
			l.matched = have.Number == 0 || have.Digest == from.Digest
		case have.Number > d.Head: // an older bundle: nothing of it will be applied
			l.matched = true
		}
	}
	if have := l.have; have.Number > d.After && have.Number <= d.Head {
		at := int(have.Number-d.After-1) * digestLength
		if len(d.Digests) >= at+digestLength && bytes.Equal(d.Digests[at:at+digestLength], have.Digest[:digestLength]) {
			l.matched = true
		}
	}
	return nil
}

func (b *Bundle) judgeBatch(body []byte, lines map[store.Feed]*seenLine) error {
	batch, err := readBatch(body)
	if err != nil {
		return err
	}
	batch.Feed = b.mine(batch.Feed)
	l := lines[batch.Feed]
	if l == nil || batch.To.Number > l.head && b.c.Site == "" && len(batch.Rows) == 0 {
		return refuse(NotAllowed, errors.New("a batch without its digests"))
	}
	b.Records += len(batch.Rows) + len(batch.Gone)
	if batch.To.Number <= l.have.Number {
		return nil
	}
	if err := b.c.DB.Admissible(batch, b.sender); err != nil {
		if errors.Is(err, store.ErrBatch) {
			return refuse(NotAllowed, err)
		}
		return err
	}
	return nil
}

func (b *Bundle) judgePiece(body []byte) error {
	var w blobWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	if len(w.Hash) != 32 || w.At < 0 || w.Size < 0 || w.At+int64(len(w.Data)) > w.Size {
		return fmt.Errorf("%w: piece", ErrFrame)
	}
	b.Pieces += int64(len(w.Data))
	return nil
}

// confirms walks the places of this side's feeds that the sender holds.
func (b *Bundle) confirms(fn func(store.Feed, store.Cursor) error) error {
	for _, w := range b.head.Have {
		f, cur, err := w.read()
		if err != nil {
			return refuse(Altered, err)
		}
		f.Site = b.sender
		if ok, err := b.c.DB.Holds(f, cur); err != nil {
			return err
		} else if ok {
			if err := fn(f, cur); err != nil {
				return err
			}
		}
	}
	return nil
}

// asksWhoIAm holds the sender's cursors against this store's present life, as
// the link does: one that was never there says that these data are an older copy.
func (b *Bundle) asksWhoIAm() (err error) {
	have := map[store.Feed]store.Cursor{}
	for _, w := range b.head.Have {
		f, cur, err := w.read()
		if err != nil {
			return refuse(Altered, err)
		}
		f.Site = b.sender
		have[f] = cur
	}
	if b.c.Site != "" {
		b.older, b.common, err = isOlder(b.c.DB, have)
		return err
	}
	for f, cur := range have {
		if f.Origin != b.c.DB.Origin() {
			continue
		}
		ok, err := b.c.DB.Holds(f, cur)
		if err != nil {
			return err
		}
		b.older = b.older || !ok
	}
	b.common, err = b.c.DB.SharedWith(b.sender)
	return err
}
