package appliance

import (
	"sync"
	"time"
)

// floor is a day before which no box ever ran: a clock that says less woke
// without a battery.
var floor = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// Clock is the machine's clock and what is known against it. A doubtful clock
// is set right by the office's time (SYNC, Clock); a plausible one is kept and
// the difference only shown.
type Clock struct {
	machine func() time.Time

	mu     sync.Mutex
	low    time.Time     // never below: the newest time stored
	offset time.Duration // added to the machine's
	fixed  bool          // the office has said the time
	apart  time.Duration // the office's time minus ours, at the last contact
}

// NewClock reads the machine's clock through machine; nil is time.Now.
func NewClock(machine func() time.Time) *Clock {
	if machine == nil {
		machine = time.Now
	}
	return &Clock{machine: machine, low: floor}
}

// Now is the time and whether it is trusted.
func (c *Clock) Now() (time.Time, bool) {
	now := c.machine()
	c.mu.Lock()
	defer c.mu.Unlock()
	now = now.Add(c.offset)
	return now, c.fixed || !now.Before(c.low)
}

// NotBefore says that this time was stored: a reading below it is doubtful.
func (c *Clock) NotBefore(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.low) {
		c.low = t
	}
}

// Office notes the office's time, heard rtt after it was asked for.
func (c *Clock) Office(office time.Time, rtt time.Duration) {
	now, trusted := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.apart = office.Add(rtt / 2).Sub(now)
	if !trusted {
		c.offset += c.apart
		c.fixed, c.apart = true, 0
	}
}

// Apart is the office's time minus this clock's, at the last contact.
func (c *Clock) Apart() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.apart
}
