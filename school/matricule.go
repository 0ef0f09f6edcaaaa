package school

import (
	"errors"
	"fmt"
	"strings"

	"preau/store"
)

// A provisional matricule is made at the school, offline, for a pupil who has
// no national one yet; the centre later gives the definitive one and this one
// stays as an alias (source: DOMAIN, identifiers). Written
//
//	P-LYTOK-26-0042-K
//
// mark, school code, first calendar year of the school year, number, check.
// The check character lies in a field of 37 elements: every single wrong
// character and every exchange of two is found.

const matriculeLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// matriculeCount is the last number given for a prefix; numbers are never
// given twice, also when their pupil is gone.
type matriculeCount struct {
	Prefix string `cbor:"1,keyasint,omitempty"` // "PLYTOK26"
	Last   int    `cbor:"2,keyasint,omitempty"`
}

// Matricules: index "prefix" (unique).
var Matricules = store.Define(store.Spec[matriculeCount]{
	Name: "matricules", Home: store.Local, Format: 1,
	Indexes: []store.Index[matriculeCount]{
		{Name: "prefix", Unique: true, Keys: func(m *matriculeCount) [][]byte { return [][]byte{store.Key(m.Prefix)} }},
	},
})

// NextMatricule gives the next provisional matricule of a school for a school
// year ("2026-2027").
func NextMatricule(tx *store.Tx, schoolCode, year string) (string, error) {
	code := NormalizeMatricule(schoolCode)
	if code == "" || len(code) > 20 || strings.Trim(code, matriculeLetters) != "" {
		return "", Refuse("matricule.refused.code", "", "code", schoolCode)
	}
	if len(year) < 4 || strings.Trim(year[:4], "0123456789") != "" {
		return "", Refuse("matricule.refused.year", "", "year", year)
	}
	prefix := "P" + code + year[2:4]
	r, err := Matricules.One(tx, "prefix", prefix)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", fmt.Errorf("next provisional matricule: %w", err)
	}
	count := matriculeCount{Prefix: prefix, Last: r.Value.Last + 1}
	for count.Last <= 9999 && checkValue(prefix+fmt.Sprintf("%04d", count.Last)) == 36 {
		count.Last++ // its check would be no letter and no digit
	}
	if count.Last > 9999 {
		return "", Refuse("matricule.refused.full", "", "year", year)
	}
	if r.ID == (store.ID{}) {
		_, err = Matricules.Add(tx, count)
	} else {
		err = Matricules.Set(tx, r.ID, count)
	}
	if err != nil {
		return "", fmt.Errorf("next provisional matricule: %w", err)
	}
	number := fmt.Sprintf("%04d", count.Last)
	return fmt.Sprintf("P-%s-%s-%s-%c", code, year[2:4], number, matriculeLetters[checkValue(prefix+number)]), nil
}

// Provisional tells whether s is a provisional matricule with a right check
// character. Case, spaces and hyphens do not matter.
func Provisional(s string) bool {
	m := NormalizeMatricule(s)
	if len(m) < 9 || m[0] != 'P' || strings.Trim(m, matriculeLetters) != "" ||
		strings.Trim(m[len(m)-7:len(m)-1], "0123456789") != "" {
		return false
	}
	check := checkValue(m[:len(m)-1])
	return check < 36 && m[len(m)-1] == matriculeLetters[check]
}

// checkValue is −Σ wᵢ·xᵢ mod 37 with weights 2, 3, … from the right, the check
// itself having weight 1. All weights up to 36 characters differ and none is 0.
func checkValue(s string) int {
	sum := 0
	for i := range len(s) {
		sum += (len(s) - i + 1) * strings.IndexByte(matriculeLetters, s[i])
	}
	return (37 - sum%37) % 37
}
