package packs

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// judgeJob judges what has come, and all again when another list of keys has: what
// a key signed that was stolen counts no more.
var judgeJob = appliance.Job{
	Name: "packs.judge", Watch: []string{packs.Releases.Name(), seal.KeyLists.Name()},
	Run: func(_ context.Context, r *appliance.Running) error { return r.DB.Update(judge) },
}

// judge decides in one transaction which releases count here from when.
func judge(tx *store.Tx) error {
	site, err := school.Site(tx)
	if errors.Is(err, school.ErrNoSite) || err == nil && len(site.Root) == 0 {
		return nil // nobody can be asked yet
	}
	if err != nil {
		return err
	}
	list, err := seal.Current(tx, site.Root)
	if errors.Is(err, seal.ErrNoList) {
		return nil // the list travels in the first lane and comes first
	}
	if err != nil {
		return err
	}
	var good []store.Record[packs.Release]
	for r, err := range packs.Releases.All(tx) {
		if err != nil {
			return err
		}
		a, err := arrivalOf(tx, list, r, site)
		if err != nil {
			return err
		}
		if a.State == counts {
			good = append(good, r)
		}
	}
	return packs.Use(tx, good)
}

// arrivalOf is the verdict on a release: the one that stands, or a new one.
func arrivalOf(tx *store.Tx, list seal.KeyList, r store.Record[packs.Release], site school.SiteInfo) (arrival, error) {
	old, err := arrivals.One(tx, "release", r.ID)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return arrival{}, err
	}
	if known && old.Value.Version == r.Number && old.Value.List == list.Number {
		return old.Value, nil
	}
	a := arrival{Release: r.ID, Version: r.Number, List: list.Number, State: counts}
	a.At, _ = tx.Now()
	p, h, err := packs.Judge(list, r)
	var faults packs.Faults
	switch {
	case errors.As(err, &faults):
		a.State, a.Faults = setAside, faultsOf(faults)
	case err != nil:
		return a, err
	default:
		a.Signed = h.Signatory
		if r.Value.Code == cmp.Or(site.Pack, "togo") {
			if err := p.SeedYears(tx, "lycee"); err != nil {
				return a, err
			}
		}
		files, s, err := packs.Unpack(r.Value.File)
		if err == nil && len(files) > 0 {
			err = seal.Note(tx, r.ID, s, "/packs")
		}
		if err != nil {
			return a, err
		}
	}
	if known {
		if a.State == old.Value.State && slices.EqualFunc(a.Faults, old.Value.Faults, fault.same) {
			a.At = old.Value.At
		}
		err = arrivals.Set(tx, old.ID, a)
	} else {
		_, err = arrivals.Add(tx, a)
	}
	if err == nil && site.Kind == school.Box {
		err = tell(tx, a, site.Code)
	}
	return a, err
}

// mostFaults is how many faults of a pack are kept.
const mostFaults = 50

// tell writes the receipt of a release for the office.
func tell(tx *store.Tx, a arrival, site string) error {
	v := receipt{Release: a.Release, Site: site, State: a.State, At: a.At}
	v.Faults = a.Faults[:min(len(a.Faults), 1)]
	old, err := receipts.One(tx, "release", a.Release, site)
	switch {
	case errors.Is(err, store.ErrNotFound):
		_, err = receipts.Add(tx, v)
	case err == nil && (old.Value.State != v.State || !slices.EqualFunc(old.Value.Faults, v.Faults, fault.same)):
		err = receipts.Set(tx, old.ID, v)
	}
	return err
}

// addressJob sends every release to every school, those too that join later.
var addressJob = appliance.Job{
	Name: "packs.address", At: []web.Kind{web.Office}, Watch: []string{org.Units.Name()}, Every: 6 * time.Hour,
	Run: func(_ context.Context, r *appliance.Running) error {
		return r.DB.Update(func(tx *store.Tx) error {
			for x, err := range packs.Releases.All(tx) {
				if err == nil {
					err = address(tx, x.ID)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	},
}

func address(tx *store.Tx, release store.ID) error {
	sites, err := org.Audience{Everyone: true}.Sites(tx, org.Today(tx))
	if err != nil {
		return err
	}
	return store.Address(tx, release, append(store.Addressed(tx, release), sites...))
}

// send makes a signed file a release to every school. It refuses what the office
// did not sign, what is not in order, and a version that was sent before.
func send(tx *store.Tx, who school.Actor, file []byte) (id store.ID, schools int, err error) {
	site, err := school.Site(tx)
	if err != nil {
		return id, 0, err
	}
	list, err := seal.Current(tx, site.Root)
	if err != nil {
		return id, 0, err
	}
	o, err := open(file, list)
	if err != nil {
		return id, 0, err
	}
	about := o.pack.About
	if _, err := packs.Sent(tx, about.Code, about.Version); err == nil {
		return id, 0, school.Refuse("packs.refused.version", "file", "version", o.pack.Reference())
	} else if !errors.Is(err, packs.ErrNoRelease) {
		return id, 0, err
	}
	if about.From == "" {
		return id, 0, school.Refuse("packs.refused.from", "file")
	}
	if id, err = packs.Releases.Add(tx, packs.Release{Code: about.Code, Version: about.Version, From: about.From, File: file}); err != nil {
		return id, 0, err
	}
	if err := address(tx, id); err != nil {
		return id, 0, err
	}
	if err := judge(tx); err != nil {
		return id, 0, err
	}
	schools = len(store.Addressed(tx, id))
	return id, schools, school.Audit(tx, who, "packs.send", id, nil, map[string]any{"pack": o.pack.Reference(), "from": about.From, "schools": schools})
}

// opened is a carried pack that the office has signed and that is in order.
type opened struct {
	files  packs.Files
	pack   *packs.Pack
	header seal.Header
	signed seal.Signed
}

// open reads a carried pack; the error is packs.Faults.
func open(file []byte, list seal.KeyList) (o opened, err error) {
	if o.files, o.signed, err = packs.Unpack(file); err != nil {
		return o, err
	}
	if o.header, err = o.files.Verify(list, o.signed, store.ID{}); err != nil {
		return o, err
	}
	if o.pack, err = o.files.Pack(); err != nil {
		return o, err
	}
	if o.header.Reference != o.pack.Reference() {
		return o, packs.Faults{{File: "pack.yaml", Key: "packs.fault.signed_as", Args: map[string]any{"value": o.header.Reference}}}
	}
	return o, nil
}
