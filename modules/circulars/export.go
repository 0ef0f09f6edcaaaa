package circulars

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
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// exported is one circular as a file for other programs has it. It names who
// issued and signed it, and no reader.
type exported struct {
	ID        string `json:"id"`
	Reference string `json:"reference"`
	Date      string `json:"date"`
	Subject   string `json:"subject"`
	Issuer    string `json:"issuer"`
	Signatory string `json:"signatory"`
	Urgency   string `json:"urgency"`
	Deadline  string `json:"deadline"`
	Code      string `json:"code"`
	Body      string `json:"body"`
}

var exportHeadings = []string{"Identifiant", "Référence", "Date", "Objet", "Émetteur", "Signataire", "Urgence", "Échéance", "Code", "Texte"}

func (x exported) cells() []string {
	cells := []string{x.ID, x.Reference, x.Date, x.Subject, x.Issuer, x.Signatory, x.Urgency, x.Deadline, x.Code, x.Body}
	for i, s := range cells {
		if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) { // nothing that a spreadsheet would compute
			cells[i] = "'" + s
		}
	}
	return cells
}

// exportCommand writes the circulars, newest first, to standard output in the
// format of flag "format". In a school those that were set aside as not genuine
// are left out.
func exportCommand(_ context.Context, r *appliance.Running, call appliance.Call) (int, error) {
	write := map[string]func(io.Writer, []exported) error{"": writeCSV, "csv": writeCSV, "xlsx": writeXLSX, "json": writeJSON}[call.Flags["format"]]
	if write == nil {
		return appliance.Usage, fmt.Errorf("no format %q; there is csv, xlsx, json", call.Flags["format"])
	}
	list := []exported{}
	err := r.DB.View(func(tx *store.Tx) error {
		for c, err := range circulars.Scan(tx, store.Query{Reverse: true}) {
			if err != nil {
				return err
			}
			if r.Kind == web.Box {
				a, err := arrivals.One(tx, "circular", c.ID)
				if errors.Is(err, store.ErrNotFound) || err == nil && a.Value.State == SetAside {
					continue
				}
				if err != nil {
					return err
				}
			}
			h, err := c.Value.Signed.Decode()
			if err != nil {
				return err
			}
			list = append(list, exported{
				ID: c.ID.String(), Reference: h.Reference, Date: h.Date, Subject: h.Subject, Issuer: h.Issuer, Signatory: h.Signatory,
				Urgency: urgency(h.Urgent), Deadline: h.Deadline, Code: seal.PrintCode(c.Value.Code), Body: c.Value.Body,
			})
		}
		return nil
	})
	if err != nil {
		return appliance.Failed, err
	}
	if err := write(call.Stdout, list); err != nil {
		return appliance.Failed, fmt.Errorf("export circulars: %w", err)
	}
	err = r.DB.Update(func(tx *store.Tx) error {
		return school.Audit(tx, school.Actor{}, "circulars.export", store.ID{}, nil, len(list))
	})
	if err != nil && !errors.Is(err, store.ErrReadOnly) {
		return appliance.Failed, err
	}
	return appliance.Done, nil
}

// writeCSV writes what a spreadsheet in French opens by a double click.
func writeCSV(w io.Writer, list []exported) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.Comma, c.UseCRLF = ';', true
	rows := [][]string{exportHeadings}
	for _, x := range list {
		rows = append(rows, x.cells())
	}
	return c.WriteAll(rows)
}

func writeXLSX(w io.Writer, list []exported) error {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	s, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	rows := [][]string{exportHeadings}
	for _, x := range list {
		rows = append(rows, x.cells())
	}
	for n, cells := range rows {
		values := make([]any, len(cells))
		for i, c := range cells {
			values[i] = c
		}
		if err := s.SetRow(fmt.Sprintf("A%d", n+1), values); err != nil {
			return err
		}
	}
	if err := s.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}

func writeJSON(w io.Writer, list []exported) error { return json.NewEncoder(w).Encode(list) }
