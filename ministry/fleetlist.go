package ministry

import (
	"io"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/sheet"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// exportFleet sends what the fleet's page lists as CSV or XLSX, with every lane.
func exportFleet(c *web.Ctx) error {
	format := c.Query("format")
	if format != sheet.CSV && format != sheet.XLSX {
		return c.NotFound()
	}
	asked := fleetAsks(c)
	var boxes []fleetBox
	if err := c.View(func(tx *store.Tx) (err error) { boxes, err = fleetBoxes(c, tx, asked.Unit); return err }); err != nil {
		return err
	}
	b := c.Base("ministry.fleet.title")
	head := []any{}
	for _, key := range []string{"code", "school", "region", "inspection", "state", "contact", "up", "down"} {
		head = append(head, b.T("ministry.col."+key))
	}
	for _, way := range []string{"up", "down"} {
		for _, l := range lanes {
			head = append(head, b.T("ministry.col."+way)+" · "+b.T("ministry.lane."+boxsync.LaneName(l)))
		}
	}
	for _, key := range []string{"disk_free", "disk_size", "cuts", "apart", "trusted", "month_up", "month_down", "version"} {
		head = append(head, b.T("ministry.col."+key))
	}
	rows := [][]any{head}
	for _, x := range inState(boxes, asked.Only) {
		rows = append(rows, x.cells(b))
	}
	return c.Download("fleet-"+b.Today()+"."+format, sheet.MediaType(format), func(w io.Writer) error { return sheet.Write(w, format, rows) })
}

// cells are a box in a list for other programs: what it never told stays empty.
func (x fleetBox) cells(b web.Base) []any {
	c := x.Contact
	told := func(v any) any {
		if x.Silent == 0 {
			return ""
		}
		return v
	}
	last := ""
	if !c.Last.IsZero() {
		last = c.Last.UTC().Format(time.RFC3339)
	}
	cells := []any{x.Code, x.Name, x.Region, x.Inspection, x.mark(b).Bold, last, told(c.Pending), x.waitsHere()}
	for _, list := range [][]school.LaneWait{c.Waiting, x.Here} {
		for _, l := range lanes {
			n := 0
			for _, w := range list {
				if w.Lane == l {
					n = w.Records
				}
			}
			cells = append(cells, n)
		}
	}
	trusted := b.T("ministry.fleet.no")
	if c.Trusted {
		trusted = b.T("ministry.fleet.yes")
	}
	return append(cells, told(c.FreeDisk), told(c.DiskSize), told(c.Cuts), told(int(c.Apart.Seconds())), told(trusted), x.Month.Up, x.Month.Down, c.Build)
}

// figures are the fleet's for Prometheus. Labels are codes of schools: few
// thousand, and no person.
func figures(tx *store.Tx) (list []appliance.Figure, err error) {
	units, err := org.OfKind(tx, org.School, org.Today(tx))
	if err != nil {
		return nil, err
	}
	enrolled, err := liveBoxes(tx)
	if err != nil {
		return nil, err
	}
	heard, err := school.ContactsBySite(tx)
	if err != nil {
		return nil, err
	}
	alike := map[string]int{}
	for _, u := range units {
		code := u.Value.Code
		b := fleetBoxOf(tx, schoolRow{Unit: u.Value, Enrolled: enrolled[code], Contact: heard[code]})
		alike[b.state()]++
		if !b.Enrolled || b.Silent == 0 {
			continue
		}
		c := b.Contact
		add := func(name, help string, value float64, labels ...string) {
			list = append(list, appliance.Figure{Name: "fleet_" + name, Help: help, Labels: append([]string{"school", code}, labels...), Value: value})
		}
		add("last_contact_seconds", "Unix time at which a box was last heard.", float64(c.Last.Unix()))
		add("disk_free_bytes", "Room left on a box's disk, as it last said.", float64(c.FreeDisk))
		add("disk_size_bytes", "Size of a box's disk.", float64(c.DiskSize))
		add("clock_apart_seconds", "A box's clock minus the office's, when it was last heard.", c.Apart.Seconds())
		trusted := 0.0
		if c.Trusted {
			trusted = 1
		}
		add("clock_trusted", "1 when a box trusts its clock.", trusted)
		add("power_cuts", "Times that the power went at a box in the 30 days before it was last heard.", float64(c.Cuts))
		for way, waits := range map[string][]school.LaneWait{"up": c.Waiting, "down": b.Here} {
			for _, w := range waits {
				add("waiting_records", "Records that wait on a lane, at the box (up, as it last said) or for it (down).", float64(w.Records), "lane", boxsync.LaneName(w.Lane), "way", way)
			}
		}
		add("month_bytes", "Bytes exchanged with a box this month, TLS and all.", float64(b.Month.Up), "way", "up")
		add("month_bytes", "Bytes exchanged with a box this month, TLS and all.", float64(b.Month.Down), "way", "down")
		add("box_info", "1, with the version of a box's program.", 1, "version", c.Build)
	}
	for _, s := range boxStates {
		list = append(list, appliance.Figure{Name: "fleet_boxes", Help: "Schools by the state of their box.", Labels: []string{"state", s}, Value: float64(alike[s])})
	}
	return list, nil
}
