package boxsync

import (
	"errors"
	"fmt"

	"preau/store"
)

// errReborn ends a session in which one side learned that its store is a
// rolled-back or copied one and began a new life. The next session starts at once.
var errReborn = errors.New("boxsync: this store is an older copy of itself; it goes on under a new origin")

// lives are the box's, oldest first, as the hello tells them.
func (e *Engine) lives() (list []store.Life, err error) {
	origins, err := e.o.DB.Lives()
	if err != nil {
		return nil, err
	}
	for i, o := range origins {
		l := store.Life{Origin: o}
		if i < len(origins)-1 {
			if l.Ended, err = e.o.DB.Ended(o); err != nil {
				return nil, err
			}
		}
		list = append(list, l)
	}
	return list, nil
}

// askWhoIAm holds the office's cursors against this store's present life. One
// that was never there says that this is a restored or copied card: others have
// seen numbers of this origin that stood for other writes. Then the store goes
// on under a new origin, and what the office is not known to share of the old
// is given again under the new.
func (e *Engine) askWhoIAm(have map[store.Feed]store.Cursor) (reborn bool, err error) {
	origin := e.o.DB.Origin()
	var common uint64
	for _, lane := range lanes {
		f := store.Feed{Origin: origin, Lane: lane}
		acked, _, err := e.o.DB.AckedCursor(f)
		if err != nil {
			return false, err
		}
		common = max(common, acked.Number)
		c, told := have[f]
		if !told || c.Number == 0 {
			continue
		}
		ok, err := e.o.DB.Holds(f, c)
		switch {
		case err != nil:
			return false, err
		case ok:
			common = max(common, c.Number)
		default:
			reborn = true
		}
	}
	if !reborn {
		return false, nil
	}
	e.o.Log.Warn("this store is an older copy of itself: it goes on under a new origin", "common", common)
	return true, e.o.DB.Rebirth(common)
}

// meet notes a box's lives and tells how far this office holds each of them.
func (h *Hub) meet(site string, s *session, told []lifeWire) (have []cursorWire, err error) {
	var lives []store.Life
	for i, w := range told {
		if len(w.Origin) != 8 || i > 1000 {
			return nil, fmt.Errorf("%w: lives", ErrFrame)
		}
		l := store.Life{Origin: store.Origin(w.Origin), Ended: w.Ended}
		lives = append(lives, l)
		if i < len(told)-1 {
			s.ended[l.Origin] = true
		} else {
			s.peerLife = l.Origin
		}
	}
	if err := h.o.DB.Met(site, lives); err != nil {
		return nil, err
	}
	for _, l := range lives {
		for _, lane := range lanes {
			feed := store.Feed{Origin: l.Origin, Lane: lane}
			c, err := h.o.DB.Received(feed)
			if err != nil {
				return nil, err
			}
			if c.Number > 0 {
				have = append(have, wireCursor(feed, c))
			}
		}
	}
	return have, nil
}

// heard takes in how far a box holds its outbox. A cursor that this outbox never
// stood at says that the office's store was rolled back.
func (h *Hub) heard(site string, s *session, told []cursorWire) error {
	for _, w := range told {
		feed, c, err := w.read()
		if err != nil {
			return err
		}
		if feed.Site = site; feed.Origin != h.o.DB.Origin() {
			continue // of an earlier life: this one is sent from its beginning
		}
		ok, err := h.o.DB.Holds(feed, c)
		if err != nil {
			return err
		}
		if !ok {
			common, err := h.o.DB.SharedWith(site)
			if err != nil {
				return err
			}
			h.o.Log.Warn("this store is an older copy of itself: it goes on under a new origin", "common", common)
			return errors.Join(errReborn, h.o.DB.Rebirth(common))
		}
		s.next[feed] = c
		// What the box durably holds is confirmed, though the acknowledgement was lost.
		if err := h.o.DB.Acked(feed, c); err != nil {
			return err
		}
	}
	return nil
}
