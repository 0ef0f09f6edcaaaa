package notices

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"preau/school"
	"preau/web/webtest"
)

// submitted has the censeur submit a draft and returns its address.
func submitted(t *testing.T, s *webtest.Site, values map[string]any) string {
	t.Helper()
	p := s.As(school.Deputy).Get("/notices/new").Submit("/notices/new", values)
	if !p.Has("Projet soumis à la signature") {
		t.Fatalf("submitting: %s\n%s", p, p.Text())
	}
	return draftPath.FindString(s.As(school.Head).Get("/notices").Body)
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

var draftPath = regexp.MustCompile(`/notices/drafts/[0-9A-Za-z]+`)
