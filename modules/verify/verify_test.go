package verify

import (
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

// box is a school that has pinned an office's root key and holds one document.
func box(t *testing.T) (s *webtest.Site, held, elsewhere seal.Signed) {
	t.Helper()
	m := Module()
	s = webtest.New(t, webtest.Setup{Routes: m.Pages, API: m.API, Words: []fs.FS{m.Files}, Collections: seal.Collections()})
	keys, err := seal.OpenKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sign := func(reference string) seal.Signed {
		signed, err := keys.Sign(seal.Header{Reference: reference, Date: "2026-11-24", Issuer: "Ministère", Signatory: "LE SECRÉTAIRE GÉNÉRAL", Subject: "Rentrée <b>", Kind: seal.Circular, Body: seal.HashOf(nil)})
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	held, elsewhere = sign("n° 1"), sign("n° 2")
	if err := s.DB.Update(func(tx *store.Tx) error {
		site, err := school.Site(tx)
		if err != nil {
			return err
		}
		site.Root = keys.Root()
		if err := school.SetSite(tx, site); err != nil {
			return err
		}
		if _, err := seal.Publish(tx, keys); err != nil {
			return err
		}
		return seal.Note(tx, store.ID{Number: 1, Origin: store.Origin{1}}, held, "/circulars/x")
	}); err != nil {
		t.Fatal(err)
	}
	return s, held, elsewhere
}

func TestAnybodyVerifies(t *testing.T) {
	s, held, elsewhere := box(t)
	code, text := seal.PrintCode(seal.ShortCode(held)), seal.QRText(elsewhere)
	form := s.Visitor().Get("/verify")
	if form.Status != http.StatusOK || form.Has("Ce qui a été contrôlé") {
		t.Fatalf("%s\n%s", form, form.Text())
	}
	for _, x := range []struct {
		query string
		want  []string
		not   string
	}{
		{"code=" + url.QueryEscape(strings.ToLower(code)), []string{"Authentique", "n° 1", "LE SECRÉTAIRE GÉNÉRAL", "la clé n° 1 de la liste n° 1", "d’après ce que ce site a reçu", "Comparez"}, "Ouvrir le document"},
		{"text=" + url.QueryEscape(text), []string{"Authentique", "n° 2", "n’est pas arrivé ici"}, "d’après ce que ce site a reçu"},
		{"code=" + url.QueryEscape(text), []string{"Authentique", "n° 2"}, ""},
		{"text=" + url.QueryEscape(text[:len(text)-9]+"A"+text[len(text)-8:]), []string{"Altéré", "N’y donnez aucune suite"}, "Rentrée"},
		{"code=" + url.QueryEscape(seal.ShortCode(elsewhere)), []string{"Inconnu ici", "pas encore arrivé"}, "Rentrée"},
		{"code=" + url.QueryEscape("é<script>"), []string{"Inconnu ici", "faute de copie"}, ""},
	} {
		p := s.Visitor().Get("/verify?" + x.query)
		for _, w := range x.want {
			if !p.Has(w) {
				t.Errorf("%.40s: no %q in\n%s", x.query, w, p.Text())
			}
		}
		if x.not != "" && p.Has(x.not) || strings.Contains(p.Body, "<script>") || strings.Contains(p.Body, "Rentrée <b>") {
			t.Errorf("%.40s: %q in\n%s", x.query, x.not, p.Text())
		}
	}
	if p := s.As(school.Teacher).Get("/verify?code=" + code); !p.Has("Ouvrir le document") {
		t.Errorf("signed in: %s", p.Text())
	}
}

func TestTheAPIVerifiesWithoutLogin(t *testing.T) {
	s, held, elsewhere := box(t)
	api := s.API("")
	for query, want := range map[string]string{
		"code=" + url.QueryEscape(" "+strings.ToLower(seal.ShortCode(held)[:5])+" - "+seal.ShortCode(held)[5:]): "genuine",
		"text=" + url.QueryEscape(strings.ToLower(seal.QRText(elsewhere))):                                      "genuine",
		"text=" + url.QueryEscape(seal.QRText(elsewhere)+"0"):                                                   "altered",
		"code=00000-00000": "unknown",
	} {
		var a answer
		p := api.Call("GET", "/verify?"+query, "")
		if p.JSON(&a); p.Status != 200 || a.Verdict != want {
			t.Errorf("%.40s: %s %+v, want %s", query, p, a, want)
		}
	}
	if p := api.Call("GET", "/verify", ""); p.Status != http.StatusUnprocessableEntity {
		t.Errorf("nothing asked: %s", p)
	}
}

func TestABoxThatIsNotEnrolledSaysSo(t *testing.T) {
	m := Module()
	s := webtest.New(t, webtest.Setup{Routes: m.Pages, API: m.API, Words: []fs.FS{m.Files}, Collections: seal.Collections()})
	if p := s.Visitor().Get("/verify?code=00000-00000"); !p.Has("Inconnu ici") || !p.Has("n’a pas encore reçu les clés") {
		t.Errorf("%s", p.Text())
	}
}

func TestTheWordsOfVerify(t *testing.T) { web.CheckWords(t, Module().Files) }
