package marks_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"preau/school"
	"preau/store"
)

// TestWhatIsAMark: comma or point, states by letter or word, and nothing else;
// what is refused stays in the field and nothing is written.
func TestWhatIsAMark(t *testing.T) {
	l := newLycee(t, 1)
	teacher := l.As(school.Teacher)
	sheet := path(l.evaluation(t, teacher, nil))
	for _, c := range []struct{ typed, kept, why string }{
		{"0", "0", ""},
		{"20", "20", ""},
		{"12,5", "12,5", ""},
		{"12.25", "12,25", ""},
		{" 7,50 ", "7,5", ""},
		{"ABS", "abs", ""},
		{"J", "absj", ""},
		{"", "", ""},
		{"20,25", "20,25", "20,25 dépasse 20. Corrigez la note."},
		{"21", "21", "21 dépasse 20. Corrigez la note."},
		{"-1", "-1", "n’est pas une note"},
		{"12,345", "12,345", "12,345"},
		{"1e1", "1e1", "n’est pas une note"},
		{"douze", "douze", "n’est pas une note"},
		{"12,5,5", "12,5,5", "n’est pas une note"},
		{"١٢", "١٢", "n’est pas une note"},
		{"=1+1", "=1+1", "n’est pas une note"},
	} {
		before, _ := teacher.Get(sheet).Field("m.1")
		p := teacher.Get(sheet).Submit(sheet, map[string]any{"m.1": c.typed})
		got, _ := p.Field("m.1")
		after, _ := teacher.Get(sheet).Field("m.1")
		switch {
		case c.why == "" && (p.Status != 200 || after != c.kept):
			t.Errorf("%q: %d, kept as %q, want %q", c.typed, p.Status, after, c.kept)
		case c.why != "" && (p.Status != 422 || !p.Has(c.why) || got != c.typed || after != before):
			t.Errorf("%q: %d, in the field %q, stored %q, before %q:\n%s", c.typed, p.Status, got, after, before, p)
		}
	}
}

// TestRowsOfAnotherSheet: a row that was made for another class is refused by
// name, whoever sends it, and the marks of both stay as they are.
func TestRowsOfAnotherSheet(t *testing.T) {
	l := newLycee(t, 2)
	teacher := l.As(school.Teacher)
	var other store.ID
	l.update(t, func(tx *store.Tx) (err error) {
		if other, err = school.Classes.Add(tx, school.Class{Label: "Tle D2", Level: "Tle", Series: "D", Year: "2026-2027"}); err != nil {
			return err
		}
		p := school.Person{Kind: school.PupilKind, Roles: []school.Role{school.Pupil}, Class: other, Surname: "AFI", Given: "Mawuli", Sex: "F"}
		if _, err = school.People.Add(tx, p); err != nil {
			return err
		}
		_, err = school.Assignments.Add(tx, school.Assignment{Person: l.People[school.Teacher].ID, Class: other, Subject: "MATH"})
		return err
	})
	here := l.evaluation(t, teacher, nil)
	form := "/marks/of/" + other.String() + "/MATH/new?period=1"
	there := teacher.Get(form).Submit(form, map[string]any{"kind": "devoir", "date": "2026-10-14"})
	theirs := hidden.FindAllStringSubmatch(there.Body, -1)[0][2]
	if p := here.Submit(path(here), map[string]any{"m.1": "12", "v.1": theirs}); p.Status != 422 || !p.Has("AFI Mawuli") {
		t.Errorf("a row of another class: %s", p)
	}
	sent := url.Values{"_token": {strings.Fields(theirs)[1]}, "v": {theirs}, "m": {"12"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URL+path(here)+"/rows", strings.NewReader(sent.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p := teacher.Do(req); p.Status != http.StatusNotFound {
		t.Errorf("the script's row of another class: %s", p)
	}
	for _, sheet := range []string{path(here), path(there)} {
		if p := teacher.Get(sheet); !p.Has("0 / ") {
			t.Errorf("something is written:\n%s", p)
		}
	}
	if p := teacher.Get(path(there) + "/rows/" + l.pupils[0].String()); p.Status != 404 || strings.Contains(p.Body, "KPƆTƆ") {
		t.Errorf("a row of who is not on the sheet: %d", p.Status)
	}
}

// TestTheCouncilAfterTheIssue: what was said when bulletins were issued stays.
func TestTheCouncilAfterTheIssue(t *testing.T) {
	l := newLycee(t, 1)
	fillAll(t, l, map[string][]string{"interro": {"12"}, "devoir": {"11"}, "composition": {"13"}})
	head, deputy := l.As(school.Head), l.As(school.Deputy)
	council := l.classPath("council") + "?period=1&n=1"
	old := deputy.Get(council)
	issue := l.classPath("bulletins") + "/issue?period=1"
	if p := head.Get(issue).Submit(issue, nil); !p.Has("1 bulletin est émis.") {
		t.Fatalf("%s", p)
	}
	p := old.Submit(council, map[string]any{"remark": "Trop tard"})
	if p.Status != 422 || !p.Has("émis") {
		t.Errorf("after the issue: %s", p)
	}
	if p := deputy.Get(l.classPath("council") + "/minutes?period=1"); p.Has("Trop tard") {
		t.Error("the minutes hold what was said too late")
	}
}
