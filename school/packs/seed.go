package packs

import (
	"errors"
	"fmt"

	"preau/school"
	"preau/store"
)

// Here is the pack of the site that tx reads, "togo" where the site says nothing.
func Here(tx *store.Tx) (*Pack, error) {
	site, err := school.Site(tx)
	if err != nil && !errors.Is(err, school.ErrNoSite) {
		return nil, err
	}
	if site.Pack == "" {
		site.Pack = "togo"
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
