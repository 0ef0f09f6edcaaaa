package webtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"preau/school"
)

// Document is a site's own description of its API, against which answers are held.
type Document struct{ doc *openapi3.T }

// ReadDocument reads an openapi.json, which must be valid.
func ReadDocument(data []byte) (*Document, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(data)
	if err != nil {
		return nil, err
	}
	return &Document{doc}, doc.Validate(loader.Context)
}

// Check says how an answer differs from what the document promises for a call.
// path is below /api/v1, without a query.
func (d *Document) Check(method, path string, status int, body []byte) error {
	op := d.operation(method, path)
	if op == nil {
		if status == http.StatusNotFound {
			return nil // the document does not know it, and the site says so
		}
		return fmt.Errorf("%s %s answers %d and is not described", method, path, status)
	}
	res := op.Responses.Status(status)
	if res == nil {
		res = op.Responses.Default()
	}
	media := res.Value.Content.Get("application/json")
	if media == nil {
		return fmt.Errorf("%s %s: status %d has no content described", method, path, status)
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return fmt.Errorf("%s %s: %w in %.200s", method, path, err, body)
	}
	if err := media.Schema.Value.VisitJSON(v); err != nil {
		return fmt.Errorf("%s %s, status %d: %w", method, path, status, err)
	}
	return nil
}

// operation finds a call's description; a path with fewer holes goes first.
func (d *Document) operation(method, path string) *openapi3.Operation {
	asked := strings.Split(path, "/")
	var best *openapi3.Operation
	holes := len(asked)
	for pattern, item := range d.doc.Paths.Map() {
		parts := strings.Split(pattern, "/")
		if op := item.GetOperation(method); op != nil && len(parts) == len(asked) {
			n := 0
			for i, p := range parts {
				switch {
				case strings.HasPrefix(p, "{"):
					n++
				case p != asked[i]:
					n = len(asked)
				}
			}
			if n < holes {
				best, holes = op, n
			}
		}
	}
	return best
}

// API is a program that calls a site with a person's token. Every answer is held
// against the site's own document.
type API struct {
	s     *Site
	t     testing.TB
	token string
	doc   *Document
}

// API is a caller with the token of the person of a role; "" calls without one.
func (s *Site) API(role school.Role) *API {
	s.t.Helper()
	a := &API{s: s, t: s.t}
	if role != "" {
		a.token = s.Token(role)
	}
	doc, err := ReadDocument([]byte(s.Visitor().Get("/api/v1/openapi.json").Body))
	if err != nil {
		s.t.Fatal(err)
	}
	a.doc = doc
	return a
}

// Call sends a body of JSON, "" for none. Headers are pairs.
func (a *API) Call(method, path, body string, headers ...string) *Page {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.s.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	p := a.s.Visitor().Do(req)
	bare, _, _ := strings.Cut(path, "?")
	if err := a.doc.Check(method, bare, p.Status, []byte(p.Body)); err != nil {
		a.t.Error(err)
	}
	return p
}

// JSON reads an answer into v.
func (p *Page) JSON(v any) {
	p.c.t.Helper()
	if err := json.Unmarshal([]byte(p.Body), v); err != nil {
		p.c.t.Fatalf("%s: %v", p, err)
	}
}
