package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"preau/web/webtest"
)

// TestObjectsOfOthers goes, as each role of the demonstration, to every page and
// file that its own links lead to, and then to every one that only others are
// led to: none of these may open, nor may their forms be sent, and the answer is
// the one for what does not exist.
func TestObjectsOfOthers(t *testing.T) {
	s := openStage(t)
	for _, site := range []string{"box", "office"} {
		people := map[string]*webtest.Client{}
		own := map[string]offered{}
		all := offered{pages: map[string]bool{}, deeds: map[string]bool{}}
		for _, role := range append(s.roles(site), "nobody", "second teacher") {
			switch {
			case role == "nobody":
				people[role] = webtest.Visit(t, s.address(site))
			case role == "second teacher" && site == "office":
				continue
			case role == "second teacher":
				people[role] = s.enter(site, "teacher", 5)
			default:
				people[role] = s.enter(site, role, 0)
			}
			own[role] = goEverywhere(t, people[role], map[string][]string{"box": {"/verify", "/https"}, "office": {"/verify"}}[site]...)
			for _, path := range own[role].dead {
				t.Errorf("%s: a link on a page of the %s leads to %s", site, role, path)
			}
			maps.Copy(all.pages, own[role].pages)
			maps.Copy(all.deeds, own[role].deeds)
		}
		if len(all.pages) < 40 || len(all.deeds) < 10 {
			t.Fatalf("%s: only %d pages and %d forms were found", site, len(all.pages), len(all.deeds))
		}
		for role := range own { // what is open to nobody in particular is open to all
			maps.Copy(own[role].pages, own["nobody"].pages)
			maps.Copy(own[role].deeds, own["nobody"].deeds)
		}
		asked := 0
		for role, c := range people {
			missing := c.Get("/circulars/zzzzzzzzzzzzzzz")
			from := "/account"
			if role == "nobody" {
				from = "/signin"
			}
			token := c.Get(from).Token(from)
			for path := range all.pages {
				if own[role].pages[path] {
					continue
				}
				asked++
				p := c.Get(path)
				if role == "nobody" {
					if p.URL.Path != "/signin" {
						t.Errorf("%s: %s opens for whoever is not signed in: %d", site, path, p.Status)
					}
				} else if p.Status != http.StatusNotFound || sameButNumbers(p.Text()) != sameButNumbers(missing.Text()) {
					t.Errorf("%s: %s opens for the %s, whom no link leads there: %d", site, path, role, p.Status)
				}
			}
			for action := range all.deeds {
				if own[role].deeds[action] {
					continue
				}
				asked++
				p := sendForm(t, c, s.address(site)+action, url.Values{"_token": {token}})
				if want := map[bool]int{true: http.StatusUnauthorized, false: http.StatusNotFound}[role == "nobody"]; p.Status != want {
					t.Errorf("%s: the %s may send %s: %.300s", site, role, action, p)
				}
			}
		}
		t.Logf("%s: %d pages and files, %d forms; %d refusals asked for", site, len(all.pages), len(all.deeds), asked)
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

// offered is what a person's pages lead to.
type offered struct {
	pages, deeds map[string]bool
	dead         []string // links that open nothing
}

const everywhereMost = 5000 // pages a person

// href and action find links and forms as templ writes them.
var (
	href   = regexp.MustCompile(`<a [^>]*href="(/[^"#]*)`)
	action = regexp.MustCompile(`<form [^>]*method="post"[^>]*action="(/[^"]*)"`)
)

// goEverywhere follows all links of a site's pages, and opens the public pages.
func goEverywhere(t *testing.T, c *webtest.Client, public ...string) offered {
	t.Helper()
	o := offered{pages: map[string]bool{}, deeds: map[string]bool{}}
	next := append([]string{"/", "/help", "/account"}, public...)
	for n := 0; len(next) > 0; n++ {
		if n == everywhereMost {
			t.Fatalf("more than %d pages; the next is %s", everywhereMost, next[0])
		}
		path := next[0]
		next = next[1:]
		if o.pages[path] {
			continue
		}
		o.pages[path] = true
		p := c.Get(path)
		if p.Status != http.StatusOK {
			o.dead = append(o.dead, fmt.Sprintf("%s, which answers %d", path, p.Status))
			delete(o.pages, path)
		}
		if files.MatchString(path) {
			continue
		}
		for _, m := range href.FindAllStringSubmatch(p.Body, -1) {
			to := strings.ReplaceAll(m[1], "&amp;", "&")
			if !o.pages[to] && !strings.HasPrefix(to, "/preferences") && !slices.Contains(next, to) {
				next = append(next, to)
			}
		}
		for _, m := range action.FindAllStringSubmatch(p.Body, -1) {
			o.deeds[m[1]] = true
		}
	}
	delete(o.deeds, "/signout")
	return o
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
