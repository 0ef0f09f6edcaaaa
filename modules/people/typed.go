package people

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"preau/modules/people/roll"
	"preau/school"
	"preau/school/sheet"
	"preau/store"
	"preau/web"
)

// guardianRows is how many contacts a form has room for.
const guardianRows = 3

// typedOf fills a form from a person.
func typedOf(p *school.Person) map[string]string {
	v := valuesOf(p)
	t := map[string]string{}
	for _, name := range valueNames {
		t[name] = v[name]
	}
	if school.ValidDay(p.Born) {
		t["born"] = p.Born[8:] + "/" + p.Born[5:7] + "/" + p.Born[:4]
	}
	for i, g := range p.Guardians {
		n := strconv.Itoa(i)
		t["g"+n+".name"], t["g"+n+".link"], t["g"+n+".phone"] = g.Name, g.Link, g.Phone
	}
	return t
}

// textFields are the controls of one line whose text is the value.
var textFields = []string{"surname", "given", "sex", "born", "birth_place", "matricule", "niu", "class", "subject", "status", "diploma", "phone"}

// typed reads what stands in a form that was sent.
func typed(f *web.Form) map[string]string {
	t := map[string]string{}
	for _, name := range append(slices.Clone(textFields), "repeating") {
		t[name] = f.Get(name)
	}
	for i := range guardianRows {
		for _, part := range []string{".name", ".link", ".phone"} {
			name := "g" + strconv.Itoa(i) + part
			t[name] = f.Get(name)
		}
	}
	return t
}

// fill brings what was typed into a person and says what stands against it.
func fill(p *school.Person, t map[string]string, roles []string, grant bool, today string) school.Refusals {
	var no school.Refusals
	one := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	p.Surname, p.Given = strings.ToUpper(one(t["surname"])), one(t["given"])
	p.Sex, p.BirthPlace, p.Matricule, p.NIU = t["sex"], one(t["birth_place"]), one(t["matricule"]), one(t["niu"])
	birth, refused := roll.ReadBirth(sheet.Cell{Text: t["born"]}, today, false)
	if refused != nil {
		no = append(no, refused)
	}
	p.Born, p.BornText = birth.Day, birth.Text
	if birth.Place != "" && p.BirthPlace == "" {
		p.BirthPlace = birth.Place
	}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		text := t[name]
		if len([]rune(text)) > 120 {
			no = append(no, school.Refuse("people.refused.long", name, "max", 120))
		} else if text != "" && strings.ContainsRune("=+@", rune(text[0])) && !strings.HasSuffix(name, "phone") {
			no = append(no, school.Refuse("people.refused.looks_formula", name, "value", text))
		}
	}
	if p.Kind == school.Staff {
		p.Subject, p.Status, p.Diploma, p.Phone = one(t["subject"]), one(t["status"]), one(t["diploma"]), one(t["phone"])
		if grant {
			p.Roles = nil
			for _, r := range school.BoxStaff {
				if slices.Contains(roles, string(r)) {
					p.Roles = append(p.Roles, r)
				}
			}
		}
		return no
	}
	p.Repeating = t["repeating"] != ""
	p.Class = store.ID{}
	if t["class"] != "" {
		id, err := store.ParseID(t["class"])
		if err != nil {
			no = append(no, school.Refuse("people.refused.class", "class"))
		}
		p.Class = id
	}
	var guardians []school.Guardian
	for i := range guardianRows {
		n := "g" + strconv.Itoa(i)
		g := school.Guardian{Name: one(t[n+".name"]), Link: one(t[n+".link"]), Phone: one(t[n+".phone"])}
		if g != (school.Guardian{}) {
			guardians = append(guardians, g)
		}
	}
	p.Guardians = append(guardians, p.Guardians[min(len(p.Guardians), guardianRows):]...)
	return no
}
