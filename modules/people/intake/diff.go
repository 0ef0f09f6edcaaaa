package intake

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"preau/modules/people/roll"
	"preau/school"
)

// compare notes what the list would change of a person. A cell that is empty,
// and a column that is not there, change nothing.
func (p *Plan) compare(k *known, e roll.Entry, class string, o Options) {
	c := Changed{ID: k.id, Entry: e, Name: k.person.Name(), after: k.person}
	c.after.Aliases = slices.Clone(k.person.Aliases)
	c.after.Guardians = slices.Clone(k.person.Guardians)
	has := p.Roll.Has
	note := func(field string, at *string, to string) {
		if to == "" || plain(*at) == plain(to) {
			return
		}
		c.Changes = append(c.Changes, Change{Field: field, From: *at, To: to})
		*at = to
	}
	c.matricule(e.Matricule)
	c.names(e)
	note("sex", &c.after.Sex, e.Sex)
	c.birth(e)
	note("birth_place", &c.after.BirthPlace, e.Place)
	note("niu", &c.after.NIU, e.NIU)
	if class != "" && class != k.key {
		c.Changes = append(c.Changes, Change{Field: "class", From: k.class, To: e.Class})
		c.class = class
	}
	if p.Kind == school.PupilKind {
		if has(roll.Repeating) && c.after.Repeating != e.Repeating {
			c.Changes = append(c.Changes, Change{Field: "repeating", From: yesNo(c.after.Repeating), To: yesNo(e.Repeating)})
			c.after.Repeating = e.Repeating
		}
		c.guardians(e.Guardians)
	} else {
		note("phone", &c.after.Phone, e.Phone)
		note("subject", &c.after.Subject, e.Subject)
		note("status", &c.after.Status, statusOf(e))
		note("diploma", &c.after.Diploma, e.Diploma)
		c.roles(p.granted(e.Roles, orEmpty(k.person.Roles), o.Grant))
	}
	if c.after.Left != "" {
		c.Changes = append(c.Changes, Change{Field: "left", From: c.after.Left})
		c.after.Left = ""
	}
	if len(c.Changes) == 0 {
		p.Unchanged++
		return
	}
	p.Changed = append(p.Changed, c)
}

func orEmpty(r []school.Role) []school.Role {
	if r == nil {
		return []school.Role{}
	}
	return r
}

// statusOf keeps a function that gives no role (intendant, bibliothécaire).
func statusOf(e roll.Entry) string {
	if e.Status == "" && len(e.Roles) == 0 {
		return e.Post
	}
	return e.Status
}

// plain is a text by which "N’GBENDE" and "N'GBENDE" are the same.
func plain(s string) string {
	return strings.NewReplacer("’", "'", "ʼ", "'", "‘", "'", "‑", "-").Replace(norm.NFC.String(strings.TrimSpace(s)))
}

func (c *Changed) matricule(to string) {
	if to == "" || school.NormalizeMatricule(to) == school.NormalizeMatricule(c.after.Matricule) {
		return
	}
	if slices.ContainsFunc(c.after.Aliases, func(a string) bool {
		return school.NormalizeMatricule(a) == school.NormalizeMatricule(to)
	}) {
		return // the list still has the former one
	}
	c.Changes = append(c.Changes, Change{Field: "matricule", From: c.after.Matricule, To: to})
	if c.after.Matricule != "" {
		c.after.Aliases = append(c.after.Aliases, c.after.Matricule)
	}
	c.after.Matricule = to
}

// names: the same letters cut elsewhere into surname and given names are no
// change; the roster's cut may have been put right by hand.
func (c *Changed) names(e roll.Entry) {
	if plain(strings.ToLower(c.Name)) == plain(strings.ToLower(school.JoinName(e.Surname, e.Given))) {
		return
	}
	for _, x := range []struct {
		field string
		at    *string
		to    string
	}{{"surname", &c.after.Surname, e.Surname}, {"given", &c.after.Given, e.Given}} {
		if x.to != "" && plain(*x.at) != plain(x.to) {
			c.Changes = append(c.Changes, Change{Field: x.field, From: *x.at, To: x.to})
			*x.at = x.to
		}
	}
}

func (c *Changed) birth(e roll.Entry) {
	if e.Born == "" && e.BornText == "" || e.Born == c.after.Born && (e.Born != "" || plain(e.BornText) == plain(c.after.BornText)) {
		return
	}
	from := c.after.Born
	if from == "" {
		from = c.after.BornText
	}
	to := e.Born
	if to == "" {
		to = e.BornText
	}
	c.Changes = append(c.Changes, Change{Field: "born", From: from, To: to})
	c.after.Born, c.after.BornText = e.Born, e.BornText
}

// guardians adds those whom the roster does not know; it removes none.
func (c *Changed) guardians(list []school.Guardian) {
	var added []string
	for _, g := range list {
		if slices.ContainsFunc(c.after.Guardians, func(k school.Guardian) bool {
			return school.Fold(k.Name) == school.Fold(g.Name) && digits(k.Phone) == digits(g.Phone) ||
				g.Name == "" && digits(k.Phone) == digits(g.Phone) || g.Phone == "" && school.Fold(k.Name) == school.Fold(g.Name)
		}) {
			continue
		}
		c.after.Guardians = append(c.after.Guardians, g)
		added = append(added, strings.TrimSpace(g.Name+" "+g.Phone))
	}
	if len(added) > 0 {
		c.Changes = append(c.Changes, Change{Field: "guardians", To: strings.Join(added, ", ")})
	}
}

func (c *Changed) roles(to []school.Role) {
	var more []string
	for _, r := range to {
		if !slices.Contains(c.after.Roles, r) {
			more = append(more, string(r))
		}
	}
	if len(more) == 0 {
		return
	}
	from := make([]string, len(c.after.Roles))
	for i, r := range c.after.Roles {
		from[i] = string(r)
	}
	c.after.Roles = slices.Clone(c.after.Roles)
	for _, r := range more {
		c.after.Roles = append(c.after.Roles, school.Role(r))
	}
	c.Changes = append(c.Changes, Change{Field: "roles", From: strings.Join(from, " "), To: strings.Join(append(from, more...), " ")})
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// yesNo are the stored words of a switch in a Change; pages translate them.
func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
