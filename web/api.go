package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"preau/school"
	"preau/store"
)

const apiPrefix = "/api/v1"

// answerRecord is the answer to an API write that bore an Idempotency-Key.
type answerRecord struct {
	Key    []byte    `cbor:"1,keyasint,omitempty"` // hash of person and key
	Digest []byte    `cbor:"2,keyasint,omitempty"` // of what was sent
	Status int       `cbor:"3,keyasint,omitempty"`
	Body   []byte    `cbor:"4,keyasint,omitempty"`
	At     time.Time `cbor:"5,keyasint,omitempty"`
}

var answers = store.Define(store.Spec[answerRecord]{
	Name: "web.answers", Home: store.Scratch, Format: 1,
	Indexes: []store.Index[answerRecord]{
		{Name: "key", Unique: true, Keys: func(a *answerRecord) [][]byte { return [][]byte{store.Key(a.Key)} }},
		{Name: "at", Keys: func(a *answerRecord) [][]byte { return [][]byte{store.Key(a.At)} }},
	},
})

// replayed is an answer that is ready to go.
type replayed struct {
	status int
	body   []byte
}

// callAPI answers one call: token, rights, bounds, handler.
func (c *Ctx) callAPI() error {
	ep := c.route.endpoint
	now := time.Now()
	err := c.DB().View(func(tx *store.Tx) error {
		if err := c.begin(tx); err != nil {
			return err
		}
		c.acceptLanguage()
		return c.bear(tx, now)
	})
	if err != nil {
		return err
	}
	if !ep.Access.Allows(c.actor) {
		if !c.actor.SignedIn() {
			return errBearer
		}
		return ErrForbidden
	}
	if probed(c.Request()) {
		c.echo.Response().WriteHeader(StatusAdmitted)
		return nil
	}
	if err := c.bounded(ep, now); err != nil {
		return err
	}
	if c.Request().Method != http.MethodGet && c.Request().Method != http.MethodHead {
		if err := c.readBody(); err != nil {
			return err
		}
	}
	out, err := ep.Handle(c)
	if err != nil {
		return err
	}
	if r, ok := out.(replayed); ok {
		return c.sendJSON(r.status, r.body)
	}
	return c.JSON(ep.status(), out)
}

func (ep *Endpoint) status() int {
	if ep.Status == 0 {
		return http.StatusOK
	}
	return ep.Status
}

func (c *Ctx) bounded(ep *Endpoint, now time.Time) error {
	l := &c.srv.limits
	who := c.actor.ID.String()
	write := c.Request().Method != http.MethodGet && c.Request().Method != http.MethodHead
	switch {
	case ep.PerMinute > 0 && !l.perCall.allowMinute(who+" "+ep.Method+" "+ep.Path+" "+c.anonymousDevice(), ep.PerMinute, now):
		return errTooMany
	case !c.actor.SignedIn() && ep.Path != "/status" && !l.public.allow(c.Device(), now):
		return errTooMany
	case c.actor.SignedIn() && write && !l.writes.allow(who, now):
		return errTooMany
	}
	return nil
}

func (c *Ctx) anonymousDevice() string {
	if c.actor.SignedIn() {
		return ""
	}
	return c.Device()
}

// readBody takes the whole body in: it is bounded, and a repeat is told by it.
func (c *Ctx) readBody() error {
	r := c.Request()
	if r.ContentLength > c.maxBody() {
		return tooLarge("", c.maxBody())
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return formFault(err)
	}
	c.body = body
	return nil
}

// In reads the JSON body into v, strictly: an unknown field, a wrong type or
// anything after the value is refused, naming the field.
func (c *Ctx) In(v any) error {
	if t, _, _ := mime.ParseMediaType(c.Request().Header.Get("Content-Type")); t != "" && t != "application/json" {
		return school.Refuse("web.refused.media_type", "")
	}
	body := c.body
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			return school.Refuse("web.refused.json", "")
		}
		return straight(body)
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return school.Refuse("web.refused.json_type", wrong.Field)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return school.Refuse("web.refused.json_field", strings.Trim(name, `"`))
	}
	return school.Refuse("web.refused.json", "")
}

// straight refuses JSON whose texts hold marks that turn letters about; in a form
// they are taken out.
func straight(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	for {
		t, err := d.Token()
		if err != nil {
			return nil // whole, or refused already
		}
		if s, ok := t.(string); ok && strings.Map(dropTurning, s) != s {
			return school.Refuse("web.refused.turning", "")
		}
	}
}

// Write runs fn in one transaction and answers with what it returns. With an
// Idempotency-Key the answer is kept in the same transaction: the same call again
// gets the same status and body, another body under the same key is refused with
// 409. Every endpoint that writes uses it.
func (c *Ctx) Write(fn func(tx *store.Tx) (any, error)) (any, error) {
	key := c.Request().Header.Get("Idempotency-Key")
	if len(key) > 200 {
		return nil, school.Refuse("web.refused.key_length", "Idempotency-Key")
	}
	var out any
	err := c.DB().Update(func(tx *store.Tx) (err error) {
		if key == "" {
			out, err = fn(tx)
			return err
		}
		out, err = c.once(tx, key, fn)
		return err
	})
	return out, err
}

func (c *Ctx) once(tx *store.Tx, key string, fn func(tx *store.Tx) (any, error)) (any, error) {
	id := sha256.Sum256([]byte(c.actor.ID.String() + "\x00" + key))
	digest := sha256.Sum256([]byte(c.Request().Method + " " + c.Request().URL.RequestURI() + "\x00" + string(c.body)))
	first, err := answers.One(tx, "key", id[:])
	if err == nil {
		if !bytes.Equal(first.Value.Digest, digest[:]) {
			return nil, school.Refuse("web.refused.conflict", "Idempotency-Key")
		}
		return replayed{first.Value.Status, first.Value.Body}, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	out, err := fn(tx)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	now, _ := tx.Now()
	r := replayed{c.route.endpoint.status(), append(body, '\n')}
	_, err = answers.Add(tx, answerRecord{Key: id[:], Digest: digest[:], Status: r.status, Body: r.body, At: now})
	if err != nil {
		return nil, err
	}
	return r, c.srv.sweep(tx)
}

// apiError is the body of every refused call.
type apiError struct {
	Error apiFault `json:"error"`
}

type apiFault struct {
	Key     string `json:"key"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (c *Ctx) failJSON(f fault) {
	e := apiFault{Key: f.key, Message: c.T(f.key+".text", "host", c.Addresses()[0], "max", inMB(c.maxBody()))}
	if len(f.refusals) > 0 {
		r := f.refusals[0]
		e = apiFault{Key: r.Key, Field: r.Field, Message: c.T(r.Key, pairs(r.Args)...)}
	}
	if f.status == http.StatusUnauthorized {
		c.echo.Response().Header().Set("WWW-Authenticate", `Bearer realm="preau"`)
	}
	if err := c.JSON(f.status, apiError{e}); err != nil {
		c.srv.log.Error("error not sent", "ref", c.reference(), "err", err)
	}
}

// acceptLanguage lets a program choose the language of the sentences it gets.
func (c *Ctx) acceptLanguage() {
	switch l := strings.ToLower(c.Request().Header.Get("Accept-Language")); {
	case strings.HasPrefix(l, "en"):
		c.lang = "en"
	case strings.HasPrefix(l, "fr"):
		c.lang = "fr"
	}
}
