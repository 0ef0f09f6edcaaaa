package school

import (
	"errors"
	"fmt"

	"preau/store"
)

// Roster groups the questions that every module asks about people:
// school.Roster.ByLogin(tx, login). It holds nothing.
var Roster rosterVerbs

type rosterVerbs struct{}

// ErrNobody says that no such person is on the roster.
var ErrNobody = errors.New("school: no such person")

// Person is the person with this id, also after leaving; ErrNobody otherwise.
func (rosterVerbs) Person(tx *store.Tx, id store.ID) (store.Record[Person], error) {
	r, err := People.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return r, ErrNobody
	}
	return r, err
}

// ByLogin is who signs in by this name and is still here; ErrNobody otherwise.
func (rosterVerbs) ByLogin(tx *store.Tx, login string) (store.Record[Person], error) {
	l := NormalizeLogin(login)
	if l == "" {
		return store.Record[Person]{}, ErrNobody
	}
	r, err := People.One(tx, "login", l)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && r.Value.Left != "":
		return store.Record[Person]{}, ErrNobody
	}
	return r, err
}

// ByMatricule finds a person of a kind by matricule, former ones included;
// ErrNobody otherwise.
func (rosterVerbs) ByMatricule(tx *store.Tx, kind Kind, matricule string) (store.Record[Person], error) {
	m := NormalizeMatricule(matricule)
	if m == "" {
		return store.Record[Person]{}, ErrNobody
	}
	r, err := People.One(tx, "matricule", m, string(kind))
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return r, err
	}
	for r, err := range People.Where(tx, "alias", m) {
		if err != nil || r.Value.Kind == kind {
			return r, err
		}
	}
	return store.Record[Person]{}, ErrNobody
}

// Staff lists the staff who are here and have one of the roles, all staff
// when no role is named, in the French order of names.
func (rosterVerbs) Staff(tx *store.Tx, roles ...Role) ([]store.Record[Person], error) {
	return listPeople(tx, Staff, func(p *Person) bool { return len(roles) == 0 || p.Is(roles...) })
}

// Pupils lists the pupils of a class who are here, in the French order of names.
func (rosterVerbs) Pupils(tx *store.Tx, class store.ID) ([]store.Record[Person], error) {
	var list []store.Record[Person]
	for r, err := range People.Where(tx, "class", class) {
		if err != nil {
			return nil, fmt.Errorf("pupils of class %s: %w", class, err)
		}
		list = append(list, r)
	}
	SortByName(list, recordName)
	return list, nil
}

func listPeople(tx *store.Tx, kind Kind, keep func(*Person) bool) ([]store.Record[Person], error) {
	seq := People.All(tx)
	if kind != "" {
		seq = People.Where(tx, "kind", string(kind))
	}
	var list []store.Record[Person]
	for r, err := range seq {
		if err != nil {
			return nil, fmt.Errorf("list people: %w", err)
		}
		if r.Value.Left == "" && keep(&r.Value) {
			list = append(list, r)
		}
	}
	SortByName(list, recordName)
	return list, nil
}

func recordName(r store.Record[Person]) string { return r.Value.Surname + " " + r.Value.Given }

// ClassByLabel finds a class of a school year by its label, accents, case and
// hyphens apart; store.ErrNotFound otherwise.
func (rosterVerbs) ClassByLabel(tx *store.Tx, year, label string) (store.Record[Class], error) {
	return Classes.One(tx, "label", year, Fold(label))
}

// ClassesOf lists the classes of a school year by level, series and label.
func (rosterVerbs) ClassesOf(tx *store.Tx, year string) ([]store.Record[Class], error) {
	var list []store.Record[Class]
	for r, err := range Classes.Where(tx, "year", year) {
		if err != nil {
			return nil, fmt.Errorf("classes of %s: %w", year, err)
		}
		list = append(list, r)
	}
	return list, nil
}

// Teaches tells whether a person teaches a class anything or is its titular.
func (rosterVerbs) Teaches(tx *store.Tx, person, class store.ID) (bool, error) {
	if person == (store.ID{}) || class == (store.ID{}) {
		return false, nil
	}
	n, err := Assignments.Count(tx, "person", person, class)
	if err != nil || n > 0 {
		return n > 0, err
	}
	c, err := Classes.Get(tx, class)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && c.Value.Titular == person, err
}

// ClassesTaught lists the classes a person teaches or is titular of.
func (rosterVerbs) ClassesTaught(tx *store.Tx, person store.ID) ([]store.Record[Class], error) {
	taught := map[store.ID]bool{}
	for a, err := range Assignments.Where(tx, "person", person) {
		if err != nil {
			return nil, fmt.Errorf("classes taught: %w", err)
		}
		taught[a.Value.Class] = true
	}
	var list []store.Record[Class]
	for c, err := range Classes.Where(tx, "year") {
		if err != nil {
			return nil, fmt.Errorf("classes taught: %w", err)
		}
		if taught[c.ID] || person != (store.ID{}) && c.Value.Titular == person {
			list = append(list, c)
		}
	}
	return list, nil
}
