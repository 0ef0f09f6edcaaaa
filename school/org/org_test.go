package org_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/store"
	"preau/store/storetest"
)

const today = "2026-11-23"

func open(t *testing.T) *store.DB {
	t.Helper()
	db := storetest.Open(t, org.Collections()...)
	if err := db.Update(func(tx *store.Tx) error {
		ids, err := org.Seed(tx, packs.Must("togo"))
		if err == nil && len(ids) != 1+7+18 {
			t.Errorf("%d units seeded", len(ids))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	add(t, db,
		org.Unit{Code: "LYTOK", Name: "Lycée de Tokoin", Kind: org.School, Parent: "IESG-GOLFE-EST", Type: "general", Levels: []string{"2nde", "1re", "Tle"}, Series: []string{"A4", "C", "D"}},
		org.Unit{Code: "LTLOM", Name: "LETP Lomé", Kind: org.School, Parent: "IESG-GOLFE-OUEST", Type: "technical", Levels: []string{"2nde", "1re", "Tle"}, Series: []string{"F1", "F3", "G2"}},
		org.Unit{Code: "LYKAR", Name: "Lycée de Kara", Kind: org.School, Parent: "IESG-KARA", Type: "general", Levels: []string{"2nde", "1re", "Tle"}, Series: []string{"A4", "D"}},
		org.Unit{Code: "CEGKP", Name: "CEG Kpalimé", Kind: org.School, Parent: "IESG-KPALIME", Type: "general", Levels: []string{"6e", "5e", "4e", "3e"}},
		org.Unit{Code: "NEUF", Name: "Lycée neuf", Kind: org.School, Parent: "DRE-SA"},
		org.Unit{Code: "FERME", Name: "Lycée fermé", Kind: org.School, Parent: "IESG-KARA", Until: "2026-08-31"},
	)
	return db
}

func add(t *testing.T, db *store.DB, units ...org.Unit) {
	t.Helper()
	if err := db.Update(func(tx *store.Tx) error {
		for _, u := range units {
			if err := org.Check(tx, &u, store.ID{}); err != nil {
				return err
			}
			if _, err := org.Units.Add(tx, u); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func sites(t *testing.T, db *store.DB, a org.Audience, day string) string {
	t.Helper()
	var codes []string
	if err := db.View(func(tx *store.Tx) (err error) { codes, err = a.Sites(tx, day); return err }); err != nil {
		t.Fatal(err)
	}
	return strings.Join(codes, " ")
}

func TestAudienceSites(t *testing.T) {
	db := open(t)
	const all = "CEGKP LTLOM LYKAR LYTOK NEUF"
	for name, c := range map[string]struct {
		a    org.Audience
		want string
	}{
		"nothing":             {org.Audience{}, ""},
		"roles alone":         {org.Audience{Roles: []school.Role{school.Teacher}}, ""},
		"everyone":            {org.Audience{Everyone: true}, all},
		"region":              {org.Audience{Regions: []string{"DRE-GL"}}, "LTLOM LYTOK"},
		"region, odd case":    {org.Audience{Regions: []string{" dre-gl "}}, "LTLOM LYTOK"},
		"directly below":      {org.Audience{Regions: []string{"DRE-SA"}}, "NEUF"},
		"inspection":          {org.Audience{Inspections: []string{"IESG-KARA"}}, "LYKAR"},
		"schools":             {org.Audience{Schools: []string{"LYKAR", "CEGKP"}}, "CEGKP LYKAR"},
		"together":            {org.Audience{Regions: []string{"DRE-GL"}, Inspections: []string{"IESG-KARA"}, Schools: []string{"CEGKP", "LYTOK"}}, "CEGKP LTLOM LYKAR LYTOK"},
		"type":                {org.Audience{Types: []string{"technical"}}, "LTLOM NEUF"},
		"type in a region":    {org.Audience{Regions: []string{"DRE-GL"}, Types: []string{"general"}}, "LYTOK"},
		"level":               {org.Audience{Levels: []string{"3e"}}, "CEGKP NEUF"},
		"series":              {org.Audience{Everyone: true, Series: []string{"F3", "C"}}, "CEGKP LTLOM LYTOK NEUF"},
		"series of lycées":    {org.Audience{Levels: []string{"Tle"}, Series: []string{"F3"}}, "LTLOM NEUF"},
		"unknown":             {org.Audience{Regions: []string{"DRE-XX"}, Schools: []string{"XX"}}, ""},
		"closed":              {org.Audience{Schools: []string{"FERME"}}, ""},
		"narrowed to nothing": {org.Audience{Schools: []string{"LYTOK"}, Types: []string{"technical"}}, ""},
	} {
		if got := sites(t, db, c.a, today); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := sites(t, db, org.Audience{Inspections: []string{"IESG-KARA"}}, "2026-06-01"); got != "FERME LYKAR" {
		t.Errorf("in June: %q", got)
	}
}

func TestUnitsMove(t *testing.T) {
	db := open(t)
	// From January the inspection of Kpalimé belongs to another region.
	if err := db.Update(func(tx *store.Tx) error {
		r, err := org.At(tx, "IESG-KPALIME", today)
		if err != nil {
			return err
		}
		r.Value.Until = "2026-12-31"
		return org.Units.Set(tx, r.ID, r.Value)
	}); err != nil {
		t.Fatal(err)
	}
	add(t, db, org.Unit{Code: "IESG-KPALIME", Name: "IESG Kpalimé", Kind: org.Inspection, Parent: "DRE-PE", From: "2027-01-01"})
	a := org.Audience{Regions: []string{"DRE-PE"}}
	if got := sites(t, db, a, today); got != "" {
		t.Errorf("before: %q", got)
	}
	if got := sites(t, db, a, "2027-01-01"); got != "CEGKP" {
		t.Errorf("after: %q", got)
	}
	if err := db.View(func(tx *store.Tx) error {
		for day, want := range map[string]string{today: "DRE-PO", "2027-02-01": "DRE-PE"} {
			region, inspection, err := org.PathOn(tx, "CEGKP", day)
			if err != nil || region.Code != want || inspection.Code != "IESG-KPALIME" {
				t.Errorf("path on %s: %s %s %v", day, region.Code, inspection.Code, err)
			}
		}
		if region, inspection, err := org.Path(tx, "neuf"); err != nil || region.Code != "DRE-SA" || inspection.Code != "" {
			t.Errorf("path of a school below a region: %s %s %v", region.Code, inspection.Code, err)
		}
		if _, _, err := org.Path(tx, "XX"); !errors.Is(err, org.ErrNoUnit) {
			t.Errorf("path of nothing: %v", err)
		}
		kids, err := org.Children(tx, "DRE-GL", today)
		if err != nil || len(kids) != 3 {
			t.Errorf("%d children %v", len(kids), err)
		}
		schools, err := org.OfKind(tx, org.School, today)
		if err != nil || len(schools) != 5 || schools[0].Value.Code != "CEGKP" {
			t.Errorf("%d schools %v", len(schools), err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestCheckUnit(t *testing.T) {
	db := open(t)
	for name, c := range map[string]struct {
		u     org.Unit
		field string
	}{
		"no code":            {org.Unit{Name: "X", Kind: org.School, Parent: "DRE-GL"}, "code"},
		"no name":            {org.Unit{Code: "X", Kind: org.School, Parent: "DRE-GL"}, "name"},
		"no such day":        {org.Unit{Code: "X", Name: "X", Kind: org.School, Parent: "DRE-GL", From: "2026-02-30"}, "from"},
		"ends first":         {org.Unit{Code: "X", Name: "X", Kind: org.School, Parent: "DRE-GL", From: "2026-02-03", Until: "2026-02-02"}, "until"},
		"odd kind":           {org.Unit{Code: "X", Name: "X", Kind: "club"}, "kind"},
		"unknown parent":     {org.Unit{Code: "X", Name: "X", Kind: org.School, Parent: "DRE-XX"}, "parent"},
		"school on a school": {org.Unit{Code: "X", Name: "X", Kind: org.School, Parent: "LYTOK"}, "parent"},
		"no parent":          {org.Unit{Code: "X", Name: "X", Kind: org.School}, "parent"},
		"taken":              {org.Unit{Code: "lytok", Name: "X", Kind: org.School, Parent: "DRE-GL"}, "code"},
	} {
		err := db.View(func(tx *store.Tx) error { return org.Check(tx, &c.u, store.ID{}) })
		if rs := school.RefusalsIn(err); len(rs) != 1 || rs[0].Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := db.Update(func(tx *store.Tx) error { // seeding twice adds nothing
		ids, err := org.Seed(tx, packs.Must("togo"))
		if len(ids) != 0 {
			t.Errorf("seeded %d units again", len(ids))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAudienceCheck(t *testing.T) {
	db := open(t)
	for name, c := range map[string]struct {
		a    org.Audience
		keys []string
	}{
		"good":    {org.Audience{Regions: []string{"DRE-GL"}, Roles: []school.Role{school.Head}}, nil},
		"nobody":  {org.Audience{}, []string{"audience.refused.nobody"}},
		"codes":   {org.Audience{Regions: []string{"X"}, Inspections: []string{"DRE-GL"}, Schools: []string{"FERME"}}, []string{"audience.refused.unknown_dre", "audience.refused.unknown_inspection", "audience.refused.unknown_school"}},
		"roles":   {org.Audience{Everyone: true, Roles: []school.Role{school.Publisher, "king"}}, []string{"audience.refused.unknown_role", "audience.refused.unknown_role"}},
		"types":   {org.Audience{Everyone: true, Types: []string{"general", "martian"}}, []string{"audience.refused.unknown_type"}},
		"nothing": {org.Audience{Schools: []string{"LYTOK"}, Types: []string{"technical"}}, []string{"audience.refused.no_school"}},
	} {
		err := db.View(func(tx *store.Tx) error { return c.a.Check(tx, today) })
		var keys []string
		for _, r := range school.RefusalsIn(err) {
			keys = append(keys, r.Key)
		}
		if !slices.Equal(keys, c.keys) {
			t.Errorf("%s: %v", name, keys)
		}
	}
}

func TestIncludes(t *testing.T) {
	d1 := school.Class{Level: "Tle", Series: "D"}
	staff := func(r ...school.Role) school.Person { return school.Person{Kind: school.Staff, Roles: r} }
	pupil := school.Person{Kind: school.PupilKind, Roles: []school.Role{school.Pupil}}
	gone := staff(school.Teacher)
	gone.Left = "2026-01-01"
	roles := func(r ...school.Role) org.Audience { return org.Audience{Everyone: true, Roles: r} }
	tle := org.Audience{Levels: []string{"Tle"}, Series: []string{"D"}, Roles: []school.Role{school.Pupil}}
	for name, c := range map[string]struct {
		a    org.Audience
		p    school.Person
		in   []school.Class
		want bool
	}{
		"no roles, teacher":           {roles(), staff(school.Teacher), nil, true},
		"no roles, no role":           {roles(), staff(), nil, true},
		"no roles, pupil":             {roles(), pupil, []school.Class{d1}, false},
		"teachers, teacher":           {roles(school.Teacher), staff(school.Teacher), nil, true},
		"teachers, head":              {roles(school.Teacher), staff(school.Head), nil, false},
		"teachers, teaching deputy":   {roles(school.Teacher), staff(school.Deputy, school.Teacher), nil, true},
		"pupils, pupil":               {roles(school.Pupil), pupil, nil, true},
		"pupils, teacher":             {roles(school.Pupil), staff(school.Teacher), nil, false},
		"left":                        {roles(), gone, nil, false},
		"Tle D, its pupil":            {tle, pupil, []school.Class{d1}, true},
		"Tle D, another":              {tle, pupil, []school.Class{{Level: "Tle", Series: "C"}}, false},
		"Tle D, no class":             {tle, pupil, nil, false},
		"a staff that claims a pupil": {roles(school.Pupil), staff(school.Pupil), nil, false},
		"Tle and staff, a teacher":    {org.Audience{Levels: []string{"Tle"}}, staff(school.Teacher), nil, true},
	} {
		if got := c.a.Includes(c.p, c.in...); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestInspectorSeesHisSchools(t *testing.T) {
	db := open(t)
	person := func(scope string, r ...school.Role) school.Person {
		return school.Person{Kind: school.Staff, Scope: scope, Roles: r}
	}
	for name, c := range map[string]struct {
		p    school.Person
		want string
	}{
		"of an inspection": {person("iesg-kara", school.Inspector), "LYKAR"},
		"of a region":      {person("DRE-GL", school.Inspector), "LTLOM LYTOK"},
		"without a scope":  {person("", school.Inspector), ""},
		"also publisher":   {person("IESG-KARA", school.Inspector, school.Publisher), "CEGKP LTLOM LYKAR LYTOK NEUF XX"},
		"operator":         {person("", school.Operator), "CEGKP LTLOM LYKAR LYTOK NEUF XX"},
		"a head":           {person("", school.Head), ""},
	} {
		var seen []string
		if err := db.View(func(tx *store.Tx) error {
			for _, code := range []string{"CEGKP", "LTLOM", "LYKAR", "LYTOK", "NEUF", "XX"} {
				ok, err := org.MaySee(tx, c.p, code, today)
				if err != nil {
					return err
				}
				if ok {
					seen = append(seen, code)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(seen, " "); got != c.want {
			t.Errorf("%s sees %q, want %q", name, got, c.want)
		}
	}
}

// TestAudienceProperties: naming more places never reaches fewer schools, and
// narrowing never reaches more; what is reached exists.
func TestAudienceProperties(t *testing.T) {
	db := open(t)
	some := func(from ...string) *rapid.Generator[[]string] {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, 2, rapid.ID[string])
	}
	places := func(t *rapid.T, label string) org.Audience {
		return org.Audience{
			Everyone: rapid.Bool().Draw(t, label+" everyone"),
			Regions:  some("DRE-GL", "DRE-KA", "DRE-SA", "XX").Draw(t, label+" regions"), Inspections: some("IESG-KARA", "IESG-KPALIME").Draw(t, label+" inspections"),
			Schools: some("LYTOK", "CEGKP", "FERME").Draw(t, label+" schools"),
		}
	}
	get := func(t *rapid.T, a org.Audience) (codes []string) {
		if err := db.View(func(tx *store.Tx) (err error) { codes, err = a.Sites(tx, today); return err }); err != nil {
			t.Fatal(err)
		}
		return codes
	}
	within := func(few, many []string) bool {
		return !slices.ContainsFunc(few, func(c string) bool { return !slices.Contains(many, c) })
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := places(t, "a"), places(t, "b")
		both := org.Audience{
			Everyone: a.Everyone || b.Everyone, Regions: slices.Concat(a.Regions, b.Regions),
			Inspections: slices.Concat(a.Inspections, b.Inspections), Schools: slices.Concat(a.Schools, b.Schools),
		}
		reached := get(t, both)
		if !within(get(t, a), reached) || !within(get(t, b), reached) {
			t.Fatalf("%+v reaches %v and leaves some out", both, reached)
		}
		narrow := a
		narrow.Types, narrow.Series = some("general", "technical").Draw(t, "types"), some("D", "F3").Draw(t, "series")
		if !a.Nowhere() && !within(get(t, narrow), get(t, a)) {
			t.Fatalf("%+v reaches more than without narrowing", narrow)
		}
		if slices.Contains(reached, "FERME") || !slices.IsSorted(reached) {
			t.Fatalf("reached %v", reached)
		}
	})
}
