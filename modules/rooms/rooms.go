// Package rooms lets pupils in on shared computers: class, name, PIN, or a card,
// while a room is open. A teacher, or the lab, opens a room for its classes and
// for a time; outside an open room no pupil comes in and no name is shown.
//
// It promises: staff never see or choose a pupil's lasting PIN; one-time PINs are
// printed or read out and changed at first use; printing again makes new ones
// after a confirmation; a room that closed while somebody typed says so and keeps
// the name. Hashes, throttles and cards are school's, sessions web's.
package rooms

import (
	"embed"
	"errors"
	"net/http"
	"slices"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/store"
	"preau/web"
)

//go:embed words/*.json
var files embed.FS

// Module is the feature, for modules/all.
func Module() appliance.Module {
	open, print := school.May(school.OpenRooms), school.May(school.PrintSecrets)
	reset := school.For(school.Head, school.Deputy, school.Supervisor, school.Teacher)
	pupil, post := school.For(school.Pupil), http.MethodPost
	return appliance.Module{
		Name: "rooms", Files: files, Collections: []store.Definition{rooms, entries, sheets},
		Nav: []web.NavItem{{Key: "rooms.nav", Href: "/rooms", Access: school.For(school.Teacher, school.Deputy, school.Supervisor, school.Technician)}},
		Pages: []web.Route{
			{Path: "/room", Access: school.Public(), Handle: showDoor, OneTime: true},
			{Method: post, Path: "/room/card", Access: school.Public(), Handle: enterByCard, OneTime: true},
			{Path: "/room/{id}/{class}", Access: school.Public(), Handle: showNames, OneTime: true},
			{Path: "/room/{id}/as/{person}", Access: school.Public(), Handle: showPIN, OneTime: true},
			{Method: post, Path: "/room/{id}/as/{person}", Access: school.Public(), Handle: enter, OneTime: true},
			{Path: "/pin", Access: pupil, Handle: showOwnPIN, OneTime: true},
			{Method: post, Path: "/pin", Access: pupil, Handle: saveOwnPIN, OneTime: true},

			{Path: "/rooms", Access: open, Handle: showRooms},
			{Method: post, Path: "/rooms", Access: open, Handle: openRoom},
			{Path: "/rooms/{id}", Access: open, Handle: showRoom},
			{Method: post, Path: "/rooms/{id}/extend", Access: open, Handle: extendRoom},
			{Method: post, Path: "/rooms/{id}/close", Access: open, Handle: closeRoom},
			{Path: "/rooms/pupils/{id}/pin", Access: reset, Handle: showReset},
			{Method: post, Path: "/rooms/pupils/{id}/pin", Access: reset, Handle: saveReset},
			{Path: "/rooms/classes/{id}/pins", Access: print, Handle: askPINs},
			{Method: post, Path: "/rooms/classes/{id}/pins", Access: print, Handle: makePINs},
			{Path: "/rooms/classes/{id}/cards", Access: print, Handle: askCards},
			{Method: post, Path: "/rooms/classes/{id}/cards", Access: print, Handle: makeCards},
			{Path: "/rooms/sheets/{id}", Access: print, Handle: showSheet},
		},
		Demo: demo, DemoAfter: []string{"people"},
	}
}

// room is open for its classes from From until Until, unless closed before.
type room struct {
	Label   string     `cbor:"1,keyasint,omitempty"`
	Classes []store.ID `cbor:"2,keyasint,omitempty"`
	By      store.ID   `cbor:"3,keyasint,omitzero"`
	ByName  string     `cbor:"4,keyasint,omitempty"`
	From    time.Time  `cbor:"5,keyasint,omitzero"`
	Until   time.Time  `cbor:"6,keyasint,omitzero"`
	Closed  bool       `cbor:"7,keyasint,omitempty"`
}

func (r *room) open(now time.Time) bool { return !r.Closed && now.Before(r.Until) }

// rooms: index "closed" takes whether it was closed by hand. Scratch, yet on disk:
// a power cut closes nothing.
var rooms = store.Define(store.Spec[room]{
	Name: "rooms", Home: store.Scratch, Format: 1,
	Indexes: []store.Index[room]{
		{Name: "closed", Keys: func(r *room) [][]byte { return [][]byte{store.Key(r.Closed)} }},
	},
})

// entry is that a pupil came in.
type entry struct {
	Room   store.ID  `cbor:"1,keyasint,omitzero"`
	Person store.ID  `cbor:"2,keyasint,omitzero"`
	At     time.Time `cbor:"3,keyasint,omitzero"`
}

// entries: index "room" (unique) takes room, person.
var entries = store.Define(store.Spec[entry]{
	Name: "rooms.entries", Home: store.Scratch, Format: 1,
	Indexes: []store.Index[entry]{
		{Name: "room", Unique: true, Keys: func(e *entry) [][]byte { return [][]byte{store.Key(e.Room, e.Person)} }},
	},
})

// openRooms lists the rooms that are open now, newest first.
func openRooms(tx *store.Tx) (list []store.Record[room], err error) {
	now, _ := tx.Now()
	for r, err := range rooms.Scan(tx, store.Query{Index: "closed", Prefix: []any{false}, Reverse: true}) {
		if err != nil {
			return nil, err
		}
		if r.Value.open(now) {
			list = append(list, r)
		}
	}
	return list, nil
}

// keepRooms is how long a room stays after its end, so that it can be prolonged.
const keepRooms = 24 * time.Hour

// sweepRooms forgets rooms of yesterday and who came into them.
func sweepRooms(tx *store.Tx) error {
	now, _ := tx.Now()
	var old []store.ID
	for r, err := range rooms.All(tx) {
		if err != nil {
			return err
		}
		if now.Sub(r.Value.Until) > keepRooms {
			old = append(old, r.ID)
		}
	}
	for _, id := range old {
		var in []store.ID
		for e, err := range entries.Where(tx, "room", id) {
			if err != nil {
				return err
			}
			in = append(in, e.ID)
		}
		for _, e := range in {
			if err := entries.Delete(tx, e); err != nil {
				return err
			}
		}
		if err := rooms.Delete(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// noteEntry writes down that a pupil came in, the last time only.
func noteEntry(tx *store.Tx, at, person store.ID) error {
	now, _ := tx.Now()
	e := entry{Room: at, Person: person, At: now}
	old, err := entries.One(tx, "room", at, person)
	if errors.Is(err, store.ErrNotFound) {
		_, err = entries.Add(tx, e)
		return err
	}
	if err != nil {
		return err
	}
	return entries.Set(tx, old.ID, e)
}

// mayOpenFor tells for which classes of the year somebody may open a room or
// print PINs: a teacher for those taught, others for all.
func classesFor(c *web.Ctx, tx *store.Tx) ([]store.Record[school.Class], error) {
	year, err := school.CurrentYear(tx)
	if errors.Is(err, school.ErrNoYear) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if c.Actor().Is(school.Head, school.Deputy, school.Supervisor, school.Technician) {
		return school.Roster.ClassesOf(tx, year.Label)
	}
	taught, err := school.Roster.ClassesTaught(tx, c.Actor().ID)
	return slices.DeleteFunc(taught, func(k store.Record[school.Class]) bool { return k.Value.Year != year.Label }), err
}
