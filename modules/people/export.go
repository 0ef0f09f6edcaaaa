package people

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"preau/appliance"
	"preau/school"
	"preau/store"
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

var exportHeadings = []string{"Sorte", "Matricule", "Nom", "Prénoms", "Sexe", "Date de naissance", "Lieu de naissance", "Classe", "Série", "Redoublant", "Fonction", "Téléphone", "Départ"}

// exportCommand writes everybody on the roster, by kind and name, to standard
// output in the format of flag "format".
func exportCommand(_ context.Context, r *appliance.Running, call appliance.Call) (int, error) {
	var write func(io.Writer, []exported) error
	switch format := call.Flags["format"]; format {
	case "csv", "":
		write = writeCSV
	case "xlsx":
		write = writeXLSX
	case "json":
		write = writeJSON
	default:
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
	if err := write(call.Stdout, people); err != nil {
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

func (x exported) cells() []string {
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
	cells := []string{sort, x.Matricule, x.Surname, x.Given, x.Sex, born, x.Place, x.Class, x.Series, repeating, strings.Join(x.Roles, " "), x.Phone, x.Left}
	for i := range cells {
		cells[i] = harmlessCell(cells[i])
	}
	return cells
}

// harmlessCell keeps a spreadsheet from computing what somebody wrote as a
// name: an apostrophe makes it text, and reading the list drops it again.
func harmlessCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// writeCSV writes what a spreadsheet in French opens by a double click: UTF-8
// with a mark, semicolons, CRLF.
func writeCSV(w io.Writer, people []exported) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.Comma, c.UseCRLF = ';', true
	if err := c.Write(exportHeadings); err != nil {
		return err
	}
	for _, p := range people {
		if err := c.Write(p.cells()); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func writeXLSX(w io.Writer, people []exported) error {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	sw, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	row := func(n int, cells []string) error {
		values := make([]any, len(cells))
		for i, c := range cells {
			values[i] = c
		}
		at, err := excelize.CoordinatesToCellName(1, n)
		if err != nil {
			return err
		}
		return sw.SetRow(at, values)
	}
	if err := row(1, exportHeadings); err != nil {
		return err
	}
	for i, p := range people {
		if err := row(i+2, p.cells()); err != nil {
			return err
		}
	}
	if err := sw.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}

func writeJSON(w io.Writer, people []exported) error {
	if people == nil {
		people = []exported{}
	}
	return json.NewEncoder(w).Encode(people)
}
