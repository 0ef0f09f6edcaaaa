package appliance

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

const lanesPath = "/status/exchange"

// lanesPage is the exchange of a box, lane by lane.
type lanesPage struct {
	web.Base
	statusSync
	Lanes    []boxsync.LaneState
	Limited  bool            // some lane has a limit
	Now      *boxsync.Report // the session that is open, or nil
	Reports  []boxsync.Report
	Enrolled bool
}

func (x *server) lanesPage(c *web.Ctx) error {
	b, ok := x.Exchange.(boxExchange)
	if !ok {
		return store.ErrNotFound
	}
	lanes, err := b.Lanes()
	if err != nil {
		return err
	}
	s, err := x.Status()
	if err != nil {
		return err
	}
	ex := x.exchange()
	p := lanesPage{
		Base: c.Base("appliance.lanes.title"), Lanes: lanes, Reports: ex.Reports,
		statusSync: statusSync{Sync: s.Sync, Next: ex.Next}, Enrolled: ex.State != "unenrolled",
	}
	if !ex.Now.Started.IsZero() && ex.State == "connected" {
		p.Now = &ex.Now
	}
	for _, l := range lanes {
		p.Limited = p.Limited || l.Limits.Day > 0 || l.Limits.Month > 0
	}
	return c.Render(http.StatusOK, lanesView(p))
}

// statusSync is what the head of the page says.
type statusSync struct {
	Sync StatusSync
	Next time.Time
}

func (p lanesPage) lane(l boxsync.LaneState) string {
	return p.T("appliance.lanes.lane." + boxsync.LaneName(l.Lane))
}

func (p lanesPage) laneHint(l boxsync.LaneState) string {
	return p.T("appliance.lanes.hint." + boxsync.LaneName(l.Lane))
}

// hold is whether a lane is open, and if not, for what it waits.
func (p lanesPage) hold(l boxsync.LaneState) web.Mark {
	m := web.Mark{Icon: "clock", Tone: web.Ochre, Bold: p.T("appliance.lanes.waits")}
	switch l.Hold {
	case boxsync.Open:
		return web.Mark{Icon: "check", Tone: web.Green, Bold: p.T("appliance.lanes.open")}
	case boxsync.HeldDark:
		m.Text = p.T("appliance.lanes.hold.doubtful")
	default:
		m.Text = p.T("appliance.lanes.hold."+string(l.Hold), "time", p.Moment(l.Until))
	}
	return m
}

// items writes how many, and how much.
func (p lanesPage) items(n int, size int64) string {
	switch {
	case n == 0 && size == 0:
		return "–"
	case n == 0:
		return p.Size(size)
	}
	return p.T("appliance.lanes.items", "count", n, "size", p.Size(size))
}

// waiting says what waits on a lane, one line a kind.
func (p lanesPage) waiting(l boxsync.LaneState) (lines []string) {
	for _, w := range []struct {
		key string
		boxsync.Waits
	}{{"records", l.ToSend}, {"gives", l.Lacked}, {"down", l.ToCome}} {
		if w.Items > 0 {
			lines = append(lines, p.T("appliance.lanes.wait."+w.key, "count", w.Items, "size", p.Size(w.Bytes)))
		}
	}
	return lines
}

// used is bytes of bytes planned, or the bytes alone.
func (p lanesPage) used(n, planned int64) string {
	if planned == 0 {
		return p.Size(n)
	}
	return p.T("appliance.lanes.used", "used", p.Size(n), "planned", p.Size(planned))
}

// widest is the most that any lane uses, or may use, in a month: the bars are
// drawn against it.
func (p lanesPage) widest() (n int64) {
	for _, l := range p.Lanes {
		n = max(n, l.Month, l.Limits.Month)
	}
	return n
}

// bar is a lane's month in KiB: used, and still to be used.
func (p lanesPage) bar(l boxsync.LaneState) (most, used, left int) {
	return int(p.widest() >> 10), int(l.Month >> 10), int(max(0, l.Limits.Month-l.Month) >> 10)
}

// total is all lanes together.
func (p lanesPage) total() (t boxsync.LaneState) {
	for _, l := range p.Lanes {
		t.Up += l.Up
		t.Down += l.Down
		t.Month += l.Month
		t.MonthEnds += l.MonthEnds
	}
	return t
}

// rate is what the month will have cost at this rate.
func (p lanesPage) rate(l boxsync.LaneState) string {
	if l.MonthEnds == 0 {
		return "–"
	}
	return p.T("appliance.lanes.about", "size", p.Size(l.MonthEnds))
}

// windows are the hours at which a lane is open, "" always.
func (p lanesPage) windows(l boxsync.LaneState) string {
	var all []string
	for _, w := range l.Limits.Windows {
		all = append(all, p.T("appliance.lanes.window", "from", p.hour(w.From), "to", p.hour(w.To)))
	}
	return strings.Join(all, ", ")
}

// hour writes minutes from midnight: 21 h 30, 21:30.
func (p lanesPage) hour(minute int) string {
	if p.Lang == "fr" {
		return fmt.Sprintf("%d\u00a0h\u00a0%02d", minute/60, minute%60)
	}
	return fmt.Sprintf("%02d:%02d", minute/60, minute%60)
}

// steps are an attempt, step by step, in one line.
func (p lanesPage) steps(r boxsync.Report) string {
	open := p.Now != nil && r.Started.Equal(p.Now.Started)
	var all []string
	for i, s := range r.Steps {
		if s.Name == "idle" && (i < len(r.Steps)-1 || r.Stage != "" && !open) {
			continue // the link is idle at the end, if anywhere
		}
		all = append(all, p.T("appliance.lanes.step."+s.Name, "count", s.N))
	}
	moved := p.Size(r.Up + r.Down)
	switch {
	case open:
		all = append(all, p.T("appliance.lanes.step.far", "size", moved))
	case r.Stage == "":
		all = append(all, p.T("appliance.lanes.step.end", "size", moved))
	case r.Up+r.Down == 0:
		all = append(all, p.T("appliance.stage."+r.Stage))
	default:
		all = append(all, p.T("appliance.stage."+r.Stage), p.T("appliance.lanes.step.cut", "size", moved))
	}
	return strings.Join(all, " · ")
}

func (p lanesPage) heads(keys ...string) (list []web.Head) {
	for _, k := range keys {
		class := ""
		if i := strings.IndexByte(k, '/'); i >= 0 {
			k, class = k[:i], k[i+1:]
		}
		list = append(list, web.Head{Label: p.T("appliance.lanes.head." + k), Class: class})
	}
	return list
}
