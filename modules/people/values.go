package people

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"preau/school"
	"preau/store"
)

// values are what people may change of a person, as texts by name: what the
// audit log keeps of a change, what two editors are compared by, and what an
// undo puts back. A value that is empty has no entry.
type values map[string]string

// valueNames in the order in which pages show them.
var valueNames = []string{
	"surname", "given", "sex", "born", "birth_place", "matricule", "niu", "class", "repeating", "guardians",
	"roles", "subject", "status", "diploma", "phone", "left", "left_why",
}

func valuesOf(p *school.Person) values {
	v := values{
		"surname": p.Surname, "given": p.Given, "sex": p.Sex, "born": p.Born, "birth_place": p.BirthPlace,
		"matricule": p.Matricule, "niu": p.NIU, "subject": p.Subject, "status": p.Status, "diploma": p.Diploma,
		"phone": p.Phone, "left": p.Left, "left_why": p.LeftWhy,
	}
	if p.Born == "" {
		v["born"] = p.BornText
	}
	if !p.Class.IsZero() {
		v["class"] = p.Class.String()
	}
	if p.Repeating {
		v["repeating"] = "yes"
	}
	if len(p.Guardians) > 0 {
		if b, err := json.Marshal(p.Guardians); err == nil {
			v["guardians"] = string(b)
		}
	}
	if p.Kind == school.Staff {
		roles := make([]string, len(p.Roles))
		for i, r := range p.Roles {
			roles[i] = string(r)
		}
		v["roles"] = strings.Join(roles, " ")
	}
	for name, text := range v {
		if text == "" {
			delete(v, name)
		}
	}
	return v
}

// put sets one value of a person from its text.
func put(p *school.Person, name, text string) error {
	fields := map[string]*string{
		"surname": &p.Surname, "given": &p.Given, "sex": &p.Sex, "birth_place": &p.BirthPlace, "matricule": &p.Matricule, "niu": &p.NIU,
		"subject": &p.Subject, "status": &p.Status, "diploma": &p.Diploma, "phone": &p.Phone, "left": &p.Left, "left_why": &p.LeftWhy,
	}
	if at, ok := fields[name]; ok {
		*at = text
		return nil
	}
	switch name {
	case "born":
		p.Born, p.BornText = "", text
		if school.ValidDay(text) {
			p.Born, p.BornText = text, ""
		}
	case "class":
		p.Class = store.ID{}
		if text != "" {
			id, err := store.ParseID(text)
			if err != nil {
				return err
			}
			p.Class = id
		}
	case "repeating":
		p.Repeating = text != ""
	case "guardians":
		p.Guardians = nil
		if text != "" {
			return json.Unmarshal([]byte(text), &p.Guardians)
		}
	case "roles":
		p.Roles = nil
		for _, r := range strings.Fields(text) {
			p.Roles = append(p.Roles, school.Role(r))
		}
	}
	return nil
}

// differ are the values that are not the same on both sides, "" for none.
func differ(before, after values) (from, to values) {
	from, to = values{}, values{}
	for _, name := range valueNames {
		if before[name] != after[name] {
			from[name], to[name] = before[name], after[name]
		}
	}
	return from, to
}

// seal is a short text that changes when a value does: a form carries it, to be
// told that somebody else saved meanwhile.
func (v values) seal() string {
	var b strings.Builder
	for _, name := range valueNames {
		if v[name] != "" {
			b.WriteString(name + "\x00" + v[name] + "\x00")
		}
	}
	return shortHash(b.String())
}

// save writes a person that people changed, the audit line with it. Former
// matricules are kept as aliases. It tells whether anything changed.
func save(tx *store.Tx, who school.Actor, action string, id store.ID, before, after school.Person) (bool, error) {
	from, to := differ(valuesOf(&before), valuesOf(&after))
	if len(to) == 0 {
		return false, nil
	}
	if _, ok := to["matricule"]; ok && before.Matricule != "" && !slices.Contains(after.Aliases, before.Matricule) {
		after.Aliases = append(slices.Clone(after.Aliases), before.Matricule)
	}
	if err := school.CheckPerson(&after); err != nil {
		return false, err
	}
	if err := school.People.Set(tx, id, after); err != nil {
		return false, matriculeTaken(tx, err, after.Kind, after.Matricule)
	}
	return true, school.Audit(tx, who, action, id, from, to)
}

// matriculeTaken names who has the matricule already.
func matriculeTaken(tx *store.Tx, err error, kind school.Kind, matricule string) error {
	var clash *store.UniqueError
	if !errors.As(err, &clash) {
		return err
	}
	name := ""
	if r, err := school.Roster.ByMatricule(tx, kind, matricule); err == nil {
		name = r.Value.Name()
	}
	return school.Refuse("people.refused.matricule_taken", "matricule", "value", matricule, "name", name)
}

// keepAHead refuses what would leave the school without anybody who runs it.
func keepAHead(tx *store.Tx, id store.ID, after *school.Person) error {
	if after.Is(school.Head) {
		return nil
	}
	heads, err := school.Roster.Staff(tx, school.Head)
	if err != nil {
		return err
	}
	for _, h := range heads {
		if h.ID != id {
			return nil
		}
	}
	if len(heads) == 0 {
		return nil
	}
	return school.Refuse("people.refused.last_head", "roles")
}
