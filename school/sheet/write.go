package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// MediaType is what a list in a format is sent as.
func MediaType(format string) string {
	if format == XLSX {
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "text/csv; charset=utf-8"
}

// Number is a decimal in text with a point, "12.47", "" for none. A spreadsheet
// gets it as a number to compute with; a CSV has the decimal comma.
type Number string

// Write writes a list, headings first, as CSV or XLSX: numbers as numbers, texts
// so that no spreadsheet computes them.
func Write(w io.Writer, format string, rows [][]any) error {
	switch format {
	case CSV:
		return writeCSV(w, rows)
	case XLSX:
		return writeXLSX(w, rows)
	}
	return fmt.Errorf("sheet: no list is written as %q", format)
}

// Harmless keeps a spreadsheet from computing what somebody wrote as a name: an
// apostrophe makes it text.
func Harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

func harmless(cell any) any {
	if s, ok := cell.(string); ok {
		return Harmless(s)
	}
	return cell
}

// writeCSV writes what a spreadsheet in French opens by a double click: UTF-8
// with a mark, semicolons, CRLF.
func writeCSV(w io.Writer, rows [][]any) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.Comma, c.UseCRLF = ';', true
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			if n, ok := cell.(Number); ok {
				cells[i] = strings.Replace(string(n), ".", ",", 1)
				continue
			}
			cells[i] = fmt.Sprint(harmless(cell))
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func writeXLSX(w io.Writer, rows [][]any) error {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }()
	s, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	for n, row := range rows {
		cells := make([]any, len(row))
		for i, cell := range row {
			n, ok := cell.(Number)
			if !ok {
				cells[i] = harmless(cell)
			} else if x, err := strconv.ParseFloat(string(n), 64); err == nil { // nothing of ours computes with it
				cells[i] = x
			}
		}
		if err := s.SetRow(fmt.Sprintf("A%d", n+1), cells); err != nil {
			return err
		}
	}
	if err := s.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}
