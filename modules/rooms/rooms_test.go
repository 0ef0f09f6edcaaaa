package rooms_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"preau/modules/rooms"
	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

func TestWords(t *testing.T) { web.CheckWords(t, rooms.Module().Files) }

// lab is a site with a class of n pupils, whose teacher has it, and another class.
type lab struct {
	*webtest.Site
	class, other store.ID
	pupils       []store.ID
}

func openLab(t testing.TB, n int) *lab {
	t.Helper()
	cost := school.DefaultCost
	school.DefaultCost = school.Cost{Passes: 1, Memory: 64, Threads: 1}
	t.Cleanup(func() { school.DefaultCost = cost })
	m := rooms.Module()
	reach := func() []string { return []string{"http://lagune.local:8080", "http://192.0.2.7:8080"} }
	l := &lab{Site: webtest.New(t, webtest.Setup{Routes: m.Pages, Nav: m.Nav, Words: []fs.FS{m.Files}, Collections: m.Collections, Reach: reach})}
	surnames := []string{"AGBODJAN-PRINCE", "N'GBÉNDÉ", "KOUMÉALO", "DE SOUZA", "ƉOGBE", "TCHASSANTI-OURO"}
	err := l.DB.Update(func(tx *store.Tx) (err error) {
		if l.class, err = school.Classes.Add(tx, school.Class{Label: "Tle D1", Level: "Tle", Series: "D", Year: "2026-2027"}); err != nil {
			return err
		}
		if l.other, err = school.Classes.Add(tx, school.Class{Label: "Tle C", Level: "Tle", Series: "C", Year: "2026-2027"}); err != nil {
			return err
		}
		for i := range n {
			id, err := school.People.Add(tx, school.Person{Kind: school.PupilKind, Roles: []school.Role{school.Pupil}, Surname: surnames[i%len(surnames)], Given: fmt.Sprintf("%s %c", []string{"Akouvi", "Mawuéna", "Yao"}[i%3], 'A'+rune(i%26)), Class: l.class, Born: "2009-05-12"})
			if err != nil {
				return err
			}
			l.pupils = append(l.pupils, id)
		}
		_, err = school.Assignments.Add(tx, school.Assignment{Person: l.People[school.Teacher].ID, Class: l.class, Subject: "MATH"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var link = regexp.MustCompile(`/room/[^"/]+/as/[^"]+`)

// give hands a one-time PIN out, as a teacher does in two clicks.
func (l *lab) give(t testing.TB, c *webtest.Client, pupil store.ID) string {
	t.Helper()
	page := c.Get("/rooms/pupils/" + pupil.String() + "/pin")
	pin, ok := page.Field("pin")
	if !ok || len(pin) != school.PINDigits {
		t.Fatalf("no PIN: %s", page)
	}
	if done := page.Submit("", nil); !done.Has("peut entrer avec le nouveau PIN") || strings.Contains(done.Body, pin) {
		t.Fatalf("after giving it: %s", done)
	}
	return pin
}

// A school without classes: who leads it is not sent to who leads it.
func TestNoClassYet(t *testing.T) {
	m := rooms.Module()
	s := webtest.New(t, webtest.Setup{Routes: m.Pages, Nav: m.Nav, Words: []fs.FS{m.Files}, Collections: m.Collections})
	for role, words := range map[school.Role]string{school.Head: "Elles viennent avec la liste des élèves", school.Teacher: "Aucune classe ne vous est confiée"} {
		if p := s.As(role).Get("/rooms"); !p.Has(words) {
			t.Errorf("a %s: %s", role, p)
		}
	}
}

// A class at the lab: no room, a room, a one-time PIN, one's own, out and in again.
func TestAPupilsFirstDay(t *testing.T) {
	l := openLab(t, 3)
	if p := l.Visitor().Get("/room"); !p.Has("Aucune salle n’est ouverte") || p.Has("Tle D1") {
		t.Fatalf("without a room: %s", p)
	}
	teacher := l.As(school.Teacher)
	form := teacher.Get("/rooms")
	if form.Has("Tle C") {
		t.Error("a teacher may open a room for a class of others")
	}
	if no := form.Submit("/rooms", nil); !no.Has("Aucune classe n’est choisie") {
		t.Errorf("no class: %s", no)
	}
	room := form.Submit("/rooms", map[string]any{"class": l.class.String(), "hours": "2", "label": "Salle 3"})
	if !room.Has("La salle est ouverte") || !room.Has("0 élèves entrés sur 3") || !room.Has("http://lagune.local:8080/room ou http://192.0.2.7:8080/room") {
		t.Fatalf("opened: %s", room)
	}
	pin := l.give(t, teacher, l.pupils[1])
	pc := l.Visitor()
	door := pc.Get("/room")
	names := pc.Get(regexp.MustCompile(`/room/[^"/]+/` + l.class.String()).FindString(door.Body))
	if !names.Has("N'GBÉNDÉ Mawuéna B") || len(link.FindAllString(names.Body, -1)) != 3 {
		t.Fatalf("the names: %s", names)
	}
	at := ""
	for _, x := range link.FindAllString(names.Body, -1) {
		if strings.HasSuffix(x, l.pupils[1].String()) {
			at = x
		}
	}
	wrong := pc.Get(at).Submit("", map[string]any{"pin": "000001"})
	if wrong.Status != http.StatusUnprocessableEntity || !wrong.Has("Ce PIN ne va pas avec ce nom") || !wrong.Has("N'GBÉNDÉ Mawuéna B") || strings.Contains(wrong.Body, "000001") {
		t.Fatalf("a wrong PIN: %s", wrong)
	}
	own := wrong.Submit("", map[string]any{"pin": pin})
	if !own.Has("Choisissez votre PIN") || own.URL.Path != "/pin" {
		t.Fatalf("the one-time PIN: %s", own)
	}
	for pins, words := range map[[2]string]string{
		{"123456", "123456"}: "se devine tout de suite", {"120509", "120509"}: "date de naissance", {"402819", "402818"}: "ne sont pas les mêmes", {pin, pin}: "le PIN que vous aviez", {"40281", "40281"}: "compte 6 chiffres",
	} {
		if p := own.Submit("/pin", map[string]any{"pin": pins[0], "again": pins[1]}); !p.Has(words) {
			t.Errorf("%v: %s", pins, p)
		}
	}
	own.Submit("/pin", map[string]any{"pin": "402819", "again": "402819"})
	if once := must(t, l, l.pupils[1]); once {
		t.Error("the one-time PIN is still in force")
	}
	if p := l.Visitor().Get(at).Submit("", map[string]any{"pin": pin}); !p.Has("Ce PIN ne va pas") {
		t.Errorf("the one-time PIN a second time: %s", p)
	}
	if p := teacher.Get(room.URL.Path); !p.Has("1 élèves entrés sur 3") || !p.Has("Entré") {
		t.Errorf("the room: %s", p)
	}
	closed := teacher.Get(room.URL.Path).Submit(room.URL.Path+"/close", nil)
	if !closed.Has("1 élève est déconnecté") || sessions(t, l, l.pupils[1]) != 0 {
		t.Errorf("closed: %s", closed)
	}
}

func must(t testing.TB, l *lab, id store.ID) (once bool) {
	t.Helper()
	if err := l.DB.View(func(tx *store.Tx) (err error) {
		once, err = school.MustChange(tx, id)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return once
}

func sessions(t testing.TB, l *lab, id store.ID) (n int) {
	t.Helper()
	if err := l.DB.View(func(tx *store.Tx) (err error) {
		n, err = web.Sessions(tx, id)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// A room that expires while a pupil types keeps the name, says so, and lets the
// same form through once the teacher prolongs it.
func TestARoomThatExpiresMidEntry(t *testing.T) {
	l := openLab(t, 2)
	teacher := l.As(school.Teacher)
	room := teacher.Get("/rooms").Submit("/rooms", map[string]any{"class": l.class.String(), "hours": "1"})
	pin := l.give(t, teacher, l.pupils[0])
	pc := l.Visitor()
	at := "/room/" + strings.TrimPrefix(room.URL.Path, "/rooms/") + "/as/" + l.pupils[0].String()
	typing := pc.Get(at)
	l.Clock.Add(61 * time.Minute)
	late := typing.Submit("", map[string]any{"pin": pin})
	if late.Status != http.StatusUnprocessableEntity || !late.Has("La salle est fermée depuis") || !late.Has("AGBODJAN-PRINCE Akouvi A") {
		t.Fatalf("too late: %s", late)
	}
	if p := l.Visitor().Get(at); p.URL.Path != "/room" || p.Has("AGBODJAN") {
		t.Errorf("a closed room shows names: %s", p)
	}
	teacher = l.As(school.Teacher) // an hour of silence ended the teacher's session too
	if p := teacher.Get(room.URL.Path).Submit(room.URL.Path+"/extend", nil); !p.Has("une heure de plus") {
		t.Fatalf("prolonged: %s", p)
	}
	if in := late.Submit("", map[string]any{"pin": pin}); !in.Has("Choisissez votre PIN") {
		t.Errorf("after prolonging: %s", in)
	}
}

// Nobody reads or resets what is another's.
func TestRoomsAreNotOthers(t *testing.T) {
	l := openLab(t, 2)
	l.As(school.Deputy).Get("/rooms").Submit("/rooms", map[string]any{"class": l.other.String(), "hours": "2"})
	room := l.As(school.Deputy).Get("/rooms").Submit("/rooms", map[string]any{"class": l.class.String(), "hours": "2"})
	if p := l.As(school.Teacher).Get(room.URL.Path); p.Status != http.StatusNotFound {
		t.Errorf("a colleague's room: %d", p.Status)
	}
	for _, role := range []school.Role{school.Pupil, school.Secretary} {
		if p := l.As(role).Get("/rooms/pupils/" + l.pupils[0].String() + "/pin"); p.Status != http.StatusNotFound {
			t.Errorf("a %s resets a PIN: %d", role, p.Status)
		}
	}
	if p := l.As(school.Teacher).Get("/rooms/classes/" + l.other.String() + "/pins"); p.Status != http.StatusNotFound {
		t.Errorf("a teacher prints another class's PINs: %d", p.Status)
	}
	if p := l.As(school.Teacher).Get("/rooms/pupils/" + l.People[school.Head].ID.String() + "/pin"); p.Status != http.StatusNotFound {
		t.Errorf("a PIN for the head: %d", p.Status)
	}
	// A pupil of another class is not in this room, whatever the address says.
	at := "/room/" + strings.TrimPrefix(room.URL.Path, "/rooms/") + "/as/" + l.People[school.Pupil].ID.String()
	if p := l.Visitor().Get(at); p.Status != http.StatusNotFound {
		t.Errorf("a pupil of no class of the room: %d", p.Status)
	}
}

var pinOnPaper = regexp.MustCompile(`<span class="pin">(\d{3}) (\d{3})</span>`)

// Sheets: printed once, shown again for a while, and new ones each time after.
func TestSheets(t *testing.T) {
	l := openLab(t, 5)
	teacher := l.As(school.Teacher)
	ask := teacher.Get("/rooms/classes/" + l.class.String() + "/pins")
	if !ask.Has("Les élèves sans PIN personnel (5)") {
		t.Fatalf("asked: %s", ask)
	}
	sheet := ask.Submit("", nil)
	first := pinOnPaper.FindAllString(sheet.Body, -1)
	if len(first) != 5 || !sheet.Has("Ouvrez http://lagune.local:8080/room ou http://192.0.2.7:8080/room, choisissez") {
		t.Fatalf("the sheet: %s", sheet)
	}
	if again := teacher.Get(sheet.URL.Path); fmt.Sprint(pinOnPaper.FindAllString(again.Body, -1)) != fmt.Sprint(first) {
		t.Error("a second look shows other PINs")
	}
	if p := l.As(school.Head).Get(sheet.URL.Path); p.Status != http.StatusNotFound {
		t.Errorf("somebody else reads the sheet: %d", p.Status)
	}
	room := teacher.Get("/rooms").Submit("/rooms", map[string]any{"class": l.class.String(), "hours": "2"})
	at := "/room/" + strings.TrimPrefix(room.URL.Path, "/rooms/") + "/as/"
	slip := regexp.MustCompile(`(?s)<b>AGBODJAN-PRINCE Akouvi A</b>.*?<span class="pin">(\d{3}) (\d{3})</span>`).FindStringSubmatch(sheet.Body)
	if p := l.Visitor().Get(at+l.pupils[0].String()).Submit("", map[string]any{"pin": slip[1] + " " + slip[2]}); !p.Has("Choisissez votre PIN") {
		t.Fatalf("by the sheet: %s", p)
	}
	anew := teacher.Get("/rooms/classes/"+l.class.String()+"/pins").Submit("", map[string]any{"who": "all"})
	if second := pinOnPaper.FindAllString(anew.Body, -1); len(second) != 5 || fmt.Sprint(second) == fmt.Sprint(first) {
		t.Errorf("printing again: %s", anew)
	}
	if p := l.Visitor().Get(at+l.pupils[0].String()).Submit("", map[string]any{"pin": slip[1] + slip[2]}); !p.Has("Ce PIN ne va pas") {
		t.Errorf("a PIN of the first sheet: %s", p)
	}
	if p := teacher.Get(sheet.URL.Path); p.Status != http.StatusNotFound {
		t.Errorf("the first sheet: %d", p.Status)
	}
	l.Clock.Add(31 * time.Minute)
	if p := l.As(school.Teacher).Get(anew.URL.Path); p.Status != http.StatusNotFound {
		t.Errorf("half an hour later: %d", p.Status)
	}
}

func TestCards(t *testing.T) {
	l := openLab(t, 2)
	teacher := l.As(school.Teacher)
	cards := teacher.Get("/rooms/classes/"+l.class.String()+"/cards").Submit("", nil)
	if strings.Count(cards.Body, `class="qr"`) != 2 {
		t.Fatalf("cards: %s", cards)
	}
	text := cardText(t, l, l.pupils[0])
	no := l.Visitor().Get("/room")
	if strings.Contains(no.Body, `name="card"`) {
		t.Error("a card is asked for without a room")
	}
	teacher.Get("/rooms").Submit("/rooms", map[string]any{"class": l.class.String(), "hours": "2"})
	door := l.Visitor().Get("/room")
	for card, words := range map[string]string{"": "Cette carte n’est pas connue", strings.Repeat("B", 24): "Cette carte n’est pas connue"} {
		if p := door.Submit("/room/card", map[string]any{"card": card}); p.Status != http.StatusUnprocessableEntity || !p.Has(words) {
			t.Errorf("%q: %s", card, p)
		}
	}
	door.Submit("/room/card", map[string]any{"card": strings.ToLower(text)})
	if sessions(t, l, l.pupils[0]) != 1 {
		t.Error("the card does not open")
	}
	teacher.Get("/rooms/classes/"+l.class.String()+"/cards").Submit("", map[string]any{"who": "all"})
	if p := l.Visitor().Get("/room").Submit("/room/card", map[string]any{"card": text}); !p.Has("pas connue") {
		t.Errorf("a card that was printed anew: %s", p)
	}
}

// cardText gives a pupil a card of a known text.
func cardText(t testing.TB, l *lab, id store.ID) string {
	t.Helper()
	text, err := school.SheetCard(l.DB, school.SheetNonce(), id)
	if err == nil {
		err = l.DB.Update(func(tx *store.Tx) error { return school.SetCard(tx, id, text) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Sixty-two names fit the screen of a lab computer without script, and all of it
// is read at both widths.
func TestBrowser(t *testing.T) {
	l := openLab(t, 62)
	b := webtest.OpenBrowser(t)
	room := l.As(school.Head).Get("/rooms").Submit("/rooms", map[string]any{"class": l.class.String(), "hours": "2", "label": "Salle informatique"})
	at := "/room/" + strings.TrimPrefix(room.URL.Path, "/rooms/")
	look := func(tab *webtest.Tab, name, path string) {
		t.Helper()
		tab.Open(path)
		for _, width := range []int{360, 1366} {
			tab.Width(width)
			if over := tab.Sideways(); over > 0 {
				t.Errorf("%s is %d px too wide at %d", path, over, width)
			}
			tab.Shot(fmt.Sprintf("rooms-%s-%d", name, width))
		}
		for _, f := range tab.Axe() {
			t.Errorf("%s: axe: %+v", path, f)
		}
	}
	pc := b.Tab(l.URL)
	pc.NoScript()
	look(pc, "door", "/room")
	look(pc, "names", at+"/"+l.class.String())
	if h := webtest.Eval[int](pc, `Math.ceil(document.querySelector(".names").getBoundingClientRect().bottom)`); h > 768 {
		t.Errorf("the names end at %d px", h)
	}
	look(pc, "pin", at+"/as/"+l.pupils[7].String())
	teacher := b.Tab(l.URL)
	ck, err := l.Server.OpenSession(l.People[school.Head].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	teacher.SetCookie(ck)
	look(teacher, "rooms", "/rooms")
	look(teacher, "room", room.URL.Path)
	look(teacher, "reset", "/rooms/pupils/"+l.pupils[7].String()+"/pin")
	look(teacher, "ask", "/rooms/classes/"+l.class.String()+"/pins")
	sheet := "/rooms/classes/" + l.class.String() + "/cards"
	teacher.Open(sheet)
	teacher.Press("main form .b")
	teacher.Shot("rooms-cards-1366")
	teacher.Print("rooms-cards")
	teacher.Open("/rooms/classes/" + l.class.String() + "/pins")
	teacher.Press("main form .b")
	teacher.Shot("rooms-pins-1366")
	teacher.Print("rooms-pins")
}
