package signin

import (
	"net/http"

	"preau/school"
	"preau/store"
	"preau/web"
)

// accountPage is what a person may change about themselves.
type accountPage struct {
	web.Base
	Login    string
	Language string
	Strong   bool // high contrast
	Sessions int
	Roles    []string
}

func account(c *web.Ctx) error {
	p, err := newAccountPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, accountView(p))
}

func newAccountPage(c *web.Ctx) (accountPage, error) {
	person := c.Person()
	p := accountPage{Base: c.Base("signin.account.title"), Login: person.Login, Language: person.Language, Strong: person.Contrast}
	if p.Language == "" {
		p.Language = c.Lang()
	}
	for _, r := range c.Actor().Roles {
		p.Roles = append(p.Roles, c.T(r.WordKey()))
	}
	err := c.View(func(tx *store.Tx) (err error) {
		p.Sessions, err = web.Sessions(tx, c.Actor().ID)
		return err
	})
	return p, err
}

func saveAccount(c *web.Ctx) error {
	f, err := c.Form()
	lang := f.Get("language")
	if err == nil && lang != "fr" && lang != "en" {
		err = school.Refuse("signin.refused.language", "language")
	}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			rec, err := me(c, tx)
			if err != nil {
				return web.Result{}, err
			}
			rec.Value.Language, rec.Value.Contrast = lang, f.Has("contrast")
			if err := school.People.Set(tx, rec.ID, rec.Value); err != nil {
				return web.Result{}, err
			}
			return web.Result{To: "/account", Flash: "signin.account.saved"}, nil
		})
		if err == nil {
			c.Prefer(lang, contrastOf(f.Has("contrast")))
		}
	}
	if c.Refused(err) {
		p, err := newAccountPage(c)
		if err != nil {
			return err
		}
		p.Language, p.Strong = lang, f.Has("contrast")
		return c.Render(http.StatusUnprocessableEntity, accountView(p))
	}
	return err
}

func contrastOf(strong bool) string {
	if strong {
		return "1"
	}
	return "0"
}

func signOutEverywhere(c *web.Ctx) error {
	err := c.Post(func(tx *store.Tx) (web.Result, error) {
		if err := web.EndSessions(tx, c.Actor().ID, c); err != nil {
			return web.Result{}, err
		}
		err := school.Audit(tx, c.Actor(), "signin.everywhere", c.Actor().ID, nil, nil)
		return web.Result{To: "/account", Flash: "signin.account.everywhere_done"}, err
	})
	if c.Refused(err) {
		return account(c)
	}
	return err
}

// passwordPage changes one's own password. First is a one-time password's.
type passwordPage struct {
	web.Base
	First bool
	Login string
}

func showPassword(c *web.Ctx) error {
	p, err := newPasswordPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, passwordView(p))
}

func newPasswordPage(c *web.Ctx) (passwordPage, error) {
	first := false
	err := c.View(func(tx *store.Tx) (err error) {
		first, err = school.MustChange(tx, c.Actor().ID)
		return err
	})
	key := "signin.password.title"
	if first {
		key = "signin.password.first_title"
	}
	p := passwordPage{Base: c.Base(key), First: first, Login: c.Person().Login}
	p.Refused = p.T("signin.password.refused")
	if !first {
		p.Back = web.Link{Label: p.T("signin.account.title"), Href: "/account"}
	}
	return p, err
}

func changePassword(c *web.Ctx) error {
	f, err := c.Form()
	if err == nil {
		var done bool
		if done, err = c.Repeated(); done {
			return err
		}
	}
	if err == nil {
		err = setPassword(c, f.Raw("current"), f.Raw("secret"), f.Raw("again"))
	}
	if c.Refused(err) {
		p, err := newPasswordPage(c)
		if err != nil {
			return err
		}
		return c.Render(http.StatusUnprocessableEntity, passwordView(p))
	}
	return err
}

func setPassword(c *web.Ctx, current, secret, again string) error {
	login := c.Person().Login
	switch {
	case current == "":
		return school.Refuse("signin.refused.no_current", "current")
	case secret == "":
		return school.Refuse("signin.refused.no_new", "secret")
	case secret != again:
		return school.Refuse("signin.refused.not_the_same", "again")
	case secret == current:
		return school.Refuse("signin.refused.not_new", "secret")
	}
	if r := school.CheckPasswordQuality(secret, login); r != nil {
		return r
	}
	if _, _, err := school.CheckSecret(c.Request().Context(), c.DB(), login, current, c.Device()); err != nil {
		if rs := school.RefusalsIn(err); rs != nil {
			key := rs[0].Key
			if key == "signin.refused.wrong" {
				key = "signin.refused.wrong_current"
			}
			return &school.Refusal{Key: key, Field: "current", Args: rs[0].Args}
		}
		return err
	}
	h, err := hash(c.Request().Context(), secret, login)
	if err != nil {
		return err
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		if err := school.StoreSecret(tx, c.Actor().ID, h, false); err != nil {
			return web.Result{}, err
		}
		if err := web.EndSessions(tx, c.Actor().ID, c); err != nil {
			return web.Result{}, err
		}
		err := school.Audit(tx, c.Actor(), "signin.password", c.Actor().ID, nil, nil)
		return web.Result{To: "/", Flash: "signin.password.done"}, err
	})
}
