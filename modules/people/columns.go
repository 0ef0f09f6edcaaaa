package people

import (
	"fmt"
	"net/http"
	"strings"

	"preau/modules/people/intake"
	"preau/modules/people/roll"
	"preau/school"
	"preau/store"
	"preau/web"
)

// columnsPage lets a person say what each column holds.
type columnsPage struct {
	web.Base
	ID     store.ID
	Kind   school.Kind
	File   string
	Table  roll.Table
	Sheets []string
	Sheet  string
}

func showColumns(c *web.Ctx) error {
	r, err := proposal(c)
	if err != nil {
		return err
	}
	p, err := newColumnsPage(c, r, c.Query("sheet"))
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, columnsView(p))
}

func newColumnsPage(c *web.Ctx, r store.Record[intake.Import], sheetName string) (columnsPage, error) {
	p := columnsPage{Base: base(c, "people.columns.title"), ID: r.ID, Kind: r.Value.Kind, File: r.Value.Name, Sheet: sheetName}
	if r.Value.State != intake.Proposed {
		return p, c.NotFound()
	}
	p.Back = web.Link{Label: p.T("people.columns.back"), Href: "/admin/import/" + r.ID.String()}
	l, err := readBlob(c.DB(), r.Value.File, r.Value.Kind, choiceOf(&r.Value))
	if err != nil {
		return p, err
	}
	p.Table, p.Sheets = l.roll.Tables[0], l.roll.Sheets
	if p.Sheet == "" {
		p.Sheet = p.Table.Sheet
	} else if t, ok := roll.Describe(l.book, p.Sheet, p.Kind); ok {
		p.Table = t
	}
	return p, nil
}

// columns is how many the page asks about: those with a heading or a value.
func (p *columnsPage) sample(column int) string {
	var texts []string
	for _, row := range p.Table.Sample {
		if column < len(row) && row[column] != "" {
			texts = append(texts, row[column])
		}
	}
	return strings.Join(texts, " · ")
}

func (p *columnsPage) options() []web.Option {
	list := []web.Option{{Value: "-", Label: p.T("people.columns.ignored")}}
	for _, f := range roll.Fields(p.Kind) {
		list = append(list, web.Option{Value: string(f), Label: p.T("people.column." + string(f))})
	}
	return list
}

func saveColumns(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	r, err := proposal(c)
	if err != nil {
		return err
	}
	choice, err := readChoice(f, r.Value.Kind)
	if err == nil {
		_, err = readBlob(c.DB(), r.Value.File, r.Value.Kind, choice)
	}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			now, err := intake.Imports.Get(tx, r.ID)
			if err != nil {
				return web.Result{}, err
			}
			in := now.Value
			in.Sheet, in.Heading, in.Columns = choice.Sheet, choice.Heading, nil
			for _, x := range choice.Columns {
				in.Columns = append(in.Columns, string(x))
			}
			return web.Result{To: "/admin/import/" + r.ID.String()}, intake.Imports.Set(tx, r.ID, in)
		})
	}
	if c.Refused(err) {
		p, err := newColumnsPage(c, r, f.Get("sheet"))
		if err != nil {
			return err
		}
		if choice != nil && len(choice.Columns) == len(p.Table.Columns) {
			p.Table.Columns = choice.Columns
		}
		return c.Render(http.StatusUnprocessableEntity, columnsView(p))
	}
	return err
}

// readChoice reads the form of columnsView; a field may be chosen once, and
// one of the columns must hold names.
func readChoice(f *web.Form, kind school.Kind) (*roll.Choice, error) {
	ch := &roll.Choice{Sheet: f.Get("sheet")}
	if _, err := fmt.Sscan(f.Get("heading"), &ch.Heading); err != nil {
		ch.Heading = 0
	}
	known := map[roll.Field]bool{}
	for _, x := range roll.Fields(kind) {
		known[x] = true
	}
	taken := map[roll.Field]bool{}
	twice := ""
	for i := 0; f.Has(fmt.Sprintf("c%d", i)) && i < 200; i++ {
		x := roll.Field(f.Get(fmt.Sprintf("c%d", i)))
		if !known[x] {
			x = roll.Ignored
		}
		ch.Columns = append(ch.Columns, x)
		if x != roll.Ignored && taken[x] {
			twice = fmt.Sprintf("c%d", i)
		}
		taken[x] = true
	}
	if twice != "" {
		return ch, school.Refuse("people.columns.refused.twice", twice)
	}
	if !taken[roll.FullName] && !taken[roll.NameFirst] && !taken[roll.Surname] {
		return ch, school.Refuse("people.columns.refused.no_name", "c0")
	}
	return ch, nil
}
