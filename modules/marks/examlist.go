package marks

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"preau/school"
	booksheet "preau/school/sheet"
	"preau/store"
	"preau/web"
)

// examWords are how lists write results, without case and accents.
var examWords = map[string]string{
	"admis": admitted, "admise": admitted, "admis e": admitted, "a": admitted, "oui": admitted, "recu": admitted, "passed": admitted,
	"refuse": failed, "refusee": failed, "ajourne": failed, "ajournee": failed, "echec": failed, "echoue": failed, "non admis": failed, "non admise": failed, "r": failed, "non": failed, "failed": failed,
	"absent": absent, "absente": absent, "abs": absent,
}

// examHeads are the headings of a list of results.
var examHeads = map[string][]string{
	"matricule": {"matricule", "n matricule", "numero matricule"},
	"result":    {"resultat", "decision", "decision du jury", "result", "admission"},
	"mention":   {"mention"},
}

// listedResult is one row of a list of results.
type listedResult struct {
	line               int
	matricule, result  string
	mention, asWritten string
}

// readResults finds the results in a list. Whatever cannot be read is named by its
// line.
func readResults(rows []booksheet.Row) (list []listedResult, no school.Refusals) {
	at, first := map[string]int{}, 0
	for i, r := range rows[:min(len(rows), 20)] {
		found := map[string]int{}
		for n := range r.Cells {
			for field, names := range examHeads {
				if _, taken := found[field]; !taken && slices.Contains(names, school.Fold(r.Text(n))) {
					found[field] = n
				}
			}
		}
		if len(found) > len(at) {
			at, first = found, i+1
		}
	}
	_, m := at["matricule"]
	_, x := at["result"]
	if !m || !x {
		return nil, school.Refusals{school.Refuse("marks.exam.refused.columns", "file")}
	}
	met := map[string]int{}
	for _, r := range rows[first:] {
		one := listedResult{line: r.Line, matricule: r.Text(at["matricule"]), asWritten: r.Text(at["result"])}
		if one.matricule == "" && one.asWritten == "" {
			continue
		}
		if n, ok := at["mention"]; ok {
			one.mention = r.Text(n)
		}
		one.result = examWords[school.Fold(one.asWritten)]
		before, twice := met[one.matricule]
		switch {
		case one.matricule == "":
			no = append(no, school.Refuse("marks.exam.refused.no_matricule", "file", "line", r.Line))
		case twice:
			no = append(no, school.Refuse("marks.exam.refused.twice", "file", "line", r.Line, "value", one.matricule, "first", before))
		case one.result == "":
			no = append(no, school.Refuse("marks.exam.refused.word", "file", "line", r.Line, "value", one.asWritten))
		}
		met[one.matricule] = r.Line
		list = append(list, one)
	}
	return list, no
}

// importExams takes a list of results: whole, or not at all.
func importExams(c *web.Ctx) error {
	f, err := c.Form()
	n := 0
	var faults school.Refusals
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			file, ok := f.File("file")
			if !ok {
				return web.Result{}, school.Refuse("marks.exam.refused.none", "file")
			}
			r, err := c.DB().OpenBlob(file.Blob.Hash)
			if err != nil {
				return web.Result{}, err
			}
			defer r.Close()
			data, err := io.ReadAll(io.LimitReader(r, booksheet.MaxBytes+1))
			if err != nil {
				return web.Result{}, err
			}
			if n, faults, err = takeResults(c, tx, data); err != nil {
				return web.Result{}, err
			}
			if len(faults) > 0 {
				return web.Result{}, school.Refuse("marks.exam.refused.lines", "file", "count", len(faults))
			}
			return web.Result{To: "/marks/exams", Flash: "marks.exam.flash", FlashArgs: map[string]any{"count": n}}, nil
		})
	}
	if !c.Refused(err) {
		return err
	}
	lines := []string{}
	b := c.Base("marks.exams.title")
	for _, x := range faults[:min(len(faults), 50)] {
		lines = append(lines, b.Sentence(x))
	}
	return examList(c, http.StatusUnprocessableEntity, lines)
}

// takeResults stores a list's results by matricule; faults name its lines.
func takeResults(c *web.Ctx, tx *store.Tx, data []byte) (n int, faults school.Refusals, err error) {
	book, err := booksheet.Read(data, func(rows []booksheet.Row) int { list, _ := readResults(rows); return len(list) })
	if err != nil {
		return 0, nil, err
	}
	if len(book.Sheets) == 0 {
		return 0, school.Refusals{school.Refuse("marks.exam.refused.columns", "file")}, nil
	}
	list, faults := readResults(book.Sheets[0].Rows)
	if len(faults) > 0 {
		return 0, faults, nil
	}
	type opened struct {
		draft *draft
		known map[store.ID]store.Record[examResult]
	}
	classes := map[store.ID]opened{}
	for _, one := range list {
		p, err := school.Roster.ByMatricule(tx, school.PupilKind, one.matricule)
		if errors.Is(err, store.ErrNotFound) || errors.Is(err, school.ErrNobody) || err == nil && p.Value.Class.IsZero() {
			faults = append(faults, school.Refuse("marks.exam.refused.unknown", "file", "line", one.line, "value", one.matricule))
			continue
		}
		if err != nil {
			return 0, nil, err
		}
		x, ok := classes[p.Value.Class]
		if !ok {
			if x.draft, _, x.known, err = readExam(c, tx, p.Value.Class); errors.Is(err, web.ErrNotFound) {
				faults = append(faults, school.Refuse("marks.exam.refused.no_exam", "file", "line", one.line, "name", p.Value.Name()))
				continue
			}
			if err != nil {
				return 0, nil, err
			}
			classes[p.Value.Class] = x
		}
		changed, err := x.draft.setExam(tx, c.Actor(), x.known[p.ID], p.ID, one.result, strings.TrimSpace(one.mention))
		if err != nil {
			return 0, nil, err
		}
		n += changed
	}
	for _, x := range classes {
		if err := x.draft.recount(tx); err != nil {
			return 0, nil, err
		}
	}
	return n, faults, nil
}
