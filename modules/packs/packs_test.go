package packs

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

func TestWords(t *testing.T) { web.CheckWords(t, files) }

func site(t *testing.T, kind web.Kind) *webtest.Site {
	t.Helper()
	m := Module()
	routes, nav := m.Pages, m.Nav
	if kind == web.Office {
		routes, nav = m.OfficePages, m.OfficeNav
	}
	var shared []store.Definition
	for _, list := range [][]store.Definition{m.Collections, packs.Collections(), org.Collections(), seal.Collections()} {
		shared = append(shared, list...)
	}
	s := webtest.New(t, webtest.Setup{Kind: kind, Routes: routes, Nav: nav, Words: []fs.FS{m.Files}, Collections: shared})
	s.Clock.Set(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	return s
}

func update(t *testing.T, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Update(fn); err != nil {
		t.Fatal(err)
	}
}

// pair is an office with two schools, and the box of the first.
func pair(t *testing.T) (office, box *webtest.Site, keys *seal.Keys) {
	t.Helper()
	office, box = site(t, web.Office), site(t, web.Box)
	keys, err := seal.OpenKeys(filepath.Join(office.DB.Dir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	pin := func(tx *store.Tx, code string) error {
		s, err := school.Site(tx)
		if err != nil {
			return err
		}
		s.Root, s.Code = keys.Root(), code
		if err := school.SetSite(tx, s); err != nil {
			return err
		}
		y, err := school.Years.One(tx, "label", "2026-2027")
		if err != nil {
			return err
		}
		y.Value.Periods = []school.Period{
			{Use: school.EvaluationPeriod, Number: 1, Name: "1er semestre", From: "2026-09-14", Until: "2027-02-05"},
			{Use: school.EvaluationPeriod, Number: 2, Name: "2e semestre", From: "2027-02-08", Until: "2027-07-02"},
		}
		return school.Years.Set(tx, y.ID, y.Value)
	}
	update(t, office.DB, func(tx *store.Tx) error {
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
		if err := pin(tx, "MIN"); err != nil {
			return err
		}
		id, err := seal.Publish(tx, keys)
		if err != nil {
			return err
		}
		return store.Address(tx, id, []string{"TG-1", "TG-2"})
	})
	update(t, box.DB, func(tx *store.Tx) error { return pin(tx, "TG-1") })
	return office, box, keys
}

// carry brings what the office has for the box, has the box judge it, and brings
// the box's answers back.
func carry(t *testing.T, office, box *webtest.Site, tamper func(*store.Row)) {
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
		}
		if err := to.Apply(b, site); err != nil {
			t.Fatal(err)
		}
		if err := from.Acked(f, b.To); err != nil {
			t.Fatal(err)
		}
	}
	for _, lane := range []store.Lane{store.Control, store.Records} {
		move(office.DB, box.DB, store.Feed{Origin: office.DB.Origin(), Lane: lane, Site: "TG-1"}, "")
	}
	update(t, box.DB, judge)
	move(box.DB, office.DB, store.Feed{Origin: box.DB.Origin(), Lane: store.Records}, "TG-1")
}

// version is the pack of Togo with other words in its files, signed.
func version(t *testing.T, keys *seal.Keys, number, from string, change func(packs.Files)) []byte {
	t.Helper()
	given, err := packs.Embedded("togo")
	if err != nil {
		t.Fatal(err)
	}
	line := "version: \"" + number + "\"\n"
	if from != "" {
		line += "from: " + from + "\n"
	}
	given["pack.yaml"] = bytes.Replace(given["pack.yaml"], []byte("version: \"2026.1\"\n"), []byte(line), 1)
	if change != nil {
		change(given)
	}
	data, err := sign(given, keys, "Ministère", "2026-11-24")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func heavier(f packs.Files) {
	f["catalogue.yaml"] = bytes.Replace(f["catalogue.yaml"], []byte("{levels: [Tle], series: D, subject: PHILO, coefficient: 2"), []byte("{levels: [Tle], series: D, subject: PHILO, coefficient: 3"), 1)
}

// on is the version that a site uses on a day, and the coefficient of philosophy
// in Tle D.
func on(t *testing.T, s *webtest.Site, day string) (got string) {
	t.Helper()
	if err := s.DB.View(func(tx *store.Tx) error {
		p, err := packs.On(tx, day)
		if err != nil {
			return err
		}
		got = p.About.Version
		for _, r := range p.CatalogueOf("Tle", "D") {
			if r.Subject == "PHILO" {
				got += " " + r.Coefficient
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestAPackReachesItsSchools plays a change of the rules: read, compared, sent once,
// judged by the box, counting from its day, corrected by another version.
func TestAPackReachesItsSchools(t *testing.T) {
	office, box, keys := pair(t)
	signatory := office.As(school.Signatory)
	upload := func(data []byte) *webtest.Page {
		t.Helper()
		return signatory.Get("/packs").Submit("/packs", map[string]any{"file": []webtest.File{{Name: "togo.preaupack", Data: data}}})
	}
	good := version(t, keys, "2027.1", "2027-02-08", heavier)

	for name, c := range map[string]struct {
		data  []byte
		words []string
	}{
		"no file":        {nil, []string{"Choisissez le fichier du pack."}},
		"no pack":        {[]byte("bonjour"), []string{"1 faute, ci-dessous", "pack: n’est pas un pack en un fichier"}},
		"truncated":      {good[:len(good)-40], []string{"sa fin manque"}},
		"another office": {version(t, otherKeys(t), "2027.1", "2027-02-08", nil), []string{"signature: est fausse"}},
	} {
		p := signatory.Get("/packs").Submit("/packs", nil)
		if c.data != nil {
			p = upload(c.data)
		}
		for _, w := range append(c.words, "Rien n’est envoyé") {
			if p.Status != http.StatusUnprocessableEntity || !p.Has(w) {
				t.Errorf("%s: answered %d without %q\n%s", name, p.Status, w, p)
			}
		}
	}

	draft := upload(good)
	for _, words := range []string{"Envoyer le pack togo 2027.1", "Tle D PHILO", "8 février 2027", "2 lycées le reçoivent", "Grand Lomé", "recalculés, tous justes"} {
		if !draft.Has(words) {
			t.Errorf("before sending the page lacks %q\n%s", words, draft)
		}
	}
	if p := office.As(school.Statistician).Get("/packs"); p.Status != http.StatusOK || p.Has("Lire le fichier") {
		t.Errorf("the statistician may send: %s", p)
	}
	at := draft.URL.Path
	sent := draft.Submit(at, nil)
	if !sent.Has("Le pack part vers 2 lycées.") || !sent.Has("Compte dans 0 lycée sur 2.") {
		t.Fatalf("sent: %s", sent)
	}
	if p := upload(good); !p.Submit(p.URL.Path, nil).Has("La version togo 2027.1 est déjà envoyée.") {
		t.Error("a version may be sent twice")
	}

	if got := on(t, box, "2027-03-01"); got != "2026.1 2" {
		t.Fatalf("before anything came the box uses %s", got)
	}
	carry(t, office, box, nil)
	for day, want := range map[string]string{"2026-09-14": "2026.1 2", "2027-02-07": "2026.1 2", "2027-02-08": "2027.1 3", "2027-06-01": "2027.1 3"} {
		if got := on(t, box, day); got != want {
			t.Errorf("on %s the box uses %s, want %s", day, got, want)
		}
	}
	here := box.As(school.Head).Get("/packs")
	for _, words := range []string{"authentique, en ordre", "togo 2027.1", "Signé par Ministère", "2e semestre · 2026-2027"} {
		if !here.Has(words) {
			t.Errorf("the school's page lacks %q\n%s", words, here)
		}
	}
	carry(t, office, box, nil)
	if p := signatory.Get(sent.URL.Path); !p.Has("Compte dans 1 lycée sur 2.") || !p.Has("compte là-bas") {
		t.Errorf("the office is not told:\n%s", p)
	}

	// A newer version for the same day takes its place; the other period stays.
	p := upload(version(t, keys, "2027.2", "2027-02-08", nil))
	if !p.Has("togo 2027.1") {
		t.Errorf("not compared with what counts:\n%s", p)
	}
	p.Submit(p.URL.Path, nil)
	carry(t, office, box, nil)
	if a, b := on(t, box, "2026-10-01"), on(t, box, "2027-03-01"); a != "2026.1 2" || b != "2027.2 2" {
		t.Errorf("after the correction: %s, %s", a, b)
	}
}

func otherKeys(t *testing.T) *seal.Keys {
	t.Helper()
	k, err := seal.OpenKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestAFalsePackChangesNothing: what was altered on the way, what is not in order
// and what a stolen key signed is set aside with its reason; the box goes on with
// the rules it has.
func TestAFalsePackChangesNothing(t *testing.T) {
	office, box, keys := pair(t)
	release := func(data []byte) store.ID {
		t.Helper()
		var id store.ID
		update(t, office.DB, func(tx *store.Tx) (err error) { // past the office's own check: as a broken office would
			id, err = packs.Releases.Add(tx, packs.Release{Code: "togo", Version: "2027.1", From: "2027-02-08", File: data})
			if err != nil {
				return err
			}
			return address(tx, id)
		})
		return id
	}
	release(version(t, keys, "2027.1", "2027-02-08", heavier))
	carry(t, office, box, func(r *store.Row) {
		if r.Collection == packs.Releases.Name() {
			r.Body = bytes.Replace(r.Body, []byte("pack.yaml"), []byte("pakc.yaml"), -1)
		}
	})
	if got := on(t, box, "2027-03-01"); got != "2026.1 2" {
		t.Errorf("an altered pack counts: %s", got)
	}
	release(version(t, otherKeys(t), "2027.1", "2027-02-08", heavier))
	given, err := packs.Embedded("togo")
	if err != nil {
		t.Fatal(err)
	}
	given["formula.yaml"] = bytes.Replace(given["formula.yaml"], []byte("- {of: devoir, weight: 2}"), []byte("- {of: devoir, weight: 2}\n        - {of: moyenne, weight: 1}"), 1)
	h := given.Header(packs.Must("togo"))
	h.Date = "2026-11-24"
	signed, err := keys.Sign(h)
	if err != nil {
		t.Fatal(err)
	}
	circle, err := given.Carry(signed)
	if err != nil {
		t.Fatal(err)
	}
	release(circle)
	carry(t, office, box, nil)
	if got := on(t, box, "2027-03-01"); got != "2026.1 2" {
		t.Errorf("a false pack counts: %s", got)
	}
	here := box.As(school.Deputy).Get("/packs")
	for _, words := range []string{"mis de côté", "signature: est fausse", "formula.yaml:"} {
		if !here.Has(words) {
			t.Errorf("the page lacks %q\n%s", words, here)
		}
	}
	carry(t, office, box, nil)

	// Signed by a key that was stolen later: what counted counts no more.
	id := release(version(t, keys, "2027.1", "2027-02-08", heavier))
	carry(t, office, box, nil)
	if got := on(t, box, "2027-03-01"); got != "2027.1 3" {
		t.Fatalf("a good pack after false ones: %s", got)
	}
	if p := office.As(school.Statistician).Get("/packs/" + id.String()); !p.Has("compte là-bas") {
		t.Errorf("the office's page:\n%s", p)
	}
	if err := keys.Revoke(1, store.ID{}); err != nil {
		t.Fatal(err)
	}
	update(t, office.DB, func(tx *store.Tx) error { _, err := seal.Publish(tx, keys); return err })
	carry(t, office, box, nil)
	if got := on(t, box, "2027-03-01"); got != "2026.1 2" {
		t.Errorf("what a stolen key signed counts: %s", got)
	}
	carry(t, office, box, nil)
	if p := office.As(school.Statistician).Get("/packs/" + id.String()); !p.Has("est d’une clé volée ou perdue") {
		t.Errorf("the office is not told why:\n%s", p)
	}
}

// TestAnOfficeSendsOnlyWhatIsInOrder: the command's door.
func TestAnOfficeSendsOnlyWhatIsInOrder(t *testing.T) {
	office, _, keys := pair(t)
	err := office.DB.Update(func(tx *store.Tx) error {
		_, _, err := send(tx, school.Actor{}, version(t, keys, "2027.1", "", nil))
		return err
	})
	if no := school.RefusalsIn(err); len(no) == 0 || no[0].Key != "packs.refused.from" {
		t.Errorf("without a day: %v", err)
	}
	err = office.DB.Update(func(tx *store.Tx) error {
		_, _, err := send(tx, school.Actor{}, []byte("PK"))
		return err
	})
	if faults := new(packs.Faults); !errors.As(err, faults) || !strings.Contains(err.Error(), "its end is missing") {
		t.Errorf("no pack: %v", err)
	}
}
