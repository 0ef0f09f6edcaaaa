package boxsync

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	firstBack = 2 * time.Second
	lastBack  = 15 * time.Minute
)

// Run keeps a session open whenever the office can be reached, until ctx ends.
// After a failure it waits, twice as long each time up to 15 minutes, spread by
// chance; new work or Kick ends a pause that has lasted a minute, so that a
// link that just came back is used.
func (e *Engine) Run(ctx context.Context) error {
	back := firstBack
	for ctx.Err() == nil {
		r, err := e.attempt(ctx, false)
		if ctx.Err() != nil {
			break
		}
		var bye *ByeError
		wait, told := back/2+rand.N(back), false
		switch {
		case errors.Is(err, errReborn), errors.Is(err, errOtherDict):
			continue
		case errors.Is(err, ErrNotEnrolled):
			wait = time.Minute
		case errors.As(err, &bye) && bye.Back > 0:
			wait, told, back = bye.Back+rand.N(bye.Back/8+time.Second), true, firstBack
		case r.Sent+r.Received > 0 || err == nil:
			back = firstBack
		default:
			back = min(2*back, lastBack)
		}
		e.pause(ctx, wait, told)
	}
	return nil
}

// pause waits. New work ends it after a minute, but not where the office told
// when to come back.
func (e *Engine) pause(ctx context.Context, wait time.Duration, told bool) {
	e.mu.Lock()
	e.status.Next = time.Now().Add(wait)
	e.mu.Unlock()
	changed, stop := e.o.DB.Watch()
	defer stop()
	t := time.NewTimer(wait)
	defer t.Stop()
	patience := min(wait, time.Minute)
	if told {
		patience = wait
	}
	patient := time.NewTimer(patience)
	defer patient.Stop()
	select {
	case <-ctx.Done():
		return
	case <-e.kick:
		return
	case <-patient.C:
	}
	select {
	case <-ctx.Done():
	case <-e.kick:
	case <-changed:
	case <-t.C:
	}
}
