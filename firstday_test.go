package main

import (
	"testing"

	"preau/web/webtest"
)

// TestFirstDays plays what the first day asks of those whom no other play follows
// in a browser: the secretary enters a pupil, the censeur says who teaches, the
// supervisor gives a PIN on a phone, and a pupil comes in with it on a shared
// computer without scripts, chooses another, and leaves nothing behind.
func TestFirstDays(t *testing.T) {
	if testing.Short() {
		t.Skip("the browser takes a minute; not with -short")
	}
	browser := webtest.OpenBrowser(t)
	s := openStage(t)
	p := &playing{t: t, s: s, b: browser}
	pupil := s.login("box", "pupil", 5)

	clerk := p.enter(s.Box, s.login("box", "secretary", 0))
	clerk.Open("/people/new")
	clerk.Fill("surname", "ƉOGBE-KPƆTƆ")
	clerk.Fill("given", "Mawuéna Séna")
	webtest.Eval[string](clerk, `(() => { const s = document.querySelector("[name=class]"); s.value = [...s.options].find(o => o.text == "`+pupil.Class+`").value; return s.value })()`)
	clerk.Press(`main form button`)
	p.see(clerk, "first-secretary", "ƉOGBE-KPƆTƆ Mawuéna Séna : inscription enregistrée")
	clerk.Open("/people?q=mawuena+dogbe")
	p.see(clerk, "first-secretary-finds", "ƉOGBE-KPƆTƆ Mawuéna Séna", pupil.Class)

	censeur := p.enter(s.Box, s.login("box", "deputy", 0))
	censeur.Open("/people")
	p.follow(censeur, pupil.Class)
	p.see(censeur, "first-deputy-class", "ƉOGBE-KPƆTƆ Mawuéna Séna")
	censeur.Open(webtest.Eval[string](censeur, "location.pathname") + "/teachers")
	censeur.Press(`main form button`)
	p.see(censeur, "first-deputy-teachers", "les enseignants sont enregistrés")

	watch := p.enterAt(s.Box, s.login("box", "supervisor", 0), 360)
	watch.Open("/rooms")
	p.follow(watch, "Salle informatique")
	p.see(watch, "first-supervisor-room", pupil.Name, "ƉOGBE-KPƆTƆ")
	p.follow(watch, "Nouveau PIN "+pupil.Name)
	pin := webtest.Eval[string](watch, `document.querySelector("[name=pin]").value`)
	watch.Press(`main form button`)
	p.see(watch, "first-supervisor-gave", "peut entrer avec le nouveau PIN")

	pc := browser.Tab(s.Box)
	pc.Width(1366)
	pc.NoScript()
	pc.Open("/room")
	p.follow(pc, pupil.Class)
	p.follow(pc, pupil.Name)
	pc.Fill("pin", pin)
	pc.Press(`main form .b`)
	p.see(pc, "first-pupil-own", "Choisissez votre PIN", pupil.Name)
	pc.Fill("pin", "402819")
	pc.Fill("again", "402819")
	pc.Press(`main form .b`)
	p.see(pc, "first-pupil-home", pupil.Name)
	pc.Press(`.quit button`)
	p.see(pc, "first-pupil-gone", pupil.Class)
	if pc.Has(pupil.Name) {
		t.Error("the pupil's name stays on the shared computer")
	}
	pc.Open("/circulars")
	if pc.Has(pupil.Name) || !pc.Has("Mot de passe") {
		t.Errorf("who has left still reads:\n%s", pc.Text())
	}
}
