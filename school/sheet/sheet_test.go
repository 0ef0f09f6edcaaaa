package sheet_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"preau/school"
	"preau/school/sheet"
)

func archive(t testing.TB, parts ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.Create(p[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(p[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	odsHead = `<?xml version="1.0"?><office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet><table:table table:name="A">`
	odsFoot = `</table:table></office:spreadsheet></office:body></office:document-content>`
)

func ods(t testing.TB, rows string) []byte {
	return archive(t, [2]string{"content.xml", odsHead + rows + odsFoot})
}

// What no spreadsheet would write is refused before it can cost anything.
func TestBombs(t *testing.T) {
	cell := func(attrs string) string {
		return "<table:table-cell " + attrs + "><text:p>x</text:p></table:table-cell>"
	}
	row := func(attrs, cells string) string {
		return "<table:table-row " + attrs + ">" + cells + "</table:table-row>"
	}
	book := [2]string{"xl/workbook.xml", "<workbook/>"}
	many := make([][2]string, sheet.MaxParts+1)
	for i := range many {
		many[i] = [2]string{fmt.Sprintf("xl/%d.xml", i), ""}
	}
	for _, c := range []struct {
		name, key string
		data      []byte
	}{
		{"a part of 49 MB", "bomb", archive(t, book, [2]string{"xl/worksheets/sheet1.xml", strings.Repeat("\x00", 49<<20)})},
		{"a part of a thousand to one", "bomb", archive(t, book, [2]string{"xl/media/image.png", strings.Repeat("0", 8<<20)})},
		{"too many parts", "bomb", archive(t, many...)},
		{"a way out of the archive", "bomb", archive(t, book, [2]string{"../../etc/passwd", "x"})},
		{"an absolute path", "bomb", archive(t, book, [2]string{"/etc/passwd", "x"})},
		{"a Windows path", "bomb", archive(t, book, [2]string{`..\..\boot.ini`, "x"})},
		{"the same part twice", "bomb", archive(t, book, book)},
		{"entities", "bomb", archive(t, [2]string{"content.xml", `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>` + odsHead + odsFoot})},
		{"a row a million times", "too_many_rows", ods(t, row(`table:number-rows-repeated="1000000"`, cell("")))},
		{"a billion rows", "too_many_rows", ods(t, row(`table:number-rows-repeated="99999999999"`, cell("")))},
		{"an empty archive", "not_a_list", archive(t)},
		{"a text document", "word", archive(t, [2]string{"word/document.xml", "<w/>"})},
		{"half an archive", "broken", archive(t, book)[:40]},
		{"a workbook of nothing", "broken", archive(t, book, [2]string{"[Content_Types].xml", "<Types/>"})},
		{"an old workbook", "old_excel", append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...)},
		{"a picture", "not_a_list", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")},
		{"a page", "markup", []byte("<html><table><tr><td>Nom</td></tr></table></html>")},
		{"nothing", "empty", []byte("\r\n \r\n")},
		{"nothing but a mark", "empty", []byte("\xef\xbb\xbf")},
		{"9 MB", "too_big", make([]byte, 9<<20)},
		{"a list without end", "too_many_rows", bytes.Repeat([]byte("a;b\n"), sheet.MaxRows+1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := sheet.Read(c.data, nil)
			no := school.RefusalsIn(err)
			if len(no) != 1 || no[0].Key != "people.unreadable."+c.key || no[0].Field != "file" {
				t.Errorf("got %v, want %s", err, c.key)
			}
		})
	}
}

func TestRepeatedCellsAreBounded(t *testing.T) {
	book, err := sheet.Read(ods(t, `<table:table-row><table:table-cell table:number-columns-repeated="999999999"><text:p>x</text:p></table:table-cell></table:table-row>`+
		`<table:table-row table:number-rows-repeated="1000"><table:table-cell/></table:table-row><table:table-row><table:table-cell><text:p>fin</text:p></table:table-cell></table:table-row>`), nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := book.Sheets[0].Rows
	if len(rows[0].Cells) != sheet.MaxColumns || rows[1].Line != 1002 || rows[1].Text(0) != "fin" {
		t.Errorf("%d cells, then %+v", len(rows[0].Cells), rows[1])
	}
}

func TestPhysicalLines(t *testing.T) {
	book, err := sheet.Read([]byte("\r\n\r\nNom;Classe\r\n\"DE\r\nSOUZA\";\"Tle D\"\r\n\r\nKOFFI;Tle C\r\n"), func(rows []sheet.Row) int { return len(rows[0].Cells) })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range book.Sheets[0].Rows {
		got = append(got, fmt.Sprintf("%d %s", r.Line, r.Text(0)))
	}
	if s := strings.Join(got, " / "); s != "3 Nom / 4 DE SOUZA / 7 KOFFI" {
		t.Error(s)
	}
}

func TestCellsAreOneHarmlessLine(t *testing.T) {
	book, err := sheet.Read([]byte("a;\u202eKOFFI\u00a0\u200b Ama\u2066;\tx\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := book.Sheets[0].Rows[0].Text(1); got != "KOFFI Ama" {
		t.Errorf("%q", got)
	}
}

// Whatever the bytes, reading ends, and refuses with a sentence or gives rows
// with rising lines.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("../roll/testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("a;\"b\n\"c;d\"\ne\"\";f"))
	f.Add(ods(f, `<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		book, err := sheet.Read(data, func(rows []sheet.Row) int { return len(rows) })
		if err != nil {
			if len(school.RefusalsIn(err)) != 1 {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		for _, s := range book.Sheets {
			line := 0
			for _, r := range s.Rows {
				if r.Line <= line || len(r.Cells) == 0 || len(r.Cells) > sheet.MaxColumns {
					t.Fatalf("row %d after %d with %d cells", r.Line, line, len(r.Cells))
				}
				line = r.Line
			}
		}
	})
}
