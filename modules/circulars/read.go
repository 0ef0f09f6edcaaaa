package circulars

import (
	"errors"
	"slices"

	"preau/school"
	"preau/store"
)

// isMeant tells whether a person of this school is meant by a circular: by its
// audience, or by the head's forwarding.
func isMeant(tx *store.Tx, id store.ID, c Circular, person store.Record[school.Person]) (bool, error) {
	a, err := audienceOf(c)
	if err != nil {
		return false, err
	}
	var classes []school.Class
	if !person.Value.Class.IsZero() {
		if k, err := school.Classes.Get(tx, person.Value.Class); err == nil {
			classes = append(classes, k.Value)
		}
	}
	if a.Includes(person.Value, classes...) {
		return true, nil
	}
	for f, err := range forwards.Where(tx, "circular", id) {
		if err != nil {
			return false, err
		}
		if person.Value.Is(f.Value.Roles...) {
			return true, nil
		}
	}
	return false, nil
}

// mayRead is the arrival and the circular when the person may open it; else
// store.ErrNotFound, which looks like a circular that is not there.
func mayRead(tx *store.Tx, id store.ID, who school.Actor) (a store.Record[Arrival], c store.Record[Circular], err error) {
	if a, err = arrivals.One(tx, "circular", id); err != nil {
		return a, c, err
	}
	if c, err = circulars.Get(tx, id); err != nil {
		return a, c, err
	}
	if school.May(school.SeeArrivals).Allows(who) {
		return a, c, nil
	}
	if a.Value.State == SetAside {
		return a, c, store.ErrNotFound
	}
	p, err := school.People.Get(tx, who.ID)
	if err != nil {
		return a, c, err
	}
	meant, err := isMeant(tx, id, c.Value, p)
	if err == nil && !meant {
		err = store.ErrNotFound
	}
	return a, c, err
}

// acknowledge notes "lu et pris connaissance" of a person, and brings the
// school's counts for the office up to date, in one transaction.
func acknowledge(tx *store.Tx, id store.ID, person store.Record[school.Person], tickedBy string) (school.Reading, error) {
	a, err := arrivals.One(tx, "circular", id)
	if err != nil {
		return school.Reading{}, err
	}
	if a.Value.State == SetAside {
		return school.Reading{}, school.Refuse("circulars.refused.set_aside", "")
	}
	r, first, err := school.NoteReading(tx, id, person, tickedBy)
	if err != nil || !first {
		return r, err
	}
	site, err := school.Site(tx)
	if err != nil {
		return r, err
	}
	return r, countUp(tx, site.Code, id)
}

// readers lists the staff meant by a circular, in the order of names.
func readers(tx *store.Tx, id store.ID, c Circular) ([]school.Reader, error) {
	staff, err := school.Roster.Staff(tx)
	if err != nil {
		return nil, err
	}
	return school.ReadersOf(tx, id, staff, func(p store.Record[school.Person]) (bool, error) { return isMeant(tx, id, c, p) })
}

// countUp writes the school's one row about a circular for the office, when
// something in it has changed.
func countUp(tx *store.Tx, site string, id store.ID) error {
	a, err := arrivals.One(tx, "circular", id)
	if err != nil {
		return err
	}
	c, err := circulars.Get(tx, id)
	if err != nil {
		return err
	}
	now := Receipt{Circular: id, Site: site, Received: a.Value.At, Fault: a.Value.Fault, ByRole: map[string]Count{}}
	if a.Value.State != SetAside {
		list, err := readers(tx, id, c.Value)
		if err != nil {
			return err
		}
		for _, r := range list {
			role := string(r.Person.Value.MainRole())
			k := now.ByRole[role]
			k.Staff++
			now.All.Staff++
			if r.Read() {
				k.Read++
				now.All.Read++
				if r.Person.Value.Is(school.Head) && (now.Acknowledged.IsZero() || r.Reading.At.Before(now.Acknowledged)) {
					now.Acknowledged = r.Reading.At
				}
			}
			now.ByRole[role] = k
		}
	}
	old, err := receipts.One(tx, "circular", id, site)
	if errors.Is(err, store.ErrNotFound) {
		_, err = receipts.Add(tx, now)
		return err
	}
	if err != nil {
		return err
	}
	if sameReceipt(old.Value, now) {
		return nil
	}
	return receipts.Set(tx, old.ID, now)
}

func sameReceipt(a, b Receipt) bool {
	if len(a.ByRole) != len(b.ByRole) {
		return false
	}
	for role, n := range a.ByRole {
		if b.ByRole[role] != n {
			return false
		}
	}
	return a.All == b.All && a.Fault == b.Fault && a.Received.Equal(b.Received) && a.Acknowledged.Equal(b.Acknowledged)
}

// forward adds a note and further groups to a circular.
func forward(tx *store.Tx, id store.ID, who school.Actor, note string, roles []school.Role) error {
	a, err := arrivals.One(tx, "circular", id)
	if err != nil {
		return err
	}
	if a.Value.State == SetAside {
		return school.Refuse("circulars.refused.set_aside", "")
	}
	if len(roles) == 0 && note == "" {
		return school.Refuse("circulars.refused.forward", "roles")
	}
	for _, r := range roles {
		if !slices.Contains(school.BoxRoles, r) {
			return school.Refuse("circulars.refused.role", "roles", "value", string(r))
		}
	}
	f := Forward{Circular: id, Note: note, Roles: roles, By: who.Name}
	f.At, _ = tx.Now()
	fid, err := forwards.Add(tx, f)
	if err != nil {
		return err
	}
	if err := school.Audit(tx, who, "circulars.forward", fid, nil, map[string]any{"circular": a.Value.Reference, "roles": roles}); err != nil {
		return err
	}
	site, err := school.Site(tx)
	if err != nil {
		return err
	}
	return countUp(tx, site.Code, id)
}
