package people

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"preau/appliance"
	"preau/modules/people/intake"
	"preau/school"
	"preau/school/sheet"
	"preau/store"
	"preau/web"
)

// refusedLine, personLine and importReport are the answer of "import --json"
// (see docs of the commands): names and shapes are fixed.
type refusedLine struct {
	Sheet  string `json:"sheet,omitempty"` // of a book with several lists
	Line   int    `json:"line"`
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

type personLine struct {
	Sheet     string `json:"sheet,omitempty"`
	Line      int    `json:"line"`
	Matricule string `json:"matricule"`
	Surname   string `json:"surname"`
	Given     string `json:"given"`
	Sex       string `json:"sex"`
	Born      string `json:"born"`
	BornText  string `json:"born_text"`
	Class     string `json:"class"`
	Series    string `json:"series"`
	Repeating bool   `json:"repeating"`
}

type importReport struct {
	Added      int           `json:"added"`
	Changed    int           `json:"changed"`
	Unchanged  int           `json:"unchanged"`
	Missing    int           `json:"missing"`
	Refused    []refusedLine `json:"refused"`
	People     []personLine  `json:"people"`
	NewClasses []string      `json:"new_classes"`
}

func importCommand(kind school.Kind) func(context.Context, *appliance.Running, appliance.Call) (int, error) {
	return func(_ context.Context, r *appliance.Running, call appliance.Call) (int, error) {
		data, err := io.ReadAll(io.LimitReader(call.Stdin, sheet.MaxBytes+1))
		if err != nil {
			return appliance.Failed, fmt.Errorf("read the list: %w", err)
		}
		l, err := readList(r.DB, data, kind, nil)
		if err != nil {
			return appliance.ExitOf(appliance.Done, err), err
		}
		var plan *intake.Plan
		if dry := call.Flags["dry-run"]; dry == "true" || dry == "1" {
			err = r.DB.View(func(tx *store.Tx) (err error) {
				plan, err = l.compare(tx, true)
				return err
			})
		} else {
			err = r.DB.Update(func(tx *store.Tx) error {
				if plan, err = l.compare(tx, true); err != nil || plan.Nothing() {
					return err
				}
				_, err = intake.Apply(tx, school.Actor{}, plan, store.ID{}, intake.Import{Name: fileName(call.Args)})
				return err
			})
		}
		if err != nil {
			return appliance.ExitOf(appliance.Done, err), err
		}
		report := reportOf(r, call.Lang, plan)
		if call.JSON {
			return appliance.Done, json.NewEncoder(call.Stdout).Encode(report)
		}
		return appliance.Done, report.print(call.Stdout)
	}
}

// fileName is the list's name as the page of imports shows it.
func fileName(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return web.SafeName(args[0])
}

func reportOf(r *appliance.Running, lang string, p *intake.Plan) importReport {
	out := importReport{
		Added: len(p.Added), Changed: len(p.Changed), Unchanged: p.Unchanged, Missing: len(p.Missing),
		Refused: []refusedLine{}, People: []personLine{}, NewClasses: []string{},
	}
	for _, f := range p.Roll.Faults {
		out.Refused = append(out.Refused, refusedLine{f.Sheet, f.Line, f.Reason.Field, r.Sentence(lang, f.Reason)})
	}
	for _, e := range p.Roll.Entries {
		out.People = append(out.People, personLine{e.Sheet, e.Line, e.Matricule, e.Surname, e.Given, e.Sex, e.Born, e.BornText, e.Class, e.Series, e.Repeating})
	}
	for _, c := range p.NewClasses {
		out.NewClasses = append(out.NewClasses, c.Label)
	}
	return out
}

func (rep importReport) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "added %d, changed %d, unchanged %d, missing (kept) %d, refused %d\n", rep.Added, rep.Changed, rep.Unchanged, rep.Missing, len(rep.Refused))
	for _, x := range rep.Refused {
		at := fmt.Sprint(x.Line)
		if x.Sheet != "" {
			at = x.Sheet + "!" + at
		}
		_, err = fmt.Fprintf(w, "  line %s, %s: %s\n", at, x.Field, x.Reason)
	}
	for _, c := range rep.NewClasses {
		_, err = fmt.Fprintf(w, "  new class: %s\n", c)
	}
	return err
}
