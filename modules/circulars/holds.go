package circulars

import (
	"errors"

	"preau/appliance"
	"preau/school"
	"preau/store"
	"preau/web"
)

// holds are the circulars that a person has acknowledged, and when.
func holds(c *web.Ctx, tx *store.Tx, person store.Record[school.Person]) ([]appliance.Held, error) {
	b := c.Base("circulars.list.title")
	part := appliance.Held{Title: b.Title, Head: []string{b.T("circulars.col.subject"), b.T("circulars.col.read")}}
	for r, err := range school.Readings.Where(tx, "person", person.ID) {
		if err != nil {
			return nil, err
		}
		row := []string{"—", b.DateTime(r.Value.At)}
		doc, err := circulars.Get(tx, r.Value.Document)
		if errors.Is(err, store.ErrNotFound) {
			continue // a document of another kind
		}
		if err == nil {
			if h, err := doc.Value.Signed.Decode(); err == nil {
				row[0] = h.Reference + " · " + h.Subject
			}
		}
		part.Rows = append(part.Rows, row)
	}
	return []appliance.Held{part}, nil
}
