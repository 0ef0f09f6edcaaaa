package notices

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web/webtest"
)

// TestAHundredNoticesAndAClassOfAHundred: lists stay in pages of thirty, lines stay
// light, and counts and names agree.
func TestAHundredNoticesAndAClassOfAHundred(t *testing.T) {
	s := lycee(t)
	key, err := seal.PaperKey(s.DB.Dir())
	if err != nil {
		t.Fatal(err)
	}
	tle, err := store.ParseID(class(t, s, "Tle D1"))
	if err != nil {
		t.Fatal(err)
	}
	var last store.ID
	update(t, s.DB, func(tx *store.Tx) error {
		var pupils []store.Record[school.Person]
		for i := range 100 {
			p := school.Person{Kind: school.PupilKind, Surname: fmt.Sprintf("AMÉGAN-%03d", i), Given: "Ɖela", Roles: []school.Role{school.Pupil}, Class: tle}
			id, err := school.People.Add(tx, p)
			if err != nil {
				return err
			}
			r, err := school.People.Get(tx, id)
			if err != nil {
				return err
			}
			pupils = append(pupils, r)
		}
		for i := range 100 {
			id, err := drafts.Add(tx, Draft{Text: Text{
				Kind: ServiceNote, Subject: fmt.Sprintf("Note numéro %03d sur la tenue, les retards et le matériel", i+1), Body: "Texte.", Ack: true, Audience: Audience{Classes: []store.ID{tle}},
			}})
			if err != nil {
				return err
			}
			if last, err = sign(tx, key, id, s.People[school.Head], "proviseur", today(tx)); err != nil {
				return err
			}
		}
		for _, p := range pupils[:40] {
			if _, _, err := school.NoteReading(tx, last, p, ""); err != nil {
				return err
			}
		}
		return nil
	})
	light := func(p *webtest.Page) {
		t.Helper()
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(p.Body))
		z.Close()
		if b.Len() > 12_000 {
			t.Errorf("%s weighs %d bytes", p.URL, b.Len())
		}
	}
	head := s.As(school.Head)
	p := head.Get("/notices")
	if n := strings.Count(p.Body, `<th scope="row">`); n != 30 || !p.Has("1 à 30 sur 100") || !p.Has("40 / 101") || !p.Has("Note numéro 100") || p.Has("Note numéro 070 ") {
		t.Errorf("%d rows: %s", n, p.Text())
	}
	light(p)
	if p = head.Get("/notices?from=90"); !p.Has("91 à 100 sur 100") || !p.Has("Note numéro 001") {
		t.Errorf("the last page: %s", p.Text())
	}
	if p = head.Get("/notices/archive?q=tenue+013"); !p.Has("1 à 1 sur 1") || !p.Has("Note numéro 013") {
		t.Errorf("searching: %s", p.Text())
	}
	at := "/notices/" + last.String()
	p = head.Get(at + "/readers")
	if n := strings.Count(p.Body, "pas encore lu"); n != 61 || !p.Has("40 personnes sur 101 ont lu") {
		t.Errorf("%d have not read: %s", n, p.Text())
	}
	light(p)
	p = head.Get(at + "/sheet")
	light(p)
	var ids []string
	for _, m := range regexp.MustCompile(`name="signed" value="([^"]+)"`).FindAllStringSubmatch(p.Body, -1) {
		ids = append(ids, m[1])
	}
	if len(ids) != 61 {
		t.Fatalf("%d boxes to tick", len(ids))
	}
	if p = p.Submit(at+"/sheet", map[string]any{"signed": ids}); !p.Has("61 signatures enregistrées") || !p.Has("101 personnes sur 101") {
		t.Errorf("ticking all: %s\n%s", p, p.Text())
	}
	// A reader who leaves the school is no longer counted among those who are meant.
	update(t, s.DB, func(tx *store.Tx) error {
		for r, err := range school.People.Where(tx, "class", tle) {
			if err != nil {
				return err
			}
			r.Value.Left = today(tx)
			return school.People.Set(tx, r.ID, r.Value)
		}
		return nil
	})
	if p, q := head.Get("/notices"), head.Get(at+"/readers"); !p.Has("100 / 100") || !q.Has("100 personnes sur 100") {
		t.Errorf("the list and the readers disagree: %s\n%s", p.Text(), q.Text())
	}
}

// sendRead sends the form of a notice that its page does not offer, and tells the status.
func sendRead(t *testing.T, s *webtest.Site, c *webtest.Client, note string) int {
	t.Helper()
	body := url.Values{"_token": {c.Get("/notices/new").Token("/notices/new")}}.Encode()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+note+"/read", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.Do(req).Status
}

// TestNumbersHaveNoGapWhenManySignAtOnce: commits are shared, numbers are not.
func TestNumbersHaveNoGapWhenManySignAtOnce(t *testing.T) {
	s := lycee(t)
	key, err := seal.PaperKey(s.DB.Dir())
	if err != nil {
		t.Fatal(err)
	}
	const n = 12
	var ids [n]store.ID
	update(t, s.DB, func(tx *store.Tx) (err error) {
		for i := range ids {
			if ids[i], err = drafts.Add(tx, Draft{Text: Text{Kind: ServiceNote, Subject: "À la fois", Body: "Texte.", Audience: Audience{Staff: true}}}); err != nil {
				return err
			}
		}
		return nil
	})
	errs := make(chan error, n)
	for _, id := range ids {
		go func() {
			errs <- s.DB.Update(func(tx *store.Tx) error {
				_, err := sign(tx, key, id, s.People[school.Head], "proviseur", today(tx))
				return err
			})
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	seen := map[int]bool{}
	if err := s.DB.View(func(tx *store.Tx) error {
		for r, err := range notices.All(tx) {
			if err != nil {
				return err
			}
			seen[r.Value.Number] = true
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		if !seen[i] {
			t.Errorf("number %d is missing: %v", i, seen)
		}
	}
}
