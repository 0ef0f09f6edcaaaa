package web

import (
	"time"

	"preau/store"
)

// Collections are the page kit's own, for store.Open. All are Scratch: they
// stay in this folder, and no backup carries them.
func Collections() []store.Definition {
	return []store.Definition{sessions, seen, spent, uploads, tokens, answers}
}

// How long things are kept that nobody will ask for again.
const (
	sweepEvery  = time.Hour
	sweepMost   = 200 // records in one go
	keepUploads = 24 * time.Hour
	keepAnswers = 30 * 24 * time.Hour
)

// sweep takes out what has ended, at most once an hour and a little at a time, in
// a transaction that is written anyway. Spent tokens go only when their session
// is gone: as long as it lives a form must not become new again.
func (s *Server) sweep(tx *store.Tx) error {
	now, _ := tx.Now()
	last := s.swept.Load()
	if now.Unix()-last < int64(sweepEvery/time.Second) || !s.swept.CompareAndSwap(last, now.Unix()) {
		return nil
	}
	if err := sweepSessions(tx, now); err != nil {
		return err
	}
	n := 0
	for r, err := range spent.Where(tx, "at") {
		if err != nil {
			return err
		}
		if n++; n > sweepMost || now.Sub(r.Value.At) < 2*anonIdle {
			break
		}
		if c, err := sessions.Count(tx, "hash", r.Value.Session); err != nil || c > 0 {
			continue
		}
		if err := spent.Delete(tx, r.ID); err != nil {
			return err
		}
	}
	n = 0
	for r, err := range uploads.Where(tx, "at") {
		if err != nil {
			return err
		}
		if n++; n > sweepMost || now.Sub(r.Value.At) < keepUploads {
			break
		}
		if err := uploads.Delete(tx, r.ID); err != nil {
			return err
		}
	}
	n = 0
	for r, err := range answers.Where(tx, "at") {
		if err != nil {
			return err
		}
		if n++; n > sweepMost || now.Sub(r.Value.At) < keepAnswers {
			break
		}
		if err := answers.Delete(tx, r.ID); err != nil {
			return err
		}
	}
	return nil
}

func sweepSessions(tx *store.Tx, now time.Time) error {
	n := 0
	for r, err := range seen.Where(tx, "at") {
		if err != nil {
			return err
		}
		if n++; n > sweepMost || now.Sub(r.Value.At) <= sharedIdle {
			return nil
		}
		rec, err := sessions.Get(tx, r.Value.Session)
		switch {
		case err == nil && rec.Value.Own && now.Sub(r.Value.At) <= ownIdle:
			continue
		case err == nil:
			if err := sessions.Delete(tx, rec.ID); err != nil {
				return err
			}
		}
		if err := seen.Delete(tx, r.ID); err != nil {
			return err
		}
	}
	return nil
}
