package rooms

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// roomsPage is the rooms that are open, and the form that opens one.
type roomsPage struct {
	web.Base
	Rooms   []roomRow
	Label   string
	Hours   string
	Ticked  []string
	Classes []web.Option
}

type roomRow struct {
	ID        store.ID
	Label, By string
	Classes   string
	Until     string
	Open      bool
	In, Of    int
	Mine      bool
	People    []inRow
	ClassIDs  []store.ID
	Chip      web.Mark
}

// inRow is one pupil of a room's classes.
type inRow struct {
	ID        store.ID
	Name      string
	Class     string
	At        string // when the pupil came in, "" not yet
	HasPIN    bool
	MayReset  bool
	StillHere bool
}

// hours that a room may be opened for.
var hours = []string{"1", "2", "4", "10"}

func newRoomsPage(c *web.Ctx, label, h string, ticked []string) (p roomsPage, err error) {
	p = roomsPage{Base: c.Base("rooms.title"), Label: label, Hours: h, Ticked: ticked}
	p.Refused = p.T("rooms.refused.not_opened")
	err = c.View(func(tx *store.Tx) error {
		p.Rooms, p.Classes = nil, nil
		list, err := openRooms(tx)
		if err != nil {
			return err
		}
		for _, r := range list {
			row, err := describe(c, tx, p.Base, r, false)
			if err != nil {
				return err
			}
			p.Rooms = append(p.Rooms, row)
		}
		classes, err := classesFor(c, tx)
		for _, k := range classes {
			p.Classes = append(p.Classes, web.Option{Value: k.ID.String(), Label: k.Value.Label})
		}
		return err
	})
	return p, err
}

// describe is a room in words; with people, each pupil of its classes.
func describe(c *web.Ctx, tx *store.Tx, b web.Base, r store.Record[room], people bool) (row roomRow, err error) {
	now, _ := tx.Now()
	row = roomRow{ID: r.ID, Label: r.Value.Label, By: r.Value.ByName, Until: b.Moment(r.Value.Until), Open: r.Value.open(now), ClassIDs: r.Value.Classes}
	row.Mine = r.Value.By == c.Actor().ID || c.Actor().Is(school.Head, school.Deputy, school.Supervisor, school.Technician)
	came := map[store.ID]time.Time{}
	for e, err := range entries.Where(tx, "room", r.ID) {
		if err != nil {
			return row, err
		}
		came[e.Value.Person] = e.Value.At
	}
	row.In = len(came)
	var labels []string
	for _, id := range r.Value.Classes {
		k, err := school.Classes.Get(tx, id)
		if err != nil {
			continue // the class is gone; its pupils are elsewhere
		}
		labels = append(labels, k.Value.Label)
		pupils, err := school.Roster.Pupils(tx, id)
		if err != nil {
			return row, err
		}
		row.Of += len(pupils)
		if !people {
			continue
		}
		for _, x := range pupils {
			in := inRow{ID: x.ID, Name: x.Value.Name(), Class: k.Value.Label}
			if at, ok := came[x.ID]; ok {
				in.At = b.Moment(at)
				n, err := web.Sessions(tx, x.ID)
				if err != nil {
					return row, err
				}
				in.StillHere = n > 0
			}
			if in.HasPIN, err = school.HasSecret(tx, x.ID); err != nil {
				return row, err
			}
			if in.MayReset, err = school.MayResetSecret(tx, c.Actor(), x); err != nil {
				return row, err
			}
			row.People = append(row.People, in)
		}
	}
	row.Classes = strings.Join(labels, ", ")
	row.Chip = web.Mark{Icon: "lock", Tone: web.Ochre, Bold: b.T("rooms.state.closed"), Text: b.T("rooms.until", "time", row.Until)}
	if row.Open {
		row.Chip = web.Mark{Icon: "check", Tone: web.Green, Bold: b.T("rooms.state.open"), Text: b.T("rooms.until", "time", row.Until)}
	}
	return row, nil
}

func showRooms(c *web.Ctx) error {
	p, err := newRoomsPage(c, "", "2", []string{c.Query("class")})
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, roomsView(p))
}

func openRoom(c *web.Ctx) error {
	f, err := c.Form()
	label, h, ticked := strings.Join(strings.Fields(f.Get("label")), " "), f.Get("hours"), f.All("class")
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			n, _ := strconv.Atoi(h)
			allowed, err := classesFor(c, tx)
			if err != nil {
				return web.Result{}, err
			}
			now, _ := tx.Now()
			r := room{Label: label, By: c.Actor().ID, ByName: c.Actor().Name, From: now, Until: now.Add(time.Duration(n) * time.Hour)}
			for _, k := range allowed {
				if slices.Contains(ticked, k.ID.String()) {
					r.Classes = append(r.Classes, k.ID)
				}
			}
			var no school.Refusals
			if len(r.Classes) == 0 {
				no = append(no, school.Refuse("rooms.refused.no_class", "class"))
			}
			if !slices.Contains(hours, h) {
				no = append(no, school.Refuse("rooms.refused.hours", "hours"))
			}
			if len([]rune(label)) > 60 {
				no = append(no, school.Refuse("rooms.refused.label", "label", "max", 60))
			}
			if err := no.Or(); err != nil {
				return web.Result{}, err
			}
			if err := sweepRooms(tx); err != nil {
				return web.Result{}, err
			}
			id, err := rooms.Add(tx, r)
			if err != nil {
				return web.Result{}, err
			}
			err = school.Audit(tx, c.Actor(), "rooms.open", r.Classes[0], nil, map[string]any{"classes": len(r.Classes)})
			return web.Result{To: "/rooms/" + id.String(), Flash: "rooms.flash.open"}, err
		})
	}
	if c.Refused(err) {
		p, err := newRoomsPage(c, label, h, ticked)
		if err != nil {
			return err
		}
		return c.Render(http.StatusUnprocessableEntity, roomsView(p))
	}
	return err
}

// roomPage is one room: who is in, who is not, and the way to a new PIN.
type roomPage struct {
	web.Base
	roomRow
	Doors []string // addresses to open on the computers
	QR    string   // of one of them, drawn
}

// roomToKeep is the room of the address, for who opened it or runs the lab.
func roomToKeep(c *web.Ctx, tx *store.Tx) (store.Record[room], error) {
	r, _, err := inside(c, tx)
	if err == nil && r.Value.By != c.Actor().ID && !c.Actor().Is(school.Head, school.Deputy, school.Supervisor, school.Technician) {
		err = c.NotFound()
	}
	return r, err
}

func showRoom(c *web.Ctx) error { return showRoomAt(c, http.StatusOK) }

func showRoomAt(c *web.Ctx, status int) error {
	p := roomPage{Base: c.Base("rooms.room.title")}
	p.Back = web.Link{Label: p.T("rooms.title"), Href: "/rooms"}
	err := c.View(func(tx *store.Tx) error {
		r, err := roomToKeep(c, tx)
		if err != nil {
			return err
		}
		p.roomRow, err = describe(c, tx, p.Base, r, true)
		return err
	})
	if err != nil {
		return err
	}
	if p.Label != "" {
		p.Title = p.Label
	}
	p.Lead = p.Classes
	p.Doors, p.QR = doors(c)
	return c.Render(status, roomView(p))
}

// doors are what pupils may type, the site's name on the LAN first, and the one
// for a QR: who has to scan rarely knows names of a LAN.
func doors(c *web.Ctx) (list []string, qr string) {
	for _, at := range c.Addresses() {
		list = append(list, at+"/room")
	}
	if qr = list[0]; len(list) > 1 {
		qr = list[1]
	}
	return list, seal.QRSVG(qr, 22)
}

func extendRoom(c *web.Ctx) error {
	err := c.Post(func(tx *store.Tx) (web.Result, error) {
		r, err := roomToKeep(c, tx)
		if err != nil {
			return web.Result{}, err
		}
		now, _ := tx.Now()
		if r.Value.Until.Before(now) || r.Value.Closed {
			r.Value.Until = now
		}
		r.Value.Closed, r.Value.Until = false, r.Value.Until.Add(time.Hour)
		if r.Value.Until.Sub(now) > 10*time.Hour {
			return web.Result{}, school.Refuse("rooms.refused.hours", "")
		}
		return web.Result{To: "/rooms/" + r.ID.String(), Flash: "rooms.flash.longer"}, rooms.Set(tx, r.ID, r.Value)
	})
	if c.Refused(err) {
		return showRoomAt(c, http.StatusUnprocessableEntity)
	}
	return err
}

// closeRoom ends the sessions of who came in through it.
func closeRoom(c *web.Ctx) error {
	err := c.Post(func(tx *store.Tx) (web.Result, error) {
		r, err := roomToKeep(c, tx)
		if err != nil {
			return web.Result{}, err
		}
		r.Value.Closed = true
		if err := rooms.Set(tx, r.ID, r.Value); err != nil {
			return web.Result{}, err
		}
		var in []store.ID
		for e, err := range entries.Where(tx, "room", r.ID) {
			if err != nil {
				return web.Result{}, err
			}
			in = append(in, e.Value.Person)
		}
		for _, id := range in {
			if err := web.EndSessions(tx, id, nil); err != nil {
				return web.Result{}, err
			}
		}
		object := store.ID{}
		if len(r.Value.Classes) > 0 {
			object = r.Value.Classes[0]
		}
		return web.Result{To: "/rooms", Flash: "rooms.flash.closed", FlashArgs: map[string]any{"count": len(in)}},
			school.Audit(tx, c.Actor(), "rooms.close", object, nil, nil)
	})
	if c.Refused(err) {
		return showRoomAt(c, http.StatusUnprocessableEntity)
	}
	return err
}

// printable are the classes whose PIN sheets and cards this person may print.
func (p roomPage) printable() []store.ID {
	if !school.May(school.PrintSecrets).Allows(p.Actor) {
		return nil
	}
	return p.ClassIDs
}
