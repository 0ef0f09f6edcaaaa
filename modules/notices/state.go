package notices

import (
	"time"

	"preau/school"
	"preau/store"
	"preau/web"
)

// The states of a signed notice on a day.
const (
	Coming    = "coming" // signed, published later
	Current   = "current"
	Expired   = "expired"
	Withdrawn = "withdrawn"
	Replaced  = "replaced"
)

// line is a notice as lists walk it, with what ends it. Lines are shared by all who
// ask: never to be changed.
type line struct {
	id        store.ID
	kind      Kind
	reference string
	subject   string
	year      string
	date      string // of the signature
	from      string
	until     string // as written, "" for the year's end
	ends      string
	ack       bool
	withdraws bool
	audience  Audience
	old       store.ID // which it ends

	by          store.ID // the notice that ends it, zero while none does
	byReference string
	byFrom      string // from this day on
	byWithdraws bool
}

// register is every signed notice, newest first.
func register(c *web.Ctx, tx *store.Tx) ([]line, error) {
	return web.Remember(c, tx, "notices.register", []string{notices.Name()}, func() ([]line, error) { return readLines(tx) })
}

func readLines(tx *store.Tx) (list []line, err error) {
	at := map[store.ID]int{}
	for r, err := range notices.Scan(tx, store.Query{Index: "date", Reverse: true}) {
		if err != nil {
			return nil, err
		}
		at[r.ID] = len(list)
		list = append(list, lineOf(r))
	}
	for _, l := range list {
		if i, ok := at[l.old]; ok && !l.old.IsZero() {
			list[i].endedBy(l)
		}
	}
	return list, nil
}

func lineOf(r store.Record[Notice]) line {
	n := &r.Value
	return line{
		id: r.ID, kind: n.Text.Kind, reference: n.Reference, subject: n.Text.Subject, year: n.Year, date: n.Date, from: n.Text.From,
		until: n.Text.Until, ends: n.Ends, ack: n.Text.Ack, withdraws: n.Text.Withdraws, audience: n.Text.Audience, old: n.Text.Replaces,
	}
}

func (l *line) endedBy(by line) {
	l.by, l.byReference, l.byFrom, l.byWithdraws = by.id, by.reference, by.from, by.withdraws
}

// one is the line of a single notice.
func one(tx *store.Tx, r store.Record[Notice]) (line, error) {
	l := lineOf(r)
	for s, err := range notices.Where(tx, "replaces", r.ID) {
		if err != nil {
			return l, err
		}
		l.endedBy(lineOf(s))
	}
	return l, nil
}

// state is where a notice stands on a day, YYYY-MM-DD.
func (l *line) state(day string) string {
	switch {
	case !l.by.IsZero() && l.byFrom <= day && l.byWithdraws:
		return Withdrawn
	case !l.by.IsZero() && l.byFrom <= day:
		return Replaced
	case day < l.from:
		return Coming
	case day > l.ends:
		return Expired
	}
	return Current
}

// asks tells whether a notice wants to be acknowledged on a day.
func (l *line) asks(day string) bool { return l.ack && l.state(day) == Current }

// today is the day by which a transaction judges, YYYY-MM-DD.
func today(tx *store.Tx) string {
	now, _ := tx.Now()
	return now.Format(time.DateOnly)
}

// reader is somebody who asks what there is to read.
type reader struct {
	me    store.Record[school.Person]
	level string
	all   bool // keeps the register: sees every notice, also what is to come
}

func readerOf(c *web.Ctx, tx *store.Tx) (r reader, err error) {
	if r.me, err = school.People.Get(tx, c.Actor().ID); err != nil {
		return r, err
	}
	r.all = school.May(school.ListNotices).Allows(c.Actor())
	r.level, err = levelOf(tx, r.me.Value.Class)
	return r, err
}

// meant tells whether the notice is addressed to the reader.
func (r *reader) meant(l *line) bool { return l.audience.means(&r.me.Value, r.level) }

// sees tells whether the reader may open a notice: who is meant, from the day of
// its publication; staff also what pupils are told, for they are asked about it; and
// who keeps the register all of it.
func (r *reader) sees(l *line, day string) bool {
	switch {
	case r.all:
		return true
	case l.state(day) == Coming || l.from > day:
		return false
	}
	return r.meant(l) || r.me.Value.Kind == school.Staff && l.audience.pupils()
}

// mark is a state with its icon.
func mark(b web.Base, l *line, state string) web.Mark {
	m := map[string]web.Mark{
		Coming:    {Icon: "clock", Tone: web.Ochre, Text: b.ShortDay(l.from)},
		Current:   {Icon: "check", Tone: web.Green},
		Expired:   {Icon: "file", Text: b.ShortDay(l.ends)},
		Withdrawn: {Icon: "octagon", Tone: web.Brick, Text: b.T("notices.state.by", "reference", l.byReference)},
		Replaced:  {Icon: "octagon", Tone: web.Ochre, Text: b.T("notices.state.by", "reference", l.byReference)},
	}[state]
	m.Bold = b.T("notices.state." + state)
	return m
}
