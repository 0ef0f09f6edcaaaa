package boxsync

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"preau/store"
)

// Limits are what one lane may cost a box, in both directions together. The
// zero value sets none. Control and urgent have none, ever: a circular that
// cannot wait does not wait for a data plan.
type Limits struct {
	Windows []Window // of the day, in UTC; none: always open
	Day     int64    // bytes a day; 0: as many as there are
	Month   int64    // bytes a calendar month; 0: as many as there are
}

// Window is a time of each day in minutes from midnight, From included and To
// not; one that ends before it begins runs over midnight.
type Window struct{ From, To int }

const dayMinutes = 24 * 60

// Budget is what each lane may cost.
type Budget map[store.Lane]Limits

// LimitedLanes are those that can be given limits, most pressing first.
var LimitedLanes = []store.Lane{store.Records, store.Small, store.Bulk, store.Sealed}

// Lanes are all, most pressing first.
func Lanes() []store.Lane { return lanes }

// LaneName is a lane's name in the configuration and in words keys.
func LaneName(l store.Lane) string {
	return [...]string{"", "control", "urgent", "records", "small", "bulk", "sealed"}[l]
}

var errWindow = errors.New("say HH:MM-HH:MM, as 21:00-05:30")

// ParseWindow reads "21:00-05:30".
func ParseWindow(text string) (w Window, err error) {
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		return w, errWindow
	}
	if w.From, err = parseMinute(from); err != nil {
		return w, err
	}
	if w.To, err = parseMinute(to); err != nil {
		return w, err
	}
	if w.From == w.To || w.From == dayMinutes {
		return w, errWindow
	}
	return w, nil
}

func parseMinute(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "24:00" {
		return dayMinutes, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, errWindow
	}
	return t.Hour()*60 + t.Minute(), nil
}

// String is what ParseWindow reads.
func (w Window) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", w.From/60, w.From%60, w.To/60, w.To%60)
}

func (w Window) holds(minute int) bool {
	if w.From < w.To {
		return w.From <= minute && minute < w.To
	}
	return w.From <= minute || minute < w.To
}

// opens is when a lane with windows is open next: at itself when it is open.
func (l Limits) opens(at time.Time) time.Time {
	if len(l.Windows) == 0 {
		return at
	}
	minute := at.Hour()*60 + at.Minute()
	next := dayMinutes
	for _, w := range l.Windows {
		if w.holds(minute) {
			return at
		}
		next = min(next, (w.From-minute+dayMinutes)%dayMinutes)
	}
	return at.Truncate(time.Minute).Add(time.Duration(next) * time.Minute)
}

// Hold is why a lane waits.
type Hold string

// The holds.
const (
	Open     Hold = ""         // it does not wait
	HeldTime Hold = "window"   // for the hour at which its window opens
	HeldDay  Hold = "day"      // the day's bytes are used
	HeldMon  Hold = "month"    // the month's are
	HeldDark Hold = "doubtful" // nobody knows the hour, and it has windows
)

// laneSet is some lanes, a bit each.
type laneSet uint64

func (s laneSet) has(l store.Lane) bool { return s&(1<<l) != 0 }

func (s *laneSet) add(l store.Lane) { *s |= 1 << l }
