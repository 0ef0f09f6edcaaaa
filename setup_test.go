package main

import (
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"preau/web/webtest"
)

// TestSetUpInTheBrowser plays the first day of an office and a box from two empty
// folders: the code on the screen, the pages one after the other with power gone
// between any two, the enrolment, and a school that is on.
func TestSetUpInTheBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("the browser takes a minute; not with -short")
	}
	browser := webtest.OpenBrowser(t)
	s := emptyStage(t, preauIn(t))
	ports := freeAddresses(t, 3)
	s.Box, s.Office, s.Exchange = "http://"+ports[0], "http://"+ports[1], ports[2]
	p := &playing{t: t, s: s, b: browser}
	startOffice := func() []string {
		return s.start("office", "ministry", "--data", filepath.Join(s.dir, "office"), "--listen", ports[1], "--exchange", ports[2])
	}
	startBox := func() []string {
		return s.start("box", "serve", "--data", filepath.Join(s.dir, "box"), "--listen", ports[0])
	}

	// The office.
	office := browser.Tab(s.Office)
	code := setupCodeIn(t, startOffice())
	office.Open("/")
	p.see(office, "setup-office-code", "Ce bureau n’est pas encore installé")
	office.Fill("code", code)
	office.Press(`main form button`)
	office.Fill("name", "Ministère de l’Éducation nationale")
	office.Fill("code", "MEN")
	p.see(office, "setup-office-site", "Étape 1 sur 5")
	office.Press(`main form button`)
	fillHead(office, "DOSSEH", "Ayélé", "exploitation")
	office.Press(`main form button`)
	printKey(t, office)
	p.see(office, "setup-office-lists", "Étape 4 sur 5", "La clé de récupération est notée")
	office.Press(`main form button`)
	office.Press(`main form button`)
	p.see(office, "setup-office-done", "L’installation est terminée", "DOSSEH")
	office.Open("/schools/new")
	office.Fill("code", "LYC-0117")
	office.Fill("name", "Lycée de Tokoin")
	office.Press(`main form button`)
	office.Open("/schools/LYC-0117/enrol")
	office.Press(`main form button`)
	enrolment := regexp.MustCompile(`[0-9A-Z]{4}(-[0-9A-Z]{4}){3}`).FindString(office.Text())
	if enrolment == "" {
		t.Fatalf("no enrolment code on\n%s", office.Text())
	}

	// The box, on a phone; power goes between any two pages.
	box := browser.Tab(s.Box)
	box.Width(360)
	powercut := func() string {
		s.kill("box")
		said := startBox()
		for _, line := range said {
			if strings.HasPrefix(line, "set-up code") {
				return setupCodeIn(t, said)
			}
		}
		return ""
	}
	first := setupCodeIn(t, startBox())
	box.Open("/signin")
	box.Fill("code", "0000-0000")
	box.Press(`main form button`)
	p.see(box, "setup-box-guessed", "Ce code n’est pas le bon")
	box.Fill("code", strings.ToLower(strings.ReplaceAll(first, "-", " ")))
	box.Press(`main form button`)
	p.see(box, "setup-box-site", "Étape 1 sur 6")
	second := powercut()
	if second == first {
		t.Error("the same code at two starts")
	}
	box.Fill("name", "Lycée de Tokoin")
	box.Press(`main form button`)
	p.see(box, "setup-box-site-refused", "Le code du lycée manque")
	box.Fill("code", "lyc-0117")
	box.Press(`main form button`)
	p.see(box, "setup-box-head", "Étape 2 sur 6")

	// Another browser takes over with the new code, once; the pages go on where they were.
	third := powercut()
	for i, answer := range []string{"/setup/head", "422", "422"} {
		typed := third
		if i == 1 {
			typed = first
		}
		v := newVisitor(t, s.Box)
		if got := v.setUp(typed); got != answer {
			t.Errorf("code %d: answered %s, not %s", i+1, got, answer)
		}
	}
	powercut()
	box = browser.Tab(s.Box)
	box.Width(360)
	box.Open("/")
	box.Fill("code", powercut())
	box.Press(`main form button`)
	box.Fill("surname", "AGBODJAN")
	box.Fill("login", "k.agbodjan")
	box.Fill("secret", "proviseur")
	box.Fill("again", "autre chose")
	box.Press(`main form button`)
	p.see(box, "setup-box-head-refused", "Les deux mots de passe ne sont pas les mêmes")
	if kept := webtest.Eval[string](box, `document.querySelector("[name=surname]").value`); kept != "AGBODJAN" {
		t.Errorf("the refused form kept %q of the name", kept)
	}
	fillHead(box, "AGBODJAN", "Kodjo", "k.agbodjan")
	box.Press(`main form button`)
	p.see(box, "setup-box-key", "Étape 3 sur 6", "AGE-SECRET-KEY-1")
	old := keyOn(box)
	if powercut() != "" {
		t.Error("a site that is made asks for a set-up code")
	}
	box.Fill("end", old[len(old)-6:])
	box.Press(`main form button`)
	p.see(box, "setup-box-key-other", "a tiré une autre clé")
	box.Print("setup-box-key")
	printKey(t, box)
	p.see(box, "setup-box-enrol", "Étape 4 sur 6")
	box.Open("/status")
	if !box.Has("pas encore inscrit au ministère") || box.Has("tout est au ministère") {
		t.Errorf("a box that the ministry does not know: %s", box.Text())
	}
	box.Open("/setup/enrol")
	powercut()
	box.Fill("office", s.Exchange)
	box.Fill("code", "0000-0000-0000-0000")
	box.Press(`main form button`)
	p.see(box, "setup-box-enrol-refused", "Le ministère a refusé ce code")
	box.Fill("code", enrolment)
	box.Press(`main form button`)
	p.see(box, "setup-box-lists", "Le lycée est inscrit au ministère", "Étape 5 sur 6")
	powercut()
	box.Open("/")
	p.see(box, "setup-box-home", "Terminer l’installation", "Il reste les listes")
	p.follow(box, "Terminer l’installation")
	box.Press(`main form button`)
	p.see(box, "setup-box-sheets", "Étape 6 sur 6")
	p.follow(box, "L’affiche")
	p.see(box, "setup-box-poster", "Où trouver Préau")
	box.Open("/setup")
	box.Press(`main form button`)
	p.see(box, "setup-box-done", "L’installation est terminée", "À faire")
	box.Open("/setup/head")
	p.see(box, "setup-box-over", "À faire")
	p.until(box, "/status", "ouvert")
	p.see(box, "setup-box-status", "ouvert")

	// The first circular: the office gives two people their functions, one writes
	// and the other signs; the head reads it on the phone, and that reaches the office.
	for _, who := range []login{{Site: "office", Role: "publisher", Login: "redaction"}, {Site: "office", Role: "signatory", Login: "signature"}} {
		if out, err := preauWith(s.bin, "craie-tableau-71\n", "user", "add", who.Login, "--role", who.Role, "--data", filepath.Join(s.dir, "office")); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		s.logins = append(s.logins, who)
	}
	publisher := s.token("office", "publisher")
	_, draft := s.post("office", publisher, "/circulars", `{"reference":"n° 1/MEN","subject":"Première circulaire","body":"Bienvenue.","urgency":"normal","audience":{"schools":["LYC-0117"]}}`)
	status, signed := s.post("office", s.token("office", "signatory"), "/circulars/"+field(draft, "id")+"/sign", `{}`)
	if status != http.StatusOK {
		t.Fatalf("sign: %d %s %s", status, draft, signed)
	}
	p.until(box, "/", "Première circulaire")
	p.follow(box, "1/MEN")
	box.Press(`main form[action$="/read"] button`)
	p.see(box, "setup-box-read", "n° 1/MEN", "Bienvenue")
	p.until(box, webtest.Eval[string](box, "location.pathname"), "au ministère")
}

// TestSetUpCodeIsNotGuessed: a device that guesses is told to wait, whatever it
// then types; init and other commands meet the server that waits.
func TestSetUpCodeIsNotGuessed(t *testing.T) {
	s := emptyStage(t, preauIn(t))
	at := freeAddresses(t, 1)[0]
	dir := filepath.Join(s.dir, "box")
	code := setupCodeIn(t, s.start("box", "serve", "--data", dir, "--listen", at))
	v := newVisitor(t, "http://"+at)
	for range 10 {
		if got := v.setUp("1111-1111"); got != "422" {
			t.Fatalf("a guess was answered with %s", got)
		}
	}
	if got := v.setUp(code); got != "429" {
		t.Errorf("the right code after ten guesses was answered with %s", got)
	}
	if body, _ := v.get("/setup", nil); !strings.Contains(string(body), "/setup") {
		t.Error("the page of the code is gone")
	}
	for _, path := range []string{"/healthz", "/setup/site", "/setup/head", "/api/v1/status", "/people"} {
		if _, res := v.get(path, nil); path == "/healthz" && res.StatusCode != 200 || path != "/healthz" && res.StatusCode == 200 {
			t.Errorf("%s answered %d before the set-up", path, res.StatusCode)
		}
	}
	for _, args := range [][]string{
		{"passwd", "proviseur", "--data", dir},
		{"init", "--kind", "office", "--name", "MEN", "--head", "proviseur", "--data", dir},
	} {
		if out, err := preauWith(s.bin, "motdepasse-du-proviseur\n", args...); err == nil {
			t.Errorf("%v was done: %s", args, out)
		}
	}
	if out, err := preauWith(s.bin, "motdepasse-du-proviseur\n", "init", "--name", "Lycée", "--code", "LYC-1", "--head", "proviseur", "--data", dir); err != nil || !strings.Contains(out, "AGE-SECRET-KEY-1") {
		t.Fatalf("init: %v\n%s", err, out)
	}
	if out, err := preauWith(s.bin, "", "token", "--login", "proviseur", "--data", dir); err != nil || !strings.Contains(out, "preau_") {
		t.Errorf("token after init: %v\n%s", err, out)
	}
	s.stop("box")
	if said := s.start("box", "serve", "--data", dir, "--listen", at); strings.Contains(strings.Join(said, "\n"), "set-up code") {
		t.Errorf("a site asks to be set up: %s", said)
	}
}

func setupCodeIn(t *testing.T, said []string) string {
	t.Helper()
	for _, line := range said {
		if code, ok := strings.CutPrefix(line, "set-up code "); ok {
			return code
		}
	}
	t.Fatalf("no set-up code in %q", said)
	return ""
}

func fillHead(tab *webtest.Tab, surname, given, login string) {
	tab.Fill("surname", surname)
	tab.Fill("given", given)
	tab.Fill("login", login)
	tab.Fill("secret", "craie-tableau-71")
	tab.Fill("again", "craie-tableau-71")
}

func keyOn(tab *webtest.Tab) string {
	return regexp.MustCompile(`AGE-SECRET-KEY-1[0-9A-Z]+`).FindString(tab.Text())
}

// printKey copies the end of the key that the page shows, wrongly first.
func printKey(t *testing.T, tab *webtest.Tab) {
	t.Helper()
	tab.Fill("end", "ABCDEF")
	tab.Press(`main form button`)
	if !tab.Has("Ce ne sont pas les 6 derniers caractères") {
		t.Errorf("a wrong end of the key was taken:\n%s", tab.Text())
	}
	key := keyOn(tab)
	tab.Fill("end", strings.ToLower(key[len(key)-6:]))
	tab.Press(`main form button`)
}

// setUp types a set-up code and tells where it leads, or the refusal's status.
func (v *visitor) setUp(code string) string {
	v.t.Helper()
	body, _ := v.get("/setup", nil)
	m := tokenField.FindSubmatch(body)
	if m == nil {
		v.t.Fatalf("no form token on the page of the set-up code:\n%s", body)
	}
	res, err := v.http.PostForm(v.site+"/setup", map[string][]string{"_token": {string(m[1])}, "code": {code}})
	if err != nil {
		v.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode == http.StatusSeeOther {
		return res.Header.Get("Location")
	}
	return strconv.Itoa(res.StatusCode)
}

func freeAddresses(t *testing.T, n int) (all []string) {
	t.Helper()
	port, err := portsInARow(n)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		all = append(all, net.JoinHostPort("127.0.0.1", strconv.Itoa(port+i)))
	}
	return all
}
