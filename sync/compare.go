package boxsync

import (
	"bytes"
	"fmt"
	"sort"

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

type rangeWire struct {
	_      struct{} `cbor:",toarray"`
	Lo, Hi []byte   // ids, both within; empty Hi: no end
	N      int
	Sum    []byte
}

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

// within are the items of an ordered list from lo to hi, both within.
func within(items []store.Item, lo, hi []byte) []store.Item {
	from := sort.Search(len(items), func(i int) bool { return bytes.Compare(writeID(items[i].ID), lo) >= 0 })
	to := len(items)
	if len(hi) > 0 {
		to = sort.Search(len(items), func(i int) bool { return bytes.Compare(writeID(items[i].ID), hi) > 0 })
	}
	return items[from:max(from, to)]
}

func printOf(items []store.Item) []byte {
	var sum [16]byte
	for _, it := range items {
		for i, b := range it.Sum() {
			sum[i] ^= b
		}
	}
	return sum[:]
}

func (r rangeWire) same(items []store.Item) bool {
	return r.N == len(items) && (r.N == 0 || bytes.Equal(r.Sum, printOf(items)))
}

// split cuts a range where its items stand, so that no part holds more than its share.
func split(items []store.Item, lo, hi []byte) (parts []rangeWire) {
	n := min(splitInto, len(items))
	for i := range n {
		part := items[i*len(items)/n : (i+1)*len(items)/n]
		r := rangeWire{Lo: lo, Hi: hi, N: len(part), Sum: printOf(part)}
		if i < n-1 {
			r.Hi = writeID(part[len(part)-1].ID)
			lo = next(r.Hi)
		}
		parts = append(parts, r)
	}
	return parts
}

// next is the smallest id after one.
func next(id []byte) []byte {
	after := bytes.Clone(id)
	for i := len(after) - 1; i >= 0; i-- {
		if after[i]++; after[i] != 0 {
			break
		}
	}
	return after
}

// comparison is what a session knows of one while it runs. The box drives.
type comparison struct {
	items map[uint8][]store.Item
	at    map[store.Feed]store.Cursor // office: where the outbox stood when its items were listed
	open  map[uint8]int               // box: questions without an answer; no entry: not compared
	queue []store.ID                  // office: rows to send
	gone  []store.ID
	set   uint8         // of queue and gone
	then  []compareWire // office: answers, after the queue
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

// answer is the office's: it takes a box's question. site may ask about itself only.
func (h *Hub) answerCompare(s *session, site string, body []byte) error {
	var w compareWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	s.mu.Lock()
	c := s.cmp
	s.mu.Unlock()
	if c == nil || w.Set != setUp && w.Set != setDown || len(w.Ranges)+len(w.Want)+len(w.Extra) > mostAnswer {
		return fmt.Errorf("%w: a question out of place", ErrFrame)
	}
	items, err := h.items(c, site, w.Set)
	if err != nil {
		return err
	}
	if w.Done {
		return h.compareDone(s, c, site, w.Set)
	}
	a := compareWire{Set: w.Set, Answer: true}
	var send, gone []store.ID
	for _, r := range w.Ranges {
		switch mine := within(items, r.Lo, r.Hi); {
		case r.same(mine):
		case r.N == 0:
			for _, it := range mine {
				send = append(send, it.ID)
			}
		case len(mine) <= listBelow:
			l := listWire{Lo: r.Lo, Hi: r.Hi}
			for _, it := range mine {
				l.Items = append(l.Items, writeItem(it))
			}
			a.Lists = append(a.Lists, l)
		default:
			a.Ranges = append(a.Ranges, split(mine, r.Lo, r.Hi)...)
		}
	}
	known := map[store.ID]bool{}
	for _, it := range items {
		known[it.ID] = true
	}
	want, err := readIDs(w.Want)
	if err != nil {
		return err
	}
	for _, id := range want {
		if known[id] { // and nothing else, whatever is asked for
			send = append(send, id)
		}
	}
	extra, err := readIDs(w.Extra)
	if err != nil {
		return err
	}
	rows, err := h.o.DB.RowsOf(extra)
	if err != nil {
		return err
	}
	for _, row := range rows { // known here, and not addressed there: it left that audience
		if w.Set == setDown && row.Home == store.Down && !known[row.ID] {
			gone = append(gone, row.ID)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.set, c.queue, c.gone = w.Set, append(c.queue, send...), append(c.gone, gone...)
	c.then = append(c.then, a)
	return nil
}

func (h *Hub) items(c *comparison, site string, set uint8) (items []store.Item, err error) {
	if items, ok := c.items[set]; ok {
		return items, nil
	}
	if set == setUp {
		items, err = h.o.DB.ItemsFrom(site)
	} else {
		items, c.at, err = h.o.DB.ItemsFor(site)
	}
	c.items[set] = items
	return items, err
}

// compareDone closes one comparison: the lines go on from where they stood when
// it began.
func (h *Hub) compareDone(s *session, c *comparison, site string, set uint8) error {
	done := compareWire{Set: set, Done: true}
	if set == setUp {
		origins, err := h.o.DB.OriginsOf(site)
		if err != nil {
			return err
		}
		for _, o := range origins {
			for _, lane := range lanes {
				f := store.Feed{Origin: o, Lane: lane}
				cur, err := h.o.DB.Received(f)
				if err != nil {
					return err
				}
				if cur.Number > 0 {
					done.Have = append(done.Have, wireCursor(f, cur))
				}
			}
		}
		if err := h.o.DB.SetCompared(s.peerLife); err != nil {
			return err
		}
	} else {
		for f, cur := range c.at {
			if err := h.o.DB.Acked(f, cur); err != nil {
				return err
			}
			if cur.Number > 0 {
				done.Have = append(done.Have, wireCursor(f, cur))
			}
			s.rewind(f, cur)
		}
		s.mu.Lock()
		s.hold = false
		s.mu.Unlock()
	}
	delete(c.items, set)
	s.reply(frameCompare, done)
	return nil
}

// sendCompared sends the next rows that a comparison found missing, then the
// answer they belong to.
func (s *session) sendCompared() (bool, error) {
	s.mu.Lock()
	c := s.cmp
	if c == nil || len(c.queue)+len(c.gone)+len(c.then) == 0 {
		s.mu.Unlock()
		return false, nil
	}
	w := compareWire{Set: c.set}
	n := min(len(c.queue), 50)
	ids := c.queue[:n]
	c.queue = c.queue[n:]
	if n == 0 && len(c.gone) > 0 {
		for _, id := range c.gone {
			w.Gone = append(w.Gone, writeID(id))
		}
		c.gone = nil
	} else if n == 0 {
		w, c.then = c.then[0], c.then[1:]
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

// toCompare names the sets that a box and this office must compare: what the
// school wrote, when the box lives a life in which it was never compared and more
// is held here; what was addressed to it, when it holds cursors of another life
// of this office only.
func (h *Hub) toCompare(site string, s *session, hello helloWire) (sets []byte, err error) {
	if s.peerLife.IsZero() {
		return nil, nil
	}
	done, err := h.o.DB.Compared(s.peerLife)
	if err != nil {
		return nil, err
	}
	if !done {
		items, err := h.o.DB.ItemsFrom(site)
		if err != nil {
			return nil, err
		}
		others := false
		for _, it := range items {
			others = others || it.Origin != s.peerLife
		}
		if others {
			sets = append(sets, setUp)
		} else if err := h.o.DB.SetCompared(s.peerLife); err != nil {
			return nil, err
		}
	}
	if len(hello.Have) > 0 {
		this := false
		for _, w := range hello.Have {
			this = this || bytes.Equal(w.Origin, s.life[:])
		}
		if !this {
			sets = append(sets, setDown)
			s.hold = true
		}
	}
	if len(sets) > 0 {
		s.cmp = &comparison{items: map[uint8][]store.Item{}}
	}
	return sets, nil
}
