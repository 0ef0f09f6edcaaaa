package main

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"preau/store/storetest"
	"preau/web/webtest"
)

// TestObjectsOfOthers follows, as each role of the demonstration, the links of
// its pages, and then asks as each role for what the others were led to: what no
// link offers a person may not open, nor may its forms be sent, and the answer is
// the one for what does not exist. By day a quarter of that is asked, another one
// each time.
func TestObjectsOfOthers(t *testing.T) {
	share := storetest.Total("quarters of the refusals", 1, 4)
	s := openStage(t)
	for _, site := range []string{"box", "office"} {
		var people []*reader
		known := map[string]map[string]bool{} // pages and deeds, and the pages that lead there
		for _, role := range append(s.roles(site), "nobody", "second teacher") {
			r := &reader{t: t, role: role, known: known, seen: map[string]*offer{}, may: map[string]bool{}}
			switch {
			case role == "nobody":
				r.c = webtest.Visit(t, s.address(site))
			case role == "second teacher" && site == "office":
				continue
			case role == "second teacher":
				r.c, r.name = s.enter(site, "teacher", 5), s.login(site, "teacher", 5).Name
			default:
				r.c, r.name = s.enter(site, role, 0), s.login(site, role, 0).Name
			}
			r.public = map[string][]string{"box": {"/verify", "/https", "/signin", "/room"}, "office": {"/verify"}}[site]
			r.goRound()
			for _, dead := range r.dead {
				t.Errorf("%s: a link on a page of the %s leads to %s", site, role, dead)
			}
			people = append(people, r)
		}
		if len(known) < 50 {
			t.Fatalf("%s: only %d pages and forms were found", site, len(known))
		}
		asked := 0
		for _, r := range people {
			missing := sameButNumbers(r.c.Get("/circulars/zzzzzzzzzzzzzzz").Text())
			from := "/account"
			if r.role == "nobody" {
				from = "/signin"
			}
			token := r.c.Get(from).Token(from)
			r.settle()
			for what := range known {
				if page, _, _ := strings.Cut(what, "?"); r.may[what] || r.may[page] { // a question is asked of the page
					continue
				}
				if rand.IntN(4) >= share { // the others another day
					continue
				}
				asked++
				if action, deed := strings.CutPrefix(what, "POST "); deed {
					p := sendForm(t, r.c, s.address(site)+action, url.Values{"_token": {token}})
					if want := map[bool]int{true: http.StatusUnauthorized, false: http.StatusNotFound}[r.role == "nobody"]; p.Status != want && !r.byRight(action, p, people[0].c) {
						t.Errorf("%s: the %s may send %s: %.300s", site, r.role, action, p)
					}
					if p.Status == http.StatusOK { // done, and the token spent
						token = r.c.Get(from).Token(from)
					}
					continue
				}
				p := r.c.Get(what)
				if r.role == "nobody" {
					if p.URL.Path != "/signin" && p.Status != http.StatusNotFound {
						t.Errorf("%s: %s opens for whoever is not signed in: %d", site, what, p.Status)
					}
				} else if (p.Status != http.StatusNotFound || sameButNumbers(p.Text()) != missing) && !r.byRight(what, p, people[0].c) {
					t.Errorf("%s: %s opens for the %s, whom no link leads there: %d", site, what, r.role, p.Status)
				}
			}
		}
		t.Logf("%s: %d pages, files and forms; %d refusals asked for", site, len(known), asked)
	}
}

// TestObjectsOfOthersAtTheAPI asks the doors of programs the same: a token sees
// and does what its person may, and nothing of others exists for it.
func TestObjectsOfOthersAtTheAPI(t *testing.T) {
	s := openStage(t)
	listed := func(site, token string) (ids []string) {
		var list struct{ Items []struct{ ID string } }
		if err := json.Unmarshal([]byte(call(t, http.MethodGet, s.address(site)+"/api/v1/circulars?limit=500", token, "")), &list); err != nil {
			t.Fatal(err)
		}
		for _, x := range list.Items {
			ids = append(ids, x.ID)
		}
		return ids
	}
	all := listed("box", s.token("box", "head"))
	hidden := 0
	for _, role := range []string{"deputy", "supervisor", "secretary", "teacher", "technician"} {
		token := s.token("box", role)
		mine := listed("box", token)
		for _, id := range all {
			if !slices.Contains(mine, id) {
				hidden++
				if status, answer := s.post("box", token, "/circulars/"+id+"/acknowledge", "{}"); status != http.StatusNotFound {
					t.Errorf("the %s acknowledges what is not addressed to him: %d %s", role, status, answer)
				}
			}
		}
	}
	if hidden == 0 {
		t.Error("everybody sees everything: nothing was asked")
	}
	inspector := s.token("office", "inspector")
	for _, id := range listed("office", inspector) {
		counts := call(t, http.MethodGet, s.Office+"/api/v1/circulars/"+id+"/receipts", inspector, "")
		for _, code := range []string{"LYC-0204", "LYC-0631", "CEG-0748"} { // of other inspections
			if strings.Contains(counts, code) {
				t.Errorf("the inspector of Golfe-Est is told of %s: %s", code, counts)
			}
		}
	}
	publisher := s.token("office", "publisher")
	for _, id := range listed("office", publisher) {
		if status, answer := s.post("office", publisher, "/circulars/"+id+"/sign", "{}"); status != http.StatusNotFound {
			t.Errorf("a publisher signs: %d %s", status, answer)
		}
	}
	for _, door := range []string{"/circulars", "/people?q=a", "/circulars/" + all[0] + "/receipts"} {
		if got := call(t, http.MethodGet, s.Office+"/api/v1"+door, "preau_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""); !strings.Contains(got, `"error"`) {
			t.Errorf("a made-up token at %s: %.200s", door, got)
		}
	}
}

// reader is one person who follows links. What all readers find is shared, so
// that each can be asked for what only the others were led to.
type reader struct {
	t      *testing.T
	c      *webtest.Client
	role   string
	name   string
	public []string // pages without a link that anybody may open
	known  map[string]map[string]bool
	seen   map[string]*offer // pages opened
	may    map[string]bool   // what is offered
	dead   []string          // links that open nothing
}

// offer is what one page leads to: paths, and "POST /path" for its forms.
type offer map[string]bool

const ofAKind = 6 // pages of a kind that a reader follows by itself

var (
	href   = regexp.MustCompile(`<a [^>]*href="(/[^"#]*)`)
	action = regexp.MustCompile(`<form [^>]*method="post"[^>]*action="(/[^"]*)"`)
)

// goRound follows the links of a site's pages, some of each kind.
func (r *reader) goRound() {
	r.t.Helper()
	next := append([]string{"/", "/help", "/account"}, r.public...)
	for _, path := range next {
		r.may[path] = true
	}
	kinds := map[string]int{}
	for len(next) > 0 {
		path := next[0]
		next = next[1:]
		if kinds[kindOf(path)]++; kinds[kindOf(path)] > ofAKind {
			continue
		}
		for what := range *r.open(path) {
			if r.known[what] == nil {
				r.known[what] = map[string]bool{}
			}
			r.known[what][path] = true
			r.may[what] = true
			if !strings.HasPrefix(what, "POST ") && r.seen[what] == nil && !slices.Contains(next, what) {
				next = append(next, what)
			}
		}
	}
}

// open is what a page offers this person; nothing when it does not open.
func (r *reader) open(path string) *offer {
	if o := r.seen[path]; o != nil {
		return o
	}
	o := &offer{}
	r.seen[path] = o
	p := r.c.Get(path)
	if p.Status != http.StatusOK {
		r.dead = append(r.dead, fmt.Sprintf("%s, which answers %d", path, p.Status))
	}
	if files.MatchString(path) || p.Status != http.StatusOK {
		return o
	}
	for _, m := range href.FindAllStringSubmatch(p.Body, -1) {
		if to := strings.ReplaceAll(m[1], "&amp;", "&"); !strings.HasPrefix(to, "/preferences") {
			(*o)[to] = true
		}
	}
	for _, m := range action.FindAllStringSubmatch(p.Body, -1) {
		if m[1] != "/signout" && m[1] != "/signin" {
			(*o)["POST "+m[1]] = true
		}
	}
	return o
}

// settle finds what of all that others were led to is offered to this person too:
// a page that is offered and led another there leads there for this person as
// well. Again and again, until nothing more is found.
func (r *reader) settle() {
	for more := true; more; {
		more = false
		for what, from := range r.known {
			for page := range from {
				if !r.may[what] && r.may[page] && (*r.open(page))[what] {
					r.may[what], more = true, true
				}
			}
		}
	}
}

// byRight tells what a person may open or send although no link leads there: the
// door of a room and the sign-in page, which are anybody's; the clock, to which
// staff are led when it is doubtful; one's own record; the marks of every class
// for head and censeur, and of the class whose titular one is, which the head can
// tell; a sheet of one's own among so many that it was not followed; what one has
// read, once more; and the PIN of a pupil whom one teaches, whose
// record then opens too.
func (r *reader) byRight(path string, p *webtest.Page, head *webtest.Client) bool {
	parts := strings.Split(path+"////", "/")
	switch parts[1] {
	case "room", "signin":
		return true
	case "clock":
		return r.role != "pupil" && r.role != "nobody"
	case "people":
		// The supervisor may see every pupil; no list leads there from each page.
		pupil := r.role == "supervisor" && strings.Count(path, "/") == 2 && head.Get(path).Has("Classe")
		return pupil || strings.Contains(p.Body, "<title>"+html.EscapeString(r.name))
	case "marks":
		if parts[2] == "presses" || r.role == "pupil" || r.role == "nobody" {
			return false
		}
		if parts[2] == "sheets" && parts[4] != "" && r.c.Get("/marks/sheets/"+parts[3]).Status == http.StatusOK {
			return true // who sees the sheet is told why not
		}
		if parts[2] == "sheets" && r.ledTo(path) {
			return true
		}
		return r.role == "head" || r.role == "deputy" || head.Get("/people/classes/"+parts[3]).Has("Titulaire : "+r.name)
	case "notices": // read once more what one has read: nothing comes of it
		return parts[3] == "read" && p.Status == http.StatusOK && p.Has("Lu et pris connaissance")
	case "rooms":
		return parts[2] == "pupils" && r.role == "teacher" && r.c.Get("/people/"+parts[3]).Status == http.StatusOK
	}
	return false
}

// ledTo tells whether a page of marks that is offered, but was not followed among
// so many of its kind, leads to this one.
func (r *reader) ledTo(path string) bool {
	for page := range maps.Clone(r.may) {
		if strings.HasPrefix(page, "/marks") && !files.MatchString(page) && (*r.open(page))[path] {
			return true
		}
	}
	return false
}

func sendForm(t *testing.T, c *webtest.Client, address string, values url.Values) *webtest.Page {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.Do(req)
}

var changing = regexp.MustCompile(`R-[0-9A-F-]+|\d+ h \d+`)

// sameButNumbers is a page's text without what is new on each: references, times.
func sameButNumbers(text string) string { return changing.ReplaceAllString(text, "") }
