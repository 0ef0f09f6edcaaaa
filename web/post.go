package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"time"

	"preau/school"
	"preau/store"
)

// Result is what comes after a deed: the page that opens, and one line there that
// says what was done.
type Result struct {
	To        string // path; "" is the home page
	Flash     string // words key
	FlashArgs map[string]any

	// Show draws the answer at once instead of opening To: for a form of which
	// part was refused while the rest is done, and for scripts. A repeat of the
	// form opens To.
	Show func() error
}

type flash struct {
	Key  string
	Args map[string]any
}

// spentRecord is a form token that a commit has spent, and what the commit
// answered. It lives as long as its session: no clock decides that an old form
// is new again.
type spentRecord struct {
	Session []byte    `cbor:"1,keyasint,omitempty"` // hash
	Nonce   []byte    `cbor:"2,keyasint,omitempty"`
	Digest  []byte    `cbor:"3,keyasint,omitempty"` // of what was sent
	To      string    `cbor:"4,keyasint,omitempty"`
	Flash   string    `cbor:"5,keyasint,omitempty"`
	Args    []byte    `cbor:"6,keyasint,omitempty"` // JSON
	At      time.Time `cbor:"7,keyasint,omitempty"`
}

var spent = store.Define(store.Spec[spentRecord]{
	Name: "web.posts", Home: store.Scratch, Format: 1,
	Indexes: []store.Index[spentRecord]{
		{Name: "token", Unique: true, Keys: func(p *spentRecord) [][]byte { return [][]byte{store.Key(p.Session, p.Nonce)} }},
		{Name: "at", Keys: func(p *spentRecord) [][]byte { return [][]byte{store.Key(p.At)} }},
	},
})

// Post does what a form asks, once: it checks the form token, runs fn in one
// transaction together with spending the token, and sends the person on to
// Result.To. fn may run more than once and must have no other effect.
//
// The same form sent again is answered with the first result. A refusal from fn
// comes back unchanged and nothing is written, not even the token; so do the
// kit's own refusals: a token of another session, a token whose form was sent
// with other words, a full disk. Show the form again with the words kept.
func (c *Ctx) Post(fn func(tx *store.Tx) (Result, error)) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	kind, nonce, ok := c.readToken(f.values.Get("_token"))
	if !ok || kind != onceToken {
		return school.Refuse("web.refused.token", "")
	}
	digest := c.digest(f)
	var rec spentRecord
	var show func() error
	err = c.DB().Update(func(tx *store.Tx) error {
		first, err := spent.One(tx, "token", c.sess.Hash, nonce)
		if err == nil {
			if !bytes.Equal(first.Value.Digest, digest) {
				return school.Refuse("web.refused.spent", "")
			}
			rec, show = first.Value, nil
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if c.actor.SignedIn() {
			if _, err := sessions.Get(tx, c.sess.id); err != nil {
				return school.Refuse("web.refused.ended", "")
			}
		}
		res, err := fn(tx)
		if err != nil {
			return err
		}
		show = res.Show
		if rec, err = c.spend(tx, nonce, digest, res); err != nil {
			return err
		}
		return c.srv.sweep(tx)
	})
	if err != nil {
		return refusedByStore(err)
	}
	if st := c.sess.state; st != nil {
		st.posts.Add(1)
	}
	if show != nil {
		return show()
	}
	return c.goOn(rec)
}

func (c *Ctx) spend(tx *store.Tx, nonce, digest []byte, res Result) (spentRecord, error) {
	now, _ := tx.Now()
	rec := spentRecord{Session: c.sess.Hash, Nonce: nonce, Digest: digest, To: localPath(res.To), Flash: res.Flash, At: now}
	if len(res.FlashArgs) > 0 {
		args, err := json.Marshal(res.FlashArgs)
		if err != nil {
			return rec, fmt.Errorf("web: flash: %w", err)
		}
		rec.Args = args
	}
	_, err := spent.Add(tx, rec)
	return rec, err
}

// Repeated answers a form that was already sent, word for word, and done: with
// its first result. It is for handlers that do costly work before Post.
func (c *Ctx) Repeated() (bool, error) {
	f, err := c.Form()
	if err != nil {
		return false, err
	}
	_, nonce, ok := c.readToken(f.values.Get("_token"))
	if !ok {
		return false, nil
	}
	var rec spentRecord
	err = c.DB().View(func(tx *store.Tx) error {
		first, err := spent.One(tx, "token", c.sess.Hash, nonce)
		rec = first.Value
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && !bytes.Equal(rec.Digest, c.digest(f)) {
		return false, nil // Post will say what is wrong
	}
	if err != nil {
		return false, err
	}
	return true, c.goOn(rec)
}

// goOn leaves the line for the next page and opens it.
func (c *Ctx) goOn(rec spentRecord) error {
	if rec.Flash != "" {
		http.SetCookie(c.echo.Response(), c.newCookie(c.cookies()+"-f", base64.RawURLEncoding.EncodeToString(rec.Nonce)))
	}
	return c.Redirect(rec.To)
}

// Checked reads a form whose deed may be repeated without harm and is not done
// through Post: signing in and out. It checks that the token is of this session.
func (c *Ctx) Checked() (*Form, error) {
	f, err := c.Form()
	if err != nil {
		return f, err
	}
	if _, _, ok := c.readToken(f.values.Get("_token")); !ok {
		return f, school.Refuse("web.refused.token", "")
	}
	return f, nil
}

// Redirect sends the person to a path of this site, by GET.
func (c *Ctx) Redirect(to string) error {
	c.sendCookie()
	h := c.echo.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", localPath(to))
	c.echo.Response().WriteHeader(http.StatusSeeOther)
	return nil
}

// localPath lets nothing lead off this site.
func localPath(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t\x00") {
		return "/"
	}
	return to
}

// digest is what was sent, apart from the token.
func (c *Ctx) digest(f *Form) []byte {
	h := sha256.New()
	part := func(s string) { fmt.Fprintf(h, "%d:%s", len(s), s) }
	part(c.Request().URL.RequestURI())
	names := make([]string, 0, len(f.values))
	for name := range f.values {
		if name != "_token" && !strings.HasSuffix(name, ".kept") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		part(name)
		for _, v := range f.values[name] {
			part(v)
		}
		part("")
	}
	names = names[:0]
	for name := range f.files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		part(name)
		for _, u := range f.files[name] {
			part(u.Name)
			h.Write(u.Blob.Hash[:])
		}
	}
	return h.Sum(nil)
}

// takeFlash finds the line that the last post left for the next page.
func (c *Ctx) takeFlash(tx *store.Tx) error {
	value := cookie(c.Request(), c.cookies(), "-f")
	if value == "" {
		return nil
	}
	nonce, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(nonce) != nonceBytes || len(c.sess.Hash) == 0 {
		return nil
	}
	rec, err := spent.One(tx, "token", c.sess.Hash, nonce)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	f := &flash{Key: rec.Value.Flash}
	if len(rec.Value.Args) > 0 {
		if err := json.Unmarshal(rec.Value.Args, &f.Args); err != nil {
			return err
		}
	}
	if f.Key != "" {
		c.flash = f
	}
	return nil
}

// refusedByStore turns what the disk refuses into words for the person; the
// form then keeps what was typed.
func refusedByStore(err error) error {
	switch {
	case errors.Is(err, store.ErrFull):
		return school.Refuse("web.refused.full", "")
	case errors.Is(err, store.ErrReadOnly):
		return school.Refuse("web.refused.read_only", "")
	}
	return err
}

func isStore(err error) bool {
	return errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrClosed)
}

func tooLarge(field string, max int64) error {
	return school.Refuse("web.refused.too_large", field, "max", inMB(max))
}

// inMB is a limit as people know the size of a file: "12" of 12 Mo. No limit is
// below one.
func inMB(bytes int64) int64 { return bytes / 1_000_000 }
