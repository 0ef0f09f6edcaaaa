package circulars

import (
	"net/http"
	"path/filepath"
	"strings"

	"preau/school"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

type signPage struct {
	web.Base
	ID     store.ID
	Seen   string // the version shown
	Draft  Draft
	Meant  int
	Words  string // the audience
	Old    string
	Remark string // being typed
}

// confirmSign says what signing will do, and to how many schools.
func confirmSign(c *web.Ctx) error {
	r, err := openDraft(c)
	if err != nil {
		return err
	}
	return showSign(c, http.StatusOK, r, "")
}

func showSign(c *web.Ctx, status int, r store.Record[Draft], remark string) error {
	d := r.Value
	p := signPage{Base: c.Base("circulars.sign.title"), ID: r.ID, Seen: version(r), Draft: d, Remark: remark}
	p.Back = web.Link{Label: p.T("circulars.list.title"), Href: "/circulars"}
	p.Refused = p.T("circulars.sign.refused")
	err := c.View(func(tx *store.Tx) error {
		names, err := unitNames(tx)
		if err != nil {
			return err
		}
		p.Words = inWords(p.Base, d.Audience, names)
		sites, err := d.Audience.Sites(tx, org.Today(tx))
		p.Meant = len(sites)
		if err != nil || d.Replaces.IsZero() {
			return err
		}
		if old, err := circulars.Get(tx, d.Replaces); err == nil {
			h, _ := old.Value.Signed.Decode()
			p.Old = h.Reference
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(status, signView(p))
}

func doSign(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	keys, err := officeKeys(c.DB())
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			r, err := drafts.Get(tx, id)
			if err != nil {
				return web.Result{}, missing(c, err)
			}
			if r.Value.Circular.IsZero() && f.Get("seen") != version(r) {
				return web.Result{}, school.Refuse("circulars.refused.changed_meanwhile", "")
			}
			cid, _, err := sign(tx, keys, id, c.Actor(), c.T(school.Signatory.WordKey()), c.Site())
			return web.Result{To: "/circulars/" + cid.String(), Flash: "circulars.flash.signed"}, err
		})
	}
	if c.Refused(err) {
		return signAgain(c, err, "")
	}
	return err
}

// signAgain shows the page once more with the draft as it is now. A draft that
// another has signed or thrown away meanwhile has no page left.
func signAgain(c *web.Ctx, refused error, remark string) error {
	r, err := openDraft(c)
	if err != nil {
		return refused
	}
	return showSign(c, http.StatusUnprocessableEntity, r, remark)
}

// giveBack returns a draft to its writer, with the reason.
func giveBack(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	remark := strings.TrimSpace(f.Get("remark"))
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			r, err := drafts.Get(tx, id)
			switch {
			case err != nil:
				return web.Result{}, missing(c, err)
			case !r.Value.Circular.IsZero():
				return web.Result{}, school.Refuse("circulars.refused.signed", "")
			case remark == "":
				return web.Result{}, school.Refuse("circulars.refused.remark", "remark")
			case len(remark) > seal.MaxText*4:
				return web.Result{}, school.Refuse("circulars.refused.too_long", "remark", "count", seal.MaxText*4)
			}
			d := r.Value
			d.Writing, d.Remark = true, remark
			if err := drafts.Set(tx, id, d); err != nil {
				return web.Result{}, err
			}
			return web.Result{To: "/circulars", Flash: "circulars.flash.given_back"}, school.Audit(tx, c.Actor(), "circulars.give_back", id, nil, nil)
		})
	}
	if c.Refused(err) {
		return signAgain(c, err, remark)
	}
	return err
}

// officeKeys are the office's private keys, in its folder.
func officeKeys(db *store.DB) (*seal.Keys, error) {
	return seal.OpenKeys(filepath.Join(db.Dir(), "keys"))
}
