package circulars

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"preau/appliance"
	"preau/school"
	"preau/school/seal"
	"preau/school/sheet"
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

var exportHeadings = []any{"Identifiant", "Référence", "Date", "Objet", "Émetteur", "Signataire", "Urgence", "Échéance", "Code", "Texte"}

func (x exported) cells() []any {
	return []any{x.ID, x.Reference, x.Date, x.Subject, x.Issuer, x.Signatory, x.Urgency, x.Deadline, x.Code, x.Body}
}

// exportCommand writes the circulars, newest first, to standard output in the
// format of flag "format". In a school those that were set aside as not genuine
// are left out.
func exportCommand(_ context.Context, r *appliance.Running, call appliance.Call) (int, error) {
	format := cmp.Or(call.Flags["format"], sheet.CSV)
	if format != sheet.CSV && format != sheet.XLSX && format != "json" {
		return appliance.Usage, fmt.Errorf("no format %q; there is csv, xlsx, json", format)
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
	if err := write(call.Stdout, format, list); err != nil {
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

func write(w io.Writer, format string, list []exported) error {
	if format == "json" {
		return json.NewEncoder(w).Encode(list)
	}
	rows := [][]any{exportHeadings}
	for _, x := range list {
		rows = append(rows, x.cells())
	}
	return sheet.Write(w, format, rows)
}
