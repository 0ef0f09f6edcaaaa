package intake

import (
	"errors"
	"fmt"

	"preau/school"
	"preau/store"
)

// Apply writes the plan, its audit lines and the record by which it can be
// undone. in is the import as proposed; its zero ID makes a new record. The
// plan must have been made by Compare in the same transaction.
func Apply(tx *store.Tx, who school.Actor, p *Plan, id store.ID, in Import) (store.ID, error) {
	in.Kind, in.State, in.Who, in.WhoName = p.Kind, Applied, who.ID, who.Name
	in.Refused, in.Missing, in.Unchanged = len(p.Roll.Faults), len(p.Missing), p.Unchanged
	if p.newYear {
		if _, err := school.Years.Add(tx, p.Year); err != nil {
			return id, fmt.Errorf("apply a list: the school year: %w", err)
		}
	}
	if err := p.makeClasses(tx, &in); err != nil {
		return id, err
	}
	for _, a := range p.Added {
		person := a.person(p.Kind)
		person.Class = p.classes[a.class]
		pid, err := school.People.Add(tx, person)
		if err != nil {
			return id, clash(err, person.Name())
		}
		in.Added, in.AddedIDs = append(in.Added, person), append(in.AddedIDs, pid)
		if err := school.Audit(tx, who, "people.add", pid, nil, person.Name()); err != nil {
			return id, err
		}
	}
	for _, c := range p.Changed {
		before, err := school.People.Get(tx, c.ID)
		if err != nil {
			return id, fmt.Errorf("apply a list: %w", err)
		}
		if c.class != "" {
			c.after.Class = p.classes[c.class]
		}
		if err := school.People.Set(tx, c.ID, c.after); err != nil {
			return id, clash(err, c.Name)
		}
		in.Before, in.After, in.ChangedID = append(in.Before, before.Value), append(in.After, c.after), append(in.ChangedID, c.ID)
		from, to := map[string]string{}, map[string]string{}
		for _, x := range c.Changes {
			from[x.Field], to[x.Field] = x.From, x.To
		}
		if err := school.Audit(tx, who, "people.change", c.ID, from, to); err != nil {
			return id, err
		}
	}
	var err error
	if id.IsZero() {
		id, err = Imports.Add(tx, in)
	} else {
		err = Imports.Set(tx, id, in)
	}
	if err != nil {
		return id, fmt.Errorf("apply a list: %w", err)
	}
	return id, school.Audit(tx, who, "people.import", id, nil, map[string]int{
		"added": len(p.Added), "changed": len(p.Changed), "refused": len(p.Roll.Faults), "missing": len(p.Missing), "classes": len(p.NewClasses),
	})
}

// makeClasses adds the classes that the list names first.
func (p *Plan) makeClasses(tx *store.Tx, in *Import) error {
	for _, c := range p.NewClasses {
		cid, err := school.Classes.Add(tx, school.Class{Label: c.Label, Level: c.Level, Series: c.Series, Year: p.Year.Label})
		var taken *store.UniqueError
		if errors.As(err, &taken) { // folds alike although it reads otherwise ("Tle A-4", "Tle A 4")
			old, err := school.Roster.ClassByLabel(tx, p.Year.Label, c.Label)
			if err != nil {
				return fmt.Errorf("apply a list: class: %w", err)
			}
			p.classes[c.key] = old.ID
			continue
		}
		if err != nil {
			return fmt.Errorf("apply a list: class: %w", err)
		}
		p.classes[c.key] = cid
		in.Classes = append(in.Classes, cid)
	}
	return nil
}

func (a *Added) person(kind school.Kind) school.Person {
	e := a.Entry
	return school.Person{
		Kind: kind, Matricule: e.Matricule, Surname: e.Surname, Given: e.Given, Sex: e.Sex,
		Born: e.Born, BornText: e.BornText, BirthPlace: e.Place, Roles: a.Roles, Repeating: e.Repeating,
		Phone: e.Phone, Status: statusOf(e), Guardians: e.Guardians, NIU: e.NIU, Diploma: e.Diploma, Subject: e.Subject,
	}
}

// clash turns a taken matricule into words; it can only come from a matricule
// that somebody of the same kind got meanwhile.
func clash(err error, name string) error {
	var taken *store.UniqueError
	if errors.As(err, &taken) {
		return school.Refuse("people.refused.taken", "matricule", "name", name)
	}
	return fmt.Errorf("apply a list: %w", err)
}
