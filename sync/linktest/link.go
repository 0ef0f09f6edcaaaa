// Package linktest scripts the uplink of a school for tests: so many bytes a
// second, so long a way, cut after a byte, dead until it is brought back. It
// works on connections in memory, so that testing/synctest gives it fake time.
//
// A link carries bytes in order and loses none until it is cut; then both ends
// see an error, as when a modem drops.
package linktest

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// ErrDown is what a dial over a dead link says.
var ErrDown = errors.New("linktest: the link is down")

// Link is an uplink to one listener. The zero value is up, quick and endless;
// its methods may be called while connections run.
type Link struct {
	mu    sync.Mutex
	down  bool
	delay time.Duration // one way
	rate  int           // bytes a second, each way; 0 unlimited
	cut   int64         // bytes, both ways together, until the link drops; 0 never
	moved int64
	atCut func()
	open  map[*end]bool
	l     *Listener
}

// New makes a link and the listener at its far end.
func New() (*Link, *Listener) {
	k := &Link{open: map[*end]bool{}}
	return k, k.Listen()
}

// Listen puts a new listener at the far end: an office that starts again.
func (k *Link) Listen() *Listener {
	l := &Listener{calls: make(chan net.Conn), done: make(chan struct{})}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.l = l
	return l
}

// Set gives the link its one-way delay and its bytes a second (0: unlimited).
func (k *Link) Set(delay time.Duration, rate int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.delay, k.rate = delay, rate
}

// CutAfter has the link drop every connection once n more bytes have crossed
// it, both ways together. It stays up for the next call. 0: never.
func (k *Link) CutAfter(n int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cut, k.moved, k.atCut = n, 0, nil
}

// CrashAfter is CutAfter with something that happens at that very byte, before
// either side learns of it: the power going, say.
func (k *Link) CrashAfter(n int64, crash func()) {
	k.CutAfter(n)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.atCut = crash
}

// Down drops every connection and refuses calls until up again.
func (k *Link) Down(down bool) {
	k.mu.Lock()
	k.down = down
	var all []*end
	if down {
		for e := range k.open {
			all = append(all, e)
		}
	}
	k.mu.Unlock()
	for _, e := range all {
		e.Close()
	}
}

// Moved is how many bytes have crossed since the last CutAfter.
func (k *Link) Moved() int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.moved
}

// Dial calls the listener. addr means nothing.
func (k *Link) Dial(ctx context.Context, _ string) (net.Conn, error) {
	k.mu.Lock()
	down, l := k.down, k.l
	k.mu.Unlock()
	if down {
		return nil, ErrDown
	}
	near, far := net.Pipe()
	a, b := &end{Conn: near, k: k}, &end{Conn: far, k: k}
	a.peer, b.peer = b, a
	k.mu.Lock()
	k.open[a], k.open[b] = true, true
	k.mu.Unlock()
	select {
	case l.calls <- b:
		return a, nil
	case <-l.done:
	case <-ctx.Done():
	}
	a.Close()
	return nil, ErrDown
}

// end is one end of a connection.
type end struct {
	net.Conn
	k    *Link
	peer *end
}

func (e *end) Write(b []byte) (int, error) {
	sent := 0
	for len(b) > 0 {
		n, wait, alive := e.k.take(len(b))
		if wait > 0 {
			time.Sleep(wait)
		}
		if n > 0 {
			m, err := e.Conn.Write(b[:n])
			sent += m
			if err != nil {
				return sent, err
			}
		}
		if !alive {
			e.k.crash()
			e.Close()
			return sent, ErrDown
		}
		b = b[n:]
	}
	return sent, nil
}

func (k *Link) crash() {
	k.mu.Lock()
	crash := k.atCut
	k.atCut = nil
	k.mu.Unlock()
	if crash != nil {
		crash()
	}
}

// take says how many of n bytes may cross now, how long that lasts, and whether
// the link outlives them.
func (k *Link) take(n int) (allowed int, wait time.Duration, alive bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down {
		return 0, 0, false
	}
	allowed, alive = n, true
	if k.cut > 0 && k.moved+int64(n) >= k.cut {
		allowed, alive = int(k.cut-k.moved), false
		k.cut = 0
	}
	k.moved += int64(allowed)
	wait = k.delay
	if k.rate > 0 {
		wait += time.Duration(float64(allowed) / float64(k.rate) * float64(time.Second))
	}
	return allowed, wait, alive
}

// Close drops the connection: a pipe that ends at one side ends at both.
func (e *end) Close() error {
	e.k.mu.Lock()
	delete(e.k.open, e)
	delete(e.k.open, e.peer)
	e.k.mu.Unlock()
	return e.Conn.Close()
}

// Listener is the far end of a link.
type Listener struct {
	calls chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// Accept waits for a call.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and refuses further calls.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr is a name.
func (l *Listener) Addr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "linktest" }
func (addr) String() string  { return "linktest" }
