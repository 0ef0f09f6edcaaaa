package school_test

import (
	"errors"
	"slices"
	"testing"

	"preau/school"
	"preau/store"
	"preau/store/storetest"
)

func open(t *testing.T) *store.DB {
	t.Helper()
	return storetest.Open(t, school.Collections()...)
}

func update(t *testing.T, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Update(fn); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, db *store.DB, fn func(tx *store.Tx)) {
	t.Helper()
	if err := db.View(func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// lycee is a small school: two classes, six staff, three pupils.
type lycee struct {
	db                                              *store.DB
	d1, a4                                          store.ID
	head, deputy, supervisor, teacher, other, techn store.ID
	afi, yao, koffi                                 store.ID
}

func openLycee(t *testing.T) *lycee {
	t.Helper()
	s := &lycee{db: open(t)}
	update(t, s.db, func(tx *store.Tx) error {
		add := func(p school.Person) store.ID {
			id, err := school.People.Add(tx, p)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		class := func(label, series string) store.ID {
			id, err := school.Classes.Add(tx, school.Class{Label: label, Level: "Tle", Series: series, Year: "2026-2027"})
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		staff := func(surname, given, login string, r school.Role) store.ID {
			return add(school.Person{Kind: school.Staff, Surname: surname, Given: given, Login: login, Roles: []school.Role{r}})
		}
		s.d1, s.a4 = class("Tle D1", "D"), class("Tle A4-2", "A4")
		s.head = staff("AGBODJAN", "Kodjo", "head", school.Head)
		s.deputy = staff("ÉKLOU", "Ama", "deputy", school.Deputy)
		s.supervisor = staff("LAWSON", "Jean", "super", school.Supervisor)
		s.teacher = staff("ƉOGBE", "Yawa", "yawa", school.Teacher)
		s.other = staff("ZINSOU", "Abla", "abla", school.Teacher)
		s.techn = staff("KOUMÉALO", "Esso", "tech", school.Technician)
		pupil := func(surname, given, m string, c store.ID) store.ID {
			return add(school.Person{Kind: school.PupilKind, Surname: surname, Given: given, Matricule: m, Class: c, Roles: []school.Role{school.Pupil}})
		}
		s.afi = pupil("N'GBÉNDÉ", "Afi", "910571B", s.d1)
		s.yao = pupil("AKAKPO-VIDAH", "Yao", "186898A", s.d1)
		s.koffi = pupil("YAOVI", "Koffi", "", s.a4)
		_, err := school.Assignments.Add(tx, school.Assignment{Person: s.teacher, Class: s.d1, Subject: "MATH"})
		return err
	})
	return s
}

func (s *lycee) record(t *testing.T, id store.ID) (r store.Record[school.Person]) {
	t.Helper()
	view(t, s.db, func(tx *store.Tx) {
		var err error
		if r, err = school.Roster.Person(tx, id); err != nil {
			t.Fatal(err)
		}
	})
	return r
}

func (s *lycee) actor(t *testing.T, id store.ID) school.Actor {
	t.Helper()
	return school.ActorOf(s.record(t, id))
}

func names(list []store.Record[school.Person]) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.Value.Name()
	}
	return out
}

func TestRoster(t *testing.T) {
	s := openLycee(t)
	view(t, s.db, func(tx *store.Tx) {
		r, err := school.Roster.ByLogin(tx, " HEAD ")
		if err != nil || r.ID != s.head {
			t.Errorf("ByLogin: %v %v", r.ID, err)
		}
		for _, login := range []string{"", "nobody", "hea"} {
			if _, err := school.Roster.ByLogin(tx, login); !errors.Is(err, school.ErrNobody) {
				t.Errorf("ByLogin(%q): %v", login, err)
			}
		}
		all, err := school.Roster.Staff(tx)
		if want := []string{"AGBODJAN Kodjo", "ƉOGBE Yawa", "ÉKLOU Ama", "KOUMÉALO Esso", "LAWSON Jean", "ZINSOU Abla"}; err != nil || !slices.Equal(names(all), want) {
			t.Errorf("staff %q %v", names(all), err)
		}
		teachers, err := school.Roster.Staff(tx, school.Teacher, school.Deputy)
		if want := []string{"ƉOGBE Yawa", "ÉKLOU Ama", "ZINSOU Abla"}; err != nil || !slices.Equal(names(teachers), want) {
			t.Errorf("teachers and deputy %q %v", names(teachers), err)
		}
		pupils, err := school.Roster.Pupils(tx, s.d1)
		if want := []string{"AKAKPO-VIDAH Yao", "N'GBÉNDÉ Afi"}; err != nil || !slices.Equal(names(pupils), want) {
			t.Errorf("pupils %q %v", names(pupils), err)
		}
		directory, err := school.ReadDirectory(tx)
		if err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string]int{"yao": 2, "vidah y": 1, "gbende": 1, "186898": 1, "": 3, "zzz": 0} {
			found, total := directory.Find(school.Wanted{Kind: school.PupilKind, Query: query})
			if total != want || len(found) != want {
				t.Errorf("%q finds %v of %d", query, found, total)
			}
		}
		if found, total := directory.Find(school.Wanted{Limit: 4}); total < 5 || len(found) != 4 {
			t.Errorf("with a limit of 4: %d of %d", len(found), total)
		}
		c, err := school.Roster.ClassByLabel(tx, "2026-2027", "tle a4 2")
		if err != nil || c.ID != s.a4 {
			t.Errorf("ClassByLabel: %v %v", c.ID, err)
		}
		for _, x := range []struct {
			who, class store.ID
			want       bool
		}{{s.teacher, s.d1, true}, {s.teacher, s.a4, false}, {s.other, s.d1, false}, {store.ID{}, s.d1, false}, {s.head, store.ID{}, false}} {
			if got, err := school.Roster.Teaches(tx, x.who, x.class); err != nil || got != x.want {
				t.Errorf("Teaches(%v, %v) = %v %v", x.who, x.class, got, err)
			}
		}
		if taught, err := school.Roster.ClassesTaught(tx, s.teacher); err != nil || len(taught) != 1 || taught[0].ID != s.d1 {
			t.Errorf("ClassesTaught: %d %v", len(taught), err)
		}
	})
}

func TestTitularTeaches(t *testing.T) {
	s := openLycee(t)
	update(t, s.db, func(tx *store.Tx) error {
		c, err := school.Classes.Get(tx, s.a4)
		if err != nil {
			return err
		}
		c.Value.Titular = s.other
		return school.Classes.Set(tx, s.a4, c.Value)
	})
	view(t, s.db, func(tx *store.Tx) {
		if ok, err := school.Roster.Teaches(tx, s.other, s.a4); err != nil || !ok {
			t.Errorf("the titular does not teach his class: %v", err)
		}
	})
}

func TestWhoLeftIsGone(t *testing.T) {
	s := openLycee(t)
	update(t, s.db, func(tx *store.Tx) error {
		for _, id := range []store.ID{s.head, s.afi} {
			r, err := school.People.Get(tx, id)
			if err != nil {
				return err
			}
			r.Value.Left = "2026-11-20"
			if err := school.People.Set(tx, id, r.Value); err != nil {
				return err
			}
		}
		return nil
	})
	if a := s.actor(t, s.head); a.SignedIn() || a.Is(school.Head) {
		t.Error("who has left still acts")
	}
	view(t, s.db, func(tx *store.Tx) {
		if _, err := school.Roster.ByLogin(tx, "head"); !errors.Is(err, school.ErrNobody) {
			t.Errorf("ByLogin of who has left: %v", err)
		}
		if list, _ := school.Roster.Pupils(tx, s.d1); len(list) != 1 {
			t.Errorf("%d pupils after one left", len(list))
		}
		if list, _ := school.Roster.Staff(tx, school.Head); len(list) != 0 {
			t.Errorf("%d heads after he left", len(list))
		}
	})
}

func TestUniqueAtHome(t *testing.T) {
	s := openLycee(t)
	add := func(p school.Person) error {
		return s.db.Update(func(tx *store.Tx) error { _, err := school.People.Add(tx, p); return err })
	}
	var unique *store.UniqueError
	if err := add(school.Person{Kind: school.Staff, Surname: "X", Login: "Head"}); !errors.As(err, &unique) || unique.Index != "login" {
		t.Errorf("a second head login: %v", err)
	}
	if err := add(school.Person{Kind: school.PupilKind, Surname: "X", Matricule: "910 571-b"}); !errors.As(err, &unique) || unique.Index != "matricule" {
		t.Errorf("a second pupil of one matricule: %v", err)
	}
	if err := add(school.Person{Kind: school.Staff, Surname: "X", Matricule: "910571B"}); err != nil {
		t.Errorf("a teacher whose matricule looks like a pupil's: %v", err)
	}
	view(t, s.db, func(tx *store.Tx) {
		if r, err := school.Roster.ByMatricule(tx, school.PupilKind, "910571b"); err != nil || r.ID != s.afi {
			t.Errorf("ByMatricule: %v %v", r.ID, err)
		}
	})
}

func TestFormerMatricule(t *testing.T) {
	s := openLycee(t)
	update(t, s.db, func(tx *store.Tx) error {
		r, err := school.People.Get(tx, s.koffi)
		if err != nil {
			return err
		}
		r.Value.Matricule, r.Value.Aliases = "777777Z", []string{"P-LYTOK-26-0001-X"}
		return school.People.Set(tx, s.koffi, r.Value)
	})
	view(t, s.db, func(tx *store.Tx) {
		for _, m := range []string{"777777Z", "plytok260001x"} {
			if r, err := school.Roster.ByMatricule(tx, school.PupilKind, m); err != nil || r.ID != s.koffi {
				t.Errorf("ByMatricule(%s): %v %v", m, r.ID, err)
			}
		}
		for _, m := range []string{"", "1"} {
			if _, err := school.Roster.ByMatricule(tx, school.PupilKind, m); !errors.Is(err, school.ErrNobody) {
				t.Errorf("ByMatricule(%q): %v", m, err)
			}
		}
	})
}

func TestCheckPerson(t *testing.T) {
	good := school.Person{Kind: school.Staff, Surname: "LAWSON", Sex: "F", Born: "1980-02-29", Roles: []school.Role{school.Teacher}, Login: "lawson"}
	if err := school.CheckPerson(&good); err != nil {
		t.Errorf("a good one: %v", err)
	}
	bad := school.Person{Surname: " ", Sex: "X", Born: "2026-02-31", Roles: []school.Role{"king", school.Pupil}, Kind: school.Staff, Login: "é"}
	var fields []string
	for _, r := range school.RefusalsIn(school.CheckPerson(&bad)) {
		fields = append(fields, r.Field)
	}
	if want := []string{"surname", "sex", "born", "roles", "roles", "login"}; !slices.Equal(fields, want) {
		t.Errorf("refused %v, want %v", fields, want)
	}
}

// TestFieldsCanBeEmptied: what is not written any more is gone, not kept as
// something a newer program wrote.
func TestFieldsCanBeEmptied(t *testing.T) {
	s := openLycee(t)
	update(t, s.db, func(tx *store.Tx) error {
		r, err := school.People.Get(tx, s.afi)
		if err != nil {
			return err
		}
		r.Value.Class, r.Value.Matricule, r.Value.Roles = store.ID{}, "", nil
		return school.People.Set(tx, s.afi, r.Value)
	})
	if p := s.record(t, s.afi).Value; p.Class != (store.ID{}) || p.Matricule != "" || p.Roles != nil || p.Given != "Afi" {
		t.Errorf("emptied, it is %+v", p)
	}
	view(t, s.db, func(tx *store.Tx) {
		if list, err := school.Roster.Pupils(tx, s.d1); err != nil || len(list) != 1 {
			t.Errorf("%d pupils in the class, %v", len(list), err)
		}
	})
}

// BenchmarkSearch looks a name up among 1,000 people.
func BenchmarkSearch(b *testing.B) {
	db := storetest.Open(b, school.Collections()...)
	if err := db.Update(func(tx *store.Tx) error {
		for i := range 1000 {
			p := school.Person{Kind: school.PupilKind, Surname: "N'GBÉNDÉ" + login(i%600), Given: "Essossinam " + login(i)}
			if _, err := school.People.Add(tx, p); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	var directory *school.Directory
	if err := db.View(func(tx *store.Tx) (err error) {
		directory, err = school.ReadDirectory(tx)
		return err
	}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		directory.Find(school.Wanted{Kind: school.PupilKind, Query: "esso gbendeuserab", Limit: 30})
	}
}

func TestAlike(t *testing.T) {
	db := storetest.Open(t, school.Collections()...)
	err := db.Update(func(tx *store.Tx) error {
		for _, p := range []school.Person{
			{Surname: "KOFFI", Given: "Ama Essi", Sex: "F", Born: "2009-01-02"},
			{Surname: "KOFFI", Given: "Essi Ama", Sex: "F", Born: "2009-01-02"},
			{Surname: "Koffi", Given: "Àma Essi"},
			{Surname: "KOFFI", Given: "Ama Essi", Sex: "F", Born: "2010-01-02"},
			{Surname: "KOFFI", Given: "Ama Essi", Sex: "F", Born: "2009-01-02", Left: "2026-01-01"},
			{Surname: "KOFFI", Given: "Ama", Sex: "F", Born: "2009-01-02"},
			{Surname: "KOFFI", Given: "Ama", Sex: "M", Born: "2009-01-02"},
		} {
			p.Kind = school.PupilKind
			if _, err := school.People.Add(tx, p); err != nil {
				return err
			}
		}
		d, err := school.ReadDirectory(tx)
		if err != nil {
			return err
		}
		if groups := d.Alike(); len(groups) != 1 || len(groups[0]) != 3 {
			t.Errorf("alike: %v", groups)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
