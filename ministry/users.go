package ministry

import (
	"errors"
	"net/http"
	"slices"

	"preau/school"
	"preau/school/org"
	"preau/store"
	"preau/web"
)

type userListPage struct {
	web.Base
	Rows   []store.Record[school.Person]
	Scopes map[string]string // names of the units that the accounts see, by code
}

func userList(c *web.Ctx) error {
	p := userListPage{Base: c.Base("ministry.users.title")}
	err := c.View(func(tx *store.Tx) (err error) {
		p.Scopes = map[string]string{"": p.T("ministry.users.no_scope")}
		p.Rows, err = school.Roster.Staff(tx)
		for _, r := range p.Rows {
			if p.Scopes[r.Value.Scope] == "" && err == nil {
				p.Scopes[r.Value.Scope], err = unitName(tx, r.Value.Scope)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, userListView(p))
}

// unitName is what a unit of the tree is called today, its code when it is there
// no more.
func unitName(tx *store.Tx, code string) (string, error) {
	u, err := org.At(tx, code, org.Today(tx))
	if errors.Is(err, org.ErrNoUnit) {
		return code, nil
	}
	return u.Value.Name, err
}

type userFormPage struct {
	web.Base
	ID     store.ID // zero for a new account
	Person school.Person
	Roles  []web.Option
	Scopes []web.Option
}

func userForm(c *web.Ctx) error { return showUserForm(c, http.StatusOK, store.ID{}, school.Person{}) }

func showUserForm(c *web.Ctx, status int, id store.ID, person school.Person) error {
	p := userFormPage{Base: c.Base("ministry.users.new"), ID: id, Person: person}
	p.Back = web.Link{Label: p.T("ministry.users.title"), Href: "/users"}
	view := userFormView
	if !id.IsZero() {
		p.Title, view = p.T("ministry.school.edit", "name", person.Name()), userEditView
		p.Back = web.Link{Label: person.Name(), Href: "/users/" + id.String()}
	}
	for _, r := range school.OfficeRoles {
		p.Roles = append(p.Roles, web.Option{Value: string(r), Label: p.T(r.WordKey())})
	}
	p.Scopes = []web.Option{{Label: p.T("ministry.users.no_scope")}}
	err := c.View(func(tx *store.Tx) error {
		units, err := org.OfKind(tx, org.Inspection, org.Today(tx))
		for _, u := range units {
			p.Scopes = append(p.Scopes, web.Option{Value: u.Value.Code, Label: u.Value.Name})
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.Render(status, view(p))
}

type userPage struct {
	web.Base
	ID       store.ID
	Person   school.Person
	Scope    string // in words
	Secret   string // a one-time password just made: shown this once
	MayReset bool
	Sessions int
}

// addUser adds an account with a one-time password, shown on the answer.
func addUser(c *web.Ctx) error {
	f, err := c.Checked()
	person := school.Person{
		Kind: school.Staff, Surname: f.Get("surname"), Given: f.Get("given"), Login: school.NormalizeLogin(f.Get("login")), Scope: f.Get("scope"),
	}
	for _, r := range f.All("roles") {
		person.Roles = append(person.Roles, school.Role(r))
	}
	var id store.ID
	secret := school.OneTimeSecret()
	if err == nil {
		var hash string
		if hash, err = school.HashSecret(c.Request().Context(), secret); err != nil {
			return err
		}
		err = c.DB().Update(func(tx *store.Tx) error {
			if err := checkUser(person); err != nil {
				return err
			}
			var err error
			if id, err = school.People.Add(tx, person); err != nil {
				if unique := (*store.UniqueError)(nil); errors.As(err, &unique) {
					return school.Refuse("ministry.refused.login_taken", "login", "login", person.Login)
				}
				return err
			}
			if err := school.StoreSecret(tx, id, hash, true); err != nil {
				return err
			}
			return school.Audit(tx, c.Actor(), "accounts.add", id, nil, person.Roles)
		})
	}
	if c.Refused(err) {
		return showUserForm(c, http.StatusUnprocessableEntity, store.ID{}, person)
	}
	if err != nil {
		return err
	}
	return renderUser(c, id, person, secret)
}

func checkUser(p school.Person) error {
	var no school.Refusals
	if p.Login == "" {
		no = append(no, school.Refuse("ministry.refused.login", "login"))
	}
	if len(p.Roles) == 0 {
		no = append(no, school.Refuse("ministry.refused.roles", "roles"))
	}
	for _, r := range p.Roles {
		if !slices.Contains(school.OfficeRoles, r) {
			no = append(no, school.Refuse("ministry.refused.roles", "roles"))
		}
	}
	if slices.Contains(p.Roles, school.Inspector) && p.Scope == "" {
		no = append(no, school.Refuse("ministry.refused.scope", "scope"))
	}
	return append(no, school.RefusalsIn(school.CheckPerson(&p))...).Or()
}

func userOf(c *web.Ctx, tx *store.Tx) (store.Record[school.Person], error) {
	id, err := c.ID("id")
	if err != nil {
		return store.Record[school.Person]{}, err
	}
	r, err := school.People.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return r, c.NotFound()
	}
	return r, err
}

func showUser(c *web.Ctx) error {
	var r store.Record[school.Person]
	if err := c.View(func(tx *store.Tx) (err error) { r, err = userOf(c, tx); return err }); err != nil {
		return err
	}
	return renderUser(c, r.ID, r.Value, "")
}

func renderUser(c *web.Ctx, id store.ID, person school.Person, secret string) error {
	p, err := newUserPage(c, id, person)
	if err != nil {
		return err
	}
	p.Secret = secret
	return c.Render(http.StatusOK, userView(p))
}

func newUserPage(c *web.Ctx, id store.ID, person school.Person) (userPage, error) {
	p := userPage{Base: c.Base("ministry.users.title"), ID: id, Person: person}
	p.Title, p.Lead = person.Name(), person.Login
	p.Back = web.Link{Label: p.T("ministry.users.title"), Href: "/users"}
	p.Scope = p.T("ministry.users.no_scope")
	err := c.View(func(tx *store.Tx) (err error) {
		if person.Scope != "" {
			if p.Scope, err = unitName(tx, person.Scope); err != nil {
				return err
			}
		}
		if p.Sessions, err = web.Sessions(tx, id); err != nil {
			return err
		}
		p.MayReset, err = school.MayResetSecret(tx, c.Actor(), store.Record[school.Person]{Meta: store.Meta{ID: id}, Value: person})
		return err
	})
	return p, err
}

// deeds are what can be done with an account that is open.
func (p *userPage) deeds() []web.Button {
	at := "/users/" + p.ID.String()
	list := []web.Button{{Label: p.T("ministry.users.edit"), Href: at + "/edit", Kind: web.Secondary}}
	if p.ID != p.Actor.ID {
		list = append(list, web.Button{Label: p.T("ministry.users.close"), Href: at + "/close", Kind: web.Third})
	}
	return list
}

// resetUser makes a new one-time password and ends the account's sessions. For
// signatories and operators it is the command line that does it: who hands out
// passwords does not sign by that.
func resetUser(c *web.Ctx) error {
	if _, err := c.Checked(); err != nil {
		return err
	}
	secret := school.OneTimeSecret()
	hash, err := school.HashSecret(c.Request().Context(), secret)
	if err != nil {
		return err
	}
	var r store.Record[school.Person]
	err = c.DB().Update(func(tx *store.Tx) (err error) {
		if r, err = userOf(c, tx); err != nil {
			return err
		}
		if may, err := school.MayResetSecret(tx, c.Actor(), r); err != nil || !may {
			return errors.Join(err, c.NotFound())
		}
		if err := school.StoreSecret(tx, r.ID, hash, true); err != nil {
			return err
		}
		if err := school.ForgetThrottles(tx, r.Value.Login); err != nil {
			return err
		}
		if err := web.EndSessions(tx, r.ID, nil); err != nil {
			return err
		}
		return school.Audit(tx, c.Actor(), "accounts.reset", r.ID, nil, nil)
	})
	if err != nil {
		return err
	}
	return renderUser(c, r.ID, r.Value, secret)
}

// confirmClose says what closing an account does, before it does it.
func confirmClose(c *web.Ctx) error {
	var r store.Record[school.Person]
	if err := c.View(func(tx *store.Tx) (err error) { r, err = userOf(c, tx); return err }); err != nil {
		return err
	}
	if r.ID == c.Actor().ID || r.Value.Left != "" {
		return c.NotFound()
	}
	p, err := newUserPage(c, r.ID, r.Value)
	if err != nil {
		return err
	}
	p.Title, p.Lead = p.T("ministry.users.close"), r.Value.Name()+" · "+r.Value.Login
	p.Back = web.Link{Label: r.Value.Name(), Href: "/users/" + r.ID.String()}
	return c.Render(http.StatusOK, userCloseView(p))
}

// closeUser closes an account: it signs in no more, and its sessions end now.
func closeUser(c *web.Ctx) error {
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		r, err := userOf(c, tx)
		if err != nil {
			return web.Result{}, err
		}
		if r.ID == c.Actor().ID {
			return web.Result{}, school.Refuse("ministry.refused.own_account", "")
		}
		r.Value.Left = org.Today(tx)
		if err := school.People.Set(tx, r.ID, r.Value); err != nil {
			return web.Result{}, err
		}
		if err := web.EndSessions(tx, r.ID, nil); err != nil {
			return web.Result{}, err
		}
		return web.Result{To: "/users", Flash: "ministry.flash.closed"}, school.Audit(tx, c.Actor(), "accounts.close", r.ID, nil, nil)
	})
}

func editUser(c *web.Ctx) error {
	var r store.Record[school.Person]
	if err := c.View(func(tx *store.Tx) (err error) { r, err = userOf(c, tx); return err }); err != nil {
		return err
	}
	return showUserForm(c, http.StatusOK, r.ID, r.Value)
}

// saveUser changes an account's name and functions. Sessions go on; what they may
// do is asked anew on every page.
func saveUser(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	var person school.Person
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			r, err := userOf(c, tx)
			if err != nil {
				return web.Result{}, err
			}
			person = r.Value
			person.Surname, person.Given, person.Scope, person.Roles = f.Get("surname"), f.Get("given"), f.Get("scope"), nil
			for _, role := range f.All("roles") {
				person.Roles = append(person.Roles, school.Role(role))
			}
			if err := checkUser(person); err != nil {
				return web.Result{}, err
			}
			if r.ID == c.Actor().ID && !person.Is(school.Operator) {
				return web.Result{}, school.Refuse("ministry.refused.own_role", "roles")
			}
			if err := school.People.Set(tx, r.ID, person); err != nil {
				return web.Result{}, err
			}
			return web.Result{To: "/users/" + r.ID.String(), Flash: "ministry.flash.user"}, school.Audit(tx, c.Actor(), "accounts.change", r.ID, r.Value.Roles, person.Roles)
		})
	}
	if c.Refused(err) {
		return showUserForm(c, http.StatusUnprocessableEntity, id, person)
	}
	return err
}
