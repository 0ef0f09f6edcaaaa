package sheet

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// separators in the order of preference when all explain a file as well.
var separators = []rune{';', '\t', ',', '|'}

// readText decides the separator by reading the whole file with each and
// asking the caller which result has the headings.
func readText(data []byte, score Score) (*Book, error) {
	text, charset, ok := decode(data)
	if !ok {
		return nil, refuse("not_a_list")
	}
	text = norm.NFC.String(text)
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n") // the Mac of before
	}
	first := 1
	candidates := separators
	if sep, rest, ok := announced(text); ok {
		candidates, text, first = []rune{sep}, rest, 2
	}
	book := &Book{Format: CSV, Charset: charset}
	best := -1
	var refused error
	for _, sep := range candidates {
		rows, err := parse(text, sep, first)
		if err != nil {
			refused = err
			continue
		}
		if s := score(rows)*1000 + steadiness(rows); s > best {
			best = s
			book.Separator = string(sep)
			book.Sheets = []Sheet{{Rows: rows}}
		}
	}
	if best < 0 {
		return nil, refused
	}
	if len(book.Sheets[0].Rows) == 0 {
		return nil, refuse("empty")
	}
	return book, nil
}

// announced reads the line "sep=;" that Excel writes for itself.
func announced(text string) (sep rune, rest string, ok bool) {
	line, rest, _ := strings.Cut(text, "\n")
	line = strings.Trim(strings.TrimRight(line, "\r"), `"`)
	if len(line) == 5 && strings.EqualFold(line[:4], "sep=") {
		return rune(line[4]), rest, true
	}
	return 0, text, false
}

// steadiness, 0 to 999: how many rows have the commonest number of cells,
// counting only rows that the separator cuts at all.
func steadiness(rows []Row) int {
	if len(rows) == 0 {
		return 0
	}
	widths := map[int]int{}
	most := 0
	for _, r := range rows {
		if n := len(r.Cells); n > 1 {
			widths[n]++
			most = max(most, widths[n])
		}
	}
	return most * 999 / len(rows)
}

// parse reads records; each keeps the physical line where it starts. A file
// whose quotes do not match is read line by line instead, so that one stray
// quote spoils one row and not the rest of the list.
func parse(text string, sep rune, first int) ([]Row, error) {
	rows, err := parseStrict(text, sep, first)
	var bad *csv.ParseError
	if errors.As(err, &bad) {
		return parseLoose(text, sep, first)
	}
	return rows, err
}

func newReader(text string, sep rune) *csv.Reader {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = sep
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	return r
}

func parseStrict(text string, sep rune, first int) ([]Row, error) {
	r := newReader(text, sep)
	var rows []Row
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if rows, err = appendRecord(rows, record, line+first-1); err != nil {
			return nil, err
		}
	}
}

// maxQuoted is how many lines a quoted cell of a file with faulty quotes may span.
const maxQuoted = 6

func parseLoose(text string, sep rune, first int) ([]Row, error) {
	lines := strings.Split(text, "\n")
	var rows []Row
	var err error
	for i := 0; i < len(lines); {
		record, used := looseRecord(lines[i:], sep)
		if rows, err = appendRecord(rows, record, i+first); err != nil {
			return nil, err
		}
		i += used
	}
	return rows, nil
}

// looseRecord reads the record that begins in lines[0] and says how many lines
// it took; when no reading of its quotes works, they are letters.
func looseRecord(lines []string, sep rune) (record []string, used int) {
	if strings.Contains(lines[0], `"`) {
		for n := 1; n <= min(maxQuoted, len(lines)); n++ {
			r := newReader(strings.Join(lines[:n], "\n"), sep)
			record, err := r.Read()
			if err != nil {
				continue
			}
			if _, err := r.Read(); errors.Is(err, io.EOF) {
				return record, n
			}
		}
	}
	record = strings.Split(strings.TrimRight(lines[0], "\r"), string(sep))
	for i, c := range record {
		switch c = strings.TrimSpace(c); {
		case strings.HasPrefix(c, `"`):
			record[i] = strings.Trim(c, `"`)
		case strings.Count(c, `"`) == 1:
			record[i] = strings.TrimSuffix(c, `"`)
		default:
			record[i] = c
		}
	}
	return record, 1
}

func appendRecord(rows []Row, record []string, line int) ([]Row, error) {
	cells := make([]Cell, min(len(record), MaxColumns))
	for i := range cells {
		cells[i].Text = clean(record[i])
	}
	if cells = kept(cells); len(cells) == 0 {
		return rows, nil
	}
	if len(rows) >= MaxRows {
		return nil, refuse("too_many_rows", "max", MaxRows)
	}
	return append(rows, Row{Line: line, Cells: cells}), nil
}
