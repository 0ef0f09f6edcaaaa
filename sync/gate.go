package boxsync

import (
	"sync"
	"time"
)

// Urgent lanes come first across all sessions of an office, not only within each:
// while one has something urgent or of control on its way, the pieces of files of
// the others wait. Nobody waits for ever: after yieldMost a session sends or takes
// its next piece all the same, and what is urgent counts for pressMost at most, so
// that a box that takes it slowly does not hold up the others.
type gate struct {
	mu      sync.Mutex
	urgent  int
	cleared chan struct{} // closed when nothing urgent is left; nil: nothing is
}

const (
	yieldMost = 500 * time.Millisecond
	pressMost = 5 * time.Second
)

// press says that something urgent is on its way, until done.
func (g *gate) press() (done func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.urgent++; g.cleared == nil {
		g.cleared = make(chan struct{})
	}
	var once sync.Once
	over := func() {
		once.Do(func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.urgent--; g.urgent == 0 {
				close(g.cleared)
				g.cleared = nil
			}
		})
	}
	t := time.AfterFunc(pressMost, over)
	return func() { t.Stop(); over() }
}

// clear is closed when nothing urgent is on its way any more; nil: nothing is now.
func (g *gate) clear() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.cleared
}

// presses tells the office's gate that this session has sent something urgent, until
// released.
func (s *session) presses() {
	if s.gate != nil && s.pressed == nil {
		s.pressed = s.gate.press()
	}
}

// released is called when what was written has left.
func (s *session) released() {
	if s.pressed != nil {
		s.pressed()
		s.pressed = nil
	}
}

// yields tells the writer to let what is urgent on other sessions go before its next
// piece; s.way is when to look again.
func (s *session) yields() bool {
	if s.gate == nil {
		return false
	}
	clear := s.gate.clear()
	if clear == nil {
		s.held = time.Time{}
		return false
	}
	if s.held.IsZero() {
		s.held = time.Now()
	}
	if time.Since(s.held) >= yieldMost {
		s.held = time.Time{}
		return false
	}
	s.way = clear
	return true
}

// makesWay has the reader take a piece only after what is urgent on other sessions.
func (s *session) makesWay() {
	if s.gate == nil {
		return
	}
	if clear := s.gate.clear(); clear != nil {
		t := time.NewTimer(yieldMost)
		defer t.Stop()
		select {
		case <-clear:
		case <-t.C:
		}
	}
}
