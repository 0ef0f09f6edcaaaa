package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
)

// Feed names a line of changes. With Site "" it is what an origin wrote into
// Up collections on one lane; else the office's outbox for that school.
type Feed struct {
	Origin Origin
	Lane   Lane
	Site   string
}

// Cursor is a place in a feed: everything up to Number. Digest proves that
// both sides mean the same history; the zero Cursor is the beginning. In an
// outbox Number is the outbox's own.
type Cursor struct {
	Origin Origin
	Number uint64
	Digest [16]byte
}

// Batch is what changed in (From, To]: the newest version of each record once.
type Batch struct {
	Feed     Feed
	From, To Cursor
	Rows     []Row
	Gone     []ID // left this school's audience; not deleted
	More     bool // Changes stopped at the size asked
}

func feedKey(f Feed, h Home, n uint64) []byte {
	return join(pFeed, []byte{byte(h)}, f.Origin[:], []byte{byte(f.Lane)}, number(n))
}

func (f Feed) prefix() []byte {
	if f.Site != "" {
		return outboxKey(f.Site, f.Lane, 0)[:1+len(f.Site)+1+1]
	}
	return feedKey(f, Up, 0)[:1+1+8+1]
}

func (f Feed) at(n uint64) []byte { return append(f.prefix(), number(n)...) }

// line is the name of the feed's digests and counter.
func (f Feed) line() string {
	if f.Site != "" {
		return "to " + f.Site
	}
	return f.Origin.String()
}

func (tx *Tx) head(f Feed) Cursor {
	name := "number"
	if f.Site != "" {
		name = f.line()
	} else if f.Origin != tx.origin() {
		name = endOf(f.Origin) // an earlier life of this store
	}
	n := tx.counter(name)
	return Cursor{Origin: f.Origin, Number: n, Digest: tx.digest(f.line(), n)}
}

// Head is where a feed of this store stands now.
func (db *DB) Head(f Feed) (c Cursor, err error) {
	err = db.View(func(tx *Tx) error { c = tx.head(f); return nil })
	return c, err
}

// Changes is what came after a cursor, at least one record and then as many as
// fit in maxBytes of rows. ErrCursor: this feed was never there; a peer with
// such a cursor holds a rolled-back or foreign copy, and starts from zero.
func (db *DB) Changes(f Feed, after Cursor, maxBytes int) (b Batch, err error) {
	err = db.View(func(tx *Tx) error {
		b = Batch{Feed: f, From: after, To: tx.head(f)}
		if tx.over(f, after) {
			return nil
		}
		if after.Number > b.To.Number || !tx.matches(f.line(), after) && !tx.tookBack(f, after) {
			return ErrCursor
		}
		size := 0
		var bad error
		tx.scanFeed(f.prefix(), f.at(after.Number), func(k, v []byte) bool {
			n := numberOf(k)
			if size >= maxBytes && size > 0 {
				b.More = true
				return false
			}
			id, gone, row, err := tx.entry(f, n, v)
			if err != nil {
				bad = err
				return false
			}
			if gone {
				b.Gone = append(b.Gone, id)
				size += 16
			} else {
				b.Rows = append(b.Rows, row)
				size += len(row.Body) + 64
			}
			b.To = Cursor{Origin: f.Origin, Number: n}
			return true
		})
		if !b.More {
			b.To = tx.head(f)
		} else {
			b.To.Digest = tx.digest(f.line(), b.To.Number)
		}
		return bad
	})
	return b, err
}

// entry reads what a feed key stands for.
func (tx *Tx) entry(f Feed, n uint64, v []byte) (id ID, gone bool, row Row, err error) {
	var raw []byte
	if f.Site == "" {
		raw = tx.feedRow(f, n, v)
	} else {
		id, gone = idOf(v), v[16] == 1
		if gone {
			return id, true, row, nil
		}
		raw = tx.mailedRow(v)
	}
	if raw == nil {
		return id, false, row, fmt.Errorf("store: feed %s lane %d points at no row", f.line(), f.Lane)
	}
	row, err = DecodeRow(raw)
	return row.ID, false, row, err
}

// mailedRow is the row that an outbox entry names.
func (tx *Tx) mailedRow(v []byte) []byte {
	return tx.get(join(pRow, v[17:19], v[:16]))
}

// Pending counts what stands after a cursor, and the bytes of its rows.
func (db *DB) Pending(f Feed, after Cursor) (records int, size int64, err error) {
	err = db.View(func(tx *Tx) error {
		tx.scanFeed(f.prefix(), f.at(after.Number), func(k, v []byte) bool {
			records++
			if f.Site == "" {
				size += int64(len(tx.feedRow(f, numberOf(k), v)))
			} else if v[16] == 0 {
				size += int64(len(tx.mailedRow(v)))
			}
			return true
		})
		return nil
	})
	return records, size, err
}

// CountWaiting counts, lane by lane, what stands in a site's outbox after the last
// place that the site confirmed. It reads no row and passes over what is confirmed:
// for lists of all sites.
func CountWaiting(tx *Tx, site string) (n [Sealed + 1]int) {
	tx.reading(ProgressName)
	all := outboxKey(site, 0, 0)[:1+len(site)+1]
	c := tx.l.feed().Cursor()
	for k, _ := c.Seek(all); bytes.HasPrefix(k, all); {
		f := Feed{Origin: tx.origin(), Lane: Lane(k[len(all)]), Site: site}
		after, _ := tx.acked(f)
		lane := f.prefix()
		for k, _ = c.Seek(f.at(after.Number + 1)); bytes.HasPrefix(k, lane); k, _ = c.Next() {
			if int(f.Lane) < len(n) {
				n[f.Lane]++
			}
		}
		k, _ = c.Seek(successor(lane))
	}
	return n
}

// WaitingFor counts what stands on a lane of a site's outbox after the last place
// that the site confirmed, and the bytes of its rows.
func WaitingFor(tx *Tx, site string, lane Lane) (records int, size int64) {
	tx.reading(ProgressName)
	f := Feed{Origin: tx.origin(), Lane: lane, Site: site}
	after, _ := tx.acked(f)
	tx.scanFeed(f.prefix(), f.at(after.Number), func(_, v []byte) bool {
		records++
		if v[16] == 0 {
			size += int64(len(tx.mailedRow(v)))
		}
		return true
	})
	return records, size
}

// find reads a record by id alone.
func (tx *Tx) find(id ID) (Row, error) {
	for name := range tx.db.known {
		if raw := tx.get(tx.db.rowKey(name, id)); raw != nil {
			return DecodeRow(raw)
		}
	}
	return Row{}, ErrNotFound
}

// Sent notes that everything up to a cursor has left this machine. It is
// forgotten at a restart: what left and was not confirmed waits again.
func (db *DB) Sent(f Feed, to Cursor) {
	now, _ := db.clock.Now()
	db.SentAt(f, to, now)
}

// SentAt is Sent at an earlier time: what was carried away on a stick is told
// again after each start. What has left further already stays so.
func (db *DB) SentAt(f Feed, to Cursor, at time.Time) {
	for {
		old, ok := db.sent.Load(f)
		if ok && old.(sentMark).number >= to.Number {
			return
		}
		mark := sentMark{to.Number, at.UTC()}
		if !ok {
			if _, ok = db.sent.LoadOrStore(f, mark); ok {
				continue
			}
		} else if !db.sent.CompareAndSwap(f, old, mark) {
			continue
		}
		db.watch.changed(map[string]bool{ProgressName: true})
		return
	}
}

type sentMark struct {
	number uint64
	at     time.Time
}

// ProgressName is the name under which Watch tells of acknowledgements.
const ProgressName = "progress"

func ackKey(f Feed, n uint64) []byte {
	return join(pAck, named(f.Site), f.Origin[:], []byte{byte(f.Lane)}, number(n))
}

// Acked notes, durably, that the peer confirmed everything up to a cursor.
func (db *DB) Acked(f Feed, to Cursor) error {
	return db.Update(func(tx *Tx) error {
		last, _ := tx.acked(f)
		if to.Number <= last.Number {
			return nil
		}
		if to.Number > tx.head(f).Number || !tx.over(f, to) && !tx.matches(f.line(), to) {
			return ErrCursor
		}
		return tx.confirm(f, to)
	})
}

func (tx *Tx) confirm(f Feed, to Cursor) error {
	if last, _ := tx.acked(f); to.Number <= last.Number {
		return nil
	}
	now, trusted := tx.Now()
	v := append(number(uint64(now.UnixMilli())), to.Digest[:]...)
	if trusted {
		v = append(v, 1)
	}
	if err := tx.put(ackKey(f, to.Number), v); err != nil {
		return err
	}
	return tx.touch(ProgressName)
}

// over tells whether a cursor stands at the end of an earlier life of this
// store, of which it may hold no digest: nothing comes after it.
func (tx *Tx) over(f Feed, c Cursor) bool {
	return f.Site == "" && f.Origin != tx.origin() && c.Number == tx.counter(endOf(f.Origin))
}

// tookBack tells whether a cursor is where the peer stands in a lane of an earlier
// life that this store holds only because rows of it came back: of the numbers
// between two lanes' ends it has no digest, but the peer has said where it stands.
func (tx *Tx) tookBack(f Feed, c Cursor) bool {
	if f.Site != "" || f.Origin == tx.origin() {
		return false
	}
	acked, _ := tx.acked(f)
	return acked == c
}

// AckedCursor is the last place the peer confirmed, and when.
func (db *DB) AckedCursor(f Feed) (c Cursor, at time.Time, err error) {
	err = db.View(func(tx *Tx) error { c, at = tx.acked(f); return nil })
	return c, at, err
}

func (tx *Tx) acked(f Feed) (c Cursor, at time.Time) {
	k := ackKey(f, 0)
	tx.scan(k[:len(k)-8], nil, true, func(k, v []byte) bool {
		c = Cursor{Origin: f.Origin, Number: numberOf(k), Digest: [16]byte(v[8:24])}
		at = millis(v)
		return false
	})
	return c, at
}

func millis(v []byte) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(v[:8]))).UTC()
}
