package appliance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// boxExchange is a box's side: the engine.
type boxExchange struct{ *boxsync.Engine }

// Addr is empty: a box is not called.
func (boxExchange) Addr() string { return "" }

// Close has nothing to let go.
func (boxExchange) Close() error { return nil }

func makeExchange(r *Running, s Site) (Exchange, error) {
	if s.Exchange != nil {
		return s.Exchange(r)
	}
	if r.Kind != web.Box {
		return nil, fmt.Errorf("appliance: a site of kind %s needs an exchange of its own", r.Kind)
	}
	return newBoxExchange(r)
}

// newBoxExchange makes the engine of the box in r.
func newBoxExchange(r *Running) (Exchange, error) {
	key, err := boxsync.LoadKey(r.Dir)
	if err != nil {
		return nil, err
	}
	var site school.SiteInfo
	if err := r.DB.View(func(tx *store.Tx) (err error) { site, err = school.Site(tx); return err }); err != nil {
		return nil, err
	}
	budget, bad := r.Config.Lanes.Budget()
	if len(bad) > 0 {
		return nil, errors.Join(bad...)
	}
	o := boxsync.EngineOptions{
		DB: r.DB, Key: key, Site: site.Code, Build: r.Version, Log: r.Log, Budget: budget,
		Addr:   func() string { return r.Config.Office.Address },
		Health: r.health,
	}
	if clock, ok := r.Clock.(*Clock); ok {
		o.Offset = func(office time.Time, rtt time.Duration) { r.heardTime(clock, office, rtt) }
	}
	return boxExchange{boxsync.NewEngine(o)}, nil
}

// health is what the office is told of this machine.
func (r *Running) health() boxsync.Health {
	d := diskAt(r.Dir)
	h := boxsync.Health{FreeDisk: d.Free, DiskSize: d.Total}
	_ = r.DB.View(func(tx *store.Tx) error {
		now, _ := tx.Now()
		cuts, _, err := stops(tx, now.AddDate(0, 0, -cutDays))
		h.Cuts = len(cuts)
		return err
	})
	return h
}

// once is one attempt of the exchange, in the server or in a process of its own.
func (r *Running) once(ctx context.Context) (boxsync.Report, error) {
	if r.Exchange != nil {
		return r.Exchange.Once(ctx)
	}
	x, err := newBoxExchange(r)
	if err != nil {
		return boxsync.Report{}, err
	}
	return x.Once(ctx)
}

var errNotNoted = errors.New("the office accepted the code, but this box could not note it: enrol again with a new code")

// enrolRefusal is why an enrolment did not come about, for a person; nil when err
// is nothing that they can mend.
func enrolRefusal(err error, addr string) *school.Refusal {
	var bye *boxsync.ByeError
	switch {
	case errors.Is(err, boxsync.ErrCode):
		return school.Refuse("enrol.refused.wrong_code", "code")
	case errors.Is(err, boxsync.ErrImpostor):
		return school.Refuse("enrol.refused.impostor", "office")
	case errors.As(err, &bye):
		return school.Refuse("enrol.refused.busy", "office", "count", max(1, int(bye.Back.Minutes())))
	case errors.As(err, new(net.Error)):
		return school.Refuse("enrol.refused.no_answer", "office", "office", addr)
	}
	return nil
}

// Enrol meets the office with the code it made, pins its keys, and takes over
// what its registry says of the school: that counts more than what was typed
// when the box was set up.
func Enrol(ctx context.Context, r *Running, addr, code string) (boxsync.Enrolled, error) {
	key, err := boxsync.LoadKey(r.Dir)
	if err != nil {
		return boxsync.Enrolled{}, err
	}
	e, err := boxsync.Enrol(ctx, boxsync.EnrolOptions{DB: r.DB, Key: key, Addr: addr, Code: code})
	if err != nil {
		return e, err
	}
	err = r.DB.Update(func(tx *store.Tx) error {
		s, err := school.Site(tx)
		if err != nil {
			return err
		}
		was := s.Code
		s.Root = e.Root
		for _, f := range []struct {
			to   *string
			from string
		}{
			{&s.Code, e.School.Code},
			{&s.Name, e.School.Name},
			{&s.Region, e.School.Region},
			{&s.Inspection, e.School.Inspection},
			{&s.Type, e.School.Type},
			{&s.Town, e.School.Town},
		} {
			if f.from != "" {
				*f.to = f.from
			}
		}
		if err := school.SetSite(tx, s); err != nil {
			return err
		}
		return school.Audit(tx, school.Actor{}, "site.enrolled", store.ID{}, was, s.Code)
	})
	if err != nil {
		return e, errors.Join(errNotNoted, err)
	}
	if b, ok := r.Exchange.(boxExchange); ok {
		b.SetSite(e.School.Code)
		b.Kick()
	}
	return e, nil
}
