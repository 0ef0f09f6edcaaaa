package marks_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"preau/school"
	"preau/school/packs"
	"preau/school/seal"
	booksheet "preau/school/sheet"
	"preau/store"
	"preau/web/webtest"
)

// fillPeriod enters a subject of the first period, a sheet for each kind, and
// returns where the sheets are.
func fillPeriod(t testing.TB, l *lycee, subject string, marks map[string][]string) map[string]string {
	t.Helper()
	return fillIn(t, l, subject, 1, "2026-10-13", marks)
}

// fillIn is fillPeriod in the period of a day.
func fillIn(t testing.TB, l *lycee, subject string, period int, day string, marks map[string][]string) map[string]string {
	t.Helper()
	deputy := l.As(school.Deputy)
	sheets := map[string]string{}
	for _, kind := range []string{"interro", "devoir", "composition"} {
		form := fmt.Sprintf("%s/new?period=%d", l.notebook(subject), period)
		p := deputy.Get(form).Submit(form, map[string]any{"kind": kind, "date": day})
		if !strings.HasPrefix(p.URL.Path, "/marks/sheets/") {
			t.Fatalf("no sheet: %s", p)
		}
		values := map[string]any{}
		for i, m := range marks[kind] {
			values[fmt.Sprintf("m.%d", i+1)] = m
		}
		sheets[kind] = path(p)
		if p = p.Submit(path(p), values); p.Status != http.StatusOK {
			t.Fatalf("marks of %s: %s", subject, p)
		}
	}
	return sheets
}

// fillAll gives every compulsory subject of Tle D the same marks, mathematics
// those given.
func fillAll(t testing.TB, l *lycee, math map[string][]string) (mathSheets map[string]string) {
	t.Helper()
	same := map[string][]string{}
	for kind := range math {
		for range math[kind] {
			same[kind] = append(same[kind], "10")
		}
	}
	for _, row := range packs.Must("togo").CatalogueOf("Tle", "D") {
		switch {
		case row.Subject == "MATH":
			mathSheets = fillPeriod(t, l, "MATH", math)
		case !row.Facultative:
			fillPeriod(t, l, row.Subject, same)
		}
	}
	return mathSheets
}

func (l *lycee) classPath(what string) string { return "/marks/" + what + "/" + l.class.String() }

func pdfText(t *testing.T, c *webtest.Client, at string) string {
	t.Helper()
	return readPDF(t, c, at, "-layout")
}

// stamped tells whether a word lies across the first page: it is drawn first.
func stamped(t *testing.T, c *webtest.Client, at, word string) bool {
	t.Helper()
	return strings.HasPrefix(readPDF(t, c, at, "-raw"), word)
}

func readPDF(t *testing.T, c *webtest.Client, at, how string) string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not here (poppler-utils)")
	}
	res := c.Get(at)
	raw := []byte(res.Body)
	if res.Status != http.StatusOK || res.Header.Get("Content-Type") != "application/pdf" {
		t.Fatalf("%s: %s", at, res)
	}
	file := filepath.Join(t.TempDir(), "b.pdf")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command("pdftotext", how, file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\u00a0", " ")
}

// TestFromTheCouncilToTheAppeal plays a class's bulletins: what is missing is
// named, the council speaks, the head issues once, an appeal changes a mark, and
// every paper says what it is.
func TestFromTheCouncilToTheAppeal(t *testing.T) {
	l := newLycee(t, 3)
	math := map[string][]string{"interro": {"12", "8", "15"}, "devoir": {"11", "9", "16"}, "composition": {"13", "", "14"}}
	sheets := fillAll(t, l, math)
	head, deputy := l.As(school.Head), l.As(school.Deputy)
	issue := l.classPath("bulletins") + "/issue?period=1"

	p := head.Get(issue).Submit(issue, nil)
	if p.Status != http.StatusUnprocessableEntity || !p.Has("Aucun bulletin n’est émis") || !p.Has("Manque 1 note") || !p.Has(l.names[1]+" : Mathématiques") {
		t.Fatalf("a missing mark is answered with\n%s", p)
	}
	if p := head.Get(l.classPath("results") + "?period=1"); !p.Has("Manque 1 chose avant d’émettre") {
		t.Errorf("the results do not say what is missing:\n%s", p)
	}
	form := deputy.Get(sheets["composition"])
	if p := form.Submit(sheets["composition"], map[string]any{"m.2": "absj"}); p.Status != http.StatusOK {
		t.Fatalf("the missing mark: %s", p)
	}

	// Tle D: mathematics 5 of 24 points of coefficient. (12+2×11)/3 = 11.33, with 13: 12.17.
	results := head.Get(l.classPath("results") + "?period=1")
	for _, words := range []string{"10,45", "1er", "10 ou plus", "Assez"} {
		if words != "Assez" && !results.Has(words) {
			t.Errorf("the results lack %q:\n%s", words, results)
		}
	}

	council := l.classPath("council") + "?period=1&n=1"
	c := deputy.Get(council)
	if !c.Has("élève 1 sur 3") || !c.Has(l.names[0]) {
		t.Fatalf("the council sees\n%s", c)
	}
	bad := c.Submit(council, map[string]any{"absences": "dix", "justified": "3", "remark": "Doit persévérer"})
	if v, _ := bad.Field("remark"); bad.Status != http.StatusUnprocessableEntity || !bad.Has("Tapez un nombre entier") || v != "Doit persévérer" {
		t.Fatalf("bad words are answered with\n%s", bad)
	}
	next := bad.Submit(council, map[string]any{"absences": "4", "justified": "2"})
	if !next.Has("élève 2 sur 3") {
		t.Fatalf("after the first pupil comes\n%s", next)
	}
	if p := deputy.Get(l.classPath("council") + "/minutes?period=1"); !p.Has("Doit persévérer") || !p.Has("Procès-verbal") {
		t.Errorf("the minutes lack what was said:\n%s", p)
	}

	if p := deputy.Get(issue); p.Status != http.StatusNotFound {
		t.Errorf("the censeur may issue: %s", p)
	}
	draft := pdfText(t, head, l.classPath("bulletins")+"/preview?period=1")
	if !stamped(t, head, l.classPath("bulletins")+"/preview?period=1", "APERÇU") || strings.Count(draft, "\f") != 3 {
		t.Errorf("the preview says\n%s", draft)
	}
	done := head.Get(issue).Submit(issue, nil)
	if !done.Has("3 bulletins sont émis.") || !done.Has("BUL-LOM-0001-2627-P1-00001") {
		t.Fatalf("issuing is answered with\n%s", done)
	}
	if p := head.Get(issue).Submit(issue, nil); !p.Has("Déjà émis : 3 bulletins") {
		t.Errorf("a second issue is answered with\n%s", p)
	}
	text := pdfText(t, head, l.classPath("bulletins")+"/print?period=1")
	for _, words := range []string{"KPƆTƆAA Ɖela", "4 h, dont 2 h justifiées", "Doit persévérer", "dix virgule", "BUL-LOM-0001-2627-P1-00001", "MATHÉMATIQUES", "TCHASSANTI Pyalo", "Le proviseur", "Imprimé le"} {
		if !strings.Contains(strings.ToUpper(text), strings.ToUpper(words)) {
			t.Errorf("the bulletins lack %q", words)
		}
	}

	// The codes are confirmed here, with the numbers.
	id, code, mean := issuedOne(t, l)
	header, by := confirm(t, l, code)
	if by != "" || !strings.Contains(header.Subject, mean) || header.Reference == "" {
		t.Errorf("the code says %+v, replaced by %q", header, by)
	}

	// A change after the issue is listed; the paper stays.
	if p := deputy.Get(sheets["devoir"]).Submit(sheets["devoir"], map[string]any{"m.1": "17"}); p.Status != http.StatusOK {
		t.Fatalf("a change: %s", p)
	}
	paper := head.Get(id)
	if !paper.Has("ont changé depuis l’émission") || !paper.Has("Mathématiques") {
		t.Errorf("the change is not listed:\n%s", paper)
	}
	remarks := "/marks/remarks/" + l.class.String() + "/MATH?period=1"
	if p := deputy.Get(remarks).Submit(remarks, map[string]any{"m.1": "Vive et rigoureuse"}); p.Status != http.StatusOK {
		t.Fatalf("a remark after the issue: %s", p)
	}
	if paper = head.Get(id); !paper.Has("Mathématiques, appréciation") || !paper.Has("Vive et rigoureuse") {
		t.Errorf("the remark is not listed:\n%s", paper)
	}
	if p := paper.Submit(id+"/appeal", map[string]any{"text": ""}); !p.Has("Dites ce qui est contesté.") {
		t.Errorf("an empty appeal is answered with\n%s", p)
	}
	paper = paper.Submit(id+"/appeal", map[string]any{"text": "=17 au devoir, et non 12."})
	paper = paper.Submit(id+"/decide", map[string]any{"verdict": "accept"})
	if !paper.Has("Dites pourquoi.") {
		t.Errorf("a decision without a reason is answered with\n%s", paper)
	}
	paper = paper.Submit(id+"/decide", map[string]any{"verdict": "accept", "answer": "Erreur de report."})
	if !paper.Has("acceptée") || !paper.Has("Erreur de report.") {
		t.Fatalf("the decision: %s", paper)
	}
	again := paper.Submit(id+"/rectify", nil)
	if !again.Has("Le bulletin rectifié est émis.") || !again.Has("P1-00004") {
		t.Fatalf("the corrected bulletin: %s", again)
	}
	if _, by := confirm(t, l, code); !strings.Contains(by, "P1-00004") {
		t.Errorf("the old code says it is replaced by %q", by)
	}
	if p := head.Get(id); !p.Has("Ce bulletin est remplacé par BUL-LOM-0001-2627-P1-00004") {
		t.Errorf("the old bulletin says\n%s", p)
	}
	if at := path(again) + "/duplicate"; !stamped(t, head, at, "DUPLICATA") {
		t.Errorf("the duplicate says\n%s", pdfText(t, head, at))
	}
	for _, as := range []string{booksheet.XLSX, booksheet.CSV} {
		list := rowsOf(t, head, l.classPath("bulletins")+"?period=1&", as)
		if all := fmt.Sprint(list); len(list) != 4 || !strings.Contains(all, "'=17 au devoir") || !strings.Contains(all, "acceptée") || !strings.Contains(all, "P1-00004") {
			t.Errorf("the issued bulletins as %s: %+v", as, list)
		}
		if minutes := rowsOf(t, head, l.classPath("council")+"/minutes?period=1&", as); len(minutes) != 4 || !strings.Contains(fmt.Sprint(minutes), "Doit persévérer") {
			t.Errorf("the minutes as %s: %+v", as, minutes)
		}
	}
	// Nobody sees another's; a pupil sees the own.
	if p := l.As(school.Pupil).Get(id); p.Status != http.StatusNotFound {
		t.Errorf("a pupil opens another's bulletin: %s", p)
	}
	if p := l.As(school.Teacher).Get(id); p.Status != http.StatusNotFound {
		t.Errorf("a teacher of one subject opens a whole bulletin: %s", p)
	}
}

// TestAPhotoOnTheBulletin: who has a photo is shown on the paper, as it was when
// the bulletin was issued.
func TestAPhotoOnTheBulletin(t *testing.T) {
	l := newLycee(t, 2)
	fillAll(t, l, map[string][]string{"interro": {"12", "8"}, "devoir": {"11", "9"}, "composition": {"13", "7"}})
	face := func(shade uint8) store.Blob {
		img := image.NewGray(image.Rect(0, 0, 240, 320))
		for i := range img.Pix {
			img.Pix[i] = shade + uint8(i%240/4)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		hash, size, err := l.DB.PutBlob(&b, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		return store.Blob{Hash: hash, Size: size, Name: "photo.jpg", Type: "image/jpeg"}
	}
	first, later := face(40), face(160)
	var photo store.ID
	l.update(t, func(tx *store.Tx) (err error) {
		photo, err = school.Photos.Add(tx, school.Photo{Person: l.pupils[1], File: first})
		return err
	})
	head := l.As(school.Head)
	issue := l.classPath("bulletins") + "/issue?period=1"
	if got := pictures(t, head, l.classPath("bulletins")+"/preview?period=1"); got != 1 {
		t.Errorf("%d photos on the preview of two pupils, of whom one has one", got)
	}
	if p := head.Get(issue).Submit(issue, nil); !p.Has("2 bulletins sont émis.") {
		t.Fatalf("%s", p)
	}
	l.update(t, func(tx *store.Tx) error {
		return school.Photos.Set(tx, photo, school.Photo{Person: l.pupils[1], File: later})
	})
	if _, _, err := l.DB.SweepBlobs(); err != nil {
		t.Fatal(err)
	}
	if got := pictures(t, head, l.classPath("bulletins")+"/print?period=1"); got != 1 {
		t.Errorf("%d photos on the bulletins after the photo was changed", got)
	}
}

// pictures counts the JPEG pictures of a file.
func pictures(t *testing.T, c *webtest.Client, at string) int {
	t.Helper()
	if _, err := exec.LookPath("pdfimages"); err != nil {
		t.Skip("pdfimages is not here (poppler-utils)")
	}
	res := c.Get(at)
	file := filepath.Join(t.TempDir(), "b.pdf")
	if err := os.WriteFile(file, []byte(res.Body), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := exec.Command("pdfimages", "-list", file).Output()
	if err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	return strings.Count(string(list), " jpeg ")
}

func issuedOne(t *testing.T, l *lycee) (at, code, mean string) {
	t.Helper()
	p := l.As(school.Head).Get(l.classPath("bulletins") + "?period=1")
	link := strings.Index(p.Body, "/marks/issued/")
	if link < 0 {
		t.Fatalf("no bulletin in the list:\n%s", p)
	}
	at = p.Body[link:]
	at = at[:strings.IndexAny(at, `"`)]
	one := l.As(school.Head).Get(at)
	i := strings.Index(one.Text(), "tapez le code ")
	if i < 0 {
		t.Fatalf("no code:\n%s", one)
	}
	code = strings.Fields(one.Text()[i+len("tapez le code "):])[0]
	j := strings.Index(one.Text(), "Total ")
	if j < 0 {
		t.Fatalf("no average:\n%s", one)
	}
	return at, code, strings.Fields(one.Text()[j:])[1] // of the class's first pupil
}

func confirm(t *testing.T, l *lycee, code string) (h seal.Header, by string) {
	t.Helper()
	if err := l.DB.View(func(tx *store.Tx) error {
		s, err := seal.PaperByCode(tx, seal.NormalizeCode(code))
		if err != nil {
			return err
		}
		var end seal.End
		if h, end, err = seal.VerifyPaper(tx, s); err != nil {
			return err
		}
		by = end.By
		s.Header = append([]byte(nil), s.Header...)
		s.Header[len(s.Header)/2] ^= 1
		if _, _, err := seal.VerifyPaper(tx, s); err == nil {
			t.Error("an altered paper is confirmed")
		}
		return nil
	}); err != nil {
		t.Fatalf("code %q: %v", code, err)
	}
	return h, by
}

// TestTheCouncilInARealBrowser looks at the pages of a class with their pictures.
func TestTheCouncilInARealBrowser(t *testing.T) {
	l := newLycee(t, 12)
	b := webtest.OpenBrowser(t)
	math := map[string][]string{}
	for i := range 12 {
		math["interro"] = append(math["interro"], fmt.Sprint(4+i))
		math["devoir"] = append(math["devoir"], fmt.Sprint(5+i))
		math["composition"] = append(math["composition"], fmt.Sprint(6+i))
	}
	fillAll(t, l, math)
	head := l.As(school.Head)
	look := func(tab *webtest.Tab, name, at string) {
		t.Helper()
		for _, width := range []int{360, 1366} {
			tab.Width(width)
			tab.Open(at)
			tab.Shot(fmt.Sprintf("marks-%s-%d", name, width))
			if n := tab.Sideways(); n > 0 {
				t.Errorf("%s is %d pixels too wide at %d", at, n, width)
			}
		}
		for _, f := range tab.Axe() {
			t.Errorf("%s: %+v", at, f)
		}
	}
	tab := b.Tab(l.URL)
	ck, err := l.Server.OpenSession(l.People[school.Head].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	tab.SetCookie(ck)
	tab.NoScript()
	remarks := "/marks/remarks/" + l.class.String() + "/MATH?period=1"
	if typed := l.As(school.Deputy).Get(remarks); !typed.Submit(remarks, map[string]any{"m.1": "Doit apprendre ses leçons", "m.2": "2", "m.3": "Ŋutɔ nyo : en progrès"}).Has("3 appréciations enregistrées.") {
		t.Fatal("no remarks")
	}
	look(tab, "remarks-read", remarks)
	look(tab, "results", l.classPath("results")+"?period=1")
	look(tab, "council", l.classPath("council")+"?period=1&n=3")
	look(tab, "minutes", l.classPath("council")+"/minutes?period=1")
	tab.Print("marks-minutes")
	issue := l.classPath("bulletins") + "/issue?period=1"
	look(tab, "issue", issue)
	if p := head.Get(issue).Submit(issue, nil); !p.Has("12 bulletins sont émis.") {
		t.Fatalf("%s", p)
	}
	look(tab, "bulletins", l.classPath("bulletins")+"?period=1")
	at, _, _ := issuedOne(t, l)
	look(tab, "issued", at)
}
