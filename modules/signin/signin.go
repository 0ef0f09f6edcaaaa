package signin

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/store"
	"preau/web"
)

//go:embed words/fr.json words/en.json
var words embed.FS

// Module is sign-in, the same at a school and at the office.
func Module() appliance.Module {
	pages := Pages()
	return appliance.Module{Name: "signin", Files: words, Pages: pages, OfficePages: pages}
}

// Pages are the module's routes.
func Pages() []web.Route {
	post := http.MethodPost
	staff := school.For(append(slices.Clone(school.BoxStaff), school.OfficeRoles...)...) // pupils have a PIN
	return []web.Route{
		{Path: "/signin", Access: school.Public(), Handle: showSignIn, OneTime: true},
		{Method: post, Path: "/signin", Access: school.Public(), Handle: signIn, OneTime: true},
		{Method: post, Path: "/signout", Access: school.Public(), Handle: signOut, OneTime: true},
		{Path: "/preferences", Access: school.Public(), Handle: prefer, OneTime: true},
		{Path: "/idle", Access: school.Public(), Handle: idle, OneTime: true, Quiet: true},
		{Path: "/help", Access: school.Public(), Handle: help, OneTime: true},
		{Path: "/account", Access: school.SignedIn(), Handle: account},
		{Method: post, Path: "/account", Access: school.SignedIn(), Handle: saveAccount},
		{Path: "/account/password", Access: staff, Handle: showPassword, OneTime: true},
		{Method: post, Path: "/account/password", Access: staff, Handle: changePassword, OneTime: true},
		{Method: post, Path: "/account/everywhere", Access: school.SignedIn(), Handle: signOutEverywhere, OneTime: true},
	}
}

// signInPage is the form; Login is what was typed.
type signInPage struct {
	web.Base
	Login, To string
	Own       bool
}

func showSignIn(c *web.Ctx) error {
	to := inside(c.Query("to"))
	if c.Actor().SignedIn() {
		return c.Redirect(to)
	}
	return c.Render(http.StatusOK, signInView(newSignInPage(c, "", to, false)))
}

func newSignInPage(c *web.Ctx, login, to string, own bool) signInPage {
	p := signInPage{Base: c.Base("signin.title"), Login: login, To: to, Own: own}
	p.Path = "/signin?to=" + to
	p.Wide = true
	p.Refused = p.T("signin.refused.title")
	return p
}

func signIn(c *web.Ctx) error {
	f, err := c.Checked()
	login, to, own := f.Get("login"), inside(f.Get("to")), f.Get("device") == "own"
	var who school.Actor
	var oneTime bool
	if err == nil {
		who, oneTime, err = check(c, login, f.Raw("secret"))
	}
	for _, r := range school.RefusalsIn(err) { // the name is not logged: some type their password there
		c.Log().Info("sign-in refused", "reason", r.Key, "device", c.Device())
	}
	if err == nil {
		if oneTime {
			to = "/account/password"
		}
		c.Log().Info("signed in", "person", who.ID, "own", own)
		err = c.SignIn(who, own, to)
	}
	if c.Refused(err) {
		return c.Render(http.StatusUnprocessableEntity, signInView(newSignInPage(c, login, to, own)))
	}
	return err
}

func check(c *web.Ctx, login, secret string) (who school.Actor, oneTime bool, err error) {
	var missing school.Refusals
	if login == "" {
		missing = append(missing, school.Refuse("signin.refused.no_login", "login"))
	}
	if secret == "" {
		missing = append(missing, school.Refuse("signin.refused.no_secret", "secret"))
	}
	if missing != nil {
		return who, false, missing
	}
	if !c.AllowSignIn() {
		return who, false, school.Refuse("signin.refused.busy", "secret")
	}
	who, oneTime, err = school.CheckSecret(c.Request().Context(), c.DB(), login, secret, c.Device())
	if err == nil && who.Is(school.Pupil) {
		err = school.Refuse("signin.refused.wrong", "secret")
	}
	return who, oneTime, err
}

func signOut(c *web.Ctx) error {
	if _, err := c.Checked(); err != nil && c.Actor().SignedIn() {
		return err
	}
	if c.Actor().Is(school.Pupil) {
		return c.SignOut("/room")
	}
	return c.SignOut("/signin")
}

func prefer(c *web.Ctx) error {
	c.Prefer(c.Query("lang"), c.Query("contrast"))
	return c.Redirect(inside(c.Query("to")))
}

// idlePage asks whether somebody is still there.
type idlePage struct {
	web.Base
	To     string
	Closes time.Time
}

// idle is where a shared computer goes by itself after thirteen minutes: nobody's
// page stays on its screen. It asks again until the session has ended, and then
// leads to the sign-in page.
func idle(c *web.Ctx) error {
	to := inside(c.Query("to"))
	closes := c.ClosesAt()
	if closes.IsZero() {
		return c.Redirect("/signin?to=" + url.QueryEscape(to))
	}
	if !c.Shared() {
		return c.Redirect(to)
	}
	c.Refresh(closes.Sub(c.Now()) + 2*time.Second)
	p := idlePage{Base: c.Base("signin.idle.title"), To: to, Closes: closes}
	p.Path, p.Shared = "/idle?to="+url.QueryEscape(to), false // it says itself when the session closes
	return c.Render(http.StatusOK, idleView(p))
}

// inside keeps a way back that is a path of this site.
func inside(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, "/signin") || strings.HasPrefix(to, "/signout") || strings.HasPrefix(to, "/idle") {
		return "/"
	}
	return to
}

// helpPage is the short help that every foot leads to.
type helpPage struct{ web.Base }

func help(c *web.Ctx) error {
	p := helpPage{c.Base("signin.help.title")}
	return c.Render(http.StatusOK, helpView(p))
}

// hash makes a secret's hash when nothing stands against it.
func hash(ctx context.Context, secret, login string) (string, error) {
	if r := school.CheckPasswordQuality(secret, login); r != nil {
		return "", r
	}
	return school.HashSecret(ctx, secret)
}

// me reads the record of who asks.
func me(c *web.Ctx, tx *store.Tx) (store.Record[school.Person], error) {
	return school.People.Get(tx, c.Actor().ID)
}
