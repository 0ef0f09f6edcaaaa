package boxsync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"preau/store"
)

// writes sends, most pressing first, until nothing is left; then it waits for
// a commit, an answer, or the hour to ask whether the line still stands.
func (s *session) writes(ctx context.Context) error {
	changed, stop := s.db.Watch(s.watch...)
	defer stop()
	ping, asked, told := time.NewTicker(restAfter), time.Now(), time.Now()
	defer ping.Stop()
	var soon <-chan time.Time // never at a box
	if s.crowded != nil {
		t := time.NewTicker(crowdRestAfter)
		defer t.Stop()
		soon = t.C
	}
	for {
		if err := s.conn.SetWriteDeadline(time.Now().Add(2 * time.Minute)); err != nil {
			return err
		}
		if s.tellNow.Swap(false) {
			if err := s.tells(); err != nil {
				return err
			}
		}
		more, err := s.turn()
		if err == nil {
			err = s.bill.left()
		}
		if err != nil {
			return err
		}
		if more {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			continue
		}
		if err := s.f.flush(); err != nil {
			return err
		}
		s.released()
		if err := s.bill.left(); err != nil {
			return err
		}
		var piece <-chan time.Time
		if s.way != nil {
			piece = time.After(time.Until(s.held.Add(yieldMost)))
		}
		select {
		case <-s.way:
		case <-piece:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.wake:
		case _, open := <-changed:
			if !open {
				return store.ErrClosed
			}
			if err := s.stands(); err != nil {
				return err
			}
		case <-soon:
			if s.crowded() {
				if err := s.f.quiet(crowdRestAfter); err != nil {
					return err
				}
			}
		case <-ping.C:
			if err := s.stands(); err != nil {
				return err
			}
			s.lookAgain() // a stick may have brought rows
			if s.stalled() {
				return errStalled
			}
			if s.tell != nil && time.Since(told) >= tellEvery {
				told = time.Now()
				if err := s.tells(); err != nil {
					return err
				}
			}
			if err := s.f.quiet(restAfter); err != nil {
				return err
			}
			if !s.onPing && time.Since(asked) >= pingEvery {
				asked = time.Now()
				if err := s.f.ping(); err != nil {
					return err
				}
			}
		}
	}
}

// reborn says whether this store has begun another life since the hello. It asks
// the store itself: what is kept in memory follows a commit a moment later, and a
// writer can come in between.
func (s *session) reborn() bool {
	lives, err := s.db.Lives()
	return err == nil && len(lives) > 0 && lives[len(lives)-1] != s.life
}

// stands says whether this store and the peer's key are still those of the hello.
func (s *session) stands() error {
	if s.reborn() {
		return errReborn
	}
	if s.still != nil {
		return s.still()
	}
	return nil
}

// dismiss has the session end with a bye that says why and when to come back.
func (s *session) dismiss(w byeWire) {
	s.mu.Lock()
	s.bye = &w
	s.mu.Unlock()
	s.poke()
}

// rests tells since when neither side has anything left to say.
func (s *session) rests() (since time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moved, s.idle && s.peerIdle
}

// tells the office how the box is.
func (s *session) tells() error {
	w, err := s.tell()
	if err != nil {
		return err
	}
	return s.f.say(frameState, w)
}

// errStalled ends a session that stands still though its line lives, so that
// the next one starts from what both sides hold.
var errStalled = errors.New("boxsync: the peer neither confirms nor sends what it was asked for")

func (s *session) stalled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	owed := len(s.flying) > 0 || slices.ContainsFunc(s.fetching, func(f *fetch) bool { return !f.putOff }) || s.hold || s.cmp.asks(setUp) || s.cmp.asks(setDown)
	return owed && time.Since(s.moved) > stalledAfter
}

// turn writes the one most pressing thing; false when there is none.
func (s *session) turn() (bool, error) {
	if err := s.tellLanes(); err != nil {
		return false, err
	}
	s.mu.Lock()
	replies, bye := s.replies, s.bye
	s.replies = nil
	flying := len(s.flying)
	s.leaving = s.leaving || bye != nil
	s.mu.Unlock()
	if s.owed.Swap(false) {
		if err := s.f.ping(); err != nil {
			return false, err
		}
	}
	if len(replies) > 0 {
		for _, r := range replies {
			if err := r(); err != nil {
				return false, err
			}
		}
		return true, nil
	}
	if bye != nil { // what was received is acknowledged before
		return false, errors.Join(s.f.say(frameBye, *bye), errBye)
	}
	if flying < inFlight {
		if sent, err := s.sendBatch(lanes[:len(lanes)-1]); sent || err != nil {
			return sent, err
		}
	}
	if sent, err := s.sendCompared(); sent || err != nil {
		return sent, err
	}
	if asked, err := s.askBlob(); asked || err != nil {
		return asked, err
	}
	if sent, err := s.sendPiece(); sent || err != nil {
		return sent, err
	}
	if flying < inFlight { // sealed records come after everybody's files
		if sent, err := s.sendBatch(lanes[len(lanes)-1:]); sent || err != nil {
			return sent, err
		}
	}
	return s.sayIdle(flying)
}

// sendBatch sends the next batch of the most pressing of some lanes that has one.
func (s *session) sendBatch(lanes []store.Lane) (bool, error) {
	s.mu.Lock()
	hold, past, shut := s.hold, s.cmp.asks(setUp), s.shut
	s.mu.Unlock()
	if hold {
		return false, nil
	}
	for _, lane := range lanes {
		if shut.has(lane) {
			continue
		}
		for _, f := range s.out {
			if f.Lane != lane || past && f.Origin != s.life {
				continue // what comes back of an earlier life is not to be sent again
			}
			s.mu.Lock()
			was, size := s.next[f], s.size
			s.mu.Unlock()
			from := was
			from.Origin = f.Origin
			b, err := s.db.Changes(f, from, size*perByte)
			if errors.Is(err, store.ErrCursor) && s.reborn() {
				return false, errReborn // the reader has just learned it
			}
			if err != nil {
				return false, fmt.Errorf("boxsync: changes: %w", err)
			}
			if len(b.Rows)+len(b.Gone) == 0 {
				continue
			}
			w, err := wireBatch(b)
			if err != nil {
				return false, err
			}
			s.mu.Lock()
			if s.next[f] != was { // corrected meanwhile
				s.mu.Unlock()
				return true, nil
			}
			s.next[f] = b.To
			s.idle = false
			s.flying = append(s.flying, flight{f, b.To, len(b.Rows) + len(b.Gone), len(w.Rows)/packs + 64, time.Now()})
			s.mu.Unlock()
			if lane <= store.Urgent {
				s.presses()
			}
			if err := s.f.write(frameBatch, w); err != nil {
				return false, err
			}
			s.bill.puts(lane, len(w.Rows)/packs+64)
			s.db.Sent(f, b.To)
			return true, nil
		}
	}
	return false, nil
}

// sayIdle tells the peer, once, that nothing is left and all is confirmed. The
// side that only came to empty its pockets then leaves.
func (s *session) sayIdle(flying int) (bool, error) {
	s.mu.Lock()
	rest := len(s.replies) > 0 || flying > 0 || s.hold || s.cmp.asks(setUp) || s.cmp.asks(setDown) || len(s.fetching) > 0 || len(s.wanted) > 0 || len(s.flying) > 0
	said, peer := s.idle, s.peerIdle
	if !rest {
		s.idle = true
	}
	s.mu.Unlock()
	if rest {
		return false, nil
	}
	if !said {
		s.rec.step("idle", 0)
		return true, s.f.write(frameIdle, []byte{})
	}
	if peer && s.ends {
		s.mu.Lock()
		s.leaving = true
		s.mu.Unlock()
		return false, errors.Join(s.f.flush(), errBye)
	}
	return false, nil
}
