package linktest

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Proxy is a thin uplink for real programs: it takes TCP connections on loopback,
// carries them to a target at so many bytes a second each way and so long a way,
// and counts. It works in real time.
type Proxy struct {
	target string
	rate   int           // bytes a second each way; 0: unlimited
	delay  time.Duration // one way
	l      net.Listener
	all    sync.WaitGroup

	mu     sync.Mutex
	free   [2]time.Time // when each way is free again
	last   int          // the way of the last bytes, +1
	open   map[net.Conn]bool
	counts Counts
}

// Counts is what crossed a Proxy: bytes of TCP payload, connections, and turns,
// how often the caller had to wait for the other side: changes from up to down.
type Counts struct {
	Up, Down           int64
	Connections, Turns int
}

// NewProxy listens on a free port of loopback.
func NewProxy(target string, rate int, delay time.Duration) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{target: target, rate: rate, delay: delay, l: l, open: map[net.Conn]bool{}}
	p.all.Go(p.serve)
	return p, nil
}

// Addr is where to call.
func (p *Proxy) Addr() string { return p.l.Addr().String() }

// Port is the number after the colon.
func (p *Proxy) Port() int { return p.l.Addr().(*net.TCPAddr).Port }

// Target is what it carries to.
func (p *Proxy) Target() string { return p.target }

// Limit changes the line, for what is not on it yet.
func (p *Proxy) Limit(rate int, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate, p.delay = rate, delay
}

// Peek gives the counts and goes on counting.
func (p *Proxy) Peek() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Take gives the counts since the last Take.
func (p *Proxy) Take() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts
	p.counts, p.last = Counts{}, 0
	return c
}

// Cut drops all connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

// Close drops all connections and takes no more.
func (p *Proxy) Close() error {
	err := p.l.Close()
	p.Cut()
	p.all.Wait()
	return err
}

func (p *Proxy) serve() {
	for {
		c, err := p.l.Accept()
		if err != nil {
			return
		}
		p.all.Go(func() { p.carry(c) })
	}
}

func (p *Proxy) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer far.Close()
	p.mu.Lock()
	p.counts.Connections++
	p.open[near], p.open[far] = true, true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, near)
		delete(p.open, far)
	}()
	p.mu.Lock()
	wait := 2 * p.delay
	p.mu.Unlock()
	time.Sleep(wait) // the handshake of TCP
	var both sync.WaitGroup
	both.Go(func() { p.way(0, far, near) })
	both.Go(func() { p.way(1, near, far) })
	both.Wait()
}

type packet struct {
	data []byte
	at   time.Time
}

// way carries one direction: each packet leaves when the line is free and
// arrives a delay later.
func (p *Proxy) way(way int, to, from net.Conn) {
	queue := make(chan packet, 16) // what a modem holds
	var sink sync.WaitGroup
	sink.Go(func() {
		for k := range queue {
			time.Sleep(time.Until(k.at))
			p.count(way, len(k.data))
			if _, err := to.Write(k.data); err != nil {
				from.Close()
			}
		}
		if t, ok := to.(*net.TCPConn); ok {
			_ = t.CloseWrite()
		}
	})
	for {
		b := make([]byte, 1400)
		n, err := from.Read(b)
		if n > 0 {
			queue <- packet{b[:n], p.takeLine(way, n)}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				to.Close()
			}
			break
		}
	}
	close(queue)
	sink.Wait()
}

// takeLine says when n bytes will have arrived, and waits until they may enter
// the line.
func (p *Proxy) takeLine(way, n int) time.Time {
	p.mu.Lock()
	start, delay := time.Now(), p.delay
	if p.free[way].After(start) {
		start = p.free[way]
	}
	end := start
	if p.rate > 0 {
		end = start.Add(time.Duration(float64(n) / float64(p.rate) * float64(time.Second)))
		p.free[way] = end
	}
	p.mu.Unlock()
	time.Sleep(time.Until(start))
	return end.Add(delay)
}

func (p *Proxy) count(way, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if way == 0 {
		p.counts.Up += int64(n)
	} else {
		p.counts.Down += int64(n)
		if p.last == 1 {
			p.counts.Turns++
		}
	}
	p.last = way + 1
}
