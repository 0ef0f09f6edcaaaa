package ministry

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
	"preau/web/webtest"
)

func office(t *testing.T) *webtest.Site {
	t.Helper()
	m := Module()
	s := webtest.New(t, webtest.Setup{
		Kind: web.Office, Routes: m.OfficePages, API: m.API, Nav: m.OfficeNav, Words: []fs.FS{m.Files},
		Collections: append(append(append([]store.Definition{}, org.Collections()...), seal.Collections()...), boxsync.Collections()...),
	})
	if err := s.DB.Update(func(tx *store.Tx) error {
		_, err := org.Seed(tx, packs.Must("togo"))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

const registry = "REGISTRE DES ÉTABLISSEMENTS;;;;\nCode;Établissement;DRE;Type d’enseignement;Niveaux\nLYC-1;Lycée de Tokoin;Grand Lomé;Général;2nde, 1re, Tle\nLYC-2;Lycée technique de Kara;DRE-KA;Technique;2nde 1re Tle\nLYC-3;Lycée sans lieu;Atlantide;Général;\nLYC-1;Encore Tokoin;Grand Lomé;Général;\n"

func importOf(t *testing.T, s *webtest.Site, list, dry string) (rep schoolsReport) {
	t.Helper()
	var out bytes.Buffer
	r := &appliance.Running{DB: s.DB, Kind: web.Office, Log: slog.New(slog.DiscardHandler)}
	exit, err := importSchools(t.Context(), r, appliance.Call{JSON: true, Stdin: strings.NewReader(list), Stdout: &out, Flags: map[string]string{"dry-run": dry}})
	if exit != appliance.Done || err != nil {
		t.Fatal(exit, err)
	}
	if err := json.Unmarshal(out.Bytes(), &rep); err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestTheRegistryIsReadFromAList(t *testing.T) {
	s := office(t)
	dry := importOf(t, s, registry, "true")
	if dry.Added != 2 || len(dry.Refused) != 2 || dry.Refused[0].Line != 5 {
		t.Errorf("dry run: %+v", dry)
	}
	if p := s.As(school.Operator).Get("/schools"); p.Has("Tokoin") {
		t.Error("a dry run wrote")
	}
	if got := importOf(t, s, registry, ""); got.Added != 2 {
		t.Errorf("import: %+v", got)
	}
	if got := importOf(t, s, registry, ""); got.Added+got.Changed != 0 || got.Unchanged != 2 {
		t.Errorf("the same list again: %+v", got)
	}
	p := s.As(school.Statistician).Get("/schools?q=kara")
	if !p.Has("Lycée technique de Kara") || p.Has("Tokoin") {
		t.Errorf("search: %s", p.Text())
	}
}

func TestAListChangesWhatItSaysAndNothingElse(t *testing.T) {
	s := office(t)
	importOf(t, s, "code;nom;dre;type;ville;niveaux\nLYC-1;Lycée de Tokoin;DRE-GL;Technique;Lomé;2nde, 1re, Tle\n", "")
	if got := importOf(t, s, "code;nom\nLYC-1;Lycée de Tokoin\n", ""); got.Unchanged != 1 {
		t.Errorf("a list without the other columns: %+v", got)
	}
	if got := importOf(t, s, "code;nom;dre\nLYC-1;Lycée de Tokoin-Nord;\n", ""); got.Changed != 1 {
		t.Errorf("a new name: %+v", got)
	}
	// A refused row neither ends the school nor moves it.
	if got := importOf(t, s, "code;nom;dre\nLYC-1;Lycée de Bè;Atlantide\nLYC-2;Lycée sans lieu;\n", ""); len(got.Refused) != 2 || strings.Contains(got.Refused[1].Reason, "“”") {
		t.Errorf("a region that is not known, and none: %+v", got)
	}
	edit := s.As(school.Operator).Get("/schools/LYC-1/edit")
	for name, want := range map[string]string{"name": "Lycée de Tokoin-Nord", "parent": "DRE-GL", "type": "technical", "town": "Lomé", "until": ""} {
		if v, _ := edit.Field(name); v != want {
			t.Errorf("%s is %q, want %q", name, v, want)
		}
	}
}

func TestASchoolIsAddedMovedEnrolledAndRevoked(t *testing.T) {
	s := office(t)
	op := s.As(school.Operator)
	form := op.Get("/schools/new")
	no := form.Submit("/schools/new", map[string]any{"code": "LYC-9", "name": "", "parent": "DRE-GL"})
	if no.Status != 422 {
		t.Errorf("without a name: %s", no)
	}
	if v, _ := no.Field("code"); v != "LYC-9" {
		t.Errorf("the code came back as %q", v)
	}
	made := form.Submit("/schools/new", map[string]any{"code": "lyc-9", "name": "Lycée de Bè", "parent": "DRE-GL", "type": "general"})
	if !made.Has("Établissement enregistré") || !made.Has("pas encore enrôlé") {
		t.Fatalf("adding: %s\n%s", made, made.Text())
	}
	moved := op.Get("/schools/LYC-9/edit").Submit("/schools/LYC-9/edit", map[string]any{"parent": "DRE-MA"})
	if !moved.Has("Maritime") {
		t.Errorf("moving: %s", moved.Text())
	}
	shown := op.Get("/schools/LYC-9/enrol").Submit("/schools/LYC-9/enrol", nil)
	if !shown.Has("il n’est montré qu’ici") {
		t.Errorf("code: %s", shown.Text())
	}
	if again := op.Get("/schools/LYC-9/enrol"); !again.Has("Un code attend son boîtier") || again.Has("montré qu’ici") {
		t.Errorf("afterwards: %s", again.Text())
	}
	if p := s.As(school.Publisher).Get("/schools/LYC-9/enrol"); p.Status != 404 {
		t.Errorf("a publisher makes codes: %s", p)
	}
	gone := op.Get("/schools/LYC-9/revoke").Submit("/schools/LYC-9/revoke", nil)
	if !gone.Has("0 boîtier révoqué") {
		t.Errorf("revoking nobody: %s", gone.Text())
	}
	if fleet := op.Get("/fleet"); !fleet.Has("Lycée de Bè") {
		t.Errorf("fleet: %s", fleet.Text())
	}
}

func TestAnAccountIsAddedResetAndClosed(t *testing.T) {
	s := office(t)
	op := s.As(school.Operator)
	form := op.Get("/users/new")
	no := form.Submit("/users/new", map[string]any{"surname": "AMOUZOU", "login": "k.amouzou", "roles": []string{"inspector"}})
	if no.Status != 422 || !no.Has("circonscription") {
		t.Errorf("an inspector without a scope: %s\n%s", no, no.Text())
	}
	made := form.Submit("/users/new", map[string]any{"surname": "AMOUZOU", "login": "k.amouzou", "roles": []string{"publisher"}})
	if !made.Has("Mot de passe à usage unique") {
		t.Fatalf("adding: %s\n%s", made, made.Text())
	}
	if taken := form.Submit("/users/new", map[string]any{"surname": "AUTRE", "login": "K.AMOUZOU", "roles": []string{"publisher"}}); taken.Status != 422 || !taken.Has("est pris") {
		t.Errorf("the same name again: %s", taken.Text())
	}
	id := ""
	if err := s.DB.View(func(tx *store.Tx) error {
		p, err := school.Roster.ByLogin(tx, "k.amouzou")
		id = p.ID.String()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if reset := op.Get("/users/"+id).Submit("/users/"+id+"/reset", nil); !reset.Has("Mot de passe à usage unique") {
		t.Errorf("reset: %s", reset.Text())
	}
	ask := op.Get("/users/" + id + "/close")
	if !ask.Has("AMOUZOU") || !ask.Has("ne pourra plus entrer") {
		t.Errorf("before closing: %s", ask.Text())
	}
	if closed := ask.Submit("/users/"+id+"/close", nil); !closed.Has("Compte fermé") || closed.Has("AMOUZOU") {
		t.Errorf("closing: %s", closed.Text())
	}
	if p := op.Get("/users/" + id); !p.Has("Compte fermé") || strings.Contains(p.Body, "/reset") {
		t.Errorf("a closed account: %s", p.Text())
	}
	if p := op.Get("/users/" + id + "/close"); p.Status != http.StatusNotFound {
		t.Errorf("closing twice: %d", p.Status)
	}
}

// Who hands out passwords does not come to sign by that, and the scope is a name.
func TestAnOperatorGivesNoSignatoryAPassword(t *testing.T) {
	s := office(t)
	op := s.As(school.Operator)
	signatory, inspector := "/users/"+s.People[school.Signatory].ID.String(), "/users/"+s.People[school.Inspector].ID.String()
	if p := op.Get(signatory); strings.Contains(p.Body, "/reset") || !p.Has("preau passwd") {
		t.Errorf("a signatory: %s", p.Text())
	}
	body := url.Values{"_token": {op.Get(inspector).Token(inspector + "/reset")}}.Encode()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+signatory+"/reset", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p := op.Do(req); p.Status != http.StatusNotFound {
		t.Errorf("a signatory's password by hand: %s", p)
	}
	op.Get(inspector+"/edit").Submit("", map[string]any{"roles": []string{"inspector"}, "scope": "IESG-GOLFE-EST"})
	for _, path := range []string{inspector, "/users"} {
		if p := op.Get(path); p.Has("IESG-GOLFE-EST") || !p.Has("Golfe") {
			t.Errorf("the scope on %s: %s", path, p.Text())
		}
	}
}

func TestTheWordsOfTheOffice(t *testing.T) { web.CheckWords(t, Module().Files) }
