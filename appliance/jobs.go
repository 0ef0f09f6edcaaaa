package appliance

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"preau/store"
)

// runJobs starts the jobs of a site and returns when ctx has ended and all
// have stopped.
func runJobs(ctx context.Context, r *Running, jobs []Job) {
	var all sync.WaitGroup
	for _, j := range jobs {
		if at(j.At, r.Kind) && j.Run != nil {
			all.Go(func() { runJob(ctx, r, j) })
		}
	}
	all.Wait()
}

// failedPause is how long a job that failed rests before it runs again.
const failedPause = 10 * time.Second

func runJob(ctx context.Context, r *Running, j Job) {
	var changed <-chan struct{}
	if len(j.Watch) > 0 {
		var stop func()
		changed, stop = r.DB.Watch(j.Watch...)
		defer stop()
	}
	for ctx.Err() == nil {
		again := j.Every
		if err := try(ctx, r, j); err != nil && ctx.Err() == nil {
			if errors.Is(err, store.ErrClosed) {
				return
			}
			r.Log.Warn("job failed", "job", j.Name, "cause", err)
			if again == 0 || again > failedPause {
				again = failedPause
			}
		}
		if !rest(ctx, changed, again) {
			return
		}
	}
}

// try runs a job once. One that panics has failed; the site goes on.
func try(ctx context.Context, r *Running, j Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return j.Run(ctx, r)
}

// rest waits for a change, or for so long (0: for ever); false says to end.
func rest(ctx context.Context, changed <-chan struct{}, d time.Duration) bool {
	var tick <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		tick = t.C
	}
	select {
	case <-ctx.Done():
		return false
	case _, open := <-changed:
		return open
	case <-tick:
		return true
	}
}
