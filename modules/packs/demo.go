package packs

import (
	"bytes"
	"context"
	"path/filepath"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
)

// demo has the office send a version of its pack that counts from the second
// semester on: philosophy weighs more in Tle D.
func demo(_ context.Context, d *appliance.Demo) error {
	if !d.AtOffice() {
		return nil
	}
	given, err := packs.Embedded("togo")
	if err != nil {
		return err
	}
	for _, change := range []struct{ file, was, is string }{
		{"pack.yaml", "version: \"2026.1\"\n", "version: \"2027.1\"\nfrom: 2027-02-08\n"},
		{"catalogue.yaml", "{levels: [Tle], series: D, subject: PHILO, coefficient: 2", "{levels: [Tle], series: D, subject: PHILO, coefficient: 3"},
	} {
		given[change.file] = bytes.Replace(given[change.file], []byte(change.was), []byte(change.is), 1)
	}
	keys, err := seal.OpenKeys(filepath.Join(d.DB.Dir(), "keys"))
	if err != nil {
		return err
	}
	return d.DB.Update(func(tx *store.Tx) error {
		site, err := school.Site(tx)
		if err != nil {
			return err
		}
		file, err := sign(given, keys, site.Name, org.Today(tx))
		if err != nil {
			return err
		}
		_, _, err = send(tx, school.Actor{}, file)
		return err
	})
}
