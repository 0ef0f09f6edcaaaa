package marks_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"preau/school"
	"preau/web/webtest"
)

// hundred are the marks that the tests type, with every state and both signs.
func hundred(i int) (typed, shown string) {
	switch i % 25 {
	case 3:
		return "a", "abs"
	case 9:
		return "j", "absj"
	case 14:
		return "d", "disp"
	case 17:
		return "n", "nr"
	case 22:
		return "f", "fraude"
	}
	s := strconv.Itoa(i % 20)
	if i%2 == 0 {
		return s + ".5", s + ",5"
	}
	return s + ",25", s + ",25"
}

func (l *lycee) tab(t *testing.T, role school.Role) *webtest.Tab {
	t.Helper()
	tab := webtest.OpenBrowser(t).Tab(l.URL)
	ck, err := l.Server.OpenSession(l.People[role].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	tab.SetCookie(ck)
	return tab
}

// wait asks until the page says so.
func wait(t *testing.T, tab *webtest.Tab, what, expression string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		if webtest.Eval[bool](tab, expression) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s never came:\n%s", what, tab.Text())
		}
	}
}

// live waits until the sheet's script has taken over the keys.
func live(t *testing.T, tab *webtest.Tab) {
	t.Helper()
	wait(t, tab, "the script", `document.getElementById("marks").getAttribute("data-live") === "1"`)
}

// at waits until the cursor stands in a row.
func at(t *testing.T, tab *webtest.Tab, row int) {
	t.Helper()
	wait(t, tab, "the cursor in row "+strconv.Itoa(row), `document.activeElement.name === "m.`+strconv.Itoa(row)+`"`)
}

func (l *lycee) check(t *testing.T, sheet string, n int) {
	t.Helper()
	p := l.As(school.Teacher).Get(sheet)
	for i := range n {
		_, want := hundred(i)
		if got, _ := p.Field("m." + strconv.Itoa(i+1)); got != want {
			t.Errorf("row %d holds %q, want %q", i+1, got, want)
		}
	}
}

func axe(t *testing.T, tab *webtest.Tab, where string) {
	t.Helper()
	for _, f := range tab.Axe() {
		t.Errorf("axe on %s: %s: %s\n%s", where, f.ID, f.Help, strings.Join(f.Nodes, "\n"))
	}
	if px := tab.Sideways(); px > 0 {
		t.Errorf("%s is %d px wider than its window", where, px)
	}
}

func TestAHundredMarksByKeyboard(t *testing.T) {
	for _, width := range []int{1366, 360} {
		l := newLycee(t, 100)
		sheet := path(l.evaluation(t, l.As(school.Teacher), nil))
		tab := l.tab(t, school.Teacher)
		tab.Width(width)
		tab.Open(sheet)
		live(t, tab)
		at(t, tab, 1)
		wide := strconv.Itoa(width)
		for i := range 100 {
			typed, _ := hundred(i)
			if i == 40 { // a slip: said at once, nothing lost, nothing moves on
				tab.Keys("21\r")
				at(t, tab, 41)
				if !tab.Has("Plus de 20 : corrigez, rien n’est enregistré.") {
					t.Error("21/20 is not refused at once")
				}
				tab.Shot("marks-slip-" + wide)
			}
			tab.Keys(typed + "\r")
		}
		wait(t, tab, "the last mark", `document.getElementById("t-n").textContent === "100"`)
		tab.Shot("marks-filled-" + wide)
		axe(t, tab, "the filled sheet at "+wide)
		l.check(t, sheet, 100)
		tab.Open(l.notebook("MATH"))
		tab.Shot("marks-notebook-" + wide)
		axe(t, tab, "the notebook at "+wide)
		tab.Open(l.notebook("MATH") + "/new?period=1")
		tab.Shot("marks-new-" + wide)
		axe(t, tab, "the form at "+wide)
		tab.Open(sheet + "/log")
		axe(t, tab, "the log at "+wide)
		tab.Open("/marks")
		tab.Shot("marks-home-" + wide)
		axe(t, tab, "the list at "+wide)
		tab.Open("/marks/why/" + l.class.String() + "/" + l.pupils[1].String() + "/MATH?period=1")
		tab.Shot("marks-why-" + wide)
		axe(t, tab, "the explanation at "+wide)
		tab.Open(sheet + "/blank")
		tab.Print("marks-blank")
		l.remarksByKeyboard(t, tab, wide)
	}
}

// remarksByKeyboard types words and the number of a phrase, each with Enter.
func (l *lycee) remarksByKeyboard(t *testing.T, tab *webtest.Tab, wide string) {
	t.Helper()
	tab.Open("/marks/remarks/" + l.class.String() + "/MATH?period=1")
	live(t, tab)
	at(t, tab, 1)
	tab.Keys("Vive et rigoureuse\r3\r99\r")
	at(t, tab, 3) // told at once, nothing moves on
	if !tab.Has("Il n’y a que 7 phrases.") {
		t.Error("a phrase that is none is not refused at once")
	}
	wait(t, tab, "the phrase", `document.getElementsByName("m.2")[0].value === "Bon travail"`)
	tab.Shot("marks-remarks-" + wide)
	axe(t, tab, "the remarks at "+wide)
}

func TestAHundredMarksWithoutScript(t *testing.T) {
	l := newLycee(t, 100)
	sheet := path(l.evaluation(t, l.As(school.Teacher), nil))
	tab := l.tab(t, school.Teacher)
	tab.NoScript()
	tab.Width(1366)
	tab.Open(sheet)
	for i := range 100 {
		typed, _ := hundred(i)
		if i == 50 { // the rest on a telephone
			tab.Shot("marks-noscript-1366")
			tab.Width(360)
		}
		at(t, tab, i+1)
		tab.KeysOpen(typed + "\r")
	}
	tab.Shot("marks-noscript-360")
	l.check(t, sheet, 100)
}

func TestTheBoardInABrowser(t *testing.T) {
	l := newLycee(t, 30)
	action := path(l.evaluation(t, l.As(school.Teacher), nil))
	l.As(school.Teacher).Get(action).Submit(action, map[string]any{"m.1": "12", "m.2": "8"})
	tab := l.tab(t, school.Deputy)
	for _, width := range []int{1366, 360} {
		tab.Width(width)
		tab.Open("/marks/board")
		tab.Shot("marks-board-" + strconv.Itoa(width))
		axe(t, tab, "the board")
	}
	tab.Print("marks-board")
	tab.Open("/marks/board/reopen/" + l.class.String() + "/MATH?period=1")
	tab.Shot("marks-reopen-360")
	axe(t, tab, "the reopening")
}

func TestTheDifferenceInABrowser(t *testing.T) {
	l := newLycee(t, 8)
	sheet := path(l.evaluation(t, l.As(school.Teacher), nil))
	f := book(t, l.As(school.Teacher), sheet)
	fill(t, f, map[string]any{"C5": 12, "C6": "abs", "C7": 25, "C8": 9.5})
	file := filepath.Join(t.TempDir(), "notes.xlsx")
	if err := f.SaveAs(file); err != nil {
		t.Fatal(err)
	}
	tab := l.tab(t, school.Teacher)
	for _, width := range []int{1366, 360} {
		tab.Width(width)
		tab.Open(sheet + "/xlsx")
		tab.Shot("marks-book-" + strconv.Itoa(width))
		tab.Choose("file", file)
		tab.Press(`form[action$="/xlsx"] button`)
		tab.Shot("marks-difference-" + strconv.Itoa(width))
		axe(t, tab, "the difference")
	}
	tab.Press(`form[action="` + sheet + `"] button.b`)
	if !tab.Has("3 notes enregistrées.") {
		t.Errorf("accepted: %s", tab.Text())
	}
}

// TestTwoInTheSameSheetInABrowser: the second is told, and nothing is lost.
func TestTwoInTheSameSheetInABrowser(t *testing.T) {
	l := newLycee(t, 5)
	sheet := path(l.evaluation(t, l.As(school.Teacher), nil))
	mine, theirs := l.tab(t, school.Teacher), l.tab(t, school.Deputy)
	mine.Open(sheet)
	theirs.Open(sheet)
	live(t, mine)
	live(t, theirs)
	at(t, mine, 1)
	at(t, theirs, 1)
	mine.Keys("12\r")
	wait(t, mine, "the first mark", `document.getElementById("t-n").textContent === "1"`)
	theirs.Keys("15\r")
	wait(t, theirs, "the warning", `document.body.textContent.indexOf("a enregistré 12 entre-temps") > 0`)
	if got := webtest.Eval[string](theirs, `document.getElementsByName("m.1")[0].value`); got != "15" {
		t.Errorf("what was typed became %q", got)
	}
	theirs.Shot("marks-conflict-1366")
	if got, _ := l.As(school.Teacher).Get(sheet).Field("m.1"); got != "12" {
		t.Errorf("the first mark became %q", got)
	}
}
