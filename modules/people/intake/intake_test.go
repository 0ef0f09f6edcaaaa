package intake_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"preau/modules/people/intake"
	"preau/modules/people/roll"
	"preau/school"
	"preau/school/packs"
	"preau/school/sheet"
	"preau/store"
	"preau/store/storetest"
)

var head = school.Actor{Name: "AGBODJAN Kodjo", Roles: []school.Role{school.Head}}

func open(t testing.TB) *store.DB {
	t.Helper()
	return storetest.Open(t, append(school.Collections(), intake.Imports)...)
}

func readKind(t testing.TB, text string, kind school.Kind) *roll.Roll {
	t.Helper()
	book, err := sheet.Read([]byte(text), roll.Score(kind))
	if err != nil {
		t.Fatal(err)
	}
	list, err := roll.Read(book, roll.Options{Kind: kind, Pack: packs.Must("togo"), Today: "2026-10-13"})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// bring applies a list of a kind and returns what it did and its record.
func bring(t testing.TB, db *store.DB, text string, kind school.Kind, grant bool) (plan *intake.Plan, id store.ID) {
	t.Helper()
	list := readKind(t, text, kind)
	err := db.Update(func(tx *store.Tx) (err error) {
		plan, err = intake.Compare(tx, list, intake.Options{Kind: kind, Pack: packs.Must("togo"), Grant: grant})
		if err != nil || plan.Nothing() {
			return err
		}
		id, err = intake.Apply(tx, head, plan, store.ID{}, intake.Import{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan, id
}

func counts(p *intake.Plan) string {
	return fmt.Sprintf("added %d changed %d unchanged %d missing %d refused %d classes %d", len(p.Added), len(p.Changed), p.Unchanged, len(p.Missing), len(p.Roll.Faults), len(p.NewClasses))
}

func want(t testing.TB, p *intake.Plan, text string) {
	t.Helper()
	if got := counts(p); got != text {
		t.Errorf("got  %s\nwant %s", got, text)
	}
}

const first = `Matricule;Nom et Prénoms;Sexe;Date de naissance;Classe;Redoublant
A1;KOFFI Afi;F;03/04/2009;Tle D1;Non
A2;MENSAH Kossi;M;vers 2008;Tle D1;Non
;BAWA Essi;F;05/06/2010;2nde S2;Non
;OURO-GNAO Tchilalo;F;;2nde S2;Oui
`

func TestSameListTwiceChangesNothing(t *testing.T) {
	db := open(t)
	p, _ := bring(t, db, first, school.PupilKind, true)
	want(t, p, "added 4 changed 0 unchanged 0 missing 0 refused 0 classes 2")
	p, id := bring(t, db, first, school.PupilKind, true)
	want(t, p, "added 0 changed 0 unchanged 4 missing 0 refused 0 classes 0")
	if !id.IsZero() {
		t.Error("a list that changes nothing left a record")
	}
	p, _ = bring(t, db, strings.ReplaceAll(strings.ReplaceAll(first, "Tle D1", "Terminale D-1"), "KOFFI Afi", "KOFFI AFI"), school.PupilKind, true)
	want(t, p, "added 0 changed 0 unchanged 4 missing 0 refused 0 classes 0")
}

func TestChangesAreToldAndMissingStay(t *testing.T) {
	db := open(t)
	bring(t, db, first, school.PupilKind, true)
	p, _ := bring(t, db, `Matricule;Nom et Prénoms;Sexe;Date de naissance;Classe;Redoublant
A2;MENSAH Kossi;M;12/05/2008;Tle D2;Oui
B7;BAWA Essi;F;05/06/2010;;
A1;KOFFI Afi;F;31/02/2009;Tle D1;Non
A9;LAWSON Edem;M;01/01/2009;Tle D1;Non
`, school.PupilKind, true)
	want(t, p, "added 1 changed 2 unchanged 0 missing 1 refused 1 classes 1")
	got := fmt.Sprint(p.Changed[0].Changes, p.Changed[1].Changes, " ", p.Missing[0].Name)
	if want := "[{born vers 2008 2008-05-12} {class Tle D1 Tle D2} {repeating no yes}] [{matricule  B7}] OURO-GNAO Tchilalo"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	err := db.View(func(tx *store.Tx) error {
		r, err := school.Roster.ByMatricule(tx, school.PupilKind, "B7")
		if err != nil {
			return err
		}
		if c, err := school.Classes.Get(tx, r.Value.Class); err != nil || c.Value.Label != "2nde S2" {
			t.Errorf("an empty cell took the class away: %v %v", c.Value, err)
		}
		n, err := school.AuditLog.Count(tx, "object", r.ID)
		if n != 2 {
			t.Errorf("%d audit lines on a pupil added and changed", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNamesakesStayTwo(t *testing.T) {
	db := open(t)
	two := "Matricule;Nom;Prénoms;Date de naissance;Classe\nA1;KOFFI;Ama;01/01/2009;Tle D1\nA2;KOFFI;Ama;02/02/2010;Tle D1\n;KOFFI;Ama;03/03/2008;1re D\n"
	p, _ := bring(t, db, two, school.PupilKind, true)
	want(t, p, "added 3 changed 0 unchanged 0 missing 0 refused 0 classes 2")
	p, _ = bring(t, db, two+"A4;KOFFI;Ama;04/04/2009;Tle D1\n", school.PupilKind, true)
	want(t, p, "added 1 changed 0 unchanged 3 missing 0 refused 0 classes 0")
}

func TestUndo(t *testing.T) {
	db := open(t)
	bring(t, db, first, school.PupilKind, true)
	before := roster(t, db)
	_, id := bring(t, db, "Matricule;Nom et Prénoms;Date de naissance;Classe\nA2;MENSAH Kossivi;12/05/2008;Tle C\nN1;NAPO Bibi;01/02/2009;Tle C\n", school.PupilKind, true)
	if roster(t, db) == before {
		t.Fatal("nothing was applied")
	}
	undo := func() error {
		return db.Update(func(tx *store.Tx) error { return intake.Undo(tx, head, id) })
	}
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	if got := roster(t, db); got != before {
		t.Errorf("after undoing:\n%s\nbefore:\n%s", got, before)
	}
	if err := undo(); !errors.Is(err, &school.Refusal{Key: "people.refused.undone"}) {
		t.Errorf("undone twice: %v", err)
	}
}

func TestUndoNamesWhoChangedSince(t *testing.T) {
	db := open(t)
	_, id := bring(t, db, first, school.PupilKind, true)
	before := roster(t, db)
	err := db.Update(func(tx *store.Tx) error {
		r, err := school.Roster.ByMatricule(tx, school.PupilKind, "A1")
		if err != nil {
			return err
		}
		r.Value.Contrast = true // a preference is nobody's loss
		if err := school.People.Set(tx, r.ID, r.Value); err != nil {
			return err
		}
		r, err = school.Roster.ByMatricule(tx, school.PupilKind, "A2")
		if err != nil {
			return err
		}
		r.Value.BirthPlace = "Kara"
		return school.People.Set(tx, r.ID, r.Value)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *store.Tx) error { return intake.Undo(tx, head, id) })
	no := school.RefusalsIn(err)
	if len(no) != 1 || no[0].Args["names"] != "MENSAH Kossi" {
		t.Errorf("undo over a change: %v %v", err, no)
	}
	if got := roster(t, db); !strings.Contains(before, "BAWA") || !strings.Contains(got, "BAWA") {
		t.Error("a refused undo took somebody away")
	}
}

func TestListsGiveNoRightsByThemselves(t *testing.T) {
	db := open(t)
	staff := "Matricule;Nom et Prénoms;Fonction\nS1;AGBO Kossi;Proviseur\nS2;LAWSON Afi;Professeur\nS3;BAWA Yao;Intendant\n"
	p, _ := bring(t, db, staff, school.Staff, false)
	if p.Withheld != 1 {
		t.Errorf("%d roles withheld", p.Withheld)
	}
	if got := roster(t, db); !strings.Contains(got, "S1 AGBO Kossi []") || !strings.Contains(got, "S2 LAWSON Afi [teacher]") {
		t.Errorf("a secretary's list gave:\n%s", got)
	}
	p, _ = bring(t, db, staff, school.Staff, false)
	want(t, p, "added 0 changed 0 unchanged 3 missing 0 refused 0 classes 0")
	p, _ = bring(t, db, staff, school.Staff, true)
	want(t, p, "added 0 changed 1 unchanged 2 missing 0 refused 0 classes 0")
}

func roster(t testing.TB, db *store.DB) string {
	t.Helper()
	var b bytes.Buffer
	err := db.View(func(tx *store.Tx) error {
		for r, err := range school.People.Where(tx, "name") {
			if err != nil {
				return err
			}
			p := r.Value
			fmt.Fprintln(&b, p.Matricule, p.Name(), p.Roles, p.Born, p.BornText, p.BirthPlace, p.Class, p.Repeating, p.Aliases)
		}
		for c, err := range school.Classes.Where(tx, "year") {
			if err != nil {
				return err
			}
			fmt.Fprintln(&b, c.Value.Label, c.Value.Level, c.Value.Series)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A thousand pupils, from the bytes of the file to the answered commit.
func BenchmarkThousandPupils(b *testing.B) {
	var text strings.Builder
	text.WriteString("N°;Matricule;Nom et Prénoms;Sexe;Date de naissance;Lieu de naissance;Classe;Série;Redoublant\r\n")
	for i := range 1000 {
		fmt.Fprintf(&text, "%d;%06dA;N'GBÉNDÉ%c Essossinam;M;%02d/%02d/2009;Aného;Tle D%d;D;Non\r\n", i+1, i, 'A'+rune(i%26), 1+i%28, 1+i%12, 1+i%9)
	}
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		db := open(b)
		b.StartTimer()
		if p, _ := bring(b, db, text.String(), school.PupilKind, true); len(p.Added) != 1000 {
			b.Fatal(counts(p))
		}
	}
}
