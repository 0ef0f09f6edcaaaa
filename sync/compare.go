package boxsync

import (
	"fmt"

	"preau/store"
)

// When a life of a store is new to its peer, cursors say nothing of what both
// already hold. Then fingerprints of ranges of ids are compared, and split where
// they differ, so that the bytes are in proportion to the difference and not to
// the school. The box asks, the office answers; a cut starts it anew, which costs
// no more than what still differs.
const (
	setUp   = 1 // what the school wrote: what the office holds of it comes back
	setDown = 2 // what the office addressed to the school
)

const (
	splitInto  = 16
	listBelow  = 64 // items in a range that are named one by one
	mostAnswer = 4096
)

type itemWire struct {
	_      struct{} `cbor:",toarray"`
	ID     []byte
	Origin []byte // empty: the id's
	Number uint64
	Print  []byte
}

type listWire struct {
	_      struct{} `cbor:",toarray"`
	Lo, Hi []byte
	Items  []itemWire
}

type compareWire struct {
	Set    uint8        `cbor:"1,keyasint"`
	Ranges []rangeWire  `cbor:"2,keyasint,omitempty"` // what the sender holds there
	Lists  []listWire   `cbor:"3,keyasint,omitempty"` // all that the office holds there
	Want   [][]byte     `cbor:"4,keyasint,omitempty"` // box: send these
	Extra  [][]byte     `cbor:"5,keyasint,omitempty"` // box: I have these, you listed them not
	Answer bool         `cbor:"6,keyasint,omitempty"` // office: this ends the answer to one question
	Done   bool         `cbor:"7,keyasint,omitempty"`
	Have   []cursorWire `cbor:"8,keyasint,omitempty"` // office, when done: where the lines stood at the start
	Rows   []byte       `cbor:"9,keyasint,omitempty"`
	Gone   [][]byte     `cbor:"10,keyasint,omitempty"`
}

// comparison is what a session knows of one while it runs. The box drives.
type comparison struct {
	items map[uint8][]store.Item
	at    map[store.Feed]store.Cursor // office: where the outbox stood when its items were listed
	open  map[uint8]int               // box: questions without an answer; no entry: not compared
	due   []dueAnswer                 // office: in the order of the questions
}

// dueAnswer is an answer and what goes before it.
type dueAnswer struct {
	rows, gone []store.ID
	answer     compareWire
}

// asks tells whether a box still compares a set.
func (c *comparison) asks(set uint8) bool {
	if c == nil {
		return false
	}
	_, open := c.open[set]
	return open
}

// compare has the box ask about the sets the office named.
func (s *session) compare(sets []uint8) error {
	c := &comparison{items: map[uint8][]store.Item{}, open: map[uint8]int{}}
	for _, set := range sets {
		home := store.Up
		if set == setDown {
			home = store.Down
		}
		items, err := s.db.ItemsOf(home)
		if err != nil {
			return err
		}
		c.items[set], c.open[set] = items, 0
	}
	s.mu.Lock()
	s.cmp = c
	s.mu.Unlock()
	for _, set := range sets {
		q := split(c.items[set], nil, nil)
		if len(q) == 0 {
			q = []rangeWire{{}}
		}
		s.ask(compareWire{Set: set, Ranges: q})
	}
	return nil
}

func (s *session) ask(w compareWire) {
	s.mu.Lock()
	s.cmp.open[w.Set]++
	s.mu.Unlock()
	s.reply(frameCompare, w)
}

// gotCompare is the box's: an answer, or rows that it lacked.
func (s *session) gotCompare(body []byte) error {
	var w compareWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	s.mu.Lock()
	c := s.cmp
	s.mu.Unlock()
	if c == nil {
		return fmt.Errorf("%w: an answer nobody asked for", ErrFrame)
	}
	if _, ok := c.open[w.Set]; !ok {
		return fmt.Errorf("%w: an answer nobody asked for", ErrFrame)
	}
	if w.Done {
		return s.compared(w)
	}
	if len(w.Rows) > 0 || len(w.Gone) > 0 {
		if err := s.fill(w); err != nil {
			return err
		}
	}
	further := compareWire{Set: w.Set}
	for _, r := range w.Ranges {
		switch mine := within(c.items[w.Set], r.Lo, r.Hi); {
		case r.same(mine):
		case len(mine) == 0:
			further.Ranges = append(further.Ranges, rangeWire{Lo: r.Lo, Hi: r.Hi})
		default:
			further.Ranges = append(further.Ranges, split(mine, r.Lo, r.Hi)...)
		}
	}
	if err := s.lists(w, c, &further); err != nil {
		return err
	}
	s.mu.Lock()
	if w.Answer {
		c.open[w.Set]--
	}
	open := c.open[w.Set]
	s.mu.Unlock()
	if len(further.Ranges)+len(further.Want)+len(further.Extra) > 0 {
		s.ask(further)
	} else if w.Answer && open == 0 {
		s.reply(frameCompare, compareWire{Set: w.Set, Done: true})
	}
	return nil
}

// lists compares record by record. Where both hold another version the higher
// counts; where one number stands for two things, its home's.
func (s *session) lists(w compareWire, c *comparison, further *compareWire) error {
	var again []store.ID
	for _, l := range w.Lists {
		theirs := map[store.ID]store.Item{}
		for _, x := range l.Items {
			it, err := x.read()
			if err != nil {
				return err
			}
			theirs[it.ID] = it
		}
		for _, mine := range within(c.items[w.Set], l.Lo, l.Hi) {
			it, there := theirs[mine.ID]
			delete(theirs, mine.ID)
			switch {
			case there && it == mine:
			case w.Set == setDown && there:
				further.Want = append(further.Want, writeID(mine.ID))
			case w.Set == setDown:
				further.Extra = append(further.Extra, writeID(mine.ID))
			default:
				// The row comes, if theirs is newer; and ours goes, if it still is ours then.
				if there && (it.Origin != mine.Origin || it.Number != mine.Number) {
					further.Want = append(further.Want, writeID(mine.ID))
				}
				if !there || it.Origin == mine.Origin && it.Number <= mine.Number {
					again = append(again, mine.ID)
				}
			}
		}
		for id := range theirs {
			further.Want = append(further.Want, writeID(id))
		}
	}
	if len(again) == 0 {
		return nil
	}
	return s.db.GiveAgain(again)
}

func (x itemWire) read() (it store.Item, err error) {
	if len(x.Print) != 8 || len(x.Origin) != 0 && len(x.Origin) != 8 {
		return it, fmt.Errorf("%w: item", ErrFrame)
	}
	if it.ID, err = readID(x.ID); err != nil {
		return it, err
	}
	it.Origin, it.Number, it.Print = it.ID.Origin, x.Number, [8]byte(x.Print)
	if len(x.Origin) == 8 {
		it.Origin = store.Origin(x.Origin)
	}
	return it, nil
}

func writeItem(it store.Item) itemWire {
	x := itemWire{ID: writeID(it.ID), Number: it.Number, Print: it.Print[:]}
	if it.Origin != it.ID.Origin {
		x.Origin = it.Origin[:]
	}
	return x
}

func readIDs(list [][]byte) (ids []store.ID, err error) {
	for _, b := range list {
		id, err := readID(b)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (s *session) fill(w compareWire) error {
	rows, err := unpackRows(w.Rows)
	if err != nil {
		return err
	}
	gone, err := readIDs(w.Gone)
	if err != nil {
		return err
	}
	s.rec.step("received", len(rows)+len(gone))
	if w.Set == setDown {
		return s.db.Fill(rows, gone)
	}
	return s.db.TakeBack(rows)
}

// compared notes that nothing differs any more.
func (s *session) compared(w compareWire) error {
	at := map[store.Feed]store.Cursor{}
	for _, x := range w.Have {
		f, cur, err := x.read()
		if err != nil {
			return err
		}
		if w.Set == setDown {
			f = s.mine(f.Origin, f.Lane)
		}
		at[f] = cur
	}
	note := s.db.TookBack
	if w.Set == setDown {
		note = s.db.Filled
	}
	if err := note(at); err != nil {
		return err
	}
	for _, f := range s.out {
		if f.Origin != s.life { // nothing of an earlier life is left to send
			c, _, err := s.db.AckedCursor(f)
			if err != nil {
				return err
			}
			s.rewind(f, c)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if delete(s.cmp.open, w.Set); len(s.cmp.open) == 0 {
		s.cmp = nil
	}
	return nil
}

// sendCompared sends the next rows that a comparison found missing, then the
// answer they belong to.
func (s *session) sendCompared() (bool, error) {
	s.mu.Lock()
	c := s.cmp
	if c == nil || len(c.due) == 0 {
		s.mu.Unlock()
		return false, nil
	}
	d := &c.due[0]
	w := compareWire{Set: d.answer.Set}
	n := min(len(d.rows), 50)
	ids := d.rows[:n]
	d.rows = d.rows[n:]
	switch {
	case n > 0:
	case len(d.gone) > 0:
		for _, id := range d.gone {
			w.Gone = append(w.Gone, writeID(id))
		}
		d.gone = nil
	default:
		w, c.due = d.answer, c.due[1:]
	}
	s.mu.Unlock()
	if n > 0 {
		rows, err := s.db.RowsOf(ids)
		if err != nil {
			return false, err
		}
		if w.Rows, err = packRows(rows); err != nil {
			return false, err
		}
	}
	return true, s.f.write(frameCompare, w)
}
