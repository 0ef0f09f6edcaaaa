package appliance

import (
	"time"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// Status is where a site stands: the value that the API, the status page and
// the line under the roof all show. It names no person.
type Status struct {
	Site     StatusSite      `json:"site"`
	Version  string          `json:"version"`
	Clock    StatusClock     `json:"clock"`
	Sync     StatusSync      `json:"sync"`
	Pending  boxsync.Pending `json:"pending"`
	Disk     Disk            `json:"disk"`
	ReadOnly bool            `json:"readonly"`
}

// StatusSite says which site it is.
type StatusSite struct {
	Code string   `json:"code"`
	Name string   `json:"name"`
	Kind web.Kind `json:"kind"`
}

// StatusClock is the site's time. OffsetMs is the office's minus ours, at the
// last contact.
type StatusClock struct {
	Now      time.Time `json:"now"`
	Trusted  bool      `json:"trusted"`
	OffsetMs int64     `json:"offset_ms"`
}

// StatusSync is where the exchange stands. LastContact is null before the first.
type StatusSync struct {
	State       string     `json:"state"`
	LastContact *time.Time `json:"last_contact"`
	LastError   string     `json:"last_error"`
}

// Status is the site's status now.
func (x *server) Status() (Status, error) {
	var site school.SiteInfo
	if err := x.DB.View(func(tx *store.Tx) (err error) { site, err = school.Site(tx); return err }); err != nil {
		return Status{}, err
	}
	at, trusted := x.Clock.Now()
	ex := x.exchange()
	s := Status{
		Site: StatusSite{site.Code, site.Name, web.Kind(site.Kind)}, Version: x.Version,
		Clock: StatusClock{Now: at.UTC().Truncate(time.Millisecond), Trusted: trusted},
		Sync:  StatusSync{State: ex.State, LastError: ex.LastError}, Pending: ex.Pending,
		Disk: x.disk.state(), ReadOnly: x.DB.ReadOnly() != nil,
	}
	if c, ok := x.Clock.(*Clock); ok {
		s.Clock.OffsetMs = c.Apart().Milliseconds()
	}
	if !ex.LastContact.IsZero() {
		at := ex.LastContact.UTC()
		s.Sync.LastContact = &at
	}
	return s, nil
}

// exchangeHolds is how long a reading of the exchange's status serves: the line
// under the roof is drawn on every page, and what waits is counted each time.
const exchangeHolds = time.Second

// heldLanes are those that wait for their hour or for their bytes.
func (x *server) heldLanes() map[store.Lane]web.Held {
	if x.Kind != web.Box {
		return nil
	}
	held := map[store.Lane]web.Held{}
	for _, u := range x.exchange().Held {
		held[u.Lane] = web.Held{Why: string(u.Hold), Until: u.Until}
	}
	return held
}

// exchange is the exchange's status, at most exchangeHolds old.
func (x *server) exchange() boxsync.Status {
	x.ex.Lock()
	defer x.ex.Unlock()
	if time.Since(x.ex.read) > exchangeHolds {
		x.ex.last, x.ex.read = x.Exchange.Status(), time.Now()
	}
	return x.ex.last
}
