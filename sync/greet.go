package boxsync

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"preau/store"
)

// What a box says when it calls, and what it makes of the office's answer.

func (e *Engine) hello() (helloWire, error) {
	h := helloWire{Version: Version, Format: Format, Build: e.o.Build, Dicts: knownDicts()}
	var err error
	if h.stateWire, err = e.state(); err != nil {
		return h, err
	}
	have, err := e.o.DB.ReceivedFeeds()
	if err != nil {
		return h, err
	}
	for f, c := range have {
		if f.Site == e.siteCode() {
			h.Have = append(h.Have, wireCursor(f, c))
		}
	}
	if h.Lives, err = livesOf(e.o.DB); err != nil {
		return h, err
	}
	h.Apart, err = e.apart()
	return h, err
}

// apart tells whether this store goes on for an earlier one and does not know that
// it holds all that the office has of it: its present life was never compared, or
// that was after the image from which this card was made.
func (e *Engine) apart() (bool, error) {
	lives, err := e.o.DB.Lives()
	if err != nil || len(lives) < 2 {
		return false, err
	}
	done, err := e.o.DB.Compared(lives[len(lives)-1])
	return !done, err
}

func (e *Engine) welcomed(s *session, kind byte, body []byte, rtt time.Duration) error {
	if kind != frameWelcome {
		return fmt.Errorf("%w: type %d from the office", ErrFrame, kind)
	}
	var w welcomeWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	if _, ok := spoken(w.Version, w.Format); !ok {
		return &ByeError{"version", time.Hour}
	}
	s.rec.step("greeted", 0)
	s.rec.stage("exchanged")
	if e.o.Offset != nil {
		_, before := e.o.DB.Clock()
		e.o.Offset(time.UnixMilli(w.Millis), rtt)
		if _, now := e.o.DB.Clock(); now != before {
			s.tellNow.Store(true)
			s.poke()
		}
	}
	have := map[store.Feed]store.Cursor{}
	for _, c := range w.Have {
		f, cur, err := c.read()
		if errors.Is(err, errLane) {
			continue
		}
		if err != nil {
			return err
		}
		have[f] = cur
	}
	e.met(s)
	if len(w.Origin) == len(store.Origin{}) {
		if err := e.o.DB.Present(store.Origin(w.Origin), ""); err != nil {
			return err
		}
	}
	if err := e.learnDict(commonDict(w.Dicts)); err != nil {
		return err
	}
	if reborn, err := e.askWhoIAm(have, w.Over); reborn || err != nil {
		return errors.Join(errReborn, err)
	}
	if err := e.takeUp(s, have); err != nil {
		return err
	}
	if !slices.Contains(w.Compare, setUp) { // the office holds nothing that this store has not
		if apart, err := e.apart(); err != nil {
			return err
		} else if apart {
			if err := e.o.DB.SetCompared(e.o.DB.Origin()); err != nil {
				return err
			}
		}
	}
	if len(w.Compare) == 0 {
		return nil
	}
	return s.compare(w.Compare)
}

var errOtherDict = errors.New("boxsync: the office does not know the dictionary it used to")

// learnDict notes the dictionary that the office can read, for the next hello.
func (e *Engine) learnDict(id uint32) error {
	var o OfficeRow
	if err := e.o.DB.View(func(tx *store.Tx) (err error) { o, err = Office(tx); return err }); err != nil || o.Dict == id {
		return err
	}
	return e.o.DB.Update(func(tx *store.Tx) error {
		o, err := Office(tx)
		if err != nil {
			return err
		}
		o.Dict = id
		return setOffice(tx, o)
	})
}

// met notes that the office answered.
func (e *Engine) met(s *session) {
	now := time.Now()
	e.mu.Lock()
	e.status.State, e.status.LastContact, e.status.LastError = "connected", now, ""
	e.mu.Unlock()
	e.keep(s.rec.far())
	s.onIdle = func() {
		e.mu.Lock()
		e.status.LastContact = time.Now()
		e.mu.Unlock()
	}
}

// takeUp corrects what was assumed of the office's cursors: it may hold more
// than was confirmed, or have lost some. What is in flight on a corrected line
// comes again.
func (e *Engine) takeUp(s *session, have map[store.Feed]store.Cursor) error {
	for _, f := range s.out {
		c := have[f]
		assumed, _, err := e.o.DB.AckedCursor(f)
		if err != nil {
			return err
		}
		if c.Number == assumed.Number && (c.Number == 0 || c.Digest == assumed.Digest) {
			continue
		}
		ok, err := e.o.DB.Holds(f, c)
		if err != nil {
			return err
		}
		switch {
		case ok && c.Number > assumed.Number: // durable there, though the acknowledgement was lost
			if err := e.o.DB.Acked(f, c); err != nil {
				return err
			}
		case !ok: // a life that has ended, of which the office has seen another end
			head, err := e.o.DB.Head(f)
			if err != nil {
				return err
			}
			if c.Number < head.Number {
				c = store.Cursor{Origin: f.Origin}
				break
			}
			c = head // the office went on with that life for longer than this store knows
			if err := e.o.DB.Acked(f, head); err != nil {
				return err
			}
		}
		s.rewind(f, c)
	}
	return nil
}
