package people

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"preau/modules/people/roll"
	"preau/school"
	"preau/school/packs"
	"preau/school/sheet"
	"preau/store"
	"preau/web"
)

// yearList is a list on its way: sent and shown, or applied.
type yearList struct {
	Name    string     `cbor:"1,keyasint,omitempty"`
	File    store.Blob `cbor:"2,keyasint,omitempty"`
	Year    string     `cbor:"3,keyasint,omitempty"`
	Who     store.ID   `cbor:"4,keyasint,omitzero"`
	Applied bool       `cbor:"5,keyasint,omitempty"`
	At      time.Time  `cbor:"6,keyasint,omitzero"`  // when it was applied
	Day     string     `cbor:"7,keyasint,omitempty"` // on which those left who leave by it
	Up      int        `cbor:"8,keyasint,omitempty"`
	Repeat  int        `cbor:"9,keyasint,omitempty"`
	Leave   int        `cbor:"10,keyasint,omitempty"`
	Undone  bool       `cbor:"11,keyasint,omitempty"`
}

// count is how many pupils it decided.
func (l *yearList) count() int { return l.Up + l.Repeat + l.Leave }

var yearLists = store.Define(store.Spec[yearList]{
	Name: "people.yearlists", Home: store.Local, Format: 1,
	Blobs: func(l *yearList) []store.Blob { return []store.Blob{l.File} },
})

type yearPage struct {
	web.Base
	Now, Next   string
	From, Until string
	ToMake      int                     // of these, not in the next year yet
	Classes     int                     // of the next year
	Here        int                     // classes of this year
	Last        *store.Record[yearList] // in force, and can be taken back
}

func newYearPage(c *web.Ctx) (p yearPage, err error) {
	p.Base = base(c, "people.year.title")
	p.Back = web.Link{Label: p.T("people.title"), Href: "/people"}
	p.Refused = p.T("people.year.refused")
	err = c.View(func(tx *store.Tx) error {
		now, err := school.CurrentYear(tx)
		if errors.Is(err, school.ErrNoYear) {
			return nil
		}
		if err != nil {
			return err
		}
		next, _, err := nextYear(tx)
		if err != nil {
			return err
		}
		p.Now, p.Next, p.From, p.Until = now.Label, next.Label, next.From, next.Until
		here, err := school.Roster.ClassesOf(tx, now.Label)
		if err != nil {
			return err
		}
		p.Here, p.ToMake = len(here), 0
		for _, k := range here {
			if _, err := school.Roster.ClassByLabel(tx, next.Label, k.Value.Label); err != nil {
				p.ToMake++
			}
		}
		if p.Classes, err = school.Classes.Count(tx, "year", next.Label); err != nil {
			return err
		}
		last, ok, err := lastYearList(tx)
		if p.Last = nil; ok {
			p.Last = &last
		}
		return err
	})
	return p, err
}

func showYear(c *web.Ctx) error {
	p, err := newYearPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, yearView(p))
}

func yearAgain(c *web.Ctx) error {
	p, err := newYearPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusUnprocessableEntity, yearView(p))
}

// makeNextYear enters the next year with the same classes as this one has.
func makeNextYear(c *web.Ctx) error {
	err := c.Post(func(tx *store.Tx) (web.Result, error) {
		now, err := school.CurrentYear(tx)
		if err != nil {
			return web.Result{}, school.Refuse("people.year.refused.no_year", "")
		}
		next, known, err := nextYear(tx)
		if err != nil {
			return web.Result{}, err
		}
		if !known {
			if _, err := school.Years.Add(tx, next); err != nil {
				return web.Result{}, err
			}
		}
		classes, err := school.Roster.ClassesOf(tx, now.Label)
		if err != nil {
			return web.Result{}, err
		}
		n := 0
		for _, k := range classes {
			if _, err := school.Roster.ClassByLabel(tx, next.Label, k.Value.Label); err == nil {
				continue
			}
			k.Value.Year, k.Value.Titular = next.Label, store.ID{}
			if _, err := school.Classes.Add(tx, k.Value); err != nil {
				return web.Result{}, err
			}
			n++
		}
		err = school.Audit(tx, c.Actor(), "people.year", store.ID{}, nil, map[string]any{"classes": n})
		return web.Result{To: "/admin/year", Flash: "people.year.made", FlashArgs: map[string]any{"count": n, "year": next.Label}}, err
	})
	if c.Refused(err) {
		return yearAgain(c)
	}
	return err
}

// addClass enters one class of the next or the current year.
func addClass(c *web.Ctx) error {
	f, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			pack, err := packs.Here(tx)
			if err != nil {
				return web.Result{}, err
			}
			label, year := f.Get("label"), f.Get("year")
			level, series := pack.ClassNamed(label)
			if level == "" || len([]rune(label)) > 40 {
				return web.Result{}, school.Refuse("people.year.refused.label", "label", "value", label)
			}
			if n, err := school.Years.Count(tx, "label", year); err != nil || n == 0 {
				return web.Result{}, school.Refuse("people.year.refused.no_year", "")
			}
			id, err := school.Classes.Add(tx, school.Class{Label: label, Level: level, Series: series, Year: year})
			var taken *store.UniqueError
			if errors.As(err, &taken) {
				return web.Result{}, school.Refuse("people.year.refused.class_known", "label", "value", label)
			}
			if err != nil {
				return web.Result{}, err
			}
			err = school.Audit(tx, c.Actor(), "people.class", id, nil, map[string]string{"class": label})
			return web.Result{To: "/admin/year", Flash: "people.year.class_added", FlashArgs: map[string]any{"class": label, "year": year}}, err
		})
	}
	if c.Refused(err) {
		return yearAgain(c)
	}
	return err
}

// sendYearForm is the list to fill in: everybody who is here, with empty columns.
func sendYearForm(c *web.Ctx) error {
	rows := [][]any{{"Matricule", "Nom", "Prénoms", "Classe", "Décision", "Nouvelle classe"}}
	err := c.View(func(tx *store.Tx) error {
		list, err := classesOf(tx, "")
		if err != nil {
			return err
		}
		for _, k := range list {
			pupils, err := school.Roster.Pupils(tx, k.ID)
			if err != nil {
				return err
			}
			for _, r := range pupils {
				rows = append(rows, []any{r.Value.Matricule, r.Value.Surname, r.Value.Given, k.Value.Label, "", ""})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Download("decisions.csv", sheet.MediaType(sheet.CSV), func(w io.Writer) error { return sheet.Write(w, sheet.CSV, rows) })
}

func sendYearList(c *web.Ctx) error {
	f, err := c.Form()
	if err == nil {
		err = proposeYear(c, f)
	}
	if c.Refused(err) {
		return yearAgain(c)
	}
	return err
}

func proposeYear(c *web.Ctx, f *web.Form) error {
	up, ok := f.File("file")
	if !ok {
		return school.Refuse("people.import.refused.no_file", "file")
	}
	var year string
	err := c.View(func(tx *store.Tx) error {
		next, known, err := nextYear(tx)
		if errors.Is(err, school.ErrNoYear) || err == nil && !known {
			return school.Refuse("people.year.refused.no_year", "file")
		}
		year = next.Label
		return err
	})
	if err != nil {
		return err
	}
	l := yearList{Name: up.Name, File: up.Blob, Year: year, Who: c.Actor().ID}
	if _, err := readYearList(c, &l); err != nil {
		return err
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		id, err := yearLists.Add(tx, l)
		return web.Result{To: "/admin/year/" + id.String()}, err
	})
}

// readYearList reads the file of a list into a book.
func readYearList(c *web.Ctx, l *yearList) (*sheet.Book, error) {
	in, err := c.DB().OpenBlob(l.File.Hash)
	if err != nil {
		return nil, fmt.Errorf("read a list of decisions: %w", err)
	}
	defer func() { _ = in.Close() }()
	data, err := io.ReadAll(io.LimitReader(in, sheet.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read a list of decisions: %w", err)
	}
	book, err := sheet.Read(data, roll.Score(school.PupilKind))
	if err != nil {
		return nil, err
	}
	err = c.View(func(tx *store.Tx) error {
		_, err := planYear(tx, book, l.Year)
		return err
	})
	return book, err
}

// yearDryPage says what a list would do before it does it.
type yearDryPage struct {
	web.Base
	ID   store.ID
	List yearList
	*yearPlan
}

// yearListOf is the list of the address, its sender's while it is not applied.
func yearListOf(c *web.Ctx) (r store.Record[yearList], book *sheet.Book, err error) {
	id, err := c.ID("id")
	if err != nil {
		return r, nil, err
	}
	err = c.View(func(tx *store.Tx) error {
		if r, err = yearLists.Get(tx, id); err != nil || r.Value.Applied || r.Value.Who != c.Actor().ID {
			return c.NotFound()
		}
		return nil
	})
	if err == nil {
		book, err = readYearList(c, &r.Value)
	}
	return r, book, err
}

func showYearList(c *web.Ctx) error { return showYearListAt(c, http.StatusOK) }

func showYearListAt(c *web.Ctx, status int) error {
	r, book, err := yearListOf(c)
	if err != nil {
		return err
	}
	p := yearDryPage{ID: r.ID, List: r.Value}
	err = c.View(func(tx *store.Tx) error {
		p.yearPlan, err = planYear(tx, book, r.Value.Year)
		return err
	})
	if err != nil {
		return err
	}
	p.Base = base(c, "people.year.dry", "year", r.Value.Year)
	p.Back = web.Link{Label: p.T("people.year.title"), Href: "/admin/year"}
	p.Lead = p.T("people.year.file", "file", r.Value.Name)
	p.Refused = p.T("people.year.refused")
	return c.Render(status, yearDryView(p))
}

// applyYear writes what was shown. When the roster has changed since, it shows
// anew what the list would do now.
func applyYear(c *web.Ctx) error {
	r, book, err := yearListOf(c)
	if errors.Is(err, web.ErrNotFound) { // perhaps the same form a second time
		if done, derr := c.Repeated(); done || derr != nil {
			return derr
		}
	}
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			plan, err := planYear(tx, book, r.Value.Year)
			if err != nil {
				return web.Result{}, err
			}
			if plan.digest() != f.Get("plan") {
				return web.Result{}, school.Refuse("people.year.refused.changed", "")
			}
			r.Value.Applied, r.Value.Day = true, today(c)
			r.Value.At, _ = tx.Now()
			r.Value.Up, r.Value.Repeat, r.Value.Leave = plan.count(goesUp), plan.count(repeats), plan.count(leaves)
			if err := plan.apply(tx, c.Actor(), r.ID, r.Value.Day); err != nil {
				return web.Result{}, err
			}
			if err := yearLists.Set(tx, r.ID, r.Value); err != nil {
				return web.Result{}, err
			}
			return web.Result{To: "/people?year=" + r.Value.Year, Flash: "people.year.done", FlashArgs: map[string]any{
				"up": r.Value.Up, "repeat": r.Value.Repeat, "leave": r.Value.Leave,
			}}, nil
		})
	}
	if c.Refused(err) {
		return showYearListAt(c, http.StatusUnprocessableEntity)
	}
	return err
}

func (p *yearPlan) digest() string {
	text := p.Year
	for _, r := range p.Rows {
		text += fmt.Sprintf("|%s %s %s %s", r.Person, r.Verdict, r.To, r.From)
	}
	return shortHash(text)
}
