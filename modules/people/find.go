package people

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"preau/school"
	"preau/store"
	"preau/web"
)

func urlEscape(s string) string { return url.QueryEscape(s) }

// foundMost bounds what a search shows.
const foundMost = 50

// foundRow is one person that a search found.
type foundRow struct {
	ID                    store.ID
	Name, What, Matricule string
	Born, Left            string
}

// directory is everybody, made ready for finding, read again when somebody changes.
func directory(c *web.Ctx, tx *store.Tx) (*school.Directory, error) {
	return web.Remember(c, tx, "people.directory", []string{school.People.Name()}, func() (*school.Directory, error) {
		return school.ReadDirectory(tx)
	})
}

// find fills the page with who is looked for.
func (p *classesPage) find(c *web.Ctx, tx *store.Tx) error {
	if p.Query == "" && !p.Left && !p.MayGive {
		return nil
	}
	d, err := directory(c, tx)
	if err != nil {
		return err
	}
	if p.MayGive {
		p.Alike = len(d.Alike())
	}
	if p.Query == "" && !p.Left {
		return nil
	}
	found, total := d.Find(school.Wanted{Query: p.Query, Left: p.Left, Limit: foundMost})
	p.Total = total
	p.Found, err = foundRows(p.Base, tx, found)
	return err
}

func foundRows(b web.Base, tx *store.Tx, found []school.Listed) (rows []foundRow, err error) {
	words, err := readLabels(tx)
	if err != nil {
		return nil, err
	}
	for _, l := range found {
		row := foundRow{ID: l.ID, Name: l.Name, Matricule: l.Matricule, Born: shortBorn(l.Born), Left: l.Left}
		if l.Kind == school.Staff {
			row.What = roleNames(b, l.Roles)
		} else {
			row.What = words.classes[l.Class].Label
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// shortBorn is a birth date as lists have it, or the words that stand for it.
func shortBorn(born string) string {
	if school.ValidDay(born) {
		return born[8:] + "/" + born[5:7] + "/" + born[:4]
	}
	return born
}

// bornOf is shortBorn of a person.
func bornOf(p *school.Person) string {
	if p.Born != "" {
		return shortBorn(p.Born)
	}
	return p.BornText
}

// alikePage lists those who may stand on the roster twice.
type alikePage struct {
	web.Base
	Groups [][]foundRow
}

func showAlike(c *web.Ctx) error {
	p := alikePage{Base: base(c, "people.alike.title")}
	p.Back = web.Link{Label: p.T("people.title"), Href: "/people"}
	err := c.View(func(tx *store.Tx) error {
		d, err := directory(c, tx)
		if err != nil {
			return err
		}
		for _, group := range d.Alike() {
			rows, err := foundRows(p.Base, tx, group)
			if err != nil {
				return err
			}
			p.Groups = append(p.Groups, rows)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, alikeView(p))
}

// apiPerson is one person as GET /people answers.
type apiPerson struct {
	ID        string   `json:"id"`
	Kind      string   `json:"kind"` // pupil or staff
	Name      string   `json:"name"`
	Matricule string   `json:"matricule"`
	Surname   string   `json:"surname"`
	Given     string   `json:"given"`
	Sex       string   `json:"sex"`
	Born      string   `json:"born"`
	BornText  string   `json:"born_text"`
	Class     string   `json:"class"`
	Series    string   `json:"series"`
	Repeating bool     `json:"repeating"`
	Roles     []string `json:"roles"`
	Left      string   `json:"left"` // YYYY-MM-DD, "" is here
}

type apiPeople struct {
	Items []apiPerson `json:"items"`
	Total int         `json:"total"` // all that match, also beyond limit
}

// apiFind answers GET /people?q=&kind=&left=&limit=. A teacher finds the pupils
// taught, who sees the roster finds everybody.
func apiFind(c *web.Ctx) (any, error) {
	w := school.Wanted{Query: strings.TrimSpace(c.Query("q")), Kind: school.Kind(c.Query("kind")), Left: c.Query("left") == "1" || c.Query("left") == "true", Limit: 50}
	if w.Kind != "" && w.Kind != school.Staff && w.Kind != school.PupilKind {
		return nil, school.Refuse("people.refused.kind", "kind")
	}
	if text := c.Query("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 500 {
			return nil, school.Refuse("people.refused.limit", "limit", "max", 500)
		}
		w.Limit = n
	}
	out := apiPeople{Items: []apiPerson{}}
	err := c.View(func(tx *store.Tx) error {
		out.Items = out.Items[:0]
		if !school.May(school.SeePeople).Allows(c.Actor()) {
			taught, err := school.Roster.ClassesTaught(tx, c.Actor().ID)
			if err != nil {
				return err
			}
			mine := map[store.ID]bool{}
			for _, t := range taught {
				mine[t.ID] = true
			}
			w.Keep = func(l *school.Listed) bool { return l.Kind == school.PupilKind && mine[l.Class] }
		}
		d, err := directory(c, tx)
		if err != nil {
			return err
		}
		words, err := readLabels(tx)
		if err != nil {
			return err
		}
		var found []school.Listed
		found, out.Total = d.Find(w)
		for _, l := range found {
			r, err := school.People.Get(tx, l.ID)
			if err != nil {
				return err
			}
			p, k := r.Value, words.classes[r.Value.Class]
			x := apiPerson{
				ID: l.ID.String(), Kind: string(p.Kind), Name: l.Name, Matricule: p.Matricule, Surname: p.Surname, Given: p.Given, Sex: p.Sex,
				Born: p.Born, BornText: p.BornText, Class: k.Label, Series: k.Series, Repeating: p.Repeating, Left: p.Left, Roles: []string{},
			}
			for _, role := range p.Roles {
				x.Roles = append(x.Roles, string(role))
			}
			out.Items = append(out.Items, x)
		}
		return nil
	})
	return out, err
}
