package circulars

import (
	"errors"
	"net/http"

	"preau/school"
	"preau/store"
	"preau/web"
)

type replyPage struct {
	web.Base
	ID        store.ID
	Reference string
	Text      string
	Kept      []web.Upload
}

func replyForm(c *web.Ctx) error { return showReply(c, http.StatusOK, "", nil) }

func showReply(c *web.Ctx, status int, text string, kept []web.Upload) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	p := replyPage{Base: c.Base("circulars.reply.title"), ID: id, Text: text, Kept: kept}
	err = c.View(func(tx *store.Tx) error {
		a, r, err := mayRead(tx, id, c.Actor())
		if err != nil || !r.Value.Reply {
			return c.NotFound()
		}
		p.Reference = a.Value.Reference
		return nil
	})
	if err != nil {
		return err
	}
	p.Lead = p.T("circulars.lead", "reference", p.Reference)
	p.Back = web.Link{Label: p.Reference, Href: "/circulars/" + id.String()}
	return c.Render(status, replyView(p))
}

// doReply sends the school's answer: text and at most one file. A second answer
// stands beside the first; nothing that was sent is taken back silently.
func doReply(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			_, r, err := mayRead(tx, id, c.Actor())
			if err != nil || !r.Value.Reply {
				return web.Result{}, c.NotFound()
			}
			if f.Get("text") == "" {
				return web.Result{}, school.Refuse("circulars.refused.reply", "text")
			}
			if len(f.Get("text")) > maxBody {
				return web.Result{}, school.Refuse("circulars.refused.body_long", "text", "count", maxBody/1024)
			}
			if len(f.Files("file")) > 1 {
				return web.Result{}, school.Refuse("circulars.refused.one_file", "file")
			}
			rp := Reply{Circular: id, Site: c.Site().Code, Text: f.Get("text"), By: c.Actor().Name}
			rp.At, _ = tx.Now()
			if u, ok := f.File("file"); ok {
				rp.File = u.Blob
			}
			rid, err := replies.Add(tx, rp)
			if err != nil {
				return web.Result{}, err
			}
			return web.Result{To: "/circulars/" + id.String(), Flash: "circulars.flash.replied"}, school.Audit(tx, c.Actor(), "circulars.reply", rid, nil, nil)
		})
	}
	if c.Refused(err) {
		return showReply(c, http.StatusUnprocessableEntity, f.Get("text"), f.Files("file"))
	}
	return err
}

// ownReplyFile is the file that this school sent.
func ownReplyFile(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var file store.Blob
	err = c.View(func(tx *store.Tx) error {
		r, err := replies.One(tx, "circular", id)
		file = r.Value.File
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && file.Hash.IsZero() {
		return c.NotFound()
	}
	if err != nil {
		return err
	}
	return c.SendBlob(file)
}
