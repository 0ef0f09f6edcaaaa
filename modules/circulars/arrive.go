package circulars

import (
	"context"
	"errors"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// arrivalsJob judges what has come and enters it in the register.
var arrivalsJob = appliance.Job{
	Name: "circulars.arrivals", At: []web.Kind{web.Box},
	Watch: []string{"circulars", "seal.keys"},
	Run: func(_ context.Context, r *appliance.Running) error {
		return r.DB.Update(register)
	},
}

// register enters every circular that is not in the register yet, and judges
// again what was set aside or has changed since, and all when another list of keys
// has come: what a key signed that was stolen counts no more. All in one transaction: a
// circular is never half registered.
func register(tx *store.Tx) error {
	site, err := school.Site(tx)
	if err != nil || len(site.Root) == 0 {
		return nil // not enrolled: nobody can be asked yet
	}
	list, err := seal.Current(tx, site.Root)
	if errors.Is(err, seal.ErrNoList) {
		return nil // the list of keys travels in the first lane and comes first
	}
	if err != nil {
		return err
	}
	next := uint64(1)
	for a, err := range arrivals.Scan(tx, store.Query{Index: "number", Reverse: true}) {
		if err != nil {
			return err
		}
		next = a.Value.Number + 1
		break
	}
	for r, err := range circulars.All(tx) {
		if err != nil {
			return err
		}
		old, err := arrivals.One(tx, "circular", r.ID)
		known := err == nil
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if known && old.Value.Version == r.Number && old.Value.List == list.Number && old.Value.State != SetAside {
			continue
		}
		a := judge(list, r)
		a.Version, a.List = r.Number, list.Number
		if a.State != SetAside {
			if err := seal.Note(tx, r.ID, r.Value.Signed, pathOf(r.ID)); err != nil {
				return err
			}
		}
		if known {
			a.Number, a.At = old.Value.Number, old.Value.At
			if a == old.Value {
				continue
			}
			if err := arrivals.Set(tx, old.ID, a); err != nil {
				return err
			}
		} else {
			a.Number = next
			a.At, _ = tx.Now()
			next++
			if _, err := arrivals.Add(tx, a); err != nil {
				return err
			}
		}
		if err := settle(tx, r.ID); err != nil {
			return err
		}
		if err := countUp(tx, site.Code, r.ID); err != nil {
			return err
		}
	}
	return nil
}

// judge compares a circular with what the office signed.
func judge(list seal.KeyList, r store.Record[Circular]) Arrival {
	a := Arrival{Circular: r.ID, State: Genuine, Code: seal.ShortCode(r.Value.Signed)}
	h, err := seal.VerifyRecord(list, r.Value.Signed, r.ID)
	if err == nil && h.Kind > seal.Replacement {
		err = seal.Malformed
	}
	if err == nil {
		err = h.CheckContent([]byte(r.Value.Body), hashes(r.Value.Annexes))
	}
	if err == nil && (h.Replaces != r.Value.Replaces.String() || a.Code != r.Value.Code) {
		err = seal.BadSignature
	}
	var fault seal.Fault
	if errors.As(err, &fault) {
		a.State, a.Fault = SetAside, fault.Key()
		h, _ = r.Value.Signed.Decode() // what it claims, shown as a claim
	} else if err != nil {
		a.State, a.Fault = SetAside, seal.Malformed.Key()
	}
	a.Reference, a.Date, a.Subject, a.Deadline, a.Urgent, a.Kind = h.Reference, h.Date, h.Subject, h.Deadline, h.Urgent, uint8(h.Kind)
	return a
}

// settle brings the states of a circular and of the one it concerns in order,
// whichever came first.
func settle(tx *store.Tx, id store.ID) error {
	c, err := circulars.Get(tx, id)
	if err != nil {
		return err
	}
	ids := []store.ID{id}
	if !c.Value.Replaces.IsZero() {
		ids = append(ids, c.Value.Replaces)
	}
	for _, target := range ids {
		a, err := arrivals.One(tx, "circular", target)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if a.Value.State == SetAside {
			continue
		}
		state, by := Genuine, store.ID{}
		for later, err := range circulars.Where(tx, "replaces", target) {
			if err != nil {
				return err
			}
			la, err := arrivals.One(tx, "circular", later.ID)
			if errors.Is(err, store.ErrNotFound) || err == nil && la.Value.State == SetAside {
				continue // a forged withdrawal withdraws nothing
			}
			if err != nil {
				return err
			}
			by = later.ID
			if state = Replaced; seal.Kind(la.Value.Kind) == seal.Withdrawal {
				state = Withdrawn
				break
			}
		}
		if a.Value.State != state || a.Value.By != by {
			a.Value.State, a.Value.By = state, by
			if err := arrivals.Set(tx, a.ID, a.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// audienceOf is whom a verified circular means.
func audienceOf(c Circular) (org.Audience, error) {
	h, err := c.Signed.Decode()
	if err != nil {
		return org.Audience{}, err
	}
	var a org.Audience
	return a, seal.DecodeCBOR(h.Audience, &a)
}
