// Package sheet reads a list that somebody sent, whatever program wrote it,
// into rows of text cells: CSV with any usual separator and charset, XLSX, ODS.
//
// It promises to keep the physical line (or sheet row) of every record, to say
// which cells are formulas, to bound what a file may unpack to before it
// unpacks anything, and never to panic on bytes it does not understand: those
// are refused with a school.Refusal that says what to save the list as.
//
// It does not know what a pupil is. Which separator and which sheet are the
// right ones is decided by the caller's Score, which knows the headings.
package sheet

import (
	"bytes"
	"strings"

	"preau/school"
)

// Limits of one list. A lycée has a few thousand pupils; a list that goes
// beyond is a mistake or an attack, and is refused rather than cut short.
const (
	MaxBytes    = 8 << 20  // the file as sent
	MaxUnpacked = 48 << 20 // all parts of an XLSX or ODS together
	MaxParts    = 1000     // entries of the archive
	MaxRatio    = 250      // unpacked bytes for one packed byte, in a part above 1 MiB
	MaxRows     = 20000    // rows with something in them, all sheets together
	MaxColumns  = 100      // what stands further right is not read
	MaxSheets   = 120
	MaxCell     = 2000 // characters kept of a cell
)

// The formats a Book can come from.
const (
	CSV  = "csv"
	XLSX = "xlsx"
	ODS  = "ods"
)

// Cell is one cell as people see it.
type Cell struct {
	Text    string // trimmed, line breaks and runs of spaces as one space
	Number  string // the stored number behind Text in XLSX and ODS, else ""
	Date    string // YYYY-MM-DD when the file says that the cell is a date
	Formula bool   // computed in the file; Text is the last result
}

// Row is a row with at least one cell that is not empty. Cells may be shorter
// than the heading row.
type Row struct {
	Line  int // from 1: the line where the record starts, or the sheet's row
	Cells []Cell
}

// Text is the text of column i, "" beyond the row's end.
func (r Row) Text(i int) string {
	if i < 0 || i >= len(r.Cells) {
		return ""
	}
	return r.Cells[i].Text
}

// Sheet is one table of a book. A CSV has one, without a name.
type Sheet struct {
	Name string
	Rows []Row
}

// Book is a list as read. Charset and Separator are for a CSV.
type Book struct {
	Format    string
	Charset   string
	Separator string
	Sheets    []Sheet
}

// Score says how much the rows look like the list that the caller hopes for;
// more is better. It decides between separators.
type Score func(rows []Row) int

// Read reads a whole file. Every error is a *school.Refusal with field "file".
func Read(data []byte, score Score) (*Book, error) {
	if len(data) > MaxBytes {
		return nil, refuse("too_big", "max", MaxBytes>>20)
	}
	if score == nil {
		score = func([]Row) int { return 0 }
	}
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, refuse("empty")
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte("PK\x05\x06")):
		return readArchive(data)
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return nil, refuse("old_excel")
	case bytes.HasPrefix(data, []byte("%PDF")):
		return nil, refuse("pdf")
	case isFlatODS(data):
		return readFlatODS(data)
	case isMarkup(data):
		return nil, refuse("markup")
	}
	return readText(data, score)
}

func refuse(key string, kv ...any) *school.Refusal {
	return school.Refuse("people.unreadable."+key, "file", kv...)
}

// isMarkup: web pages and "XML spreadsheets" that programs name .xls or .csv.
func isMarkup(data []byte) bool {
	head := strings.ToLower(string(data[:min(len(data), 512)]))
	head = strings.TrimSpace(strings.TrimPrefix(head, "\ufeff"))
	for _, p := range []string{"<!doctype", "<html", "<?xml", "<table", "<meta", "{\\rtf"} {
		if strings.HasPrefix(head, p) {
			return true
		}
	}
	return false
}

// clean is a cell's text as one line: spaces of every kind and line breaks
// become one space; invisible marks that could hide or turn text are dropped.
func clean(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	n := 0
	for _, r := range s {
		switch {
		case r == ' ', r == '\t', r == '\n', r == '\r', r == '\v', r == '\f', r == '\u00a0', r == '\u202f', r == '\u2007', r == '\u2009', r == '\u3000', r == '\u2028', r == '\u2029', r == '\u0085':
			gap = true
			continue
		case r < 0x20, r == 0x7f, r == '\u00ad', r == '\u061c', r == '\ufeff', r == '\u2060',
			r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(r)
		if n++; n >= MaxCell {
			break
		}
	}
	return b.String()
}

// kept trims empty cells at the end; nil when nothing is left.
func kept(cells []Cell) []Cell {
	n := len(cells)
	for n > 0 && cells[n-1].Text == "" && !cells[n-1].Formula {
		n--
	}
	return cells[:n:n]
}
