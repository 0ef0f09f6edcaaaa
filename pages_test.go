package main

import (
	"encoding/json"
	"html"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"preau/web/webtest"
)

// TestEveryPage goes, as each role of the demonstration, to every page that its
// links lead to, at a phone's and a desk's width. No page may scroll sideways,
// weigh more than a slow line bears, hide who is signed in, let axe find
// anything, or speak of an "erreur". With PREAU_SHOTS set it keeps pictures of
// all of them in build/shots, and of what comes out on paper, without scripts
// and without the style sheet.
func TestEveryPage(t *testing.T) {
	if testing.Short() {
		t.Skip("the browser takes a minute; not with -short")
	}
	browser := webtest.OpenBrowser(t)
	s := openStage(t)
	seen := new(sync.Map)
	for _, site := range []string{"box", "office"} {
		walk := func(name string, person login, enter func(tab *webtest.Tab), paths ...string) {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // two at a time: the browser and the site are processes of their own
				w := &round{t: t, site: s.address(site), shots: os.Getenv("PREAU_SHOTS") != "", seen: seen}
				tab := browser.Tab(w.site)
				tab.Width(1366)
				enter(tab)
				w.visit(tab, name, person, paths...)
			})
		}
		walk(site+"-nobody", login{}, func(*webtest.Tab) {}, "/signin", "/help", "/verify", "/account/password")
		for _, role := range s.roles(site) {
			who := s.login(site, role, 0)
			walk(site+"-"+role, who, func(tab *webtest.Tab) {
				if role == "pupil" {
					tab.Open("/room")
					tab.Press(".picks a")
					tab.Press(`.names a[href$="` + s.nameLink(who) + `"]`)
					tab.Fill("pin", who.Secret)
					tab.Press(`main form .b`)
					return
				}
				tab.Open("/signin")
				tab.Fill("login", who.Login)
				tab.Fill("secret", who.Secret)
				tab.Press(`main form[action="/signin"] button`)
			}, "/", "/idle")
		}
	}
}

// round is one walk over the pages.
type round struct {
	t     *testing.T
	site  string // its address
	shots bool
	seen  *sync.Map // page and what it is built of, that axe has looked at
}

const (
	pageMost     = 30_000 // bytes of a page and its style sheet, compressed, on a first visit
	requestsMost = 4
	followMost   = 90 // kinds of pages a role
)

// leads are the links of a page that open another one of the same site.
const leads = `JSON.stringify([...document.querySelectorAll("a[href^='/']")].map(a => a.getAttribute("href")).filter(h => !h.startsWith("/preferences")))`

// built is what a page is made of: the kinds of its elements and their classes.
const madeOf = `[...new Set([...document.querySelectorAll("body *")].map(e => e.tagName + "." + (e.getAttribute("class") || "")))].sort().join(" ")`

// arrived is what came; photographs come last, and the page is read without them.
const arrived = `JSON.stringify({
	status: performance.getEntriesByType("navigation")[0].responseStatus,
	type: document.contentType,
	bytes: performance.getEntriesByType("navigation")[0].encodedBodySize + performance.getEntriesByType("resource").filter(r => r.initiatorType !== "img").reduce((n, r) => n + r.encodedBodySize, 0),
	requests: 1 + performance.getEntriesByType("resource").filter(r => r.initiatorType !== "img").length})`

// files are links that a browser keeps as a file: they open no page.
var files = regexp.MustCompile(`/(annexes/\d+|file|openapi\.json)$|\.(csv|tsv|xlsx|ods|json|pdf|crt|zip)$|[?&](format|as)=`)

// visit opens the pages given and those that they lead to, one of each kind.
func (w *round) visit(tab *webtest.Tab, who string, person login, paths ...string) {
	w.t.Helper()
	kinds := map[string]bool{}
	for _, p := range paths {
		kinds[kindOf(p)] = true
	}
	for n := 0; len(paths) > 0; n++ {
		if n == followMost {
			w.t.Fatalf("%s: more than %d kinds of pages", who, followMost)
		}
		path := paths[0]
		paths = paths[1:]
		name := "page-" + who + strings.NewReplacer("/", "-", "{", "", "}", "", "?", "-", "=", "-").Replace(kindOf(path))
		var more []string
		for _, width := range []int{1366, 360} {
			tab.Width(width)
			if err := tab.Try(w.site + path); err != nil && strings.Contains(err.Error(), "ERR_ABORTED") {
				break // a file, which the browser keeps
			} else if err != nil {
				w.t.Fatalf("%s: open %s: %v", name, path, err)
			}
			known := w.look(tab, name+"-"+strconv.Itoa(width), path, person, width)
			if width == 1366 {
				if err := json.Unmarshal([]byte(webtest.Eval[string](tab, leads)), &more); err != nil {
					w.t.Fatal(err)
				}
			}
			if known && !w.shots { // the same page of another role: a phone shows nothing new of it
				break
			}
		}
		if w.shots {
			w.paper(tab, name)
			w.bare(tab, name, path)
		}
		for _, p := range more {
			p, _, _ = strings.Cut(p, "#")
			if p != "" && !files.MatchString(p) && !kinds[kindOf(p)] {
				kinds[kindOf(p)] = true
				paths = append(paths, p)
			}
		}
	}
}

// look holds one page against what every page promises, and tells whether one
// built the same was looked at before.
func (w *round) look(tab *webtest.Tab, name, path string, person login, width int) (known bool) {
	w.t.Helper()
	var came struct {
		Status, Bytes, Requests int
		Type                    string
	}
	if err := json.Unmarshal([]byte(webtest.Eval[string](tab, arrived)), &came); err != nil {
		w.t.Fatal(err)
	}
	if came.Status != 200 || came.Type != "text/html" {
		w.t.Errorf("%s: %s answers %d with %s", name, path, came.Status, came.Type)
		return true
	}
	if came.Bytes > pageMost || came.Requests > requestsMost {
		w.t.Errorf("%s: %s weighs %d bytes in %d requests", name, path, came.Bytes, came.Requests)
	}
	if px := tab.Sideways(); px > 0 {
		w.t.Errorf("%s: %s is %d px wider than its window", name, path, px)
	}
	text := tab.Text()
	if strings.Contains(strings.ToLower(text), "erreur") {
		w.t.Errorf("%s: %s speaks of an erreur", name, path)
	}
	if !strings.Contains(text, person.Name) {
		w.t.Errorf("%s: %s does not say who is signed in", name, path)
	}
	if w.shots {
		tab.Shot(name)
	}
	sign := strconv.Itoa(width) + kindOf(path) + webtest.Eval[string](tab, madeOf)
	if _, known := w.seen.LoadOrStore(sign, true); known {
		return true
	}
	for _, f := range tab.Axe() {
		w.t.Errorf("%s: %s: axe: %s: %s: %s", name, path, f.ID, f.Help, strings.Join(f.Nodes, " "))
	}
	return false
}

// paper keeps the page as it is printed, as pictures where poppler is.
func (w *round) paper(tab *webtest.Tab, name string) {
	w.t.Helper()
	pdf := tab.Print(name + "-paper")
	if out, err := exec.Command("pdftoppm", "-r", "60", "-png", pdf, strings.TrimSuffix(pdf, ".pdf")).CombinedOutput(); err != nil {
		w.t.Logf("pdftoppm: %v %s", err, out)
	}
}

// bare keeps the page as it is without its style sheet.
func (w *round) bare(tab *webtest.Tab, name, path string) {
	w.t.Helper()
	webtest.Eval[bool](tab, `(document.querySelectorAll("link[rel=stylesheet]").forEach(l => l.remove()), true)`)
	tab.Shot(name + "-bare")
}

var (
	recordID = regexp.MustCompile(`^[0-9A-Za-z_-]*\d[0-9A-Za-z_-]*$|^[A-Z]{2,}$`)
	someID   = regexp.MustCompile(`^[0-9A-Za-z]{8,}$`)
)

// kindOf is a path with its ids and codes taken out, and of its questions only
// their names.
func kindOf(path string) string {
	u, err := url.Parse(path)
	if err != nil {
		return path
	}
	parts := strings.Split(u.Path, "/")
	for i, p := range parts {
		if recordID.MatchString(p) || someID.MatchString(p) && i > 1 && !slices.Contains([]string{"acknowledge", "everywhere", "password", "receipts"}, p) {
			parts[i] = "{}"
		}
	}
	kind := strings.Join(parts, "/")
	var names []string
	for n := range u.Query() {
		names = append(names, n)
	}
	if slices.Sort(names); len(names) > 0 {
		kind += "?" + strings.Join(names, "&")
	}
	return kind
}

func (s *stage) address(site string) string {
	if site == "office" {
		return s.Office
	}
	return s.Box
}

// roles are those that sign in at a site, in the order of the demonstration.
// nameLink is how the link ends that a pupil's name has in the room.
func (s *stage) nameLink(who login) string {
	s.t.Helper()
	c := webtest.Visit(s.t, s.Box)
	p := c.Get("/room")
	p = c.Get(regexp.MustCompile(`/room/[^"/]+/[^"/]+`).FindString(p.Body))
	m := regexp.MustCompile(`<a href="/room/[^"]+(/as/[^"]+)">` + regexp.QuoteMeta(html.EscapeString(who.Name)) + `</a>`).FindStringSubmatch(p.Body)
	if m == nil {
		s.t.Fatalf("%s is not in the room", who.Name)
	}
	return m[1]
}

func (s *stage) roles(site string) (list []string) {
	for _, l := range s.logins {
		if l.Site == site && !slices.Contains(list, l.Role) {
			list = append(list, l.Role)
		}
	}
	return list
}
