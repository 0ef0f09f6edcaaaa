package notices

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"preau/school"
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

// confirmSign says what signing will do, and to how many people.
func confirmSign(c *web.Ctx) error {
	r, err := openDraft(c)
	if err != nil {
		return err
	}
	return renderSign(c, http.StatusOK, r, "")
}

func renderSign(c *web.Ctx, status int, r store.Record[Draft], remark string) error {
	p := signPage{Base: c.Base("notices.sign.title"), ID: r.ID, Seen: version(r), Draft: r.Value, Remark: remark}
	p.Back = web.Link{Label: p.T("notices.list.title"), Href: "/notices"}
	p.Refused = p.T("notices.sign.refused")
	err := c.View(func(tx *store.Tx) error {
		names, err := labelsOf(c, tx)
		if err != nil {
			return err
		}
		p.Words = inWords(p.Base, r.Value.Text.Audience, names.label)
		p.Old = oldInWords(tx, p.Base, r.Value.Text.Replaces)
		p.Meant, err = meantNow(c, tx, &r.Value.Text.Audience)
		return err
	})
	if err != nil {
		return err
	}
	return c.Render(status, signView(p))
}

// doSign publishes a draft under the proviseur's name, whose secret is typed again.
func doSign(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err == nil {
		if done, err := c.Repeated(); done || err != nil {
			return err
		}
		err = c.ConfirmSecret(f.Raw("secret"))
	}
	var key ed25519.PrivateKey
	if err == nil {
		key, err = seal.PaperKey(c.DB().Dir())
	}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			r, err := drafts.Get(tx, id)
			if err != nil {
				return web.Result{}, missing(c, err)
			}
			if r.Value.Notice.IsZero() && f.Get("seen") != version(r) {
				return web.Result{}, school.Refuse("notices.refused.changed_meanwhile", "")
			}
			nid, err := sign(tx, key, id, c.Actor(), c.TIn(c.Site().Language, "notices.paper.head"), today(tx))
			return web.Result{To: "/notices/" + nid.String(), Flash: "notices.flash.signed"}, err
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
	return renderSign(c, http.StatusUnprocessableEntity, r, remark)
}

// sign makes a draft a notice: it takes the next number of its series, is signed
// with the school's key and published, in the caller's transaction. title is the
// signatory's, as papers say it; day is that of the signature.
func sign(tx *store.Tx, key ed25519.PrivateKey, id store.ID, who school.Actor, title, day string) (store.ID, error) {
	r, err := drafts.Get(tx, id)
	if err != nil {
		return store.ID{}, err
	}
	d := r.Value
	switch {
	case !d.Notice.IsZero():
		return store.ID{}, school.Refuse("notices.refused.signed", "")
	case d.Writing:
		return store.ID{}, school.Refuse("notices.refused.writing", "", "name", d.AuthorIs)
	}
	if err := checkWhole(tx, &d.Text, day); err != nil {
		return store.ID{}, err
	}
	old, err := ending(tx, &d.Text, day)
	if err != nil {
		return store.ID{}, err
	}
	n := Notice{Text: d.Text, Date: day, Signatory: strings.TrimSpace(who.Name + ", " + title), By: who.ID, Author: d.AuthorIs}
	n.Text.From = max(d.Text.From, day)
	if n.Ends = d.Text.Until; n.Ends == "" {
		n.Ends = yearEnd(tx, n.Text.From)
	}
	if err := n.number(tx, day); err != nil {
		return store.ID{}, err
	}
	if err := n.seal(tx, key, old.Value.Reference); err != nil {
		return store.ID{}, err
	}
	nid, err := notices.Add(tx, n)
	if err != nil {
		return store.ID{}, err
	}
	if !old.ID.IsZero() {
		if err := seal.EndPaper(tx, old.Value.Code, seal.End{By: n.Reference, Withdrawn: d.Text.Withdraws, From: n.Text.From}); err != nil {
			return store.ID{}, err
		}
	}
	d.Notice = nid
	if err := drafts.Set(tx, id, d); err != nil {
		return store.ID{}, err
	}
	return nid, school.Audit(tx, who, "notices.sign", nid, nil, map[string]any{"reference": n.Reference, "subject": n.Text.Subject, "code": n.Code})
}

// ending is the notice that a text ends, zero when it ends none; it refuses when
// another has ended that one meanwhile.
func ending(tx *store.Tx, t *Text, day string) (old store.Record[Notice], err error) {
	if t.Replaces.IsZero() {
		return old, nil
	}
	if old, err = notices.Get(tx, t.Replaces); err != nil {
		return old, err
	}
	l, err := one(tx, old)
	if err != nil {
		return old, err
	}
	return old, mayEnd(&l, day)
}

// number takes the next one of the year's series.
func (n *Notice) number(tx *store.Tx, day string) error {
	y, err := school.YearOn(tx, day)
	switch {
	case errors.Is(err, school.ErrNoYear):
		y.Label = day[:4]
	case err != nil:
		return err
	}
	n.Year, n.Number = y.Label, 1
	for last, err := range notices.Scan(tx, store.Query{Index: "number", Prefix: []any{n.Year, string(n.Text.Kind)}, Reverse: true}) {
		if err != nil {
			return err
		}
		n.Number = last.Value.Number + 1
		break
	}
	site, err := school.Site(tx)
	if err != nil {
		return err
	}
	n.Reference = fmt.Sprintf("n° %03d/%s/%s/%s", n.Number, n.Year, site.Code, n.Text.Kind.mark())
	return nil
}

// seal signs what the notice says. The paper's QR text vouches for the header, and
// by the hash in it for the text, the days and whom it means.
func (n *Notice) seal(tx *store.Tx, key ed25519.PrivateKey, replaces string) error {
	site, err := school.Site(tx)
	if err != nil {
		return err
	}
	content, err := seal.CanonicalCBOR(n)
	if err != nil {
		return fmt.Errorf("seal a notice: %w", err)
	}
	h := seal.Header{
		Reference: n.Reference, Date: n.Date, Issuer: site.Name, Signatory: n.Signatory, Subject: n.Text.Subject,
		Body: seal.HashOf(content), Replaces: replaces,
	}
	for _, a := range n.Text.Annexes {
		h.Annexes = append(h.Annexes, a.Hash)
	}
	if n.Signed, err = seal.IssuePaper(tx, key, h); err != nil {
		return fmt.Errorf("seal a notice: %w", err)
	}
	n.Code = seal.ShortCode(n.Signed)
	return nil
}

// giveBack returns a draft to its writer, with the reason.
func giveBack(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	remark := f.Get("remark")
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			r, err := drafts.Get(tx, id)
			switch {
			case err != nil:
				return web.Result{}, missing(c, err)
			case !r.Value.Notice.IsZero():
				return web.Result{}, school.Refuse("notices.refused.signed", "")
			case remark == "":
				return web.Result{}, school.Refuse("notices.refused.remark", "remark")
			case len(remark) > maxRemark:
				return web.Result{}, school.Refuse("notices.refused.long", "remark", "count", maxRemark)
			}
			d := r.Value
			d.Writing, d.Remark = true, remark
			if err := drafts.Set(tx, id, d); err != nil {
				return web.Result{}, err
			}
			return web.Result{To: "/notices", Flash: "notices.flash.given_back"}, school.Audit(tx, c.Actor(), "notices.give_back", id, nil, map[string]any{"subject": d.Text.Subject})
		})
	}
	if c.Refused(err) {
		return signAgain(c, err, remark)
	}
	return err
}

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
	p := discardPage{Base: c.Base("notices.discard.title"), ID: r.ID, Draft: r.Value}
	p.Back = web.Link{Label: p.T("notices.list.title"), Href: "/notices"}
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
		if !r.Value.Notice.IsZero() {
			return web.Result{}, school.Refuse("notices.refused.signed", "")
		}
		if err := drafts.Delete(tx, id); err != nil {
			return web.Result{}, err
		}
		return web.Result{To: "/notices", Flash: "notices.flash.discarded"},
			school.Audit(tx, c.Actor(), "notices.discard", id, map[string]any{"subject": r.Value.Text.Subject}, nil)
	})
}

// draftAnnex lets who writes and who signs read what is attached.
func draftAnnex(c *web.Ctx) error {
	r, err := openDraft(c)
	if err != nil {
		return err
	}
	return sendAnnex(c, r.Value.Text.Annexes)
}

func sendAnnex(c *web.Ctx, annexes []store.Blob) error {
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil || n < 1 || n > len(annexes) {
		return c.NotFound()
	}
	return c.SendBlob(annexes[n-1])
}

func missing(c *web.Ctx, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return c.NotFound()
	}
	return err
}
