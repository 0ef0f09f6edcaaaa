package appliance

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"preau/school"
	"preau/store"
	"preau/web"
)

// correction is one time that the site's clock was set.
type correction struct {
	From time.Time `cbor:"1,keyasint,omitempty"`
	To   time.Time `cbor:"2,keyasint,omitempty"`
	By   string    `cbor:"3,keyasint,omitempty"` // names of who said so; "" is the office
}

var corrections = store.Define(store.Spec[correction]{Name: "appliance.corrections", Home: store.Local, Format: 1})

// agreeWithin is how far apart two people's watches may be who say the same
// time, and voteHolds how long the first one's word waits for the second's.
const (
	agreeWithin = 2 * time.Minute
	voteHolds   = time.Hour
)

// setAhead is the furthest that people set the clock beyond what was ever stored:
// it never goes back, and a slip in the year would stand for ever.
const setAhead = 5 * 365 * 24 * time.Hour

// votes are what people said of the time and nobody has confirmed yet. They are
// relative to the machine's steady counter and end with the process.
type votes struct {
	mu   sync.Mutex
	last vote
}

type vote struct {
	who  store.ID
	name string
	by   time.Duration // how far the clock is behind, as they say
	at   time.Time
}

// confirmed tells who else said the same time within the last hour.
func (v *votes) confirmed(now vote) (other vote, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	old := v.last
	return old, old.who != (store.ID{}) && old.who != now.who && now.at.Sub(old.at) < voteHolds && (old.by-now.by).Abs() <= agreeWithin
}

// keep remembers what somebody said; the zero vote forgets.
func (v *votes) keep(said vote) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.last = said
}

// waits is who said a time that nobody has confirmed yet, "" for nobody.
func (v *votes) waits(now time.Time) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now.Sub(v.last.at) < voteHolds {
		return v.last.name
	}
	return ""
}

// heardTime lets the office's word set the clock, and keeps a note when it moved
// it by so much that people should hear of it.
func (r *Running) heardTime(clock *Clock, office time.Time, rtt time.Duration) {
	was, _ := clock.Now()
	by, set := clock.Office(office, rtt)
	if !set || by.Abs() < apartMatters {
		return
	}
	err := r.DB.Update(func(tx *store.Tx) error {
		_, err := corrections.Add(tx, correction{From: was, To: was.Add(by)})
		return err
	})
	if err != nil {
		r.Log.Warn("the clock's correction is not noted", "cause", err)
	}
}

type clockPage struct {
	web.Base
	Day, Hour   string
	Trusted     bool
	ByHand      bool
	Apart       time.Duration
	Alone       bool // this person's word is enough
	Waits       string
	Corrections []correction
}

// clockMark says how far the time can be relied on.
func (p clockPage) clockMark() web.Mark {
	now := p.DateTime(p.Now)
	switch {
	case !p.Trusted:
		return web.Mark{Icon: "clock", Tone: web.Ochre, Bold: p.T("appliance.clock.doubtful", "time", now), Text: p.T("appliance.clock.doubtful.text")}
	case p.ByHand:
		return web.Mark{Icon: "check", Tone: web.Blue, Bold: p.T("appliance.clock.by_hand", "time", now), Text: p.T("appliance.clock.by_hand.text")}
	case p.Apart.Abs() >= apartMatters:
		return web.Mark{Icon: "clock", Tone: web.Ochre, Bold: p.T("appliance.clock.apart", "time", now, "span", p.Span(p.Apart.Abs())), Text: p.T("appliance.clock.apart.text")}
	}
	return web.Mark{Icon: "check", Tone: web.Green, Bold: p.T("appliance.clock.right", "time", now), Text: p.T("appliance.clock.right.text")}
}

// who says who set the clock.
func (p clockPage) who(k correction) string {
	if k.By == "" {
		return p.T("appliance.clock.office")
	}
	return k.By
}

// button says what pressing it does: the technician's word is enough.
func (p clockPage) button() string {
	if p.Alone {
		return p.T("appliance.clock.button_alone")
	}
	return p.T("appliance.clock.button")
}

func (x *server) clockRoutes() []web.Route {
	staff := school.For(school.BoxStaff...)
	return []web.Route{
		{Path: "/clock", Access: staff, Handle: x.clockPage},
		{Method: http.MethodPost, Path: "/clock", Access: staff, Handle: x.setClock},
	}
}

func (x *server) clockPage(c *web.Ctx) error {
	p, err := x.clockModel(c)
	if err != nil {
		return err
	}
	p.Day = c.Now().Format(time.DateOnly) // the hour is to be read off a watch
	return c.Render(http.StatusOK, clockView(p))
}

func (x *server) clockModel(c *web.Ctx) (p clockPage, err error) {
	p = clockPage{Base: c.Base("appliance.clock.title"), Alone: c.Actor().Is(school.Technician)}
	if clock, ok := x.Clock.(*Clock); ok {
		p.Apart, p.ByHand = clock.Apart(), clock.ByHand()
	}
	_, p.Trusted = x.Clock.Now()
	p.Waits = x.said.waits(c.Now())
	err = c.View(func(tx *store.Tx) error {
		p.Corrections = nil
		for r, err := range corrections.Scan(tx, store.Query{Reverse: true}) {
			if err != nil || len(p.Corrections) == 10 {
				return err
			}
			p.Corrections = append(p.Corrections, r.Value)
		}
		return nil
	})
	return p, err
}

// setClock takes the technician's word for the time, or that of two people of
// the school who say the same.
func (x *server) setClock(c *web.Ctx) error {
	f, err := c.Form()
	clock, ok := x.Clock.(*Clock)
	if !ok {
		return fmt.Errorf("set the clock: the site's clock is a %T", x.Clock)
	}
	now, _ := clock.Now()
	said := vote{who: c.Actor().ID, name: c.Actor().Name, at: now}
	set, first := false, false
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			set, first = false, false
			at, err := saidTime(c, clock, f.Get("day"), f.Get("hour"))
			if err != nil {
				return web.Result{}, err
			}
			said.by = at.Sub(now)
			names := said.name
			if !c.Actor().Is(school.Technician) {
				other, ok := x.said.confirmed(said)
				if !ok {
					first = true
					return web.Result{To: "/clock", Flash: "appliance.clock.flash.second"}, nil
				}
				names = other.name + ", " + names
			}
			set = true
			if _, err := corrections.Add(tx, correction{From: now, To: at, By: names}); err != nil {
				return web.Result{}, err
			}
			return web.Result{To: "/clock", Flash: "appliance.clock.flash.set"}, school.Audit(tx, c.Actor(), "clock.set", store.ID{}, now, at)
		})
	}
	switch { // a form that came twice runs nothing, and moves nothing
	case err == nil && set:
		clock.SetByHand(said.by)
		x.said.keep(vote{})
	case err == nil && first:
		x.said.keep(said)
	}
	if !c.Refused(err) {
		return err
	}
	p, merr := x.clockModel(c)
	if merr != nil {
		return merr
	}
	p.Day, p.Hour = f.Get("day"), f.Get("hour")
	p.Refused = p.T("appliance.clock.refused")
	return c.Render(http.StatusUnprocessableEntity, clockView(p))
}

// saidTime is the time that a person typed, when they may set it and it can be.
func saidTime(c *web.Ctx, clock *Clock, day, hour string) (time.Time, error) {
	if _, trusted := clock.Now(); trusted && !c.Actor().Is(school.Technician) && !clock.ByHand() {
		return time.Time{}, school.Refuse("appliance.clock.refused.trusted", "")
	}
	var no school.Refusals
	d, err := time.Parse(time.DateOnly, strings.TrimSpace(day))
	if err != nil {
		if d, err = time.Parse("02/01/2006", strings.TrimSpace(day)); err != nil {
			no = append(no, school.Refuse("appliance.clock.refused.day", "day"))
		}
	}
	h, err := time.Parse("15:4", strings.ReplaceAll(strings.NewReplacer("h", ":", "H", ":").Replace(strings.Join(strings.Fields(hour), "")), "::", ":"))
	if err != nil {
		no = append(no, school.Refuse("appliance.clock.refused.hour", "hour"))
	}
	if len(no) > 0 {
		return time.Time{}, no
	}
	if lowest := clock.Lowest(); d.After(lowest.Add(setAhead)) {
		return time.Time{}, school.Refuse("appliance.clock.refused.ahead", "day", "when", web.FormatDateTime(c.Lang(), lowest))
	}
	at := d.Add(time.Duration(h.Hour())*time.Hour + time.Duration(h.Minute())*time.Minute)
	if lowest := clock.Lowest(); at.Before(lowest.Truncate(time.Minute)) {
		return time.Time{}, school.Refuse("appliance.clock.refused.past", "day", "when", web.FormatDateTime(c.Lang(), lowest))
	}
	return at, nil
}
