package marks_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"preau/modules/marks"
	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

// lycee is a site with one class of pupils in Tle D, of which the teacher of
// webtest has mathematics and nobody has French.
type lycee struct {
	*webtest.Site
	class  store.ID
	pupils []store.ID
	names  []string
}

func newLycee(t testing.TB, pupils int, more ...web.Route) *lycee {
	t.Helper()
	m := marks.Module()
	l := &lycee{Site: webtest.New(t, webtest.Setup{Routes: append(m.Pages, more...), Nav: m.Nav, Words: []fs.FS{m.Files}, Collections: append(append(append(m.Collections, seal.Collections()...), org.Collections()...), packs.Collections()...)})}
	l.Clock.Set(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	l.update(t, func(tx *store.Tx) error {
		y, err := school.Years.One(tx, "label", "2026-2027")
		if err != nil {
			return err
		}
		y.Value.Periods = []school.Period{
			{Use: school.EvaluationPeriod, Number: 1, Name: "1er semestre", From: "2026-09-14", Until: "2027-02-05"},
			{Use: school.EvaluationPeriod, Number: 2, Name: "2e semestre", From: "2027-02-08", Until: "2027-07-02"},
		}
		if err := school.Years.Set(tx, y.ID, y.Value); err != nil {
			return err
		}
		if l.class, err = school.Classes.Add(tx, school.Class{Label: "Tle D1", Level: "Tle", Series: "D", Year: "2026-2027"}); err != nil {
			return err
		}
		for i := range pupils {
			p := school.Person{Kind: school.PupilKind, Roles: []school.Role{school.Pupil}, Class: l.class, Surname: fmt.Sprintf("KPƆTƆ%c%c", 'A'+rune(i/26), 'A'+rune(i%26)), Given: "Ɖela Akossiwa", Sex: string("MF"[i%2])}
			id, err := school.People.Add(tx, p)
			if err != nil {
				return err
			}
			l.pupils, l.names = append(l.pupils, id), append(l.names, p.Name())
		}
		_, err = school.Assignments.Add(tx, school.Assignment{Person: l.People[school.Teacher].ID, Class: l.class, Subject: "MATH"})
		return err
	})
	return l
}

func (l *lycee) update(t testing.TB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := l.DB.Update(fn); err != nil {
		t.Fatal(err)
	}
}

// endPeriod moves the end of the first period, after which marks are closed.
func (l *lycee) endPeriod(t testing.TB, day string) {
	t.Helper()
	l.update(t, func(tx *store.Tx) error {
		y, err := school.Years.One(tx, "label", "2026-2027")
		if err != nil {
			return err
		}
		y.Value.Periods[0].Until = day
		return school.Years.Set(tx, y.ID, y.Value)
	})
}

func (l *lycee) notebook(subject string) string {
	return "/marks/of/" + l.class.String() + "/" + subject
}

// evaluation makes one and returns the page of its sheet.
func (l *lycee) evaluation(t testing.TB, c *webtest.Client, values map[string]any) *webtest.Page {
	t.Helper()
	form := l.notebook("MATH") + "/new?period=1"
	with := map[string]any{"kind": "devoir", "date": "2026-10-13"}
	for k, v := range values {
		with[k] = v
	}
	p := c.Get(form).Submit(form, with)
	if p.Status != http.StatusOK || !strings.HasPrefix(p.URL.Path, "/marks/sheets/") {
		t.Fatalf("no sheet: %s", p)
	}
	return p
}

func path(p *webtest.Page) string { return p.URL.Path }

func TestWords(t *testing.T) { web.CheckWords(t, marks.Module().Files) }

func TestASheetWithoutScript(t *testing.T) {
	l := newLycee(t, 4)
	teacher := l.As(school.Teacher)
	sheet := l.evaluation(t, teacher, nil)
	action := path(sheet)
	p := sheet.Submit(action, map[string]any{"m.1": "12,5", "m.2": "21", "m.3": "a", "m.4": "douze"})
	if p.Status != http.StatusUnprocessableEntity {
		t.Fatalf("a sheet with faults is answered %d", p.Status)
	}
	for _, words := range []string{"2 notes sont enregistrées, pas les suivantes", "21 dépasse 20. Corrigez la note.", "« douze » n’est pas une note"} {
		if !p.Has(words) {
			t.Errorf("the page does not say %q", words)
		}
	}
	for field, want := range map[string]string{"m.1": "12,5", "m.2": "21", "m.3": "abs", "m.4": "douze"} {
		if got, _ := p.Field(field); got != want {
			t.Errorf("%s holds %q, want %q", field, got, want)
		}
	}
	p = p.Submit(action, map[string]any{"m.2": "11.25", "m.4": "fraude"})
	if p.Status != http.StatusOK || !p.Has("2 notes enregistrées.") || !p.Has("toutes les notes sont là") || !p.Has("moyenne 11,88") {
		t.Fatalf("corrected: %s", p)
	}
	if n := l.audited(t); n != 4 {
		t.Errorf("%d changes in the audit log, want 4", n)
	}
	// the same form again is answered with the first result and changes nothing
	if p := p.Submit(action, nil); !p.Has("Rien n’a changé.") || l.audited(t) != 4 {
		t.Errorf("sent unchanged: %s", p)
	}
	book := teacher.Get(l.notebook("MATH"))
	for _, words := range []string{"12,5", "11,25", "12,50", "1er", "4 / 4", "Moyenne"} {
		if !book.Has(words) {
			t.Errorf("the notebook lacks %q: %s", words, book)
		}
	}
}

func (l *lycee) audited(t *testing.T) int { t.Helper(); return l.auditedAs(t, "marks.enter") }

// auditedAs counts the lines of an action in the audit log.
func (l *lycee) auditedAs(t *testing.T, action string) (n int) {
	t.Helper()
	if err := l.DB.View(func(tx *store.Tx) error {
		for e, err := range school.AuditLog.All(tx) {
			if err != nil {
				return err
			}
			if e.Value.Action == action {
				n++
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTwoTeachersNeverOverwriteUnawares(t *testing.T) {
	l := newLycee(t, 3)
	l.update(t, func(tx *store.Tx) error {
		_, err := school.Assignments.Add(tx, school.Assignment{Person: l.People[school.Deputy].ID, Class: l.class, Subject: "MATH"})
		return err
	})
	teacher, deputy := l.As(school.Teacher), l.As(school.Deputy)
	mine := l.evaluation(t, teacher, nil)
	action := path(mine)
	theirs := deputy.Get(action)
	mine = mine.Submit(action, map[string]any{"m.1": "12", "m.2": "8"})
	theirs = theirs.Submit(action, map[string]any{"m.1": "14", "m.2": "8", "m.3": "9"})
	if theirs.Status != http.StatusUnprocessableEntity || !theirs.Has("a enregistré 12 entre-temps. Votre 14 n’a rien remplacé.") || !theirs.Has("1 note est enregistrée") {
		t.Fatalf("the second writer is told: %s", theirs)
	}
	if got, _ := teacher.Get(action).Field("m.1"); got != "12" {
		t.Fatalf("the first writer's mark became %q", got)
	}
	if got, _ := theirs.Field("m.1"); got != "14" {
		t.Errorf("what the second writer typed is lost: %q", got)
	}
	if done := theirs.Submit(action, nil); !done.Has("1 note enregistrée.") { // now knowingly
		t.Fatalf("saved again: %s", done)
	}
	if got, _ := teacher.Get(action).Field("m.1"); got != "14" {
		t.Errorf("after the second save the mark is %q", got)
	}
	// who only looks at an old page and changes another row overwrites nothing
	if done := mine.Submit(action, map[string]any{"m.2": "8,5"}); !done.Has("1 note enregistrée.") {
		t.Errorf("another row of an old page: %s", done)
	}
	if got, _ := teacher.Get(action).Field("m.1"); got != "14" {
		t.Errorf("an old page brought back %q", got)
	}
}

var hidden = regexp.MustCompile(`name="v\.(\d+)" value="([^"]+)"`)

// row saves one row as the script does.
func row(t *testing.T, c *webtest.Client, l *lycee, action, v, text string) (int, map[string]any) {
	t.Helper()
	form := url.Values{"_token": {strings.Fields(v)[1]}, "v": {v}, "m": {text}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URL+action+"/rows", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	p := c.Do(req)
	var a map[string]any
	if err := json.Unmarshal([]byte(p.Body), &a); err != nil {
		t.Fatalf("%d %s", p.Status, p.Body)
	}
	return p.Status, a
}

func TestARowForTheScript(t *testing.T) {
	l := newLycee(t, 3)
	teacher := l.As(school.Teacher)
	sheet := l.evaluation(t, teacher, nil)
	action := path(sheet)
	v := hidden.FindAllStringSubmatch(sheet.Body, -1)[0][2]
	status, a := row(t, teacher, l, action, v, "21")
	if status != 422 || a["refused"] != "21 dépasse 20. Corrigez la note." || a["mark"] != "" || a["n"] != "0" {
		t.Fatalf("21/20: %d %v", status, a)
	}
	v = a["v"].(string)
	status, a = row(t, teacher, l, action, v, "7,5")
	if status != 200 || a["mark"] != "7,5" || a["n"] != "1" || a["mean"] != "7,50" || a["missing"] != "manquent 2 notes" {
		t.Fatalf("7,5: %d %v", status, a)
	}
	// the answer was lost: the same save again is answered from how the row stands
	status, again := row(t, teacher, l, action, v, "7,5")
	if status != 200 || again["mark"] != "7,5" || l.audited(t) != 1 {
		t.Fatalf("repeated: %d %v", status, again)
	}
	// the old row with another mark is refused: its token is spent
	if status, a = row(t, teacher, l, action, v, "9"); status != 422 {
		t.Fatalf("a spent token with another mark: %d %v", status, a)
	}
	if status, a = row(t, teacher, l, action, again["v"].(string), "9"); status != 200 || a["mark"] != "9" {
		t.Fatalf("with the new token: %d %v", status, a)
	}
}

func TestWhoMayEnterAndSee(t *testing.T) {
	l := newLycee(t, 2)
	sheet := path(l.evaluation(t, l.As(school.Teacher), nil))
	var other *webtest.Client
	l.update(t, func(tx *store.Tx) error { // a colleague of the same role without this class
		_, err := school.Assignments.Add(tx, school.Assignment{Person: l.People[school.Teacher].ID, Class: l.class, Subject: "FRAN"})
		return err
	})
	other = l.As(school.Head)
	if p := other.Get(sheet); p.Status != 200 || strings.Contains(p.Body, `id="marks"`) {
		t.Errorf("the head sees the sheet and has no field: %d", p.Status)
	}
	for role, want := range map[school.Role]int{school.Pupil: 404, school.Secretary: 404, school.Technician: 404, school.Deputy: 200, school.Teacher: 200} {
		if p := l.As(role).Get(sheet); p.Status != want {
			t.Errorf("%s gets %d, want %d", role, p.Status, want)
		}
	}
	for _, subject := range []string{"SP", "ANG"} {
		if p := l.As(school.Teacher).Get(l.notebook(subject)); p.Status != 404 {
			t.Errorf("a teacher reads the notebook of %s: %d", subject, p.Status)
		}
		if p := l.As(school.Teacher).Get(l.notebook(subject) + "/new"); p.Status != 404 {
			t.Errorf("a teacher makes an evaluation in %s: %d", subject, p.Status)
		}
	}
	// the class teacher sees every subject and enters only the own one
	l.update(t, func(tx *store.Tx) error {
		c, err := school.Classes.Get(tx, l.class)
		c.Value.Titular = l.People[school.Teacher].ID
		if err != nil {
			return err
		}
		return school.Classes.Set(tx, l.class, c.Value)
	})
	if p := l.As(school.Teacher).Get(l.notebook("SP")); p.Status != 200 || p.Has("Créer une évaluation") {
		t.Errorf("the titular sees another subject: %d", p.Status)
	}
}

func TestRefusals(t *testing.T) {
	l := newLycee(t, 3)
	teacher := l.As(school.Teacher)
	form := l.notebook("MATH") + "/new?period=1"
	for _, c := range []struct {
		name   string
		values map[string]any
		want   string
	}{
		{"no kind", map[string]any{"kind": "oral"}, "Choisissez la nature"},
		{"no such day", map[string]any{"date": "2026-02-31"}, "« 2026-02-31 » n’est pas un jour"},
		{"outside the period", map[string]any{"date": "2027-03-01"}, "Cette date n’est pas dans la période « 1er semestre »"},
		{"scale", map[string]any{"scale": "0"}, "un nombre au-dessus de 0, jusqu’à 200"},
		{"coefficient", map[string]any{"coefficient": "-1"}, "un nombre au-dessus de 0, jusqu’à 100"},
	} {
		values := map[string]any{"kind": "devoir", "date": "2026-10-13", "label": "gardé"}
		for k, v := range c.values {
			values[k] = v
		}
		p := teacher.Get(form).Submit(form, values)
		if kept, _ := p.Field("label"); p.Status != 422 || !p.Has(c.want) || kept != "gardé" {
			t.Errorf("%s: %d, label %q: %s", c.name, p.Status, kept, p)
		}
	}
	// a subject that the catalogue gives no coefficient
	l.update(t, func(tx *store.Tx) error {
		_, err := school.Assignments.Add(tx, school.Assignment{Person: l.People[school.Teacher].ID, Class: l.class, Subject: "COMPTA"})
		return err
	})
	if p := teacher.Get(l.notebook("COMPTA") + "/new"); p.Status != 422 || !p.Has("Comptabilité n’a pas de coefficient en Tle D1") {
		t.Errorf("a subject without coefficient: %s", p)
	}

	sheet := l.evaluation(t, teacher, map[string]any{"scale": "40"})
	action := path(sheet)
	sheet = sheet.Submit(action, map[string]any{"m.1": "31", "m.2": "20"})
	// a pupil who left: the mark stays, the row is gone, an old page cannot write
	l.update(t, func(tx *store.Tx) error {
		p, err := school.People.Get(tx, l.pupils[1])
		p.Value.Left = "2026-11-20"
		if err != nil {
			return err
		}
		return school.People.Set(tx, p.ID, p.Value)
	})
	if p := sheet.Submit(action, map[string]any{"m.2": "22", "m.3": "1"}); !p.Has("a quitté l’établissement") || !p.Has("1 note est enregistrée") || !p.Has("Ne sont plus dans la classe") {
		t.Errorf("a pupil who left: %s", p)
	}
	// the scale cannot shrink below a mark
	if p := teacher.Get(action+"/edit").Submit(action+"/edit", map[string]any{"scale": "20"}); p.Status != 422 || !p.Has("Une note enregistrée, 31, ne tient pas sur 20") {
		t.Errorf("a smaller scale: %s", p)
	}
	if p := teacher.Get(action + "/edit"); strings.Contains(p.Body, action+"/delete") {
		t.Error("a sheet with marks offers to be deleted")
	}
	// after the closing nothing changes
	open := teacher.Get(action)
	l.endPeriod(t, "2026-11-20")
	if p := open.Submit(action, map[string]any{"m.1": "32"}); p.Status != 422 || !p.Has("est close depuis le") {
		t.Errorf("after the closing: %s", p)
	}
	if p := teacher.Get(action); strings.Contains(p.Body, `id="marks"`) || !p.Has("La saisie est close.") {
		t.Error("a closed sheet still has fields")
	}
}
