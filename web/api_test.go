package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
	"preau/web/webtest/sample"
)

type noteIn struct {
	Subject string   `json:"subject"`
	Regions []string `json:"regions"`
}

type noteOut struct {
	ID     store.ID   `json:"id"`
	Number int        `json:"number"`
	Read   *time.Time `json:"read"`
	Next   *noteOut   `json:"next,omitempty"`
}

func endpoints() []web.Endpoint {
	return []web.Endpoint{
		{
			Method: "POST", Path: "/notes", Access: school.For(school.Head), In: noteIn{}, Out: noteOut{}, Status: 201, Summary: "Write a note",
			Handle: func(c *web.Ctx) (any, error) {
				var in noteIn
				if err := c.In(&in); err != nil {
					return nil, err
				}
				if in.Subject == "" {
					return nil, school.Refuse("sample.refused.subject", "subject")
				}
				return c.Write(func(tx *store.Tx) (any, error) {
					n, err := sample.Notes.Count(tx, "number")
					if err != nil {
						return nil, err
					}
					id, err := sample.Notes.Add(tx, sample.Note{Number: n + 1, Subject: in.Subject})
					return noteOut{ID: id, Number: n + 1}, err
				})
			},
		},
		{Path: "/notes/{id}", Access: school.SignedIn(), Out: noteOut{}, Query: []string{"lang"}, Handle: func(c *web.Ctx) (any, error) {
			id, err := c.ID("id")
			return noteOut{ID: id}, err
		}},
		{Path: "/open", Access: school.Public(), Out: map[string]string{}, Handle: func(*web.Ctx) (any, error) { return map[string]string{"a": "b"}, nil }},
		{Path: "/seldom", Access: school.SignedIn(), PerMinute: 2, Handle: func(*web.Ctx) (any, error) { return struct{}{}, nil }},
		{Path: "/office", At: []web.Kind{web.Office}, Access: school.Public(), Handle: func(*web.Ctx) (any, error) { return nil, nil }},
	}
}

type caller struct {
	t     *testing.T
	s     *webtest.Site
	token string
}

func newAPI(t *testing.T) caller {
	s := newSample(t, 0, func(o *webtest.Setup) { o.API = endpoints() })
	return caller{t, s, s.Token(school.Head)}
}

func (c caller) call(method, path, body string, headers ...string) *webtest.Page {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.s.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return c.s.Visitor().Do(req)
}

func refusal(t *testing.T, p *webtest.Page) (key, field, message string) {
	t.Helper()
	var e struct {
		Error struct{ Key, Field, Message string }
	}
	if err := json.Unmarshal([]byte(p.Body), &e); err != nil || p.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("not an error in JSON: %s", p)
	}
	return e.Error.Key, e.Error.Field, e.Error.Message
}

func TestTheAPIRefusesInJSON(t *testing.T) {
	c := newAPI(t)
	for _, x := range []struct {
		body, kind string
		status     int
		key, field string
	}{
		{`{"subject":""}`, "application/json", 422, "sample.refused.subject", "subject"},
		{`{"subjct":"x"}`, "application/json", 422, "web.refused.json_field", "subjct"},
		{`{"subject":3}`, "application/json", 422, "web.refused.json_type", "subject"},
		{`{"subject":"x"`, "application/json", 422, "web.refused.json", ""},
		{`{"subject":"x"} {}`, "application/json", 422, "web.refused.json", ""},
		{`subject=x`, "application/x-www-form-urlencoded", 415, "web.refused.media_type", ""},
		{`{"subject":"` + strings.Repeat("x", 1<<20) + `"}`, "application/json", 413, "web.refused.too_large", ""},
	} {
		p := c.call("POST", "/notes", x.body, "Content-Type", x.kind)
		if key, field, msg := refusal(t, p); p.Status != x.status || key != x.key || field != x.field || msg == "" || msg == key {
			t.Errorf("%.40s: %d %s %s %q", x.body, p.Status, key, field, msg)
		}
	}
	p := c.call("POST", "/notes", `{}`, "Accept-Language", "en")
	if _, _, msg := refusal(t, p); msg != "The subject is missing. Write in a few words what it is about." {
		t.Errorf("in English: %q", msg)
	}
	if notes(t, c.s) != 0 {
		t.Error("a refused call wrote something")
	}
}

func TestTokensActAsTheirPerson(t *testing.T) {
	c := newAPI(t)
	if p := c.call("POST", "/notes", `{"subject":"x"}`); p.Status != 201 {
		t.Fatalf("%s", p)
	}
	teacher := caller{t, c.s, c.s.Token(school.Teacher)}
	hidden, missing := teacher.call("POST", "/notes", `{"subject":"x"}`), teacher.call("GET", "/nowhere", "")
	if hidden.Status != 404 || missing.Status != 404 || hidden.Body != missing.Body {
		t.Errorf("%s and %s", hidden, missing)
	}
	for _, bad := range []string{"", "x", "preau_x", c.token + "x", strings.ToUpper(c.token)} {
		if p := (caller{t, c.s, bad}).call("GET", "/notes/x", ""); p.Status != 401 || p.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("token %q: %s", bad, p)
		}
	}
	cookie := c.s.As(school.Head)
	if p := cookie.Get("/api/v1/notes/x"); p.Status != 401 {
		t.Errorf("a cookie opens the API: %s", p)
	}
	if p := (caller{t, c.s, ""}).call("GET", "/open", ""); p.Status != 200 {
		t.Errorf("open endpoint: %s", p)
	}
	if p := c.call("GET", "/office", ""); p.Status != 404 {
		t.Errorf("an endpoint of the office answers on a box: %s", p)
	}
	c.s.Clock.Add(25 * time.Hour)
	if p := c.call("GET", "/notes/x", ""); p.Status != 401 {
		t.Errorf("after its day: %s", p)
	}
}

func TestSigningOutEverywhereTakesTokensBack(t *testing.T) {
	c := newAPI(t)
	if err := c.s.DB.Update(func(tx *store.Tx) error { return web.EndSessions(tx, c.s.People[school.Head].ID, nil) }); err != nil {
		t.Fatal(err)
	}
	if p := c.call("POST", "/notes", `{"subject":"x"}`); p.Status != 401 {
		t.Errorf("%s", p)
	}
}

func TestWrongTokensAreLookedAtOnlySoOften(t *testing.T) {
	c := newAPI(t)
	bad := caller{t, c.s, "preau_guess"}
	last := 0
	for range 60 {
		last = bad.call("GET", "/notes/x", "").Status
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the sixtieth guess is answered %d", last)
	}
	if p := c.call("POST", "/notes", `{"subject":"x"}`); p.Status != 201 {
		t.Errorf("a good token from the same place: %s", p)
	}
}

func TestEndpointsWithABound(t *testing.T) {
	c := newAPI(t)
	got := []int{c.call("GET", "/seldom", "").Status, c.call("GET", "/seldom", "").Status, c.call("GET", "/seldom", "").Status}
	if got[0] != 200 || got[1] != 200 || got[2] != 429 {
		t.Errorf("%v", got)
	}
}

func TestIdempotencyKeys(t *testing.T) {
	c := newAPI(t)
	first := c.call("POST", "/notes", `{"subject":"x"}`, "Idempotency-Key", "k1")
	again := c.call("POST", "/notes", `{"subject":"x"}`, "Idempotency-Key", "k1")
	if first.Status != 201 || again.Status != 201 || first.Body != again.Body || notes(t, c.s) != 1 {
		t.Errorf("%s and %s, %d records", first, again, notes(t, c.s))
	}
	if p := c.call("POST", "/notes", `{"subject":"y"}`, "Idempotency-Key", "k1"); p.Status != http.StatusConflict {
		t.Errorf("other content: %s", p)
	}
	if p := c.call("POST", "/notes", `{}`, "Idempotency-Key", "k2"); p.Status != 422 {
		t.Errorf("%s", p)
	}
	if p := c.call("POST", "/notes", `{"subject":"y"}`, "Idempotency-Key", "k2"); p.Status != 201 || notes(t, c.s) != 2 {
		t.Errorf("a refusal used up its key: %s", p)
	}
	if p := c.call("POST", "/notes", `{"subject":"y"}`, "Idempotency-Key", strings.Repeat("k", 201)); p.Status != 422 {
		t.Errorf("%s", p)
	}
}

func TestTheDocumentIsValid(t *testing.T) {
	c := newAPI(t)
	p := (caller{t, c.s, ""}).call("GET", "/openapi.json", "")
	doc, err := openapi3.NewLoader().LoadFromData([]byte(p.Body))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := doc.Components.Schemas["web_test_noteOut"].Value
	if read := out.Properties["read"].Value; !read.Nullable || read.Format != "date-time" {
		t.Errorf("a time that may be missing is described as %v", read)
	}
	if len(out.Required) != 3 || doc.Components.Schemas["web_test_noteIn_sent"].Value.Required != nil {
		t.Errorf("always answered: %v", out.Required)
	}
	api := c.s.API(school.Head)
	api.Call("POST", "/notes", `{"subject":"x"}`)
	api.Call("POST", "/notes", `{"subject":""}`)
	api.Call("GET", "/notes/nowhere", "")
	op := doc.Paths.Find("/notes").Post
	if op == nil || op.Responses.Status(201) == nil || op.RequestBody == nil {
		t.Errorf("POST /notes is not described: %s", p.Body)
	}
}
