package boxsync

import (
	"sync"
	"time"
)

// Report is one attempt, whole: the value that log, page and JSON all show.
type Report struct {
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	Steps    []Step    `json:"steps"`
	Up       int64     `json:"up"`   // bytes that left, TLS and all
	Down     int64     `json:"down"` // bytes that came
	Sent     int       `json:"sent"` // records the other side confirmed
	Received int       `json:"received"`
	Err      string    `json:"error,omitempty"`  // for the log
	Stage    string    `json:"failed,omitempty"` // the step that did not work, "" when all did
}

// Step is one thing that worked. Name is a words key's last part: resolved,
// dialled, agreed, greeted, sent, received, file (one came), gave (one left), idle.
type Step struct {
	Name string    `json:"name"`
	At   time.Time `json:"at"`
	N    int       `json:"n,omitempty"`
}

// Status is where the exchange of a box stands.
type Status struct {
	State       string        `json:"state"` // "unenrolled", "never", "connected", "offline"
	LastContact time.Time     `json:"last_contact"`
	LastError   string        `json:"last_error"`
	Pending     Pending       `json:"pending"`
	Offset      time.Duration `json:"-"`
	Next        time.Time     `json:"next"` // when it calls again
	Now         Report        `json:"-"`    // the session that is open, so far; Started is zero when none is
	Reports     []Report      `json:"-"`    // newest first
	Held        []LaneUse     `json:"-"`    // the lanes that wait for their hour or their bytes
}

// Pending is what waits to leave.
type Pending struct {
	Records int   `json:"records"`
	Bytes   int64 `json:"bytes"`
}

// recorder builds a Report while a session runs.
type recorder struct {
	mu sync.Mutex
	r  Report
	m  *meter // of the connection, once there is one
}

func (r *recorder) step(name string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k := len(r.r.Steps); n > 0 && k > 0 && r.r.Steps[k-1].Name == name {
		r.r.Steps[k-1].N += n
		r.r.Steps[k-1].At = time.Now()
	} else if k < 60 {
		r.r.Steps = append(r.r.Steps, Step{name, time.Now(), n})
	}
	switch name {
	case "sent":
		r.r.Sent += n
	case "received":
		r.r.Received += n
	}
}

func (r *recorder) stage(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.r.Stage = name
}

// far is the report of a session that goes on.
func (r *recorder) far() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.r
	x.Steps, x.Ended = append([]Step(nil), x.Steps...), time.Now()
	if r.m != nil {
		x.Up, x.Down = r.m.out.Load(), r.m.in.Load()
	}
	return x
}

func (r *recorder) on(m *meter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.m = m
}

func (r *recorder) end(m *meter, err error) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.r.Ended = time.Now()
	if m != nil {
		r.r.Up, r.r.Down = m.out.Load(), m.in.Load()
	}
	if err != nil {
		r.r.Err = err.Error()
	} else {
		r.r.Stage = ""
	}
	return r.r
}
