package appliance

import (
	"fmt"

	"preau/store"
	boxsync "preau/sync"
)

// LanesConfig says what a box's exchange may cost, lane by lane. Urgent
// circulars and what keeps the exchange itself in order have no line here: they
// never wait.
type LanesConfig struct {
	Records LaneConfig `mapstructure:"records"`
	Small   LaneConfig `mapstructure:"small"`
	Bulk    LaneConfig `mapstructure:"bulk"`
	Sealed  LaneConfig `mapstructure:"sealed"`
}

// LaneConfig is one lane's times of the day, in UTC as "21:00-05:30", and its
// MiB a day and a month, both ways together; 0 sets no limit.
type LaneConfig struct {
	Windows  []string `mapstructure:"windows"`
	DayMiB   int64    `mapstructure:"day_mib"`
	MonthMiB int64    `mapstructure:"month_mib"`
}

func (c LanesConfig) lane(l store.Lane) LaneConfig {
	return map[store.Lane]LaneConfig{store.Records: c.Records, store.Small: c.Small, store.Bulk: c.Bulk, store.Sealed: c.Sealed}[l]
}

// Budget is what the settings say, or what is wrong with them.
func (c LanesConfig) Budget() (boxsync.Budget, []error) {
	budget, no := boxsync.Budget{}, []error(nil)
	for _, lane := range boxsync.LimitedLanes {
		set, name := c.lane(lane), "lanes."+boxsync.LaneName(lane)
		limits := boxsync.Limits{Day: set.DayMiB << 20, Month: set.MonthMiB << 20}
		for key, n := range map[string]int64{"day_mib": set.DayMiB, "month_mib": set.MonthMiB} {
			if n < 0 || n > 1<<30 {
				no = append(no, fmt.Errorf("configuration: %s.%s is %d; say 0 for no limit, or a number of MiB", name, key, n))
			}
		}
		if set.DayMiB > 0 && set.MonthMiB > 0 && set.DayMiB > set.MonthMiB {
			no = append(no, fmt.Errorf("configuration: %s.day_mib is more than %s.month_mib", name, name))
		}
		for _, text := range set.Windows {
			w, err := boxsync.ParseWindow(text)
			if err != nil {
				no = append(no, fmt.Errorf("configuration: %s.windows has %q; %w", name, text, err))
				continue
			}
			limits.Windows = append(limits.Windows, w)
		}
		if len(limits.Windows) > 0 || limits.Day > 0 || limits.Month > 0 {
			budget[lane] = limits
		}
	}
	return budget, no
}
