package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/xuri/excelize/v2"

	"preau/web/webtest"
)

// TestFromMarksToBulletins plays what a school lives through before its council,
// with the real program: the censeur sees on the board who still has marks to
// enter; one teacher types a sheet while the power is cut three times, another
// fills hers at home; the council meets, the head issues; an appeal changes a
// mark; and whoever asks /verify is told the truth about every paper.
func TestFromMarksToBulletins(t *testing.T) {
	t.Setenv("MACHINE_TIME", "2026-11-24T09:00:00Z")
	s := openStage(t)
	deputy := s.enter("box", "deputy", 0)
	const board = "/marks/board?period=1"
	late := boardOf(deputy.Get(board))
	if len(late) != 2 {
		t.Fatalf("the demonstration has two gaps, the board shows %+v", late)
	}
	english, math := late[0], late[1]
	if !strings.Contains(english.state, "évaluation à créer") || !strings.Contains(math.state, "manquent 8 notes") || english.class != math.class {
		t.Fatalf("the board says %+v", late)
	}
	head := s.enter("box", "head", 0)
	issue := "/marks/bulletins/" + english.class + "/issue?period=1"
	if p := head.Get(issue).Submit(issue, nil); p.Status != http.StatusUnprocessableEntity || !p.Has("Aucun bulletin n’est émis") || !p.Has("Anglais : composition (0 / 1)") || !p.Has("Mathématiques, ") {
		t.Fatalf("issuing too early is answered with\n%s", p)
	}

	t.Run("typed through power cuts", func(t *testing.T) { english.sheet = typedThroughCuts(t, s, english) })
	t.Run("filled at home", func(t *testing.T) { filledAtHome(t, s, math) })

	if late := boardOf(deputy.Get(board)); len(late) != 0 {
		t.Fatalf("the board still shows %+v", late)
	}
	council := "/marks/council/" + english.class + "?period=1&n=1"
	p := deputy.Get(council)
	for n, of := 1, 0; ; n++ {
		m := regexp.MustCompile(`élève (\d+) sur (\d+)`).FindStringSubmatch(p.Text())
		if m == nil || m[1] != fmt.Sprint(n) {
			t.Fatalf("the council's pupil %d: %s", n, p)
		}
		at := fmt.Sprintf("/marks/council/%s?period=1&n=%d", english.class, n)
		p = p.Submit(at, map[string]any{"absences": "2", "justified": "1"})
		if of++; m[1] == m[2] {
			break
		}
	}
	if !p.Has("Procès-verbal") {
		t.Fatalf("after the last pupil comes\n%s", p)
	}
	issued := head.Get(issue).Submit(issue, nil)
	if !issued.Has("37 bulletins sont émis.") {
		t.Fatalf("issuing is answered with\n%s", issued)
	}
	if p := head.Get(issue).Submit(issue, nil); !p.Has("Déjà émis : 37 bulletins") {
		t.Errorf("a second issue is answered with\n%s", p)
	}

	// A bulletin and its code, and what anybody is told about it.
	paper := head.Get(link(t, issued, "/marks/issued/"))
	old := codeOf(t, paper)
	if said := verdictOf(t, s, old); said != "genuine" {
		t.Errorf("/verify says of the bulletin: %s", said)
	}
	twisted := []byte(old)
	if twisted[0]++; old[0] == '9' || old[0] == 'Z' {
		twisted[0] = '7'
	}
	if said := verdictOf(t, s, string(twisted)); said != "unknown" {
		t.Errorf("/verify says of a code that nobody gave: %s", said)
	}

	// The first pupil contests; the composition is corrected, the bulletin again issued.
	at := paper.URL.Path
	if p := paper.Submit(at+"/appeal", map[string]any{"text": "La composition d’anglais valait 19."}); !p.Has("La composition d’anglais valait 19.") {
		t.Fatalf("the appeal: %s", p)
	}
	sheet := deputy.Get(english.sheet)
	if p := sheet.Submit(english.sheet, map[string]any{"m.1": "19"}); !p.Has("1 note enregistrée.") {
		t.Fatalf("the correction: %s", p)
	}
	if paper = head.Get(at); !paper.Has("ont changé depuis l’émission") {
		t.Errorf("the change is not listed against the bulletin:\n%s", paper)
	}
	paper = paper.Submit(at+"/decide", map[string]any{"verdict": "accept", "answer": "Erreur de report."})
	again := paper.Submit(at+"/rectify", nil)
	if !again.Has("Le bulletin rectifié est émis.") {
		t.Fatalf("%s", again)
	}
	if said := verdictOf(t, s, old); said != "replaced" {
		t.Errorf("/verify says of the first bulletin: %s", said)
	}
	if said := verdictOf(t, s, codeOf(t, again)); said != "genuine" {
		t.Errorf("/verify says of the second bulletin: %s", said)
	}
	if text := readPDF(t, head.Get(again.URL.Path+"/duplicate")); !strings.HasPrefix(text, "DUPLICATA") {
		t.Errorf("the duplicate says\n%s", text)
	}
	s.kill("box") // all that survives the next cut too
	s.startBox()
	if said := verdictOf(t, s, old); said != "replaced" {
		t.Errorf("after a power cut /verify says of the first bulletin: %s", said)
	}
	t.Run("the power goes at a keystroke", func(t *testing.T) { killedAtKeystrokes(t, s, english) })
}

// gap is a line of the board on which something is missing.
type gap struct{ class, subject, teacher, state, sheet string }

var boardLine = regexp.MustCompile(`(?s)<tr>\s*<th scope="row">.*?href="/marks/of/(\w+)/(\w+)\?period=1".*?</tr>`)

func boardOf(p *webtest.Page) (late []gap) {
	tags := regexp.MustCompile(`<[^>]*>`)
	for _, m := range boardLine.FindAllStringSubmatch(p.Body, -1) {
		cells := strings.Split(m[0], "<td")
		text := strings.Join(strings.Fields(tags.ReplaceAllString(m[0], " ")), " ")
		if len(cells) < 2 || !strings.Contains(text, "manque") && !strings.Contains(text, "à créer") {
			continue
		}
		teacher := strings.TrimSpace(tags.ReplaceAllString("<td"+cells[1], ""))
		late = append(late, gap{class: m[1], subject: m[2], teacher: teacher, state: text})
	}
	return late
}

// enterAs signs in the person of a name.
func (s *stage) enterAs(name string) *webtest.Client {
	s.t.Helper()
	n := 0
	for _, l := range s.logins {
		if l.Site != "box" || l.Role != "teacher" {
			continue
		}
		if l.Name == name {
			return s.enter("box", "teacher", n)
		}
		n++
	}
	s.t.Fatalf("no teacher %s", name)
	return nil
}

// typedThroughCuts makes the composition and types its sheet row by row, as the
// page's script does. Three times the power goes while rows are on their way:
// what was answered is there afterwards, and at most the row being typed is not.
func typedThroughCuts(t *testing.T, s *stage, e gap) (at string) {
	t.Helper()
	teacher := s.enterAs(e.teacher)
	form := "/marks/of/" + e.class + "/" + e.subject + "/new?period=1"
	sheet := teacher.Get(form).Submit(form, map[string]any{"kind": "composition", "date": "2026-11-20"})
	at = sheet.URL.Path
	if !strings.HasPrefix(at, "/marks/sheets/") {
		t.Fatalf("no sheet: %s", sheet)
	}
	if p := sheet.Submit(at, map[string]any{"m.1": "21", "m.2": "12.5", "m.3": "9,25"}); !p.Has("21 dépasse 20") || !p.Has("2 notes sont enregistrées, pas les suivantes") {
		t.Fatalf("21/20 and both decimal signs: %s", p)
	}
	mark := func(n int) string { return fmt.Sprint((n*7)%20) + ",5" }
	seen := regexp.MustCompile(`name="v\.(\d+)" value="([^"]+)"`)
	answered := map[int]string{2: "12,5", 3: "9,25"}
	missing := 0
	for cut := 0; cut <= 3; cut++ {
		page := teacher.Get(at)
		rows := seen.FindAllStringSubmatch(page.Body, -1)
		if len(rows) != 37 {
			t.Fatalf("%d rows", len(rows))
		}
		var left []int
		for i := range rows {
			got, _ := page.Field(fmt.Sprintf("m.%d", i+1))
			want, sure := answered[i+1]
			switch {
			case sure && got != want:
				t.Errorf("after cut %d row %d holds %q, %q was answered", cut, i+1, got, want)
			case !sure && got != "" && got != mark(i+1):
				t.Errorf("after cut %d row %d holds %q, which nobody typed", cut, i+1, got)
			case !sure && got != "":
				answered[i+1] = got // on disk, the answer was lost
			case !sure:
				left = append(left, i)
			}
		}
		ctx, gone := context.WithCancel(t.Context())
		var sent atomic.Int32
		stop := make(chan struct{})
		if cut < 3 {
			go func() { // the light goes out with the seventh row on its way
				defer close(stop)
				for sent.Load() < 7 && ctx.Err() == nil {
				}
				_ = s.procs["box"].Process.Kill()
			}()
		} else {
			close(stop)
		}
		for _, i := range left {
			sent.Add(1)
			v := rows[i][2]
			body := url.Values{"_token": {strings.Fields(v)[1]}, "v": {v}, "m": {mark(i + 1)}}.Encode()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Box+at+"/rows", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			res, err := teacher.HTTP.Do(req)
			if err != nil {
				missing++
				break
			}
			b, err := io.ReadAll(res.Body)
			res.Body.Close()
			if err != nil {
				missing++
				break
			}
			if res.StatusCode != http.StatusOK {
				t.Fatalf("row %d: %d %s", i+1, res.StatusCode, b)
			}
			answered[i+1] = mark(i + 1)
		}
		gone()
		<-stop
		if cut < 3 {
			s.kill("box")
			s.startBox()
		}
	}
	if missing != 3 {
		t.Errorf("%d rows went unanswered in three cuts", missing)
	}
	if p := teacher.Get(at); !p.Has("37 / 37") || !p.Has("toutes les notes sont là") {
		t.Errorf("in the end the sheet says\n%s", p)
	}
	return at
}

// filledAtHome takes the two sheets that lack marks home as spreadsheets.
func filledAtHome(t *testing.T, s *stage, e gap) {
	t.Helper()
	teacher := s.enterAs(e.teacher)
	book := teacher.Get("/marks/of/" + e.class + "/" + e.subject + "?period=1")
	n := 0
	for _, m := range regexp.MustCompile(`(?s)<a href="(/marks/sheets/\w+)">.*?</tr>`).FindAllStringSubmatch(book.Body, -1) {
		if strings.Contains(m[0], "33 / 37") {
			n++
			fillSheet(t, teacher, m[1])
		}
	}
	if n != 2 {
		t.Errorf("%d sheets lack marks:\n%s", n, book)
	}
}

func fillSheet(t *testing.T, teacher *webtest.Client, at string) {
	t.Helper()
	f, err := excelize.OpenReader(strings.NewReader(teacher.Get(at + "/file").Body))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for n := range 37 {
		cell := fmt.Sprintf("C%d", n+5)
		v, err := f.GetCellValue("Notes", cell)
		if err == nil && v == "" {
			err = f.SetCellValue("Notes", cell, 4)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	form := teacher.Get(at + "/xlsx")
	if p := form.Submit(at+"/xlsx", map[string]any{"file": []webtest.File{{Name: "notes.xlsx", Data: []byte("PK\x03\x04 cut off")}}}); !p.Has("Le fichier n’est pas pris, rien n’a changé") {
		t.Errorf("half a file is answered with\n%s", p)
	}
	p := form.Submit(at+"/xlsx", map[string]any{"file": []webtest.File{{Name: "notes.xlsx", Data: b.Bytes()}}})
	if !p.Has("4 notes changent") {
		t.Fatalf("the difference: %s", p)
	}
	if p = p.Submit(at, nil); !p.Has("4 notes enregistrées.") {
		t.Errorf("accepted: %s", p)
	}
}

// link is the first link of a page that begins so.
func link(t *testing.T, p *webtest.Page, begins string) string {
	t.Helper()
	m := regexp.MustCompile(`href="(` + regexp.QuoteMeta(begins) + `[^"?/]+)"`).FindStringSubmatch(p.Body)
	if m == nil {
		t.Fatalf("no link %s on\n%s", begins, p)
	}
	return m[1]
}

func codeOf(t *testing.T, p *webtest.Page) string {
	t.Helper()
	_, rest, ok := strings.Cut(p.Text(), "tapez le code ")
	if !ok {
		t.Fatalf("no code on\n%s", p)
	}
	return strings.Fields(rest)[0]
}

// verdictOf asks the box as anybody may.
func verdictOf(t *testing.T, s *stage, code string) string {
	t.Helper()
	p := webtest.Visit(t, s.Box).Get("/api/v1/verify?code=" + url.QueryEscape(code))
	var said struct{ Verdict string }
	if err := json.Unmarshal([]byte(p.Body), &said); err != nil {
		t.Fatalf("%d %s", p.Status, p.Body)
	}
	return said.Verdict
}

// readPDF is a file's text in the order in which it was drawn.
func readPDF(t *testing.T, p *webtest.Page) string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not here (poppler-utils)")
	}
	file := filepath.Join(t.TempDir(), "paper.pdf")
	if err := os.WriteFile(file, []byte(p.Body), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command("pdftotext", "-raw", file, "-").Output()
	if err != nil {
		t.Fatalf("%d %v", p.Status, err)
	}
	return string(text)
}
