package boxsync

import (
	"errors"
	"fmt"
	"time"

	"preau/store"
)

// errReborn ends a session in which one side learned that its store is a
// rolled-back or copied one and began a new life. The next session starts at once.
var errReborn = errors.New("boxsync: this store is an older copy of itself; it goes on under a new origin")

// livesOf are a store's, oldest first, as the other side is told them.
func livesOf(db *store.DB) (list []lifeWire, err error) {
	origins, err := db.Lives()
	if err != nil {
		return nil, err
	}
	for i, o := range origins {
		l := lifeWire{Origin: o[:]}
		if i < len(origins)-1 {
			if l.Ended, err = db.Ended(o); err != nil {
				return nil, err
			}
		}
		list = append(list, l)
	}
	return list, nil
}

// isOlder holds the office's cursors against a box's present life. One that was
// never there says that this is a restored or copied card: others have seen
// numbers of this origin that stood for other writes. common is the last place
// that the office is known to share.
func isOlder(db *store.DB, have map[store.Feed]store.Cursor) (older bool, common uint64, err error) {
	origin := db.Origin()
	for _, lane := range lanes {
		f := store.Feed{Origin: origin, Lane: lane}
		acked, _, err := db.AckedCursor(f)
		if err != nil {
			return false, 0, err
		}
		common = max(common, acked.Number)
		c, told := have[f]
		if !told || c.Number == 0 {
			continue
		}
		ok, err := db.Holds(f, c)
		switch {
		case err != nil:
			return false, 0, err
		case ok:
			common = max(common, c.Number)
		default:
			older = true
		}
	}
	return older, common, nil
}

// askWhoIAm has an older copy, which may be one of a life that was over, go on under a new origin: what the office is not
// known to share of the old life is given again under the new.
func (e *Engine) askWhoIAm(have map[store.Feed]store.Cursor, over bool) (reborn bool, err error) {
	older, common, err := isOlder(e.o.DB, have)
	if err != nil || !older && !over {
		return false, err
	}
	e.o.Log.Warn("this store is an older copy of itself: it goes on under a new origin", "common", common)
	return true, e.o.DB.Rebirth(common)
}

func readLives(told []lifeWire) (lives []store.Life, err error) {
	for i, w := range told {
		if len(w.Origin) != 8 || i > 1000 {
			return nil, fmt.Errorf("%w: lives", ErrFrame)
		}
		lives = append(lives, store.Life{Origin: store.Origin(w.Origin), Ended: w.Ended})
	}
	return lives, nil
}

// meet notes a box's lives and tells how far this office holds each of them.
func (h *Hub) meet(site string, s *session, told []lifeWire) (have []cursorWire, err error) {
	lives, err := readLives(told)
	if err != nil {
		return nil, err
	}
	for i, l := range lives {
		if i < len(told)-1 {
			s.ended[l.Origin] = true
		} else {
			s.peerLife = l.Origin
		}
	}
	if err := h.o.DB.Met(site, lives); err != nil {
		return nil, err
	}
	if s.peerOver, err = h.o.DB.IsOver(s.peerLife); err != nil {
		return nil, err
	}
	if s.peerOver {
		if err := h.noteCopy(site); err != nil {
			return nil, err
		}
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

// copyNoted is how often it is written down that a second copy calls.
const copyNoted = 10 * time.Minute

// noteCopy sees that a box calls under a life whose end another box of the school
// has told: a card was copied and both are in use. Each goes on with what it
// writes; it is people who must put one away.
func (h *Hub) noteCopy(site string) error {
	h.o.Log.Warn("two boxes call as one: a card was copied", "site", site)
	return h.o.DB.Update(func(tx *store.Tx) error {
		now, _ := tx.Now()
		for r, err := range peers.Where(tx, "site", site) {
			if err != nil {
				return err
			}
			if r.Value.Revoked.IsZero() && now.Sub(r.Value.Copied) > copyNoted {
				r.Value.Copied = now
				return peers.Set(tx, r.ID, r.Value)
			}
		}
		return nil
	})
}

// heard takes in how far a box holds its outbox. A cursor that this outbox never
// stood at says that the office's store was rolled back.
func (h *Hub) heard(site string, s *session, told []cursorWire) error {
	for _, w := range told {
		feed, c, err := w.read()
		if errors.Is(err, errLane) {
			continue
		}
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
