package people

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"preau/appliance"
	"preau/school"
	"preau/school/sheet"
	"preau/store"
	"preau/web"
)

// exported is one person as a file for other programs has it.
type exported struct {
	Kind      string   `json:"kind"`
	Matricule string   `json:"matricule"`
	Surname   string   `json:"surname"`
	Given     string   `json:"given"`
	Sex       string   `json:"sex"`
	Born      string   `json:"born"`
	BornText  string   `json:"born_text"`
	Place     string   `json:"birth_place"`
	Class     string   `json:"class"`
	Series    string   `json:"series"`
	Repeating bool     `json:"repeating"`
	Roles     []string `json:"roles"`
	Phone     string   `json:"phone"`
	Left      string   `json:"left,omitempty"`
}

var exportHeadings = []any{"Sorte", "Matricule", "Nom", "Prénoms", "Sexe", "Date de naissance", "Lieu de naissance", "Classe", "Série", "Redoublant", "Fonction", "Téléphone", "Départ"}

// exportCommand writes everybody on the roster, by kind and name, to standard
// output in the format of flag "format".
func exportCommand(_ context.Context, r *appliance.Running, call appliance.Call) (int, error) {
	format := cmp.Or(call.Flags["format"], sheet.CSV)
	if format != sheet.CSV && format != sheet.XLSX && format != "json" {
		return appliance.Usage, fmt.Errorf("no format %q; there is csv, xlsx, json", format)
	}
	var people []exported
	err := r.DB.View(func(tx *store.Tx) (err error) {
		people, err = everybody(tx)
		return err
	})
	if err != nil {
		return appliance.Failed, err
	}
	if err := write(call.Stdout, format, people, r.Words); err != nil {
		return appliance.Failed, fmt.Errorf("export people: %w", err)
	}
	err = r.DB.Update(func(tx *store.Tx) error {
		return school.Audit(tx, school.Actor{}, "people.export", store.ID{}, nil, len(people))
	})
	if err != nil && !errors.Is(err, store.ErrReadOnly) {
		return appliance.Failed, err
	}
	return appliance.Done, nil
}

func everybody(tx *store.Tx) ([]exported, error) {
	classes := map[store.ID]school.Class{}
	for c, err := range school.Classes.All(tx) {
		if err != nil {
			return nil, err
		}
		classes[c.ID] = c.Value
	}
	var out []exported
	for _, kind := range []school.Kind{school.Staff, school.PupilKind} {
		for rec, err := range school.People.Where(tx, "kind", string(kind)) {
			if err != nil {
				return nil, err
			}
			p, c := rec.Value, classes[rec.Value.Class]
			x := exported{
				Kind: string(kind), Matricule: p.Matricule, Surname: p.Surname, Given: p.Given, Sex: p.Sex, Born: p.Born, BornText: p.BornText,
				Place: p.BirthPlace, Class: c.Label, Series: c.Series, Repeating: p.Repeating, Phone: p.Phone, Left: p.Left, Roles: []string{},
			}
			for _, role := range p.Roles {
				x.Roles = append(x.Roles, string(role))
			}
			out = append(out, x)
		}
	}
	return out, nil
}

// cells are the person's row below exportHeadings, in the same language.
func (x exported) cells(words *web.Words) []any {
	born := x.Born
	if born == "" {
		born = x.BornText
	}
	repeating := "Non"
	if x.Repeating {
		repeating = "Oui"
	}
	sort := "Élève"
	if x.Kind == string(school.Staff) {
		sort, repeating = "Personnel", ""
	}
	roles := make([]string, len(x.Roles))
	for i, role := range x.Roles {
		roles[i] = words.T("fr", school.Role(role).WordKey())
	}
	return []any{sort, x.Matricule, x.Surname, x.Given, x.Sex, born, x.Place, x.Class, x.Series, repeating, strings.Join(roles, ", "), x.Phone, x.Left}
}

func write(w io.Writer, format string, people []exported, words *web.Words) error {
	if format == "json" {
		return json.NewEncoder(w).Encode(append([]exported{}, people...))
	}
	rows := [][]any{exportHeadings}
	for _, p := range people {
		rows = append(rows, p.cells(words))
	}
	return sheet.Write(w, format, rows)
}
