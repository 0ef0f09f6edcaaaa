package rooms

import (
	"net/http"

	"preau/school"
	"preau/store"
	"preau/web"
)

// ownPage is where a pupil chooses a PIN.
type ownPage struct {
	web.Base
	First bool
}

func newOwnPage(c *web.Ctx) (ownPage, error) {
	first := false
	err := c.View(func(tx *store.Tx) (err error) {
		first, err = school.MustChange(tx, c.Actor().ID)
		return err
	})
	p := ownPage{First: first}
	if first {
		p.Base = c.Base("rooms.own.first")
	} else {
		p.Base = c.Base("rooms.own.title")
		p.Back = web.Link{Label: p.T("rooms.own.account"), Href: "/account"}
	}
	p.Refused = p.T("rooms.own.refused")
	return p, err
}

func showOwnPIN(c *web.Ctx) error {
	p, err := newOwnPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, ownView(p))
}

func saveOwnPIN(c *web.Ctx) error {
	f, err := c.Form()
	if err == nil {
		var done bool
		if done, err = c.Repeated(); done {
			return err
		}
	}
	var p ownPage
	if err == nil {
		if p, err = newOwnPage(c); err != nil {
			return err
		}
		err = changePIN(c, p.First, f.Raw("current"), school.NormalizePIN(f.Raw("pin")), school.NormalizePIN(f.Raw("again")))
	}
	if c.Refused(err) {
		if p, err = newOwnPage(c); err != nil {
			return err
		}
		return c.Render(http.StatusUnprocessableEntity, ownView(p))
	}
	return err
}

func changePIN(c *web.Ctx, first bool, current, pin, again string) error {
	me := c.Person()
	if no := school.CheckPINQuality(pin, &me); no != nil {
		return no
	}
	if pin != again {
		return school.Refuse("rooms.refused.not_the_same", "again")
	}
	ctx, id := c.Request().Context(), c.Actor().ID
	if !first {
		if _, _, err := school.CheckPIN(ctx, c.DB(), id, current, c.Device()); err != nil {
			if rs := school.RefusalsIn(err); rs != nil {
				return &school.Refusal{Key: rs[0].Key, Field: "current", Args: rs[0].Args}
			}
			return err
		}
	}
	same, err := school.IsPIN(ctx, c.DB(), id, pin)
	if err != nil {
		return err
	}
	if same {
		return school.Refuse("rooms.refused.not_new", "pin")
	}
	hash, err := school.HashPIN(ctx, c.DB(), id, pin)
	if err != nil {
		return err
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		if err := school.StoreSecret(tx, id, hash, false); err != nil {
			return web.Result{}, err
		}
		if err := web.EndSessions(tx, id, c); err != nil {
			return web.Result{}, err
		}
		return web.Result{To: "/", Flash: "rooms.own.done"}, school.Audit(tx, c.Actor(), "signin.pin", id, nil, nil)
	})
}

// resetPage gives a pupil who forgot the PIN a new one for one use. It is shown
// before it counts, so that it is never stored in clear.
type resetPage struct {
	web.Base
	ID   store.ID
	Name string
	PIN  string
	Room string
}

func pupilToReset(c *web.Ctx, tx *store.Tx) (r store.Record[school.Person], err error) {
	id, err := c.ID("id")
	if err != nil {
		return r, err
	}
	if r, err = school.Roster.Person(tx, id); err != nil {
		return r, c.NotFound()
	}
	may, err := school.MayResetSecret(tx, c.Actor(), r)
	if err == nil && (!may || r.Value.Kind != school.PupilKind) {
		err = c.NotFound()
	}
	return r, err
}

func newResetPage(c *web.Ctx, r store.Record[school.Person], at string) (p resetPage, err error) {
	p = resetPage{Base: c.Base("rooms.reset.title", "name", r.Value.Name()), ID: r.ID, Name: r.Value.Name(), Room: at}
	p.Named = true
	p.Back = web.Link{Label: p.T("rooms.title"), Href: p.way()}
	p.PIN, err = school.SheetPIN(c.DB(), school.SheetNonce(), r.ID)
	return p, err
}

// way leads back to the room that one came from.
func (p *resetPage) way() string {
	if id, err := store.ParseID(p.Room); err == nil && !id.IsZero() {
		return "/rooms/" + id.String()
	}
	return "/rooms"
}

func showReset(c *web.Ctx) error {
	var r store.Record[school.Person]
	err := c.View(func(tx *store.Tx) (err error) {
		r, err = pupilToReset(c, tx)
		return err
	})
	if err != nil {
		return err
	}
	p, err := newResetPage(c, r, c.Query("room"))
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, resetView(p))
}

func saveReset(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if done, err := c.Repeated(); done || err != nil {
		return err
	}
	var r store.Record[school.Person]
	if err := c.View(func(tx *store.Tx) (err error) {
		r, err = pupilToReset(c, tx)
		return err
	}); err != nil {
		return err
	}
	back := resetPage{Room: f.Get("room")}
	err = func() error {
		pin := f.Raw("pin")
		if no := school.CheckPINQuality(pin, &r.Value); no != nil {
			return no
		}
		hash, err := school.HashPIN(c.Request().Context(), c.DB(), r.ID, pin)
		if err != nil {
			return err
		}
		return c.Post(func(tx *store.Tx) (web.Result, error) {
			if _, err := pupilToReset(c, tx); err != nil {
				return web.Result{}, err
			}
			if err := giveOneTime(tx, r.ID, hash); err != nil {
				return web.Result{}, err
			}
			err := school.Audit(tx, c.Actor(), "rooms.pin", r.ID, nil, nil)
			return web.Result{To: back.way(), Flash: "rooms.reset.done", FlashArgs: map[string]any{"name": r.Value.Name()}}, err
		})
	}()
	if c.Refused(err) {
		p, err := newResetPage(c, r, back.Room)
		if err != nil {
			return err
		}
		return c.Render(http.StatusUnprocessableEntity, resetView(p))
	}
	return err
}

// giveOneTime makes a hash the pupil's one-time PIN and ends the sessions.
func giveOneTime(tx *store.Tx, id store.ID, hash string) error {
	if err := school.StoreSecret(tx, id, hash, true); err != nil {
		return err
	}
	return web.EndSessions(tx, id, nil)
}
