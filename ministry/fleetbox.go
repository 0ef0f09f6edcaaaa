package ministry

import (
	"strings"
	"time"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// fleetBox is a school with what the office knows of its box.
type fleetBox struct {
	schoolRow
	Here   []school.LaneWait // what waits at the office for this box, by lane
	Month  school.Month      // what crossed the link this month
	Faults []string          // of boxFaults, worst first
	Silent time.Duration     // since it was heard; 0 never
}

// Where a box stands, the most troubled first.
var boxStates = []string{"silent", "never", "sick", "not_enrolled", "heard"}

const (
	// silentAfter is when a box that was heard before counts as silent: two school
	// days without power or link are usual, a week is not.
	silentAfter = 7 * 24 * time.Hour
	// apartFrom is how far a clock may be off before somebody should look.
	apartFrom = 2 * time.Minute
	lowDisk   = 200 << 20 // bytes; or a twentieth of the disk
	// manyCuts is in 30 days: twice every day.
	manyCuts = 60
)

var lanes = boxsync.Lanes()

// fleetBoxOf is a box as lists show it: how much waits for it, not what that weighs.
func fleetBoxOf(tx *store.Tx, r schoolRow) fleetBox {
	now, _ := tx.Now()
	b := boxAt(r, now)
	waits := store.CountWaiting(tx, r.Code)
	for _, l := range lanes {
		if waits[l] > 0 {
			b.Here = append(b.Here, school.LaneWait{Lane: l, Records: waits[l]})
		}
	}
	return b
}

// weigh works out what the records that wait for the box weigh.
func (b *fleetBox) weigh(tx *store.Tx) {
	for i := range b.Here {
		_, b.Here[i].Bytes = store.WaitingFor(tx, b.Code, b.Here[i].Lane)
	}
}

// boxMark is where a school's box stands, for the registry.
func boxMark(b web.Base, r schoolRow) web.Mark { return boxAt(r, b.Now).mark(b) }

// boxAt judges what a box last said.
func boxAt(r schoolRow, now time.Time) fleetBox {
	c, b := r.Contact, fleetBox{schoolRow: r, Month: r.Contact.InMonth(now)}
	if !c.Last.IsZero() {
		b.Silent = max(now.Sub(c.Last), 1)
	}
	if c.FreeDisk > 0 && (c.FreeDisk < lowDisk || c.FreeDisk < c.DiskSize/20) {
		b.Faults = append(b.Faults, "disk")
	}
	if c.Apart.Abs() > apartFrom {
		b.Faults = append(b.Faults, "clock")
	}
	if c.Cuts >= manyCuts {
		b.Faults = append(b.Faults, "cuts")
	}
	return b
}

func (b fleetBox) state() string {
	switch {
	case !b.Enrolled:
		return "not_enrolled"
	case b.Silent == 0:
		return "never"
	case b.Silent > silentAfter:
		return "silent"
	case len(b.Faults) > 0:
		return "sick"
	}
	return "heard"
}

// waitsHere counts what waits at the office for the box.
func (b fleetBox) waitsHere() (n int) {
	for _, l := range b.Here {
		n += l.Records
	}
	return n
}

// stateMark is a state in words; mark adds what is known of one box.
func stateMark(b web.Base, state string) web.Mark {
	m := map[string]web.Mark{
		"silent":       {Icon: "clock", Tone: web.Brick},
		"never":        {Icon: "clock", Tone: web.Brick},
		"sick":         {Icon: "octagon", Tone: web.Ochre},
		"not_enrolled": {Icon: "lock", Tone: web.Ochre},
		"heard":        {Icon: "columns", Tone: web.Green},
	}[state]
	m.Bold = b.T("ministry.fleet." + state)
	return m
}

func (x fleetBox) mark(b web.Base) web.Mark {
	m := stateMark(b, x.state())
	switch x.state() {
	case "silent":
		m.Bold, m.Text = b.T("ministry.fleet.no_contact"), b.T("ministry.fleet.since", "when", b.Moment(x.Contact.Last))
	case "sick":
		var all []string
		for _, f := range x.Faults {
			all = append(all, b.T("ministry.fault."+f))
		}
		m.Bold, m.Text = strings.Join(all, ", "), b.Moment(x.Contact.Last)
	case "not_enrolled":
		if b.Actor.Is(school.Operator) {
			m.Href = "/schools/" + x.Code + "/enrol"
		}
	case "heard":
		m.Text = b.Moment(x.Contact.Last)
	}
	return m
}

func (x fleetBox) clock(b web.Base) string {
	c := x.Contact
	switch {
	case x.Silent == 0:
		return ""
	case !c.Trusted && c.Apart.Abs() > apartFrom:
		return b.T("ministry.fleet.clock_doubtful")
	case c.Apart > apartFrom:
		return b.T("ministry.fleet.clock_ahead", "span", b.Span(c.Apart))
	case c.Apart < -apartFrom:
		return b.T("ministry.fleet.clock_behind", "span", b.Span(-c.Apart))
	}
	return b.T("ministry.fleet.clock_right")
}

func (x fleetBox) disk(b web.Base) string {
	if x.Contact.FreeDisk == 0 {
		return ""
	}
	return b.Size(x.Contact.FreeDisk)
}

// diskLeft is what is free of the disk in thousandths, for a bar; 0 when it is not told.
func (x fleetBox) diskLeft() int {
	c := x.Contact
	if c.DiskSize == 0 {
		return 0
	}
	return int((c.FreeDisk*1000 + c.DiskSize - 1) / c.DiskSize)
}

// moved is what crossed the link this month; nothing when nothing did.
func (x fleetBox) moved(b web.Base) string {
	if x.Month.Up+x.Month.Down == 0 {
		return ""
	}
	return b.Size(x.Month.Up + x.Month.Down)
}

// told is a number that a box says of itself, nothing before it was heard.
func (x fleetBox) told(b web.Base, n int) string {
	if x.Silent == 0 {
		return ""
	}
	return b.Number(n)
}

type boxPageModel struct {
	web.Base
	Box    fleetBox
	Change bool
}

// laneRow is what waits on one lane, both ways.
type laneRow struct {
	Lane       string
	There      school.LaneWait // at the box, as it last said
	Here       school.LaneWait // at the office
	Told, Some bool            // the box tells lanes; something waits
}

func (p boxPageModel) lanes() (rows []laneRow, most int) {
	at := func(list []school.LaneWait, l store.Lane) (w school.LaneWait) {
		for _, w := range list {
			if w.Lane == l {
				return w
			}
		}
		return w
	}
	for _, l := range lanes {
		r := laneRow{Lane: boxsync.LaneName(l), There: at(p.Box.Contact.Waiting, l), Here: at(p.Box.Here, l)}
		r.Some = r.There.Records+r.Here.Records > 0
		rows, most = append(rows, r), max(most, r.There.Records+r.Here.Records)
	}
	return rows, most
}

func (p boxPageModel) facts() []web.Fact {
	c := p.Box.Contact
	fact := func(key, text string) web.Fact {
		return web.Fact{Label: p.T("ministry.col." + key), Text: text}
	}
	facts := []web.Fact{{Label: p.T("ministry.col.box"), Value: web.Chip(p.Base, p.Box.mark(p.Base))}}
	if p.Box.Silent == 0 {
		return facts
	}
	clock := p.Box.clock(p.Base)
	if !c.Trusted && c.Apart.Abs() <= apartFrom {
		clock = p.T("ministry.fleet.clock_untrusted")
	}
	disk := p.Box.disk(p.Base)
	if c.DiskSize > 0 {
		disk = p.T("ministry.fleet.disk_of", "free", disk, "total", p.Size(c.DiskSize))
	}
	return append(facts,
		fact("contact", p.DateTime(c.Last)),
		fact("clock", clock),
		web.Fact{Label: p.T("ministry.col.disk"), Value: measured(p.Base, disk, 1000, p.Box.diskLeft())},
		fact("cuts", p.T("ministry.fleet.cuts", "count", c.Cuts)),
		fact("version", c.Build))
}

// months are newest first, with the largest for the bars, in KiB.
func (p boxPageModel) months() (list []school.Month, most int) {
	for i := range p.Box.Contact.Months {
		m := p.Box.Contact.Months[len(p.Box.Contact.Months)-1-i]
		list, most = append(list, m), max(most, kib(m.Up)+kib(m.Down))
	}
	return list, most
}

// monthName writes "2026-11" as "11/2026".
func (p boxPageModel) monthName(m string) string {
	year, month, _ := strings.Cut(m, "-")
	return month + "/" + year
}

func kib(n int64) int { return int((n + 1023) >> 10) }
