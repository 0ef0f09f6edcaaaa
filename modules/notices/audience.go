package notices

import (
	"errors"
	"slices"
	"strings"

	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

// empty tells whether the audience names nobody.
func (a *Audience) empty() bool {
	return !a.Staff && !a.Pupils && len(a.Roles)+len(a.Levels)+len(a.Classes) == 0
}

// pupils tells whether any pupils are meant.
func (a *Audience) pupils() bool { return a.Pupils || len(a.Levels)+len(a.Classes) > 0 }

// means tells whether a person is meant; level is that of a pupil's class.
func (a *Audience) means(p *school.Person, level string) bool {
	if p.Left != "" {
		return false
	}
	if p.Kind == school.PupilKind {
		return a.Pupils || level != "" && slices.Contains(a.Levels, level) || !p.Class.IsZero() && slices.Contains(a.Classes, p.Class)
	}
	return a.Staff || p.Is(a.Roles...)
}

// levelOf is the level of a person's class, "" for none.
func levelOf(tx *store.Tx, class store.ID) (string, error) {
	if class.IsZero() {
		return "", nil
	}
	k, err := school.Classes.Get(tx, class)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return k.Value.Level, err
}

// checkAudience says what stands against an audience.
func checkAudience(tx *store.Tx, a *Audience) (no school.Refusals, err error) {
	if a.empty() {
		no = append(no, school.Refuse("notices.refused.audience", "audience"))
	}
	for _, r := range a.Roles {
		if !slices.Contains(school.BoxStaff, r) {
			no = append(no, school.Refuse("notices.refused.role", "roles", "value", string(r)))
		}
	}
	pack, err := packs.Here(tx)
	if err != nil {
		return no, err
	}
	for _, l := range a.Levels {
		if _, ok := pack.LevelByCode(l); !ok {
			no = append(no, school.Refuse("notices.refused.level", "levels", "value", l))
		}
	}
	for _, id := range a.Classes {
		switch _, err := school.Classes.Get(tx, id); {
		case errors.Is(err, store.ErrNotFound):
			return append(no, school.Refuse("notices.refused.class", "classes")), nil
		case err != nil:
			return no, err
		}
	}
	return no, nil
}

// choices are what an audience can be made of.
type choices struct{ Roles, Levels, Classes []web.Option }

// audienceChoices are the roles of staff, and the levels and classes of this year;
// classes that an older draft names stay among them.
func audienceChoices(tx *store.Tx, b web.Base, a Audience) (ch choices, err error) {
	for _, r := range school.BoxStaff {
		ch.Roles = append(ch.Roles, web.Option{Value: string(r), Label: b.T(r.WordKey())})
	}
	year, err := school.CurrentYear(tx)
	if errors.Is(err, school.ErrNoYear) {
		return ch, nil
	}
	if err != nil {
		return ch, err
	}
	classes, err := school.Roster.ClassesOf(tx, year.Label)
	if err != nil {
		return ch, err
	}
	for _, id := range a.Classes {
		k, err := school.Classes.Get(tx, id)
		if err == nil && k.Value.Year != year.Label {
			classes = append(classes, k)
		}
	}
	var levels []string
	for _, k := range classes {
		if !slices.Contains(levels, k.Value.Level) {
			levels = append(levels, k.Value.Level)
		}
		ch.Classes = append(ch.Classes, web.Option{Value: k.ID.String(), Label: k.Value.Label})
	}
	for _, l := range levels {
		ch.Levels = append(ch.Levels, web.Option{Value: l, Label: l})
	}
	return ch, nil
}

// inWords says whom an audience means: "professeurs · élèves de Tle, 1re C".
// labels are those of the classes.
func inWords(b web.Base, a Audience, labels map[store.ID]string) string {
	var parts []string
	if a.Staff {
		parts = append(parts, b.T("notices.audience.staff"))
	} else {
		for _, r := range a.Roles {
			parts = append(parts, b.T(r.WordKey()))
		}
	}
	if a.Pupils {
		parts = append(parts, b.T("notices.audience.pupils"))
	} else if a.pupils() {
		list := slices.Clone(a.Levels)
		for _, id := range a.Classes {
			if l := labels[id]; l != "" {
				list = append(list, l)
			}
		}
		parts = append(parts, b.T("notices.audience.pupils_of", "list", strings.Join(list, ", ")))
	}
	return strings.Join(parts, " · ")
}

// labelsOf are the labels of all classes, and their levels.
func labelsOf(c *web.Ctx, tx *store.Tx) (classNames, error) {
	return web.Remember(c, tx, "notices.classes", []string{school.Classes.Name()}, func() (n classNames, err error) {
		n = classNames{label: map[store.ID]string{}, level: map[store.ID]string{}}
		for k, err := range school.Classes.Where(tx, "year") {
			if err != nil {
				return n, err
			}
			n.label[k.ID], n.level[k.ID] = k.Value.Label, k.Value.Level
			n.order = append(n.order, k.ID)
		}
		return n, nil
	})
}

// classNames are shared by all who ask: never to be changed.
type classNames struct {
	label, level map[store.ID]string
	order        []store.ID
}
