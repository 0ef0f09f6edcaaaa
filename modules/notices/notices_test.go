package notices

import (
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

const secret = "trois-mots-ensemble-9"

// lycee is a school with two classes; its pupil is in Tle D1, its head has a secret.
func lycee(t *testing.T) *webtest.Site {
	t.Helper()
	m := Module()
	s := webtest.New(t, webtest.Setup{
		Routes: m.Pages, Nav: m.Nav, Words: []fs.FS{m.Files}, Collections: append(m.Collections, seal.Collections()...),
	})
	s.SetSecret(school.Head, secret, false)
	update(t, s.DB, func(tx *store.Tx) error {
		for _, k := range []school.Class{{Label: "Tle D1", Level: "Tle", Series: "D", Year: "2026-2027"}, {Label: "2nde A1", Level: "2nde", Series: "A", Year: "2026-2027"}} {
			id, err := school.Classes.Add(tx, k)
			if err != nil {
				return err
			}
			if k.Level != "Tle" {
				continue
			}
			p, err := school.People.Get(tx, s.People[school.Pupil].ID)
			if err != nil {
				return err
			}
			p.Value.Class = id
			if err := school.People.Set(tx, p.ID, p.Value); err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

func update(t *testing.T, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Update(fn); err != nil {
		t.Fatal(err)
	}
}

// class is the id of a class by its label.
func class(t *testing.T, s *webtest.Site, label string) (id string) {
	t.Helper()
	if err := s.DB.View(func(tx *store.Tx) error {
		k, err := school.Roster.ClassByLabel(tx, "2026-2027", label)
		id = k.ID.String()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return id
}

// in is the day some days from the site's today.
func in(s *webtest.Site, days int) string {
	now, _ := s.Clock.Now()
	return now.AddDate(0, 0, days).Format(time.DateOnly)
}

var filled = map[string]any{
	"kind": "service", "subject": "Tenue du cahier de textes", "staff": "1", "ack": "1", "finish": "1",
	"body": "Il se remplit **à la fin** de chaque séance.\n\n<script>alert(1)</script>\n\n[ici](javascript:alert(1))",
}

func with(base map[string]any, kv ...any) map[string]any {
	m := maps.Clone(base)
	for i := 0; i < len(kv); i += 2 {
		if kv[i+1] == nil {
			delete(m, kv[i].(string))
			continue
		}
		m[kv[i].(string)] = kv[i+1]
	}
	return m
}

// signed has the proviseur sign the draft at an address and returns the notice's.
func signed(t *testing.T, s *webtest.Site, at string) string {
	t.Helper()
	p := s.As(school.Head).Get(at+"/sign").Submit(at+"/sign", map[string]any{"secret": secret})
	if p.Status != http.StatusOK || !p.Has("Signature enregistrée") {
		t.Fatalf("signing: %s\n%s", p, p.Text())
	}
	return p.URL.Path
}

func TestANoteIsPreparedSignedReadAndCounted(t *testing.T) {
	s := lycee(t)
	at := submitted(t, s, with(filled, "annexes", []webtest.File{{Name: "../../modele.txt", Data: []byte("lundi")}}))
	if p := s.As(school.Teacher).Get("/notices"); p.Has("cahier de textes") {
		t.Errorf("a draft is on the board: %s", p.Text())
	}
	sign := s.As(school.Head).Get(at + "/sign")
	for _, want := range []string{"cahier de textes", "tout le personnel", "fin de l’année scolaire", "modele.txt", "6 personnes"} {
		if !sign.Has(want) {
			t.Errorf("the page to sign lacks %q: %s", want, sign.Text())
		}
	}
	if strings.Contains(sign.Body, "<script>alert") || strings.Contains(sign.Body, "javascript:") {
		t.Error("the text has power")
	}
	note := signed(t, s, at)
	teacher := s.As(school.Teacher)
	p := teacher.Get(note)
	for _, want := range []string{"Note de service n° 001/2026-2027/LOM-0001/NS", "AGBODJAN Kodjo, proviseur", "31 juillet 2027", "Fait à Lomé", "Travail", "modele.txt"} {
		if !p.Has(want) {
			t.Errorf("the notice lacks %q: %s", want, p.Text())
		}
	}
	if a := teacher.Get(note + "/annexes/1"); a.Body != "lundi" {
		t.Errorf("annex: %s", a)
	}
	if p = p.Submit(note+"/read", nil); !p.Has("Lecture enregistrée à votre nom") || p.Has("Lu et pris connaissance Lu") {
		t.Fatalf("acknowledging: %s\n%s", p, p.Text())
	}
	readers := s.As(school.Secretary).Get(note + "/readers")
	if !readers.Has("1 personne sur 6 a lu") || !readers.Has("TCHASSANTI Pyalo") {
		t.Errorf("readers: %s", readers.Text())
	}
	list := s.As(school.Head).Get("/notices")
	if !list.Has("1 / 6") || !list.Has("Note de service n° 001/2026-2027/LOM-0001/NS · tout le personnel") {
		t.Errorf("the list: %s", list.Text())
	}

	// Who has no screen signs the sheet, which the secretary ticks.
	sheet := s.As(school.Secretary).Get(note + "/sheet")
	if p := sheet.Submit(note+"/sheet", nil); p.Status != http.StatusUnprocessableEntity || !p.Has("Cochez au moins un nom") {
		t.Errorf("nobody ticked: %s\n%s", p, p.Text())
	}
	p = sheet.Submit(note+"/sheet", map[string]any{"signed": []string{s.People[school.Technician].ID.String(), s.People[school.Pupil].ID.String()}})
	if !p.Has("1 signature enregistrée") || !p.Has("2 personnes sur 6") || !p.Has("signé sur papier") {
		t.Errorf("ticking one of them and one who is not meant: %s\n%s", p, p.Text())
	}

	// Numbers go on; each kind has its own.
	second := signed(t, s, submitted(t, s, with(filled, "subject", "Deuxième note")))
	if p := teacher.Get(second); !p.Has("n° 002/2026-2027/LOM-0001/NS") {
		t.Errorf("the second note: %s", p.Text())
	}
	avis := signed(t, s, submitted(t, s, with(filled, "kind", "avis", "subject", "Un avis", "ack", nil)))
	if p := teacher.Get(avis); !p.Has("Avis n° 001/2026-2027/LOM-0001/AV") || p.Has("Lu et pris connaissance") {
		t.Errorf("the announcement: %s", p.Text())
	}
	if p := s.As(school.Head).Get(avis + "/readers"); p.Status != http.StatusNotFound {
		t.Errorf("readers of what nobody was asked about: %s", p)
	}

	// What was done stands in the audit log.
	var done []string
	if err := s.DB.View(func(tx *store.Tx) error {
		for e, err := range school.AuditLog.All(tx) {
			if err != nil {
				return err
			}
			done = append(done, e.Value.Action)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(done, " "); got != "notices.sign notices.tick notices.sign notices.sign" {
		t.Errorf("audit: %s", got)
	}
}

func TestWhoSeesWhichNotice(t *testing.T) {
	s := lycee(t)
	tle, seconde := class(t, s, "Tle D1"), class(t, s, "2nde A1")
	base := with(filled, "staff", nil)
	notes := map[string]string{}
	for name, change := range map[string][]any{
		"teachers": {"roles", "teacher"}, "Tle D1": {"classes", tle}, "2nde A1": {"classes", seconde}, "level Tle": {"levels", "Tle"},
		"level 2nde": {"levels", "2nde"}, "pupils": {"pupils", "1"}, "later": {"pupils", "1", "staff", "1", "from", in(s, 2)},
	} {
		notes[name] = signed(t, s, submitted(t, s, with(base, append(change, "subject", "Pour : "+name)...)))
	}
	table := map[school.Role]string{
		school.Head:       "teachers, Tle D1, 2nde A1, level Tle, level 2nde, pupils, later",
		school.Supervisor: "teachers, Tle D1, 2nde A1, level Tle, level 2nde, pupils, later",
		school.Teacher:    "teachers, Tle D1, 2nde A1, level Tle, level 2nde, pupils",
		school.Technician: "Tle D1, 2nde A1, level Tle, level 2nde, pupils",
		school.Pupil:      "Tle D1, level Tle, pupils",
	}
	for role, list := range table {
		c := s.As(role)
		board, archive := c.Get("/notices"), c.Get("/notices/archive")
		for name, path := range notes {
			sees := false
			for _, x := range strings.Split(list, ", ") {
				sees = sees || x == name
			}
			p := c.Get(path)
			if (p.Status == http.StatusOK) != sees || board.Has("Pour : "+name) != sees || archive.Has("Pour : "+name) != sees {
				t.Errorf("%s, %s: page %d, board %v, archive %v; the table says %v", role, name, p.Status, board.Has("Pour : "+name), archive.Has("Pour : "+name), sees)
			}
		}
	}
	// Staff may read what pupils are told, and are not asked to acknowledge it.
	if p := s.As(school.Teacher).Get(notes["pupils"]); p.Has("Lu et pris connaissance") {
		t.Errorf("a teacher is asked for what pupils are to read: %s", p.Text())
	}
	if got := sendRead(t, s, s.As(school.Deputy), notes["pupils"]); got != http.StatusNotFound {
		t.Errorf("the censeur acknowledges what nobody asked of him: %d", got)
	}
	pupil := s.As(school.Pupil)
	if p := pupil.Get(notes["Tle D1"]).Submit(notes["Tle D1"]+"/read", nil); !p.Has("Lecture enregistrée") {
		t.Errorf("the pupil acknowledges: %s\n%s", p, p.Text())
	}
	if p := s.As(school.Head).Get(notes["Tle D1"] + "/readers"); !p.Has("1 personne sur 1 a lu") || !p.Has("KPƆTƆ Ɖela") {
		t.Errorf("readers of the class: %s", p.Text())
	}

	// Two days later the one for later is there.
	s.Clock.Add(48 * time.Hour)
	if p := s.As(school.Pupil).Get(notes["later"]); p.Status != http.StatusOK || !p.Has("Lu et pris connaissance") {
		t.Errorf("published by now: %s", p)
	}
}

func TestANoticeExpiresIsReplacedAndWithdrawn(t *testing.T) {
	s := lycee(t)
	short := signed(t, s, submitted(t, s, with(filled, "subject", "Jusqu’à demain", "until", in(s, 1))))
	old := signed(t, s, submitted(t, s, with(filled, "subject", "L’ancienne")))
	reading := s.As(school.Teacher).Get(old)

	// It is replaced while a teacher reads it.
	p := s.As(school.Deputy).Get(old).Submit(old+"/successor", map[string]any{"replace": "1"})
	if !p.Has("Annule et remplace") || !p.Has("Concerne la note de service n° 002") {
		t.Fatalf("the draft of a replacement: %s\n%s", p, p.Text())
	}
	at := p.URL.Path
	if p = p.Submit(at, map[string]any{"subject": "La nouvelle", "finish": "1"}); !p.Has("Projet soumis") {
		t.Fatalf("%s\n%s", p, p.Text())
	}
	if p := s.As(school.Head).Get(at + "/sign"); !p.Has("vous mettez fin à la note de service n° 002") {
		t.Errorf("signing does not say what it ends: %s", p.Text())
	}
	fresh := signed(t, s, at)
	if p = reading.Submit(old+"/read", nil); p.Status != http.StatusUnprocessableEntity || !p.Has("n° 003/2026-2027/LOM-0001/NS a remplacé ce document") || !p.Has("annulé et remplacé") {
		t.Errorf("acknowledging what was replaced meanwhile: %s\n%s", p, p.Text())
	}
	if p := s.As(school.Teacher).Get(fresh); !p.Has("Annule et remplace la note de service n° 002") {
		t.Errorf("the new one: %s", p.Text())
	}
	if p := s.As(school.Deputy).Get(old); p.Has("Annuler et remplacer") {
		t.Error("it may be replaced twice")
	}
	if board := s.As(school.Teacher).Get("/notices"); board.Has("L’ancienne") || !board.Has("La nouvelle") {
		t.Errorf("the board: %s", board.Text())
	}

	// The new one is withdrawn: by a notice of its own, for the same people.
	p = s.As(school.Deputy).Get(fresh).Submit(fresh+"/successor", map[string]any{"withdraw": "1"})
	at = p.URL.Path
	if v, _ := p.Field("subject"); !strings.HasSuffix(v, ": La nouvelle") || !p.Has("6 personnes concernées") {
		t.Fatalf("the draft of a withdrawal: %q\n%s", v, p.Text())
	}
	if p = p.Submit(at, map[string]any{"finish": "1", "pupils": "1"}); !p.Has("Projet soumis") {
		t.Fatalf("%s\n%s", p, p.Text())
	}
	end := signed(t, s, at)
	if p := s.As(school.Teacher).Get(fresh); !p.Has("retiré") || !p.Has("n° 004") || p.Has("Lu et pris connaissance") {
		t.Errorf("withdrawn: %s", p.Text())
	}
	if p := s.As(school.Pupil).Get(end); p.Status != http.StatusNotFound {
		t.Errorf("a withdrawal is shown to whom the old one was not: %s", p)
	}
	if p := s.As(school.Head).Get(end); p.Has("Annuler et remplacer") {
		t.Error("a withdrawal can be withdrawn")
	}

	// Days later the short one is over, and found in the archive.
	s.Clock.Add(72 * time.Hour)
	if board := s.As(school.Teacher).Get("/notices"); board.Has("Jusqu’à demain") {
		t.Errorf("what is over is on the board: %s", board.Text())
	}
	found := s.As(school.Teacher).Get("/notices/archive?q=" + url.QueryEscape("jusqu'a demain"))
	if !found.Has("Jusqu’à demain") || !found.Has("terminé") || found.Has("La nouvelle") {
		t.Errorf("the archive: %s", found.Text())
	}
	if p := s.As(school.Teacher).Get(short); p.Status != http.StatusOK || p.Has("Lu et pris connaissance") {
		t.Errorf("what is over: %s", p)
	}
	if p := s.As(school.Teacher).Get("/notices/archive?q=rien-de-tel"); !p.Has("ne contient « rien-de-tel »") {
		t.Errorf("nothing found: %s", p.Text())
	}
}

// TestAPrintedNoticeIsVouchedFor asks the short code and the QR text of a notice
// before and after it is ended.
func TestAPrintedNoticeIsVouchedFor(t *testing.T) {
	s := lycee(t)
	note := signed(t, s, submitted(t, s, filled))
	id, err := store.ParseID(strings.TrimPrefix(note, "/notices/"))
	if err != nil {
		t.Fatal(err)
	}
	ask := func() (v seal.Verdict) {
		t.Helper()
		if err := s.DB.View(func(tx *store.Tx) error {
			n, err := notices.Get(tx, id)
			if err != nil {
				return err
			}
			v, err = seal.AskCode(tx, nil, seal.PrintCode(n.Value.Code))
			if err == nil && v.Verdict == seal.Genuine {
				v, err = seal.AskText(tx, nil, seal.QRText(n.Value.Signed))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := ask(); v.Verdict != seal.Genuine || v.Header.Reference != "n° 001/2026-2027/LOM-0001/NS" || v.Header.Subject != "Tenue du cahier de textes" {
		t.Fatalf("%+v", v)
	}
	p := s.As(school.Deputy).Get(note).Submit(note+"/successor", map[string]any{"withdraw": "1"})
	at := p.URL.Path
	p.Submit(at, map[string]any{"finish": "1", "from": in(s, 2)})
	signed(t, s, at)
	if v := ask(); v.Verdict != seal.Genuine {
		t.Errorf("withdrawn only the day after tomorrow: %+v", v)
	}
	if p := s.As(school.Teacher).Get(note); !p.Has("n° 002/2026-2027/LOM-0001/NS y met fin le") || !p.Has("Lu et pris connaissance") {
		t.Errorf("ended soon: %s", p.Text())
	}
	s.Clock.Add(72 * time.Hour)
	if v := ask(); v.Verdict != seal.Withdrawn || v.By != "n° 002/2026-2027/LOM-0001/NS" {
		t.Errorf("withdrawn: %+v", v)
	}
}

func TestTheWordsAreWhole(t *testing.T) { web.CheckWords(t, files) }
