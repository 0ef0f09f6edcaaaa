package marks_test

import (
	"regexp"
	"strings"
	"testing"

	"preau/school"
	"preau/store"
)

func TestTheBoardClosesAndReopens(t *testing.T) {
	l := newLycee(t, 3)
	teacher, deputy := l.As(school.Teacher), l.As(school.Deputy)
	action := path(l.evaluation(t, teacher, nil))
	teacher.Get(action).Submit(action, map[string]any{"m.1": "12"})
	board := deputy.Get("/marks/board")
	for _, words := range []string{"Tle D1, Mathématiques", "TCHASSANTI Pyalo", "1 / 3", "manquent 2 notes", "Composition : 0 sur 1 attendues"} {
		if !board.Has(words) {
			t.Errorf("the board lacks %q: %s", words, board)
		}
	}
	if file := deputy.Get("/marks/board?as=csv"); !file.Has("Tle D1;Mathématiques;TCHASSANTI Pyalo;") || !file.Has(";1;3") {
		t.Errorf("the board as a file: %s", file)
	}
	closing := "/marks/board/closing?period=1"
	if p := board.Submit(closing, map[string]any{"last": "2030-01-01"}); p.Status != 422 || !p.Has("« 2030-01-01 » ne convient pas") {
		t.Errorf("an odd closing day: %s", p)
	}
	before := teacher.Get(action)
	board = board.Submit(closing, map[string]any{"last": "2026-11-20"})
	if !board.Has("Le dernier jour de saisie est fixé.") || !board.Has("vendredi 20 novembre 2026") {
		t.Fatalf("closed: %s", board)
	}
	if p := before.Submit(action, map[string]any{"m.2": "9"}); p.Status != 422 || !p.Has("Demandez au censeur de rouvrir") {
		t.Errorf("a change after closing: %s", p)
	}
	reopen := "/marks/board/reopen/" + l.class.String() + "/MATH?period=1"
	if !strings.Contains(board.Body, strings.ReplaceAll(reopen, "&", "&amp;")) {
		t.Error("the board does not offer to reopen")
	}
	if p := deputy.Get(reopen).Submit(reopen, map[string]any{"last": "2026-11-30", "reason": ""}); p.Status != 422 || !p.Has("Le motif manque") {
		t.Errorf("no reason: %s", p)
	}
	if p := deputy.Get(reopen).Submit(reopen, map[string]any{"last": "2026-11-01", "reason": "copies retrouvées"}); p.Status != 422 {
		t.Errorf("a day that has passed: %s", p)
	}
	if p := deputy.Get(reopen).Submit(reopen, map[string]any{"last": "2026-11-30", "reason": "copies retrouvées"}); !p.Has("rouvert jusqu’au 30 novembre 2026") {
		t.Errorf("reopened: %s", p)
	}
	if p := teacher.Get(action).Submit(action, map[string]any{"m.2": "9", "m.1": "12,5"}); !p.Has("2 notes enregistrées.") {
		t.Errorf("after reopening: %s", p)
	}
	if p := teacher.Get(reopen); p.Status != 404 {
		t.Errorf("a teacher reopens: %d", p.Status)
	}
	log := teacher.Get(action + "/log")
	for _, words := range []string{"3 changements", "TCHASSANTI Pyalo", l.names[0], "12,5"} {
		if !log.Has(words) {
			t.Errorf("the log lacks %q: %s", words, log)
		}
	}
}

func TestHalfGroupsHaveTheirOwnSheets(t *testing.T) {
	l := newLycee(t, 4)
	teacher := l.As(school.Teacher)
	to := l.notebook("MATH") + "/groups"
	half := []string{l.pupils[0].String(), l.pupils[1].String()}
	if p := teacher.Get(to).Submit(to, map[string]any{"name": "", "pupils": []string{}}); p.Status != 422 || !p.Has("Donnez un nom") || !p.Has("Cochez au moins un élève") {
		t.Errorf("nothing chosen: %s", p)
	}
	p := teacher.Get(to).Submit(to, map[string]any{"name": "Groupe A", "pupils": half})
	if !p.Has("Le demi-groupe est créé.") || !p.Has("2 élèves :") {
		t.Fatalf("made: %s", p)
	}
	if p := p.Submit(to, map[string]any{"name": "Groupe A", "pupils": half}); p.Status != 422 || !p.Has("existe déjà") || !p.Has("est déjà dans Groupe A") {
		t.Errorf("the same again: %s", p)
	}
	form := teacher.Get(l.notebook("MATH") + "/new?period=1")
	id := regexp.MustCompile(`<option value="([^"]+)">Groupe A`).FindStringSubmatch(form.Body)
	if id == nil {
		t.Fatalf("the form offers no group: %s", form)
	}
	sheet := l.evaluation(t, teacher, map[string]any{"group": id[1]})
	if !sheet.Has("0 / 2") || sheet.Has(l.names[2]) || !sheet.Has("Groupe A") {
		t.Errorf("the sheet of a half-group: %s", sheet)
	}
	sheet.Submit(path(sheet), map[string]any{"m.1": "14", "m.2": "10"})
	if book := teacher.Get(l.notebook("MATH")); !book.Has("14,00") || !book.Has("2 / 2") {
		t.Errorf("the notebook: %s", book)
	}
	if p := teacher.Get(to); !p.Has("ce demi-groupe ne se supprime plus") {
		t.Errorf("a group with sheets: %s", p)
	}
}

func TestAPupilSeesOnlyTheOwnMarks(t *testing.T) {
	l := newLycee(t, 3)
	l.update(t, func(tx *store.Tx) error {
		p, err := school.People.Get(tx, l.People[school.Pupil].ID)
		p.Value.Class = l.class
		if err != nil {
			return err
		}
		return school.People.Set(tx, p.ID, p.Value)
	})
	teacher := l.As(school.Teacher)
	sheet := l.evaluation(t, teacher, nil)
	names := regexp.MustCompile(`<label for="f-m-(\d)">([^<]+)`).FindAllStringSubmatch(sheet.Body, -1)
	values := map[string]any{}
	for _, n := range names {
		values["m."+n[1]] = "1" + n[1] // 11, 12, 13, 14
	}
	sheet.Submit(path(sheet), values)
	pupil := l.As(school.Pupil)
	mine := pupil.Get("/marks/mine")
	own := ""
	for _, n := range names {
		if strings.HasSuffix(n[2], "KPƆTƆ Ɖela") {
			own = "1" + n[1]
		}
	}
	if !mine.Has(own+"/20") || !mine.Has("Moyenne de la classe : 12,50.") {
		t.Errorf("the own page: %s", mine)
	}
	for _, n := range names {
		if strings.Contains(n[2], "Akossiwa") && (mine.Has("1"+n[1]+"/20") || mine.Has(n[2])) {
			t.Errorf("the page shows %s", n[2])
		}
	}
	own = "/marks/why/" + l.class.String() + "/" + l.People[school.Pupil].ID.String()
	if p := pupil.Get(own + "/MATH?period=1"); p.Status != 200 || !p.Has("Mathématiques :") {
		t.Errorf("how the own average was computed: %s", p)
	}
	if p := pupil.Get(own + "/-?period=1"); p.Status != 200 || !p.Has("Total des points") {
		t.Errorf("how the own general average was computed: %s", p)
	}
	other := "/marks/why/" + l.class.String() + "/" + l.pupils[0].String()
	for _, to := range []string{other + "/MATH", other + "/-", path(sheet), l.notebook("MATH"), "/marks"} {
		if p := pupil.Get(to); p.Status != 404 {
			t.Errorf("a pupil gets %d at %s", p.Status, to)
		}
	}
}
