package marks

import (
	"io"
	"slices"

	"preau/school/average"
	booksheet "preau/school/sheet"
	"preau/web"
)

// sendList sends a page's list as a file where the address asks for one, as=xlsx or
// as=csv; done is false where it asks for the page.
func sendList(c *web.Ctx, name string, rows func() [][]any) (done bool, err error) {
	as := c.Query("as")
	if as != booksheet.CSV && as != booksheet.XLSX {
		return false, nil
	}
	return true, c.Download(name+"."+as, booksheet.MediaType(as), func(w io.Writer) error { return booksheet.Write(w, as, rows()) })
}

// cellOf is a subject's average for a spreadsheet: a number, or the word in its
// place.
func (d *draft) cellOf(r average.SubjectResult) any {
	if r.Standing == average.Rated {
		return booksheet.Number(r.Mean.Fixed(d.Engine.SubjectPlaces()))
	}
	return d.shown(r)
}

// list is a class's results for a spreadsheet: a row a pupil, a column a subject.
func (d *draft) list(b web.Base) [][]any {
	head := []any{b.T("marks.col.number"), b.T("marks.bulletin.matricule"), b.T("marks.col.pupil"), b.T("marks.list.sex")}
	for _, s := range d.Subjects {
		head = append(head, s.Name)
	}
	rows := [][]any{append(head, b.T("marks.list.general"), b.T("marks.col.rank"), b.T("marks.results.mention"))}
	for i, p := range d.Pupils {
		r := d.results.Pupils[i]
		row := []any{i + 1, p.Value.Matricule, p.Value.Name(), p.Value.Sex}
		for s := range d.Subjects {
			row = append(row, d.cellOf(r.Subjects[s]))
		}
		rows = append(rows, append(row, d.generalCells(i)...))
	}
	return rows
}

// generalCells are the i-th pupil's general average, rank and mention.
func (d *draft) generalCells(i int) []any {
	r := d.results.Pupils[i]
	if !r.Rated {
		return []any{"", "", d.say("marks.standing.unrated")}
	}
	mean := booksheet.Number(r.General.Fixed(d.Engine.GeneralPlaces()))
	if r.Unclassed {
		return []any{mean, "", d.say("marks.standing.unrated")}
	}
	return []any{mean, d.results.Places[i].Rank, d.Pack.Council.MentionOf(r.General)}
}

// list is a subject's marks for a spreadsheet.
func (p *notebookPage) list(t *term) [][]any {
	head := []any{p.T("marks.col.number"), p.T("marks.bulletin.matricule"), p.T("marks.col.pupil")}
	for _, c := range p.Columns {
		head = append(head, c.Name+" /"+say(p.Base, c.Scale))
	}
	for _, g := range p.Groups {
		head = append(head, g.Short)
	}
	rows := [][]any{append(head, p.T("marks.col.average"), p.T("marks.col.rank"))}
	for i, r := range p.Rows {
		row := []any{i + 1, t.Pupils[i].Value.Matricule, r.Name}
		for _, m := range append(append([]string{}, r.Marks...), r.Groups...) {
			row = append(row, number(m))
		}
		rows = append(rows, append(row, number(r.Mean), r.Rank))
	}
	return rows
}

// list is what was issued to a class, and what was contested, for a spreadsheet.
func (p bulletinsPage) list() [][]any {
	rows := [][]any{{
		p.T("marks.col.number"), p.T("marks.col.pupil"), p.T("marks.col.average"), p.T("marks.col.rank"), p.T("marks.bulletins.reference"), p.T("marks.bulletins.code"), p.T("marks.bulletins.on"),
		p.T("marks.bulletins.since"), p.T("marks.appeal.title"), p.T("marks.bulletins.appeal_on"), p.T("marks.appeal.verdict"), p.T("marks.appeal.answer"),
	}}
	for i, r := range p.Rows {
		row := []any{i + 1, r.Name, number(r.Mean), r.Rank, r.Reference, r.Code, r.On, r.Change}
		for _, a := range r.Appeals { // a row each; of most pupils there is none
			verdict := p.T("marks.appeal.open")
			if a.Decided != "" {
				verdict = issuedPage{Base: p.Base}.decided(a).Bold
			}
			rows = append(rows, append(slices.Clone(row), a.Text, a.On, verdict, a.Answer))
		}
		if len(r.Appeals) == 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

// list is who still has what to enter, for a spreadsheet.
func (p boardPage) list() [][]any {
	rows := [][]any{{p.T("marks.col.class"), p.T("marks.col.subject"), p.T("marks.col.teacher"), p.T("marks.col.evaluations"), p.T("marks.col.lacks"), p.T("marks.col.entered"), p.T("marks.col.wanted")}}
	for _, r := range p.Rows {
		rows = append(rows, []any{r.Label, r.Subject, r.Teachers, r.Held, r.Lacks, r.Entered, r.Wanted})
	}
	return rows
}

// number is a text as a spreadsheet should have it: as a number where it is one.
func number(text string) any {
	if _, err := average.ParseDecimal(text); err == nil {
		return booksheet.Number(text)
	}
	return text
}
