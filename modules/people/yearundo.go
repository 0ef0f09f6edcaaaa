package people

import (
	"net/http"
	"strings"

	"preau/school"
	"preau/store"
	"preau/web"
)

// A list of decisions that was applied can be taken back, whole, as long as none
// of its pupils has been changed since.

// yearUndoPage says what taking a list back does, before it does it.
type yearUndoPage struct {
	web.Base
	ID   store.ID
	List yearList
}

// lastYearList is the newest list that is in force; ok is false when there is none.
func lastYearList(tx *store.Tx) (r store.Record[yearList], ok bool, err error) {
	for r, err = range yearLists.Scan(tx, store.Query{Reverse: true}) {
		if err != nil {
			return r, false, err
		}
		if r.Value.Applied && !r.Value.Undone && r.Value.count() > 0 {
			return r, true, nil
		}
	}
	return r, false, nil
}

// listToUndo is the list of the address, the newest in force.
func listToUndo(c *web.Ctx, tx *store.Tx) (store.Record[yearList], error) {
	id, err := c.ID("id")
	if err != nil {
		return store.Record[yearList]{}, err
	}
	r, ok, err := lastYearList(tx)
	if err == nil && (!ok || r.ID != id) {
		err = c.NotFound()
	}
	return r, err
}

func askYearUndo(c *web.Ctx) error { return showYearUndo(c, http.StatusOK) }

func showYearUndo(c *web.Ctx, status int) error {
	p := yearUndoPage{Base: base(c, "people.year.undo")}
	p.Back = web.Link{Label: p.T("people.year.title"), Href: "/admin/year"}
	p.Refused = p.T("people.year.refused")
	err := c.View(func(tx *store.Tx) error {
		r, err := listToUndo(c, tx)
		p.ID, p.List = r.ID, r.Value
		return err
	})
	if err != nil {
		return err
	}
	p.Lead = p.T("people.year.file", "file", p.List.Name)
	return c.Render(status, yearUndoView(p))
}

func undoYear(c *web.Ctx) error {
	err := c.Post(func(tx *store.Tx) (web.Result, error) {
		r, err := listToUndo(c, tx)
		if err != nil {
			return web.Result{}, err
		}
		if err := takeBack(tx, c.Actor(), r.ID, r.Value.Day); err != nil {
			return web.Result{}, err
		}
		r.Value.Undone = true
		return web.Result{To: "/admin/year", Flash: "people.year.undone", FlashArgs: map[string]any{"count": r.Value.count()}}, yearLists.Set(tx, r.ID, r.Value)
	})
	if c.Refused(err) {
		return showYearUndo(c, http.StatusUnprocessableEntity)
	}
	return err
}

// takeBack gives each pupil of a list the class of before. day is when those who
// left by it left. It refuses as a whole, with names, when one was changed since.
func takeBack(tx *store.Tx, who school.Actor, list store.ID, day string) error {
	var changed []string
	var did []store.Record[schooling]
	for s, err := range schoolings.All(tx) {
		if err != nil {
			return err
		}
		if s.Value.List == list {
			did = append(did, s)
		}
	}
	for _, s := range did {
		r, err := school.Roster.Person(tx, s.Value.Person)
		if err != nil {
			return err
		}
		after := r.Value
		if !s.Value.stands(&after, day) {
			changed = append(changed, after.Name())
			continue
		}
		after.Class, after.Repeating, after.Left, after.LeftWhy = s.Value.Class, s.Value.Repeating, "", ""
		if _, err := save(tx, who, "people.year.undo", r.ID, r.Value, after); err != nil {
			return err
		}
		if err := schoolings.Delete(tx, s.ID); err != nil {
			return err
		}
	}
	if len(changed) > 0 {
		return school.Refuse("people.refused.undo_changed", "", "count", len(changed), "names", strings.Join(changed[:min(len(changed), 5)], ", "))
	}
	return nil
}

// stands tells whether a pupil still is as the list left them.
func (s *schooling) stands(p *school.Person, day string) bool {
	if verdict(s.Verdict) == leaves {
		return p.Left == day && p.Class == s.Class
	}
	return p.Left == "" && p.Class == s.To && p.Repeating == (verdict(s.Verdict) == repeats)
}
