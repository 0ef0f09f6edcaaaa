package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"preau/web/webtest"
)

// TestBadInputAtTheForms sends what no honest browser would, and what tired
// people do, to the running program's forms and doors.
func TestBadInputAtTheForms(t *testing.T) {
	s := openStage(t)
	publisher := s.enter("office", "publisher", 0)
	operator := s.enter("office", "operator", 0)
	head := s.enter("box", "head", 0)
	teacher := s.enter("box", "teacher", 0)
	secretary := s.enter("box", "secretary", 0)
	censeur := s.enter("box", "deputy", 0)
	toAnswer := one(t, head, "/circulars", "Recensement des enseignants", `/circulars/[0-9a-z]+`)

	t.Run("refused forms keep what was typed", func(t *testing.T) {
		cases := []struct {
			who       *webtest.Client
			page      string
			typed     map[string]any
			lost      []string // what must not come back: secrets
			words     string   // of the refusal
			unchanged string   // where nothing new may show, "" to skip
			never     string
		}{
			{publisher, "/circulars/new", map[string]any{"reference": "n° 777/MEN", "subject": "Une circulaire sans texte", "body": " ", "deadline": "2031-02-28", "finish": "1"}, nil, "", "/circulars", "Une circulaire sans texte"},
			{publisher, "/circulars/new", map[string]any{"reference": "n° 778/MEN", "subject": "Le 31 février", "body": "Texte gardé.", "deadline": "2031-02-31", "everyone": "1", "finish": "1"}, nil, "", "/circulars", "Le 31 février"},
			{operator, "/schools/new", map[string]any{"code": "LYC-0117", "name": "Un code déjà pris", "town": "Vogan"}, nil, "", "/schools", "Un code déjà pris"},
			{operator, "/users/new", map[string]any{"surname": "SANSFONCTION", "given": "Ama", "login": "sans.fonction"}, nil, "", "/users", "SANSFONCTION"},
			{operator, "/users/new", map[string]any{"surname": "HOMONYME", "given": "Ama", "login": "exploitation", "roles": "publisher"}, nil, "", "/users", "HOMONYME"},
			{censeur, "/notices/new", map[string]any{"kind": "service", "subject": "Une note à personne", "body": "Texte gardé.", "finish": "1"}, nil, "", "/notices", "Une note à personne"},
			{censeur, "/notices/new", map[string]any{"kind": "avis", "subject": "Finie avant de commencer", "body": "Texte gardé.", "pupils": "1", "from": "2031-02-28", "until": "2031-02-27", "finish": "1"}, nil, "", "/notices", "Finie avant de commencer"},
			{censeur, "/notices/new", map[string]any{"kind": "avis", "subject": "Une classe inventée", "body": "Texte gardé.", "classes": "zzzzzzzzzzzzzzz", "finish": "1"}, nil, "", "/notices", "Une classe inventée"},
			{teacher, "/account/password", map[string]any{"current": "ce-n-est-pas-lui-99", "secret": "trois-mots-ensemble-9", "again": "trois-mots-ensemble-9"}, []string{"current", "secret", "again"}, "", "", ""},
			{head, toAnswer + "/reply", map[string]any{"text": " "}, nil, "", toAnswer, "Votre réponse est enregistrée"},
			{head, toAnswer + "/forward", map[string]any{"note": "À lire avant vendredi.", "roles": "operator"}, nil, "", toAnswer, "À lire avant vendredi."},
		}
		for _, c := range cases {
			form := c.who.Get(c.page)
			p := form.Submit(c.page, c.typed)
			if p.Status != http.StatusUnprocessableEntity || !p.Has("Refusé") {
				t.Errorf("%s with %.80v answered %.600s", c.page, c.typed, p)
				continue
			}
			for name, v := range c.typed {
				got, ok := p.Field(name)
				switch v := v.(type) {
				case string:
					if slices.Contains(c.lost, name) {
						if got != "" {
							t.Errorf("%s: the secret %s came back", c.page, name)
						}
					} else if ok && name != "finish" && strings.TrimSpace(got) != strings.TrimSpace(v) {
						t.Errorf("%s: %s came back as %.60q, not %.60q", c.page, name, got, v)
					}
				}
			}
			if c.unchanged != "" && c.who.Get(c.unchanged).Has(c.never) {
				t.Errorf("%s: a refused form left %q on %s", c.page, c.never, c.unchanged)
			}
		}
		// The name that was typed at the door stays, the password does not.
		p := webtest.Visit(t, s.Box).Get("/signin").Submit("/signin", map[string]any{"login": "k.agbodjan", "secret": "pas-le-bon-12", "device": "own"})
		login, _ := p.Field("login")
		secret, _ := p.Field("secret")
		device, _ := p.Field("device")
		if p.Status != http.StatusUnprocessableEntity || login != "k.agbodjan" || secret != "" || device != "own" {
			t.Errorf("sign-in refused: %d, login %q, secret %q, device %q", p.Status, login, secret, device)
		}
	})

	t.Run("oversize uploads stop early", func(t *testing.T) {
		token := secretary.Get("/admin/import").Token("/admin/import")
		for _, announced := range []bool{true, false} {
			body := &endless{left: 1 << 30, first: textPart("_token", token) + textPart("kind", "staff") + filePart("file", "tout.csv")}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Box+"/admin/import", body)
			if err != nil {
				t.Fatal(err)
			}
			if announced {
				req.ContentLength = 1 << 30
			}
			req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
			p := secretary.Do(req)
			kind, _ := p.Field("kind")
			if p.Status != http.StatusRequestEntityTooLarge || !p.Has("Mo") || kind != "staff" {
				t.Errorf("announced %v: %.700s, kind %q", announced, p, kind)
			}
			if body.read.Load() > 64<<20 {
				t.Errorf("announced %v: %d MB were taken of a file that is not", announced, body.read.Load()>>20)
			}
		}
	})

	t.Run("wrong media types", func(t *testing.T) {
		token := secretary.Get("/admin/import").Token("/admin/import")
		for _, kind := range []string{"text/plain", "application/json", "text/xml; charset=utf-8", "", "multipart/form-data", "application/x-www-form-urlencoded; charset=utf-8;;;"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Box+"/admin/import", strings.NewReader(url.Values{"_token": {token}, "kind": {"pupil"}}.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", kind)
			if p := secretary.Do(req); p.Status < 400 || p.Status >= 500 || !p.Has("Refusé") && !p.Has("formulaire") {
				t.Errorf("%q: %.500s", kind, p)
			}
		}
		for name, data := range map[string]string{"liste.xlsx": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "liste.csv": "MZ\x90\x00\x03\x00\x00\x00\x04\x00", "liste.ods": "<html><table><tr><td>Nom</td></tr></table></html>"} {
			p := secretary.Get("/admin/import").Submit("/admin/import", map[string]any{"kind": "staff", "file": []webtest.File{{Name: name, Data: []byte(data)}}})
			if p.Status != http.StatusUnprocessableEntity || !p.Has("Refusé") {
				t.Errorf("%s: %.500s", name, p)
			}
		}
		pen := s.token("office", "publisher")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Office+"/api/v1/circulars", strings.NewReader("<circular/>"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+pen)
		req.Header.Set("Content-Type", "text/xml")
		if p := webtest.Visit(t, s.Office).Do(req); p.Status != http.StatusUnsupportedMediaType || !strings.Contains(p.Body, `"error"`) {
			t.Errorf("XML at the API: %.400s", p)
		}
	})

	t.Run("names with markup, apostrophes and direction marks", func(t *testing.T) {
		list := "Nom;Prénoms;Sexe;Date de naissance;Classe;Matricule\n" +
			"<script>alert(1)</script>;Ama;F;12/03/2010;2nde A1;991001\n" +
			"D'ALMEIDA O'BRIEN;N’Guessan;M;13/03/2010;2nde A1;991002\n" +
			"\u202eTROPPEHC\u202c;Koffi\u200f;M;14/03/2010;2nde A1;991003\n" +
			"\"\"\" onmouseover=\"\"alert(1)\";Akou;F;15/03/2010;2nde A1;991004\n"
		dry := secretary.Get("/admin/import").Submit("/admin/import", map[string]any{"kind": "pupil", "file": []webtest.File{{Name: "élèves.csv", Data: []byte(list)}}})
		harmlessPage(t, dry)
		applied := dry.Submit(dry.URL.Path, map[string]any{})
		harmlessPage(t, applied)
		class := one(t, secretary, "/people", "2nde A1", `/people/classes/[0-9a-z]+`)
		for _, p := range []*webtest.Page{secretary.Get(class), secretary.Get("/people?q=" + url.QueryEscape("o'brien")), secretary.Get("/people?q=" + url.QueryEscape(`"><script>alert(1)</script>`)), teacher.Get(class)} {
			harmlessPage(t, p)
		}
		if p := secretary.Get("/people?q=" + url.QueryEscape("d’almeida o’brien")); !p.Has("O'BRIEN") && !p.Has("O’BRIEN") {
			t.Errorf("the name with apostrophes is not found by another apostrophe: %.600s", p)
		}
		pen := s.token("office", "publisher")
		if status, body := s.post("office", pen, "/circulars", `{"reference":"n° 1/<script>alert(1)</script>","subject":"L'\u202egnirts\u202c \"><img src=x onerror=alert(1)>","body":"x","urgency":"normal","audience":{"everyone":true}}`); status == http.StatusCreated {
			harmlessPage(t, publisher.Get("/circulars"))
			harmlessPage(t, publisher.Get("/circulars/drafts/"+field(body, "id")))
		} else if status != http.StatusUnprocessableEntity {
			t.Errorf("a reference with markup: %d %s", status, body)
		}
	})

	t.Run("Markdown with HTML and javascript links", func(t *testing.T) {
		body := "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n[un](javascript:alert(1)) [deux](JaVaScRiPt:alert(1)) [trois](data:text/html;base64,PHNjcmlwdD4=) [quatre](vbscript:x)\n\n<a href=\"javascript:alert(1)\">cinq</a> ![six](javascript:alert(1))\n\n[sept]: javascript:alert(1)\n\n[sept]\n\n<javascript:alert(1)>\n\n<iframe src=//x></iframe><style>*{display:none}</style>"
		pen, sign := s.token("office", "publisher"), s.token("office", "signatory")
		status, answer := s.post("office", pen, "/circulars", fmt.Sprintf(`{"reference":"n° 790/MEN","subject":"Texte piégé","body":%q,"urgency":"normal","audience":{"everyone":true}}`, body))
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, answer)
		}
		id := field(answer, "id")
		harmlessPage(t, publisher.Get("/circulars/new").Submit("/circulars/new", map[string]any{"reference": "n° 791/MEN", "subject": "Aperçu", "body": body, "everyone": "1", "preview": "1"}))
		if status, answer = s.post("office", sign, "/circulars/"+id+"/sign", "{}"); status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
		if p := publisher.Get("/circulars/" + field(answer, "id")); p.Status != http.StatusOK || !p.Has("quatre") {
			t.Errorf("%.300s", p)
		} else {
			harmlessPage(t, p)
		}
		waitUntil(t, "the circular reaches the box", func() bool { return head.Get("/circulars").Has("Texte piégé") })
		harmlessPage(t, head.Get(one(t, head, "/circulars", "Texte piégé", `/circulars/[0-9a-z]+`)))
	})

	t.Run("path tricks in file names", func(t *testing.T) {
		tricks := []string{`../../../../etc/passwd`, `..\..\..\evil.html`, `C:\Windows\system32\x.html`, "/absolu.html", "a\u202egpj.html", "x%2f..%2fy.html", strings.Repeat("long", 100) + ".html", "...", "\u0000zero.html", `"; filename="autre.html`}
		token := publisher.Get("/circulars/new").Token("/circulars/new")
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for name, v := range map[string]string{"_token": token, "reference": "n° 792/MEN", "subject": "Noms de fichiers", "body": "Voir les annexes.", "everyone": "1", "save": "1"} {
			if err := w.WriteField(name, v); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range tricks {
			part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="annexes"; filename="` + strings.NewReplacer(`"`, `\"`, "\x00", "%00").Replace(name) + `"`}, "Content-Type": {"text/html"}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write([]byte("<script>alert(document.cookie)</script>" + name)); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		before := filesIn(t, s.dir)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Office+"/circulars/new", &b)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", w.FormDataContentType())
		p := publisher.Do(req)
		if p.Status != http.StatusOK {
			t.Fatalf("%.800s", p)
		}
		blob := regexp.MustCompile(`^office/blobs/[0-9a-f]{2}/[0-9a-f]{64}$`)
		for path := range filesIn(t, s.dir) {
			if !before[path] && !blob.MatchString(path) && !strings.HasPrefix(path, "office/copies/") && !strings.HasPrefix(path, "box/copies/") {
				t.Errorf("an upload made the file %s", path)
			}
		}
		sign := s.token("office", "signatory")
		draft := one(t, publisher, "/circulars", "Noms de fichiers", `/circulars/drafts/[0-9a-z]+`)
		id := filepath.Base(draft)
		p = publisher.Get(draft).Submit(draft, map[string]any{"finish": "1"})
		status, answer := s.post("office", sign, "/circulars/"+id+"/sign", "{}")
		if status != http.StatusOK {
			t.Fatalf("%d %s\n%.500s", status, answer, p)
		}
		id = field(answer, "id")
		for n := range tricks {
			p := publisher.Get(fmt.Sprintf("/circulars/%s/annexes/%d", id, n+1))
			disposition := p.Header.Get("Content-Disposition")
			if p.Status != http.StatusOK || !strings.HasPrefix(disposition, "attachment;") || strings.ContainsAny(disposition[len("attachment;"):], `/\`) ||
				p.Header.Get("Content-Type") != "application/octet-stream" || !strings.Contains(p.Header.Get("Content-Security-Policy"), "sandbox") || p.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("annex %d (%.40q): %d %v", n, tricks[n], p.Status, p.Header)
			}
		}
		for _, path := range []string{"/circulars/" + id + "/annexes/0/../../../signin", "/circulars/..%2f..%2fetc%2fpasswd", "/static/..%2f..%2fpreau.db", `/circulars/..\..\preau.db`, "/circulars/" + id + "/annexes/-1", "/circulars/" + id + "/annexes/99999999999999999999"} {
			res := s.raw("office", path)
			if res < 300 || res >= 500 {
				t.Errorf("%s answered %d", path, res)
			}
		}
	})

	t.Run("spreadsheet bombs", func(t *testing.T) {
		nothing := strings.Repeat("\x00", 1<<20)
		bombs := map[string][]byte{
			"grand.xlsx":   zipped(t, "xl/workbook.xml", "<workbook/>", "xl/worksheets/sheet1.xml", strings.Repeat(nothing, 300)),
			"chemins.xlsx": zipped(t, "xl/workbook.xml", "<workbook/>", "../../../preau.db", "x"),
			"entites.ods":  zipped(t, "content.xml", `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>`),
			"lignes.ods":   zipped(t, "content.xml", `<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet><table:table><table:table-row table:number-rows-repeated="999999999"><table:table-cell table:number-columns-repeated="999999999"><text:p>x</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>`),
		}
		pid := s.procs["box"].Process.Pid
		before := memory(pid, "VmHWM")
		for name, data := range bombs {
			p := secretary.Get("/admin/import").Submit("/admin/import", map[string]any{"kind": "pupil", "file": []webtest.File{{Name: name, Data: data}}})
			if p.Status != http.StatusUnprocessableEntity || !p.Has("Refusé") {
				t.Errorf("%s at the form: %.500s", name, p)
			}
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(s.bin, "import", "pupils", path, "--data", filepath.Join(s.dir, "box")).CombinedOutput()
			var exit *exec.ExitError
			if !asExit(err, &exit) || exit.ExitCode() != 3 {
				t.Errorf("preau import %s: %v\n%s", name, err, out)
			}
		}
		if most := memory(pid, "VmHWM"); most > before+150<<20 {
			t.Errorf("the bombs took %d MB", (most-before)>>20)
		}
	})
}

const boundary = "the-edge-of-a-part"

func textPart(name, value string) string {
	return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

func filePart(name, file string) string {
	return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + file + "\"\r\nContent-Type: text/csv\r\n\r\n"
}

// endless is the body of a form whose file does not end for long.
type endless struct {
	first string
	left  int64
	read  atomic.Int64 // the client goes on sending while the answer is read
}

func (e *endless) Read(b []byte) (int, error) {
	if e.first != "" {
		n := copy(b, e.first)
		e.first = e.first[n:]
		e.left -= int64(n)
		return n, nil
	}
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(b)), e.left))
	for i := range b[:n] {
		b[i] = 'a'
	}
	e.left -= int64(n)
	e.read.Add(int64(n))
	return n, nil
}

// Close lets it be a body.
func (e *endless) Close() error { return nil }

var powerful = regexp.MustCompile(`(?i)<script|<iframe|<img[^>]*onerror|<[a-z]+[^>]*\son[a-z]+=|(href|src)="?\s*(javascript|data:[^,]|vbscript)|<style|[\x{202a}-\x{202e}\x{2066}-\x{2069}]`)

// harmlessPage asks that nothing on a page can act or turn its letters around.
func harmlessPage(t *testing.T, p *webtest.Page) {
	t.Helper()
	if p.Status >= 500 {
		t.Errorf("%.600s", p)
	}
	if at := powerful.FindStringIndex(p.Body); at != nil {
		t.Errorf("%s holds %q", p.URL, p.Body[max(0, at[0]-80):min(len(p.Body), at[1]+80)])
	}
}

// one is the link on a page that has these words.
func one(t *testing.T, c *webtest.Client, page, words, link string) string {
	t.Helper()
	body := strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(c.Get(page).Body)
	for _, m := range regexp.MustCompile(`href="(`+link+`)"[^>]*>([^<]*)`).FindAllStringSubmatch(body, -1) {
		if strings.Contains(m[2], words) {
			return m[1]
		}
	}
	t.Fatalf("%s leads to no %q", page, words)
	return ""
}

func zipped(t *testing.T, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, parts[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// filesIn are the files below a folder.
func filesIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, err := filepath.Rel(dir, path)
			all[rel] = true
			return err
		}
		return nil // files come and go
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
