package marks

import (
	"fmt"
	"strings"
	"time"

	"preau/modules/marks/bulletin"
	"preau/school"
	"preau/school/average"
	"preau/school/seal"
	"preau/store"
)

// issued is a bulletin that left the council: a snapshot that never changes.
type issued struct {
	Class     store.ID        `cbor:"1,keyasint,omitzero"`
	Pupil     store.ID        `cbor:"2,keyasint,omitzero"`
	Year      string          `cbor:"3,keyasint,omitempty"`
	Period    int             `cbor:"4,keyasint,omitempty"`
	Number    int             `cbor:"5,keyasint,omitempty"` // in the school's year, from 1
	Reference string          `cbor:"6,keyasint,omitempty"`
	Code      string          `cbor:"7,keyasint,omitempty"` // bare
	On        string          `cbor:"8,keyasint,omitempty"` // YYYY-MM-DD
	Rated     bool            `cbor:"9,keyasint,omitempty"`
	General   average.Decimal `cbor:"10,keyasint,omitempty"`
	Means     []mean          `cbor:"11,keyasint,omitempty"` // of the subjects, as they were
	Page      bulletin.Page   `cbor:"12,keyasint,omitzero"`
	Replaces  store.ID        `cbor:"13,keyasint,omitzero"` // the bulletin that an appeal has changed
	Replaced  bool            `cbor:"14,keyasint,omitempty"`
	Girl      bool            `cbor:"15,keyasint,omitempty"` // for the counts that leave
	Boy       bool            `cbor:"16,keyasint,omitempty"`
	Photo     []store.Blob    `cbor:"17,keyasint,omitempty"` // at most one: who was shown on it
	Rank      string          `cbor:"18,keyasint,omitempty"` // as printed
	Decision  string          `cbor:"19,keyasint,omitempty"` // code of the pack, in the last period
}

// mean is a subject's average as it was issued.
type mean struct {
	_       struct{} `cbor:",toarray"`
	Subject string
	Shown   string // "12.13", "NC"
}

// bulletins: index "class" takes class, period, number; "pupil" pupil, year,
// period, number; "number" (unique) year, number.
var bulletins = store.Define(store.Spec[issued]{
	Name: "marks.bulletins", Home: store.Local, Format: 1,
	Indexes: []store.Index[issued]{
		{Name: "class", Keys: func(b *issued) [][]byte { return [][]byte{store.Key(b.Class, b.Period, b.Number)} }},
		{Name: "pupil", Keys: func(b *issued) [][]byte { return [][]byte{store.Key(b.Pupil, b.Year, b.Period, b.Number)} }},
		{Name: "number", Unique: true, Keys: func(b *issued) [][]byte { return [][]byte{store.Key(b.Year, b.Number)} }},
	},
	Blobs: func(b *issued) []store.Blob { return b.Photo },
})

// issuedOf are the bulletins of a class's period that count, in their order.
func issuedOf(tx *store.Tx, class store.ID, period int) (list []store.Record[issued], err error) {
	for b, err := range bulletins.Where(tx, "class", class, period) {
		if err != nil {
			return nil, err
		}
		if !b.Value.Replaced {
			list = append(list, b)
		}
	}
	return list, nil
}

// issuedMeans are the general averages of a period as they were issued.
func issuedMeans(tx *store.Tx, class store.ID, period int) (map[store.ID]average.Decimal, error) {
	list, err := issuedOf(tx, class, period)
	means := map[store.ID]average.Decimal{}
	for _, b := range list {
		if b.Value.Rated {
			means[b.Value.Pupil] = b.Value.General
		}
	}
	return means, err
}

// missing names what a class still lacks before its bulletins can be issued:
// marks that nobody entered, and evaluations that the formula expects.
func (t *term) missing() (list []string) {
	for s, sub := range t.Subjects {
		if len(sub.Evaluations) == 0 {
			continue // not taught this period: said by lacksSubjects
		}
		for _, k := range t.Engine.Formula.Kinds {
			if n := t.held(&t.Subjects[s], k.Code); n < k.ExpectedOf() {
				list = append(list, fmt.Sprintf("%s : %s (%d / %d)", sub.Name, strings.ToLower(k.Name), n, k.ExpectedOf()))
			}
		}
		for i, p := range t.Pupils {
			for _, e := range t.Members[i].Subjects[s].Entries {
				if !e.Mark.Entered() {
					list = append(list, fmt.Sprintf("%s : %s, %s", p.Value.Name(), sub.Name, e.Label))
				}
			}
		}
	}
	return list
}

// lacksSubjects names the compulsory subjects in which nothing was marked.
func (t *term) lacksSubjects() (list []string) {
	for _, s := range t.Subjects {
		if len(s.Evaluations) == 0 && !s.Facultative {
			list = append(list, s.Name)
		}
	}
	return list
}

// mostNamed is how many of the missing things a refusal names.
const mostNamed = 8

// issueClass freezes the bulletins of a class's period, signs them and counts
// them for the ministry. It refuses when they were issued before, when marks are
// missing (and says which), and when nobody is in the class.
func (d *draft) issueClass(tx *store.Tx, who school.Actor) (int, error) {
	list, err := issuedOf(tx, d.Class.ID, d.Period.Number)
	if err != nil {
		return 0, err
	}
	if len(list) > 0 {
		return 0, school.Refuse("marks.issue.refused.again", "", "count", len(list))
	}
	if len(d.Pupils) == 0 {
		return 0, school.Refuse("marks.issue.refused.nobody", "")
	}
	var no school.Refusals
	if missing := d.missing(); len(missing) > 0 {
		no = append(no, school.Refuse("marks.issue.refused.missing", "", "count", len(missing), "list", strings.Join(missing[:min(len(missing), mostNamed)], " ; ")))
	}
	if lacks := d.lacksSubjects(); len(lacks) > 0 {
		no = append(no, school.Refuse("marks.issue.refused.subjects", "", "count", len(lacks), "list", strings.Join(lacks, ", ")))
	}
	if len(no) > 0 {
		return 0, no
	}
	for i := range d.Pupils {
		if _, err := d.issueOne(tx, i, store.Record[issued]{}); err != nil {
			return 0, err
		}
	}
	if err := d.count(tx); err != nil {
		return 0, err
	}
	return len(d.Pupils), school.Audit(tx, who, "bulletins.issue", d.Class.ID, nil, map[string]any{"period": d.Period.Number, "count": len(d.Pupils)})
}

// issueOne freezes one pupil's bulletin; old is the one that it replaces, zero
// for none.
func (d *draft) issueOne(tx *store.Tx, i int, old store.Record[issued]) (store.ID, error) {
	number := 1
	for b, err := range bulletins.Scan(tx, store.Query{Index: "number", Prefix: []any{d.Year.Label}, Reverse: true}) {
		if err != nil {
			return store.ID{}, err
		}
		number = b.Value.Number + 1
		break
	}
	now, _ := tx.Now()
	p, r := d.Pupils[i], d.results.Pupils[i]
	b := issued{
		Class: d.Class.ID, Pupil: p.ID, Year: d.Year.Label, Period: d.Period.Number, Number: number,
		Reference: d.reference(number), On: now.Format(time.DateOnly), Rated: r.Rated, General: r.General,
		Replaces: old.ID, Girl: p.Value.Sex == "F", Boy: p.Value.Sex == "M", Photo: d.photos[p.ID],
		Rank: d.results.Places[i].In(d.lang, p.Value.Sex), Decision: d.of(i).Decision,
	}
	for s := range r.Subjects {
		b.Means = append(b.Means, mean{Subject: d.Subjects[s].Row.Subject, Shown: d.shown(r.Subjects[s])})
	}
	b.Page = d.page(i, b.Reference, b.On)
	content, err := seal.CanonicalCBOR(b.Page)
	if err != nil {
		return store.ID{}, fmt.Errorf("freeze a bulletin: %w", err)
	}
	signed, err := seal.IssuePaper(tx, d.key, seal.Header{
		Reference: b.Reference, Date: b.On, Issuer: d.site.Name, Signatory: d.head, Subject: d.inShort(i), Body: seal.HashOf(content), Replaces: old.Value.Reference,
	})
	if err != nil {
		return store.ID{}, fmt.Errorf("sign a bulletin: %w", err)
	}
	b.Code = seal.ShortCode(signed)
	b.Page.QR = seal.QRText(signed)
	b.Page.Check = append([]string{d.say("marks.bulletin.check", "code", seal.PrintCode(b.Code))}, b.Page.Check...)
	if !old.ID.IsZero() {
		old.Value.Replaced = true
		if err := bulletins.Set(tx, old.ID, old.Value); err != nil {
			return store.ID{}, err
		}
		if err := seal.EndPaper(tx, old.Value.Code, seal.End{By: b.Reference}); err != nil {
			return store.ID{}, err
		}
	}
	return bulletins.Add(tx, b)
}

// reference is that of a bulletin: BUL-LYC-0117-2627-S1-00417.
func (d *draft) reference(number int) string {
	year := d.Year.Label
	if len(year) == len("2026-2027") {
		year = year[2:4] + year[7:9]
	}
	return fmt.Sprintf("BUL-%s-%s-P%d-%05d", d.site.Code, year, d.Period.Number, number)
}
