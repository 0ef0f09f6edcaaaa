package notices

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"regexp"
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

var draftPath = regexp.MustCompile(`/notices/drafts/[0-9A-Za-z]+`)

// submitted has the censeur submit a draft and returns its address.
func submitted(t *testing.T, s *webtest.Site, values map[string]any) string {
	t.Helper()
	p := s.As(school.Deputy).Get("/notices/new").Submit("/notices/new", values)
	if !p.Has("Projet soumis à la signature") {
		t.Fatalf("submitting: %s\n%s", p, p.Text())
	}
	return draftPath.FindString(s.As(school.Head).Get("/notices").Body)
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

func TestBadDraftsAreRefusedWithTheirWordsKept(t *testing.T) {
	s := lycee(t)
	before := s.As(school.Head).Get("/notices").Text()
	cases := []struct {
		change []any
		want   string
	}{
		{[]any{"subject", " "}, "L’objet manque"},
		{[]any{"subject", strings.Repeat("long ", 60)}, "dépasse 200 caractères"},
		{[]any{"body", " "}, "Le texte manque"},
		{[]any{"kind", "décret"}, "note de service ou d’un avis"},
		{[]any{"staff", nil}, "Les destinataires manquent"},
		{[]any{"roles", "pupil"}, "La fonction pupil n’existe pas"},
		{[]any{"levels", "Licence"}, "Le niveau Licence n’existe pas"},
		{[]any{"classes", "zzzzzzzzzzzzzzz"}, "L’une des classes n’existe pas"},
		{[]any{"until", "2026-02-31"}, "Le jour 2026-02-31 n’existe pas"},
		{[]any{"from", "31/10/2026"}, "n’existe pas"},
		{[]any{"until", in(s, -1)}, "est passé"},
		{[]any{"from", in(s, 9), "until", in(s, 8)}, "avant la publication"},
	}
	for _, c := range cases {
		values := with(filled, c.change...)
		p := s.As(school.Deputy).Get("/notices/new").Submit("/notices/new", values)
		if p.Status != http.StatusUnprocessableEntity || !p.Has(c.want) || !p.Has("Ce que vous avez tapé est resté") {
			t.Errorf("%v: %s\n%s", c.change, p, p.Text())
			continue
		}
		for _, name := range []string{"subject", "from", "until"} {
			want, _ := values[name].(string)
			if got, _ := p.Field(name); got != strings.TrimSpace(want) {
				t.Errorf("%v: %s came back as %q", c.change, name, got)
			}
		}
		if got, _ := p.Field("body"); !strings.Contains(got, strings.TrimSpace(values["body"].(string))) {
			t.Errorf("%v: the text came back as %q", c.change, got)
		}
	}
	if after := s.As(school.Head).Get("/notices").Text(); after != before {
		t.Errorf("a refused draft left something: %s", after)
	}
	// What is not finished yet may be kept all the same, and previewed.
	p := s.As(school.Deputy).Get("/notices/new").Submit("/notices/new", map[string]any{"subject": "À finir", "preview": "1", "body": "**Gras**"})
	if !strings.Contains(p.Body, "<strong>Gras</strong>") {
		t.Errorf("preview: %s", p.Text())
	}
	if p = p.Submit("/notices/new", map[string]any{"save": "1"}); !p.Has("Projet enregistré") {
		t.Errorf("keeping: %s\n%s", p, p.Text())
	}
}

func TestTheSecretIsTypedAgain(t *testing.T) {
	s := lycee(t)
	at := submitted(t, s, filled)
	for _, typed := range []string{"", "ce-n-est-pas-lui-99"} {
		p := s.As(school.Head).Get(at+"/sign").Submit(at+"/sign", map[string]any{"secret": typed})
		if p.Status != http.StatusUnprocessableEntity || !p.Has("rien n’est signé ni publié") || !p.Has("cahier de textes") {
			t.Errorf("%q: %s\n%s", typed, p, p.Text())
		}
		if v, _ := p.Field("secret"); v != "" {
			t.Error("the secret came back")
		}
	}
	// Somebody at an open session who guesses is held up like at the door, and then
	// the right one waits too.
	head := s.As(school.Head)
	for range 12 {
		head.Get(at+"/sign").Submit(at+"/sign", map[string]any{"secret": "encore-un-essai-7"})
	}
	if p := head.Get(at+"/sign").Submit(at+"/sign", map[string]any{"secret": secret}); p.Status != http.StatusUnprocessableEntity && p.Status != http.StatusTooManyRequests {
		t.Errorf("after many guesses: %s\n%s", p, p.Text())
	}
	if list := s.As(school.Teacher).Get("/notices"); list.Has("cahier de textes") {
		t.Error("a guess has published it")
	}
	s.Clock.Add(24 * time.Hour)
	note := signed(t, s, at)

	// The form sent twice, as after a cut, is answered with the first result.
	again := submitted(t, s, with(filled, "subject", "Envoyée deux fois"))
	form := s.As(school.Head).Get(again + "/sign")
	first, second := form.Submit(again+"/sign", map[string]any{"secret": secret}), form.Submit(again+"/sign", map[string]any{"secret": secret})
	if first.URL.Path != second.URL.Path || !second.Has("n° 002") {
		t.Errorf("sent twice: %s, %s", first.URL, second.URL)
	}
	// What is signed is no draft any more, and never changes.
	for _, path := range []string{again, again + "/sign", again + "/delete"} {
		if p := s.As(school.Head).Get(path); p.Status != http.StatusNotFound {
			t.Errorf("%s after signing: %s", path, p)
		}
	}
	if p := s.As(school.Deputy).Get(at + "/sign"); p.Status != http.StatusNotFound {
		t.Errorf("the censeur may sign: %s", p)
	}
	if p := s.As(school.Teacher).Get(note); p.Has("Annuler et remplacer") {
		t.Error("a teacher is offered to replace a note")
	}
}

func TestADraftIsGivenBackChangedMeanwhileAndThrownAway(t *testing.T) {
	s := lycee(t)
	at := submitted(t, s, filled)
	page := s.As(school.Head).Get(at + "/sign")
	if p := page.Submit(at+"/return", map[string]any{"remark": " "}); p.Status != http.StatusUnprocessableEntity || !p.Has("La remarque manque") {
		t.Errorf("without a reason: %s\n%s", p, p.Text())
	}
	if p := page.Submit(at+"/return", map[string]any{"remark": "Précisez l’heure."}); !p.Has("Projet rendu") || !p.Has("à reprendre") {
		t.Fatalf("giving back: %s\n%s", p, p.Text())
	}
	if p := s.As(school.Head).Get(at + "/sign"); !p.Has("encore en rédaction") || strings.Contains(p.Body, `name="secret"`) {
		t.Errorf("signing what was given back: %s", p.Text())
	}

	// Two people edit one draft: the second hears of the first.
	mine, theirs := s.As(school.Deputy).Get(at), s.As(school.Head).Get(at)
	if !mine.Has("Précisez l’heure.") {
		t.Errorf("the writer does not see why: %s", mine.Text())
	}
	theirs.Submit(at, map[string]any{"subject": "Le leur", "save": "1"})
	p := mine.Submit(at, map[string]any{"subject": "Le mien", "save": "1"})
	if v, _ := p.Field("subject"); p.Status != http.StatusUnprocessableEntity || v != "Le mien" || !p.Has("AGBODJAN Kodjo a enregistré ce projet pendant que vous écriviez") {
		t.Fatalf("%s\n%s", p, p.Text())
	}
	if p = p.Submit(at, map[string]any{"subject": "Le mien", "finish": "1"}); !p.Has("Projet soumis") {
		t.Errorf("saving knowingly: %s", p.Text())
	}

	// The censeur changes it while the proviseur reads: nothing unread is signed.
	reading := s.As(school.Head).Get(at + "/sign")
	s.As(school.Deputy).Get(at).Submit(at, map[string]any{"subject": "Autre objet", "finish": "1"})
	if p = reading.Submit(at+"/sign", map[string]any{"secret": secret}); p.Status != http.StatusUnprocessableEntity || !p.Has("a changé depuis que vous l’avez lu") || !p.Has("Autre objet") {
		t.Errorf("signing what was not read: %s\n%s", p, p.Text())
	}

	open := s.As(school.Deputy).Get(at)
	ask := s.As(school.Deputy).Get(at + "/delete")
	if p := ask.Submit(at+"/delete", nil); !p.Has("Projet supprimé") || p.Has("Autre objet") {
		t.Errorf("deleting: %s\n%s", p, p.Text())
	}
	if p := open.Submit(at, map[string]any{"subject": "Trop tard", "save": "1"}); p.Status != http.StatusNotFound {
		t.Errorf("saving what was thrown away: %s", p)
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

// TestAHundredNoticesAndAClassOfAHundred: lists stay in pages of thirty, lines stay
// light, and counts and names agree.
func TestAHundredNoticesAndAClassOfAHundred(t *testing.T) {
	s := lycee(t)
	key, err := seal.PaperKey(s.DB.Dir())
	if err != nil {
		t.Fatal(err)
	}
	tle, err := store.ParseID(class(t, s, "Tle D1"))
	if err != nil {
		t.Fatal(err)
	}
	var last store.ID
	update(t, s.DB, func(tx *store.Tx) error {
		var pupils []store.Record[school.Person]
		for i := range 100 {
			p := school.Person{Kind: school.PupilKind, Surname: fmt.Sprintf("AMÉGAN-%03d", i), Given: "Ɖela", Roles: []school.Role{school.Pupil}, Class: tle}
			id, err := school.People.Add(tx, p)
			if err != nil {
				return err
			}
			r, err := school.People.Get(tx, id)
			if err != nil {
				return err
			}
			pupils = append(pupils, r)
		}
		for i := range 100 {
			id, err := drafts.Add(tx, Draft{Text: Text{
				Kind: ServiceNote, Subject: fmt.Sprintf("Note numéro %03d sur la tenue, les retards et le matériel", i+1), Body: "Texte.", Ack: true, Audience: Audience{Classes: []store.ID{tle}},
			}})
			if err != nil {
				return err
			}
			if last, err = sign(tx, key, id, s.People[school.Head], "proviseur", today(tx)); err != nil {
				return err
			}
		}
		for _, p := range pupils[:40] {
			if _, _, err := school.NoteReading(tx, last, p, ""); err != nil {
				return err
			}
		}
		return nil
	})
	light := func(p *webtest.Page) {
		t.Helper()
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(p.Body))
		z.Close()
		if b.Len() > 12_000 {
			t.Errorf("%s weighs %d bytes", p.URL, b.Len())
		}
	}
	head := s.As(school.Head)
	p := head.Get("/notices")
	if n := strings.Count(p.Body, `<th scope="row">`); n != 30 || !p.Has("1 à 30 sur 100") || !p.Has("40 / 101") || !p.Has("Note numéro 100") || p.Has("Note numéro 070 ") {
		t.Errorf("%d rows: %s", n, p.Text())
	}
	light(p)
	if p = head.Get("/notices?from=90"); !p.Has("91 à 100 sur 100") || !p.Has("Note numéro 001") {
		t.Errorf("the last page: %s", p.Text())
	}
	if p = head.Get("/notices/archive?q=tenue+013"); !p.Has("1 à 1 sur 1") || !p.Has("Note numéro 013") {
		t.Errorf("searching: %s", p.Text())
	}
	at := "/notices/" + last.String()
	p = head.Get(at + "/readers")
	if n := strings.Count(p.Body, "pas encore lu"); n != 61 || !p.Has("40 personnes sur 101 ont lu") {
		t.Errorf("%d have not read: %s", n, p.Text())
	}
	light(p)
	p = head.Get(at + "/sheet")
	light(p)
	var ids []string
	for _, m := range regexp.MustCompile(`name="signed" value="([^"]+)"`).FindAllStringSubmatch(p.Body, -1) {
		ids = append(ids, m[1])
	}
	if len(ids) != 61 {
		t.Fatalf("%d boxes to tick", len(ids))
	}
	if p = p.Submit(at+"/sheet", map[string]any{"signed": ids}); !p.Has("61 signatures enregistrées") || !p.Has("101 personnes sur 101") {
		t.Errorf("ticking all: %s\n%s", p, p.Text())
	}
	// A reader who leaves the school is no longer counted among those who are meant.
	update(t, s.DB, func(tx *store.Tx) error {
		for r, err := range school.People.Where(tx, "class", tle) {
			if err != nil {
				return err
			}
			r.Value.Left = today(tx)
			return school.People.Set(tx, r.ID, r.Value)
		}
		return nil
	})
	if p, q := head.Get("/notices"), head.Get(at+"/readers"); !p.Has("100 / 100") || !q.Has("100 personnes sur 100") {
		t.Errorf("the list and the readers disagree: %s\n%s", p.Text(), q.Text())
	}
}

// sendRead sends the form of a notice that its page does not offer, and tells the status.
func sendRead(t *testing.T, s *webtest.Site, c *webtest.Client, note string) int {
	t.Helper()
	body := url.Values{"_token": {c.Get("/notices/new").Token("/notices/new")}}.Encode()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+note+"/read", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.Do(req).Status
}

// TestNumbersHaveNoGapWhenManySignAtOnce: commits are shared, numbers are not.
func TestNumbersHaveNoGapWhenManySignAtOnce(t *testing.T) {
	s := lycee(t)
	key, err := seal.PaperKey(s.DB.Dir())
	if err != nil {
		t.Fatal(err)
	}
	const n = 12
	var ids [n]store.ID
	update(t, s.DB, func(tx *store.Tx) (err error) {
		for i := range ids {
			if ids[i], err = drafts.Add(tx, Draft{Text: Text{Kind: ServiceNote, Subject: "À la fois", Body: "Texte.", Audience: Audience{Staff: true}}}); err != nil {
				return err
			}
		}
		return nil
	})
	errs := make(chan error, n)
	for _, id := range ids {
		go func() {
			errs <- s.DB.Update(func(tx *store.Tx) error {
				_, err := sign(tx, key, id, s.People[school.Head], "proviseur", today(tx))
				return err
			})
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	seen := map[int]bool{}
	if err := s.DB.View(func(tx *store.Tx) error {
		for r, err := range notices.All(tx) {
			if err != nil {
				return err
			}
			seen[r.Value.Number] = true
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		if !seen[i] {
			t.Errorf("number %d is missing: %v", i, seen)
		}
	}
}
