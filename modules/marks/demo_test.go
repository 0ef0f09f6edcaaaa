package marks

import (
	"math/rand/v2"
	"testing"

	"preau/appliance"
	"preau/modules/people"
	"preau/school"
	"preau/store"
	"preau/store/storetest"
	"preau/web"
)

// TestTheDemonstration: the demonstration's lycée has a semester of marks, whole
// in every class but the last.
func TestTheDemonstration(t *testing.T) {
	defs := append(school.Collections(), Module().Collections...)
	clock := storetest.NewClock()
	db := storetest.OpenAt(t, t.TempDir(), clock, append(defs, people.Module().Collections...)...)
	d := &appliance.Demo{Running: &appliance.Running{DB: db, Kind: web.Box, Clock: clock}, Rand: rand.New(rand.NewPCG(1, 2))}
	for _, fill := range []func() error{
		func() error { return people.Module().Demo(t.Context(), d) },
		func() error { return demo(t.Context(), d) },
	} {
		if err := fill(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.View(func(tx *store.Tx) error {
		y, err := school.CurrentYear(tx)
		if err != nil {
			return err
		}
		classes, err := school.Roster.ClassesOf(tx, y.Label)
		if err != nil || len(classes) < 20 {
			t.Fatalf("%d classes, %v", len(classes), err)
		}
		for i, c := range classes {
			x, err := readTerm(tx, c.ID, 1)
			if err != nil {
				return err
			}
			r := x.Results()
			open := 0
			for _, p := range r.Pupils {
				open += p.Open
			}
			if last := i == len(classes)-1; (open > 0) != last {
				t.Errorf("%s: %d marks are missing", c.Value.Label, open)
			}
			if r.General.N < len(x.Pupils)*9/10 || r.General.Mean < average8 || r.General.Mean > average14 {
				t.Errorf("%s: %d of %d classed, mean %s", c.Value.Label, r.General.N, len(x.Pupils), r.General.Mean)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

const average8, average14 = 8 * 10_000, 14 * 10_000
