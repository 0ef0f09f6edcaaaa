package marks_test

import (
	"net/http"
	"strings"
	"testing"

	"preau/appliance"
	"preau/modules/marks"
	"preau/school"
	"preau/store"
	"preau/web"
)

// TestAllThatIsHeldOfAPupil: marks, what was said, what was issued. What a council
// said is the pupil's own once it is issued, not before.
func TestAllThatIsHeldOfAPupil(t *testing.T) {
	var l *lycee
	l = newLycee(t, 2, web.Route{Path: "/held", Access: school.SignedIn(), Handle: func(c *web.Ctx) error {
		var parts []appliance.Held
		err := c.View(func(tx *store.Tx) error {
			p, err := school.Roster.Person(tx, l.pupils[0])
			if err == nil {
				parts, err = marks.Module().Holds(c, tx, p)
			}
			return err
		})
		if err != nil {
			return err
		}
		var lines []string
		for _, p := range parts {
			lines = append(lines, p.Title)
			for _, r := range p.Rows {
				lines = append(lines, strings.Join(r, " | "))
			}
		}
		return c.Text(http.StatusOK, strings.Join(lines, "\n"))
	}})
	fillAll(t, l, map[string][]string{"interro": {"12,5", "9"}, "devoir": {"12", "9"}, "composition": {"absj", "9"}})
	council := l.classPath("council") + "?period=1&n=1"
	if p := l.As(school.Deputy).Get(council).Submit(council, map[string]any{"remark": "Doit persévérer"}); p.Status != http.StatusOK {
		t.Fatalf("council: %s", p)
	}
	l.People[school.Pupil] = school.Actor{ID: l.pupils[0], Name: l.names[0], Roles: []school.Role{school.Pupil}}
	head, own := l.As(school.Head), l.As(school.Pupil)
	before := head.Get("/held").Body
	for _, words := range []string{"Notes entrées", "| 12,5/20", "Doit persévérer"} {
		if !strings.Contains(before, words) {
			t.Errorf("for the head it lacks %q:\n%s", words, before)
		}
	}
	if text := own.Get("/held").Body; !strings.Contains(text, "12,5/20") || strings.Contains(text, "Doit persévérer") {
		t.Errorf("before the issue the pupil reads\n%s", text)
	}
	issue := l.classPath("bulletins") + "/issue?period=1"
	if p := head.Get(issue).Submit(issue, nil); !p.Has("2 bulletins sont émis.") {
		t.Fatalf("issue: %s", p)
	}
	if text := own.Get("/held").Body; !strings.Contains(text, "Doit persévérer") || !strings.Contains(text, "BUL-LOM-0001") {
		t.Errorf("after the issue the pupil reads\n%s", text)
	}
	if text := own.Get("/held").Body; strings.Contains(text, l.names[1]) {
		t.Errorf("another's name:\n%s", text)
	}
}
