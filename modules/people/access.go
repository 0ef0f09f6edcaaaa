package people

import (
	"net/http"
	"strings"

	"preau/school"
	"preau/store"
	"preau/web"
)

// accessPage gives somebody of the staff a sign-in name and a one-time
// password. The password is drawn for the page and shown before it counts, so
// that it is never stored in clear and never part of an address.
type accessPage struct {
	web.Base
	ID     store.ID
	Name   string
	Login  string // as it is, "" when there is none yet
	Wanted string
	Secret string
}

func accessTo(c *web.Ctx) (r store.Record[school.Person], err error) {
	id, err := c.ID("id")
	if err != nil {
		return r, err
	}
	allowed := false
	err = c.View(func(tx *store.Tx) error {
		if r, err = school.Roster.Person(tx, id); err != nil {
			return c.NotFound()
		}
		allowed, err = school.MayResetSecret(tx, c.Actor(), r)
		return err
	})
	if err == nil && (!allowed || r.Value.Kind != school.Staff) {
		err = c.NotFound()
	}
	return r, err
}

func newAccessPage(c *web.Ctx, r store.Record[school.Person]) accessPage {
	key := "people.access.new"
	if r.Value.Login != "" {
		key = "people.access.again"
	}
	p := accessPage{Base: base(c, key, "name", r.Value.Name()), ID: r.ID, Name: r.Value.Name(), Login: r.Value.Login}
	p.Back = web.Link{Label: p.T("people.staff.title"), Href: "/people/staff"}
	return p
}

func showAccess(c *web.Ctx) error {
	r, err := accessTo(c)
	if err != nil {
		return err
	}
	p := newAccessPage(c, r)
	p.Secret = school.OneTimeSecret()
	if p.Wanted = r.Value.Login; p.Wanted == "" {
		err = c.View(func(tx *store.Tx) (err error) {
			p.Wanted, err = freeLogin(tx, &r.Value)
			return err
		})
	}
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, accessView(p))
}

// freeLogin proposes k.agbodjan, then k.agbodjan2 …
func freeLogin(tx *store.Tx, p *school.Person) (string, error) {
	for n := 1; ; n++ {
		login := loginFrom(p)
		if n > 1 {
			login += itoa(n)
		}
		taken, err := school.People.Count(tx, "login", login)
		if err != nil || taken == 0 {
			return login, err
		}
	}
}

// loginFrom is the first letter of the given name, a dot, and the surname.
func loginFrom(p *school.Person) string {
	given, surname := strings.Fields(school.Fold(p.Given)), strings.ReplaceAll(school.Fold(p.Surname), " ", "")
	login := surname
	if len(given) > 0 {
		login = given[0][:1] + "." + surname
	}
	login = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' {
			return r
		}
		return -1
	}, login)
	return login[:min(len(login), 36)]
}

func giveAccess(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if done, err := c.Repeated(); done || err != nil {
		return err
	}
	r, err := accessTo(c)
	if err != nil {
		return err
	}
	login, secret := school.NormalizeLogin(f.Get("login")), f.Raw("secret")
	if r.Value.Login != "" {
		login = r.Value.Login
	}
	err = storeAccess(c, r.ID, login, secret)
	if c.Refused(err) {
		p := newAccessPage(c, r)
		p.Wanted, p.Secret = login, school.OneTimeSecret()
		return c.Render(http.StatusUnprocessableEntity, accessView(p))
	}
	return err
}

func storeAccess(c *web.Ctx, id store.ID, login, secret string) error {
	if no := school.CheckLogin(login); no != nil {
		return no
	}
	if no := school.CheckPasswordQuality(secret, login); no != nil {
		return no
	}
	hash, err := school.HashSecret(c.Request().Context(), secret)
	if err != nil {
		return err
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		now, err := school.Roster.Person(tx, id)
		if err != nil {
			return web.Result{}, err
		}
		if may, err := school.MayResetSecret(tx, c.Actor(), now); err != nil || !may {
			return web.Result{}, school.Refuse("people.refused.not_yours", "")
		}
		if now.Value.Login == "" {
			now.Value.Login = login
			if err := taken(school.People.Set(tx, id, now.Value), login); err != nil {
				return web.Result{}, err
			}
			if err := school.Audit(tx, c.Actor(), "accounts.add", id, nil, login); err != nil {
				return web.Result{}, err
			}
		}
		if err := giveOneTime(tx, c.Actor(), id, hash); err != nil {
			return web.Result{}, err
		}
		return web.Result{To: "/people/staff", Flash: "people.access.done", FlashArgs: map[string]any{"name": now.Value.Name()}}, nil
	})
}
