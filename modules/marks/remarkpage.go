package marks

import (
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

// remarksPage is a subject's remarks with a field a pupil. It speaks to the same
// script as the mark sheet: fields m.N, what was seen in v.N.
type remarksPage struct {
	web.Base
	Class   store.ID
	Code    string
	Number  int // of the period
	Phrases []packs.Phrase
	Rows    []remarkLine
	Said    int
	Closed  bool // nothing can be written
	Issued  bool // because bulletins are issued
	Focus   int
	Hidden  int // rows saved although others were refused
}

// remarkLine is a pupil: what stands in the field, and what is printed if nothing
// does.
type remarkLine struct {
	sheetRow
	Mean, Rank string
	Phrase     string
	Was        string // what stands in the store
}

// hidden is what the row's hidden field says: pupil, token, version, and of the
// text that stood there a sum.
func (r *remarkLine) hidden() string {
	return r.Pupil.String() + " " + r.Token + " " + strconv.Itoa(int(r.Seen)) + " " + sumOf(r.Was)
}

func sumOf(text string) string {
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text)))
}

func remarksPath(class store.ID, subject string, period int) string {
	return "/marks/remarks/" + class.String() + "/" + subject + "?period=" + strconv.Itoa(period)
}

// read fills the page; who may not see the subject gets a page that does not exist.
func (p *remarksPage) read(c *web.Ctx, tx *store.Tx) error {
	class, err := c.ID("class")
	if err != nil {
		return err
	}
	p.Class, p.Code = class, c.Param("subject")
	t, err := seen(c, tx, class, p.Code)
	if err != nil {
		return err
	}
	s := slices.IndexFunc(t.Subjects, func(s taught) bool { return s.Row.Subject == p.Code })
	if s < 0 {
		return c.NotFound()
	}
	no := t.mayRemark(tx, c.Actor(), p.Code)
	why := school.RefusalsIn(no)
	if p.Closed = why != nil; no != nil && !p.Closed {
		return no
	}
	p.Issued = p.Closed && why[0].Key == "marks.remark.refused.issued"
	r, err := remarksOf(tx, class, t.Period.Number, p.Code)
	if err != nil {
		return err
	}
	p.Number, p.Phrases = t.Period.Number, t.Pack.Council.Phrases.Subject
	p.Base = c.Base("marks.remarks.title", "subject", t.Subjects[s].Name, "class", t.Class.Value.Label)
	p.Lead = t.Period.Name + " · " + t.Year.Label
	p.Back = web.Link{Label: p.T("marks.notebook.of", "class", t.Class.Value.Label, "subject", t.Subjects[s].Name), Href: notebookPath(class, p.Code, p.Number)}
	results := t.Results()
	p.Rows, p.Said = nil, 0
	for i, pupil := range t.Pupils {
		row, res := r.Value.of(pupil.ID), results.Pupils[i].Subjects[s]
		line := remarkLine{Was: row.Text, Phrase: t.phrase(res), Mean: say(p.Base, standing(p.Base, res, t.Engine.SubjectPlaces())), Rank: results.Subjects[s].Places[i].In(p.Lang, pupil.Value.Sex)}
		line.sheetRow = sheetRow{N: i + 1, Pupil: pupil.ID, Name: pupil.Value.Name(), Text: row.Text, Seen: row.Version}
		if row.Text != "" {
			p.Said++
		}
		p.Rows = append(p.Rows, line)
	}
	return nil
}

func showRemarks(c *web.Ctx) error {
	p := &remarksPage{}
	if err := c.View(func(tx *store.Tx) error { return p.read(c, tx) }); err != nil {
		return err
	}
	after, _ := strconv.Atoi(c.Query("after"))
	p.focus(after)
	return p.render(c, http.StatusOK)
}

// focus is on the first row without a remark after the one just left.
func (p *remarksPage) focus(after int) {
	for _, from := range []int{after, 0} {
		for _, r := range p.Rows {
			if !p.Closed && r.Was == "" && r.N > from {
				p.Focus = r.N
				return
			}
		}
	}
}

func (p *remarksPage) render(c *web.Ctx, status int) error {
	if len(p.Refusals) > 0 {
		if p.Refused = p.T("marks.remarks.refused"); p.Hidden > 0 {
			p.Refused = p.T("marks.remarks.refused.some", "count", p.Hidden)
		}
	}
	for i := range p.Rows {
		p.Rows[i].Token = p.Token()
	}
	return c.Render(status, remarksView(p))
}

// sentRemarks are the rows of the form that were changed.
func sentRemarks(f *web.Form) (list []sheetRow) {
	for n := 1; f.Has("v." + strconv.Itoa(n)); n++ {
		r, sum, ok := readSeen(f.Get("v." + strconv.Itoa(n)))
		if r.N, r.Text = n, f.Get("m."+strconv.Itoa(n)); ok && sumOf(r.Text) != sum {
			list = append(list, r)
		}
	}
	return list
}

// saveRemarks takes the whole form: what is sent without a script.
func saveRemarks(c *web.Ctx) error {
	f, err := c.Form()
	sent := sentRemarks(f)
	p := &remarksPage{}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			if err := p.read(c, tx); err != nil {
				return web.Result{}, err
			}
			saved, refused, err := p.write(c, tx, sent)
			if err == nil && saved == 0 {
				err = refused.Or()
			}
			if err != nil {
				return web.Result{}, err
			}
			to := web.Result{To: remarksPath(p.Class, p.Code, p.Number), Flash: "marks.remarks.flash", FlashArgs: map[string]any{"count": saved}}
			if len(sent) > 0 {
				to.To += "&after=" + strconv.Itoa(sent[len(sent)-1].N)
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

func (p *remarksPage) write(c *web.Ctx, tx *store.Tx, sent []sheetRow) (int, school.Refusals, error) {
	t, err := readClass(tx, p.Class, p.Number)
	if err != nil {
		return 0, nil, err
	}
	var list []said
	var refused school.Refusals
	for _, r := range sent {
		text, err := readRemark(r.Text, p.Phrases, r.Field())
		if no := school.RefusalsIn(err); no != nil {
			refused = append(refused, no...)
			continue
		}
		list = append(list, said{Pupil: r.Pupil, Seen: r.Seen, Text: text, Field: r.Field()})
	}
	saved, more, err := t.remark(tx, c.Actor(), p.Code, list)
	return saved, append(refused, more...), err
}

// again shows the page with what was typed where it was refused.
func (p *remarksPage) again(c *web.Ctx, sent []sheetRow, refused school.Refusals) error {
	c.Refused(refused)
	if err := c.View(func(tx *store.Tx) error { return p.read(c, tx) }); err != nil {
		return err
	}
	for _, s := range sent {
		i := slices.IndexFunc(p.Rows, func(r remarkLine) bool { return r.Pupil == s.Pupil })
		if i < 0 {
			continue
		}
		for _, r := range refused {
			if r.Field == "" || r.Field == s.Field() {
				p.Rows[i].Text = s.Text
			}
			if r.Field == s.Field() { // the row may stand elsewhere now
				r.Field = p.Rows[i].Field()
			}
		}
	}
	return p.render(c, http.StatusUnprocessableEntity)
}

// saveRemark saves one row for the script.
func saveRemark(c *web.Ctx) error {
	f, err := c.Form()
	sent, _, ok := readSeen(f.Get("v"))
	if err == nil && !ok {
		err = school.Refuse("web.refused.form", "")
	}
	sent.Text = f.Get("m")
	p := &remarksPage{}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			if err := p.read(c, tx); err != nil {
				return web.Result{}, err
			}
			_, refused, err := p.write(c, tx, []sheetRow{sent})
			if err == nil {
				err = refused.Or()
			}
			to := fmt.Sprintf("/marks/remarks/%s/%s/rows/%s?period=%d", p.Class, p.Code, sent.Pupil, p.Number)
			return web.Result{To: to, Show: func() error { return answerRemark(c, sent.Pupil, nil) }}, err
		})
	}
	if no := school.RefusalsIn(err); no != nil && ok {
		return answerRemark(c, sent.Pupil, no)
	}
	return err
}

// showRemark is where a repeated save leads: how the row stands.
func showRemark(c *web.Ctx) error {
	pupil, err := c.ID("pupil")
	if err != nil {
		return err
	}
	return answerRemark(c, pupil, nil)
}

func answerRemark(c *web.Ctx, pupil store.ID, refused school.Refusals) error {
	p := &remarksPage{}
	if err := c.View(func(tx *store.Tx) error { return p.read(c, tx) }); err != nil {
		return err
	}
	for i := range p.Rows {
		r := &p.Rows[i]
		if r.Pupil != pupil {
			continue
		}
		r.Token = p.Token()
		a := rowAnswer{V: r.hidden(), Mark: r.Was, N: p.Base.Number(p.Said), Missing: p.rest()}
		status := http.StatusOK
		if len(refused) > 0 {
			a.Refused, status = p.Sentence(refused[0]), http.StatusUnprocessableEntity
			a.Again = refused[0].Key == "marks.remark.refused.changed"
		}
		return c.JSON(status, a)
	}
	return c.NotFound()
}

// rest says what is printed for those of whom nothing is said.
func (p *remarksPage) rest() string {
	return p.T("marks.remarks.rest", "count", len(p.Rows)-p.Said)
}

func (p *remarksPage) invalid(r *remarkLine) templ.Attributes {
	if p.RefusalAt(r.Field()) == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "s-" + strconv.Itoa(r.N)}
}
