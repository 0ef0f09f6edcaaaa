package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// readODS reads content.xml. The format says "this row a million times" in one
// attribute: what is empty only moves the count on, what is not is bounded.
func readODS(z *zip.Reader) (*Book, error) {
	f, err := z.Open("content.xml")
	if err != nil {
		return nil, refuse("broken")
	}
	defer func() { _ = f.Close() }()
	return readTables(io.LimitReader(f, MaxUnpacked))
}

func isFlatODS(data []byte) bool {
	head := data[:min(len(data), 4096)]
	return bytes.Contains(head, []byte("<office:document ")) && bytes.Contains(head, []byte("opendocument.spreadsheet"))
}

func readFlatODS(data []byte) (*Book, error) { return readTables(bytes.NewReader(data)) }

type odsReader struct {
	*xml.Decoder
	rows   int
	sheets []Sheet
	hidden map[string]bool // table styles with table:display="false"
	style  string          // the automatic style being read
}

func readTables(r io.Reader) (*Book, error) {
	o := &odsReader{Decoder: xml.NewDecoder(r), hidden: map[string]bool{}}
	o.Entity = nil // entities that a document defines are never expanded
	var spare []Sheet
	for {
		tok, err := o.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse("broken")
		}
		switch t := tok.(type) {
		case xml.Directive: // <!DOCTYPE …>: no office program writes one
			return nil, refuse("bomb")
		case xml.StartElement:
			switch t.Name.Local {
			case "style":
				o.style = attr(t, "name")
			case "table-properties":
				if attr(t, "display") == "false" {
					o.hidden[o.style] = true
				}
			case "table":
				rows, err := o.table()
				if err != nil {
					return nil, err
				}
				s := Sheet{Name: clean(attr(t, "name")), Rows: rows}
				switch {
				case len(rows) == 0:
				case o.hidden[attr(t, "style-name")]:
					spare = append(spare, s)
				case len(o.sheets) < MaxSheets:
					o.sheets = append(o.sheets, s)
				}
			}
		}
	}
	if len(o.sheets) == 0 {
		o.sheets = spare
	}
	if len(o.sheets) == 0 {
		return nil, refuse("empty")
	}
	return &Book{Format: ODS, Sheets: o.sheets}, nil
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// repeat is a repetition count of at least 1 and at most a sheet's size.
func repeat(e xml.StartElement, name string) int {
	n, err := strconv.Atoi(attr(e, name))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, 1<<20)
}

// span is a cell that reaches down over further rows.
type span struct {
	cell  Cell
	until int // last line
}

func (o *odsReader) table() ([]Row, error) {
	var rows []Row
	spans := map[int]span{}
	line := 1
	for {
		tok, err := o.Token()
		if err != nil {
			return nil, refuse("broken")
		}
		switch t := tok.(type) {
		case xml.EndElement:
			if t.Name.Local == "table" {
				return rows, nil
			}
		case xml.StartElement:
			switch t.Name.Local {
			case "table-row":
				cells, err := o.row(spans, line)
				if err != nil {
					return nil, err
				}
				times := repeat(t, "number-rows-repeated")
				for i := range times {
					if len(cells) == 0 {
						break
					}
					if o.rows++; o.rows > MaxRows {
						return nil, refuse("too_many_rows", "max", MaxRows)
					}
					rows = append(rows, Row{Line: line + i, Cells: cells})
				}
				line = min(line+times, 1<<30)
			case "table-row-group", "table-rows", "table-header-rows": // rows stand inside
			case "table": // a table inside a cell's drawing
				if err := o.Skip(); err != nil {
					return nil, refuse("broken")
				}
			case "shapes", "table-source", "named-expressions", "forms":
				if err := o.Skip(); err != nil {
					return nil, refuse("broken")
				}
			}
		}
	}
}

// row reads the cells of a row, those that a merged cell covers included.
func (o *odsReader) row(spans map[int]span, line int) ([]Cell, error) {
	var cells []Cell
	column := 0
	for {
		tok, err := o.Token()
		if err != nil {
			return nil, refuse("broken")
		}
		switch t := tok.(type) {
		case xml.EndElement:
			if t.Name.Local == "table-row" {
				return kept(cells), nil
			}
		case xml.StartElement:
			covered := t.Name.Local == "covered-table-cell"
			if t.Name.Local != "table-cell" && !covered {
				if err := o.Skip(); err != nil {
					return nil, refuse("broken")
				}
				continue
			}
			cell, err := o.cell(t)
			if err != nil {
				return nil, err
			}
			if down := repeat(t, "number-rows-spanned"); down > 1 && repeat(t, "number-columns-spanned") == 1 {
				spans[column] = span{cell: cell, until: line + down - 1}
			}
			for range repeat(t, "number-columns-repeated") {
				if column >= MaxColumns {
					break
				}
				c := cell
				if s, ok := spans[column]; covered && ok && line <= s.until && c.Text == "" {
					c = s.cell
				}
				cells = append(cells, c)
				column++
			}
		}
	}
}

// cell reads the paragraphs of a cell; comments and drawings are not its text.
func (o *odsReader) cell(start xml.StartElement) (Cell, error) {
	c := Cell{Formula: attr(start, "formula") != ""}
	switch attr(start, "value-type") {
	case "float", "currency", "percentage":
		c.Number = attr(start, "value")
	case "date":
		c.Date, _, _ = strings.Cut(attr(start, "date-value"), "T")
	}
	var b strings.Builder
	for depth := 1; depth > 0; {
		tok, err := o.Token()
		if err != nil {
			return c, refuse("broken")
		}
		switch t := tok.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "annotation", "frame", "custom-shape", "g", "note", "ruby-text", "detective":
				if err := o.Skip(); err != nil {
					return c, refuse("broken")
				}
				continue
			case "s", "tab", "line-break", "p":
				b.WriteByte(' ')
			}
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			if b.Len() < 4*MaxCell {
				b.Write(t)
			}
		}
	}
	c.Text = clean(norm.NFC.String(b.String()))
	return c, nil
}
