package marks

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"preau/school"
	"preau/school/average"
	booksheet "preau/school/sheet"
	"preau/store"
	"preau/web"
)

// A workbook has the sheet's title in A1, headings in row 4, a pupil a row from
// row 5: number, name, mark. Column D is hidden: D1 says which evaluation the
// file belongs to and its scale, then each row its pupil, version and mark as
// they were when the file was made, as in the form's hidden fields.
const (
	bookMark  = "preau-marks/1"
	bookFirst = 5 // row of the first pupil
	bookName  = "Notes"
	bookType  = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// workbook writes the sheet for filling in elsewhere: only marks can be typed.
func (p *sheetPage) workbook(w io.Writer) error {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	if err := f.SetSheetName("Sheet1", bookName); err != nil {
		return err
	}
	set := func(cell string, v any) {
		if err := f.SetCellValue(bookName, cell, v); err != nil {
			panic(err) // the address is ours
		}
	}
	scale := p.Evaluation.Scale.String()
	set("A1", p.Title+" · "+p.Lead)
	set("A2", p.T("marks.book.keys", "scale", say(p.Base, scale)))
	set("D1", bookMark+" "+p.ID.String()+" "+scale)
	for i, h := range []string{p.T("marks.col.number"), p.T("marks.col.pupil"), p.T("marks.col.mark", "scale", say(p.Base, scale))} {
		set(string(rune('A'+i))+"4", h)
	}
	open, err := f.NewStyle(&excelize.Style{Protection: &excelize.Protection{Locked: false}, Alignment: &excelize.Alignment{Horizontal: "right"}, Border: boxed()})
	if err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	last := bookFirst + len(p.Rows) - 1
	for i := range p.Rows {
		r, n := &p.Rows[i], strconv.Itoa(bookFirst+i)
		r.Token = "-"
		set("A"+n, r.N)
		set("B"+n, booksheet.Harmless(r.Name))
		set("D"+n, r.hidden())
		if r.Mark.State == average.Given {
			if err := f.SetCellDefault(bookName, "C"+n, r.Mark.Value.String()); err != nil { // exact: never through a float
				return err
			}
		} else {
			set("C"+n, r.Mark.Text())
		}
	}
	dv := excelize.NewDataValidation(true)
	dv.Type, dv.Sqref = "custom", fmt.Sprintf("C%d:C%d", bookFirst, last)
	dv.Formula1 = fmt.Sprintf(`OR(AND(ISNUMBER(C%[1]d),C%[1]d&gt;=0,C%[1]d&lt;=%[2]s),C%[1]d="abs",C%[1]d="absj",C%[1]d="disp",C%[1]d="nr",C%[1]d="fraude")`, bookFirst, scale)
	dv.SetError(excelize.DataValidationErrorStyleStop, p.T("marks.book.invalid.title"), p.T("marks.book.invalid", "scale", say(p.Base, scale)))
	for _, step := range []func() error{
		func() error { return f.AddDataValidation(bookName, dv) },
		func() error {
			return f.SetCellStyle(bookName, "C"+strconv.Itoa(bookFirst), "C"+strconv.Itoa(last), open)
		},
		func() error { return f.SetCellStyle(bookName, "A1", "C4", bold) },
		func() error { return f.SetColWidth(bookName, "B", "B", 36) },
		func() error { return f.SetColWidth(bookName, "C", "C", 16) },
		func() error { return f.SetColVisible(bookName, "D", false) },
		func() error {
			return f.SetPanes(bookName, &excelize.Panes{Freeze: true, YSplit: bookFirst - 1, TopLeftCell: "A" + strconv.Itoa(bookFirst), ActivePane: "bottomLeft"})
		},
		func() error {
			return f.ProtectSheet(bookName, &excelize.SheetProtectionOptions{SelectLockedCells: true, SelectUnlockedCells: true, FormatColumns: true})
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return f.Write(w)
}

func boxed() []excelize.Border {
	var list []excelize.Border
	for _, side := range []string{"left", "top", "right", "bottom"} {
		list = append(list, excelize.Border{Type: side, Color: "777766", Style: 1})
	}
	return list
}

// bookPage offers the workbook and takes it back.
type bookPage struct {
	*sheetPage
	Changes   []bookRow // to be saved when accepted
	Refused   []bookRow
	Unchanged int
	Absent    []string // on the sheet, not in the file
	Read      bool     // a file was read
}

// bookRow is one difference between the file and the sheet.
type bookRow struct {
	N                 int
	Name, Here, There string
	Why               string
	V                 string // hidden field of the form that accepts it
}

func showBook(c *web.Ctx) error {
	p, err := readBookPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, bookView(*p))
}

func readBookPage(c *web.Ctx) (*bookPage, error) {
	id, err := c.ID("id")
	if err != nil {
		return nil, err
	}
	p := &bookPage{sheetPage: &sheetPage{ID: id}}
	if err := c.View(func(tx *store.Tx) error { return p.read(c, tx) }); err != nil {
		return nil, err
	}
	p.name(c)
	return p, nil
}

func (p *bookPage) name(c *web.Ctx) {
	p.sheetPage.name(c)
	p.Back = web.Link{Label: p.T("marks.form.edit.back"), Href: sheetPath(p.ID)}
}

func downloadBook(c *web.Ctx) error {
	p, err := readBookPage(c)
	if err != nil {
		return err
	}
	return c.Download(p.Class+" "+p.Subject+" "+p.Kind+" "+p.Evaluation.Date+".xlsx", bookType, p.workbook)
}

// compareBook reads a filled file and shows what it would change. Nothing is
// written: the page's form sends the changes to the sheet itself, row by row
// against the versions that the file was made from.
func compareBook(c *web.Ctx) error {
	f, err := c.Checked()
	p, perr := readBookPage(c)
	if perr != nil {
		return perr
	}
	if err == nil {
		u, ok := f.File("file")
		if !ok {
			err = school.Refuse("marks.refused.no_file", "file")
		} else {
			err = p.compare(c, u)
		}
	}
	if c.Refused(err) {
		p.name(c)
		p.Base.Refused = p.T("marks.book.refused")
		return c.Render(http.StatusUnprocessableEntity, bookView(*p))
	}
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, bookView(*p))
}

func (p *bookPage) compare(c *web.Ctx, u web.Upload) error {
	rows, err := p.rowsOf(c, u)
	if err != nil {
		return err
	}
	at := map[store.ID]*sheetRow{}
	for i := range p.Rows {
		at[p.Rows[i].Pupil] = &p.Rows[i]
	}
	for _, cells := range rows {
		was, ok := readHidden(cells.Text(3))
		if !ok {
			if cells.Text(1) == "" {
				continue
			}
			return school.Refuse("marks.refused.book_damaged", "file", "line", cells.Line)
		}
		here := at[was.Pupil]
		if here == nil {
			p.Refused = append(p.Refused, bookRow{Name: cells.Text(1), There: cells.Text(2), Why: p.T("marks.book.not_here")})
			continue
		}
		if cells.Text(1) != booksheet.Harmless(here.Name) && cells.Text(1) != here.Name {
			return school.Refuse("marks.refused.book_moved", "file", "line", cells.Line, "name", here.Name)
		}
		delete(at, was.Pupil)
		p.difference(cells, &was, here)
	}
	for i := range p.Rows {
		if at[p.Rows[i].Pupil] != nil {
			p.Absent = append(p.Absent, p.Rows[i].Name)
		}
	}
	p.Read = true
	return nil
}

// difference says what one row of the file would do to the row here.
func (p *bookPage) difference(cells booksheet.Row, was, here *sheetRow) {
	text := ""
	if len(cells.Cells) > 2 {
		x := cells.Cells[2]
		if text = x.Text; x.Number != "" && x.Date == "" {
			text = x.Number
		}
	}
	row := bookRow{Name: here.Name, Here: say(p.Base, here.Mark.Text()), There: text}
	m, err := parseMark(text, p.Evaluation.Scale, "file")
	if no := school.RefusalsIn(err); no != nil {
		row.Why = p.Sentence(no[0])
		p.Refused = append(p.Refused, row)
		return
	}
	row.There = say(p.Base, m.Text())
	switch {
	case m == here.Mark, m == was.Mark: // the same, or untouched at home
		p.Unchanged++
	case was.Seen != here.Seen:
		row.Why = p.T("marks.book.older", "mark", row.Here)
		p.Refused = append(p.Refused, row)
	default:
		here.Token = "-"
		row.N, row.V = len(p.Changes)+1, here.hidden()
		p.Changes = append(p.Changes, row)
	}
}

// rowsOf reads the file and makes sure that it is this sheet's.
func (p *bookPage) rowsOf(c *web.Ctx, u web.Upload) ([]booksheet.Row, error) {
	b, err := c.DB().OpenBlob(u.Blob.Hash)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	data, err := io.ReadAll(io.LimitReader(b, booksheet.MaxBytes+1))
	if err != nil {
		return nil, err
	}
	book, err := booksheet.Read(data, nil)
	if err != nil {
		return nil, school.Refuse("marks.refused.book_unreadable", "file")
	}
	for _, s := range book.Sheets {
		for i, r := range s.Rows {
			key := strings.Fields(r.Text(3))
			if len(key) != 3 || key[0] != bookMark {
				continue
			}
			switch {
			case key[1] != p.ID.String():
				return nil, school.Refuse("marks.refused.book_other", "file", "title", r.Text(0))
			case key[2] != p.Evaluation.Scale.String():
				return nil, school.Refuse("marks.refused.book_scale", "file", "was", key[2], "is", p.Evaluation.Scale.String())
			}
			rest := s.Rows[i+1:]
			for len(rest) > 0 && rest[0].Line < bookFirst {
				rest = rest[1:]
			}
			return rest, nil
		}
	}
	return nil, school.Refuse("marks.refused.book_foreign", "file")
}
