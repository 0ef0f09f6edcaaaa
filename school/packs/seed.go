package packs

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"preau/school"
	"preau/store"
)

// Here is the pack that counts today on the site that tx reads, "togo" where the
// site says nothing.
func Here(tx *store.Tx) (*Pack, error) {
	now, _ := tx.Now()
	return On(tx, now.Format(time.DateOnly))
}

// On is the pack that counts for what begins on a day, YYYY-MM-DD: of those that
// the office has sent the latest by its own "from", of several the one sent last;
// before all of them the program's own.
func On(tx *store.Tx, day string) (*Pack, error) {
	site, err := school.Site(tx)
	if err != nil && !errors.Is(err, school.ErrNoSite) {
		return nil, err
	}
	if site.Pack == "" {
		site.Pack = "togo"
	}
	for _, use := range slices.Backward(site.Packs) { // by From
		if use.From <= day {
			return sent(tx, use.Release)
		}
	}
	return Load(site.Pack)
}

// SeedYears adds the pack's school years that the site does not have yet, with
// the evaluation periods of its cycle ("lycee", "college"). Years that are
// there stay as they are.
func (p *Pack) SeedYears(tx *store.Tx, cycle string) error {
	for _, y := range p.Years {
		_, err := school.Years.One(tx, "label", y.Label)
		if errors.Is(err, store.ErrNotFound) {
			_, err = school.Years.Add(tx, y.SchoolYear(cycle))
		}
		if err != nil {
			return fmt.Errorf("seed the school year %s: %w", y.Label, err)
		}
	}
	return nil
}
