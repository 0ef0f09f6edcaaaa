package signin_test

import (
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"preau/modules/signin"
	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

// newSite is a box with sign-in and a home page that says who is there.
func newSite(t testing.TB) *webtest.Site {
	t.Helper()
	m := signin.Module()
	routes := append(m.Pages, web.Route{Path: "/", Access: school.SignedIn(), Reads: []string{}, Handle: func(c *web.Ctx) error {
		return c.Text(http.StatusOK, "home of "+c.Actor().Name)
	}})
	return webtest.New(t, webtest.Setup{Routes: routes, Words: []fs.FS{m.Files}})
}

const good = "mangue-zinc-tambour"

func TestStaffComeIn(t *testing.T) {
	s := newSite(t)
	s.SetSecret(school.Teacher, good, false)
	v := s.Visitor()
	p := v.Get("/?x=1")
	if p.URL.Path != "/signin" {
		t.Fatalf("signed out, / shows %s", p)
	}
	if p = p.Submit("/signin", map[string]any{"login": " Teacher ", "secret": good}); !strings.Contains(p.Body, "home of TCHASSANTI Pyalo") || p.URL.RawQuery != "x=1" {
		t.Fatalf("after signing in: %s", p)
	}
	for _, ck := range v.HTTP.Jar.Cookies(p.URL) {
		if ck.Value == "" {
			t.Errorf("cookie %s is empty", ck.Name)
		}
	}
}

func TestRefusedSignInKeepsTheNameOnly(t *testing.T) {
	s := newSite(t)
	s.SetSecret(school.Teacher, good, false)
	for name, secret := range map[string]string{"teacher": "not this one", "nobody.knows": good, "pupil": good} {
		v := s.Visitor()
		p := v.Get("/signin").Submit("/signin", map[string]any{"login": name, "secret": secret, "device": "own"})
		if p.Status != http.StatusUnprocessableEntity || !p.Has("Ce nom et ce mot de passe ne vont pas ensemble") {
			t.Errorf("%s: %s", name, p)
		}
		if got, _ := p.Field("login"); got != name {
			t.Errorf("name typed is %q, kept %q", name, got)
		}
		if got, _ := p.Field("device"); got != "own" {
			t.Errorf("device kept as %q", got)
		}
		if strings.Contains(p.Body, secret) {
			t.Error("the password came back in the page")
		}
		if v.Get("/").URL.Path != "/signin" {
			t.Error("a refused sign-in opened the home page")
		}
	}
	p := s.Visitor().Get("/signin").Submit("/signin", nil)
	if !p.Has("Le nom de connexion manque") || !p.Has("Le mot de passe manque") {
		t.Errorf("empty form: %s", p)
	}
}

func TestAFormOfAnotherBrowserDoesNotSignIn(t *testing.T) {
	s := newSite(t)
	s.SetSecret(school.Teacher, good, false)
	page := s.Visitor().Get("/signin")
	token, _ := page.Field("_token")
	p := s.Visitor().Get("/signin").Submit("/signin", map[string]any{"login": "teacher", "secret": good, "_token": token})
	if p.Status != http.StatusUnprocessableEntity || !p.Has("Ce formulaire vient d’une connexion précédente") {
		t.Fatalf("another browser's token: %s", p)
	}
}

func TestTooManyTriesWait(t *testing.T) {
	s := newSite(t)
	s.SetSecret(school.Teacher, good, false)
	v := s.Visitor()
	waited := false
	for range 40 {
		p := v.Get("/signin").Submit("/signin", map[string]any{"login": "teacher", "secret": "wrong and wrong"})
		if p.Status == http.StatusTooManyRequests {
			waited = true
			break
		}
	}
	if !waited {
		t.Fatal("forty wrong passwords were all looked at")
	}
	s.Clock.Add(24 * time.Hour)
	p := v.Get("/signin").Submit("/signin", map[string]any{"login": "teacher", "secret": good})
	if !strings.Contains(p.Body, "home of") {
		t.Fatalf("a day later: %s", p)
	}
}

func TestOneTimePasswordOpensOnlyItsReplacement(t *testing.T) {
	s := newSite(t)
	s.SetSecret(school.Teacher, "bade-muzy-kevapu-73", true)
	v := s.Visitor()
	p := v.Get("/signin").Submit("/signin", map[string]any{"login": "teacher", "secret": "bade-muzy-kevapu-73"})
	if p.URL.Path != "/account/password" {
		t.Fatalf("after a one-time password: %s", p)
	}
	for _, path := range []string{"/", "/account"} {
		if to := v.Get(path).URL.Path; to != "/account/password" {
			t.Errorf("%s opens %s before the change", path, to)
		}
	}
	other := s.As(school.Teacher)
	p = v.Get("/account/password")
	for _, bad := range []map[string]any{
		{"current": "bade-muzy-kevapu-73", "secret": "motdepasse", "again": "motdepasse"},
		{"current": "bade-muzy-kevapu-73", "secret": good, "again": good + "x"},
		{"current": "not the one", "secret": good, "again": good},
	} {
		if p = p.Submit("/account/password", bad); p.Status != http.StatusUnprocessableEntity {
			t.Fatalf("%v: %s", bad, p)
		}
	}
	values := map[string]any{"current": "bade-muzy-kevapu-73", "secret": good, "again": good}
	form := p
	if p = form.Submit("/account/password", values); p.URL.Path != "/" {
		t.Fatalf("after the change: %s", p)
	}
	if p = form.Submit("/account/password", values); p.URL.Path != "/" {
		t.Errorf("the same form again is not answered with the first result: %s", p)
	}
	if to := other.Get("/").URL.Path; to != "/signin" {
		t.Errorf("another session outlived the password change and opens %s", to)
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	s := newSite(t)
	c := s.As(school.Head)
	u := c.Get("/account")
	jar := c.HTTP.Jar.Cookies(u.URL)
	out := u.Submit("/signout", nil)
	if out.URL.Path != "/signin" {
		t.Fatalf("after signing out: %s", out)
	}
	// Even with the cookie put back the session is gone.
	thief := s.Visitor()
	thief.HTTP.Jar.SetCookies(u.URL, jar)
	if to := thief.Get("/account").URL.Path; to != "/signin" {
		t.Errorf("the cookie of a session that was signed out opens %s", to)
	}
}

func TestSignOutEverywhere(t *testing.T) {
	s := newSite(t)
	here, there := s.As(school.Head), s.AsOwn(school.Head)
	token := s.Token(school.Head)
	p := here.Get("/account").Submit("/account/everywhere", nil)
	if !p.Has("Vos autres connexions sont fermées") {
		t.Fatalf("%s", p)
	}
	if to := there.Get("/account").URL.Path; to != "/signin" {
		t.Errorf("the other device still opens %s", to)
	}
	if here.Get("/account").URL.Path != "/account" {
		t.Error("this device was signed out too")
	}
	_ = token
}

func TestLanguageAndContrast(t *testing.T) {
	s := newSite(t)
	v := s.Visitor()
	if p := v.Get("/preferences?lang=en&contrast=1&to=/signin"); p.URL.Path != "/" && !p.Has("Shared computer") {
		t.Errorf("English sign-in: %s", p)
	}
	p := v.Get("/signin")
	if !p.Has("Shared computer") || !strings.Contains(p.Body, `class="hc"`) {
		t.Errorf("the choice did not last: %s", p)
	}
	if to := v.Get("/preferences?lang=en&to=//evil.example/").URL; to.Host != p.URL.Host {
		t.Errorf("the way back leads to %s", to)
	}
	c := s.As(school.Head)
	p = c.Get("/account").Submit("/account", map[string]any{"language": "en", "contrast": "1"})
	if !p.Has("The display is saved.") || !strings.Contains(p.Body, `class="hc"`) {
		t.Errorf("own account: %s", p)
	}
	if p := s.As(school.Head).Get("/account"); !p.Has("My account") {
		t.Errorf("another session of the same person: %s", p)
	}
}

func TestSharedComputerForgetsAfterFifteenMinutes(t *testing.T) {
	s := newSite(t)
	shared, own := s.As(school.Head), s.AsOwn(school.Deputy)
	for range 4 {
		s.Clock.Add(10 * time.Minute)
		if to := shared.Get("/account").URL.Path; to != "/account" {
			t.Fatalf("in use, and yet %s", to)
		}
	}
	s.Clock.Add(15*time.Minute + time.Second)
	if to := shared.Get("/account").URL.Path; to != "/signin" {
		t.Errorf("after more than fifteen idle minutes the shared computer opens %s", to)
	}
	s.Clock.Add(20 * 24 * time.Hour)
	if to := own.Get("/account").URL.Path; to != "/account" {
		t.Errorf("after twenty days the own device opens %s", to)
	}
	s.Clock.Add(31 * 24 * time.Hour)
	if to := own.Get("/account").URL.Path; to != "/signin" {
		t.Errorf("after a month idle the own device opens %s", to)
	}
}

// Without any script a shared computer asks after thirteen minutes, and asking is
// no use of the session; a page in which words may have been typed stays.
func TestSharedComputerAsksBeforeItForgets(t *testing.T) {
	s := newSite(t)
	shared, own := s.As(school.Head), s.AsOwn(school.Deputy)
	home := shared.Get("/help")
	if got := home.Header.Get("Refresh"); got != "780; url=/idle?to=%2Fhelp" || !home.Has("Poste partagé : sans action, la connexion se ferme à") {
		t.Errorf("Refresh %q on %.400s", got, home)
	}
	if got := shared.Get("/account").Header.Get("Refresh"); got != "" {
		t.Errorf("a page with a form would leave: %q", got)
	}
	if p := own.Get("/help"); p.Header.Get("Refresh") != "" || p.Has("Poste partagé : sans action") {
		t.Errorf("an own device is asked: %v", p.Header)
	}
	s.Clock.Add(13 * time.Minute)
	asks := shared.Get("/idle?to=%2Fhelp")
	if got := asks.Header.Get("Refresh"); !asks.Has("Êtes-vous toujours là ?") || got != "122" || !strings.Contains(asks.Body, `href="/help"`) || !asks.Has("AGBODJAN Kodjo") {
		t.Errorf("Refresh %q on %.600s", got, asks)
	}
	s.Clock.Add(time.Minute)
	if p := shared.Get("/idle?to=%2F%2Fevil.example"); !strings.Contains(p.Body, `href="/"`) || strings.Contains(p.Body, "evil") {
		t.Errorf("the way back leads away: %.600s", p)
	}
	s.Clock.Add(time.Minute + 2*time.Second)
	if p := shared.Get("/idle?to=%2Fhelp"); p.URL.String() != s.URL+"/signin?to=%2Fhelp" || p.Has("AGBODJAN") {
		t.Errorf("fifteen minutes after the last use: %.300s", p)
	}
	// Whoever answers in time goes on.
	shared = s.As(school.Head)
	for range 3 {
		s.Clock.Add(14 * time.Minute)
		if p := shared.Get("/help"); !p.Has("AGBODJAN Kodjo") {
			t.Fatalf("in use, and yet %.300s", p)
		}
	}
}

func TestWhoMayEnter(t *testing.T) { newSite(t).Walker().Walk(t, "testdata/access.txt") }

func TestWords(t *testing.T) { web.CheckWords(t, signin.Module().Files) }

func TestLeaverIsOut(t *testing.T) {
	s := newSite(t)
	c := s.As(school.Teacher)
	if err := s.DB.Update(func(tx *store.Tx) error {
		rec, err := school.People.Get(tx, s.People[school.Teacher].ID)
		if err != nil {
			return err
		}
		rec.Value.Left = "2026-10-12"
		return school.People.Set(tx, rec.ID, rec.Value)
	}); err != nil {
		t.Fatal(err)
	}
	if to := c.Get("/account").URL.Path; to != "/signin" {
		t.Errorf("who has left still opens %s", to)
	}
}

func TestSignInInARealBrowser(t *testing.T) {
	b := webtest.OpenBrowser(t)
	s := newSite(t)
	s.SetSecret(school.Head, "bade-muzy-kevapu-73", true)
	tab := b.Tab(s.URL)
	tab.NoScript()
	for _, width := range []int{360, 1366} {
		tab.Width(width)
		tab.Open("/signin")
		w := map[int]string{360: "-360", 1366: "-1366"}[width]
		tab.Shot("signin" + w)
		if n := tab.Sideways(); n > 0 {
			t.Errorf("sign-in at %d px is %d px too wide", width, n)
		}
		for _, f := range tab.Axe() {
			t.Errorf("axe on sign-in: %s: %s\n%s", f.ID, f.Help, strings.Join(f.Nodes, "\n"))
		}
	}
	tab.Fill("login", "head")
	tab.Fill("secret", "wrong-wrong")
	tab.Press("main button.b")
	tab.Shot("signin-refused-1366")
	tab.Fill("secret", "bade-muzy-kevapu-73")
	tab.Press("main button.b")
	tab.Shot("signin-first-1366")
	if !tab.Has("Choisissez votre mot de passe") {
		t.Fatal(tab.Text())
	}
	tab.Fill("current", "bade-muzy-kevapu-73")
	tab.Fill("secret", good)
	tab.Fill("again", good)
	tab.Press("main button.b")
	tab.Open("/account")
	tab.Shot("signin-account-1366")
	if !tab.Has("AGBODJAN Kodjo") || !tab.Has("Poste partagé") {
		t.Error(tab.Text())
	}
	tab.Open("/help")
	tab.Shot("signin-help-1366")
	for _, f := range tab.Axe() {
		t.Errorf("axe on help: %s: %s\n%s", f.ID, f.Help, strings.Join(f.Nodes, "\n"))
	}
	tab.Press(".quit button")
	if !tab.Has("Mot de passe") {
		t.Error(tab.Text())
	}
}
