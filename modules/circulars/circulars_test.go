package circulars

import (
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

// office is a ministry with two schools, TG-1 and TG-2.
func office(t *testing.T) *webtest.Site {
	t.Helper()
	m := Module()
	s := webtest.New(t, webtest.Setup{
		Kind: web.Office, Routes: m.OfficePages, API: m.API, Nav: m.OfficeNav, Words: []fs.FS{m.Files},
		Collections: append(append(append([]store.Definition{}, m.Collections...), org.Collections()...), seal.Collections()...),
	})
	keys, err := officeKeys(s.DB)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s.DB, func(tx *store.Tx) error {
		if _, err := org.Seed(tx, packs.Must("togo")); err != nil {
			return err
		}
		for _, u := range []org.Unit{
			{Code: "TG-1", Name: "Lycée de Tokoin", Kind: org.School, Parent: "DRE-GL", Type: "general"},
			{Code: "TG-2", Name: "Lycée de Kara", Kind: org.School, Parent: "DRE-KA", Type: "technical"},
		} {
			if _, err := org.Units.Add(tx, u); err != nil {
				return err
			}
		}
		site, err := school.Site(tx)
		if err != nil {
			return err
		}
		site.Root = keys.Root()
		if err := school.SetSite(tx, site); err != nil {
			return err
		}
		_, err = seal.Publish(tx, keys)
		return err
	})
	return s
}

// lycee is a box of school TG-1 that has pinned the office's root key.
func lycee(t *testing.T, o *webtest.Site) *webtest.Site {
	t.Helper()
	m := Module()
	s := webtest.New(t, webtest.Setup{
		Kind: web.Box, Routes: m.Pages, API: m.API, Nav: m.Nav, Words: []fs.FS{m.Files},
		Collections: append(append(append([]store.Definition{}, m.Collections...), org.Collections()...), seal.Collections()...),
	})
	keys, err := officeKeys(o.DB)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s.DB, func(tx *store.Tx) error {
		site, err := school.Site(tx)
		if err != nil {
			return err
		}
		site.Code, site.Root = "TG-1", keys.Root()
		return school.SetSite(tx, site)
	})
	update(t, o.DB, func(tx *store.Tx) error {
		id, err := seal.Publish(tx, keys)
		if err != nil {
			return err
		}
		return store.Address(tx, id, []string{"TG-1"})
	})
	return s
}

func update(t *testing.T, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Update(fn); err != nil {
		t.Fatal(err)
	}
}

// carry brings what the office has for TG-1 to the box, files too, then the
// box's own rows back; with tamper a row is changed on its way.
func carry(t *testing.T, o, s *webtest.Site, tamper func(*store.Row)) {
	t.Helper()
	move := func(from, to *store.DB, f store.Feed, site string) {
		have, err := to.Received(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := from.Changes(f, have, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Rows {
			if tamper != nil {
				tamper(&b.Rows[i])
			}
			for _, file := range b.Rows[i].Blobs {
				f, err := from.OpenBlob(file.Hash)
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := to.PutBlob(f, file.Size); err != nil {
					t.Fatal(err)
				}
				f.Close()
			}
		}
		if err := to.Apply(b, site); err != nil {
			t.Fatal(err)
		}
		if err := from.Acked(f, b.To); err != nil {
			t.Fatal(err)
		}
	}
	for _, lane := range []store.Lane{store.Control, store.Urgent, store.Records} {
		move(o.DB, s.DB, store.Feed{Origin: o.DB.Origin(), Lane: lane, Site: "TG-1"}, "")
	}
	update(t, s.DB, register)
	for _, lane := range []store.Lane{store.Urgent, store.Records} {
		move(s.DB, o.DB, store.Feed{Origin: s.DB.Origin(), Lane: lane}, "TG-1")
	}
}

var filled = map[string]any{
	"reference": "n° 082/MEPSTA/CAB/SG", "subject": "Calendrier des compositions", "everyone": "1", "deadline": "2026-10-20",
	"body": "Les compositions commencent le **2 février**.\n\n<script>alert(1)</script>\n\n[ici](javascript:alert(1))", "finish": "1", "reply": "1",
}

func TestACircularGoesToTheSchoolAndItsReceiptComesBack(t *testing.T) {
	o := office(t)
	s := lycee(t, o)
	form := o.As(school.Publisher).Get("/circulars/new")
	p := form.Submit("/circulars/new", with(filled, "annexes", []webtest.File{{Name: "../../etc/calendrier.txt", Data: []byte("lundi")}}))
	if p.Status != 200 || !p.Has("Projet soumis à la signature") {
		t.Fatalf("saving the draft: %s", p)
	}
	var draft store.ID
	inside(t, o.DB, func(tx *store.Tx) error {
		for d, err := range drafts.All(tx) {
			if err != nil {
				return err
			}
			draft = d.ID
		}
		return nil
	})
	if got := o.As(school.Publisher).Get("/circulars/drafts/" + draft.String() + "/sign"); got.Status != http.StatusNotFound && got.Status != http.StatusForbidden {
		t.Errorf("a publisher opened the signature: %s", got)
	}
	confirm := o.As(school.Signatory).Get("/circulars/drafts/" + draft.String() + "/sign")
	if !confirm.Has("Signer et publier pour 2 établissements") {
		t.Fatalf("confirmation: %s\n%s", confirm, confirm.Text())
	}
	signed := confirm.Submit("", nil)
	if !signed.Has("Circulaire signée et publiée") || strings.Contains(signed.Body, "<script>alert") || strings.Contains(signed.Body, "javascript:alert") {
		t.Fatalf("signing: %s\n%s", signed, signed.Text())
	}
	if again := confirm.Submit("", nil); again.Status != 200 {
		t.Errorf("the same form again: %s", again)
	}

	carry(t, o, s, nil)
	list := s.As(school.Teacher).Get("/circulars")
	if !list.Has("Calendrier des compositions") || !list.Has("à lire") {
		t.Fatalf("the teacher's list: %s", list.Text())
	}
	id := strings.TrimPrefix(signed.URL.Path, "/circulars/")
	page := s.As(school.Teacher).Get("/circulars/" + id)
	if !page.Has("Lu et pris connaissance") || !page.Has("mardi 20 octobre 2026") || !page.Has("calendrier.txt") || page.Has("etc/") {
		t.Fatalf("the teacher's page: %s\n%s", page, page.Text())
	}
	if annex := s.As(school.Teacher).Get("/circulars/" + id + "/annexes/1"); annex.Body != "lundi" || !strings.HasPrefix(annex.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("annex: %s %q", annex, annex.Body)
	}
	if read := page.Submit("/circulars/"+id+"/read", nil); !read.Has("Lecture enregistrée à votre nom") {
		t.Fatalf("acknowledging: %s\n%s", read, read.Text())
	}
	if who := s.As(school.Teacher).Get("/circulars/" + id + "/readers"); who.Status != http.StatusNotFound && who.Status != http.StatusForbidden {
		t.Errorf("a teacher sees who has read: %s", who)
	}
	if who := s.As(school.Head).Get("/circulars/" + id + "/readers"); !who.Has("pas encore lu") || !who.Has("1 personne sur 6 a lu") {
		t.Errorf("the head's list: %s\n%s", who, who.Text())
	}
	if pupil := s.As(school.Pupil).Get("/circulars/" + id); pupil.Status != http.StatusNotFound {
		t.Errorf("a pupil opened a staff circular: %s", pupil)
	}
	forward := s.As(school.Head).Get("/circulars/" + id + "/forward")
	if f := forward.Submit("/circulars/"+id+"/forward", map[string]any{"note": "À lire en classe", "roles": []string{"pupil"}}); !f.Has("Circulaire transmise") {
		t.Fatalf("forwarding: %s\n%s", f, f.Text())
	}
	if pupil := s.As(school.Pupil).Get("/circulars/" + id); !pupil.Has("À lire en classe") {
		t.Errorf("forwarded to pupils: %s", pupil)
	}
	if l := s.As(school.Head).Get("/circulars"); !l.Has("sans l’accusé du chef") {
		t.Errorf("before the head acknowledged the register says: %s", l.Text())
	}
	s.As(school.Head).Get("/circulars/"+id).Submit("/circulars/"+id+"/read", nil)
	sheet := s.As(school.Secretary).Get("/circulars/" + id + "/sheet")
	if none := sheet.Submit("/circulars/"+id+"/sheet", nil); !none.Has("Personne n’est coché") {
		t.Errorf("nobody ticked: %s", none.Text())
	}
	ticked := sheet.Submit("/circulars/"+id+"/sheet", map[string]any{"signed": []string{s.People[school.Supervisor].ID.String()}})
	if !ticked.Has("1 signature enregistrée") || !ticked.Has("signé sur papier") {
		t.Errorf("ticking: %s\n%s", ticked, ticked.Text())
	}
	answer := s.As(school.Head).Get("/circulars/" + id + "/reply")
	if empty := answer.Submit("/circulars/"+id+"/reply", map[string]any{"text": ""}); !empty.Has("Le texte de la réponse manque") {
		t.Errorf("empty reply: %s", empty.Text())
	}
	if r := answer.Submit("/circulars/"+id+"/reply", map[string]any{"text": "Reçu, 24 classes.", "file": []webtest.File{{Name: "etat.txt", Data: []byte("24")}}}); !r.Has("Réponse enregistrée") {
		t.Errorf("reply: %s\n%s", r, r.Text())
	}
	if l := s.As(school.Head).Get("/circulars"); !l.Has("attend le lien") {
		t.Errorf("before the link: %s", l.Text())
	}

	carry(t, o, s, nil)
	if l := s.As(school.Head).Get("/circulars"); !l.Has("au ministère") {
		t.Errorf("after the link: %s", l.Text())
	}
	counts := o.As(school.Statistician).Get("/circulars/" + id + "/receipts")
	if l := s.As(school.Head).Get("/circulars"); l.Has("sans l’accusé du chef") {
		t.Errorf("the head acknowledged, and the register says: %s", l.Text())
	}
	for _, want := range []string{"Reçue par 1 établissement sur 2", "3 agents sur 6 ont lu", "accusé par le chef", "jamais de contact", "Grand Lomé"} {
		if !counts.Has(want) {
			t.Errorf("the office's counts lack %q:\n%s", want, counts.Text())
		}
	}
	replies := o.As(school.Publisher).Get("/circulars/" + id + "/replies")
	if !replies.Has("Reçu, 24 classes.") || !replies.Has("etat.txt") {
		t.Errorf("replies: %s", replies.Text())
	}
	// A colleague joins: the count follows without anybody reading.
	if err := s.DB.Update(func(tx *store.Tx) error {
		if _, err := school.People.Add(tx, school.Person{Kind: school.Staff, Surname: "NOUVEAU", Given: "Kossi", Roles: []school.Role{school.Teacher}}); err != nil {
			return err
		}
		return recount(tx)
	}); err != nil {
		t.Fatal(err)
	}
	carry(t, o, s, nil)
	if more := o.As(school.Statistician).Get("/circulars/" + id + "/receipts"); !more.Has("3 agents sur 7 ont lu") {
		t.Errorf("a colleague joined: %s", more.Text())
	}
	before := s.DB.Newest()
	if err := s.DB.Update(recount); err != nil || s.DB.Newest() != before {
		t.Errorf("counting again wrote something, or %v", err)
	}
	for role, actor := range s.People {
		if role != school.Head && strings.Contains(counts.Body, actor.Name) {
			t.Errorf("the name of the %s climbed to the ministry", role)
		}
	}
}

func TestAReplacedAndAWithdrawnCircularSayBy(t *testing.T) {
	o := office(t)
	s := lycee(t, o)
	first := publish(t, o, "n° 1", store.ID{}, seal.Circular)
	second := publish(t, o, "n° 2", first, seal.Replacement)
	publish(t, o, "n° 3", second, seal.Withdrawal)
	carry(t, o, s, nil)
	for id, want := range map[store.ID]string{first: "remplacée", second: "retirée"} {
		if p := s.As(school.Teacher).Get("/circulars/" + id.String()); !p.Has(want) {
			t.Errorf("%s: %s", want, p.Text())
		}
	}
	var code string
	inside(t, s.DB, func(tx *store.Tx) error {
		c, err := circulars.Get(tx, first)
		code = c.Value.Code
		return err
	})
	if v := asked(t, s, code, ""); v.Verdict != seal.Replaced || v.By != "n° 2" {
		t.Errorf("verify: %+v", v)
	}
}

func TestARefusedDraftKeepsItsWords(t *testing.T) {
	o := office(t)
	form := o.As(school.Publisher).Get("/circulars/new")
	for field, bad := range map[string]any{"reference": "", "subject": "", "body": "", "deadline": "2026-02-31", "everyone": nil} {
		values := with(filled, field, bad)
		if bad == nil {
			delete(values, field)
		}
		p := form.Submit("/circulars/new", values)
		if p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %s", field, p)
			continue
		}
		for _, kept := range []string{"reference", "subject", "deadline"} {
			if got, _ := p.Field(kept); kept != field && got != filled[kept] {
				t.Errorf("%s refused: %s came back as %q", field, kept, got)
			}
		}
	}
	preview := form.Submit("/circulars/new", with(filled, "preview", "1"))
	if !preview.Has("Aperçu du texte") || strings.Contains(preview.Body, "<script>alert") {
		t.Errorf("preview: %s", preview.Text())
	}
}

// A signed circular never changes: a year mistyped in the deadline is told before.
func TestThePersonWhoSignsIsToldOfAPastDeadline(t *testing.T) {
	o := office(t)
	for deadline, late := range map[string]bool{"2016-10-20": true, "2126-10-20": false} {
		form := o.As(school.Publisher).Get("/circulars/new")
		list := form.Submit("/circulars/new", with(filled, "deadline", deadline))
		var sign string
		inside(t, o.DB, func(tx *store.Tx) error {
			for d, err := range drafts.All(tx) {
				if err != nil {
					return err
				}
				if d.Value.Deadline == deadline {
					sign = "/circulars/drafts/" + d.ID.String() + "/sign"
				}
			}
			return nil
		})
		if p := o.As(school.Signatory).Get(sign); p.Status != 200 || p.Has("déjà passée") != late {
			t.Errorf("%s, %s: %s\n%s", deadline, list, p, p.Text())
		}
	}
}

func TestTheWordsOfCirculars(t *testing.T) { web.CheckWords(t, Module().Files) }

// publish signs a circular at the office, for TG-1 and TG-2.
func publish(t *testing.T, o *webtest.Site, reference string, replaces store.ID, kind seal.Kind) (id store.ID) {
	t.Helper()
	keys, err := officeKeys(o.DB)
	if err != nil {
		t.Fatal(err)
	}
	update(t, o.DB, func(tx *store.Tx) error {
		d, err := drafts.Add(tx, Draft{Reference: reference, Subject: "Objet", Body: "Texte", Audience: everyone, Kind: kind, Replaces: replaces})
		if err != nil {
			return err
		}
		id, _, err = sign(tx, keys, d, o.People[school.Signatory], "signataire", school.SiteInfo{Name: "Ministère"})
		return err
	})
	return id
}

func inside(t *testing.T, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.View(fn); err != nil {
		t.Fatal(err)
	}
}

func with(m map[string]any, key string, value any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	if value != nil {
		out[key] = value
	}
	return out
}
