package intake

import (
	"fmt"
	"slices"
	"strings"

	"preau/modules/people/roll"
	"preau/school"
	"preau/school/packs"
	"preau/store"
)

// known is one person on the roster; class is the label of the class.
type known struct {
	id     store.ID
	person school.Person
	class  string
	key    string // roll.ClassKey of class
	seen   bool
}

type roster struct {
	people      []*known
	byMatricule map[string]*known
	byName      map[string][]*known
}

func readRoster(tx *store.Tx, kind school.Kind, label func(store.ID) string, pack *packs.Pack) (*roster, error) {
	r := &roster{byMatricule: map[string]*known{}, byName: map[string][]*known{}}
	keys := map[string]string{}
	for rec, err := range school.People.Where(tx, "kind", string(kind)) {
		if err != nil {
			return nil, fmt.Errorf("compare with the roster: %w", err)
		}
		k := &known{id: rec.ID, person: rec.Value}
		if !rec.Value.Class.IsZero() {
			k.class = label(rec.Value.Class)
			if keys[k.class] == "" {
				keys[k.class] = roll.ClassKey(pack, k.class)
			}
			k.key = keys[k.class]
		}
		r.people = append(r.people, k)
		for _, m := range append([]string{rec.Value.Matricule}, rec.Value.Aliases...) {
			if n := school.NormalizeMatricule(m); n != "" && r.byMatricule[n] == nil {
				r.byMatricule[n] = k
			}
		}
		n := nameKey(rec.Value.Surname, rec.Value.Given)
		r.byName[n] = append(r.byName[n], k)
	}
	return r, nil
}

// nameKey is a name without accents, whatever the order of its parts: lists
// cut names into surname and given names as they please.
func nameKey(surname, given string) string {
	parts := strings.Fields(school.Fold(surname + " " + given))
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// match finds for each entry the person it means, nil for a new one. The
// matricule decides; names only speak where a matricule is missing or was
// provisional, so that two pupils of one name are never made one.
func (r *roster) match(entries []roll.Entry, pack *packs.Pack) []*known {
	found := make([]*known, len(entries))
	inList := map[string]int{}
	for _, e := range entries {
		inList[nameKey(e.Surname, e.Given)]++
	}
	for i, e := range entries {
		if k := r.byMatricule[school.NormalizeMatricule(e.Matricule)]; k != nil && !k.seen {
			found[i], k.seen = k, true
		}
	}
	for i, e := range entries {
		if found[i] != nil {
			continue
		}
		if k := r.byPerson(e, pack); k != nil {
			found[i], k.seen = k, true
		}
	}
	for i, e := range entries { // one of the name on either side, in one class: the birth was put right
		n := nameKey(e.Surname, e.Given)
		if found[i] != nil || inList[n] != 1 || len(r.byName[n]) != 1 || e.Matricule != "" || e.Class == "" {
			continue
		}
		if k := r.byName[n][0]; !k.seen && k.key == roll.ClassKey(pack, e.Class) {
			found[i], k.seen = k, true
		}
	}
	return found
}

func (r *roster) byPerson(e roll.Entry, pack *packs.Pack) *known {
	candidates := slices.DeleteFunc(slices.Clone(r.byName[nameKey(e.Surname, e.Given)]), func(k *known) bool {
		return k.seen || e.Matricule != "" && k.person.Matricule != "" && !school.Provisional(k.person.Matricule)
	})
	only := func(fits func(k *known) bool) *known {
		var one *known
		for _, k := range candidates {
			if fits(k) {
				if one != nil {
					return nil
				}
				one = k
			}
		}
		return one
	}
	if k := only(func(k *known) bool { return sameBirth(e, &k.person) }); k != nil {
		return k
	}
	key := roll.ClassKey(pack, e.Class)
	return only(func(k *known) bool {
		unsaid := e.Born == "" && e.BornText == "" || k.person.Born == "" && k.person.BornText == ""
		return unsaid && (e.Class == "" || k.class == "" || k.key == key)
	})
}

func sameBirth(e roll.Entry, p *school.Person) bool {
	if e.Born != "" || p.Born != "" {
		return e.Born == p.Born
	}
	return e.BornText != "" && school.Fold(e.BornText) == school.Fold(p.BornText)
}

// sawFaults: who stands in a refused row is in the file all the same.
func (r *roster) sawFaults(faults []roll.Fault) {
	for _, f := range faults {
		if k := r.byMatricule[school.NormalizeMatricule(f.Matricule)]; k != nil {
			k.seen = true
			continue
		}
		for _, k := range r.byName[nameKey(f.Name, "")] {
			if f.Name != "" && !k.seen {
				k.seen = true
				break
			}
		}
	}
}
