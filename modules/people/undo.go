package people

import (
	"encoding/json"
	"net/http"

	"preau/school"
	"preau/store"
	"preau/web"
)

// lastChange is the newest line of the audit log on a person when it can be
// undone: the person's values are still those that it left.
type lastChange struct {
	line     store.Record[school.AuditEntry]
	from, to values
	added    bool // the person came by it, and nothing else has happened since
}

// undoable are the deeds that an undo takes back.
var undoable = map[string]bool{"people.edit": true, "people.leave": true, "people.return": true, "people.add": true}

func findLast(tx *store.Tx, r store.Record[school.Person]) (*lastChange, error) {
	var last *lastChange
	n := 0
	for line, err := range school.AuditLog.Scan(tx, store.Query{Index: "object", Prefix: []any{r.ID}, Reverse: true}) {
		if err != nil {
			return nil, err
		}
		if n++; n > 1 {
			break
		}
		if !undoable[line.Value.Action] {
			return nil, nil
		}
		last = &lastChange{line: line, added: line.Value.Action == "people.add"}
	}
	if last == nil {
		return nil, nil
	}
	if last.added {
		has, err := school.HasSecret(tx, r.ID)
		if n != 1 || has || last.line.Value.Who.IsZero() {
			return nil, err
		}
		return last, nil
	}
	if json.Unmarshal([]byte(last.line.Value.From), &last.from) != nil || json.Unmarshal([]byte(last.line.Value.To), &last.to) != nil {
		return nil, nil
	}
	now := valuesOf(&r.Value)
	for name, text := range last.to {
		if now[name] != text {
			return nil, nil
		}
	}
	return last, nil
}

// undoChange takes the last change of a person back, in one click.
func undoChange(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	err = c.Post(func(tx *store.Tx) (web.Result, error) {
		r, err := changeable(c, tx, id)
		if err != nil {
			return web.Result{}, err
		}
		last, err := findLast(tx, r)
		if err != nil {
			return web.Result{}, err
		}
		f, err := c.Form()
		if err != nil {
			return web.Result{}, err
		}
		if last == nil || last.line.ID.String() != f.Get("line") {
			return web.Result{}, school.Refuse("people.refused.nothing_to_undo", "")
		}
		if last.added {
			if err := school.People.Delete(tx, id); err != nil {
				return web.Result{}, err
			}
			err := school.Audit(tx, c.Actor(), "people.add.undo", id, r.Value.Name(), nil)
			return web.Result{To: "/people", Flash: "people.undo.added", FlashArgs: map[string]any{"name": r.Value.Name()}}, err
		}
		after := r.Value
		for name := range last.to {
			if err := put(&after, name, last.from[name]); err != nil {
				return web.Result{}, err
			}
		}
		if r.Value.Kind == school.Staff {
			if err := keepAHead(tx, id, &after); err != nil {
				return web.Result{}, err
			}
		}
		if _, err := save(tx, c.Actor(), "people.edit.undo", id, r.Value, after); err != nil {
			return web.Result{}, err
		}
		return web.Result{To: "/people/" + id.String(), Flash: "people.undo.done", FlashArgs: map[string]any{"name": after.Name()}}, nil
	})
	if c.Refused(err) {
		return showPersonAt(c, http.StatusUnprocessableEntity)
	}
	return err
}
