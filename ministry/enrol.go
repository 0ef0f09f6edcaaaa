package ministry

import (
	"errors"
	"net/http"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

type enrolPage struct {
	web.Base
	School  org.Unit
	Waiting time.Time // a code made before ends then
	Live    bool      // the school has a box already
	Code    string    // just made: shown this once
	QR      string
	Expires time.Time
}

func schoolOf(c *web.Ctx, tx *store.Tx) (org.Unit, error) {
	u, err := org.At(tx, c.Param("code"), org.Today(tx))
	if errors.Is(err, org.ErrNoUnit) || err == nil && u.Value.Kind != org.School {
		return org.Unit{}, c.NotFound()
	}
	return u.Value, err
}

func enrolForm(c *web.Ctx) error {
	p := enrolPage{Base: c.Base("ministry.enrol.title")}
	err := c.View(func(tx *store.Tx) (err error) {
		if p.School, err = schoolOf(c, tx); err != nil {
			return err
		}
		live, err := liveBoxes(tx)
		if err != nil {
			return err
		}
		p.Live = live[p.School.Code]
		p.Waiting, err = boxsync.LiveCode(tx, p.School.Code)
		return err
	})
	if err != nil {
		return err
	}
	return showEnrol(c, p)
}

func showEnrol(c *web.Ctx, p enrolPage) error {
	p.Lead = p.School.Name + " · " + p.School.Code
	p.Back = web.Link{Label: p.School.Name, Href: "/schools/" + p.School.Code}
	return c.Render(http.StatusOK, enrolView(p))
}

// makeCode makes the code and shows it on the answer itself: it is in no
// address and no list. Sent twice it makes a new code, and the first dies.
func makeCode(c *web.Ctx) error {
	p := enrolPage{Base: c.Base("ministry.enrol.title")}
	if _, err := c.Checked(); err != nil {
		return err
	}
	err := c.DB().Update(func(tx *store.Tx) (err error) {
		if p.School, err = schoolOf(c, tx); err != nil {
			return err
		}
		p.Code, p.Expires, err = newCode(tx, c.Actor(), p.School.Code)
		return err
	})
	if err != nil {
		return err
	}
	p.QR = seal.QRSVG(p.Code, 30)
	return showEnrol(c, p)
}

func newCode(tx *store.Tx, who school.Actor, code string) (string, time.Time, error) {
	secret, expires, err := boxsync.NewCode(tx, code, boxsync.DefaultCodeLife)
	if err != nil {
		return "", expires, err
	}
	return secret, expires, school.Audit(tx, who, "schools.enrolment_code", store.ID{}, nil, code)
}

type (
	enrolmentIn struct {
		School string `json:"school"`
	}
	enrolmentOut struct {
		Code    string    `json:"code"`
		Expires time.Time `json:"expires"`
	}
)

func apiEnrol(c *web.Ctx) (any, error) {
	var in enrolmentIn
	if err := c.In(&in); err != nil {
		return nil, err
	}
	return c.Write(func(tx *store.Tx) (any, error) {
		u, err := org.At(tx, in.School, org.Today(tx))
		if errors.Is(err, org.ErrNoUnit) || err == nil && u.Value.Kind != org.School {
			return nil, school.Refuse("ministry.refused.no_school", "school", "code", in.School)
		}
		if err != nil {
			return nil, err
		}
		code, expires, err := newCode(tx, c.Actor(), u.Value.Code)
		return enrolmentOut{code, expires}, err
	})
}

type revokePage struct {
	web.Base
	School org.Unit
}

func confirmRevoke(c *web.Ctx) error {
	p := revokePage{Base: c.Base("ministry.revoke.title")}
	if err := c.View(func(tx *store.Tx) (err error) { p.School, err = schoolOf(c, tx); return err }); err != nil {
		return err
	}
	p.Lead = p.School.Name + " · " + p.School.Code
	p.Back = web.Link{Label: p.School.Name, Href: "/schools/" + p.School.Code}
	return c.Render(http.StatusOK, revokeView(p))
}

// doRevoke ends a school's box: a stolen box gets nothing from here on. Its
// open session ends with this commit.
func doRevoke(c *web.Ctx) error {
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		u, err := schoolOf(c, tx)
		if err != nil {
			return web.Result{}, err
		}
		n, err := boxsync.Revoke(tx, u.Code)
		if err != nil {
			return web.Result{}, err
		}
		return web.Result{To: "/schools/" + u.Code, Flash: "ministry.flash.revoked", FlashArgs: map[string]any{"count": n}},
			school.Audit(tx, c.Actor(), "schools.revoke_box", store.ID{}, n, u.Code)
	})
}
