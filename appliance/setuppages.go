package appliance

import (
	"bytes"
	"net/http"
	"strings"

	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

// wizard is the set-up before there is a site.
type wizard struct {
	*Running
	kind  web.Kind
	code  *setupCode
	names *hostNames
}

// setupSlug is the name on the LAN of a machine that has none yet.
const setupSlug = "preau"

// options are the pages of the set-up, and those of modules that every foot
// leads to.
func (w *wizard) options() web.Options {
	w.names = newHostNames(SiteConfig{Slug: setupSlug, Hosts: w.Config.Site.Hosts})
	o := web.Options{DB: w.DB, Kind: w.kind, Words: ownWords(w.Modules), Hosts: w.names.ours, Log: w.Log, Version: w.Version}
	any, post := school.Public(), http.MethodPost
	o.Routes = []web.Route{
		{Path: "/setup", Access: any, Handle: w.showCode},
		{Method: post, Path: "/setup", Access: any, Handle: w.takeCode},
		{Path: "/setup/site", Access: any, Handle: w.showSite},
		{Method: post, Path: "/setup/site", Access: any, Handle: w.takeSite},
		{Path: "/setup/head", Access: any, Handle: w.showHead},
		{Method: post, Path: "/setup/head", Access: any, Handle: w.takeHead},
	}
	for _, m := range w.Modules {
		for _, route := range m.Pages {
			if route.Path == "/preferences" || route.Path == "/help" {
				o.Routes = append(o.Routes, route)
			}
		}
	}
	return o
}

// setupPage is every page of the set-up: which step of how many.
type setupPage struct {
	web.Base
	Kind web.Kind
	InitOptions
}

func (p setupPage) box() bool { return p.Kind == web.Box }

// word is the words key of this kind of site.
func (p setupPage) word(key string) string { return "setup." + key + "." + string(p.Kind) }

// place is where in the set-up a step stands: "Étape 2 sur 6 · …".
func (p setupPage) place(step string) string {
	n, of := 0, 0
	for s := stepSite; s != ""; s = stepAfter(s, p.Kind) {
		if of++; s == step {
			n = of
		}
	}
	return p.T("setup.place", "n", n, "of", of)
}

func (w *wizard) page(c *web.Ctx, key string) setupPage {
	p := setupPage{Base: c.Base(key), Kind: w.kind}
	p.Wide = true
	p.Refused = p.T("setup.refused.title")
	return p
}

// begun is how far the set-up has come, and whether by this browser.
func (w *wizard) begun(c *web.Ctx) (rec store.Record[setupRecord], mine bool, err error) {
	err = c.View(func(tx *store.Tx) (err error) { rec, err = loadSetup(tx); return err })
	mine = len(rec.Value.Browser) > 0 && bytes.Equal(rec.Value.Browser, c.Browser())
	return rec, mine, err
}

// mine is begun for a page of whoever showed the code; others are led back to it,
// and ok is false.
func (w *wizard) mine(c *web.Ctx) (rec store.Record[setupRecord], ok bool, err error) {
	if rec, ok, err = w.begun(c); err == nil && !ok {
		err = c.Redirect("/setup")
	}
	return rec, ok && err == nil, err
}

func (w *wizard) showCode(c *web.Ctx) error {
	rec, mine, err := w.begun(c)
	switch {
	case err != nil:
		return err
	case mine:
		return c.Redirect("/setup/" + rec.Value.Step)
	}
	return c.Render(http.StatusOK, setupCodeView(w.page(c, "setup.code.title")))
}

func (w *wizard) takeCode(c *web.Ctx) error {
	f, err := c.Form()
	if err == nil {
		var done bool
		if done, err = c.Repeated(); done {
			return err
		}
	}
	if err == nil {
		err = school.Try(w.DB, "setup", c.Device())
	}
	if err == nil {
		var right bool
		right, err = w.code.use(f.Get("code"), func() error {
			return c.Post(func(tx *store.Tx) (web.Result, error) {
				rec, err := loadSetup(tx)
				if err != nil {
					return web.Result{}, err
				}
				if rec.Value.Step == "" {
					rec.Value.Step = stepSite
				}
				rec.Value.Browser = c.Browser()
				return web.Result{To: "/setup/" + rec.Value.Step}, saveSetup(tx, rec)
			})
		})
		if err == nil && !right {
			w.Log.Warn("set-up code refused", "device", c.Device())
			err = school.Refuse("setup.refused.setup_code", "code")
		}
	}
	if c.Refused(err) {
		p := w.page(c, "setup.code.title")
		p.Code = f.Get("code")
		return c.Render(http.StatusUnprocessableEntity, setupCodeView(p))
	}
	return err
}

// countries offers the country packs of the program.
func (p setupPage) countries() []web.Option {
	var l []web.Option
	for _, name := range packs.Names() {
		l = append(l, web.Option{Value: name, Label: packs.Must(name).About.Name})
	}
	return l
}

func (w *wizard) showSite(c *web.Ctx) error {
	rec, ok, err := w.mine(c)
	if !ok {
		return err
	}
	p := w.page(c, "setup.site.title."+string(w.kind))
	p.Language, p.Pack, p.Name, p.Code = rec.Value.Language, rec.Value.Pack, rec.Value.Name, rec.Value.Code
	if p.Language == "" {
		p.Language = c.Lang()
	}
	return c.Render(http.StatusOK, setupSiteView(p))
}

func (w *wizard) takeSite(c *web.Ctx) error {
	_, ok, err := w.mine(c)
	if !ok {
		return err
	}
	f, err := c.Form()
	o := InitOptions{Kind: w.kind, Language: f.Get("language"), Pack: f.Get("pack"), Name: f.Get("name"), Code: strings.ToUpper(f.Get("code"))}
	if o.Language != "en" {
		o.Language = "fr"
	}
	if err == nil {
		c.Prefer(o.Language, "")
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			if no := append(checkSite(o, "setup"), checkPack(o.Pack)...); no != nil {
				return web.Result{}, no
			}
			rec, err := loadSetup(tx)
			if err != nil {
				return web.Result{}, err
			}
			rec.Value.Language, rec.Value.Pack, rec.Value.Name, rec.Value.Code, rec.Value.Step = o.Language, o.Pack, o.Name, o.Code, stepHead
			return web.Result{To: "/setup/head"}, saveSetup(tx, rec)
		})
	}
	if c.Refused(err) {
		p := w.page(c, "setup.site.title."+string(w.kind))
		p.InitOptions = o
		return c.Render(http.StatusUnprocessableEntity, setupSiteView(p))
	}
	return err
}

func (w *wizard) showHead(c *web.Ctx) error {
	rec, ok, err := w.mine(c)
	switch {
	case !ok:
		return err
	case rec.Value.Name == "":
		return c.Redirect("/setup/site")
	}
	return c.Render(http.StatusOK, setupHeadView(w.page(c, "setup.head.title."+string(w.kind))))
}

// takeHead makes the site: its record and its first account are one commit. The
// browser that filled it in is signed in as that account.
func (w *wizard) takeHead(c *web.Ctx) error {
	rec, ok, err := w.mine(c)
	switch {
	case !ok:
		return err
	case rec.Value.Name == "":
		return c.Redirect("/setup/site")
	}
	f, err := c.Checked()
	o := InitOptions{
		Kind: w.kind, Name: rec.Value.Name, Code: rec.Value.Code, Language: rec.Value.Language, Pack: rec.Value.Pack,
		Surname: strings.ToUpper(f.Get("surname")), Given: f.Get("given"), Head: f.Get("login"), Secret: f.Raw("secret"),
	}
	if err == nil {
		err = checkHeadForm(o, f.Raw("again"))
	}
	if err == nil {
		var head school.Actor
		head, err = w.makeSite(c.Request().Context(), o, stepKey)
		if err == nil {
			return c.SignIn(head, false, "/setup")
		}
		for _, no := range school.RefusalsIn(err) {
			if no.Key == "init.refused.not_empty" { // the same form, sent twice
				return c.Redirect("/setup")
			}
		}
	}
	if c.Refused(err) {
		p := w.page(c, "setup.head.title."+string(w.kind))
		p.InitOptions = o
		return c.Render(http.StatusUnprocessableEntity, setupHeadView(p))
	}
	return err
}

func checkHeadForm(o InitOptions, again string) error {
	var no school.Refusals
	if o.Surname == "" {
		no = append(no, school.Refuse("people.refused.no_name", "surname"))
	}
	no = append(no, checkHead(o)...)
	if o.Secret != again {
		no = append(no, school.Refuse("setup.refused.again", "again"))
	}
	return no.Or()
}
