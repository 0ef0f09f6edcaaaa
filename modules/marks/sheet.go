package marks

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"preau/school"
	"preau/school/average"
	"preau/store"
	"preau/web"
)

// sheetPage is one evaluation with a field a pupil.
type sheetPage struct {
	web.Base
	ID         store.ID
	Evaluation evaluation
	Class      string
	Subject    string
	Kind       string
	GroupName  string
	Period     school.Period
	Rows       []sheetRow
	Gone       []goneRow // who left or changed class, with the mark that stays
	Entered    int
	Mean       average.Decimal // of the numbers, out of the scale, to 0.01
	HasMean    bool
	Closed     bool // nothing can be entered
	Last       string
	MayReopen  bool
	Focus      int // number of the row where typing goes on
	Hidden     int // rows saved although others were refused
}

// sheetRow is one pupil: what stands in the field, and what the next save is
// compared with.
type sheetRow struct {
	N     int
	Pupil store.ID
	Name  string
	Text  string // in the field
	Mark  average.Mark
	Seen  uint32
	Token string
}

type goneRow struct{ Name, Mark, Why string }

// Field is the name of the row's field.
func (r *sheetRow) Field() string { return "m." + strconv.Itoa(r.N) }

// Seen is what the row's hidden field says: pupil, token, version, mark.
func (r *sheetRow) hidden() string {
	return r.Pupil.String() + " " + r.Token + " " + strconv.Itoa(int(r.Seen)) + " " + r.Mark.Text()
}

// readHidden reads it again; the mark may be missing.
func readHidden(text string) (r sheetRow, ok bool) {
	r, rest, ok := readSeen(text)
	if ok && rest != "" {
		var err error
		r.Mark, err = average.ParseMark(rest)
		ok = err == nil
	}
	return r, ok
}

// readSeen reads a row's pupil, token and version, and what else stands there.
func readSeen(text string) (r sheetRow, rest string, ok bool) {
	parts := strings.Fields(text)
	if len(parts) < 3 || len(parts) > 4 {
		return r, "", false
	}
	id, err := store.ParseID(parts[0])
	seen, serr := strconv.ParseUint(parts[2], 10, 32)
	if err != nil || serr != nil {
		return r, "", false
	}
	r.Pupil, r.Token, r.Seen = id, parts[1], uint32(seen)
	return r, strings.Join(parts[3:], ""), true
}

// Missing are the rows that nobody has filled.
func (p *sheetPage) Missing() int { return len(p.Rows) - p.Entered }

// say writes a mark the way of the page's language.
func say(b web.Base, text string) string {
	if b.Lang == "fr" {
		return strings.Replace(text, ".", ",", 1)
	}
	return text
}

func showSheet(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	p := &sheetPage{ID: id}
	if err := c.View(func(tx *store.Tx) error { return p.read(c, tx) }); err != nil {
		return err
	}
	p.Focus = p.firstEmpty(c.Query("after"))
	return p.render(c, http.StatusOK)
}

// firstEmpty is the first row without a mark after the one just left; 0 when all
// are filled or nothing can be entered.
func (p *sheetPage) firstEmpty(after string) int {
	from, _ := strconv.Atoi(after)
	if p.Closed {
		return 0
	}
	for _, wrap := range []bool{false, true} {
		for i := range p.Rows {
			if r := &p.Rows[i]; !r.Mark.Entered() && (r.N > from || wrap) {
				return r.N
			}
		}
	}
	return 0
}

// read fills the page from the store; who may not see the sheet gets a page that
// does not exist.
func (p *sheetPage) read(c *web.Ctx, tx *store.Tx) error {
	e, err := evaluations.Get(tx, p.ID)
	if err != nil {
		return c.NotFound()
	}
	may, err := school.MaySeeMarks(tx, c.Actor(), e.Value.Class, e.Value.Subject)
	if err != nil {
		return err
	}
	if !may {
		return c.NotFound()
	}
	t, err := open(tx, c.Actor(), e)
	if no := school.RefusalsIn(err); no != nil {
		p.Closed = true
		if t, err = readClass(tx, e.Value.Class, e.Value.Period); err == nil && !e.Value.Group.IsZero() {
			var g store.Record[group]
			g, err = groups.Get(tx, e.Value.Group)
			t.half = map[store.ID]group{g.ID: g.Value}
		}
	}
	if err != nil {
		return err
	}
	p.describe(t, e)
	if p.Last, err = t.lastDay(tx, e.Value.Subject); err != nil {
		return err
	}
	now, _ := tx.Now()
	p.MayReopen = now.Format(time.DateOnly) > p.Last && school.May(school.CloseMarks).Allows(c.Actor())
	return p.readRows(tx, t, e)
}

func (p *sheetPage) describe(t *term, e store.Record[evaluation]) {
	p.Evaluation, p.Class, p.Period = e.Value, t.Class.Value.Label, t.Period
	k, _ := t.Engine.Formula.KindByCode(e.Value.Kind)
	p.Kind, p.Subject = k.Name, e.Value.Subject
	if s := t.subject(e.Value.Subject); s != nil {
		p.Subject = s.Name
	}
	p.GroupName = t.half[e.Value.Group].Name
}

func (p *sheetPage) readRows(tx *store.Tx, t *term, e store.Record[evaluation]) error {
	r, err := sheetOf(tx, e)
	if err != nil {
		return err
	}
	pupils, err := school.Roster.Pupils(tx, e.Value.Class)
	if err != nil {
		return err
	}
	sum, given := average.Decimal(0), 0
	here := map[store.ID]bool{}
	for _, x := range pupils {
		if !t.takes(&e.Value, x.ID) {
			continue
		}
		here[x.ID] = true
		row := sheetRow{N: len(p.Rows) + 1, Pupil: x.ID, Name: x.Value.Name()}
		if m := r.Value.of(x.ID); m != nil {
			row.Mark, row.Seen = m.mark(), m.Version
		}
		if row.Text = row.Mark.Text(); row.Mark.Entered() {
			p.Entered++
		}
		if row.Mark.State == average.Given {
			sum, given = sum+row.Mark.Value, given+1
		}
		p.Rows = append(p.Rows, row)
	}
	if given > 0 {
		p.HasMean, p.Mean = true, average.Mean(sum, given, 2)
	}
	for i := range r.Value.Rows {
		m := &r.Value.Rows[i]
		if here[m.Pupil] || !m.mark().Entered() {
			continue
		}
		x, err := school.Roster.Person(tx, m.Pupil)
		if err != nil && !errors.Is(err, school.ErrNobody) {
			return err
		}
		p.Gone = append(p.Gone, goneRow{x.Value.Name(), m.mark().Text(), x.Value.Left})
	}
	return nil
}

// name gives the page its title and the line under it.
func (p *sheetPage) name(c *web.Ctx) {
	p.Base = c.Base("marks.sheet.title", "kind", p.Kind, "subject", p.Subject, "class", p.Class)
	p.Back = web.Link{Label: p.T("marks.notebook.of", "class", p.Class, "subject", p.Subject), Href: notebookPath(p.Evaluation.Class, p.Evaluation.Subject, p.Evaluation.Period)}
	p.Lead = p.T("marks.sheet.lead", "day", p.Day(p.Evaluation.Date), "period", p.Period.Name, "scale", say(p.Base, p.Evaluation.Scale.String()), "coefficient", say(p.Base, p.Evaluation.Coefficient.String()))
	if p.Evaluation.Label != "" {
		p.Lead = p.Evaluation.Label + " · " + p.Lead
	}
	if p.GroupName != "" {
		p.Lead = p.GroupName + " · " + p.Lead
	}
}

func (p *sheetPage) render(c *web.Ctx, status int) error {
	p.name(c)
	if len(p.Refusals) > 0 {
		if p.Refused = p.T("marks.refused.title"); p.Hidden > 0 {
			p.Refused = p.T("marks.refused.some", "count", p.Hidden)
		}
	}
	for i := range p.Rows {
		p.Rows[i].Token = p.Token()
		p.Rows[i].Text = say(p.Base, p.Rows[i].Text)
	}
	return c.Render(status, sheetView(p))
}

// saveSheet takes the whole form: what is sent without a script. Rows that can be
// saved are; the others come back with what was typed and why.
func saveSheet(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	sent := sentRows(f)
	p := &sheetPage{ID: id}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			e, err := evaluations.Get(tx, id)
			if err != nil {
				return web.Result{}, c.NotFound()
			}
			changes, refused := sent.changes(e.Value.Scale)
			saved, more, err := write(tx, c.Actor(), e, changes)
			if err != nil {
				return web.Result{}, err
			}
			refused = append(refused, more...)
			if len(refused) > 0 && saved == 0 {
				return web.Result{}, refused
			}
			to := web.Result{To: sheetPath(id), Flash: "marks.flash.saved", FlashArgs: map[string]any{"count": saved}}
			if n := sent.last(); n > 0 {
				to.To += "?after=" + strconv.Itoa(n)
			}
			if saved == 0 {
				to.Flash = "marks.flash.same"
			}
			if p.Hidden = saved; len(refused) > 0 {
				to.Show = func() error { return p.again(c, sent, refused) }
			}
			return to, nil
		})
	}
	if no := school.RefusalsIn(err); no != nil {
		return p.again(c, sent, no)
	}
	return err
}

// again shows the sheet with what was typed where it was refused.
func (p *sheetPage) again(c *web.Ctx, sent sentSheet, refused school.Refusals) error {
	if err := c.View(func(tx *store.Tx) error { return p.read(c, tx) }); err != nil {
		return err
	}
	whole := false
	at := map[string]bool{}
	for _, r := range refused {
		at[r.Field], whole = true, whole || r.Field == ""
	}
	byPupil := map[store.ID]int{}
	for i := range p.Rows {
		byPupil[p.Rows[i].Pupil] = i
	}
	for _, s := range sent {
		if i, ok := byPupil[s.Pupil]; ok && (whole || at[s.Field()]) && s.changed() {
			p.Rows[i].Text = s.Text
			for _, r := range refused { // the row may stand elsewhere now
				if r.Field == s.Field() {
					r.Field = p.Rows[i].Field()
				}
			}
		}
	}
	c.Refused(refused)
	return p.render(c, http.StatusUnprocessableEntity)
}

// sentSheet is what came back of the rows.
type sentSheet []sheetRow

func sentRows(f *web.Form) (list sentSheet) {
	for n := 1; f.Has("v." + strconv.Itoa(n)); n++ {
		r, ok := readHidden(f.Get("v." + strconv.Itoa(n)))
		if !ok {
			continue
		}
		r.N, r.Text = n, f.Get("m."+strconv.Itoa(n))
		list = append(list, r)
	}
	return list
}

// changed tells whether the field says something else than it did.
func (r *sheetRow) changed() bool {
	m, err := average.ParseMark(strings.ToLower(r.Text))
	return err != nil || m != r.Mark
}

// last is the number of the last row that was changed.
func (s sentSheet) last() (n int) {
	for i := range s {
		if s[i].changed() {
			n = s[i].N
		}
	}
	return n
}

func (s sentSheet) changes(scale average.Decimal) (list []change, refused school.Refusals) {
	for i := range s {
		r := &s[i]
		if !r.changed() {
			continue
		}
		m, err := parseMark(r.Text, scale, r.Field())
		if no := school.RefusalsIn(err); no != nil {
			refused = append(refused, no...)
			continue
		}
		list = append(list, change{Pupil: r.Pupil, Seen: r.Seen, Mark: m, Field: r.Field()})
	}
	return list, refused
}

func (p *sheetPage) meanWords() string {
	if !p.HasMean {
		return "–"
	}
	return say(p.Base, p.Mean.Fixed(2))
}

func (p *sheetPage) missingWords() string {
	if p.Missing() == 0 {
		return p.T("marks.sheet.none_missing")
	}
	return p.T("marks.sheet.missing", "count", p.Missing())
}

func sheetPath(id store.ID) string { return "/marks/sheets/" + id.String() }

func notebookPath(class store.ID, subject string, period int) string {
	return "/marks/of/" + class.String() + "/" + subject + "?period=" + strconv.Itoa(period)
}

// invalid says of a field that its mark was refused, and where the reason stands.
func (p *sheetPage) invalid(r *sheetRow) templ.Attributes {
	if p.RefusalAt(r.Field()) == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "s-" + strconv.Itoa(r.N)}
}
