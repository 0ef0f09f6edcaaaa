package marks

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"preau/school"
	"preau/school/average"
	"preau/school/packs"
	"preau/store"
)

// remarkSheet is what the teachers of a subject say of a class's pupils in a
// period, on their bulletins (appréciations). Of whom nothing is said the pack's
// phrase for the average is printed.
type remarkSheet struct {
	Class   store.ID    `cbor:"1,keyasint,omitzero"`
	Subject string      `cbor:"2,keyasint,omitempty"` // pack code
	Period  int         `cbor:"3,keyasint,omitempty"`
	Rows    []remarkRow `cbor:"4,keyasint,omitempty"` // in the order in which they were first filled
}

// remarkRow is one pupil's. Version rises with every change, as in a mark sheet.
type remarkRow struct {
	_       struct{} `cbor:",toarray"`
	Pupil   store.ID
	Text    string // "": the pack's phrase again
	Version uint32
	By      store.ID
	At      int64 // unix seconds
}

// remarkSheets: index "class" (unique) takes class, period, subject.
var remarkSheets = store.Define(store.Spec[remarkSheet]{
	Name: "marks.remarks", Home: store.Local, Format: 1,
	Indexes: []store.Index[remarkSheet]{
		{Name: "class", Unique: true, Keys: func(r *remarkSheet) [][]byte { return [][]byte{store.Key(r.Class, r.Period, r.Subject)} }},
	},
})

// of is the pupil's row, an empty one when nothing was said.
func (s *remarkSheet) of(pupil store.ID) remarkRow {
	for _, r := range s.Rows {
		if r.Pupil == pupil {
			return r
		}
	}
	return remarkRow{Pupil: pupil}
}

// remarksOf reads a subject's; an empty sheet with a zero id when nobody has
// said anything.
func remarksOf(tx *store.Tx, class store.ID, period int, subject string) (store.Record[remarkSheet], error) {
	r, err := remarkSheets.One(tx, "class", class, period, subject)
	if errors.Is(err, store.ErrNotFound) {
		r.Value = remarkSheet{Class: class, Subject: subject, Period: period}
		err = nil
	}
	return r, err
}

// readRemarks are all remarks of a class's period, by subject.
func readRemarks(tx *store.Tx, class store.ID, period int) (map[string]remarkSheet, error) {
	all := map[string]remarkSheet{}
	for r, err := range remarkSheets.Where(tx, "class", class, period) {
		if err != nil {
			return nil, err
		}
		all[r.Value.Subject] = r.Value
	}
	return all, nil
}

// phrase is what the pack says of a result, "" when it is no average.
func (t *term) phrase(r average.SubjectResult) string {
	if r.Standing != average.Rated {
		return ""
	}
	return packs.PhraseOf(t.Pack.Council.Phrases.Subject, r.Mean)
}

// longestRemark is what two small lines of a bulletin hold, in letters.
const longestRemark = 80

// readRemark reads what a person typed: words, or the number of a phrase. The
// refusal names the field.
func readRemark(text string, phrases []packs.Phrase, field string) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	if n, err := strconv.Atoi(text); err == nil {
		if n < 1 || n > len(phrases) {
			return "", school.Refuse("marks.remark.refused.number", field, "value", text, "count", len(phrases))
		}
		return phrases[n-1].Text, nil
	}
	if n := len([]rune(text)); n > longestRemark {
		return "", school.Refuse("marks.remark.refused.long", field, "count", n, "most", longestRemark)
	}
	return text, nil
}

// said is one remark to be written, against the version of the row that was seen.
type said struct {
	Pupil store.ID
	Seen  uint32
	Text  string
	Field string // where a refusal belongs
}

// auditRemark is the action of every change of a remark; its object is the
// class, from and to are remarked.
const auditRemark = "marks.remark"

type remarked struct {
	Pupil   store.ID `json:"pupil"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
}

// mayRemark tells whether the actor may change the remarks of a subject now: who
// enters its marks, until the bulletins are issued; after that who answers for
// studies, for bulletins that an appeal corrects.
func (t *term) mayRemark(tx *store.Tx, who school.Actor, subject string) error {
	may, err := school.MayEnterMarks(tx, who, t.Class.ID, subject)
	if err != nil {
		return err
	}
	if !may {
		return school.Refuse("marks.refused.not_yours", "")
	}
	list, err := issuedOf(tx, t.Class.ID, t.Period.Number)
	if err == nil && len(list) > 0 && !school.May(school.CloseMarks).Allows(who) {
		err = school.Refuse("marks.remark.refused.issued", "")
	}
	return err
}

// remark writes what is said in a subject. What cannot be written is refused row
// by row; the others stand. The error is for the whole.
func (t *term) remark(tx *store.Tx, who school.Actor, subject string, list []said) (saved int, refused school.Refusals, err error) {
	if err := t.mayRemark(tx, who, subject); err != nil {
		return 0, nil, err
	}
	r, err := remarksOf(tx, t.Class.ID, t.Period.Number, subject)
	if err != nil {
		return 0, nil, err
	}
	now, _ := tx.Now()
	for _, x := range list {
		old := r.Value.of(x.Pupil)
		p, err := school.Roster.Person(tx, x.Pupil)
		if err != nil {
			return 0, nil, err
		}
		switch {
		case p.Value.Class != t.Class.ID || p.Value.Left != "":
			refused = append(refused, school.Refuse("marks.refused.not_here", x.Field, "name", p.Value.Name()))
			continue
		case old.Text == x.Text:
			continue
		case old.Version != x.Seen:
			by, err := school.Roster.Person(tx, old.By)
			if err != nil && !errors.Is(err, school.ErrNobody) {
				return 0, nil, err
			}
			refused = append(refused, school.Refuse("marks.remark.refused.changed", x.Field, "name", p.Value.Name(), "by", by.Value.Name(), "text", old.Text))
			continue
		}
		if err := school.Audit(tx, who, auditRemark, t.Class.ID, remarked{x.Pupil, subject, old.Text}, remarked{x.Pupil, subject, x.Text}); err != nil {
			return 0, nil, err
		}
		next := remarkRow{Pupil: x.Pupil, Text: x.Text, Version: old.Version + 1, By: who.ID, At: now.Unix()}
		if i := slices.IndexFunc(r.Value.Rows, func(r remarkRow) bool { return r.Pupil == x.Pupil }); i >= 0 {
			r.Value.Rows[i] = next
		} else {
			r.Value.Rows = append(r.Value.Rows, next)
		}
		saved++
	}
	if saved == 0 {
		return 0, refused, nil
	}
	if r.ID.IsZero() {
		_, err = remarkSheets.Add(tx, r.Value)
	} else {
		err = remarkSheets.Set(tx, r.ID, r.Value)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("keep remarks: %w", err)
	}
	return saved, refused, nil
}
