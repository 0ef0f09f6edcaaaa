package people

import (
	"fmt"
	"net/http"
	"strings"

	"preau/modules/people/intake"
	"preau/school"
	"preau/store"
	"preau/web"
)

// dryRunPage says what a list will do, or what it did.
type dryRunPage struct {
	web.Base
	ID      store.ID
	Kind    school.Kind
	File    string
	Sheets  string
	Rows    int
	Counts  counts
	Digest  string
	All     bool
	Refused []faultLine
	Changes []changeLine
	Missing []string
	Added   []string
	Classes []string
	// Withheld counts roles that the list names and that were not given.
	Withheld int
	State    intake.State
}

type counts struct{ Added, Changed, Unchanged, Missing, Refused, Classes int }

type faultLine struct{ Line, Said, Why string }

type changeLine struct {
	Line, Name, Field, From, To string
	First                       bool // of this person
}

// shownLines is how much of a section is shown before "and n more".
const shownLines = 12

func showImport(c *web.Ctx) error {
	r, err := proposal(c)
	if err != nil {
		return err
	}
	return renderImport(c, r, http.StatusOK)
}

func renderImport(c *web.Ctx, r store.Record[intake.Import], status int) error {
	if r.Value.State != intake.Proposed {
		p, err := newImportsPage(c, string(r.Value.Kind))
		if err != nil {
			return err
		}
		return c.Render(status, importsView(p))
	}
	l, err := readBlob(c.DB(), r.Value.File, r.Value.Kind, choiceOf(&r.Value))
	if err != nil {
		return err
	}
	var plan *intake.Plan
	err = c.View(func(tx *store.Tx) (err error) {
		plan, err = l.compare(tx, c.Actor().Is(school.Head))
		return err
	})
	if err != nil {
		return err
	}
	return c.Render(status, dryRunView(newDryRunPage(c, r, plan)))
}

func newDryRunPage(c *web.Ctx, r store.Record[intake.Import], plan *intake.Plan) dryRunPage {
	p := dryRunPage{
		Base: base(c, "people.dry."+string(r.Value.Kind)+".title"), ID: r.ID, Kind: r.Value.Kind, File: r.Value.Name,
		Rows: plan.Roll.Rows, Digest: plan.Digest(), All: c.Query("all") != "", State: r.Value.State, Withheld: plan.Withheld,
		Counts: counts{len(plan.Added), len(plan.Changed), plan.Unchanged, len(plan.Missing), len(plan.Roll.Faults), len(plan.NewClasses)},
	}
	var names []string
	for _, t := range plan.Roll.Tables {
		if t.Sheet != "" {
			names = append(names, t.Sheet)
		}
	}
	p.Sheets = strings.Join(names, ", ")
	for _, f := range plan.Roll.Faults {
		p.Refused = append(p.Refused, faultLine{at(f.Sheet, f.Line, len(names)), f.Said, p.Sentence(f.Reason)})
	}
	for _, ch := range plan.Changed {
		for i, x := range ch.Changes {
			p.Changes = append(p.Changes, changeLine{
				at(ch.Entry.Sheet, ch.Entry.Line, len(names)), ch.Name, p.T("people.field." + x.Field), p.value(x.Field, x.From), p.value(x.Field, x.To), i == 0,
			})
		}
	}
	for _, m := range plan.Missing {
		p.Missing = append(p.Missing, inBrackets(m.Name, m.Class))
	}
	for _, a := range plan.Added {
		p.Added = append(p.Added, inBrackets(school.JoinName(a.Entry.Surname, a.Entry.Given), p.place(a)))
	}
	for _, n := range plan.NewClasses {
		p.Classes = append(p.Classes, n.Label)
	}
	return p
}

// at is a line, with its sheet when the list has several.
func at(sheet string, line, sheets int) string {
	if sheets > 1 {
		return fmt.Sprintf("%s · %d", sheet, line)
	}
	return fmt.Sprint(line)
}

// place is where a person comes to stand: a pupil's class, the functions that a
// member of the staff gets, or the one written that gives nothing to do here.
func (p *dryRunPage) place(a intake.Added) string {
	if p.Kind != school.Staff {
		return a.Entry.Class
	}
	if len(a.Roles) == 0 && a.Entry.Post != "" {
		return p.T("people.dry.no_function", "post", a.Entry.Post)
	}
	names := make([]string, len(a.Roles))
	for i, r := range a.Roles {
		names[i] = p.T(r.WordKey())
	}
	return strings.Join(names, ", ")
}

func inBrackets(name, what string) string {
	if what == "" {
		return name
	}
	return name + " (" + what + ")"
}

// value writes what a field holds the way a person would.
func (p *dryRunPage) value(field, v string) string {
	switch {
	case v == "":
		return ""
	case field == "born":
		return p.LongDay(v)
	case field == "repeating":
		return p.T("people.value." + v)
	case field == "roles":
		var names []string
		for _, r := range strings.Fields(v) {
			names = append(names, p.T(school.Role(r).WordKey()))
		}
		return strings.Join(names, ", ")
	case field == "left":
		return p.T("people.value.left", "day", p.LongDay(v))
	}
	return v
}

// shown is the part of a section that the page shows, and how much is left.
func shown[T any](p *dryRunPage, list []T) (part []T, more int) {
	if p.All || len(list) <= shownLines+3 {
		return list, 0
	}
	return list[:shownLines], len(list) - shownLines
}

// button repeats what will be written.
func (p *dryRunPage) button() string {
	switch {
	case p.Counts.Added > 0 && p.Counts.Changed > 0:
		return p.T("people.dry.save_both", "added", p.T("people.dry.n_added", "count", p.Counts.Added), "changed", p.T("people.dry.n_changed", "count", p.Counts.Changed))
	case p.Counts.Added > 0:
		return p.T("people.dry.save_one", "what", p.T("people.dry.n_added", "count", p.Counts.Added))
	case p.Counts.Changed > 0:
		return p.T("people.dry.save_one", "what", p.T("people.dry.n_changed", "count", p.Counts.Changed))
	}
	return p.T("people.dry.save_one", "what", p.T("people.dry.n_classes", "count", p.Counts.Classes))
}

// nothing tells whether there is anything to save.
func (p *dryRunPage) nothing() bool {
	return p.Counts.Added+p.Counts.Changed+p.Counts.Classes == 0
}

func (p *dryRunPage) path(rest string) string { return "/admin/import/" + p.ID.String() + rest }

// confirmImport applies what was shown, or shows anew what has become of it.
func confirmImport(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if done, err := c.Repeated(); done || err != nil {
		return err
	}
	r, err := proposal(c)
	if err != nil {
		return err
	}
	if r.Value.State != intake.Proposed {
		return c.NotFound()
	}
	l, err := readBlob(c.DB(), r.Value.File, r.Value.Kind, choiceOf(&r.Value))
	if err != nil {
		return err
	}
	err = c.Post(func(tx *store.Tx) (web.Result, error) {
		plan, err := l.compare(tx, c.Actor().Is(school.Head))
		if err != nil {
			return web.Result{}, err
		}
		if plan.Digest() != f.Get("digest") {
			return web.Result{}, school.Refuse("people.import.refused.moved", "")
		}
		now, err := intake.Imports.Get(tx, r.ID)
		if err != nil || now.Value.State != intake.Proposed {
			return web.Result{}, school.Refuse("people.import.refused.moved", "")
		}
		if _, err := intake.Apply(tx, c.Actor(), plan, r.ID, now.Value); err != nil {
			return web.Result{}, err
		}
		return web.Result{To: "/admin/import", Flash: "people.import.flash.done", FlashArgs: map[string]any{
			"added": len(plan.Added), "changed": len(plan.Changed),
		}}, nil
	})
	if c.Refused(err) {
		return renderImport(c, r, http.StatusUnprocessableEntity)
	}
	return err
}
