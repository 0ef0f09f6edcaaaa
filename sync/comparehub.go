package boxsync

import (
	"bytes"
	"fmt"

	"preau/store"
)

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
	c.due = append(c.due, dueAnswer{send, gone, a})
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

// toCompare names the sets that a box and this office must compare: what the
// school wrote, when the box lives a life in which it was never compared, or does
// not know that it was, and more is held here; what was addressed to it, when it holds cursors of another life
// of this office only.
func (h *Hub) toCompare(site string, s *session, hello helloWire) (sets []byte, err error) {
	if s.peerLife.IsZero() {
		return nil, nil
	}
	done, err := h.o.DB.Compared(s.peerLife)
	if err != nil {
		return nil, err
	}
	if !done || hello.Apart {
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
