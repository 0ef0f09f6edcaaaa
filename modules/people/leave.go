package people

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"

	"preau/school"
	"preau/store"
	"preau/web"
)

func shortHash(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:8])
}

// leavePage writes down that somebody leaves. Nothing is deleted.
type leavePage struct {
	web.Base
	ID     store.ID
	Person school.Person
	Day    string
	Why    string
	Reason []web.Option
}

func newLeavePage(c *web.Ctx, r store.Record[school.Person], day, why string) leavePage {
	p := leavePage{Base: base(c, "people.leave.title", "name", r.Value.Name()), ID: r.ID, Person: r.Value, Day: day, Why: why}
	p.Back = web.Link{Label: r.Value.Name(), Href: "/people/" + r.ID.String()}
	p.Refused = p.T("people.refused.not_saved")
	for _, x := range school.LeaveReasons {
		p.Reason = append(p.Reason, web.Option{Value: x, Label: p.T("people.why." + x)})
	}
	return p
}

// personToChange reads the person of the address for a page that changes them.
func personToChange(c *web.Ctx) (r store.Record[school.Person], err error) {
	id, err := c.ID("id")
	if err != nil {
		return r, err
	}
	err = c.View(func(tx *store.Tx) error {
		r, err = changeable(c, tx, id)
		return err
	})
	return r, err
}

func showLeave(c *web.Ctx) error {
	r, err := personToChange(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, leaveView(newLeavePage(c, r, today(c), "transfer")))
}

// leave ends a person's time here: sessions end, the account opens nothing.
func leave(c *web.Ctx) error {
	r, err := personToChange(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	day, why := f.Get("left"), f.Get("left_why")
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			now, err := changeable(c, tx, r.ID)
			if err != nil {
				return web.Result{}, err
			}
			switch {
			case r.ID == c.Actor().ID:
				return web.Result{}, school.Refuse("people.refused.yourself", "")
			case now.Value.Kind == school.Staff && !school.May(school.ChangeStaff).Allows(c.Actor()):
				return web.Result{}, school.Refuse("people.refused.head_only", "")
			case !school.ValidDay(day):
				return web.Result{}, school.Refuse("people.refused.day", "left", "value", day)
			case !slices.Contains(school.LeaveReasons, why):
				return web.Result{}, school.Refuse("people.refused.why", "left_why")
			}
			after := now.Value
			after.Left, after.LeftWhy = day, why
			if now.Value.Kind == school.Staff {
				if err := keepAHead(tx, r.ID, &after); err != nil {
					return web.Result{}, err
				}
			}
			if _, err := save(tx, c.Actor(), "people.leave", r.ID, now.Value, after); err != nil {
				return web.Result{}, err
			}
			err = web.EndSessions(tx, r.ID, nil)
			return web.Result{To: "/people/" + r.ID.String(), Flash: "people.leave.done", FlashArgs: map[string]any{"name": after.Name()}}, err
		})
	}
	if c.Refused(err) {
		return c.Render(http.StatusUnprocessableEntity, leaveView(newLeavePage(c, r, day, why)))
	}
	return err
}

// comeBack takes somebody in again who had left.
func comeBack(c *web.Ctx) error {
	r, err := personToChange(c)
	if err != nil {
		return err
	}
	err = c.Post(func(tx *store.Tx) (web.Result, error) {
		now, err := changeable(c, tx, r.ID)
		if err != nil {
			return web.Result{}, err
		}
		if now.Value.Kind == school.Staff && !school.May(school.ChangeStaff).Allows(c.Actor()) {
			return web.Result{}, school.Refuse("people.refused.head_only", "")
		}
		after := now.Value
		after.Left, after.LeftWhy = "", ""
		_, err = save(tx, c.Actor(), "people.return", r.ID, now.Value, after)
		return web.Result{To: "/people/" + r.ID.String(), Flash: "people.return.done", FlashArgs: map[string]any{"name": after.Name()}}, err
	})
	if c.Refused(err) {
		return showPersonAt(c, http.StatusUnprocessableEntity)
	}
	return err
}

// showClose asks before an account is closed.
func showClose(c *web.Ctx) error {
	r, err := accountToClose(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, closeView(newClosePage(c, r)))
}

func newClosePage(c *web.Ctx, r store.Record[school.Person]) leavePage {
	p := leavePage{Base: base(c, "people.close.title", "name", r.Value.Name()), ID: r.ID, Person: r.Value}
	p.Back = web.Link{Label: r.Value.Name(), Href: "/people/" + r.ID.String()}
	return p
}

func accountToClose(c *web.Ctx) (r store.Record[school.Person], err error) {
	if r, err = personToChange(c); err != nil {
		return r, err
	}
	if r.Value.Kind != school.Staff || r.ID == c.Actor().ID {
		return r, c.NotFound()
	}
	return r, nil
}

// closeAccount takes the sign-in name and the password away and ends every
// session. The person stays on the roster.
func closeAccount(c *web.Ctx) error {
	r, err := accountToClose(c)
	if err != nil {
		return err
	}
	err = c.Post(func(tx *store.Tx) (web.Result, error) {
		now, err := school.Roster.Person(tx, r.ID)
		if err != nil {
			return web.Result{}, c.NotFound()
		}
		login := now.Value.Login
		now.Value.Login = ""
		if err := school.People.Set(tx, r.ID, now.Value); err != nil {
			return web.Result{}, err
		}
		if err := school.ForgetSecret(tx, r.ID); err != nil {
			return web.Result{}, err
		}
		if err := web.EndSessions(tx, r.ID, nil); err != nil {
			return web.Result{}, err
		}
		err = school.Audit(tx, c.Actor(), "accounts.close", r.ID, login, nil)
		return web.Result{To: "/people/" + r.ID.String(), Flash: "people.close.done", FlashArgs: map[string]any{"name": now.Value.Name()}}, err
	})
	if c.Refused(err) {
		return c.Render(http.StatusUnprocessableEntity, closeView(newClosePage(c, r)))
	}
	return err
}
