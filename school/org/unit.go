package org

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"preau/school"
	"preau/store"
)

// The kinds of unit, from the top. The root is a country.
const (
	Country    = "country"
	Region     = "dre"        // direction régionale de l'éducation
	Inspection = "inspection" // IESG
	School     = "school"
)

// Types are the kinds of teaching that a school may be of.
var Types = []string{"general", "technical"}

// Unit is one place in the tree for a span of days, both included.
type Unit struct {
	Code   string   `cbor:"1,keyasint,omitempty" json:"code"` // the ministry's code; never reused for another unit
	Name   string   `cbor:"2,keyasint,omitempty" json:"name"`
	Kind   string   `cbor:"3,keyasint,omitempty" json:"kind"`
	Parent string   `cbor:"4,keyasint,omitempty" json:"parent,omitempty"` // code; "" at the top
	Type   string   `cbor:"5,keyasint,omitempty" json:"type,omitempty"`   // schools: one of Types
	Levels []string `cbor:"6,keyasint,omitempty" json:"levels,omitempty"` // schools: pack codes; none is "not told"
	Series []string `cbor:"7,keyasint,omitempty" json:"series,omitempty"` // schools: pack codes; none is "not told"
	From   string   `cbor:"8,keyasint,omitempty" json:"from,omitempty"`   // YYYY-MM-DD; "" always was
	Until  string   `cbor:"9,keyasint,omitempty" json:"until,omitempty"`  // YYYY-MM-DD; "" goes on
	Town   string   `cbor:"10,keyasint,omitempty" json:"town,omitempty"`
}

// Units: index "code" takes code, from; "parent" takes parent, kind, code;
// "kind" takes kind, code. Codes are compared as NormalizeCode gives them.
var Units = store.Define(store.Spec[Unit]{
	Name: "org.units", Home: store.Down, Format: 1,
	Indexes: []store.Index[Unit]{
		{Name: "code", Unique: true, Keys: func(u *Unit) [][]byte {
			return [][]byte{store.Key(NormalizeCode(u.Code), u.From)}
		}},
		{Name: "parent", Keys: func(u *Unit) [][]byte {
			return [][]byte{store.Key(NormalizeCode(u.Parent), u.Kind, NormalizeCode(u.Code))}
		}},
		{Name: "kind", Keys: func(u *Unit) [][]byte { return [][]byte{store.Key(u.Kind, NormalizeCode(u.Code))} }},
	},
})

// Collections are the package's collections, for store.Open.
func Collections() []store.Definition { return []store.Definition{Units} }

// ErrNoUnit says that no unit of that code is valid on that day.
var ErrNoUnit = errors.New("org: no such unit on that day")

// NormalizeCode brings a code to the form in which two are compared: trimmed,
// capitals, no spaces.
func NormalizeCode(code string) string {
	return strings.ToUpper(strings.Join(strings.Fields(code), ""))
}

// Valid tells whether the unit exists on a day.
func (u *Unit) Valid(day string) bool {
	return u.From <= day && (u.Until == "" || day <= u.Until)
}

// Today is the day of the transaction, YYYY-MM-DD, by UTC, which is the time of
// Togo all year.
func Today(tx *store.Tx) string {
	now, _ := tx.Now()
	return now.Format(time.DateOnly)
}

// At is the unit of a code on a day, ErrNoUnit when there is none.
func At(tx *store.Tx, code, day string) (store.Record[Unit], error) {
	for r, err := range Units.Where(tx, "code", NormalizeCode(code)) {
		if err != nil {
			return r, fmt.Errorf("unit %s: %w", code, err)
		}
		if r.Value.Valid(day) {
			return r, nil
		}
	}
	return store.Record[Unit]{}, ErrNoUnit
}

// Children lists the units below a code on a day, by kind and code.
func Children(tx *store.Tx, code, day string) ([]store.Record[Unit], error) {
	return collect(tx, day, "parent", NormalizeCode(code))
}

// OfKind lists all units of a kind on a day, by code.
func OfKind(tx *store.Tx, kind, day string) ([]store.Record[Unit], error) {
	return collect(tx, day, "kind", kind)
}

func collect(tx *store.Tx, day, index string, part any) ([]store.Record[Unit], error) {
	var list []store.Record[Unit]
	for r, err := range Units.Where(tx, index, part) {
		if err != nil {
			return nil, fmt.Errorf("units: %w", err)
		}
		if r.Value.Valid(day) {
			list = append(list, r)
		}
	}
	return list, nil
}

// Path is the region and the inspection a school belongs to today. A school
// directly below a region has a zero inspection; ErrNoUnit when the school is
// not in the tree. A parent that has ended or not arrived is left zero.
func Path(tx *store.Tx, schoolCode string) (region, inspection Unit, err error) {
	return PathOn(tx, schoolCode, Today(tx))
}

// PathOn is Path for a day.
func PathOn(tx *store.Tx, schoolCode, day string) (region, inspection Unit, err error) {
	r, err := At(tx, schoolCode, day)
	if err != nil {
		return region, inspection, err
	}
	return climb(r.Value, func(code string) (Unit, bool, error) {
		p, err := At(tx, code, day)
		if errors.Is(err, ErrNoUnit) {
			return Unit{}, false, nil
		}
		return p.Value, err == nil, err
	})
}

// climb goes up from a unit; a circle of parents ends after a few steps.
func climb(u Unit, parent func(code string) (Unit, bool, error)) (region, inspection Unit, err error) {
	for range 8 {
		switch u.Kind {
		case Region:
			region = u
		case Inspection:
			inspection = u
		}
		if u.Parent == "" {
			break
		}
		up, ok, err := parent(u.Parent)
		if err != nil || !ok {
			return region, inspection, err
		}
		u = up
	}
	return region, inspection, nil
}

// MaySee tells whether a person of the office may see a school's figures on a
// day: an inspector only the schools of the circumscription in his Scope (an
// inspection's or a region's code; none is no school), everybody else at the
// office all of them. Somebody with another office role beside sees all too.
func MaySee(tx *store.Tx, p school.Person, schoolCode, day string) (bool, error) {
	switch {
	case p.Is(school.Publisher, school.Signatory, school.Statistician, school.Operator):
		return true, nil
	case !p.Is(school.Inspector):
		return false, nil
	}
	region, inspection, err := PathOn(tx, schoolCode, day)
	if errors.Is(err, ErrNoUnit) {
		return false, nil
	}
	scope := []string{p.Scope}
	return err == nil && (names(scope, inspection.Code) || names(scope, region.Code)), err
}

// Check says what stands against saving a unit into the tree as it is: its
// shape, and days that overlap another record of the code. self is the record
// being changed, zero for a new one.
func Check(tx *store.Tx, u *Unit, self store.ID) error {
	no, err := shape(tx, u)
	if err != nil {
		return err
	}
	for r, err := range Units.Where(tx, "code", NormalizeCode(u.Code)) {
		if err != nil {
			return fmt.Errorf("check unit %s: %w", u.Code, err)
		}
		o := r.Value
		if r.ID != self && (o.Until == "" || u.From <= o.Until) && (u.Until == "" || o.From <= u.Until) {
			no = append(no, school.Refuse("org.refused.overlap", "code", "value", u.Code))
			break
		}
	}
	return no.Or()
}

// CheckShape says what stands against a unit whatever else is in the tree under
// its code: its words, its days and its parent's kind. Ask it before the first
// of several writes.
func CheckShape(tx *store.Tx, u *Unit) error {
	no, err := shape(tx, u)
	if err != nil {
		return err
	}
	return no.Or()
}

func shape(tx *store.Tx, u *Unit) (no school.Refusals, err error) {
	if NormalizeCode(u.Code) == "" {
		no = append(no, school.Refuse("org.refused.no_code", "code"))
	}
	if strings.TrimSpace(u.Name) == "" {
		no = append(no, school.Refuse("org.refused.no_name", "name"))
	}
	if u.From != "" && !school.ValidDay(u.From) {
		no = append(no, school.Refuse("org.refused.day", "from", "value", u.From))
	}
	if u.Until != "" && (!school.ValidDay(u.Until) || u.Until < u.From) {
		no = append(no, school.Refuse("org.refused.day", "until", "value", u.Until))
	}
	above, ok := map[string][]string{Country: {""}, Region: {"", Country}, Inspection: {Region}, School: {Inspection, Region}}[u.Kind]
	if !ok {
		return append(no, school.Refuse("org.refused.kind", "kind", "value", u.Kind)), nil
	}
	parent, err := parentKind(tx, u)
	switch {
	case err != nil:
		return nil, err
	case slices.Contains(above, parent):
	case parent == "":
		no = append(no, school.Refuse("org.refused.no_parent", "parent"))
	default:
		no = append(no, school.Refuse("org.refused.parent", "parent", "value", u.Parent))
	}
	return no, nil
}

// parentKind is the kind of the parent on any day, "" for none, "?" when no
// record has that code.
func parentKind(tx *store.Tx, u *Unit) (string, error) {
	if u.Parent == "" {
		return "", nil
	}
	for r, err := range Units.Where(tx, "code", NormalizeCode(u.Parent)) {
		return r.Value.Kind, err
	}
	return "?", nil
}
