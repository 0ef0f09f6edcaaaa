package appliance

import (
	"context"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
)

// boxExchange is a box's side: the engine.
type boxExchange struct{ *boxsync.Engine }

// Addr is empty: a box is not called.
func (boxExchange) Addr() string { return "" }

// newBoxExchange makes the engine of the box in r.
func newBoxExchange(r *Running) (Exchange, error) {
	key, err := boxsync.LoadKey(r.Dir)
	if err != nil {
		return nil, err
	}
	var site school.SiteInfo
	if err := r.DB.View(func(tx *store.Tx) (err error) { site, err = school.Site(tx); return err }); err != nil {
		return nil, err
	}
	return boxExchange{boxsync.NewEngine(boxsync.EngineOptions{
		DB: r.DB, Key: key, Site: site.Code, Build: r.Version, Log: r.Log, Offset: r.Clock.Office,
		Addr:     func() string { return r.Config.Office.Address },
		FreeDisk: func() int64 { free, _ := diskSpace(r.Dir); return free },
	})}, nil
}

// once is one attempt of the exchange, in the server or in a process of its own.
func (r *Running) once(ctx context.Context) (boxsync.Report, error) {
	if r.Exchange != nil {
		return r.Exchange.Once(ctx)
	}
	x, err := newBoxExchange(r)
	if err != nil {
		return boxsync.Report{}, err
	}
	return x.Once(ctx)
}
