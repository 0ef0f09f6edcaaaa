package people

import (
	"preau/appliance"
	"preau/school"
	"preau/store"
	"preau/web"
)

// holds is the record itself, the photo, what is taught, and that a secret is kept.
func holds(c *web.Ctx, tx *store.Tx, person store.Record[school.Person]) ([]appliance.Held, error) {
	b := c.Base("people.title")
	words, err := readLabels(tx)
	if err != nil {
		return nil, err
	}
	p := &person.Value
	part := appliance.Held{Title: b.T("people.held.record"), Facts: []web.Fact{
		{Label: b.T("people.column.surname"), Text: p.Surname}, {Label: b.T("people.column.given"), Text: p.Given},
	}}
	part.Facts = append(part.Facts, words.facts(b, p)...)
	add := func(key, text string) {
		if text != "" {
			part.Facts = append(part.Facts, web.Fact{Label: b.T(key), Text: text})
		}
	}
	for _, a := range p.Aliases {
		add("people.held.alias", a)
	}
	if _, err := school.PhotoOf(tx, person.ID); err == nil {
		add("people.photo.do", b.T("people.held.photo"))
	}
	if has, err := school.HasSecret(tx, person.ID); err != nil {
		return nil, err
	} else if has {
		add("people.held.secret", b.T("people.held.secret.text"))
	}
	n, err := web.Sessions(tx, person.ID)
	if err != nil {
		return nil, err
	}
	if n > 0 {
		add("people.held.sessions", b.Number(n))
	}
	parts := []appliance.Held{part}
	taught := appliance.Held{Title: b.T("people.assign.subjects"), Head: []string{b.T("people.column.class"), b.T("people.column.subject")}}
	for a, err := range school.Assignments.Where(tx, "person", person.ID) {
		if err != nil {
			return nil, err
		}
		taught.Rows = append(taught.Rows, []string{words.classes[a.Value.Class].Label, words.shown(b, "subject", a.Value.Subject)})
	}
	if len(taught.Rows) > 0 {
		parts = append(parts, taught)
	}
	past := appliance.Held{Title: b.T("people.year.past"), Head: []string{b.T("people.year.past.year"), b.T("people.column.class"), b.T("people.year.verdict")}}
	for s, err := range schoolings.Where(tx, "person", person.ID) {
		if err != nil {
			return nil, err
		}
		past.Rows = append(past.Rows, []string{s.Value.Year, s.Value.Label, b.T("people.year.v." + s.Value.Verdict)})
	}
	if len(past.Rows) > 0 {
		parts = append(parts, past)
	}
	return parts, nil
}
