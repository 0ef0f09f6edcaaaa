package main

import (
	"html"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"preau/web/webtest"
)

// TestForgottenSecrets plays the days on which somebody has forgotten: a pupil the
// PIN, a teacher the password, and the head, whom nobody in a browser can help.
func TestForgottenSecrets(t *testing.T) {
	s := openStage(t)
	head, teacher, pupil := s.login("box", "head", 0), s.login("box", "teacher", 0), s.login("box", "pupil", 3)

	// A pupil: two clicks of a member of staff, a PIN for one use, one's own.
	staff := s.enter("box", "supervisor", 0)
	room := staff.Get(linkOf(t, staff.Get("/rooms"), "/rooms/", "Salle informatique"))
	for _, at := range regexp.MustCompile(`<b>(http://[^<]+)</b>`).FindAllStringSubmatch(room.Body, -1) {
		if p := webtest.Visit(t, strings.TrimSuffix(at[1], "/room")).Get("/room"); !p.Has(pupil.Class) {
			t.Errorf("pupils are sent to %s, where there is %s", at[1], p)
		}
	}
	if !strings.Contains(room.Body, "<b>"+s.Box+"/room</b>") {
		t.Errorf("the room does not say what to open: %s", room)
	}
	reset := staff.Get(linkOf(t, room, "/rooms/pupils/", pupil.Name))
	once, ok := reset.Field("pin")
	if !ok {
		t.Fatalf("no new PIN on %s", reset)
	}
	reset.Submit("", nil)
	pc := webtest.Visit(t, s.Box)
	knock := func(pin string) *webtest.Page {
		door := pc.Get("/room")
		names := pc.Get(linkOf(t, door, "/room/", pupil.Class))
		asked := pc.Get(linkOf(t, names, "/room/", pupil.Name))
		return asked.Submit(asked.URL.Path, map[string]any{"pin": pin})
	}
	if p := knock(pupil.Secret); !p.Has("Ce PIN ne va pas avec ce nom") {
		t.Errorf("the forgotten PIN still opens: %.400s", p.Text())
	}
	own := knock(once)
	if own.URL.Path != "/pin" || pc.Get("/circulars").URL.Path != "/pin" {
		t.Fatalf("a PIN for one use opens more than its replacement: %.400s", own.Text())
	}
	if p := own.Submit("/pin", map[string]any{"pin": "402819", "again": "402819"}); p.URL.Path != "/" || !p.Has(pupil.Name) {
		t.Errorf("one's own PIN: %.400s", p.Text())
	}

	// A teacher who has tried too often: the head gives a password for one use.
	boss := s.enter("box", "head", 0)
	record := boss.Get(linkOf(t, boss.Get("/people?q="+url.QueryEscape(pupil.Name)), "/people/", pupil.Name))
	linkOf(t, record, "/rooms/pupils/", "Nouveau PIN")
	tryAll(t, s, teacher, 9)
	access := boss.Get(linkOf(t, boss.Get("/people/staff"), "/people/staff/", teacher.Name))
	once, ok = access.Field("secret")
	if !ok {
		t.Fatalf("no new password on %s", access)
	}
	access.Submit("", nil)
	comeBack(t, s, teacher, once, "goyave-ardoise-41")

	// The head: no page gives it, the command on the box does; what was open ends.
	for _, role := range []string{"technician", "deputy", "secretary"} {
		if staff := s.enter("box", role, 0).Get("/people/staff"); strings.Contains(row(staff.Body, head.Name), "/access") {
			t.Errorf("a %s may give the head a password", role)
		}
	}
	if p := webtest.Visit(t, s.Box).Get("/help"); !p.Has("preau passwd") {
		t.Errorf("the help does not say how a head comes in again: %s", p.Text())
	}
	if out, err := exec.Command(s.bin, "passwd", "proviseurr", "--data", filepath.Join(s.dir, "box")).CombinedOutput(); err == nil || !strings.Contains(string(out), strconv.Quote(head.Login)) {
		t.Errorf("who has the box in hand is not told how the head signs in: %v %s", err, out)
	}
	if out := asStranger(t, s.bin, "passwd", head.Login); !strings.Contains(out, "sudo") || strings.Contains(out, "init") {
		t.Errorf("a command without the right to the folder: %s", out)
	}
	tryAll(t, s, head, 10)
	token := s.token("box", "head")
	out, err := exec.Command(s.bin, "passwd", head.Login, "--data", filepath.Join(s.dir, "box")).Output()
	if err != nil {
		t.Fatal(err)
	}
	if p := boss.Get("/people"); p.URL.Path != "/signin" {
		t.Errorf("a session outlives its password: %s", p)
	}
	if status, _ := s.post("box", token, "/circulars/x/acknowledge", "{}"); status != 401 {
		t.Errorf("a token outlives the password: %d", status)
	}
	boss = comeBack(t, s, head, strings.TrimSpace(string(out)), "pirogue-sel-lampe-9")
	if log := boss.Get("/audit?q=" + strings.Fields(head.Name)[0]); !log.Has("ligne de commande") {
		t.Errorf("the log does not say that the head got a new password: %s", log.Text())
	}
}

// asStranger runs a command on a folder that the user may not enter; the root of
// a test gives its powers up for it.
func asStranger(t *testing.T, command ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "theirs")
	if err := os.Mkdir(dir, 0); err != nil {
		t.Fatal(err)
	}
	command = append(command, "--data", dir)
	if os.Geteuid() == 0 {
		command = append([]string{"setpriv", "--bounding-set=-all"}, command...)
	}
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err == nil {
		t.Errorf("%v is done", command)
	}
	return string(out)
}

// tryAll types wrong passwords, on a computer of its own, until the account has
// to wait.
func tryAll(t *testing.T, s *stage, who login, computer byte) {
	t.Helper()
	c := webtest.Visit(t, s.Box)
	c.HTTP.Transport = &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, computer)}}).DialContext}
	for range 40 {
		p := c.Get("/signin").Submit("/signin", map[string]any{"login": who.Login, "secret": "oublie-et-perdu", "device": "shared"})
		if p.Has("Attendez") || p.Has("Trop d") {
			return
		}
	}
	t.Error("forty wrong passwords, and no wait")
}

// comeBack signs in with a password for one use, and chooses another.
func comeBack(t *testing.T, s *stage, who login, once, own string) *webtest.Client {
	t.Helper()
	c := webtest.Visit(t, s.Box)
	enter := func(secret string) *webtest.Page {
		return c.Get("/signin").Submit("/signin", map[string]any{"login": who.Login, "secret": secret, "device": "shared"})
	}
	first := enter(once)
	if first.URL.Path != "/account/password" || c.Get("/circulars").URL.Path != "/account/password" {
		t.Fatalf("%s with a password for one use: %.400s", who.Name, first.Text())
	}
	if p := first.Submit("/account/password", map[string]any{"current": once, "secret": own, "again": own}); p.URL.Path != "/" || !p.Has(who.Name) {
		t.Fatalf("%s chooses a password: %.400s", who.Name, p.Text())
	}
	if p := webtest.Visit(t, s.Box).Get("/signin").Submit("/signin", map[string]any{"login": who.Login, "secret": once, "device": "shared"}); p.Has(who.Name) {
		t.Errorf("a password for one use opened twice")
	}
	return c
}

// linkOf is where the link below a path leads that says or stands in the row of a name.
func linkOf(t *testing.T, p *webtest.Page, below, name string) string {
	t.Helper()
	say := `<a[^>]* href="(` + below + `[^"]+)"`
	named := say + `[^>]*>\s*` + regexp.QuoteMeta(html.EscapeString(name))
	for _, in := range [][2]string{{named, p.Body}, {say, row(p.Body, name)}} {
		if m := regexp.MustCompile(in[0]).FindStringSubmatch(in[1]); m != nil {
			return html.UnescapeString(m[1])
		}
	}
	t.Fatalf("no link below %s for %q on %s", below, name, p)
	return ""
}

// row is the table's row that a name heads.
func row(body, name string) string {
	for part := range strings.SplitSeq(body, "<tr") {
		if strings.Contains(part, html.EscapeString(name)) {
			return part
		}
	}
	return ""
}
