package ministry

import (
	"fmt"
	"net/http"
	"testing"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web/webtest"
)

// signs adds a signed document to the office, as the circulars do.
func signs(t *testing.T, s *webtest.Site, number uint64) (seal.Signed, store.ID) {
	t.Helper()
	keys, err := openKeys(s.DB)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := keys.Sign(seal.Header{Reference: fmt.Sprintf("n° %d", number), Date: "2026-11-24", Subject: "Objet", Kind: seal.Circular, Body: seal.HashOf(nil)})
	if err != nil {
		t.Fatal(err)
	}
	id := store.ID{Origin: s.DB.Origin(), Number: number}
	if err := s.DB.Update(func(tx *store.Tx) error { return seal.Note(tx, id, signed, "/x") }); err != nil {
		t.Fatal(err)
	}
	return signed, id
}

// genuine is what a school that has received everything says of a document.
func genuine(t *testing.T, s *webtest.Site, x seal.Signed, id store.ID) error {
	t.Helper()
	keys, err := openKeys(s.DB)
	if err != nil {
		t.Fatal(err)
	}
	var list seal.KeyList
	if err := s.DB.View(func(tx *store.Tx) (err error) { list, err = seal.Current(tx, keys.Root()); return err }); err != nil {
		t.Fatal(err)
	}
	_, err = seal.VerifyRecord(list, x, id)
	return err
}

func TestAKeyIsChangedAndAStolenOneEnded(t *testing.T) {
	s := office(t)
	s.SetSecret(school.Operator, "tableau-vert-12", false)
	op := s.As(school.Operator)
	a, aID := signs(t, s, 101)
	form := op.Get("/keys/rotate")
	for secret, want := range map[string]string{"": "c’est votre signature", "autre-chose-99": "n’est pas votre mot de passe"} {
		if p := form.Submit("/keys/rotate", map[string]any{"secret": secret}); p.Status != http.StatusUnprocessableEntity || !p.Has(want) {
			t.Errorf("secret %q: %s\n%s", secret, p, p.Text())
		}
	}
	if p := op.Get("/keys"); !p.Has("Clé n° 1 signe 1") {
		t.Fatalf("a refused change changed something: %s", p.Text())
	}
	done := form.Submit("/keys/rotate", map[string]any{"secret": "tableau-vert-12"})
	if !done.Has("Clé changée") || !done.Has("Clé n° 2 signe 0") || !done.Has("Clé n° 1 retirée") {
		t.Fatalf("rotating: %s\n%s", done, done.Text())
	}
	if p := form.Submit("/keys/rotate", map[string]any{"secret": "tableau-vert-12"}); !p.Has("Clé n° 2 signe") || p.Has("Clé n° 3") {
		t.Errorf("the same form again changed the key again: %s", p.Text())
	}
	b, bID := signs(t, s, 102)
	c, cID := signs(t, s, 103)

	steal := op.Get("/keys/2/revoke")
	if !steal.Has("a signé 2 documents") || !steal.Has("n° 103") {
		t.Errorf("what will happen: %s", steal.Text())
	}
	if p := steal.Submit("/keys/2/revoke", map[string]any{"last": "", "secret": "tableau-vert-12"}); p.Status != http.StatusUnprocessableEntity || !p.Has("dernier document sûr") {
		t.Errorf("no document chosen: %s\n%s", p, p.Text())
	}
	stale := op.Get("/keys/rotate")
	if p := steal.Submit("/keys/2/revoke", map[string]any{"last": bID.String(), "secret": "tableau-vert-12"}); !p.Has("déclarée volée") || !p.Has("compte jusqu’à n° 102") || !p.Has("Clé n° 3 signe") {
		t.Fatalf("revoking: %s\n%s", p, p.Text())
	}
	if p := stale.Submit("/keys/rotate", map[string]any{"secret": "tableau-vert-12"}); p.Status != http.StatusUnprocessableEntity || !p.Has("a changé depuis") {
		t.Errorf("on an old list: %s\n%s", p, p.Text())
	}
	d, dID := signs(t, s, 104)
	for name, x := range map[string]struct {
		s    seal.Signed
		id   store.ID
		want error
	}{"by the retired key": {a, aID, nil}, "before the theft": {b, bID, nil}, "after it": {c, cID, seal.RevokedKey}, "by the new key": {d, dID, nil}} {
		if err := genuine(t, s, x.s, x.id); err != x.want {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	late := store.ID{Origin: aID.Origin, Number: 400}
	if err := genuine(t, s, a, late); err != seal.RetiredKey {
		t.Errorf("the retired key on a later record: %v", err)
	}
	if p := s.As(school.Signatory).Get("/keys"); p.Status != http.StatusNotFound {
		t.Errorf("a signatory sees the keys: %s", p)
	}
}
