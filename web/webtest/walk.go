package webtest

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"preau/school"
	"preau/web"
)

var update = flag.Bool("update", false, "write golden files anew")

// Walker asks every route who may enter. SignIn gives the cookie of a person of
// a role, Bearer their API token.
type Walker struct {
	Server *web.Server
	Host   string // a name the server answers to; "" is localhost
	Roles  []school.Role
	SignIn func(school.Role) *http.Cookie
	Bearer func(school.Role) string
}

// Walk compares who may enter where with the table in the golden file: one line a
// route, with the roles that may enter, and "anybody" where signed-out people may
// too. It asks the running server, not the declarations. Run the test with
// -update to write the table anew, and read the difference.
func (w Walker) Walk(t testing.TB, golden string) {
	t.Helper()
	got := w.Table(t)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("who may enter where is not as %s says (run with -update, then read the difference):\n%s", golden, diff(string(want), got))
	}
}

// Table is who may enter where, as the server answers.
func (w Walker) Table(t testing.TB) string {
	t.Helper()
	cookies, tokens := map[school.Role]*http.Cookie{}, map[school.Role]string{}
	for _, r := range w.Roles {
		cookies[r], tokens[r] = w.SignIn(r), w.Bearer(r)
	}
	var b strings.Builder
	for _, route := range w.Server.Routes() {
		out := w.ask(t, route, nil, "")
		var in []school.Role
		for _, r := range w.Roles {
			switch w.ask(t, route, cookies[r], tokens[r]) {
			case web.StatusAdmitted:
				in = append(in, r)
			case http.StatusNotFound:
			default:
				t.Errorf("%s %s answers a %s in a way of its own", route.Method, route.Path, r)
			}
		}
		who := roleList(in)
		switch {
		case out == web.StatusAdmitted && len(in) == len(w.Roles):
			who = "anybody"
		case out == web.StatusAdmitted:
			who = "signed out, " + who
		case len(in) == len(w.Roles):
			who = "everybody signed in"
		case len(in) == 0:
			who = "nobody"
		}
		fmt.Fprintf(&b, "%-4s %-40s %s\n", route.Method, route.Path, who)
	}
	return b.String()
}

func (w Walker) ask(t testing.TB, route web.RouteInfo, ck *http.Cookie, token string) int {
	t.Helper()
	path := strings.NewReplacer("{", "", "}", "").Replace(route.Path)
	req := httptest.NewRequestWithContext(web.Probe(t.Context()), route.Method, path, http.NoBody)
	req.Host = w.Host
	if req.Host == "" {
		req.Host = "localhost"
	}
	switch {
	case route.API && token != "":
		req.Header.Set("Authorization", "Bearer "+token)
	case !route.API && ck != nil:
		req.AddCookie(ck)
	}
	rec := httptest.NewRecorder()
	w.Server.ServeHTTP(rec, req)
	return rec.Code
}

// Walker is a walker over a test's site.
func (s *Site) Walker() Walker {
	var roles []school.Role
	for _, r := range append(append([]school.Role{}, school.BoxRoles...), school.OfficeRoles...) {
		if _, ok := s.People[r]; ok {
			roles = append(roles, r)
		}
	}
	return Walker{
		Server: s.Server, Roles: roles,
		SignIn: func(r school.Role) *http.Cookie {
			ck, err := s.Server.OpenSession(s.People[r].ID, false)
			if err != nil {
				s.t.Fatal(err)
			}
			return ck
		},
		Bearer: s.Token,
	}
}

// diff shows the lines that only one side has.
func diff(want, got string) string {
	var b strings.Builder
	only := func(mark, a, other string) {
		there := map[string]bool{}
		for l := range strings.Lines(other) {
			there[l] = true
		}
		for l := range strings.Lines(a) {
			if !there[l] {
				b.WriteString(mark + l)
			}
		}
	}
	only("- ", want, got)
	only("+ ", got, want)
	return b.String()
}
