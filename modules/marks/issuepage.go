package marks

import (
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"preau/modules/marks/bulletin"
	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// issuePage asks before the bulletins of a class are frozen.
type issuePage struct {
	web.Base
	Class  store.ID
	Number int
	Count  int
}

func issuePath(class store.ID, period int) string {
	return "/marks/bulletins/" + class.String() + "/issue?period=" + strconv.Itoa(period)
}

func confirmIssue(c *web.Ctx) error {
	p, err := readIssuePage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, issueView(p))
}

func readIssuePage(c *web.Ctx) (p issuePage, err error) {
	var d *draft
	if err = c.View(func(tx *store.Tx) (err error) { d, err = readWhole(c, tx); return err }); err != nil {
		return p, err
	}
	p = issuePage{Base: c.Base("marks.issue.title", "class", d.Class.Value.Label), Class: d.Class.ID, Number: d.Period.Number, Count: len(d.Pupils)}
	p.Lead = d.Period.Name + " · " + d.Year.Label
	p.Back = web.Link{Label: p.T("marks.results.title", "class", d.Class.Value.Label), Href: resultsPath(d.Class.ID, d.Period.Number)}
	return p, nil
}

func issueBulletins(c *web.Ctx) error {
	key, err := seal.PaperKey(c.DB().Dir())
	if err != nil {
		return err
	}
	err = c.Post(func(tx *store.Tx) (web.Result, error) {
		d, err := readWhole(c, tx)
		if err != nil {
			return web.Result{}, err
		}
		d.key = key
		if err := d.forPaper(tx); err != nil {
			return web.Result{}, err
		}
		n, err := d.issueClass(tx, c.Actor())
		if err != nil {
			return web.Result{}, err
		}
		return web.Result{To: bulletinsPath(d.Class.ID, d.Period.Number), Flash: "marks.issue.flash", FlashArgs: map[string]any{"count": n}}, nil
	})
	if !c.Refused(err) {
		return err
	}
	p, rerr := readIssuePage(c)
	if rerr != nil {
		return rerr
	}
	p.Refused = p.T("marks.issue.refused")
	return c.Render(http.StatusUnprocessableEntity, issueView(p))
}

// bulletinsPage lists the issued bulletins of a class.
type bulletinsPage struct {
	web.Base
	Class  store.ID
	Label  string
	Number int
	Rows   []bulletinRow
}

type bulletinRow struct {
	ID                             store.ID
	Name, Mean, Rank, Code, Change string
	Reference, On                  string
	Appeals                        []appeal
}

func bulletinsPath(class store.ID, period int) string {
	return "/marks/bulletins/" + class.String() + "?period=" + strconv.Itoa(period)
}

func showBulletins(c *web.Ctx) error {
	var d *draft
	var list []store.Record[issued]
	var contested map[store.ID][]appeal
	err := c.View(func(tx *store.Tx) (err error) {
		if d, err = readWhole(c, tx); err != nil {
			return err
		}
		if list, err = issuedOf(tx, d.Class.ID, d.Period.Number); err != nil {
			return err
		}
		if contested, err = contestedOf(tx, d.Class.ID, d.Period.Number); err != nil {
			return err
		}
		d.remarks, err = readRemarks(tx, d.Class.ID, d.Period.Number)
		return err
	})
	if err != nil {
		return err
	}
	p := bulletinsPage{Base: c.Base("marks.bulletins.title", "class", d.Class.Value.Label), Class: d.Class.ID, Label: d.Class.Value.Label, Number: d.Period.Number}
	p.Lead = d.Period.Name + " · " + d.Year.Label
	p.Back = web.Link{Label: p.T("marks.results.title", "class", d.Class.Value.Label), Href: resultsPath(d.Class.ID, d.Period.Number)}
	for _, b := range list {
		row := bulletinRow{ID: b.ID, Name: b.Value.name(), Code: seal.PrintCode(b.Value.Code), Reference: b.Value.Reference, On: b.Value.On, Rank: b.Value.Rank, Appeals: contested[b.Value.Pupil], Mean: p.T("marks.results.unclassed")}
		if b.Value.Rated {
			row.Mean = say(p.Base, b.Value.General.Fixed(d.Engine.GeneralPlaces()))
		}
		if n := len(d.changes(b.Value)); n > 0 {
			row.Change = p.T("marks.bulletins.changed", "count", n)
		}
		p.Rows = append(p.Rows, row)
	}
	if done, err := sendList(c, p.Title+" "+d.Period.Name, p.list); done {
		return err
	}
	return c.Render(http.StatusOK, bulletinsView(p))
}

// paper is the page as it is printed, with the photo that it was issued with.
func (b *issued) paper(db *store.DB) bulletin.Page {
	p := b.Page
	p.Photo = picture(db, b.Photo)
	return p
}

// picture reads a photo, nil when there is none or its file is not here (any
// more): the paper goes without.
func picture(db *store.DB, file []store.Blob) []byte {
	if len(file) == 0 {
		return nil
	}
	f, err := db.OpenBlob(file[0].Hash)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, file[0].Size))
	if err != nil {
		return nil
	}
	return data
}

// remark is what was printed of a subject, by its name.
func (b *issued) remark(subject string) string {
	for _, r := range b.Page.Rows {
		if r.Kind == bulletin.Subject && len(r.Cells) > 0 && r.Cells[0] == subject {
			return r.Cells[len(r.Cells)-1]
		}
	}
	return ""
}

// name is the pupil's, as it stands on the paper.
func (b *issued) name() string {
	if len(b.Page.PupilLeft) == 0 {
		return ""
	}
	return b.Page.PupilLeft[0].Value
}

// drift is a number that is no longer what was issued.
type drift struct{ Subject, Was, Is string }

// changes compares an issued bulletin with what the marks say now.
func (d *draft) changes(b issued) (list []drift) {
	i := slices.IndexFunc(d.Pupils, func(p store.Record[school.Person]) bool { return p.ID == b.Pupil })
	if i < 0 {
		return nil // left: nothing changes any more
	}
	r := d.results.Pupils[i]
	for _, m := range b.Means {
		s := slices.IndexFunc(d.Subjects, func(s taught) bool { return s.Row.Subject == m.Subject })
		if s < 0 {
			continue
		}
		name, now := d.Subjects[s].Name, d.shown(r.Subjects[s])
		if now != m.Shown {
			list = append(list, drift{name, d.number(m.Shown), d.number(now)})
		}
		// A phrase that follows the average is no change of its own.
		was, is := b.remark(name), d.remarkOf(i, s)
		if d.remarks != nil && was != is && (now == m.Shown || d.wordsOf(i, s) != "") {
			list = append(list, drift{d.say("marks.issued.remark_of", "subject", name), was, is})
		}
	}
	if r.General != b.General || r.Rated != b.Rated {
		places := d.Engine.GeneralPlaces()
		list = append(list, drift{d.say("marks.bulletin.mean"), d.number(b.General.Fixed(places)), d.number(r.General.Fixed(places))})
	}
	return list
}

// previewBulletins draws the class as it stands, marked as not issued.
func previewBulletins(c *web.Ctx) error {
	var d *draft
	err := c.View(func(tx *store.Tx) (err error) {
		if d, err = readWhole(c, tx); err != nil {
			return err
		}
		return d.forPaper(tx)
	})
	if err != nil {
		return err
	}
	day := c.Now().Format(time.DateOnly)
	return sendPDF(c, d.fileName(c.T("marks.bulletin.file_draft")), len(d.Pupils), func(i int) bulletin.Page {
		p := d.page(i, "—", day)
		p.Stamp, p.Photo = d.say("marks.bulletin.draft"), picture(c.DB(), d.photos[d.Pupils[i].ID])
		return p
	})
}

// printBulletins draws what was issued to a class: the originals.
func printBulletins(c *web.Ctx) error {
	var d *draft
	var list []store.Record[issued]
	err := c.View(func(tx *store.Tx) (err error) {
		if d, err = readWhole(c, tx); err != nil {
			return err
		}
		list, err = issuedOf(tx, d.Class.ID, d.Period.Number)
		return err
	})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return c.NotFound()
	}
	return sendPDF(c, d.fileName(c.T("marks.bulletin.file")), len(list), func(i int) bulletin.Page { return list[i].Value.paper(c.DB()) })
}

// printDuplicate draws one issued bulletin again; the log keeps who asked.
func printDuplicate(c *web.Ctx) error {
	b, _, err := readIssued(c)
	if err != nil {
		return err
	}
	if err := c.DB().Update(func(tx *store.Tx) error {
		return school.Audit(tx, c.Actor(), "bulletins.duplicate", b.ID, nil, b.Value.Reference)
	}); err != nil {
		return err
	}
	return sendPDF(c, b.Value.Reference+".pdf", 1, func(int) bulletin.Page {
		p := b.Value.paper(c.DB())
		p.Stamp = c.TIn(papersIn, "marks.bulletin.duplicate")
		return p
	})
}

func (d *draft) fileName(kind string) string {
	return fmt.Sprintf("%s %s %s.pdf", kind, d.Class.Value.Label, d.Period.Name)
}

// sendPDF sends n pages as one file.
func sendPDF(c *web.Ctx, name string, n int, page func(i int) bulletin.Page) error {
	by := c.TIn(papersIn, "web.printed_by", "time", web.FormatDateTime(papersIn, c.Now()), "name", c.Actor().Name)
	return c.Download(name, "application/pdf", func(w io.Writer) error {
		return bulletin.Write(c.Request().Context(), w, strings.TrimSuffix(name, ".pdf"), pagesOf(n, page, by), nil)
	})
}

func pagesOf(n int, page func(i int) bulletin.Page, by string) iter.Seq2[bulletin.Page, error] {
	return func(yield func(bulletin.Page, error) bool) {
		for i := range n {
			p := page(i)
			p.Printed = by
			if !yield(p, nil) {
				return
			}
		}
	}
}
