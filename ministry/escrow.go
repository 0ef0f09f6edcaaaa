package ministry

import (
	"context"
	"slices"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// escrowJob publishes the escrow's recipients to every school, so that boxes seal
// to them too. A change of the configuration is written in the audit log.
var escrowJob = appliance.Job{
	Name: "ministry.escrow", At: []web.Kind{web.Office}, Watch: []string{org.Units.Name()}, Every: time.Hour,
	Run: func(_ context.Context, r *appliance.Running) error {
		return r.DB.Update(func(tx *store.Tx) error { return publishEscrow(tx, r.Config.Escrow.Recipients) })
	},
}

func publishEscrow(tx *store.Tx, recipients []string) error {
	was, err := boxsync.EscrowOf(tx)
	if err != nil {
		return err
	}
	schools, err := org.OfKind(tx, org.School, org.Today(tx))
	if err != nil {
		return err
	}
	var codes []string
	for _, s := range schools {
		codes = append(codes, s.Value.Code)
	}
	if err := boxsync.SetEscrow(tx, recipients, codes); err != nil {
		return err
	}
	if slices.Equal(was, recipients) {
		return nil
	}
	return school.Audit(tx, school.Actor{}, "escrow.recipients", store.ID{}, was, recipients)
}
