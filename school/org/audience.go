package org

import (
	"fmt"
	"slices"

	"preau/school"
	"preau/store"
)

// Audience says who is meant. Lists left out are empty.
//
// Where: Everyone is every school; else the schools of the regions, of the
// inspections, and those named, together. When none of these is given, Types,
// Levels and Series alone mean every school that has them. They always narrow:
// several lists must all fit, within a list one is enough. A school whose
// levels or series nobody has told is not left out by them. An audience that
// says nothing about where means nobody.
//
// Who: the roles named; no roles are all staff and no pupils. Among pupils,
// Levels and Series narrow to the classes that fit; among staff they do not,
// because a circular about Tle concerns a school's whole staff.
type Audience struct {
	Everyone    bool          `cbor:"1,keyasint,omitempty" json:"everyone,omitempty"`
	Regions     []string      `cbor:"2,keyasint,omitempty" json:"regions,omitempty"`
	Inspections []string      `cbor:"3,keyasint,omitempty" json:"inspections,omitempty"`
	Schools     []string      `cbor:"4,keyasint,omitempty" json:"schools,omitempty"`
	Types       []string      `cbor:"5,keyasint,omitempty" json:"types,omitempty"`
	Levels      []string      `cbor:"6,keyasint,omitempty" json:"levels,omitempty"`
	Series      []string      `cbor:"7,keyasint,omitempty" json:"series,omitempty"`
	Roles       []school.Role `cbor:"8,keyasint,omitempty" json:"roles,omitempty"`
}

// Nowhere tells whether the audience names no school whatever the tree.
func (a Audience) Nowhere() bool {
	return !a.Everyone && len(a.Regions)+len(a.Inspections)+len(a.Schools)+len(a.Types)+len(a.Levels)+len(a.Series) == 0
}

// Sites lists the codes of the schools meant on a day, sorted. Codes that name
// nothing are passed over: see Check.
func (a Audience) Sites(tx *store.Tx, day string) ([]string, error) {
	if a.Nowhere() {
		return nil, nil
	}
	units := map[string]Unit{}
	var schools []Unit
	for r, err := range Units.All(tx) {
		if err != nil {
			return nil, fmt.Errorf("schools of an audience: %w", err)
		}
		if u := r.Value; u.Valid(day) {
			units[NormalizeCode(u.Code)] = u
			if u.Kind == School {
				schools = append(schools, u)
			}
		}
	}
	var codes []string
	for _, s := range schools {
		region, inspection, err := climb(s, func(code string) (Unit, bool, error) {
			u, ok := units[NormalizeCode(code)]
			return u, ok, nil
		})
		if err != nil {
			return nil, err
		}
		if a.means(s, region.Code, inspection.Code) {
			codes = append(codes, s.Code)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes), nil
}

// means answers for one school below a region and an inspection.
func (a Audience) means(s Unit, region, inspection string) bool {
	where := a.Everyone || len(a.Regions)+len(a.Inspections)+len(a.Schools) == 0 && !a.Nowhere() ||
		names(a.Regions, region) || names(a.Inspections, inspection) || names(a.Schools, s.Code)
	return where && narrows(a.Types, s.Type) && narrows(a.Levels, s.Levels...) && narrows(a.Series, s.Series...)
}

func names(codes []string, code string) bool {
	return code != "" && slices.ContainsFunc(codes, func(c string) bool { return NormalizeCode(c) == NormalizeCode(code) })
}

// narrows: no wish, nothing told, or one of the told ones is wished.
func narrows(wished []string, told ...string) bool {
	told = slices.DeleteFunc(slices.Clone(told), func(t string) bool { return t == "" })
	return len(wished) == 0 || len(told) == 0 || slices.ContainsFunc(told, func(t string) bool { return names(wished, t) })
}

// Includes tells, at a school that the audience means, whether a person is
// meant too. classes are those a pupil sits in; staff need none.
func (a Audience) Includes(p school.Person, classes ...school.Class) bool {
	if p.Left != "" {
		return false
	}
	if len(a.Roles) == 0 {
		return p.Kind == school.Staff
	}
	if !slices.ContainsFunc(p.Roles, func(r school.Role) bool { return r != school.Pupil && slices.Contains(a.Roles, r) }) {
		pupil := p.Kind == school.PupilKind && slices.Contains(a.Roles, school.Pupil)
		return pupil && a.fitsAny(classes)
	}
	return true
}

func (a Audience) fitsAny(classes []school.Class) bool {
	if len(a.Levels) == 0 && len(a.Series) == 0 {
		return true
	}
	return slices.ContainsFunc(classes, func(c school.Class) bool {
		return (len(a.Levels) == 0 || names(a.Levels, c.Level)) && (len(a.Series) == 0 || names(a.Series, c.Series))
	})
}

// Check says what stands against signing for this audience on a day: nobody
// is named, or codes that the tree or the program does not know. Levels and
// series are the pack's; the caller checks them.
func (a Audience) Check(tx *store.Tx, day string) error {
	var no school.Refusals
	if a.Nowhere() {
		no = append(no, school.Refuse("audience.refused.nobody", "audience"))
	}
	for _, l := range []struct {
		kind, field string
		codes       []string
	}{{Region, "regions", a.Regions}, {Inspection, "inspections", a.Inspections}, {School, "schools", a.Schools}} {
		for _, code := range l.codes {
			switch r, err := At(tx, code, day); {
			case err == nil && r.Value.Kind == l.kind:
			case err == nil, err == ErrNoUnit:
				no = append(no, school.Refuse("audience.refused.unknown_"+l.kind, l.field, "value", code))
			default:
				return err
			}
		}
	}
	for _, t := range a.Types {
		if !names(Types, t) {
			no = append(no, school.Refuse("audience.refused.unknown_type", "types", "value", t))
		}
	}
	for _, r := range a.Roles {
		if !slices.Contains(school.BoxRoles, r) {
			no = append(no, school.Refuse("audience.refused.unknown_role", "roles", "value", string(r)))
		}
	}
	if len(no) == 0 {
		switch codes, err := a.Sites(tx, day); {
		case err != nil:
			return err
		case len(codes) == 0:
			no = append(no, school.Refuse("audience.refused.no_school", "audience"))
		}
	}
	return no.Or()
}
