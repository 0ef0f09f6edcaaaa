// Package sample is a small feature that exists only in tests: circulars enough
// to fill a home page, a list, a document and a form with a file. The kit's own
// tests, pictures and benchmarks are made with it.
package sample

import (
	"embed"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"preau/school"
	"preau/store"
	"preau/web"
)

//go:embed words/fr.json words/en.json
var Words embed.FS

// Note is a record of the sample.
type Note struct {
	Number    int          `cbor:"1,keyasint,omitempty"`
	Subject   string       `cbor:"2,keyasint,omitempty"`
	Reference string       `cbor:"3,keyasint,omitempty"`
	Day       string       `cbor:"4,keyasint,omitempty"`
	Deadline  string       `cbor:"5,keyasint,omitempty"`
	Read      int          `cbor:"6,keyasint,omitempty"`
	Body      string       `cbor:"7,keyasint,omitempty"`
	Files     []store.Blob `cbor:"8,keyasint,omitempty"`
	Region    string       `cbor:"9,keyasint,omitempty"`
}

// Notes are the sample's records; index "number".
var Notes = store.Define(store.Spec[Note]{
	Name: "sample.notes", Home: store.Up, Format: 1,
	Indexes: []store.Index[Note]{
		{Name: "number", Keys: func(n *Note) [][]byte { return [][]byte{store.Key(n.Number)} }},
		{Name: "deadline", Keys: func(n *Note) [][]byte {
			if n.Deadline == "" {
				return nil
			}
			return [][]byte{store.Key(n.Deadline)}
		}},
	},
	Blobs: func(n *Note) []store.Blob { return n.Files },
})

// Routes are the sample's pages.
func Routes() []web.Route {
	head := school.For(school.Head, school.Publisher)
	return []web.Route{
		{Path: "/", Access: school.SignedIn(), Reads: []string{"sample.notes"}, Handle: home},
		{Path: "/notes", Access: school.SignedIn(), Reads: []string{"sample.notes", store.ProgressName}, Every: time.Hour, Handle: list},
		{Path: "/notes/new", Access: head, Handle: showForm},
		{Method: http.MethodPost, Path: "/notes/new", Access: head, MaxBody: 4 << 20, Handle: save},
		{Path: "/notes/{id}", Access: school.SignedIn(), Reads: []string{"sample.notes", store.ProgressName}, Every: time.Hour, Handle: show},
		{Path: "/notes/{id}/files/{n}", Access: school.SignedIn(), Handle: download},
	}
}

// Nav is the sample's navigation.
func Nav() []web.NavItem {
	return []web.NavItem{
		{Key: "sample.nav.home", Href: "/", Access: school.SignedIn()},
		{Key: "sample.nav.notes", Href: "/notes", Access: school.SignedIn()},
		{Key: "sample.nav.new", Href: "/notes/new", Access: school.For(school.Head, school.Publisher)},
	}
}

// Fill adds count records, the newest with the highest number.
func Fill(db *store.DB, count int) error {
	subjects := []string{
		"Calendrier des compositions du premier semestre", "Recensement des enseignants volontaires", "Interdiction du téléphone : rappel aux élèves",
		"Journée de reboisement dans les établissements", "Fournitures : manuels de sciences physiques", "Mise à jour de la carte scolaire", "Ouverture de l’année scolaire 2026-2027",
	}
	const step = 500
	for from := 0; from < count; from += step {
		err := db.Update(func(tx *store.Tx) error {
			for i := from; i < min(from+step, count); i++ {
				day := time.Date(2026, 10, 12, 0, 0, 0, 0, time.UTC).AddDate(0, 0, (i-count+1)/3)
				n := Note{
					Number: i + 1, Subject: subjects[i%len(subjects)], Reference: fmt.Sprintf("n° %03d/MEPSTA/CAB/SG", i%1000),
					Day: day.Format(time.DateOnly), Read: i * 7 % 61, Body: body,
				}
				if i >= count-5 {
					n.Deadline = time.Date(2026, 10, 12+(count-1-i)*2, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
				}
				if _, err := Notes.Add(tx, n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const body = `À Mesdames et Messieurs les proviseurs des lycées d'enseignement général et technique.

Les compositions du premier semestre se tiendront du **lundi 14 au vendredi 18 décembre 2026** dans tous les établissements.

## Ce que chaque lycée doit faire

1. Afficher le présent calendrier avant le 20 octobre.
2. En donner lecture dans chaque classe.
3. Faire connaître à l'inspection les salles disponibles.

| Jour | Matière | Durée |
|---|---|---|
| lundi 14 | Philosophie | 4 h |
| mardi 15 | Mathématiques | 4 h |

Je compte sur votre diligence habituelle. <script>alert(1)</script> [lien](javascript:alert(1))
`

type homePage struct {
	web.Base
	Due []web.Task
}

func home(c *web.Ctx) error {
	p := homePage{Base: c.Base("sample.home.title")}
	err := c.View(func(tx *store.Tx) error {
		for r, err := range Notes.Scan(tx, store.Query{Index: "deadline"}) {
			if err != nil {
				return err
			}
			if len(p.Due) == 5 {
				break
			}
			days := daysUntil(r.Value.Deadline, c.Now())
			p.Due = append(p.Due, web.Task{
				Date: r.Value.Deadline, Label: c.T("sample.home.read", "reference", r.Value.Reference),
				Href: "/notes/" + r.ID.String(), Detail: r.Value.Subject, Late: days < 0, Days: days,
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	p.Lead = c.T("sample.home.lead", "day", c.FormatDate(c.Now()), "count", len(p.Due))
	return c.Render(http.StatusOK, homeView(p))
}

func daysUntil(day string, now time.Time) int {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0
	}
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	return int(t.Sub(today) / (24 * time.Hour))
}

type row struct {
	store.Record[Note]
	Way store.ProgressOf
}

type listPage struct {
	web.Base
	Rows  []row
	Query string
	Pages web.Pages
}

const perPage = 30

func list(c *web.Ctx) error {
	p := listPage{Base: c.Base("sample.list.title"), Query: c.Query("q")}
	before, _ := strconv.Atoi(c.Query("before"))
	err := c.View(func(tx *store.Tx) error {
		for r, err := range Notes.Scan(tx, store.Query{Index: "number", Reverse: true}) {
			if err != nil {
				return err
			}
			p.Pages.Total = r.Value.Number // numbers have no gaps: counting 5,000 would cost more than the page
			break
		}
		q := store.Query{Index: "number", Reverse: true}
		if before > 0 {
			q.After = store.Key(before)
		}
		for r, err := range Notes.Scan(tx, q) {
			if err != nil {
				return err
			}
			if len(p.Rows) == perPage {
				p.Pages.Older = "/notes?before=" + strconv.Itoa(p.Rows[perPage-1].Value.Number)
				break
			}
			p.Rows = append(p.Rows, row{r, store.ProgressOfRecord(tx, r.Meta)})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n := len(p.Rows); n > 0 {
		p.Pages.From = p.Pages.Total - p.Rows[0].Value.Number + 1
		p.Pages.To = p.Pages.From + n - 1
	}
	return c.Render(http.StatusOK, listView(p))
}

type showPage struct {
	web.Base
	ID   store.ID
	Note Note
	Way  store.ProgressOf
}

func show(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var p showPage
	err = c.View(func(tx *store.Tx) error {
		r, err := Notes.Get(tx, id)
		if err != nil {
			return err
		}
		p.ID, p.Note = id, r.Value
		p.Way, err = store.Progress(tx, id)
		return err
	})
	if err != nil {
		return err
	}
	p.Base = c.Base("sample.list.title")
	p.Title, p.Back = p.Note.Subject, web.Link{Label: c.T("sample.list.title"), Href: "/notes"}
	return c.Render(http.StatusOK, showView(p))
}

func download(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var n Note
	err = c.View(func(tx *store.Tx) error {
		r, err := Notes.Get(tx, id)
		n = r.Value
		return err
	})
	if err != nil {
		return err
	}
	i, err := strconv.Atoi(c.Param("n"))
	if err != nil || i < 0 || i >= len(n.Files) {
		return c.NotFound()
	}
	return c.SendBlob(n.Files[i])
}
