package ministry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/sheet"
	"preau/store"
	"preau/web"
)

// columns are the headings of a registry of schools, as lists write them;
// compared without accents, case and punctuation.
var columns = map[string][]string{
	"code":       {"code", "code etablissement", "code ecole", "identifiant", "school code"},
	"name":       {"nom", "etablissement", "nom de l etablissement", "denomination", "lycee", "ecole", "name", "school"},
	"inspection": {"inspection", "iesg", "circonscription"},
	"region":     {"region", "dre", "direction", "direction regionale"},
	"parent":     {"parent", "rattachement"},
	"type":       {"type", "enseignement", "type d enseignement"},
	"levels":     {"niveaux", "niveau", "levels"},
	"series":     {"series", "serie"},
	"town":       {"ville", "localite", "commune", "town"},
}

// headings finds the columns that a heading row names.
func headings(row sheet.Row) map[string]int {
	at := map[string]int{}
	for i := range row.Cells {
		text := school.Fold(row.Text(i))
		for field, names := range columns {
			if _, taken := at[field]; !taken && slices.ContainsFunc(names, func(n string) bool { return school.Fold(n) == text }) {
				at[field] = i
			}
		}
	}
	return at
}

// score prefers the reading in which a row names the most columns.
func score(rows []sheet.Row) (best int) {
	for _, r := range rows[:min(len(rows), 30)] {
		best = max(best, len(headings(r)))
	}
	return best
}

type refusedRow struct {
	Line   int    `json:"line"`
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

type schoolsReport struct {
	Added     int          `json:"added"`
	Changed   int          `json:"changed"`
	Unchanged int          `json:"unchanged"`
	Missing   int          `json:"missing"` // in the registry and not in the file: kept
	Refused   []refusedRow `json:"refused"`
}

// errDry takes a dry run back: everything was tried for real.
var errDry = errors.New("dry run")

// importSchools reads a registry of schools. Rows that cannot stand are refused
// one by one; the others are applied in one commit. Nobody is removed.
func importSchools(_ context.Context, r *appliance.Running, call appliance.Call) (int, error) {
	data, err := io.ReadAll(io.LimitReader(call.Stdin, sheet.MaxBytes+1))
	if err != nil {
		return appliance.Refused, err
	}
	words, err := web.LoadWords(school.Words, files)
	if err != nil {
		return appliance.Failed, err
	}
	lang := call.Lang
	if lang == "" {
		lang = "en"
	}
	say := func(no *school.Refusal) string {
		var kv []any
		for k, v := range no.Args {
			kv = append(kv, k, v)
		}
		return words.T(lang, no.Key, kv...)
	}
	book, err := sheet.Read(data, score)
	if err != nil {
		return appliance.Refused, err
	}
	if len(book.Sheets) == 0 {
		return appliance.Refused, school.Refuse("ministry.refused.list", "file")
	}
	rep := schoolsReport{Refused: []refusedRow{}}
	err = r.DB.Update(func(tx *store.Tx) error {
		rep = schoolsReport{Refused: []refusedRow{}}
		if err := readSchools(tx, book.Sheets[0].Rows, &rep, say); err != nil {
			return err
		}
		if call.Flags["dry-run"] == "true" {
			return errDry
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDry) {
		if school.RefusalsIn(err) != nil {
			return appliance.Refused, err
		}
		return appliance.Failed, err
	}
	if call.JSON {
		return appliance.Done, json.NewEncoder(call.Stdout).Encode(rep)
	}
	for _, no := range rep.Refused {
		fmt.Fprintf(call.Stdout, "line %d: %s\n", no.Line, no.Reason)
	}
	fmt.Fprintf(call.Stdout, "%d added, %d changed, %d unchanged, %d missing from the file and kept, %d refused\n",
		rep.Added, rep.Changed, rep.Unchanged, rep.Missing, len(rep.Refused))
	return appliance.Done, nil
}

func readSchools(tx *store.Tx, rows []sheet.Row, rep *schoolsReport, say func(*school.Refusal) string) error {
	var at map[string]int
	first := 0
	for i, r := range rows[:min(len(rows), 30)] {
		if h := headings(r); len(h) > len(at) {
			at, first = h, i+1
		}
	}
	_, code := at["code"]
	_, name := at["name"]
	if !code || !name {
		return school.Refuse("ministry.refused.list", "file")
	}
	names, err := unitsByName(tx)
	if err != nil {
		return err
	}
	pack, err := packs.Here(tx)
	if err != nil {
		return err
	}
	met := map[string]bool{}
	for _, row := range rows[first:] {
		code, name := field(row, at, "code"), field(row, at, "name")
		if code == "" && name == "" {
			continue
		}
		was, err := org.At(tx, code, org.Today(tx))
		known := err == nil
		u := schoolIn(row, at, was.Value, names, pack)
		if met[u.Code] {
			rep.Refused = append(rep.Refused, refusedRow{row.Line, "code", say(school.Refuse("ministry.refused.code_taken", "code", "code", u.Code))})
			continue
		}
		met[u.Code] = true
		if known {
			end, err := last(tx, u.Code)
			if err != nil {
				return err
			}
			u.Until = end.Value.Until // a list neither closes nor opens a school
		}
		if known && sameSchool(was.Value, u) {
			rep.Unchanged++
			continue
		}
		if err := putUnit(tx, school.Actor{}, u, known, ""); err != nil {
			no := school.RefusalsIn(err)
			if no == nil {
				return err
			}
			rep.Refused = append(rep.Refused, refusedRow{row.Line, no[0].Field, say(no[0])})
			continue
		}
		if known {
			rep.Changed++
		} else {
			rep.Added++
		}
	}
	units, err := org.OfKind(tx, org.School, org.Today(tx))
	for _, u := range units {
		if !met[u.Value.Code] {
			rep.Missing++
		}
	}
	return err
}

// field is the text of a row under a heading, "" when the list has none of it.
func field(row sheet.Row, at map[string]int, name string) string {
	if i, ok := at[name]; ok {
		return row.Text(i)
	}
	return ""
}

// schoolIn reads a row over what is known of the school: what the list does not
// say stays. A parent may be given by code or by name, an inspection before a
// region.
func schoolIn(row sheet.Row, at map[string]int, was org.Unit, names map[string]string, pack *packs.Pack) org.Unit {
	get := func(name string) string { return field(row, at, name) }
	u := was
	u.Kind, u.Code, u.From, u.Until = org.School, org.NormalizeCode(get("code")), "", ""
	u.Name = cmp.Or(get("name"), was.Name)
	u.Town = cmp.Or(get("town"), was.Town)
	for _, name := range []string{"inspection", "parent", "region"} {
		if text := get(name); text != "" {
			u.Parent = cmp.Or(names[school.Fold(text)], text)
			break
		}
	}
	switch text := school.Fold(get("type")); {
	case strings.HasPrefix(text, "tech"):
		u.Type = "technical"
	case text != "" || u.Type == "":
		u.Type = "general"
	}
	if text := get("levels"); text != "" {
		u.Levels = codes(text, func(t string) (string, bool) { l, ok := pack.LevelNamed(t); return l.Code, ok })
	}
	if text := get("series"); text != "" {
		u.Series = codes(text, func(t string) (string, bool) { s, ok := pack.SeriesNamed(t); return s.Code, ok })
	}
	return u
}

// codes are the pack's codes of a cell's words; a word that the pack does not
// know stands as it is.
func codes(text string, named func(string) (code string, known bool)) (list []string) {
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;/| ", r) }) {
		if code, known := named(word); known {
			word = code
		}
		list = append(list, word)
	}
	return list
}

// unitsByName finds codes by a unit's code or name.
func unitsByName(tx *store.Tx) (map[string]string, error) {
	names := map[string]string{}
	for _, kind := range []string{org.Region, org.Inspection} {
		units, err := org.OfKind(tx, kind, org.Today(tx))
		if err != nil {
			return nil, err
		}
		for _, u := range units {
			names[school.Fold(u.Value.Code)], names[school.Fold(u.Value.Name)] = u.Value.Code, u.Value.Code
		}
	}
	return names, nil
}

func sameSchool(a, b org.Unit) bool {
	return a.Name == b.Name && a.Parent == b.Parent && a.Type == b.Type && a.Town == b.Town && slices.Equal(a.Levels, b.Levels) && slices.Equal(a.Series, b.Series)
}
