package boxsync

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"preau/store"
)

// Used are the bytes of a day, by lane: the sum is what crossed the line, TLS and
// all. Held are those that a power cut would leave counted; never fewer than were
// used on a lane that has a limit.
type Used struct {
	Day  string               `cbor:"1,keyasint"` // 2026-11-24, UTC
	Up   map[store.Lane]int64 `cbor:"2,keyasint,omitempty"`
	Down map[store.Lane]int64 `cbor:"3,keyasint,omitempty"`
	Held map[store.Lane]int64 `cbor:"4,keyasint,omitempty"` // counted in advance
	Left map[store.Lane]int64 `cbor:"6,keyasint,omitempty"` // records and files that the office confirmed or was given whole
	Came map[store.Lane]int64 `cbor:"7,keyasint,omitempty"`
	Ran  time.Duration        `cbor:"5,keyasint,omitempty"` // that the program ran while this was the newest day
}

// used is Scratch: what a box spent is its own affair, and a restored card
// begins a new count.
var used = store.Define(store.Spec[Used]{Name: "sync.used", Home: store.Scratch, Format: 1, Indexes: []store.Index[Used]{
	{Name: "day", Unique: true, Keys: func(u *Used) [][]byte { return [][]byte{store.Key(u.Day)} }},
}})

const (
	dayForm   = "2006-01-02"
	usedKept  = 70            // days: this month, the last one, and a few
	ledgerGap = 64 << 10      // bytes that are counted in advance, at least
	unwritten = 256 << 10     // bytes of lanes without limits that a power cut may leave uncounted
	nearEnd   = 2 * thinPiece // a lane is shut when less is left than may be under way
)

// total is what a lane has used, and what counts as used after a restart.
func (u *Used) total(l store.Lane) int64 { return u.Up[l] + u.Down[l] }

// ledger counts what a box's lanes cost, over restarts, and says which must
// wait. A commit is made only every so many bytes: the limited lanes' are
// counted before they are used, so that no power cut gives bytes back.
type ledger struct {
	db *store.DB

	mu     sync.Mutex
	budget Budget
	days   map[string]*Used // as known here
	today  *Used            // nil: not read yet
	began  time.Time        // of the running time not yet written
	since  int64            // bytes not yet written of lanes without limits
}

func newLedger(db *store.DB, budget Budget) *ledger {
	return &ledger{db: db, budget: budget, began: time.Now()}
}

// read takes up what was written. Called under mu.
func (l *ledger) read() error {
	if l.days != nil {
		return nil
	}
	days := map[string]*Used{}
	if err := l.db.View(func(tx *store.Tx) error {
		for r, err := range used.All(tx) {
			if err != nil {
				return err
			}
			u := r.Value
			for _, m := range []*map[store.Lane]int64{&u.Up, &u.Down, &u.Held, &u.Left, &u.Came} {
				if *m == nil {
					*m = map[store.Lane]int64{}
				}
			}
			// What was counted in advance and perhaps not used stays counted.
			for lane, n := range u.Held {
				u.Down[lane] += max(0, n-u.total(lane))
			}
			days[u.Day] = &u
		}
		return nil
	}); err != nil {
		return err
	}
	l.days = days
	return nil
}

// turnDay makes today the day that counts now. A trusted clock says which. A
// doubtful one neither gives a new day nor takes one back: the newest day goes
// on until the program has run for 24 hours in it.
func (l *ledger) turnDay() (at time.Time, trusted bool, err error) {
	if err := l.read(); err != nil {
		return at, false, err
	}
	at, trusted = l.db.Clock()
	at = at.UTC()
	day := at.Format(dayForm)
	if !trusted {
		if newest := l.newest(); newest != nil {
			if day = newest.Day; newest.Ran+l.ran() >= 24*time.Hour {
				next, err := time.Parse(dayForm, newest.Day)
				if err != nil {
					return at, false, err
				}
				day = next.AddDate(0, 0, 1).Format(dayForm)
			}
		}
	}
	if l.today != nil && l.today.Day == day {
		return at, trusted, nil
	}
	if l.today != nil {
		if err := l.write(0); err != nil {
			return at, trusted, err
		}
	}
	if l.today = l.days[day]; l.today == nil {
		none := func() map[store.Lane]int64 { return map[store.Lane]int64{} }
		l.today = &Used{Day: day, Up: none(), Down: none(), Held: none(), Left: none(), Came: none()}
		l.days[day] = l.today
	}
	return at, trusted, nil
}

func (l *ledger) newest() (u *Used) {
	for _, d := range l.days {
		if u == nil || d.Day > u.Day {
			u = d
		}
	}
	return u
}

func (l *ledger) ran() time.Duration { return time.Since(l.began) }

// write puts today's count down, with so much in advance on the lanes that have
// limits. Called under mu.
func (l *ledger) write(ahead int64) error {
	if u := l.newest(); u == l.today {
		u.Ran += l.ran()
	}
	l.began, l.since = time.Now(), 0
	for lane := range l.budget {
		if limited(l.budget[lane]) {
			l.today.Held[lane] = l.today.total(lane) + ahead
		}
	}
	u := *l.today
	return l.db.Update(func(tx *store.Tx) error {
		r, err := used.One(tx, "day", u.Day)
		if err == nil {
			return used.Set(tx, r.ID, u)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if _, err := used.Add(tx, u); err != nil {
			return err
		}
		return forgetDays(tx)
	})
}

// forgetDays keeps the newest days by their dates: one that a wrong clock put far
// ahead pushes out one, not a month.
func forgetDays(tx *store.Tx) error {
	ids := map[string]store.ID{}
	for r, err := range used.All(tx) {
		if err != nil {
			return err
		}
		ids[r.Value.Day] = r.ID
	}
	days := slices.Sorted(maps.Keys(ids))
	for _, d := range days[:max(0, len(days)-usedKept)] {
		if err := used.Delete(tx, ids[d]); err != nil {
			return err
		}
	}
	return nil
}

func limited(l Limits) bool { return l.Day > 0 || l.Month > 0 }

// add counts bytes of a lane that crossed the line.
func (l *ledger) add(lane store.Lane, up, down int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, _, err := l.turnDay(); err != nil {
		return err
	}
	l.today.Up[lane] += up
	l.today.Down[lane] += down
	if lim := l.budget[lane]; limited(lim) {
		// Counted in advance at all times: what the next pieces will take, too.
		if l.today.total(lane)+2*nearEnd > l.today.Held[lane] {
			return l.write(l.gap())
		}
		return nil
	}
	if l.since += up + down; l.since > unwritten {
		return l.write(l.gap())
	}
	return nil
}

// items counts records and files; they are written with the bytes.
func (l *ledger) items(lane store.Lane, left, came int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, _, err := l.turnDay(); err != nil {
		return // the bytes will say it
	}
	l.today.Left[lane] += int64(left)
	l.today.Came[lane] += int64(came)
}

// gap is how much is counted in advance: a small part of the smallest limit, so
// that a power cut costs little of it, and not so little that every second
// brings a commit.
func (l *ledger) gap() int64 {
	least := int64(0)
	for _, lim := range l.budget {
		for _, n := range []int64{lim.Day, lim.Month} {
			if n > 0 && (least == 0 || n < least) {
				least = n
			}
		}
	}
	return max(ledgerGap, least/256)
}

// settle writes down what was used, to the byte: a session has ended.
func (l *ledger) settle() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.today == nil {
		return nil
	}
	return l.write(0)
}

// month is what a lane has used in the month of a day.
func (l *ledger) month(lane store.Lane, day string) (n int64) {
	for _, u := range l.days {
		if u.Day[:7] == day[:7] {
			n += u.total(lane)
		}
	}
	return n
}

// hold says whether a lane waits, for what, and until when; zero when that
// cannot be said. Called under mu, after turnDay.
func (l *ledger) hold(lane store.Lane, at time.Time, trusted bool) (why Hold, until time.Time) {
	lim, some := l.budget[lane]
	if !some || lane < store.Records {
		return Open, until
	}
	day, err := time.Parse(dayForm, l.today.Day)
	if err != nil {
		return HeldDark, until
	}
	switch {
	case lim.Month > 0 && l.month(lane, l.today.Day)+nearEnd > lim.Month:
		return HeldMon, time.Date(day.Year(), day.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	case lim.Day > 0 && l.today.total(lane)+nearEnd > lim.Day:
		return HeldDay, day.AddDate(0, 0, 1)
	case len(lim.Windows) > 0 && !trusted:
		return HeldDark, until
	}
	if until = lim.opens(at); until.After(at) {
		return HeldTime, until
	}
	return Open, time.Time{}
}

// shut are the lanes that wait now. What cannot be known waits.
func (l *ledger) shut() (s laneSet, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.budget) == 0 {
		return 0, nil
	}
	at, trusted, err := l.turnDay()
	if err != nil {
		return 0, err
	}
	for _, lane := range LimitedLanes {
		if why, _ := l.hold(lane, at, trusted); why != Open {
			s.add(lane)
		}
	}
	return s, nil
}

// endless is the room of a lane without limits.
const endless = 1 << 40

// room is how many bytes of a file may be asked for on a lane: what was asked for
// comes, whatever is said afterwards.
func (l *ledger) room(lane store.Lane) (n int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n = endless
	lim := l.budget[lane]
	if !limited(lim) || lane < store.Records {
		return n, nil
	}
	if _, _, err := l.turnDay(); err != nil {
		return 0, err
	}
	if lim.Day > 0 {
		n = min(n, lim.Day-l.today.total(lane))
	}
	if lim.Month > 0 {
		n = min(n, lim.Month-l.month(lane, l.today.Day))
	}
	return max(0, n-nearEnd/2), nil
}

// LaneUse is what a lane has cost, what it may cost, and what it will.
type LaneUse struct {
	Lane       store.Lane
	Limits     Limits
	Up, Down   int64 // bytes, today
	Left, Came int64 // records and files, today
	Month      int64 // bytes, this month, today's too
	MonthEnds  int64 // bytes that the month will have cost at this rate; 0: too early to say
	Hold       Hold
	Until      time.Time // zero when it cannot be said
}

// use is the ledger, lane by lane.
func (l *ledger) use() (list []LaneUse, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, trusted, err := l.turnDay()
	if err != nil {
		return nil, err
	}
	for _, lane := range lanes {
		u := LaneUse{Lane: lane, Limits: l.budget[lane], Up: l.today.Up[lane], Down: l.today.Down[lane], Month: l.month(lane, l.today.Day)}
		u.Left, u.Came = l.today.Left[lane], l.today.Came[lane]
		u.MonthEnds = l.rate(u.Month, at)
		u.Hold, u.Until = l.hold(lane, at, trusted)
		list = append(list, u)
	}
	return list, nil
}

// rate is what a month will have cost at the rate of its days up to now, counted
// from the first that anything is known of.
func (l *ledger) rate(month int64, at time.Time) int64 {
	day, err := time.Parse(dayForm, l.today.Day)
	if err != nil {
		return 0
	}
	begin := time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
	end := begin.AddDate(0, 1, 0)
	first := l.today.Day
	for d := range l.days {
		if d[:7] == l.today.Day[:7] && d < first {
			first = d
		}
	}
	if t, err := time.Parse(dayForm, first); err == nil && t.After(begin) {
		begin = t
	}
	now := at
	if now.Format(dayForm) != l.today.Day { // a doubtful clock: the day is half over, say
		now = day.Add(12 * time.Hour)
	}
	gone := now.Sub(begin)
	if gone < time.Hour {
		return 0
	}
	return month + int64(float64(month)*float64(end.Sub(now))/float64(gone))
}
