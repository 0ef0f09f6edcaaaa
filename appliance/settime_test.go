package appliance

import (
	"fmt"
	"testing"
	"time"

	"preau/school"
	"preau/store"
	"preau/web/webtest"
)

// clockSite is a school whose box lost the time: its machine says what m says.
func clockSite(t *testing.T, m *machine) (*server, *webtest.Site) {
	x := &server{Running: &Running{Clock: m.clock(m.at)}}
	site := webtest.New(t, webtest.Setup{Routes: x.clockRoutes(), Words: ownWords(nil), Collections: []store.Definition{corrections}})
	x.DB = site.DB
	site.Clock.Set(m.at)
	return x, site
}

func TestTwoPeopleSetADoubtfulClock(t *testing.T) {
	m := &machine{at: day}
	x, site := clockSite(t, m)
	clock := x.Clock.(*Clock)
	say := func(role school.Role, day, hour string) *webtest.Page {
		p := site.As(role).Get("/clock")
		return p.Submit("/clock", map[string]any{"day": day, "hour": hour})
	}
	if p := say(school.Teacher, "2026-12-01", "7 h 42"); !p.Has("Une deuxième personne doit taper la même.") || !p.Has("TCHASSANTI") {
		t.Fatalf("the first person is told\n%s", p)
	}
	if p := say(school.Teacher, "2026-12-01", "7:42"); !p.Has("Une deuxième personne") {
		t.Errorf("one person alone set the time:\n%s", p)
	}
	if p := say(school.Secretary, "2026-12-01", "8 h 42"); !p.Has("Une deuxième personne") {
		t.Errorf("two people who disagree set the time:\n%s", p)
	}
	if _, trusted := clock.Now(); trusted {
		t.Error("trusted before two people agree")
	}
	m.at = m.at.Add(5 * time.Minute) // the watch goes on meanwhile
	if p := say(school.Deputy, "01/12/2026", "08:48"); !p.Has("L’heure est réglée.") || !p.Has("AMEGAN Akossiwa, TCHALLA Essohanam") {
		t.Errorf("two people who agree are told\n%s", p)
	}
	at, trusted := clock.Now()
	if want := time.Date(2026, 12, 1, 8, 48, 0, 0, time.UTC); !at.Equal(want) || !trusted || !clock.ByHand() {
		t.Errorf("the clock is %v (trusted %v), want %v", at, trusted, want)
	}
	form := site.As(school.Teacher).Get("/clock")
	// The office's word counts more.
	if by, set := clock.Office(at.Add(-time.Hour), 0); by != -time.Hour || !set || clock.ByHand() {
		t.Errorf("the office moved the clock by %v (%v)", by, set)
	}
	if p := form.Submit("/clock", map[string]any{"day": "2026-12-01", "hour": "9:00"}); !p.Has("L’heure vient d’une source sûre.") {
		t.Errorf("a sure clock is set by hand:\n%s", p)
	}
}

func TestTheTechnicianSetsTheClockAlone(t *testing.T) {
	m := &machine{at: day, synced: true} // a battery that keeps the wrong time
	x, site := clockSite(t, m)
	tech := site.As(school.Technician)
	p := tech.Get("/clock").Submit("/clock", map[string]any{"day": "2026-11-31", "hour": "midi"})
	if p.Status != 422 || !p.Has("Cette date ne se lit pas.") || !p.Has("Cette heure ne se lit pas.") {
		t.Errorf("bad words are answered with\n%s", p)
	}
	if v, _ := p.Field("hour"); v != "midi" {
		t.Errorf("the form keeps %q", v)
	}
	past := m.at.AddDate(0, 0, -1)
	if p := p.Submit("/clock", map[string]any{"day": past.Format(time.DateOnly), "hour": "10:00"}); !p.Has("ne peut pas reculer plus loin") {
		t.Errorf("a time before what was stored is answered with\n%s", p)
	}
	if p := p.Submit("/clock", map[string]any{"day": "2062-11-24", "hour": "10:00"}); !p.Has("Vérifiez l’année.") {
		t.Errorf("a slip in the year is answered with\n%s", p)
	}
	if p := tech.Get("/clock").Submit("/clock", map[string]any{"day": "2026-11-25", "hour": "10 h 05"}); !p.Has("L’heure est réglée.") {
		t.Errorf("the technician is told\n%s", p)
	}
	if at, _ := x.Clock.Now(); !at.Equal(time.Date(2026, 11, 25, 10, 5, 0, 0, time.UTC)) {
		t.Errorf("the clock is %v", at)
	}
	var lines int
	err := site.DB.View(func(tx *store.Tx) error {
		for r, err := range school.AuditLog.All(tx) {
			if err != nil {
				return err
			}
			if r.Value.Action == "clock.set" {
				lines++
			}
		}
		return nil
	})
	if err != nil || lines != 1 {
		t.Errorf("%d lines in the audit log (%v), want 1", lines, err)
	}
}

func TestTheOfficesCorrectionIsNoted(t *testing.T) {
	m := &machine{at: day}
	x, site := clockSite(t, m)
	x.heardTime(x.Clock.(*Clock), day.Add(30*time.Second), 0)
	x.Clock = (&machine{at: day}).clock(day)
	x.heardTime(x.Clock.(*Clock), day.Add(48*time.Hour), 0)
	p := site.As(school.Head).Get("/clock")
	if !p.Has("le ministère") || !p.Has("mercredi 25 novembre 2026 à 8 h 00") || p.Has("8 h 00, 30") {
		t.Errorf("the page says\n%s", p)
	}
}

func TestTheClockInARealBrowser(t *testing.T) {
	b := webtest.OpenBrowser(t)
	_, site := clockSite(t, &machine{at: day})
	tab := b.Tab(site.URL)
	ck, err := site.Server.OpenSession(site.People[school.Teacher].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	tab.SetCookie(ck)
	tab.NoScript()
	for _, width := range []int{360, 1366} {
		tab.Width(width)
		tab.Open("/clock")
		tab.Shot(fmt.Sprintf("clock-%d", width))
		if n := tab.Sideways(); n > 0 {
			t.Errorf("%d pixels too wide at %d", n, width)
		}
	}
	for _, f := range tab.Axe() {
		t.Errorf("accessibility: %+v", f)
	}
}
