package intake

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"preau/school"
	"preau/store"
)

// Last is the newest import that was applied; ok is false when there is none.
func Last(tx *store.Tx) (r store.Record[Import], ok bool, err error) {
	for r, err = range Imports.Scan(tx, store.Query{Reverse: true}) {
		if err != nil {
			return r, false, fmt.Errorf("last import: %w", err)
		}
		if r.Value.State == Applied {
			return r, true, nil
		}
	}
	return r, false, nil
}

// Undo takes an import out again: who was added goes, who was changed gets the
// former values back, classes that it made and that stand empty go. It refuses
// as a whole, with names, when one of these people was changed since.
func Undo(tx *store.Tx, who school.Actor, id store.ID) error {
	rec, err := Imports.Get(tx, id)
	if err != nil {
		return err
	}
	in := rec.Value
	if in.State != Applied {
		return school.Refuse("people.refused.undone", "")
	}
	changed, err := touched(tx, &in)
	if err != nil {
		return err
	}
	if len(changed) > 0 {
		shown := strings.Join(changed[:min(len(changed), 5)], ", ")
		return school.Refuse("people.refused.undo_changed", "", "count", len(changed), "names", shown)
	}
	for i, pid := range in.AddedIDs {
		if err := school.People.Delete(tx, pid); err != nil {
			return fmt.Errorf("undo an import: %w", err)
		}
		if err := school.Audit(tx, who, "people.add.undo", pid, in.Added[i].Name(), nil); err != nil {
			return err
		}
	}
	for i, pid := range in.ChangedID {
		now, err := school.People.Get(tx, pid)
		if err != nil {
			return fmt.Errorf("undo an import: %w", err)
		}
		if err := school.People.Set(tx, pid, restored(now.Value, in.Before[i])); err != nil {
			return fmt.Errorf("undo an import: %w", err)
		}
		if err := school.Audit(tx, who, "people.change.undo", pid, in.After[i].Name(), in.Before[i].Name()); err != nil {
			return err
		}
	}
	if err := removeEmpty(tx, in.Classes); err != nil {
		return err
	}
	in.State = Undone
	if err := Imports.Set(tx, id, in); err != nil {
		return fmt.Errorf("undo an import: %w", err)
	}
	return school.Audit(tx, who, "people.import.undo", id, nil, map[string]int{"added": len(in.AddedIDs), "changed": len(in.ChangedID)})
}

// own keeps of a person what an import writes; how somebody likes the pages
// is no reason to keep an import from being undone.
func own(p school.Person) school.Person {
	p.Language, p.Contrast = "", false
	if len(p.Roles) == 0 {
		p.Roles = nil
	}
	if len(p.Guardians) == 0 {
		p.Guardians = nil
	}
	if len(p.Aliases) == 0 {
		p.Aliases = nil
	}
	return p
}

func restored(now, before school.Person) school.Person {
	before.Language, before.Contrast = now.Language, now.Contrast
	return before
}

// touched names those who are no longer as the import wrote them, or on whom
// something else stands by now.
func touched(tx *store.Tx, in *Import) (names []string, err error) {
	check := func(id store.ID, wrote school.Person, added bool) error {
		now, err := school.People.Get(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			names = append(names, wrote.Name())
			return nil
		}
		if err != nil {
			return fmt.Errorf("undo an import: %w", err)
		}
		same := reflect.DeepEqual(own(now.Value), own(wrote))
		if same && added {
			if same, err = unused(tx, id); err != nil {
				return err
			}
		}
		if !same {
			names = append(names, now.Value.Name())
		}
		return nil
	}
	for i, id := range in.AddedIDs {
		if err := check(id, in.Added[i], true); err != nil {
			return nil, err
		}
	}
	for i, id := range in.ChangedID {
		if err := check(id, in.After[i], false); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// unused: nobody gave the person a secret or a class to teach.
func unused(tx *store.Tx, id store.ID) (bool, error) {
	if has, err := school.HasSecret(tx, id); has || err != nil {
		return false, err
	}
	taught, err := school.Roster.ClassesTaught(tx, id)
	return len(taught) == 0, err
}

func removeEmpty(tx *store.Tx, classes []store.ID) error {
	for _, id := range classes {
		c, err := school.Classes.Get(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("undo an import: %w", err)
		}
		pupils, err := school.People.Count(tx, "class", id)
		if err != nil {
			return fmt.Errorf("undo an import: %w", err)
		}
		taught, err := school.Assignments.Count(tx, "class", id)
		if err != nil {
			return fmt.Errorf("undo an import: %w", err)
		}
		if pupils > 0 || taught > 0 || !c.Value.Titular.IsZero() {
			continue
		}
		if err := school.Classes.Delete(tx, id); err != nil {
			return fmt.Errorf("undo an import: %w", err)
		}
	}
	return nil
}
