package rooms

import (
	"errors"
	"net/http"
	"slices"

	"preau/school"
	"preau/store"
	"preau/web"
)

// doorPage is where a pupil begins: the rooms that are open, and their classes.
type doorPage struct {
	web.Base
	Rooms []doorRoom
	Card  string
}

type doorRoom struct {
	ID      store.ID
	Label   string
	By      string
	Until   string
	Classes []doorClass
}

type doorClass struct {
	ID    store.ID
	Label string
}

func newDoorPage(c *web.Ctx) (doorPage, error) {
	p := doorPage{Base: c.Base("rooms.door.title")}
	p.Path, p.Wide = "/room", true
	p.Refused = p.T("rooms.door.refused")
	err := c.View(func(tx *store.Tx) error {
		list, err := openRooms(tx)
		if err != nil {
			return err
		}
		p.Rooms = nil
		for _, r := range list {
			d := doorRoom{ID: r.ID, Label: r.Value.Label, By: r.Value.ByName, Until: p.Moment(r.Value.Until)}
			for _, id := range r.Value.Classes {
				if k, err := school.Classes.Get(tx, id); err == nil {
					d.Classes = append(d.Classes, doorClass{id, k.Value.Label})
				}
			}
			p.Rooms = append(p.Rooms, d)
		}
		return nil
	})
	return p, err
}

func showDoor(c *web.Ctx) error {
	p, err := newDoorPage(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, doorView(p))
}

// namesPage is one class; each name leads to its PIN.
type namesPage struct {
	web.Base
	ID     store.ID
	Class  string
	Pupils []store.Record[school.Person]
}

// inside reads the room of the address; a room that is not open is not there,
// but for those who are in the middle of typing (see enter).
func inside(c *web.Ctx, tx *store.Tx) (store.Record[room], bool, error) {
	id, err := c.ID("id")
	if err != nil {
		return store.Record[room]{}, false, err
	}
	r, err := rooms.Get(tx, id)
	if err != nil {
		return r, false, c.NotFound()
	}
	now, _ := tx.Now()
	return r, r.Value.open(now), nil
}

func showNames(c *web.Ctx) error {
	p := namesPage{}
	open := false
	err := c.View(func(tx *store.Tx) error {
		r, is, err := inside(c, tx)
		if err != nil || !is {
			return err
		}
		class, err := c.ID("class")
		if err != nil || !slices.Contains(r.Value.Classes, class) {
			return c.NotFound()
		}
		k, err := school.Classes.Get(tx, class)
		if err != nil {
			return c.NotFound()
		}
		open, p.ID, p.Class = true, r.ID, k.Value.Label
		p.Pupils, err = school.Roster.Pupils(tx, class)
		return err
	})
	if err != nil {
		return err
	}
	if !open {
		return c.Redirect("/room")
	}
	p.Base = c.Base("rooms.names.title")
	p.Wide = true
	return c.Render(http.StatusOK, namesView(p))
}

// pinPage asks for the PIN of one name.
type pinPage struct {
	web.Base
	ID, Class store.ID
	Person    store.ID
	Name      string
	Label     string // of the class
}

// pupilHere is the pupil of the address, of a class of the room.
func pupilHere(c *web.Ctx, tx *store.Tx) (p pinPage, open bool, until string, err error) {
	r, open, err := inside(c, tx)
	if err != nil {
		return p, false, "", err
	}
	id, err := c.ID("person")
	if err != nil {
		return p, false, "", err
	}
	who, err := school.Roster.Person(tx, id)
	if err != nil || who.Value.Kind != school.PupilKind || who.Value.Left != "" || !slices.Contains(r.Value.Classes, who.Value.Class) {
		return p, false, "", c.NotFound()
	}
	k, err := school.Classes.Get(tx, who.Value.Class)
	if err != nil {
		return p, false, "", c.NotFound()
	}
	p = pinPage{ID: r.ID, Class: k.ID, Person: id, Name: who.Value.Name(), Label: k.Value.Label}
	return p, open, r.Value.Until.In(c.Now().Location()).Format("15:04"), nil
}

func (p *pinPage) dress(c *web.Ctx) {
	p.Base = c.Base("rooms.pin.title")
	p.Wide = true
	p.Path = "/room/" + p.ID.String() + "/as/" + p.Person.String()
	p.Refused = p.T("rooms.door.refused")
}

func showPIN(c *web.Ctx) error {
	var p pinPage
	open := false
	err := c.View(func(tx *store.Tx) (err error) {
		p, open, _, err = pupilHere(c, tx)
		return err
	})
	if err != nil {
		return err
	}
	if !open {
		return c.Redirect("/room")
	}
	p.dress(c)
	return c.Render(http.StatusOK, pinView(p))
}

// enter signs a pupil in. A room that closed meanwhile refuses and keeps the name:
// once the teacher prolongs it, the same form goes through.
func enter(c *web.Ctx) error {
	f, err := c.Checked()
	var p pinPage
	open, until := false, ""
	if verr := c.View(func(tx *store.Tx) (err error) {
		p, open, until, err = pupilHere(c, tx)
		return err
	}); verr != nil {
		return verr
	}
	if err == nil {
		err = letIn(c, p, open, until, f.Raw("pin"))
	}
	if c.Refused(err) {
		p.dress(c)
		return c.Render(http.StatusUnprocessableEntity, pinView(p))
	}
	return err
}

func letIn(c *web.Ctx, p pinPage, open bool, until, pin string) error {
	switch {
	case !open:
		return school.Refuse("rooms.refused.closed", "", "time", until)
	case pin == "":
		return school.Refuse("rooms.refused.no_pin", "pin")
	case !c.AllowSignIn():
		return school.Refuse("signin.refused.busy", "pin")
	}
	who, oneTime, err := school.CheckPIN(c.Request().Context(), c.DB(), p.Person, pin, c.Device())
	if err != nil {
		return err
	}
	return goIn(c, p.ID, who, oneTime)
}

// goIn begins the session of a pupil who proved to be one.
func goIn(c *web.Ctx, at store.ID, who school.Actor, oneTime bool) error {
	if err := c.DB().Update(func(tx *store.Tx) error { return noteEntry(tx, at, who.ID) }); err != nil {
		return err
	}
	to := "/"
	if oneTime {
		to = "/pin"
	}
	c.Log().Info("signed in", "person", who.ID, "room", at)
	return c.SignIn(who, false, to)
}

// enterByCard signs in whose card was read, in a room that is open for the class.
func enterByCard(c *web.Ctx) error {
	f, err := c.Checked()
	var who school.Actor
	var at store.ID
	oneTime := false
	if err == nil && !c.AllowSignIn() {
		err = school.Refuse("signin.refused.busy", "card")
	}
	if err == nil {
		err = c.View(func(tx *store.Tx) error {
			r, err := school.Roster.ByCard(tx, f.Raw("card"))
			if errors.Is(err, school.ErrNobody) {
				return school.Refuse("rooms.refused.card", "card")
			}
			if err != nil {
				return err
			}
			list, err := openRooms(tx)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(list, func(x store.Record[room]) bool { return slices.Contains(x.Value.Classes, r.Value.Class) })
			if i < 0 {
				return school.Refuse("rooms.refused.card_no_room", "card")
			}
			who, at = school.ActorOf(r), list[i].ID
			oneTime, err = school.MustChange(tx, r.ID)
			return err
		})
	}
	if err == nil {
		return goIn(c, at, who, oneTime)
	}
	if c.Refused(err) {
		p, err := newDoorPage(c)
		if err != nil {
			return err
		}
		return c.Render(http.StatusUnprocessableEntity, doorView(p))
	}
	return err
}
