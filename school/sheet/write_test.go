package sheet_test

import (
	"bytes"
	"strings"
	"testing"

	"preau/school/sheet"
)

func TestAWrittenListComputesNothing(t *testing.T) {
	rows := [][]any{{"Nom", "Nombre"}, {"=HYPERLINK(\"x\")", -12}, {"+33", 4}, {"@SUM(1)", 0}, {"\tx", 1}, {"Amé; \"né\"", 7}}
	for _, format := range []string{sheet.CSV, sheet.XLSX} {
		var b bytes.Buffer
		if err := sheet.Write(&b, format, rows); err != nil {
			t.Fatal(err)
		}
		book, err := sheet.Read(b.Bytes(), func(rows []sheet.Row) int { return len(rows[0].Cells) })
		if err != nil {
			t.Fatal(err)
		}
		got := book.Sheets[0].Rows
		if len(got) != len(rows) {
			t.Fatalf("%s: %d rows", format, len(got))
		}
		for i, r := range got[1:5] {
			if !strings.HasPrefix(r.Text(0), "'") || r.Cells[0].Formula {
				t.Errorf("%s, row %d: %q", format, i, r.Text(0))
			}
		}
		if got[1].Text(1) != "-12" || got[5].Text(0) != "Amé; \"né\"" {
			t.Errorf("%s: %q, %q", format, got[1].Text(1), got[5].Text(0))
		}
	}
	if err := sheet.Write(&bytes.Buffer{}, "ods", nil); err == nil {
		t.Error("an unknown format was written")
	}
}
