package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// quotaUnknown is how many rows of collections that this build does not know
// are kept for one sender: enough for the years between two builds, too few
// to fill a card.
const quotaUnknown = 100_000

// Received is how far this store holds a peer's feed.
func (db *DB) Received(f Feed) (c Cursor, err error) {
	err = db.View(func(tx *Tx) error { c = tx.received(f); return nil })
	return c, err
}

func receivedKey(f Feed) []byte {
	return join(pRecv, named(f.Site), f.Origin[:], []byte{byte(f.Lane)})
}

func (tx *Tx) received(f Feed) Cursor {
	c := Cursor{Origin: f.Origin}
	if v := tx.get(receivedKey(f)); len(v) == 24 {
		c.Number, c.Digest = binary.BigEndian.Uint64(v), [16]byte(v[8:])
	}
	return c
}

// Apply takes a batch from a peer: rows, what is gone, and the cursor, in one
// commit. site is the school it came from, "" when it came from the office.
// It keeps the newer version of a record, so a batch may come twice; it never
// asks that a referenced record be there, and never refuses by a unique index.
// ErrBatch: the batch is not the sender's to send, or leaves out a part.
func (db *DB) Apply(b Batch, site string) error {
	return db.Update(func(tx *Tx) error {
		if err := tx.admit(b, site); err != nil {
			return err
		}
		for _, row := range b.Rows {
			if err := tx.apply(row, site); err != nil {
				return err
			}
		}
		for _, id := range b.Gone {
			if err := tx.gone(id); err != nil {
				return err
			}
		}
		if b.To.Number <= tx.received(b.Feed).Number {
			return nil // came before, or lies behind what came since
		}
		return tx.put(receivedKey(b.Feed), append(number(b.To.Number), b.To.Digest[:]...))
	})
}

// admit asks whether the batch may come from there at all, and now.
func (tx *Tx) admit(b Batch, site string) error {
	if err := tx.admissible(b, site); err != nil {
		return err
	}
	if have := tx.received(b.Feed); b.From.Number > 0 && b.From.Number > have.Number {
		return fmt.Errorf("%w: from %d, held up to %d", ErrBatch, b.From.Number, have.Number)
	}
	_, err := tx.sender(b.Feed.Origin, site)
	return err
}

// Admissible tells whether Apply would take a batch from a site once what goes
// before it is here, and writes nothing: for who must know before the first of
// many. ErrBatch as Apply.
func (db *DB) Admissible(b Batch, site string) error {
	return db.View(func(tx *Tx) error {
		if v := tx.get(join(pSender, b.Feed.Origin[:])); len(v) >= 8 && string(v[8:]) != site {
			return fmt.Errorf("%w: origin %s belongs to another site", ErrBatch, b.Feed.Origin)
		}
		return tx.admissible(b, site)
	})
}

func (tx *Tx) admissible(b Batch, site string) error {
	mine := tx.lives()
	for _, o := range mine {
		if o == b.Feed.Origin && b.Feed.Site == "" {
			return fmt.Errorf("%w: it bears this store's own origin", ErrBatch)
		}
	}
	if site != "" && b.Feed.Site != "" {
		return fmt.Errorf("%w: a school sends no outbox", ErrBatch)
	}
	if site == "" && b.Feed.Site == "" {
		return fmt.Errorf("%w: the office sends outboxes only", ErrBatch)
	}
	want := Up
	if site == "" {
		want = Down
	}
	for _, row := range b.Rows {
		switch {
		case row.Home != want:
			return fmt.Errorf("%w: a row of home %d in %s", ErrBatch, row.Home, row.Collection)
		case row.Collection == "" || bytes.IndexByte([]byte(row.Collection), 0) >= 0 || len(row.Collection) > 100:
			return fmt.Errorf("%w: name of a collection", ErrBatch)
		case site != "" && (row.Origin != b.Feed.Origin || row.Number == 0 || row.Number > b.To.Number):
			return fmt.Errorf("%w: a row outside its feed", ErrBatch)
		}
		if d := tx.db.known[row.Collection]; d != nil && d.home() != want {
			return fmt.Errorf("%w: %s is not written there", ErrBatch, row.Collection)
		}
	}
	return nil
}

// sender is the order in which an origin was first met. An origin belongs to
// the site that brought it first, for ever.
func (tx *Tx) sender(o Origin, site string) (order uint64, err error) {
	key := join(pSender, o[:])
	if v := tx.get(key); len(v) >= 8 {
		if string(v[8:]) != site {
			return 0, fmt.Errorf("%w: origin %s belongs to another site", ErrBatch, o)
		}
		return binary.BigEndian.Uint64(v), nil
	}
	return tx.meet(o, site)
}

// meet gives an origin the next place in the order.
func (tx *Tx) meet(o Origin, site string) (order uint64, err error) {
	order = tx.counter("senders") + 1
	if err := tx.setCounter("senders", order); err != nil {
		return 0, err
	}
	tx.db.hints.met(site, o)
	return order, tx.put(join(pSender, o[:]), append(number(order), site...))
}

// forebear is the order of an origin that a row of some feed names. One that was
// never met is a life that ended before that feed began: it comes before all others.
func (tx *Tx) forebear(o Origin, site string) (order uint64, err error) {
	key := join(pSender, o[:])
	if tx.get(key) != nil {
		return tx.sender(o, site)
	}
	tx.db.hints.met(site, o)
	return 0, tx.put(key, append(number(0), site...))
}

// Present notes the origin under which a peer writes now, before anything comes
// from it: whatever rows of other lives have told, none comes after this one.
func (db *DB) Present(o Origin, site string) error {
	known := func(tx *Tx) bool {
		v := tx.get(join(pSender, o[:]))
		return len(v) >= 8 && (binary.BigEndian.Uint64(v) > 0 || string(v[8:]) != site)
	}
	met := false
	if err := db.View(func(tx *Tx) error { met = known(tx); return nil }); err != nil || met {
		return err
	}
	return db.Update(func(tx *Tx) error {
		if known(tx) {
			return nil
		}
		_, err := tx.meet(o, site)
		return err
	})
}

func (tx *Tx) apply(row Row, site string) error {
	d := tx.db.known[row.Collection]
	if d == nil {
		return tx.keepUnknown(row, site)
	}
	raw := tx.get(tx.db.rowKey(row.Collection, row.ID))
	if raw == nil {
		if row.ID.Origin != row.Origin {
			// Made in an earlier life of the sender: it must have been the sender's.
			if _, err := tx.forebear(row.ID.Origin, site); err != nil {
				return err
			}
		}
		return tx.receive(d, nil, row)
	}
	old, err := DecodeRow(raw)
	if err != nil {
		return err
	}
	is, err := tx.forebear(row.Origin, site)
	if err != nil {
		return err
	}
	was, err := tx.forebear(old.Origin, site)
	if err != nil {
		return err
	}
	if is < was || row.Origin == old.Origin && row.Number <= old.Number {
		return nil
	}
	same := row.Deleted == old.Deleted && bytes.Equal(row.Body, old.Body)
	if is > was && !same && !tx.descends(row.Origin, old.Meta) {
		if err := tx.displace(old, site); err != nil {
			return err
		}
	}
	return tx.receive(d, &old, row)
}

// keepUnknown keeps a row for a build that will know its collection.
func (tx *Tx) keepUnknown(row Row, site string) error {
	key := join(pAlien, named(site), named(row.Collection), row.ID.bytes())
	if old := tx.get(key); old == nil {
		name := "unknown " + site
		n := tx.counter(name) + 1
		if n > quotaUnknown {
			return ErrQuota
		}
		if err := tx.setCounter(name, n); err != nil {
			return err
		}
	} else if was, err := DecodeRow(old); err == nil && was.Origin == row.Origin && was.Number >= row.Number {
		return nil
	}
	raw, err := EncodeRow(row)
	if err != nil {
		return err
	}
	return tx.put(key, raw)
}

// gone removes a record that left this school's audience.
func (tx *Tx) gone(id ID) error {
	row, err := tx.find(id)
	if err != nil || row.Home != Down || tx.atHome(row.Meta) {
		return nil
	}
	if err := tx.unplace(tx.db.known[row.Collection], &row); err != nil {
		return err
	}
	if err := tx.touch(row.Collection); err != nil {
		return err
	}
	return tx.del(tx.db.rowKey(row.Collection, id))
}

// HeldOf is how far this store holds each feed that a site ever wrote.
func HeldOf(tx *Tx, site string) (held map[Feed]uint64) {
	held = map[Feed]uint64{}
	for _, o := range tx.origins(site) {
		for lane := Control; lane <= Sealed; lane++ {
			f := Feed{Origin: o, Lane: lane}
			if n := tx.received(f).Number; n > 0 {
				held[f] = n
			}
		}
	}
	return held
}

// ReceivedFeeds is how far this store holds each feed of a peer.
func (db *DB) ReceivedFeeds() (all map[Feed]Cursor, err error) {
	all = map[Feed]Cursor{}
	err = db.View(func(tx *Tx) error {
		tx.scan([]byte{pRecv}, nil, false, func(k, v []byte) bool {
			site, rest, ok := bytes.Cut(k[1:], []byte{0})
			if ok && len(rest) == 9 && len(v) == 24 {
				f := Feed{Site: string(site), Origin: Origin(rest[:8]), Lane: Lane(rest[8])}
				all[f] = Cursor{Origin: f.Origin, Number: binary.BigEndian.Uint64(v), Digest: [16]byte(v[8:])}
			}
			return true
		})
		return nil
	})
	return all, err
}
