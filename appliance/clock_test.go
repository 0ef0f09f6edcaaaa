package appliance

import (
	"testing"
	"time"
)

// machine is a computer whose clock tests set.
type machine struct {
	at     time.Time
	synced bool
}

func (m *machine) clock(floor time.Time) *Clock {
	return NewClock(ClockOptions{Machine: func() time.Time { return m.at }, Synced: func() bool { return m.synced }, Floor: floor})
}

var day = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func TestClockIsDoubtfulUntilTheOfficeSpeaks(t *testing.T) {
	m := &machine{at: day}
	c := m.clock(day.AddDate(0, -1, 0))
	if _, trusted := c.Now(); trusted {
		t.Error("a clock that nothing disciplines is trusted")
	}
	c.Office(day.Add(3*time.Hour), 2*time.Second)
	at, trusted := c.Now()
	if want := day.Add(3*time.Hour + time.Second); !at.Equal(want) || !trusted {
		t.Errorf("after the office spoke: %v, trusted %v; want %v", at, trusted, want)
	}
	if c.Apart() != 0 {
		t.Errorf("set by the office and yet %v apart", c.Apart())
	}
	m.at = m.at.Add(time.Minute)
	if at, _ := c.Now(); !at.Equal(day.Add(3*time.Hour + time.Minute + time.Second)) {
		t.Errorf("a minute later it is %v", at)
	}
}

func TestClockThatIsTrustedIsOnlyCompared(t *testing.T) {
	m := &machine{at: day, synced: true}
	c := m.clock(day.AddDate(0, -1, 0))
	c.Office(day.Add(10*time.Minute), 0)
	if at, trusted := c.Now(); !at.Equal(day) || !trusted {
		t.Errorf("moved to %v, trusted %v", at, trusted)
	}
	if c.Apart() != 10*time.Minute {
		t.Errorf("apart %v", c.Apart())
	}
}

func TestClockNeverGoesBelowWhatWasStored(t *testing.T) {
	m := &machine{at: time.Date(1970, 1, 1, 0, 0, 9, 0, time.UTC), synced: true}
	c := m.clock(day)
	if at, trusted := c.Now(); !at.Equal(day) || trusted {
		t.Errorf("without a battery: %v, trusted %v; want the build's time, doubtful", at, trusted)
	}
	stored := day.AddDate(0, 2, 0)
	c.NotBefore(stored)
	if at, trusted := c.Now(); !at.Equal(stored) || trusted {
		t.Errorf("below the newest stored: %v, trusted %v", at, trusted)
	}
	c.Office(stored.Add(time.Hour), 0)
	if at, trusted := c.Now(); !at.Equal(stored.Add(time.Hour)) || !trusted {
		t.Errorf("after the office spoke: %v, trusted %v", at, trusted)
	}
}

func TestOfficesClockIsItsOwnMaster(t *testing.T) {
	m := &machine{at: day}
	c := m.clock(day.AddDate(0, -1, 0))
	c.Master(true)
	if _, trusted := c.Now(); !trusted {
		t.Error("the office doubts a plausible clock")
	}
	m.at = day.AddDate(-1, 0, 0)
	if _, trusted := c.Now(); trusted {
		t.Error("the office trusts a clock below its build's time")
	}
}
