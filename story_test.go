package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"preau/web/webtest"
)

// TestStoryInTheBrowser plays the first circular by hand, as people do: written
// and signed at the ministry, received and forwarded by the head, read by a
// teacher, counted at the ministry; then the same with the link down and the
// power cut. Pictures of each step are kept in build/shots.
func TestStoryInTheBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("the browser takes a minute; not with -short")
	}
	browser := webtest.OpenBrowser(t)
	s := openStage(t)
	p := &playing{t: t, s: s, b: browser}
	annex := filepath.Join(t.TempDir(), "Formulaire d’inscription.txt")
	if err := os.WriteFile(annex, []byte(strings.Repeat("Nom, prénom, classe\n", 200)), 0o600); err != nil {
		t.Fatal(err)
	}

	// 1. A publisher writes it, looks at the preview, and hands it on; a signatory signs.
	office := p.enter(s.Office, s.login("office", "publisher", 0))
	office.Open("/circulars/new")
	office.Fill("reference", "n° 901/MEN/CAB")
	office.Fill("subject", "Inscription au concours d’éloquence")
	office.Fill("body", "# Modalités\n\nLes candidats de **Terminale** s’inscrivent avant la date limite.\n\n<script>alert(1)</script>\n\n[lien](javascript:alert(1))")
	soon := time.Now().AddDate(0, 0, 2).Format(time.DateOnly) // of the five lines on a home page, one of the first
	webtest.Eval[string](office, `document.querySelector("[name=deadline]").value = "`+soon+`"`)
	p.tick(office, "reply", "everyone")
	office.Choose("annexes", annex)
	office.Press(`button[name=preview]`)
	p.see(office, "1-preview", "Modalités", "Terminale")
	if html := webtest.Eval[string](office, `document.querySelector(".prose") ? document.querySelector(".prose").innerHTML : "no preview"`); strings.Contains(html, "script") || html == "no preview" {
		t.Errorf("the preview holds %s", html)
	}
	office.Press(`button[name=finish]`)
	signer := p.enter(s.Office, s.login("office", "signatory", 0))
	p.see(signer, "1-signatory-home", "Inscription au concours")
	p.follow(signer, "084/MEPSTA/SG") // the draft that README sends people to
	signer.Press(`main form[action$="/sign"] button`)
	signer.Open("/")
	p.follow(signer, "901/MEN/CAB")
	p.see(signer, "1-to-sign", "n° 901/MEN/CAB", "Formulaire d’inscription.txt")
	signer.Press(`main form[action$="/sign"] button`)
	p.see(signer, "1-signed", "n° 901/MEN/CAB")

	// 2 and 3. It reaches the head first, who forwards it to groups and prints it.
	head := p.enter(s.Box, s.login("box", "head", 0))
	p.until(head, "/", "Inscription au concours")
	p.see(head, "3-head-home", "Inscription au concours")
	if first := webtest.Eval[string](head, `document.querySelector(".tasks li").textContent`); !strings.Contains(first, "084/MEPSTA/SG") {
		t.Errorf("first on the head's page, instead of the urgent circular: %s", first)
	}
	p.follow(head, "901/MEN/CAB")
	p.see(head, "3-head-circular", "n° 901/MEN/CAB", "Modalités")
	head.Print("3-print")
	p.follow(head, "Transmettre")
	head.Fill("note", "À lire avant vendredi.")
	head.Press(`main form[action$="/forward"] button`)
	p.see(head, "3-forwarded", "À lire avant vendredi.")
	p.until(head, webtest.Eval[string](head, "location.pathname"), "Formulaire d’inscription.txt")

	// 4. A teacher signs in on a phone, reads and acknowledges; the head sees who has.
	reader := s.login("box", "teacher", 0)
	teacher := p.enterAt(s.Box, reader, 360)
	p.see(teacher, "4-teacher-home", "Inscription au concours")
	p.follow(teacher, "901/MEN/CAB")
	p.see(teacher, "4-teacher-circular", "Modalités", "À lire avant vendredi.")
	teacher.Press(`main form[action$="/read"] button`)
	p.see(teacher, "4-teacher-read", "n° 901/MEN/CAB")
	circular := webtest.Eval[string](teacher, "location.pathname")
	head.Open(circular)
	head.Press(`main form[action$="/read"] button`)
	head.Open(circular + "/readers")
	p.see(head, "4-readers", reader.Name)
	office.Open("/circulars")
	p.follow(office, "Inscription au concours")
	counts := webtest.Eval[string](office, "location.pathname") + "/receipts"
	p.until(office, counts, "Lycée de Tokoin")
	p.until(office, counts, "jamais de contact")
	p.see(office, "4-receipts", "Lycée de Tokoin")
	if office.Has(reader.Name) {
		t.Error("the ministry sees a reader's name")
	}

	// 5. The office is away and the box is cut: what was answered is there, and
	// says truly where it is.
	s.stop("office")
	second := s.login("box", "teacher", 1)
	later := p.enter(s.Box, second)
	later.Open(circular)
	later.Press(`main form[action$="/read"] button`)
	s.kill("box")
	s.startBox()
	p.until(head, circular, "attend le lien")
	p.see(head, "5-waits", "attend le lien")
	head.Open(circular + "/readers")
	p.see(head, "5-readers", second.Name)
	s.startOffice()
	p.until(head, circular, "au ministère")
	p.see(head, "5-arrived", "au ministère")
	operator := p.enter(s.Office, s.login("office", "operator", 0))
	operator.Open("/fleet")
	p.see(operator, "5-fleet", "Lycée de Tokoin")
	keeper := p.enter(s.Box, s.login("box", "technician", 0))
	keeper.Open("/status")
	p.see(keeper, "5-status", "Dernier contact")
}

// playing is who moves the browser's tabs.
type playing struct {
	t *testing.T
	s *stage
	b *webtest.Browser
}

// enter signs a person in on a tab of their own.
func (p *playing) enter(site string, who login) *webtest.Tab { return p.enterAt(site, who, 1366) }

func (p *playing) enterAt(site string, who login, width int) *webtest.Tab {
	p.t.Helper()
	tab := p.b.Tab(site)
	tab.Width(width)
	tab.Open("/")
	tab.Fill("login", who.Login)
	tab.Fill("secret", who.Secret)
	tab.Press(`main form[action="/signin"] button`)
	if !tab.Has(who.Name) {
		p.t.Fatalf("%s %s did not come in:\n%s", who.Site, who.Role, tab.Text())
	}
	return tab
}

// see keeps a picture, and asks for words, for a page that fits its window, and
// for nothing that axe holds against it.
func (p *playing) see(tab *webtest.Tab, shot string, words ...string) {
	p.t.Helper()
	tab.Shot("story-" + shot)
	for _, w := range words {
		if !tab.Has(w) {
			p.t.Errorf("%s: no %q on\n%s", shot, w, tab.Text())
		}
	}
	if px := tab.Sideways(); px > 0 {
		p.t.Errorf("%s: the page is %d px wider than its window", shot, px)
	}
	for _, f := range tab.Axe() {
		p.t.Errorf("%s: %s: %s: %s", shot, f.ID, f.Help, strings.Join(f.Nodes, " "))
	}
}

// follow presses the link that has these words.
func (p *playing) follow(tab *webtest.Tab, words string) {
	p.t.Helper()
	found := webtest.Eval[bool](tab, `(() => { for (const a of document.querySelectorAll("main a")) if (a.textContent.includes(`+"`"+words+"`"+`)) { a.id = "story-next"; return true } return false })()`)
	if !found {
		p.t.Fatalf("no link %q on\n%s", words, tab.Text())
	}
	tab.Press("#story-next")
}

// tick ticks boxes by name.
func (p *playing) tick(tab *webtest.Tab, names ...string) {
	p.t.Helper()
	for _, n := range names {
		webtest.Eval[bool](tab, `document.querySelector("[name=`+n+`]").checked = true`)
	}
}

// until opens a page again and again until it says the words.
func (p *playing) until(tab *webtest.Tab, path, words string) {
	p.t.Helper()
	end := time.After(time.Minute)
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		tab.Open(path)
		if tab.Has(words) {
			return
		}
		select {
		case <-again.C:
		case <-end:
			p.t.Fatalf("%s does not come to say %q:\n%s", path, words, tab.Text())
		}
	}
}
