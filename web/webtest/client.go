package webtest

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"preau/school"
)

// Client is one browser without scripts: it keeps cookies, follows redirects and
// fills in forms as a person would.
type Client struct {
	HTTP *http.Client
	url  string
	t    testing.TB
}

// Visitor is a client of nobody in particular.
func (s *Site) Visitor() *Client { return Visit(s.t, s.URL) }

// Visit is a client of the site at url, wherever it runs.
func Visit(t testing.TB, url string) *Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{HTTP: &http.Client{Jar: jar}, url: url, t: t}
}

// As is a client signed in as the person of a role, on a shared computer.
func (s *Site) As(role school.Role) *Client { return s.signedIn(role, false) }

// AsOwn is As on the person's own device.
func (s *Site) AsOwn(role school.Role) *Client { return s.signedIn(role, true) }

func (s *Site) signedIn(role school.Role, own bool) *Client {
	s.t.Helper()
	c := s.Visitor()
	ck, err := s.Server.OpenSession(s.People[role].ID, own)
	if err != nil {
		s.t.Fatal(err)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	c.HTTP.Jar.SetCookies(u, []*http.Cookie{ck})
	return c
}

// Page is an answer, read whole.
type Page struct {
	Status int
	Header http.Header
	URL    *url.URL
	Body   string

	c    *Client
	root *html.Node
}

// Get asks for a path.
func (c *Client) Get(path string) *Page {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.url+path, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.Do(req)
}

// Do sends a request of the test's own making.
func (c *Client) Do(req *http.Request) *Page {
	c.t.Helper()
	res, err := c.HTTP.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	p := &Page{Status: res.StatusCode, Header: res.Header, URL: res.Request.URL, Body: string(body), c: c}
	if p.root, err = html.Parse(bytes.NewReader(body)); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// Has tells whether the page's text, apart from its tags, holds words. Spaces of
// every width count as one.
func (p *Page) Has(words string) bool {
	return strings.Contains(flat(p.Text()), flat(words))
}

// Text is what can be read on the page.
func (p *Page) Text() string {
	var b strings.Builder
	for n := range p.root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
			b.WriteByte(' ')
		}
	}
	return flat(b.String())
}

func flat(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\u00a0' || r == '\u202f'
	}), " ")
}

// File is a file chosen in a form.
type File struct {
	Name string
	Data []byte
}

// Submit fills in the form that goes to action ("" is the only one apart from
// signing out) and sends it with the values given; other fields keep what they
// hold. A value may be a string, a []string or Files ([]File).
func (p *Page) Submit(action string, values map[string]any) *Page {
	p.c.t.Helper()
	form := p.form(action)
	if form == nil {
		p.c.t.Fatalf("%s has no form that goes to %q", p.URL, action)
	}
	kept, files := fields(form), map[string][]File{}
	for name, v := range values {
		switch v := v.(type) {
		case string:
			kept[name] = []string{v}
		case []string:
			kept[name] = v
		case []File:
			files[name] = v
		default:
			p.c.t.Fatalf("value of %q is a %T", name, v)
		}
	}
	target, err := p.URL.Parse(attr(form, "action"))
	if err != nil {
		p.c.t.Fatal(err)
	}
	body, kind := io.Reader(strings.NewReader(kept.Encode())), "application/x-www-form-urlencoded"
	if attr(form, "enctype") == "multipart/form-data" {
		body, kind = p.c.multipart(kept, files)
	}
	req, err := http.NewRequestWithContext(p.c.t.Context(), http.MethodPost, target.String(), body)
	if err != nil {
		p.c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	return p.c.Do(req)
}

func (c *Client) multipart(values url.Values, files map[string][]File) (io.Reader, string) {
	c.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	var err error
	add := func(e error) {
		if err == nil {
			err = e
		}
	}
	add(w.WriteField("_token", values.Get("_token")))
	for name, list := range values {
		for _, v := range list {
			if name != "_token" {
				add(w.WriteField(name, v))
			}
		}
	}
	for name, list := range files {
		for _, f := range list {
			part, e := w.CreateFormFile(name, f.Name)
			add(e)
			if e == nil {
				_, e = part.Write(f.Data)
				add(e)
			}
		}
	}
	add(w.Close())
	if err != nil {
		c.t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

// Field is what a control of the page's forms holds, and whether it is there.
func (p *Page) Field(name string) (value string, ok bool) {
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" {
			if list, ok := fields(n)[name]; ok && len(list) > 0 {
				return list[0], true
			}
		}
	}
	return "", false
}

// Token is the form token of the form that goes to action, as in Submit.
func (p *Page) Token(action string) string {
	p.c.t.Helper()
	form := p.form(action)
	if form == nil {
		p.c.t.Fatalf("%s has no form that goes to %q", p.URL, action)
	}
	return fields(form).Get("_token")
}

// form finds the form by where it goes.
func (p *Page) form(action string) *html.Node {
	for n := range p.root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || attr(n, "method") != "post" {
			continue
		}
		to := attr(n, "action")
		if to == action || action == "" && to != "/signout" {
			return n
		}
	}
	return nil
}

// fields are what a form would send untouched.
func fields(form *html.Node) url.Values {
	out := url.Values{}
	for n := range form.Descendants() {
		if n.Type != html.ElementNode || attr(n, "name") == "" {
			continue
		}
		name := attr(n, "name")
		switch n.Data {
		case "input":
			switch attr(n, "type") {
			case "file", "submit":
			case "checkbox", "radio":
				if has(n, "checked") {
					out.Add(name, attr(n, "value"))
				}
			default:
				out.Add(name, attr(n, "value"))
			}
		case "textarea":
			out.Add(name, text(n))
		case "select":
			out.Add(name, chosen(n))
		}
	}
	return out
}

func chosen(sel *html.Node) (value string) {
	first := true
	for o := range sel.Descendants() {
		if o.Type == html.ElementNode && o.Data == "option" {
			if first || has(o, "selected") {
				value, first = attr(o, "value"), false
			}
		}
	}
	return value
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// String says where the page came from, for messages of tests.
func (p *Page) String() string { return fmt.Sprintf("%d %s\n%s", p.Status, p.URL, p.Text()) }
