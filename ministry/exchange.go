package ministry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// exchange is the office's side: the hub and its listener.
type exchange struct {
	hub  *boxsync.Hub
	l    net.Listener // nil where nobody is served
	done sync.Once
}

func newExchange(r *appliance.Running) (appliance.Exchange, error) {
	key, err := boxsync.LoadKey(r.Dir)
	if err != nil {
		return nil, err
	}
	keys, err := openKeys(r.DB)
	if err != nil {
		return nil, err
	}
	x := &exchange{hub: boxsync.NewHub(boxsync.HubOptions{
		DB: r.DB, Key: key, Root: keys.Root(), Welcome: welcome, Most: r.Config.Exchange.Sessions, Log: r.Log,
		Seen: noteContact,
	})}
	if !r.Served {
		return x, nil
	}
	if x.l, err = net.Listen("tcp", r.Config.Exchange.Listen); err != nil {
		return nil, fmt.Errorf("exchange: %w", err)
	}
	return x, nil
}

func noteContact(tx *store.Tx, c boxsync.Contact) error {
	n := school.Contact{
		Site: c.Site, Last: c.Last, Build: c.Build, FreeDisk: c.Health.FreeDisk, DiskSize: c.Health.DiskSize, Cuts: c.Health.Cuts,
		Apart: c.Apart, Trusted: c.Trusted, Pending: c.Pending,
	}
	for _, w := range c.Waiting {
		n.Waiting = append(n.Waiting, school.LaneWait{Lane: w.Lane, Records: w.Records, Bytes: w.Bytes})
	}
	return school.NoteContact(tx, n, c.Up, c.Down)
}

func openKeys(db *store.DB) (*seal.Keys, error) {
	return seal.OpenKeys(filepath.Join(db.Dir(), "keys"))
}

// welcome is what a box learns of its school when it enrols.
func welcome(tx *store.Tx, code string) (boxsync.SchoolInfo, error) {
	u, err := org.At(tx, code, org.Today(tx))
	if errors.Is(err, org.ErrNoUnit) {
		return boxsync.SchoolInfo{Code: code}, nil
	}
	if err != nil {
		return boxsync.SchoolInfo{}, err
	}
	region, inspection, err := org.Path(tx, code)
	if err != nil && !errors.Is(err, org.ErrNoUnit) {
		return boxsync.SchoolInfo{}, err
	}
	return boxsync.SchoolInfo{Code: u.Value.Code, Name: u.Value.Name, Region: region.Code, Inspection: inspection.Code, Type: u.Value.Type, Town: u.Value.Town}, nil
}

// Run serves boxes until ctx ends.
func (x *exchange) Run(ctx context.Context) error {
	if x.l == nil {
		<-ctx.Done()
		return nil
	}
	return x.hub.Serve(ctx, x.l)
}

// Status says only that an office is where it is: boxes call it.
func (x *exchange) Status() boxsync.Status { return boxsync.Status{State: "listening"} }

// Once refuses: the office calls nobody.
func (x *exchange) Once(context.Context) (boxsync.Report, error) {
	return boxsync.Report{}, errors.New("the office calls nobody: boxes call it")
}

// Kick has nothing to hurry.
func (x *exchange) Kick() {}

// Addr is where boxes call.
func (x *exchange) Addr() string {
	if x.l == nil {
		return ""
	}
	return x.l.Addr().String()
}

// Close lets the listener go.
func (x *exchange) Close() (err error) {
	x.done.Do(func() {
		if x.l != nil {
			err = x.l.Close()
		}
	})
	return err
}

// publishJob keeps what every school must have addressed to every school: the
// list of signing keys and the units of the tree.
var publishJob = appliance.Job{
	Name: "ministry.publish", At: []web.Kind{web.Office}, Watch: []string{org.Units.Name()}, Every: 6 * time.Hour,
	Run: func(_ context.Context, r *appliance.Running) error {
		keys, err := openKeys(r.DB)
		if err != nil {
			return err
		}
		return r.DB.Update(func(tx *store.Tx) error { return publish(tx, keys) })
	},
}

// publish writes what is new only: run twice, it changes nothing. Schools get
// the country, the regions and inspections, and of the schools their own.
func publish(tx *store.Tx, keys *seal.Keys) error {
	site, err := school.Site(tx)
	if err != nil {
		return err
	}
	if string(site.Root) != string(keys.Root()) { // the office verifies by its own root
		site.Root = keys.Root()
		if err := school.SetSite(tx, site); err != nil {
			return err
		}
	}
	list, err := seal.Publish(tx, keys)
	if err != nil {
		return err
	}
	schools, err := org.OfKind(tx, org.School, org.Today(tx))
	if err != nil {
		return err
	}
	all := store.Addressed(tx, list) // a school that has closed still checks what it holds
	for _, s := range schools {
		all = append(all, s.Value.Code)
	}
	if err := store.Address(tx, list, all); err != nil {
		return err
	}
	for u, err := range org.Units.All(tx) {
		if err != nil {
			return err
		}
		to := all
		if u.Value.Kind == org.School {
			to = []string{u.Value.Code}
		}
		if err := store.Address(tx, u.ID, to); err != nil {
			return err
		}
	}
	return nil
}
