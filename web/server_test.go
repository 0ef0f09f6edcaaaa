package web_test

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
	"preau/web/webtest/sample"
)

func request(t *testing.T, method, url string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestOnlyOwnHostNames(t *testing.T) {
	s := newSample(t, 0, func(o *webtest.Setup) {
		o.Hosts = func(h string) bool { return h == "lagune.local" || h == "127.0.0.1" }
	})
	c := s.Visitor()
	for host, want := range map[string]int{
		"lagune.local": 401, "LAGUNE.local:8080": 401, "lagune.local.": 401, "127.0.0.1": 401,
		"evil.example": 421, "lagune.local.evil.example": 421, "localhost": 421, "[::1]:80": 421,
	} {
		req := request(t, http.MethodPost, s.URL+"/notes/new")
		req.Host = host
		p := c.Do(req)
		if p.Status != want {
			t.Errorf("Host %q: %d, want %d", host, p.Status, want)
		}
		if want == 421 && (!p.Has("http://lagune.local") || strings.Contains(p.Body, "evil")) {
			t.Errorf("Host %q: %s", host, p)
		}
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	s := newSample(t, 3)
	for _, path := range []string{"/", "/notes", "/nowhere", "/api/v1/openapi.json", "/api/v1/nowhere"} {
		p := s.As(school.Head).Get(path)
		csp := p.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "script-src 'self'", "style-src 'self'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: the content policy lacks %s", path, part)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
		if p.Header.Get("X-Content-Type-Options") != "nosniff" || p.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, p.Header)
		}
		if got := p.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s on a shared computer: Cache-Control %q", path, got)
		}
		if strings.Contains(p.Body, " style=") || strings.Contains(p.Body, "<script") || strings.Contains(p.Body, " onclick") {
			t.Errorf("%s: something inline in the page", path)
		}
	}
}

func TestPostsOfOtherSitesAreStopped(t *testing.T) {
	s := newSample(t, 0)
	c := s.As(school.Head)
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"} {
		req := request(t, http.MethodPost, s.URL+"/notes/new")
		req.Header.Set(name, value)
		if p := c.Do(req); p.Status != http.StatusForbidden || !p.Has("Cet envoi vient d’un autre site") || p.Has("AGBODJAN") {
			t.Errorf("%s: %s", name, p)
		}
	}
}

func TestNotThereAndNotAllowedLookAlike(t *testing.T) {
	s := newSample(t, 3)
	teacher := s.As(school.Teacher)
	strip := func(p *webtest.Page) string {
		text, _, _ := strings.Cut(p.Text(), "Repère")
		return text
	}
	hidden, missing := teacher.Get("/notes/new"), teacher.Get("/nowhere")
	if hidden.Status != 404 || missing.Status != 404 || strip(hidden) != strip(missing) {
		t.Errorf("%s\n\nand\n\n%s", hidden, missing)
	}
	for _, path := range []string{"/notes/zzz", "/notes/0000000000000-1", "/notes/%2e%2e/x", "/notes/..%2f", "/assets/../notes", "/assets/x.css", "//evil.example", "/notes%5cnew"} {
		if p := teacher.Get(path); p.Status != 404 {
			t.Errorf("%s: %d", path, p.Status)
		}
	}
	if p := teacher.Do(request(t, http.MethodDelete, s.URL+"/notes")); p.Status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: %s", p)
	}
}

func TestOwnDeviceIsAnsweredUnchanged(t *testing.T) {
	s := newSample(t, 5)
	c := s.AsOwn(school.Head)
	p := c.Get("/notes")
	etag := p.Header.Get("ETag")
	if etag == "" || p.Header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("own device: %v", p.Header)
	}
	again := func(c *webtest.Client, path string) *webtest.Page {
		req := request(t, http.MethodGet, s.URL+path)
		req.Header.Set("If-None-Match", etag)
		return c.Do(req)
	}
	if p := again(c, "/notes"); p.Status != http.StatusNotModified || p.Body != "" {
		t.Errorf("unchanged: %s", p)
	}
	for name, p := range map[string]*webtest.Page{
		"another page": again(c, "/notes?before=3"), "another person": again(s.AsOwn(school.Deputy), "/notes"), "a shared computer": again(s.As(school.Head), "/notes"),
	} {
		if p.Status != 200 {
			t.Errorf("%s is answered %d", name, p.Status)
		}
	}
	s.Clock.Add(61 * 60e9)
	if p := again(c, "/notes"); p.Status != 200 {
		t.Errorf("an hour later: %d", p.Status)
	}
	etag = c.Get("/notes").Header.Get("ETag")
	if err := s.DB.Update(func(tx *store.Tx) error {
		_, err := sample.Notes.Add(tx, sample.Note{Number: 6, Subject: "Nouvelle"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if p := again(c, "/notes"); p.Status != 200 || !p.Has("Nouvelle") {
		t.Errorf("after a change: %d", p.Status)
	}
	if p := c.Get("/notes/new"); p.Header.Get("ETag") != "" {
		t.Error("a page with a form has an ETag, so that its spent token would come back")
	}
	etag = c.Get("/notes").Header.Get("ETag")
	c.Get("/notes/new").Submit("/notes/new", map[string]any{"subject": "x"})
	if p := again(c, "/notes"); p.Status != 200 {
		t.Errorf("after one's own post: %d", p.Status)
	}
}

type loud struct{ said []string }

func TestUndeclaredReadsAreNoticed(t *testing.T) {
	var got loud
	s := newSample(t, 2)
	routes := []web.Route{{Path: "/x", Access: school.SignedIn(), Reads: []string{"other"}, Handle: func(c *web.Ctx) error {
		err := c.View(func(tx *store.Tx) error { _, err := sample.Notes.Count(tx, "number"); return err })
		if err != nil {
			return err
		}
		return c.Text(200, "x")
	}}}
	srv, err := web.New(web.Options{DB: s.DB, Kind: web.Box, Routes: routes, Undeclared: func(route, collection string) {
		got.said = append(got.said, route+" "+collection)
	}})
	if err != nil {
		t.Fatal(err)
	}
	_ = srv
	walk := webtest.Walker{Server: srv, Roles: []school.Role{school.Head}, SignIn: s.Walker().SignIn, Bearer: s.Token}
	walk.Table(t) // asks only: must not read
	if got.said != nil {
		t.Errorf("asking who may enter ran the handler: %v", got.said)
	}
	ck := s.Walker().SignIn(school.Head)
	rec := record(srv, ck, "/x")
	if rec.Code != 200 || len(got.said) != 1 || got.said[0] != "GET /x sample.notes" {
		t.Errorf("%d, %v", rec.Code, got.said)
	}
}

func TestRoutesThatNobodyMayEnterAreNotServed(t *testing.T) {
	s := newSample(t, 0)
	ok := func(*web.Ctx) error { return nil }
	for name, routes := range map[string][]web.Route{
		"nobody":     {{Path: "/x", Handle: ok}},
		"twice":      {{Path: "/x/{a}", Access: school.Public(), Handle: ok}, {Path: "/x/{b}", Access: school.Public(), Handle: ok}},
		"no handler": {{Path: "/x", Access: school.Public()}},
	} {
		if _, err := web.New(web.Options{DB: s.DB, Kind: web.Box, Routes: routes}); err == nil {
			t.Errorf("%s: served", name)
		}
	}
}

func TestAssetsAreKeptForEverAndCompressedOnce(t *testing.T) {
	s := newSample(t, 0)
	home := s.As(school.Head).Get("/")
	_, rest, _ := strings.Cut(home.Body, `rel="stylesheet" href="`)
	path, _, _ := strings.Cut(rest, `"`)
	p := s.Visitor().Get(path)
	if p.Status != 200 || p.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || !strings.Contains(p.Body, ".roof") {
		t.Errorf("%s: %d %v", path, p.Status, p.Header)
	}
}

func TestPanicsAreOneSentence(t *testing.T) {
	s := newSample(t, 0, func(o *webtest.Setup) {
		o.Routes = append(o.Routes, web.Route{Path: "/boom", Access: school.Public(), Handle: func(*web.Ctx) error { panic("KPƆTƆ Ɖela 13,5") }})
	})
	p := s.Visitor().Get("/boom")
	if p.Status != 500 || !p.Has("La cause est notée dans le journal") || p.Has("13,5") || strings.Contains(p.Body, "goroutine") {
		t.Errorf("%s", p)
	}
}

// A body without end is cut off at the limit, and the refusal can still be read.
func TestAnEndlessBodyIsCutOff(t *testing.T) {
	s := newSample(t, 0)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ck := s.Walker().SignIn(school.Head)
	head := "POST /notes/new HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 900000000000\r\nCookie: " + ck.Name + "=" + ck.Value + "\r\n\r\nsubject=aaaaaaaaaaaaa"
	if _, err := conn.Write([]byte(head)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge || !res.Close {
		t.Errorf("%s, close %v", res.Status, res.Close)
	}
}

func TestWhoMayEnter(t *testing.T) {
	newSample(t, 0).Walker().Walk(t, "testdata/access.txt")
}

// Leaving is no commit, yet a page that says "waits" must change.
func TestWhatLeftChangesThePage(t *testing.T) {
	s := newSample(t, 5)
	c := s.AsOwn(school.Head)
	p := c.Get("/notes")
	if !p.Has("attend le lien") {
		t.Fatalf("%s", p)
	}
	req := request(t, http.MethodGet, s.URL+"/notes")
	req.Header.Set("If-None-Match", p.Header.Get("ETag"))
	feed := store.Feed{Origin: s.DB.Origin(), Lane: store.Records}
	head, err := s.DB.Head(feed)
	if err != nil {
		t.Fatal(err)
	}
	s.DB.Sent(feed, head)
	if p := c.Do(req); p.Status != 200 || strings.Contains(p.Text(), "attend le lien depuis") {
		t.Errorf("after it left: %s", p)
	}
}

// A record that waits for its lane says for what, also on a page that the browser
// holds since before; what other lanes wait for is not its affair.
func TestWhatWaitsForItsLaneSaysSo(t *testing.T) {
	var held map[store.Lane]web.Held
	s := newSample(t, 1, func(o *webtest.Setup) { o.Held = func() map[store.Lane]web.Held { return held } })
	c := s.AsOwn(school.Head)
	p := c.Get("/notes")
	now, _ := s.Clock.Now()
	for _, to := range []struct {
		held map[store.Lane]web.Held
		want string
	}{
		{map[store.Lane]web.Held{store.Bulk: {Why: "window", Until: now.Add(time.Hour)}}, "attend le lien"},
		{map[store.Lane]web.Held{store.Records: {Why: "window", Until: now.Add(3 * time.Hour)}}, "attend " + web.FormatMoment("fr", now.Add(3*time.Hour), now)},
		{map[store.Lane]web.Held{store.Records: {Why: "day", Until: now.AddDate(0, 0, 1)}}, "attend " + web.FormatMoment("fr", now.AddDate(0, 0, 1), now) + " : octets du jour épuisés"},
		{map[store.Lane]web.Held{store.Records: {Why: "doubtful"}}, "attend que l’heure soit connue"},
	} {
		held = to.held
		req := request(t, http.MethodGet, s.URL+"/notes")
		req.Header.Set("If-None-Match", p.Header.Get("ETag"))
		if p = c.Do(req); p.Status != 200 || !p.Has(to.want) {
			t.Errorf("%d, not %q: %s", p.Status, to.want, p)
		}
	}
}
