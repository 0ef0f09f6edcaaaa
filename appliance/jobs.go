package appliance

import (
	"context"
	"errors"
	"sync"
	"time"

	"preau/store"
)

// runJobs starts the jobs of a site and returns when ctx has ended and all
// have stopped.
func runJobs(ctx context.Context, r *Running, jobs []Job) {
	var all sync.WaitGroup
	for _, j := range jobs {
		if at(j.At, r.Kind) {
			all.Go(func() { runJob(ctx, r, j) })
		}
	}
	all.Wait()
}

const failedPause = 10 * time.Second

func runJob(ctx context.Context, r *Running, j Job) {
	var changed <-chan struct{}
	if len(j.Watch) > 0 {
		var stop func()
		changed, stop = r.DB.Watch(j.Watch...)
		defer stop()
	}
	for {
		again := j.Every
		if err := j.Run(ctx, r); err != nil && ctx.Err() == nil {
			if errors.Is(err, store.ErrClosed) {
				return
			}
			r.Log.Warn("job failed", "job", j.Name, "cause", err)
			if again == 0 || again > failedPause {
				again = failedPause
			}
		}
		var tick <-chan time.Time
		if again > 0 {
			t := time.NewTimer(again)
			defer t.Stop()
			tick = t.C
		}
		select {
		case <-ctx.Done():
			return
		case _, open := <-changed:
			if !open {
				return
			}
		case <-tick:
		}
	}
}
