package people

import (
	"net/http"

	"preau/school"
	"preau/store"
	"preau/web"
)

// paperPage is a class on A4 for the wall, the register or the scissors: faces
// with names, or labels.
type paperPage struct {
	web.Base
	ID     store.ID
	Class  school.Class
	Faces  bool
	Pupils []paperRow
}

type paperRow struct {
	ID        store.ID
	Name      string
	Matricule string
	Photo     bool
}

func showFaces(c *web.Ctx) error  { return showPaper(c, true) }
func showLabels(c *web.Ctx) error { return showPaper(c, false) }

func showPaper(c *web.Ctx, faces bool) error {
	p := paperPage{Faces: faces}
	err := c.View(func(tx *store.Tx) error {
		k, pupils, err := classSeen(c, tx)
		if err != nil {
			return err
		}
		p.ID, p.Class, p.Pupils = k.ID, k.Value, nil
		for _, r := range pupils {
			row := paperRow{ID: r.ID, Name: r.Value.Name(), Matricule: r.Value.Matricule}
			if faces {
				_, err := school.PhotoOf(tx, r.ID)
				row.Photo = err == nil
			}
			p.Pupils = append(p.Pupils, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	key := "people.labels.title"
	if faces {
		key = "people.faces.title"
	}
	p.Base = base(c, key, "class", p.Class.Label)
	p.Back = web.Link{Label: p.T("people.class.title", "class", p.Class.Label), Href: "/people/classes/" + p.ID.String()}
	return c.Render(http.StatusOK, paperView(p))
}

// classSeen is the class of the address and its pupils, for who may see them.
func classSeen(c *web.Ctx, tx *store.Tx) (k store.Record[school.Class], pupils []store.Record[school.Person], err error) {
	id, err := c.ID("id")
	if err != nil {
		return k, nil, err
	}
	if k, err = school.Classes.Get(tx, id); err != nil {
		return k, nil, c.NotFound()
	}
	if !school.May(school.SeePeople).Allows(c.Actor()) {
		teaches, err := school.Roster.Teaches(tx, c.Actor().ID, id)
		if err != nil {
			return k, nil, err
		}
		if !teaches {
			return k, nil, c.NotFound()
		}
	}
	pupils, err = school.Roster.Pupils(tx, id)
	return k, pupils, err
}
