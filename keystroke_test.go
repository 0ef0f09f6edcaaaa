package main

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"preau/store/storetest"
	"preau/web/webtest"
)

// typedMark is what is typed into a row, and what stands there then.
func typedMark(row int) (typed, stands string) {
	switch row % 6 {
	case 2:
		return "j", "absj"
	case 4:
		return "7.25", "7,25"
	}
	s := fmt.Sprint((row*7)%20) + ",5"
	return s, s
}

// killedAtKeystrokes types a sheet in a browser, and the power of box and desk goes
// right after some keystroke, in the middle of a mark or with the Enter behind it.
// A person types on when the row before has its tick. Afterwards every row that was
// left stands as typed, the one being typed whole or not at all, and no other.
func killedAtKeystrokes(t *testing.T, s *stage, e gap) {
	t.Helper()
	kills, began := storetest.Total("keystrokes", 3, 60), time.Now()
	teacher := s.enterAs(e.teacher)
	box, err := url.Parse(s.Box)
	if err != nil {
		t.Fatal(err)
	}
	tab := webtest.OpenBrowser(t).Tab(s.Box)
	for _, ck := range teacher.HTTP.Jar.Cookies(box) {
		tab.SetCookie(ck)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	draw := rand.New(rand.NewPCG(seed, 5))
	sheet, row, lost, whole := "", 1, 0, 0
	for kill := range kills {
		if row > 25 || sheet == "" { // a fresh sheet before this one is full
			form := "/marks/of/" + e.class + "/" + e.subject + "/new?period=1"
			sheet, row = teacher.Get(form).Submit(form, map[string]any{"kind": "interro", "date": "2026-11-19"}).URL.Path, 1
		}
		tab.Open(sheet)
		until(t, tab, `document.getElementById("marks").getAttribute("data-live") === "1"`)
		webtest.Eval[bool](tab, fmt.Sprintf(`(function () { document.getElementsByName("m.%d")[0].focus(); return true })()`, row))
		last := 0 // the row that the last keystroke belongs to
		var entered bool
		for n, i := 2+draw.IntN(24), 0; n > 0; i++ {
			typed, _ := typedMark(row + i)
			keys := typed + "\r"
			keys = keys[:min(n, len(keys))]
			if i > 0 {
				until(t, tab, fmt.Sprintf(`document.getElementById("s-%d").className === "st ok"`, row+i-1))
			}
			tab.Keys(keys)
			n, last, entered = n-len(keys), row+i, strings.HasSuffix(keys, "\r")
		}
		s.kill("box")
		webtest.Eval[bool](tab, `(function () { document.getElementById("marks").sent = true; location.replace("about:blank"); return true })()`)
		s.startBox()
		page := teacher.Get(sheet)
		for i := 1; ; i++ {
			got, here := page.Field(fmt.Sprintf("m.%d", i))
			if !here {
				break
			}
			_, want := typedMark(i)
			switch {
			case i < last && got != want:
				t.Errorf("kill %d: row %d was left with %q and holds %q", kill, i, want, got)
			case i == last && got == want:
				whole++
			case i == last && got == "":
				lost++
			case i >= last && got != "":
				t.Errorf("kill %d: row %d holds %q, typed was %q (Enter: %v)", kill, i, got, want, entered)
			}
		}
		if got, _ := page.Field(fmt.Sprintf("m.%d", last)); got == "" {
			row = last
		} else {
			row = last + 1
		}
	}
	storetest.Record(t, "keystrokes", kills, map[string]any{"typed row lost": lost, "typed row whole": whole, "seconds": time.Since(began).Seconds()})
}

// until asks the page until it says so.
func until(t *testing.T, tab *webtest.Tab, expression string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !webtest.Eval[bool](tab, expression); {
		if time.Now().After(end) {
			t.Fatalf("never came: %s\n%s", expression, tab.Text())
		}
	}
}
