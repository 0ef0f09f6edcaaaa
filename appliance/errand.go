package appliance

import (
	"context"
	"os"
	"sync"
	"syscall"
	"time"
)

// errand is long work that a page started: one at a time. Its page shows how far
// it has come, and its outcome stays until the next one begins.
type errand struct {
	mu    sync.Mutex
	state errandState
	stop  context.CancelFunc
	ended chan struct{}
}

type errandState struct {
	Name        string // what is read or written, for people
	Writing     bool
	Done, Total int64 // bytes
	Began, End  time.Time
	Running     bool
	Said        string // the outcome in words
	Peer        string // whom an answer could be written for
	Err         error  // a refusal, or a failure
}

// begin starts work unless other work runs. The work is told to stop when ctx
// ends or halt is called.
func (e *errand) begin(ctx context.Context, s errandState, work func(ctx context.Context, told func(int64)) (said string, err error)) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state.Running {
		return false
	}
	ctx, e.stop = context.WithCancel(ctx)
	s.Running, s.Began = true, time.Now()
	e.state, e.ended = s, make(chan struct{})
	told := func(n int64) {
		e.mu.Lock()
		e.state.Done = n
		e.mu.Unlock()
	}
	go func() {
		defer close(e.ended)
		defer e.stop()
		said, err := work(ctx, told)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.state.Running, e.state.End, e.state.Said, e.state.Err = false, time.Now(), said, err
	}()
	return true
}

// wait is the state once the work has ended, or after so long.
func (e *errand) wait(d time.Duration) errandState {
	e.mu.Lock()
	ended := e.ended
	e.mu.Unlock()
	if ended != nil {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ended:
		case <-t.C:
		}
	}
	return e.now()
}

func (e *errand) now() errandState {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

// halt asks the work to stop, and waits for it.
func (e *errand) halt() {
	e.mu.Lock()
	stop, ended := e.stop, e.ended
	e.mu.Unlock()
	if stop != nil {
		stop()
		<-ended
	}
}

// mounted tells whether a folder is the top of a file system of its own: what
// is written into an empty mount point would land on the card.
func mounted(dir string) bool {
	if dir == "" {
		return false
	}
	here, err := os.Stat(dir)
	above, err2 := os.Stat(dir + "/..")
	if err != nil || err2 != nil || !here.IsDir() {
		return false
	}
	a, ok := here.Sys().(*syscall.Stat_t)
	b, ok2 := above.Sys().(*syscall.Stat_t)
	return ok && ok2 && a.Dev != b.Dev
}
