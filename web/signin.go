package web

import (
	"errors"
	"net/http"

	"preau/school"
	"preau/store"
)

// SignIn begins a session for a person whose secret was just checked, ends the
// one this browser had, and sends them on. own is "mon appareil".
func (c *Ctx) SignIn(who school.Actor, own bool, to string) error {
	secret := newSecret()
	err := c.DB().Update(func(tx *store.Tx) error {
		now, _ := tx.Now()
		if !c.sess.id.IsZero() {
			if err := endSession(tx, c.sess.id); err != nil {
				return err
			}
		}
		id, err := sessions.Add(tx, sessionRecord{Hash: hashOf(secret), Person: who.ID, Own: own, Made: now})
		if err != nil {
			return err
		}
		if _, err := seen.Add(tx, seenRecord{Session: id, At: now}); err != nil {
			return err
		}
		return c.srv.sweep(tx)
	})
	if err != nil {
		return refusedByStore(err)
	}
	c.sess = &session{sessionRecord: sessionRecord{Hash: hashOf(secret), Person: who.ID, Own: own}, cookie: secret, fresh: true}
	c.dropCookie(c.cookies() + "-p") // whoever sat here before chose for themselves
	return c.Redirect(to)
}

// SignOut ends this session and sends the person to the sign-in page. Nothing
// stays in the browser.
func (c *Ctx) SignOut(to string) error {
	err := c.DB().Update(func(tx *store.Tx) error {
		if c.sess.id.IsZero() {
			return nil
		}
		return endSession(tx, c.sess.id)
	})
	if err != nil {
		return refusedByStore(err)
	}
	c.sess = &session{}
	for _, suffix := range []string{"", "-f", "-p"} {
		c.dropCookie(c.cookies() + suffix)
	}
	c.echo.Response().Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return c.Redirect(to)
}

// EndSessions ends a person's sessions everywhere and takes their API tokens
// back; the calling request's own session stays when keep is given. It is for
// the transaction that changes a secret, or for "sign out everywhere".
func EndSessions(tx *store.Tx, person store.ID, keep *Ctx) error {
	var ids []store.ID
	for r, err := range sessions.Where(tx, "person", person) {
		if err != nil {
			return err
		}
		if keep == nil || r.ID != keep.sess.id {
			ids = append(ids, r.ID)
		}
	}
	for _, id := range ids {
		if err := endSession(tx, id); err != nil {
			return err
		}
	}
	return revokeTokens(tx, person)
}

// Sessions counts the places where a person is signed in now.
func Sessions(tx *store.Tx, person store.ID) (n int, err error) {
	now, _ := tx.Now()
	for r, err := range sessions.Where(tx, "person", person) {
		if err != nil {
			return 0, err
		}
		last := r.Value.Made
		if at, err := seen.One(tx, "session", r.ID); err == nil {
			last = at.Value.At
		}
		if now.Sub(last) <= r.Value.idle() {
			n++
		}
	}
	return n, nil
}

func endSession(tx *store.Tx, id store.ID) error {
	if err := sessions.Delete(tx, id); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	rec, err := seen.One(tx, "session", id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return seen.Delete(tx, rec.ID)
}

// Prefer sets language ("fr", "en", "" as it is) and contrast ("1", "0", "" as it
// is) for this browser until it is closed or somebody signs in or out.
func (c *Ctx) Prefer(lang, contrast string) {
	p := c.preferences()
	if lang == "fr" || lang == "en" {
		p.lang = lang
	}
	if contrast == "0" || contrast == "1" {
		p.contrast = contrast
	}
	http.SetCookie(c.echo.Response(), c.newCookie(c.cookies()+"-p", p.lang+"."+p.contrast))
}

type preferences struct{ lang, contrast string }

func (c *Ctx) preferences() (p preferences) {
	switch v := cookie(c.Request(), c.cookies(), "-p"); {
	case len(v) >= 2 && (v[:2] == "fr" || v[:2] == "en"):
		p.lang = v[:2]
		fallthrough
	default:
		if n := len(v); n > 0 && (v[n-1] == '0' || v[n-1] == '1') {
			p.contrast = v[n-1:]
		}
	}
	return p
}
