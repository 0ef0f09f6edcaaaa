package appliance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"preau/appliance/mdns"
	"preau/school"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// The steps from this machine to an exchange that is done, in order. Each has its
// words: what it is, and what to do when it fails.
var whySteps = []string{"network", "enrolled", "named", "connected", "agreed", "greeted", "exchanged"}

// whyWithin bounds one search, whyStep one of its own steps.
const (
	whyWithin = 90 * time.Second
	whyStep   = 15 * time.Second
)

// diagnosis is the search for the step that does not work, running or done.
type diagnosis struct {
	ask chan struct{} // holds one when a search is wanted

	mu      sync.Mutex
	running bool
	began   time.Time // by the machine's steady time
	steps   []stepFound
}

// stepFound is what came of one step. Advice is the last part of a words key, ""
// when the step worked; Detail is for the technician.
type stepFound struct {
	Step, Advice, Detail string
}

func newDiagnosis() *diagnosis { return &diagnosis{ask: make(chan struct{}, 1)} }

// begin asks for a search, once at a time.
func (d *diagnosis) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running {
		return
	}
	select {
	case d.ask <- struct{}{}:
		d.running, d.began, d.steps = true, time.Now(), nil
	default:
	}
}

func (d *diagnosis) found(s stepFound) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps = append(d.steps, s)
}

func (d *diagnosis) now() (steps []stepFound, running bool, began time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.steps), d.running, d.began
}

// searches carries out what is asked for until ctx ends.
func (x *server) searches(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-x.why.ask:
		}
		search, cancel := context.WithTimeout(ctx, whyWithin)
		x.search(search)
		cancel()
		x.why.mu.Lock()
		x.why.running = false
		x.why.mu.Unlock()
	}
}

// search walks the steps until one fails.
func (x *server) search(ctx context.Context) {
	ok := func(step, detail string) { x.why.found(stepFound{Step: step, Detail: detail}) }
	fail := func(step, advice, detail string) {
		x.why.found(stepFound{step, advice, detail})
		x.Log.Info("diagnosis", "failed", step, "advice", advice)
	}
	ips, _ := mdns.Addresses(nil)
	var office boxsync.OfficeRow
	known := x.DB.View(func(tx *store.Tx) (err error) { office, err = boxsync.Office(tx); return err })
	addr := office.Addr
	if x.Config.Office.Address != "" {
		addr = x.Config.Office.Address
	}
	host, port, err := net.SplitHostPort(addr)
	if len(ips) == 0 && !isLoopback(host) {
		fail("network", "no_address", "")
		return
	}
	ok("network", strings.Join(ips, " · "))
	if known != nil || err != nil {
		fail("enrolled", "not_enrolled", "")
		return
	}
	ok("enrolled", addr)
	found, err := resolve(ctx, host)
	if err != nil {
		fail("named", "no_name", host)
		return
	}
	ok("named", strings.Join(found, " · "))
	took, err := connect(ctx, found, port)
	if err != nil {
		fail("connected", connectAdvice(err), err.Error())
		return
	}
	ok("connected", fmt.Sprintf("%d ms", took.Milliseconds()))
	x.exchangeSteps(ctx, ok, fail)
}

// exchangeSteps are the last ones: an attempt of the exchange itself tells them.
func (x *server) exchangeSteps(ctx context.Context, ok func(step, detail string), fail func(step, advice, detail string)) {
	rep, err := x.Exchange.Once(ctx)
	at := slices.Index(whySteps, rep.Stage)
	if err != nil && at < 0 { // it never came to an end
		at = len(whySteps) - 1
	}
	for i := slices.Index(whySteps, "agreed"); i < len(whySteps); i++ {
		if err != nil && (i >= at || i == len(whySteps)-1) {
			fail(whySteps[i], exchangeAdvice(whySteps[i], err), err.Error())
			return
		}
		ok(whySteps[i], "")
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func resolve(ctx context.Context, host string) ([]string, error) {
	if net.ParseIP(host) != nil {
		return []string{host}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, whyStep)
	defer cancel()
	return net.DefaultResolver.LookupHost(ctx, host)
}

func connect(ctx context.Context, ips []string, port string) (took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, whyStep)
	defer cancel()
	for _, ip := range ips {
		began := time.Now()
		var d net.Dialer
		c, derr := d.DialContext(ctx, "tcp", net.JoinHostPort(ip, port))
		if derr == nil {
			return time.Since(began), c.Close()
		}
		err = errors.Join(err, derr)
	}
	return 0, err
}

func connectAdvice(err error) string {
	switch {
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "no_route"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	}
	return "no_answer"
}

func exchangeAdvice(step string, err error) string {
	switch {
	case errors.Is(err, boxsync.ErrPeer):
		return "other_key"
	case errors.As(err, new(*boxsync.ByeError)):
		return "busy"
	case step == "agreed", step == "greeted":
		return "not_let_in"
	}
	return "cut"
}

func (x *server) whyRoutes() []web.Route {
	health := school.May(school.SeeHealth)
	return []web.Route{
		{Path: "/status/why", Access: health, Handle: x.whyPage},
		{Method: http.MethodPost, Path: "/status/why", Access: health, Handle: x.searchWhy},
	}
}

type whyPage struct {
	web.Base
	Steps   []stepFound
	Running bool
	Asked   bool
	Elapsed time.Duration
}

// failed is the step at which the search ended, nil when all went well or it goes on.
func (p whyPage) failed() *stepFound {
	if n := len(p.Steps); n > 0 && p.Steps[n-1].Advice != "" {
		return &p.Steps[n-1]
	}
	return nil
}

func (x *server) whyPage(c *web.Ctx) error {
	p := whyPage{Base: c.Base("appliance.why.title")}
	var began time.Time
	p.Steps, p.Running, began = x.why.now()
	p.Asked = !began.IsZero()
	p.Back = web.Link{Label: p.T("appliance.status.title"), Href: "/status"}
	if p.Running {
		p.Elapsed = time.Since(began)
		c.Refresh(2 * time.Second)
	}
	return c.Render(http.StatusOK, whyView(p))
}

// searchWhy begins a search; it changes nothing but that the office is called.
func (x *server) searchWhy(c *web.Ctx) error {
	err := c.Post(func(*store.Tx) (web.Result, error) { return web.Result{To: "/status/why"}, nil })
	if err == nil {
		x.why.begin()
	}
	return err
}

// outcome and detail are what came of the ith step of a search.
func (p whyPage) outcome(i int) web.Mark {
	switch {
	case i == len(p.Steps) && p.Running:
		return web.Mark{Icon: "clock", Tone: web.Ochre, Bold: p.T("appliance.why.running")}
	case i >= len(p.Steps):
		return web.Mark{Icon: "clock", Tone: web.Ochre, Text: p.T("appliance.why.not_reached")}
	case p.Steps[i].Advice != "":
		return web.Mark{Icon: "octagon", Tone: web.Brick, Bold: p.T("appliance.why.failed")}
	}
	return web.Mark{Icon: "check", Tone: web.Green, Bold: p.T("appliance.why.ok")}
}

func (p whyPage) detail(i int) string {
	if i >= len(p.Steps) {
		return ""
	}
	return p.Steps[i].Detail
}
