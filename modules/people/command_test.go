package people_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"preau/appliance"
	"preau/modules/people"
	"preau/school"
	"preau/store"
	"preau/store/storetest"
	"preau/web"
	"preau/web/webtest"
)

// run calls a command of the module the way the command line does.
func run(t testing.TB, s *webtest.Site, name string, call appliance.Call) (exit int, out string, err error) {
	t.Helper()
	m := people.Module()
	words, err := web.LoadWords(school.Words, m.Files)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	call.Stdout, call.Stderr = &b, &b
	for _, c := range m.Commands {
		if c.Name == name {
			exit, err = c.Run(t.Context(), &appliance.Running{DB: s.DB, Kind: web.Box, Words: words}, call)
			return exit, b.String(), err
		}
	}
	t.Fatalf("no command %q", name)
	return 0, "", nil
}

func TestImportCommand(t *testing.T) {
	s := site(t)
	dry := appliance.Call{JSON: true, Stdin: strings.NewReader(list), Flags: map[string]string{"dry-run": "true"}}
	exit, out, err := run(t, s, "import pupils", dry)
	if exit != appliance.Done || err != nil {
		t.Fatalf("%d %v", exit, err)
	}
	var rep struct {
		Added, Changed, Unchanged, Missing int
		Refused                            []struct {
			Line          int
			Field, Reason string
		}
		People []struct {
			Line                                                                 int
			Matricule, Surname, Given, Sex, Born, Class, Series, Sheet, BornText string
			Repeating                                                            bool
		}
		NewClasses []string `json:"new_classes"`
	}
	if err := json.Unmarshal([]byte(out), &rep); err != nil {
		t.Fatal(err)
	}
	if rep.Added != 3 || rep.Missing != 1 || len(rep.Refused) != 3 || len(rep.People) != 3 || strings.Join(rep.NewClasses, ",") != "Tle D1,1re D2,2nde S1" {
		t.Errorf("%+v", rep)
	}
	if r := rep.Refused[0]; r.Line != 2 || r.Field != "born" || !strings.Contains(r.Reason, "31/02/2009") {
		t.Errorf("%+v", r)
	}
	if p := rep.People[1]; p.Line != 6 || p.Surname != "KPATCHA" || p.Given != "Ɖela" || p.Class != "1re D2" || p.Series != "D" || p.Born != "" {
		t.Errorf("%+v", p)
	}
	if n := pupils(t, s.DB); n != 1 {
		t.Errorf("a dry run left %d pupils", n)
	}
	for range 2 {
		if exit, _, err := run(t, s, "import pupils", appliance.Call{Stdin: strings.NewReader(list)}); exit != appliance.Done || err != nil || pupils(t, s.DB) != 4 {
			t.Fatalf("%d %v %d", exit, err, pupils(t, s.DB))
		}
	}
	if exit, _, err := run(t, s, "import pupils", appliance.Call{Stdin: strings.NewReader("bonjour")}); exit != appliance.Refused || err == nil {
		t.Errorf("no list: %d %v", exit, err)
	}
}

func TestAccountCommands(t *testing.T) {
	s := site(t)
	add := func(secret, login, role, name string) (int, error) {
		exit, _, err := run(t, s, "user add", appliance.Call{Args: []string{login}, Flags: map[string]string{"role": role, "name": name}, Stdin: strings.NewReader(secret + "\n")})
		return exit, err
	}
	if exit, err := add("trois mots loin", "e.napo", "teacher", "NAPO Essi"); exit != appliance.Done || err != nil {
		t.Fatalf("%d %v", exit, err)
	}
	who, _, err := school.CheckSecret(t.Context(), s.DB, "E.NAPO", "trois mots loin", "test")
	if err != nil || who.Name != "NAPO Essi" || !who.Is(school.Teacher) {
		t.Errorf("%+v %v", who, err)
	}
	for _, c := range []struct {
		secret, login, role string
		exit                int
	}{
		{"trois mots loin", "e.napo", "teacher", appliance.Refused},
		{"court", "y.bawa", "teacher", appliance.Refused},
		{"trois mots loin", "Été chaud", "teacher", appliance.Refused},
		{"trois mots loin", "y.bawa", "publisher", appliance.Usage},
		{"trois mots loin", "y.bawa", "pupil", appliance.Usage},
	} {
		if exit, err := add(c.secret, c.login, c.role, ""); exit != c.exit || err == nil {
			t.Errorf("%+v: %d %v", c, exit, err)
		}
	}
	exit, out, err := run(t, s, "passwd", appliance.Call{Args: []string{"e.napo"}})
	if exit != appliance.Done || err != nil {
		t.Fatalf("%d %v", exit, err)
	}
	if _, oneTime, err := school.CheckSecret(t.Context(), s.DB, "e.napo", strings.TrimSpace(out), "test"); err != nil || !oneTime {
		t.Errorf("the one-time password: %v %v", oneTime, err)
	}
	if exit, _, _ := run(t, s, "passwd", appliance.Call{Args: []string{"nobody"}}); exit != appliance.Refused {
		t.Errorf("nobody's password: %d", exit)
	}
}

// What goes out to spreadsheets computes nothing there, and comes back unchanged.
func TestExport(t *testing.T) {
	s := site(t)
	err := s.DB.Update(func(tx *store.Tx) error {
		_, err := school.People.Add(tx, school.Person{Kind: school.PupilKind, Matricule: "X1", Surname: `=HYPERLINK("HTTP://X")`, Given: "@cmd", Phone: "+228 90", BirthPlace: "-1+1"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	harmful := func(cells []string) {
		t.Helper()
		for _, c := range cells {
			if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
				t.Errorf("a cell begins with %q", c[:1])
			}
		}
	}
	exit, out, err := run(t, s, "export people", appliance.Call{Flags: map[string]string{"format": "csv"}})
	if exit != appliance.Done || err != nil {
		t.Fatalf("%d %v", exit, err)
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(out, "\ufeff")))
	r.Comma = ';'
	records, err := r.ReadAll()
	if err != nil || len(records) != 9 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, rec := range records {
		harmful(rec)
	}
	if !strings.Contains(out, ";Professeur;") || strings.Contains(out, ";teacher;") {
		t.Errorf("the functions are not in the language of the headings:\n%s", out)
	}
	_, out, err = run(t, s, "export people", appliance.Call{Flags: map[string]string{"format": "xlsx"}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows("Sheet1")
	if err != nil || len(rows) != 9 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		harmful(row)
	}
	_, out, err = run(t, s, "export people", appliance.Call{Flags: map[string]string{"format": "json"}})
	var all []map[string]any
	if err != nil || json.Unmarshal([]byte(out), &all) != nil || len(all) != 8 {
		t.Errorf("%d people, %v", len(all), err)
	}
	if exit, _, _ := run(t, s, "export people", appliance.Call{Flags: map[string]string{"format": "pdf"}}); exit != appliance.Usage {
		t.Errorf("an unknown format: %d", exit)
	}
}

// The demonstration is the lycée that it promises to be, the same each time.
func TestDemo(t *testing.T) {
	m := people.Module()
	fill := func() (*store.DB, []appliance.Login) {
		db := storetest.Open(t, append(school.Collections(), m.Collections...)...)
		d := &appliance.Demo{Running: &appliance.Running{DB: db, Kind: web.Box}, Rand: rand.New(rand.NewPCG(2026, 1))}
		if err := m.Demo(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		return db, d.Logins()
	}
	db, logins := fill()
	if _, again := fill(); fmt.Sprint(again) != fmt.Sprint(logins) {
		t.Error("another start, other people")
	}
	roles := map[string]int{}
	titulars := 0
	for _, l := range logins {
		roles[l.Role]++
		if l.Class != "" {
			titulars++
		}
	}
	if got := fmt.Sprint(len(logins), roles, titulars); got != "60 map[deputy:2 head:1 secretary:2 supervisor:2 teacher:52 technician:1] 24" {
		t.Error(got)
	}
	err := db.View(func(tx *store.Tx) error {
		classes, total, least, most := 0, 0, 1000, 0
		for c, err := range school.Classes.All(tx) {
			if err != nil {
				return err
			}
			n, err := school.People.Count(tx, "class", c.ID)
			if err != nil {
				return err
			}
			if taught, err := school.Assignments.Count(tx, "class", c.ID); err != nil || taught < 8 {
				t.Errorf("%s has %d subjects, %v", c.Value.Label, taught, err)
			}
			classes, total, least, most = classes+1, total+n, min(least, n), max(most, n)
		}
		if classes != 24 || total != 900 || least < 12 || most > 60 {
			t.Errorf("%d classes, %d pupils, %d to %d", classes, total, least, most)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
