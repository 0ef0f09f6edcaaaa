package people

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/packs"
	"preau/store"
)

// The demonstration's lycée: 24 classes, 900 pupils, 60 staff.
const demoPupils = 900

// The pupil of this number stands on the roster a second time, in another class.
const demoOnce, demoTwice = 500, 612

// demoClasses: streams per level and series, and how full their classes are
// beside the others.
var demoClasses = []struct {
	level, series, form string
	n, full             int
}{
	{"2nde", "A", "2nde A%d", 3, 46},
	{"2nde", "S", "2nde S%d", 5, 45},
	{"1re", "A4", "1re A4-%d", 3, 40},
	{"1re", "C", "1re C", 1, 19},
	{"1re", "D", "1re D%d", 4, 38},
	{"Tle", "A4", "Tle A4-%d", 3, 34},
	{"Tle", "C", "Tle C", 1, 16},
	{"Tle", "D", "Tle D%d", 4, 35},
}

// demoTeachers: how many teach a subject first.
var demoTeachers = []struct {
	subject string
	n       int
}{
	{"MATH", 9}, {"FRAN", 8}, {"ANG", 7}, {"SP", 7}, {"SVT", 6}, {"HG", 6}, {"PHILO", 3}, {"EPS", 3}, {"ALL", 2}, {"INFO", 1},
}

// demoAlso: who takes the hours of a subject without teachers of its own.
var demoAlso = map[string]string{"ECM": "HG", "LN": "FRAN", "ESP": "ALL", "MUS": "FRAN", "DT": "MATH"}

type demoMaker struct {
	*appliance.Demo
	tx    *store.Tx
	rand  *rand.Rand
	pack  *packs.Pack
	year  school.Year
	taken map[string]bool

	classes  []demoClass
	teachers []*demoTeacher
	logins   map[store.ID]*appliance.Login
	faces    []demoFace // of the first class
}

type demoClass struct {
	id     store.ID
	class  school.Class
	pupils int
}

type demoTeacher struct {
	id      store.ID
	subject string
	hours   int // tenths
	titular bool
	teaches []int // classes
}

// demo fills the box with a believable lycée. The same seed gives the same people.
func demo(ctx context.Context, d *appliance.Demo) error {
	if d.AtOffice() {
		return nil
	}
	staff := demoStaff(d.Rand)
	hashes := make([]string, len(staff))
	for i := range staff {
		staff[i].login.Secret = d.Secret()
		var err error
		if hashes[i], err = school.HashSecret(ctx, staff[i].login.Secret); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	seed := [2]uint64{d.Rand.Uint64(), d.Rand.Uint64()}
	var m *demoMaker
	err := d.DB.Update(func(tx *store.Tx) (err error) { // may run again: the numbers are drawn anew from the same seed
		m = &demoMaker{Demo: d, tx: tx, rand: rand.New(rand.NewPCG(seed[0], seed[1])), taken: map[string]bool{}, logins: map[store.ID]*appliance.Login{}}
		if m.pack, err = packs.Here(tx); err != nil {
			return err
		}
		steps := []func() error{m.makeYear, m.makeClasses, func() error { return m.makeStaff(staff, hashes) }, m.makePupils, m.assign}
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("demo: people: %w", err)
	}
	if err := demoFaces(d, m.faces); err != nil {
		return fmt.Errorf("demo: people: %w", err)
	}
	for i := range staff {
		d.AddLogin(staff[i].login)
	}
	return nil
}

func (m *demoMaker) makeYear() (err error) {
	m.year, err = school.CurrentYear(m.tx)
	if !errors.Is(err, school.ErrNoYear) {
		return err
	}
	m.year = m.pack.Years[len(m.pack.Years)-1].SchoolYear("lycee")
	_, err = school.Years.Add(m.tx, m.year)
	return err
}

func (m *demoMaker) makeClasses() error {
	total := 0
	for _, c := range demoClasses {
		for i := range c.n {
			label := c.form
			if c.n > 1 {
				label = fmt.Sprintf(c.form, i+1)
			}
			k := demoClass{class: school.Class{Label: label, Level: c.level, Series: c.series, Year: m.year.Label}, pupils: c.full + m.rand.IntN(5) - 2}
			total += k.pupils
			m.classes = append(m.classes, k)
		}
	}
	for i := 0; total != demoPupils; i++ { // one more or less in each, until the sum is right
		c := &m.classes[i%len(m.classes)]
		if total < demoPupils {
			c.pupils, total = c.pupils+1, total+1
		} else {
			c.pupils, total = c.pupils-1, total-1
		}
	}
	for i := range m.classes {
		id, err := school.Classes.Add(m.tx, m.classes[i].class)
		if err != nil {
			return err
		}
		m.classes[i].id = id
	}
	return nil
}

func (m *demoMaker) makeStaff(staff []demoPerson, hashes []string) error {
	for i := range staff {
		s := &staff[i]
		m.taken[s.person.Name()] = true
		id, err := school.People.Add(m.tx, s.person)
		if err != nil {
			return err
		}
		if err := school.StoreSecret(m.tx, id, hashes[i], false); err != nil {
			return err
		}
		m.logins[id] = &s.login
		s.login.Class = ""
		if s.person.Is(school.Teacher) {
			m.teachers = append(m.teachers, &demoTeacher{id: id, subject: s.person.Subject})
		}
	}
	return nil
}

// ages at the start of the year, for those who never repeated.
var demoAges = map[string]int{"2nde": 15, "1re": 16, "Tle": 17}

func (m *demoMaker) makePupils() error {
	first, err := strconv.Atoi(m.year.Label[:4])
	if err != nil {
		return fmt.Errorf("the school year %q: %w", m.year.Label, err)
	}
	number := 0
	var once school.Person
	for i, c := range m.classes {
		for range c.pupils {
			number++
			p := school.Person{Kind: school.PupilKind, Roles: []school.Role{school.Pupil}, Class: c.id, BirthPlace: pick(m.rand, demoTowns), Repeating: m.rand.IntN(8) == 0}
			demoName(m.rand, &p, m.taken)
			age := demoAges[c.class.Level] + m.rand.IntN(3)
			if p.Repeating {
				age++
			}
			born := time.Date(first-age, time.Month(1+m.rand.IntN(12)), 1+m.rand.IntN(28), 0, 0, 0, 0, time.UTC)
			if m.rand.IntN(45) == 0 {
				p.BornText = "vers " + strconv.Itoa(born.Year())
			} else {
				p.Born = born.Format(time.DateOnly)
			}
			if m.rand.IntN(40) > 0 {
				p.Matricule = fmt.Sprintf("%06d%c", 100000+number*911+m.rand.IntN(900), 'A'+rune(number%26))
			}
			if m.rand.IntN(3) > 0 {
				p.Guardians = []school.Guardian{{Name: p.Surname + " " + pick(m.rand, demoBoys), Link: pick(m.rand, []string{"père", "mère", "oncle", "tuteur"}), Phone: demoPhone(m.rand)}}
			}
			switch number { // somebody entered twice: another order of names, no matricule yet
			case demoOnce:
				once = p
			case demoTwice:
				p.Surname, p.Given, p.Sex, p.Born, p.BornText, p.Matricule = once.Surname, once.Given, once.Sex, once.Born, once.BornText, ""
			}
			id, err := school.People.Add(m.tx, p)
			if err != nil {
				return err
			}
			if i == 0 {
				m.faces = append(m.faces, demoFace{id, p.Sex == "F"})
			}
		}
	}
	return nil
}

// assign gives every subject of every class to the teacher with the fewest
// hours, and each class a titular among its teachers.
func (m *demoMaker) assign() error {
	for i, c := range m.classes {
		for _, row := range m.pack.CatalogueOf(c.class.Level, c.class.Series) {
			t := m.teacherOf(row.Subject)
			if t == nil {
				continue
			}
			hours, err := strconv.ParseFloat(row.Hours, 64)
			if err != nil {
				hours = 2
			}
			t.hours += int(10 * hours)
			t.teaches = append(t.teaches, i)
			if _, err := school.Assignments.Add(m.tx, school.Assignment{Person: t.id, Class: c.id, Subject: row.Subject}); err != nil {
				return err
			}
		}
	}
	for i, c := range m.classes {
		for _, t := range m.teachers {
			if t.titular || !slices.Contains(t.teaches, i) {
				continue
			}
			t.titular = true
			c.class.Titular = t.id
			m.logins[t.id].Class = c.class.Label
			if err := school.Classes.Set(m.tx, c.id, c.class); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

func (m *demoMaker) teacherOf(subject string) *demoTeacher {
	if also, ok := demoAlso[subject]; ok {
		subject = also
	}
	var best *demoTeacher
	for _, t := range m.teachers {
		if t.subject == subject && (best == nil || t.hours < best.hours) {
			best = t
		}
	}
	return best
}
