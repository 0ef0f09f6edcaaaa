package circulars

import (
	"context"
	"errors"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/store"
	"preau/web"
)

// recountJob follows the staff: who joins or leaves is counted without waiting for
// somebody to read.
var recountJob = appliance.Job{
	Name: "circulars.recount", At: []web.Kind{web.Box}, Watch: []string{school.People.Name()},
	Run: func(_ context.Context, r *appliance.Running) error { return r.DB.Update(recount) },
}

// recountFor is how long after its arrival a circular is still counted anew: older
// counts say who was there then.
const recountFor = 60 * 24 * time.Hour

// recount writes the school's rows anew that the staff has changed. The register
// goes by arrival, so that only its newest part is read.
func recount(tx *store.Tx) error {
	site, err := school.Site(tx)
	if err != nil || site.Code == "" {
		return err
	}
	now, _ := tx.Now()
	for a, err := range arrivals.Scan(tx, store.Query{Index: "number", Reverse: true}) {
		if err != nil {
			return err
		}
		if now.Sub(a.Value.At) > recountFor {
			return nil
		}
		if a.Value.State == SetAside {
			continue
		}
		if err := countUp(tx, site.Code, a.Value.Circular); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}
