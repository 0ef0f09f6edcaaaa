package appliance

import (
	"os"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Clock is the site's clock and what is known against it. Between two looks it
// runs on the machine's steady counter, so that nobody who sets the machine's
// date moves it; the office's time sets it right when it is doubtful, and is
// only compared when it is not.
type Clock struct {
	machine func() time.Time
	synced  func() bool // the machine keeps time by itself: NTP, or a clock with a battery
	master  bool        // see Master

	mu     sync.Mutex
	start  time.Time     // a reading of machine, with its steady counter
	low    time.Time     // never below: the build's time, then the newest time stored
	offset time.Duration // added to the machine's
	fixed  bool          // the office or a person has said the time
	byHand bool          // it was a person: the office's word still counts more
	apart  time.Duration // the office's time minus ours, at the last contact

	looked time.Time // when synced was last asked, by machine
	keeps  bool      // and its answer
}

// ClockOptions make a clock; the zero value is a box's on a real machine.
type ClockOptions struct {
	Machine func() time.Time // nil: time.Now
	Synced  func() bool      // nil: asks the kernel
	Floor   time.Time        // zero: the time of the build
}

// NewClock reads the machine's clock for the first time.
func NewClock(o ClockOptions) *Clock {
	if o.Machine == nil {
		o.Machine = time.Now
	}
	if o.Synced == nil {
		o.Synced = machineSynced
	}
	if o.Floor.IsZero() {
		o.Floor = buildTime()
	}
	return &Clock{machine: o.Machine, synced: o.Synced, start: o.Machine(), low: o.Floor}
}

// Now is the time and whether it is trusted. A clock below what was already
// seen stands at that moment and is doubtful.
func (c *Clock) Now() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() (time.Time, bool) {
	steady := c.read()
	if steady.Before(c.low) {
		return c.low, false
	}
	return steady, c.fixed || c.master || c.disciplined()
}

// read is the steady time. When the machine's date was set by NTP meanwhile,
// the steady time starts again from there; any other change of the date is
// left alone.
func (c *Clock) read() time.Time {
	m := c.machine()
	steady := c.start.Add(m.Sub(c.start)).Add(c.offset)
	step := m.Round(0).Add(c.offset).Sub(steady.Round(0))
	if (step > 2*time.Second || step < -2*time.Second) && c.disciplined() {
		c.start, c.offset = m, 0
		return m.Round(0)
	}
	return steady.Round(0)
}

// Master says whether nobody else knows the time better: then a plausible
// clock is a trusted one. The office's is.
func (c *Clock) Master(yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.master = yes
}

// askEvery is how long an answer of the kernel serves: every request asks for
// the time.
const askEvery = 10 * time.Second

func (c *Clock) disciplined() bool {
	if m := c.machine(); c.looked.IsZero() || m.Sub(c.looked).Abs() >= askEvery {
		c.looked, c.keeps = m, c.synced()
	}
	return c.keeps
}

// NotBefore says that this time was stored: the clock never shows less.
func (c *Clock) NotBefore(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.low) {
		c.low = t
	}
}

// Office notes the office's time, heard rtt after it was asked for. It sets a
// doubtful clock, or one that a person set; a trusted one is only compared. It
// returns the difference, and whether the clock was set by it.
func (c *Clock) Office(office time.Time, rtt time.Duration) (by time.Duration, set bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, trusted := c.now()
	c.apart = office.Add(rtt / 2).Sub(c.read())
	if by = c.apart; trusted && !c.byHand {
		return by, false
	}
	c.offset += by
	c.fixed, c.byHand, c.apart = true, false, 0
	return by, true
}

// SetByHand moves the clock by what a person reads off another one, until the
// office speaks.
func (c *Clock) SetByHand(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, _ := c.now()
	c.offset += at.Add(by).Sub(c.read())
	c.fixed, c.byHand, c.apart = true, true, 0
}

// ByHand tells whether the time is what a person said.
func (c *Clock) ByHand() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byHand
}

// Lowest is the time that the clock never goes below: the newest that was stored.
func (c *Clock) Lowest() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.low
}

// Apart is the office's time minus this clock's at the last contact: zero when
// the clock was set by it.
func (c *Clock) Apart() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.apart
}

// machineSynced asks the kernel whether something disciplines the clock, and
// whether there is a clock that runs without power.
func machineSynced() bool {
	var t unix.Timex
	if state, err := unix.Adjtimex(&t); err == nil && state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0 {
		return true
	}
	_, err := os.Stat("/sys/class/rtc/rtc0")
	return err == nil
}

// firstDay is when the first version was made, for builds that do not say
// their own time.
var firstDay = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func buildTime() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return firstDay
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			if t, err := time.Parse(time.RFC3339, s.Value); err == nil && t.After(firstDay) {
				return t
			}
		}
	}
	return firstDay
}
