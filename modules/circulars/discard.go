package circulars

import (
	"net/http"
	"strconv"

	"preau/school"
	"preau/store"
	"preau/web"
)

type discardPage struct {
	web.Base
	ID    store.ID
	Draft Draft
}

// confirmDelete says what is thrown away: a draft alone, never what is signed.
func confirmDelete(c *web.Ctx) error {
	r, err := openDraft(c)
	if err != nil {
		return err
	}
	p := discardPage{Base: c.Base("circulars.discard.title"), ID: r.ID, Draft: r.Value}
	p.Back = web.Link{Label: p.T("circulars.list.title"), Href: "/circulars"}
	return c.Render(http.StatusOK, discardView(p))
}

func deleteDraft(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		r, err := drafts.Get(tx, id)
		if err != nil {
			return web.Result{}, missing(c, err)
		}
		if !r.Value.Circular.IsZero() {
			return web.Result{}, school.Refuse("circulars.refused.signed", "")
		}
		if err := drafts.Delete(tx, id); err != nil {
			return web.Result{}, err
		}
		return web.Result{To: "/circulars", Flash: "circulars.flash.discarded"},
			school.Audit(tx, c.Actor(), "circulars.discard", id, map[string]any{"reference": r.Value.Reference, "subject": r.Value.Subject}, nil)
	})
}

// draftAnnex lets who writes and who signs read what is attached.
func draftAnnex(c *web.Ctx) error {
	r, err := openDraft(c)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil || n < 1 || n > len(r.Value.Annexes) {
		return c.NotFound()
	}
	return c.SendBlob(r.Value.Annexes[n-1])
}
