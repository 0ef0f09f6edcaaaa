package org

import (
	"fmt"

	"preau/school/packs"
	"preau/store"
)

// Seed puts a pack's country, regions and sample inspections into a tree that
// has none yet, and gives the ids of what it added so that the caller can
// address them. A tree with a unit in it is left as it is.
func Seed(tx *store.Tx, p *packs.Pack) ([]store.ID, error) {
	for _, err := range Units.All(tx) {
		return nil, err
	}
	country := p.About.Code
	units := []Unit{{Code: country, Name: p.About.Country, Kind: Country}}
	for _, r := range p.Regions {
		units = append(units, Unit{Code: r.Code, Name: r.Name, Kind: Region, Parent: country, Town: r.Seat})
		for _, i := range r.Inspections {
			units = append(units, Unit{Code: i.Code, Name: i.Name, Kind: Inspection, Parent: r.Code})
		}
	}
	ids := make([]store.ID, len(units))
	for i, u := range units {
		var err error
		if ids[i], err = Units.Add(tx, u); err != nil {
			return nil, fmt.Errorf("seed the tree with %s: %w", u.Code, err)
		}
	}
	return ids, nil
}
