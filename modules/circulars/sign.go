package circulars

import (
	"net/http"
	"path/filepath"

	"preau/school"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

type signPage struct {
	web.Base
	ID    store.ID
	Draft Draft
	Meant int
	Words string // the audience
	Old   string
}

// confirmSign says what signing will do, and to how many schools.
func confirmSign(c *web.Ctx) error {
	id, d, err := openDraft(c)
	if err != nil {
		return err
	}
	return showSign(c, http.StatusOK, id, d)
}

func showSign(c *web.Ctx, status int, id store.ID, d Draft) error {
	p := signPage{Base: c.Base("circulars.sign.title"), ID: id, Draft: d}
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
	id, d, err := openDraft(c)
	if err != nil {
		// Signed meanwhile, or this form sent twice: Post knows which.
		if id, err = c.ID("id"); err != nil {
			return err
		}
	}
	keys, err := officeKeys(c.DB())
	if err != nil {
		return err
	}
	err = c.Post(func(tx *store.Tx) (web.Result, error) {
		cid, _, err := sign(tx, keys, id, c.Actor(), c.T(school.Signatory.WordKey()), c.Site())
		return web.Result{To: "/circulars/" + cid.String(), Flash: "circulars.flash.signed"}, err
	})
	if c.Refused(err) && d.Subject != "" {
		return showSign(c, http.StatusUnprocessableEntity, id, d)
	}
	return err
}

// officeKeys are the office's private keys, in its folder.
func officeKeys(db *store.DB) (*seal.Keys, error) {
	return seal.OpenKeys(filepath.Join(db.Dir(), "keys"))
}
