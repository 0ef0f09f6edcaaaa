package appliance

import (
	"errors"
	"net/http"
	"strings"
	"sync"

	"filippo.io/age"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// setupRoutes are the pages of the set-up once there is a site. Those of the
// recovery key and of the enrolment stay useful after it.
func (x *server) setupRoutes() []web.Route {
	head, post := school.For(school.Head, school.Operator), http.MethodPost
	leadOn := func(c *web.Ctx) error { return c.Redirect("/setup") }
	routes := []web.Route{
		{Path: "/setup", Access: head, Handle: x.setupNext},
		{Path: "/setup/head", Access: school.Public(), Handle: leadOn}, // asked for again, or sent twice
		{Method: post, Path: "/setup/head", Access: school.Public(), Handle: leadOn},
		{Path: "/setup/key", Access: head, Handle: x.showKey},
		{Method: post, Path: "/setup/key", Access: head, Handle: x.takeKey},
		{Path: "/setup/lists", Access: head, Handle: x.showLists},
		{Method: post, Path: "/setup/lists", Access: head, Handle: x.stepDone(stepLists)},
		{Path: "/setup/sheets", Access: head, Handle: x.showSheets},
		{Method: post, Path: "/setup/sheets", Access: head, Handle: x.stepDone(stepSheets)},
	}
	if x.Kind == web.Box {
		enrol := school.For(school.Head, school.Technician)
		routes = append(
			routes,
			web.Route{Path: "/setup/enrol", Access: enrol, Handle: x.showEnrol},
			web.Route{Method: post, Path: "/setup/enrol", Access: enrol, Handle: x.takeEnrol},
		)
	}
	return routes
}

// setupStep is what comes next in the set-up, "" when there is none.
func setupStep(tx *store.Tx) (string, error) {
	rec, err := loadSetup(tx)
	return rec.Value.Step, err
}

func (x *server) setupNext(c *web.Ctx) error {
	var step string
	if err := c.View(func(tx *store.Tx) (err error) { step, err = setupStep(tx); return err }); err != nil {
		return err
	}
	if step == "" {
		return c.Redirect("/")
	}
	return c.Redirect("/setup/" + step)
}

// setupDue is the line of the home page while the set-up is not done.
func (x *server) setupDue(c *web.Ctx, tx *store.Tx) (due []web.Task, err error) {
	if !school.For(school.Head, school.Operator).Allows(c.Actor()) {
		return nil, nil
	}
	step, err := setupStep(tx)
	if step == "" || err != nil {
		return nil, err
	}
	return []web.Task{{Label: c.T("setup.due"), Detail: c.T("setup.step." + step), Href: "/setup"}}, nil
}

// goOn is what follows a step that is done: the next one, or to where the step was
// not part of a set-up.
func (x *server) goOn(tx *store.Tx, step, to, flash string) (web.Result, error) {
	now, err := setupStep(tx)
	if err != nil || now != step {
		return web.Result{To: to, Flash: flash}, err
	}
	next := stepAfter(step, x.Kind)
	if next == "" {
		return web.Result{To: "/", Flash: "setup.flash.done"}, stepTo(tx, "")
	}
	return web.Result{To: "/setup/" + next, Flash: flash}, stepTo(tx, next)
}

// stepDone is the button that leaves a step.
func (x *server) stepDone(step string) web.Handler {
	return func(c *web.Ctx) error {
		return c.Post(func(tx *store.Tx) (web.Result, error) { return x.goOn(tx, step, "/", "") })
	}
}

// page is a page of the set-up; within says whether it is part of one.
func (x *server) setupPage(c *web.Ctx, step, key string) (p setupPage, within bool, err error) {
	err = c.View(func(tx *store.Tx) error {
		now, err := setupStep(tx)
		within = now == step
		return err
	})
	p = setupPage{Base: c.Base(key), Kind: x.Kind}
	p.Refused = p.T("setup.refused.title")
	return p, within, err
}

// recovery is the key that was drawn and waits to be printed. It is kept in
// memory alone: after a restart another is drawn.
type recovery struct {
	mu  sync.Mutex
	key *age.X25519Identity
}

func (r *recovery) draw() (*age.X25519Identity, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.key == nil {
		key, err := age.GenerateX25519Identity()
		if err != nil {
			return nil, err
		}
		r.key = key
	}
	return r.key, nil
}

// forget ends the life of a key that was printed.
func (r *recovery) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.key = nil
}

type keyPage struct {
	setupPage
	Key, QR string
	Within  bool
	Had     bool // the site has a key, which the new one replaces
}

// keyEnd is how many characters of the key are typed to show that it is on paper.
const keyEnd = 6

func (x *server) keyPage(c *web.Ctx) (keyPage, error) {
	key, err := x.recovery.draw()
	if err != nil {
		return keyPage{}, err
	}
	p := keyPage{Key: key.String(), QR: seal.QRSVG(key.String(), 40), Had: c.Site().Recovery != ""}
	p.setupPage, p.Within, err = x.setupPage(c, stepKey, "setup.key.title")
	return p, err
}

func (x *server) showKey(c *web.Ctx) error {
	p, err := x.keyPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, setupKeyView(p))
}

func (x *server) takeKey(c *web.Ctx) error {
	f, err := c.Form()
	if err == nil {
		var done bool
		if done, err = c.Repeated(); done {
			return err
		}
	}
	key, kerr := x.recovery.draw()
	if kerr != nil {
		return kerr
	}
	if err == nil {
		switch typed := strings.ToUpper(strings.Join(strings.Fields(f.Get("end")), "")); {
		case f.Get("recipient") != key.Recipient().String():
			err = school.Refuse("setup.refused.other_key", "end")
		case typed != key.String()[len(key.String())-keyEnd:]:
			err = school.Refuse("setup.refused.key_end", "end", "count", keyEnd)
		}
	}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			site, err := school.Site(tx)
			if err != nil {
				return web.Result{}, err
			}
			site.Recovery = key.Recipient().String()
			if err := school.SetSite(tx, site); err != nil {
				return web.Result{}, err
			}
			if err := school.Audit(tx, c.Actor(), "site.recovery", store.ID{}, nil, site.Recovery); err != nil {
				return web.Result{}, err
			}
			return x.goOn(tx, stepKey, "/status", "setup.flash.key")
		})
		if err == nil {
			x.recovery.forget()
		}
	}
	if c.Refused(err) {
		p, err := x.keyPage(c)
		if err != nil {
			return err
		}
		return c.Render(http.StatusUnprocessableEntity, setupKeyView(p))
	}
	return err
}

// recipient is the public part of the key on the page.
func (p keyPage) recipient() string {
	key, err := age.ParseX25519Identity(p.Key)
	if err != nil {
		return ""
	}
	return key.Recipient().String()
}

type enrolPage struct {
	setupPage
	Office, Typed string
	Within        bool
	Enrolled      bool
}

func (x *server) enrolPage(c *web.Ctx) (enrolPage, error) {
	p := enrolPage{Office: x.Config.Office.Address, Enrolled: len(c.Site().Root) > 0}
	var err error
	p.setupPage, p.Within, err = x.setupPage(c, stepEnrol, "setup.enrol.title")
	return p, err
}

func (x *server) showEnrol(c *web.Ctx) error {
	p, err := x.enrolPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, setupEnrolView(p))
}

// takeEnrol meets the office before anything is written here: the code is spent
// there and the keys are pinned, or nothing has changed on either side.
func (x *server) takeEnrol(c *web.Ctx) error {
	f, err := c.Form()
	if err == nil {
		var done bool
		if done, err = c.Repeated(); done {
			return err
		}
	}
	if err == nil && !f.Has("later") {
		if _, err = c.Checked(); err == nil {
			err = x.enrolTyped(c, f)
		}
	}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			flash := "setup.flash.enrolled"
			if f.Has("later") {
				flash = ""
			}
			return x.goOn(tx, stepEnrol, "/status", flash)
		})
	}
	if c.Refused(err) {
		p, err := x.enrolPage(c)
		if err != nil {
			return err
		}
		p.Office, p.Typed = f.Get("office"), f.Get("code")
		return c.Render(http.StatusUnprocessableEntity, setupEnrolView(p))
	}
	return err
}

func (x *server) enrolTyped(c *web.Ctx, f *web.Form) error {
	var no school.Refusals
	addr, code := f.Get("office"), f.Get("code")
	if addr == "" {
		no = append(no, school.Refuse("enrol.refused.no_office", "office"))
	} else if !strings.Contains(addr, ":") {
		addr += ":7443"
	}
	if code == "" {
		no = append(no, school.Refuse("enrol.refused.no_code", "code"))
	}
	if no != nil {
		return no
	}
	_, err := Enrol(c.Request().Context(), x.Running, addr, code)
	if no := enrolRefusal(err, addr); no != nil {
		x.Log.Warn("enrolment refused", "cause", err)
		return no
	}
	if errors.Is(err, errNotNoted) {
		return school.Refuse("enrol.refused.not_noted", "code")
	}
	return err
}

type listsPage struct {
	setupPage
	Pupils, Staff, Schools int
}

func (x *server) showLists(c *web.Ctx) error {
	p := listsPage{}
	var err error
	if p.setupPage, _, err = x.setupPage(c, stepLists, "setup.lists.title."+string(x.Kind)); err != nil {
		return err
	}
	err = c.View(func(tx *store.Tx) error {
		p.Pupils, p.Staff = 0, 0
		for r, err := range school.People.All(tx) {
			switch {
			case err != nil:
				return err
			case r.Value.Kind == school.PupilKind:
				p.Pupils++
			default:
				p.Staff++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, setupListsView(p))
}

func (x *server) showSheets(c *web.Ctx) error {
	p, _, err := x.setupPage(c, stepSheets, "setup.sheets.title")
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, setupSheetsView(p))
}
