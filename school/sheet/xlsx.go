package sheet

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/unicode/norm"
)

// readXLSX reads the sheets that are not hidden. A library that walks foreign
// XML may stumble: whatever it does, the file is only unreadable.
func readXLSX(data []byte) (book *Book, err error) {
	defer func() {
		if recover() != nil {
			book, err = nil, refuse("broken")
		}
	}()
	// Both limits alike: nothing is ever unpacked into temporary files.
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: MaxUnpacked, UnzipXMLSizeLimit: MaxUnpacked})
	if err != nil {
		return nil, refuse("broken")
	}
	defer func() { _ = f.Close() }()
	x := &xlsxReader{File: f, computed: hasFormulas(f)}
	if p, err := f.GetWorkbookProps(); err == nil && p.Date1904 != nil {
		x.date1904 = *p.Date1904
	}
	book = &Book{Format: XLSX}
	names := f.GetSheetList()
	for _, hidden := range []bool{false, true} { // hidden ones only when there is nothing else
		for _, name := range names {
			visible, err := f.GetSheetVisible(name)
			if err != nil || visible == hidden {
				continue
			}
			if len(book.Sheets) >= MaxSheets {
				break
			}
			rows, err := x.sheet(name)
			if err != nil {
				return nil, err
			}
			if len(rows) > 0 {
				book.Sheets = append(book.Sheets, Sheet{Name: clean(name), Rows: rows})
			}
		}
		if len(book.Sheets) > 0 {
			return book, nil
		}
	}
	return nil, refuse("empty")
}

type xlsxReader struct {
	*excelize.File
	computed bool
	date1904 bool
	rows     int
	cells    int // looked at, the empty ones before a far column included
}

// maxLooked bounds the cells of a book, so that a value in the last column of
// every row costs nobody a minute.
const maxLooked = 8 << 20

// hasFormulas looks once through the sheets' XML, so that the usual list
// without formulas does not pay for asking cell by cell.
func hasFormulas(f *excelize.File) (found bool) {
	f.Pkg.Range(func(k, v any) bool {
		name, _ := k.(string)
		b, _ := v.([]byte)
		found = strings.HasPrefix(name, "xl/worksheets/") && (bytes.Contains(b, []byte("<f>")) || bytes.Contains(b, []byte("<f ")) || bytes.Contains(b, []byte(":f>")) || bytes.Contains(b, []byte(":f ")) || bytes.Contains(b, []byte("<f/>")))
		return !found
	})
	return found
}

func (x *xlsxReader) sheet(name string) ([]Row, error) {
	shown, err := x.Rows(name)
	if err != nil { // a chart sheet
		return nil, nil
	}
	defer func() { _ = shown.Close() }()
	raw, err := x.Rows(name)
	if err != nil {
		return nil, nil
	}
	defer func() { _ = raw.Close() }()
	var rows []Row
	for line := 1; shown.Next() && raw.Next(); line++ {
		texts, err := shown.Columns()
		if err != nil {
			return nil, refuse("broken")
		}
		stored, err := raw.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, refuse("broken")
		}
		if x.cells += len(texts); x.cells > maxLooked {
			return nil, refuse("bomb")
		}
		cells := make([]Cell, min(len(texts), MaxColumns))
		for i := range cells {
			cells[i].Text = clean(norm.NFC.String(texts[i]))
			if i < len(stored) {
				cells[i].Number = x.number(stored[i])
			}
			if x.computed {
				cells[i].Formula = x.isFormula(name, i+1, line)
			}
		}
		if cells = kept(cells); len(cells) == 0 {
			continue
		}
		if x.rows++; x.rows > MaxRows {
			return nil, refuse("too_many_rows", "max", MaxRows)
		}
		rows = append(rows, Row{Line: line, Cells: cells})
	}
	return x.fillMerged(name, rows), nil
}

// number is the stored value when it is a number; a workbook of an old Mac
// counts days from 1904 and is brought to the usual count only where it can
// be a day at all.
func (x *xlsxReader) number(stored string) string {
	v, err := strconv.ParseFloat(stored, 64)
	if err != nil {
		return ""
	}
	if x.date1904 && v > 5000 && v < 60000 {
		return strconv.FormatFloat(v+1462, 'f', -1, 64)
	}
	return stored
}

func (x *xlsxReader) isFormula(sheet string, column, line int) bool {
	at, err := excelize.CoordinatesToCellName(column, line)
	if err != nil {
		return false
	}
	formula, err := x.GetCellFormula(sheet, at)
	return err != nil || formula != ""
}

// fillMerged writes what stands in a cell merged over several rows of one
// column ("Tle D1" beside forty names) into each of them.
func (x *xlsxReader) fillMerged(sheet string, rows []Row) []Row {
	merged, err := x.GetMergeCells(sheet)
	if err != nil || len(merged) > 5000 {
		return rows
	}
	at := make(map[int]int, len(rows))
	for i, r := range rows {
		at[r.Line] = i
	}
	for _, m := range merged {
		c1, r1, err1 := excelize.CellNameToCoordinates(m.GetStartAxis())
		c2, r2, err2 := excelize.CellNameToCoordinates(m.GetEndAxis())
		if err1 != nil || err2 != nil || c1 != c2 || r2 <= r1 || c1 > MaxColumns {
			continue
		}
		fillDown(rows, at, c1-1, r1, r2)
	}
	return rows
}

func fillDown(rows []Row, at map[int]int, column, from, until int) {
	i, ok := at[from]
	if !ok || column >= len(rows[i].Cells) {
		return
	}
	cell := rows[i].Cells[column]
	for line := from + 1; line <= min(until, from+MaxRows); line++ {
		j, ok := at[line]
		if !ok {
			continue
		}
		for len(rows[j].Cells) <= column {
			rows[j].Cells = append(rows[j].Cells, Cell{})
		}
		if rows[j].Cells[column].Text == "" {
			rows[j].Cells[column] = cell
		}
	}
}
