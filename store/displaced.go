package store

import "encoding/binary"

// Life is an origin that a peer's store has written under, and the last number
// of it that counts there; 0 for the one it lives now.
type Life struct {
	Origin Origin
	Ended  uint64
}

// Met notes the lives that a peer says its store has had, oldest first. They
// belong to the site from now on; ErrBatch when one is another's.
func (db *DB) Met(site string, lives []Life) error {
	if len(lives) == 0 {
		return nil
	}
	var line []byte
	for _, l := range lives[:len(lives)-1] {
		line = append(append(line, l.Origin[:]...), number(l.Ended)...)
	}
	key := counterKey(linePrefix + lives[len(lives)-1].Origin.String())
	same := false
	if err := db.View(func(tx *Tx) error { same = string(tx.get(key)) == string(line) && tx.metAll(lives, site); return nil }); err != nil || same {
		return err
	}
	return db.Update(func(tx *Tx) error {
		for _, l := range lives {
			if _, err := tx.sender(l.Origin, site); err != nil {
				return err
			}
		}
		for _, l := range lives[:len(lives)-1] {
			if err := tx.setCounter(overPrefix+l.Origin.String(), 1); err != nil {
				return err
			}
		}
		return tx.put(key, line)
	})
}

// IsOver tells whether a peer once said that a life of its store had ended. Who
// lives it all the same has an older card in hand.
func (db *DB) IsOver(life Origin) (yes bool, err error) {
	err = db.View(func(tx *Tx) error { yes = tx.counter(overPrefix+life.String()) > 0; return nil })
	return yes, err
}

const overPrefix = "over "

const linePrefix = "lives before "

func (tx *Tx) metAll(lives []Life, site string) bool {
	for _, l := range lives {
		if v := tx.get(join(pSender, l.Origin[:])); len(v) < 8 || string(v[8:]) != site {
			return false
		}
	}
	return true
}

// descends tells whether a life knew the version of a row that it writes over.
func (tx *Tx) descends(life Origin, old Meta) bool {
	v := tx.get(counterKey(linePrefix + life.String()))
	if v == nil {
		return true // it never said what it comes from
	}
	for ; len(v) >= 16; v = v[16:] {
		if Origin(v[:8]) == old.Origin {
			return old.Number <= binary.BigEndian.Uint64(v[8:])
		}
	}
	return false
}

func asideKey(site string, m Meta) []byte {
	return join(pAside, named(site), m.ID.bytes(), m.Origin[:], number(m.Number))
}

// displace keeps a version that another life of the same site writes over
// without having known it: a person decides what to make of it.
func (tx *Tx) displace(old Row, site string) error {
	raw, err := EncodeRow(old)
	if err != nil {
		return err
	}
	return tx.put(asideKey(site, old.Meta), raw)
}

// Displaced lists the versions that two lives of one site wrote apart from one
// another, in the order of their ids: the newer life's stands in the collection.
func Displaced(tx *Tx, site string) (rows []Row, err error) {
	tx.scan(join(pAside, named(site)), nil, false, func(_, v []byte) bool {
		var row Row
		if row, err = DecodeRow(v); err != nil {
			return false
		}
		rows = append(rows, row)
		return true
	})
	return rows, err
}

// Settled drops a displaced version that a person has dealt with.
func Settled(tx *Tx, site string, m Meta) error { return tx.del(asideKey(site, m)) }

// TakeAgain writes once more, as a new version, what a displaced version said; it
// is refused as any other write is. ErrNotFound when the record is deleted by
// now, or this build does not know its collection.
func TakeAgain(tx *Tx, row Row) error {
	d := tx.db.known[row.Collection]
	if d == nil {
		return ErrNotFound
	}
	return d.again(tx, row)
}

// Now is the version of a record that stands in its collection.
func Now(tx *Tx, id ID) (Row, error) { return tx.find(id) }
