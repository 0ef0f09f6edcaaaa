package appliance

import (
	"cmp"
	"embed"
	"fmt"
	"net/http"
	"slices"
	"time"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

//go:embed words/*.json
var words embed.FS

func (x *server) routes() []web.Route {
	health := school.May(school.SeeHealth)
	routes := []web.Route{
		{Path: "/", Access: school.SignedIn(), Reads: x.dueReads(), Every: time.Hour, Handle: x.home},
		{Path: "/status", Access: health, Handle: x.statusPage},
		{Method: http.MethodPost, Path: lanesPath, Access: health, Handle: x.exchangeNow},
		{Path: "/status/sheet", Access: health, Handle: x.addressSheet},
		{Path: "/account/held", Access: school.SignedIn(), Handle: x.showOwn},
		{Path: "/people/{id}/held", Access: school.May(school.TellAllHeld), Handle: x.showHeld},
		{Path: "/status/log", Access: health, Handle: x.logPage},
	}
	if x.Kind == web.Box {
		routes = append(routes, x.displacedRoutes()...)
		routes = append(routes, web.Route{Path: lanesPath, Access: health, Handle: x.lanesPage})
		routes = slices.Concat(routes, x.whyRoutes(), x.httpsRoutes(), x.clockRoutes())
	}
	return append(append(routes, x.setupRoutes()...), x.stickRoutes()...)
}

// nav is the site's own navigation around that of its modules.
func (x *server) nav(modules []web.NavItem) []web.NavItem {
	nav := append([]web.NavItem{{Key: "appliance.nav.home", Href: "/", Access: school.SignedIn()}}, modules...)
	return append(nav, web.NavItem{Key: "appliance.nav.sticks", Href: sticksPath, Access: x.sticksNav()},
		web.NavItem{Key: "appliance.nav.status", Href: "/status", Access: school.May(school.SeeHealth)})
}

// sticksNav is who finds the sticks in the navigation. The head, who has six words
// there already, finds them on the page of the site's state.
func (x *server) sticksNav() school.Access {
	var roles []school.Role
	for _, r := range school.May(school.UseSticks).Roles {
		if r != school.Head {
			roles = append(roles, r)
		}
	}
	return school.For(roles...)
}

func (x *server) endpoints() []web.Endpoint {
	return []web.Endpoint{{
		Method: http.MethodGet, Path: "/status", Access: school.Public(), Out: Status{},
		Summary: "Where the site stands: clock, exchange, what waits, disk. Needs no login.",
		Handle:  func(*web.Ctx) (any, error) { return x.Status() },
	}}
}

// dueReads are the collections of the home page, so that it can be answered by
// "unchanged" without asking any module.
func (x *server) dueReads() []string {
	reads := append(boxsync.DisplacedNames(), setups.Name(), store.ProgressName, school.Classes.Name(), school.Assignments.Name())
	for _, m := range x.Modules {
		switch {
		case m.Due == nil && m.Board == nil:
		case m.DueReads != nil:
			reads = append(reads, m.DueReads...)
		default:
			for _, d := range m.Collections {
				reads = append(reads, d.Name())
			}
		}
	}
	slices.Sort(reads)
	return slices.Compact(reads)
}

// homeMost is how many lines a person takes in at a glance (LOOK, task line).
const homeMost = 5

type homePage struct {
	web.Base
	Due   []web.Task
	More  int
	Board []web.Task // what is posted
	Rest  int        // of it, not listed
	Ways  []web.Link // where else a pupil goes from here, in sight on a phone too
}

func (x *server) home(c *web.Ctx) error {
	var first, due, posted []web.Task
	err := c.View(func(tx *store.Tx) (err error) {
		due, posted = nil, nil
		if first, err = x.setupDue(c, tx); err != nil {
			return err
		}
		aside, err := x.displacedDue(c, tx)
		if err != nil {
			return err
		}
		first = append(first, aside...)
		for _, m := range x.Modules {
			for _, x := range []struct {
				list func(*web.Ctx, *store.Tx) ([]web.Task, error)
				into *[]web.Task
			}{{m.Due, &due}, {m.Board, &posted}} {
				if x.list == nil {
					continue
				}
				list, err := x.list(c, tx)
				if err != nil {
					return fmt.Errorf("home page, %s: %w", m.Name, err)
				}
				*x.into = append(*x.into, list...)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(due, pressing)
	due = append(first, due...)
	p := homePage{Base: c.Base("appliance.home.title")}
	p.Lead = p.Date(c.Now())
	if c.Actor().Is(school.Pupil) {
		p.Ways = slices.DeleteFunc(slices.Clone(p.Nav), func(l web.Link) bool { return l.Href == "/" })
	}
	p.Board = posted[:min(len(posted), homeMost)]
	p.Rest = beyond(posted, p.Board)
	p.Due = due[:min(len(due), homeMost)]
	p.More = beyond(due, p.Due)
	return c.Render(http.StatusOK, homeView(p))
}

// beyond counts what a list has besides the lines that are shown.
func beyond(list, shown []web.Task) int {
	n := len(list) - len(shown)
	for _, t := range list {
		n += t.More
	}
	return n
}

// pressing sorts what is due: urgent first, then late, then by date, what has no
// date last among its like. Only five lines are shown: what is urgent must not
// hide behind nearer dates.
func pressing(a, b web.Task) int {
	rank := func(t web.Task) int {
		switch {
		case t.Urgent:
			return 0
		case t.Late:
			return 1
		case t.Date != "":
			return 2
		}
		return 3
	}
	undated := func(t web.Task) int {
		if t.Date == "" {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(undated(a), undated(b)), cmp.Compare(a.Date, b.Date))
}

type statusPage struct {
	web.Base
	hardware
	At        addresses
	QR        string        // of the best address
	Cuts      []startRecord // of the last cutDays
	Lives     int           // origins that this store has gone through
	LastClean time.Time
	Status
	Box      bool
	Apart    time.Duration // of the clocks, when it matters
	Next     time.Time
	Reports  []boxsync.Report
	Started  time.Time
	Clean    bool
	LastCopy time.Time
	USB      usbDisk
	HTTPS    string   // "" where there is none
	Root     []string // fingerprint of the authority's certificate
}

// sticks leads to the exchange by USB stick.
func (p statusPage) sticks() web.Button {
	return web.Button{Label: p.T("appliance.nav.sticks"), Kind: web.Third, Href: sticksPath}
}

// cutDays is how far back the power cuts are counted.
const cutDays = 30

// apartMatters is the difference of clocks that people should hear of (SYNC, Clock).
const apartMatters = 2 * time.Minute

func (x *server) statusPage(c *web.Ctx) error {
	s, err := x.Status()
	if err != nil {
		return err
	}
	ex := x.exchange()
	p := statusPage{
		Base: c.Base("appliance.status.title"), Status: s, Box: x.Kind == web.Box,
		Next: ex.Next, Reports: ex.Reports[:min(len(ex.Reports), 10)], Clean: x.clean,
		Started: c.Now().Add(-time.Since(x.started)),
	}
	if _, p.LastCopy, err = store.NewestCopy(x.Dir); err != nil {
		return err
	}
	if p.USB, err = usbDiskAt(x.Config.Stick.Path, s.Site.Code); err != nil {
		x.Log.Warn("the USB disk cannot be read", "cause", err) // and the page says that no backup is on it
	}
	lives, err := x.DB.Lives()
	if err != nil {
		return err
	}
	p.Lives = len(lives)
	p.hardware, p.At = lookAtHardware("/"), x.addresses()
	if best := p.At.best(); best != "" {
		p.QR = seal.QRSVG(best, 30)
	}
	err = c.View(func(tx *store.Tx) (err error) {
		p.Cuts, p.LastClean, err = stops(tx, c.Now().AddDate(0, 0, -cutDays))
		return err
	})
	if err != nil {
		return err
	}
	if d := time.Duration(s.Clock.OffsetMs) * time.Millisecond; d.Abs() >= apartMatters {
		p.Apart = d
	}
	if x.authority != nil {
		p.HTTPS, p.Root = x.secureURL(x.lanName()), x.authority.fingerprint()
	}
	p.Lead = p.T("appliance.status.lead", "version", x.Version)
	return c.Render(http.StatusOK, statusView(p))
}

// exchangeNow has the box call at once. It is harmless to repeat.
func (x *server) exchangeNow(c *web.Ctx) error {
	err := c.Post(func(*store.Tx) (web.Result, error) {
		return web.Result{To: "/status", Flash: "appliance.status.called"}, nil
	})
	if err == nil {
		x.Exchange.Kick()
	}
	return err
}

// syncLine is the one line under the roof: the worst state only, and none when
// all is well.
func (x *server) syncLine(c *web.Ctx) *web.SyncLine {
	keeps := school.May(school.SeeHealth).Allows(c.Actor())
	line := func(icon, key string, kv ...any) *web.SyncLine {
		l := &web.SyncLine{Icon: icon, Bold: c.T("appliance.line." + key + ".bold"), Text: c.T("appliance.line."+key+".text", kv...)}
		if key == "unenrolled" {
			l.Href = "/setup/enrol"
		} else if keeps {
			l.Href = "/status"
		}
		return l
	}
	if x.DB.ReadOnly() != nil {
		return line("octagon", "readonly")
	}
	if d := x.disk.state(); d.Low {
		return line("octagon", "disk", "free", web.FormatSize(c.Lang(), d.Free))
	}
	_, trusted := x.Clock.Now()
	if x.Kind == web.Box {
		ex := x.exchange()
		switch {
		case ex.State == "unenrolled" && keeps:
			return line("clock", "unenrolled")
		case ex.State != "connected" && ex.Pending.Records > 0 && !ex.LastContact.IsZero():
			return line("clock", "waiting_since", "count", ex.Pending.Records, "span", web.FormatSpan(c.Lang(), time.Since(ex.LastContact)))
		case ex.State == "offline" && ex.Pending.Records > 0:
			return line("clock", "waiting", "count", ex.Pending.Records)
		}
	}
	if !trusted && x.Kind == web.Box && c.Actor().Is(school.BoxStaff...) {
		l := line("clock", "clock")
		l.Href = "/clock"
		return l
	}
	return nil
}
