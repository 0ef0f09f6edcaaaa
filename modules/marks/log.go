package marks

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"preau/school"
	"preau/store"
	"preau/web"
)

// logPage lists every change of a sheet's marks, newest first.
type logPage struct {
	web.Base
	Rows []logRow
}

type logRow struct {
	At         time.Time
	Who, Pupil string
	From, To   string
	Trusted    bool
}

func showLog(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	s := &sheetPage{ID: id}
	var p logPage
	err = c.View(func(tx *store.Tx) error {
		if err := s.read(c, tx); err != nil {
			return err
		}
		names := map[store.ID]string{}
		for r, err := range school.AuditLog.Where(tx, "object", id) {
			if err != nil {
				return err
			}
			if r.Value.Action != auditEnter {
				continue
			}
			var from, to entered
			if err := json.Unmarshal([]byte(r.Value.From), &from); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(r.Value.To), &to); err != nil {
				return err
			}
			if _, ok := names[to.Pupil]; !ok {
				x, err := school.Roster.Person(tx, to.Pupil)
				if err != nil {
					return err
				}
				names[to.Pupil] = x.Value.Name()
			}
			p.Rows = append(p.Rows, logRow{r.Time, r.Value.Name, names[to.Pupil], from.Mark, to.Mark, r.Trusted})
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Reverse(p.Rows)
	p.Base = c.Base("marks.log.title", "kind", s.Kind, "subject", s.Subject, "class", s.Class)
	p.Back = web.Link{Label: p.T("marks.form.edit.back"), Href: sheetPath(id)}
	p.Lead = p.T("marks.log.lead", "count", len(p.Rows))
	return c.Render(http.StatusOK, logView(p))
}
