package ministry

import (
	"net/http"
	"strconv"

	"preau/appliance"
	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

type keyRow struct {
	seal.Key
	Signed int    // documents of this office
	Last   string // reference of the last one that still counts; "" all or none
}

type keysPage struct {
	web.Base
	List uint64
	Root string
	Keys []keyRow // newest first
}

// showKeys lists the signing keys as every school knows them.
func showKeys(c *web.Ctx) error {
	p := keysPage{Base: c.Base("ministry.keys.title")}
	p.Back = web.Link{Label: p.T("ministry.users.title"), Href: "/users"}
	keys, err := openKeys(c.DB())
	if err != nil {
		return err
	}
	list, _ := keys.List()
	p.List, p.Root = list.Number, appliance.Fingerprint(keys.Root())
	err = c.View(func(tx *store.Tx) error {
		for _, k := range list.Keys {
			docs, err := seal.SignedBy(tx, k.ID)
			if err != nil {
				return err
			}
			row := keyRow{Key: k, Signed: len(docs)}
			for _, d := range docs {
				if k.LastNumber > 0 && d.Record.Number <= k.LastNumber && row.Last == "" {
					row.Last = referenceOf(d)
				}
			}
			p.Keys = append([]keyRow{row}, p.Keys...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, keysView(p))
}

func referenceOf(d seal.Document) string {
	h, _ := d.Signed.Decode()
	return h.Reference
}

// mark is what a key is good for today.
func (p keysPage) mark(k keyRow) web.Mark {
	switch {
	case k.Revoked && k.Last != "":
		return web.Mark{Icon: "octagon", Tone: web.Brick, Bold: p.T("ministry.keys.revoked"), Text: p.T("ministry.keys.counts_until", "reference", k.Last)}
	case k.Revoked:
		return web.Mark{Icon: "octagon", Tone: web.Brick, Bold: p.T("ministry.keys.revoked"), Text: p.T("ministry.keys.counts_none")}
	case k.UntilNumber > 0:
		return web.Mark{Icon: "lock", Tone: web.Ochre, Bold: p.T("ministry.keys.retired"), Text: p.T("ministry.keys.still_counts")}
	}
	return web.Mark{Icon: "check", Tone: web.Green, Bold: p.T("ministry.keys.signs")}
}

type rotatePage struct {
	web.Base
	List uint64 // the list that the person has before them
	Key  seal.Key
	Docs []web.Option // revoking: up to which document the key counts
	Last string       // chosen
	Mine int          // documents of the key
}

func rotateForm(c *web.Ctx) error { return showRotate(c, http.StatusOK) }

func showRotate(c *web.Ctx, status int) error {
	p := rotatePage{Base: c.Base("ministry.keys.rotate")}
	p.Back = web.Link{Label: p.T("ministry.keys.title"), Href: "/keys"}
	p.Refused = p.T("ministry.keys.refused")
	keys, err := openKeys(c.DB())
	if err != nil {
		return err
	}
	list, _ := keys.List()
	p.List = list.Number
	return c.Render(status, rotateView(p))
}

// doRotate retires the key in use and begins a new one.
func doRotate(c *web.Ctx) error {
	return changeKeys(c, "ministry.flash.rotated", "keys.rotate", func(tx *store.Tx, _ *web.Form, keys *seal.Keys) error {
		last, err := seal.Newest(tx)
		if err != nil {
			return err
		}
		return keys.Rotate(last)
	}, func(string) error { return showRotate(c, http.StatusUnprocessableEntity) })
}

// changeKeys does what changes the list of keys: after the secret typed again, on
// the list that the person had before them, and once however often it is sent. The
// keys are files: they change first, and the list reaches the schools with the
// commit, or with the next start when power fails in between.
func changeKeys(c *web.Ctx, flash, deed string, change func(*store.Tx, *web.Form, *seal.Keys) error, again func(last string) error) error {
	f, err := c.Form()
	if err == nil {
		if done, e := c.Repeated(); done || e != nil {
			return e
		}
		err = c.ConfirmSecret(f.Get("secret"))
	}
	if err == nil {
		changed := false
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			keys, err := openKeys(c.DB())
			if err != nil {
				return web.Result{}, err
			}
			before, _ := keys.List()
			if !changed {
				if f.Get("list") != strconv.FormatUint(before.Number, 10) {
					return web.Result{}, school.Refuse("ministry.refused.keys_changed", "")
				}
				if err := change(tx, f, keys); err != nil {
					return web.Result{}, err
				}
				changed = true
			}
			if err := publish(tx, keys); err != nil {
				return web.Result{}, err
			}
			return web.Result{To: "/keys", Flash: flash}, school.Audit(tx, c.Actor(), deed, store.ID{}, before.Number, c.Param("id"))
		})
	}
	if c.Refused(err) {
		return again(f.Get("last"))
	}
	return err
}

func revokeKeyForm(c *web.Ctx) error { return showRevokeKey(c, http.StatusOK, "") }

func showRevokeKey(c *web.Ctx, status int, last string) error {
	p := rotatePage{Base: c.Base("ministry.keys.revoke"), Last: last}
	p.Back = web.Link{Label: p.T("ministry.keys.title"), Href: "/keys"}
	p.Refused = p.T("ministry.keys.refused")
	keys, err := openKeys(c.DB())
	if err != nil {
		return err
	}
	list, _ := keys.List()
	p.List = list.Number
	id, err := strconv.ParseUint(c.Param("id"), 10, 32)
	k, ok := list.Find(uint32(id))
	if err != nil || !ok {
		return c.NotFound()
	}
	p.Key = k
	err = c.View(func(tx *store.Tx) error {
		docs, err := seal.SignedBy(tx, k.ID)
		p.Mine = len(docs)
		for _, d := range docs {
			if h, err := d.Signed.Decode(); err == nil && (k.LastNumber == 0 || d.Record.Number <= k.LastNumber) {
				p.Docs = append(p.Docs, web.Option{Value: d.Record.String(), Label: h.Reference + " · " + p.ShortDay(h.Date) + " · " + h.Subject})
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	p.Docs = append([]web.Option{{Value: "", Label: p.T("ministry.keys.choose")}, {Value: "none", Label: p.T("ministry.keys.none")}}, p.Docs...)
	p.Title = p.T("ministry.keys.revoke_n", "key", k.ID)
	return c.Render(status, revokeKeyView(p))
}

// doRevokeKey ends a stolen key. Up to the document that the person names it goes
// on vouching; what came later counts no more in any school.
func doRevokeKey(c *web.Ctx) error {
	return changeKeys(c, "ministry.flash.key_revoked", "keys.revoke", func(_ *store.Tx, f *web.Form, keys *seal.Keys) error {
		id, err := strconv.ParseUint(c.Param("id"), 10, 32)
		if err != nil {
			return c.NotFound()
		}
		var last store.ID
		switch f.Get("last") {
		case "":
			return school.Refuse("ministry.refused.key_last", "last")
		case "none":
		default:
			if last, err = store.ParseID(f.Get("last")); err != nil {
				return school.Refuse("ministry.refused.key_last", "last")
			}
		}
		l, _ := keys.List()
		if k, ok := l.Find(uint32(id)); !ok {
			return c.NotFound()
		} else if k.LastNumber > 0 && last.Number > k.LastNumber {
			return school.Refuse("ministry.refused.key_last", "last")
		}
		return keys.Revoke(uint32(id), last)
	}, func(last string) error { return showRevokeKey(c, http.StatusUnprocessableEntity, last) })
}
