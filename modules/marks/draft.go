package marks

import (
	"cmp"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"preau/modules/marks/bulletin"
	"preau/school"
	"preau/school/average"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// draft is a class's bulletins before they are issued: what the council saw,
// with what only the paper needs. Papers speak the language of the pack's
// country, whoever prints them.
type draft struct {
	*council
	site     school.SiteInfo
	head     string // who signs
	units    []string
	teachers map[store.ID]string
	remarks  map[string]remarkSheet // by subject
	photos   map[store.ID][]store.Blob
	titular  string
	key      ed25519.PrivateKey // signs papers; only where some are issued
	say      func(key string, kv ...any) string
	lang     string
}

// papersIn is the language of papers.
const papersIn = "fr"

func readDraft(c *web.Ctx, tx *store.Tx, class store.ID, number int) (*draft, error) {
	k, err := readCouncil(tx, class, number)
	if err != nil {
		return nil, err
	}
	d := &draft{council: k, teachers: map[store.ID]string{}, lang: papersIn, site: c.Site()}
	d.say = func(key string, kv ...any) string { return c.TIn(papersIn, key, kv...) }
	return d, nil
}

// forPaper reads what only the paper needs: names of teachers, the head, the
// units above the school. Pages do without.
func (d *draft) forPaper(tx *store.Tx) (err error) {
	name := func(id store.ID) (string, error) {
		p, err := school.People.Get(tx, id)
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		return p.Value.Name(), err
	}
	for _, s := range d.Subjects {
		for _, id := range s.Teachers {
			if d.teachers[id], err = name(id); err != nil {
				return err
			}
		}
	}
	if d.remarks, err = readRemarks(tx, d.Class.ID, d.Period.Number); err != nil {
		return err
	}
	d.photos = map[store.ID][]store.Blob{}
	for _, p := range d.Pupils {
		photo, err := school.PhotoOf(tx, p.ID)
		if err == nil {
			d.photos[p.ID] = []store.Blob{photo.Value.File}
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if d.titular, err = name(d.Class.Value.Titular); err != nil {
		return err
	}
	for p, err := range school.People.All(tx) {
		if err != nil {
			return err
		}
		if p.Value.Is(school.Head) {
			d.head = p.Value.Name()
			break
		}
	}
	for _, code := range []string{d.site.Region, d.site.Inspection} {
		u, err := org.At(tx, code, org.Today(tx))
		if err == nil {
			d.units = append(d.units, u.Value.Name)
		} else if !errors.Is(err, org.ErrNoUnit) {
			return err
		}
	}
	return nil
}

// shown is a subject's average on paper, a point in it, or the word in its place.
func (d *draft) shown(r average.SubjectResult) string {
	switch r.Standing {
	case average.Rated:
		return r.Mean.Fixed(d.Engine.SubjectPlaces())
	case average.Unrated:
		return d.say("marks.standing.unrated")
	case average.Dispensed:
		return d.say("marks.standing.dispensed")
	}
	return ""
}

func (d *draft) number(s string) string { return web.FormatDecimal(d.lang, s) }

// headTitle is what stands over the head's signature.
func (d *draft) headTitle() string { return cmp.Or(d.Pack.About.Head, d.say("marks.bulletin.head")) }

// inShort is what a QR code says of the i-th pupil's bulletin.
func (d *draft) inShort(i int) string {
	r := d.results.Pupils[i]
	mean := d.say("marks.standing.unrated")
	if r.Rated {
		mean = d.number(r.General.Fixed(d.Engine.GeneralPlaces()))
	}
	s := d.say("marks.bulletin.in_short", "name", d.Pupils[i].Value.Name(), "class", d.Class.Value.Label, "period", d.Period.Name, "mean", mean, "rank", d.results.Places[i].In(d.lang, d.Pupils[i].Value.Sex))
	for len(s) > seal.MaxText { // a very long name: cut at a letter
		r := []rune(s)
		s = string(r[:len(r)-1])
	}
	return s
}

// page is the i-th pupil's bulletin.
func (d *draft) page(i int, reference, day string) bulletin.Page {
	p := d.Pupils[i].Value
	class := d.Class.Value
	when, _ := time.Parse(time.DateOnly, day)
	on := web.FormatLongDate(d.lang, when)
	page := bulletin.Page{
		Title: d.say("marks.bulletin.title", "period", d.Period.Name, "year", d.Year.Label),
		Right: []string{d.Pack.About.Republic, d.Pack.About.Motto, d.site.Name}, Reference: d.say("marks.bulletin.reference", "reference", reference),
		Check: []string{d.say("marks.bulletin.pack", "name", d.Pack.About.Name, "version", d.Pack.About.Version)},
		Place: d.say("marks.bulletin.place", "place", d.town(), "day", on), Signatory: []string{d.headTitle(), d.head},
	}
	if h, ok := d.Pack.HeaderOn(day); ok {
		page.Left = append(page.Left, h.Left...)
	}
	page.Left = append(page.Left, d.units...)
	page.PupilLeft = known(bulletin.Fact{Value: p.Name(), Bold: true}, bulletin.Fact{Label: d.bornLabel(p.Sex), Value: d.born(p)}, bulletin.Fact{Label: d.say("marks.bulletin.matricule"), Value: p.Matricule})
	repeats := d.say("marks.bulletin.no")
	if p.Repeating {
		repeats = d.say("marks.bulletin.yes")
	}
	page.PupilRight = known(
		bulletin.Fact{Label: d.say("marks.bulletin.class"), Value: d.say("marks.bulletin.class_of", "class", class.Label, "count", len(d.Pupils)), Bold: true},
		bulletin.Fact{Label: d.say("marks.bulletin.repeats"), Value: repeats},
		bulletin.Fact{Label: d.say("marks.bulletin.titular"), Value: d.titular},
	)
	d.grid(&page, i)
	d.foot(&page, i)
	return page
}

// known leaves out the facts that are not known.
func known(list ...bulletin.Fact) []bulletin.Fact {
	return slices.DeleteFunc(list, func(f bulletin.Fact) bool { return f.Value == "" })
}

func (d *draft) town() string {
	if d.site.Town != "" {
		return d.site.Town
	}
	return d.site.Name
}

func (d *draft) bornLabel(sex string) string {
	if sex == "F" {
		return d.say("marks.bulletin.born_f")
	}
	return d.say("marks.bulletin.born_m")
}

func (d *draft) born(p school.Person) string {
	text := p.BornText
	if t, err := time.Parse(time.DateOnly, p.Born); err == nil {
		text = web.FormatLongDate(d.lang, t)
	}
	if text != "" && p.BirthPlace != "" {
		text = d.say("marks.bulletin.born_at", "day", text, "place", p.BirthPlace)
	}
	return text
}

// grid lays out the subjects: each group of subjects ends in its subtotal.
func (d *draft) grid(page *bulletin.Page, i int) {
	columns := d.Engine.Columns()
	page.Columns = []bulletin.Column{{Title: d.say("marks.col.subject"), Weight: 50}}
	for n, c := range columns {
		page.Columns = append(page.Columns, bulletin.Column{Title: c.Short, Weight: 18, Number: true, Bold: n == len(columns)-1})
	}
	page.Columns = append(page.Columns,
		bulletin.Column{Title: d.say("marks.col.coefficient"), Weight: 14, Number: true}, bulletin.Column{Title: d.say("marks.bulletin.points"), Weight: 20, Number: true},
		bulletin.Column{Title: d.say("marks.col.rank"), Weight: 17, Number: true}, bulletin.Column{Title: d.say("marks.bulletin.teacher"), Weight: 40},
		bulletin.Column{Title: d.say("marks.bulletin.remark"), Weight: 58})
	r := d.results.Pupils[i]
	var sum subtotal
	for s, sub := range d.Subjects {
		if sub.Group != sum.group {
			sum.row(d, page, len(columns))
			sum = subtotal{group: sub.Group}
		}
		res := r.Subjects[s]
		if res.Standing == average.Empty && sub.Facultative {
			continue // not taken
		}
		page.Rows = append(page.Rows, bulletin.Row{Cells: d.subjectCells(columns, i, s)})
		if res.Standing == average.Rated && !sub.Facultative {
			sum.points, sum.coefficients, sum.n = sum.points+res.Points, sum.coefficients+sub.Coefficient, sum.n+1
		}
	}
	sum.row(d, page, len(columns))
	total := make([]string, len(columns)+6)
	total[0] = d.say("marks.bulletin.total")
	total[len(columns)+1], total[len(columns)+2] = d.number(r.Coefficients.String()), d.number(r.Points.Fixed(2))
	if r.Rated {
		total[len(columns)] = d.number(r.General.Fixed(d.Engine.GeneralPlaces()))
		total[len(columns)+3] = d.results.Places[i].In(d.lang, d.Pupils[i].Value.Sex)
	}
	page.Rows = append(page.Rows, bulletin.Row{Kind: bulletin.Total, Cells: total})
}

func (d *draft) subjectCells(columns []average.Column, i, s int) []string {
	sub, res := d.Subjects[s], d.results.Pupils[i].Subjects[s]
	cells := []string{sub.Name}
	for n := range columns {
		text := ""
		switch {
		case n == len(columns)-1:
			text = d.number(d.shown(res))
		case n < len(res.Groups) && res.Groups[n].Has:
			text = d.number(average.Round(res.Groups[n].Mean.Rat(), d.Engine.SubjectPlaces()).Fixed(d.Engine.SubjectPlaces()))
		}
		cells = append(cells, text)
	}
	var names []string
	for _, id := range sub.Teachers {
		names = append(names, d.teachers[id])
	}
	points, rank := "", ""
	if res.Standing == average.Rated {
		points = d.number(res.Points.Fixed(2))
		rank = d.results.Subjects[s].Places[i].In(d.lang, d.Pupils[i].Value.Sex)
	}
	return append(cells, d.number(sub.Coefficient.String()), points, rank, strings.Join(names, ", "), d.remarkOf(i, s))
}

// remarkOf is what stands of the i-th pupil in a subject: the teacher's words,
// else the pack's phrase; that a mark is a fraud is always said.
func (d *draft) remarkOf(i, s int) string {
	if text := d.wordsOf(i, s); text != "" {
		return text
	}
	return d.phrase(d.results.Pupils[i].Subjects[s])
}

// wordsOf is remarkOf without the pack's phrase.
func (d *draft) wordsOf(i, s int) string {
	sheet := d.remarks[d.Subjects[s].Row.Subject]
	text := sheet.of(d.Pupils[i].ID).Text
	switch {
	case !d.results.Pupils[i].Subjects[s].Noted:
		return text
	case text == "":
		return d.say("marks.bulletin.fraud")
	}
	return d.say("marks.bulletin.fraud") + " · " + text
}

// subtotal is what a group of subjects adds up to: no row for a group of one.
type subtotal struct {
	group                string
	points, coefficients average.Decimal
	n                    int
}

func (s *subtotal) row(d *draft, page *bulletin.Page, columns int) {
	if s.n < 2 || s.coefficients == 0 {
		return
	}
	cells := make([]string, columns+6)
	cells[0] = d.say("marks.bulletin.group", "group", s.group)
	mean := s.points.Rat()
	mean.Quo(mean, s.coefficients.Rat())
	cells[columns] = d.number(average.Round(mean, d.Engine.SubjectPlaces()).Fixed(d.Engine.SubjectPlaces()))
	cells[columns+1], cells[columns+2] = d.number(s.coefficients.String()), d.number(s.points.Fixed(2))
	page.Rows = append(page.Rows, bulletin.Row{Kind: bulletin.Subtotal, Cells: cells})
}

func (d *draft) foot(page *bulletin.Page, i int) {
	r, v := d.results.Pupils[i], d.of(i)
	scale, places := d.number(d.Engine.Formula.Scale), d.Engine.GeneralPlaces()
	left := []bulletin.Fact{}
	add := func(key, value string, bold bool) {
		left = append(left, bulletin.Fact{Label: d.say("marks.bulletin." + key), Value: value, Bold: bold})
	}
	for _, b := range d.before[d.Pupils[i].ID] {
		if b.Has {
			left = append(left, bulletin.Fact{Label: b.Name, Value: d.number(b.Mean.Fixed(places))})
		}
	}
	if r.Rated {
		shown := r.General.Fixed(places)
		add("mean", d.say("marks.bulletin.out_of", "mean", d.number(shown), "scale", scale), true)
		left = append(left, bulletin.Fact{Value: "(" + bulletin.InWords(shown) + ")"})
		rank := d.say("marks.bulletin.unclassed")
		if !r.Unclassed {
			rank = d.say("marks.bulletin.rank_of", "rank", d.results.Places[i].In(d.lang, d.Pupils[i].Value.Sex), "count", d.results.General.N)
		}
		add("rank", rank, false)
		if m := d.Pack.Council.MentionOf(r.General); m != "" {
			add("mention", m, false)
		}
	} else {
		add("mean", d.say("marks.bulletin.unclassed"), true)
	}
	if d.results.General.N > 0 {
		add("class_line", d.say("marks.bulletin.class_means", "highest", d.number(d.results.General.Highest.Fixed(places)), "lowest", d.number(d.results.General.Lowest.Fixed(places)), "mean", d.number(d.results.General.Mean.Fixed(places))), false)
	}
	if mean, has := d.annual(i); has && d.last {
		shown := mean.Fixed(d.Engine.AnnualPlaces())
		add("annual", fmt.Sprintf("%s (%s)", d.say("marks.bulletin.out_of", "mean", d.number(shown), "scale", scale), bulletin.InWords(shown)), true)
	}
	page.FootLeft = left
	right := []bulletin.Fact{}
	if v.Tally.Typed { // nobody counted is not the same as none
		right = append(right, bulletin.Fact{Label: d.say("marks.bulletin.absences"), Value: d.say("marks.bulletin.absences_line", "hours", v.Tally.Absences, "justified", v.Tally.Justified, "late", v.Tally.Lateness)})
	}
	for _, x := range [][2]string{{"praise", "awards"}, {"warning", "warnings"}} {
		if names := d.awardNames(v.Awards, x[0]); len(names) > 0 {
			right = append(right, bulletin.Fact{Label: d.say("marks.bulletin." + x[1]), Value: strings.Join(names, ", "), Bold: true})
		}
	}
	if v.Remark != "" {
		right = append(right, bulletin.Fact{Label: d.say("marks.bulletin.council"), Value: v.Remark})
	}
	if name := d.decisionName(v.Decision); name != "" {
		right = append(right, bulletin.Fact{Label: d.say("marks.bulletin.decision"), Value: name, Bold: true})
	}
	page.FootRight = slices.Clip(right)
}
