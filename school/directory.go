package school

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"preau/store"
)

// Listed is what a list of names shows of a person.
type Listed struct {
	ID        store.ID
	Kind      Kind
	Name      string // "AGBODJAN Kodjo"
	Matricule string
	Sex       string
	Born      string // YYYY-MM-DD, or what stands for it
	Class     store.ID
	Roles     []Role
	Left      string // YYYY-MM-DD of leaving, "" is here

	matricules []string // normalised, former ones included
	login      string
	parts      []string // of the name, folded
	apart      []string // the same where an apostrophe parts words, nil when none does
}

// Directory is the roster made ready for finding people by name: everybody, in
// the French order of names. It is as of the transaction that read it, holds
// nothing of it, and may be shared.
type Directory struct {
	people  []Listed
	classes map[store.ID]Headcount
	alike   func() [][]Listed
}

// Headcount is how many pupils are in a class now.
type Headcount struct{ All, Girls, Boys int }

// In is how many pupils are in a class now.
func (d *Directory) In(class store.ID) Headcount { return d.classes[class] }

// ReadDirectory reads everybody. With 20,000 people it takes a tenth of a
// second: keep it until People changes.
func ReadDirectory(tx *store.Tx) (*Directory, error) {
	d := &Directory{classes: map[store.ID]Headcount{}}
	for r, err := range People.All(tx) {
		if err != nil {
			return nil, fmt.Errorf("read the directory: %w", err)
		}
		p := &r.Value
		l := Listed{
			ID: r.ID, Kind: p.Kind, Name: p.Name(), Matricule: p.Matricule, Sex: p.Sex, Born: p.Born, Class: p.Class,
			Roles: slices.Clone(p.Roles), Left: p.Left, login: NormalizeLogin(p.Login), parts: nameParts(p.Surname + " " + p.Given),
		}
		if l.Born == "" {
			l.Born = p.BornText
		}
		for _, m := range append([]string{p.Matricule}, p.Aliases...) {
			if n := NormalizeMatricule(m); n != "" {
				l.matricules = append(l.matricules, n)
			}
		}
		if strings.ContainsAny(l.Name, apostrophes) {
			l.apart = nameParts(apostropheGaps.Replace(l.Name))
		}
		d.people = append(d.people, l)
	}
	SortByName(d.people, func(l Listed) string { return l.Name })
	for i := range d.people {
		if l := &d.people[i]; l.Kind == PupilKind && l.Left == "" {
			n := d.classes[l.Class]
			n.add(l.Sex)
			d.classes[l.Class] = n
		}
	}
	d.alike = sync.OnceValue(d.findAlike)
	return d, nil
}

func (n *Headcount) add(sex string) {
	n.All++
	switch sex {
	case "F":
		n.Girls++
	case "M":
		n.Boys++
	}
}

// Wanted is who is looked for. The zero value is everybody who is here.
type Wanted struct {
	Query string // parts of a name in any order, accents apart; or the beginning of a matricule or login
	Kind  Kind   // "" both
	Left  bool   // who has left, instead of who is here
	Limit int    // 0: no limit
	Keep  func(*Listed) bool
}

// Find lists who is wanted, in the order of names, and how many there are in all.
func (d *Directory) Find(w Wanted) (found []Listed, total int) {
	parts := nameParts(w.Query)
	slices.SortStableFunc(parts, func(a, b string) int { return len(b) - len(a) })
	matricule, login := NormalizeMatricule(w.Query), NormalizeLogin(w.Query)
	for i := range d.people {
		l := &d.people[i]
		if w.Kind != "" && l.Kind != w.Kind || w.Left != (l.Left != "") || !l.answers(parts, matricule, login) || w.Keep != nil && !w.Keep(l) {
			continue
		}
		if total++; w.Limit == 0 || total <= w.Limit {
			found = append(found, *l)
		}
	}
	return found, total
}

func (l *Listed) answers(parts []string, matricule, login string) bool {
	if matricule == "" && len(parts) == 0 {
		return true
	}
	if len(parts) > 0 && (matchParts(parts, l.parts) || l.apart != nil && matchParts(parts, l.apart)) {
		return true
	}
	return slices.ContainsFunc(l.matricules, func(m string) bool { return hasPrefix(m, matricule) }) || hasPrefix(l.login, login)
}

func hasPrefix(s, prefix string) bool { return prefix != "" && strings.HasPrefix(s, prefix) }

// Alike lists groups of people who are here and may be one: same kind, same
// name in whatever order its parts stand, same birth, same sex. An unknown birth
// or sex is like any other. The groups are not to be changed.
func (d *Directory) Alike() [][]Listed { return d.alike() }

func (d *Directory) findAlike() (groups [][]Listed) {
	byName := map[string][]int{}
	var order []string
	for i := range d.people {
		l := &d.people[i]
		if l.Left != "" {
			continue
		}
		parts := slices.Clone(l.parts)
		slices.Sort(parts)
		key := string(l.Kind) + " " + strings.Join(parts, " ")
		if byName[key] == nil {
			order = append(order, key)
		}
		byName[key] = append(byName[key], i)
	}
	for _, key := range order {
		same := byName[key]
		for len(same) > 1 {
			first, rest := &d.people[same[0]], same[:0:0]
			group := []Listed{*first}
			for _, i := range same[1:] {
				if o := &d.people[i]; fits(first.Born, o.Born) && fits(first.Sex, o.Sex) {
					group = append(group, *o)
				} else {
					rest = append(rest, i)
				}
			}
			if len(group) > 1 {
				groups = append(groups, group)
			}
			same = rest
		}
	}
	return groups
}

func fits(a, b string) bool { return a == "" || b == "" || Fold(a) == Fold(b) }
