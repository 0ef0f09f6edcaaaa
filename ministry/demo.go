package ministry

import (
	"context"
	"crypto/ed25519"
	"slices"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/store"
	boxsync "preau/sync"
)

// demo fills an office: the tree of the pack, the schools of the demonstration,
// and one account of each role.
func demo(ctx context.Context, d *appliance.Demo) error {
	if !d.AtOffice() {
		return nil
	}
	people := []struct {
		role                  school.Role
		surname, given, login string
	}{
		{school.Publisher, "LAWSON", "Akouvi", "publication"},
		{school.Signatory, "GNASSINGBÉ-BANLA", "Essozimna", "signature"},
		{school.Inspector, "AMOUZOU", "Komi", "inspection"},
		{school.Statistician, "TCHAKPANA", "Pyabalo", "statistique"},
		{school.Operator, "DOSSEH", "Ayélé", "exploitation"},
	}
	secrets, hashes := make([]string, len(people)), make([]string, len(people))
	for i := range people {
		var err error
		secrets[i] = d.Secret()
		if hashes[i], err = school.HashSecret(ctx, secrets[i]); err != nil {
			return err
		}
	}
	keys, err := openKeys(d.DB)
	if err != nil {
		return err
	}
	var scope string
	err = d.DB.Update(func(tx *store.Tx) error {
		pack, err := packs.Here(tx)
		if err != nil {
			return err
		}
		if _, err := org.Seed(tx, pack); err != nil {
			return err
		}
		for _, s := range d.Schools {
			parent := s.Inspection
			if parent == "" {
				parent = s.Region
			}
			if scope == "" {
				scope = s.Inspection
			}
			u := org.Unit{Code: s.Code, Name: s.Name, Kind: org.School, Parent: parent, Type: s.Type, Levels: s.Levels, Series: s.Series, Town: s.Town}
			if err := putUnit(tx, school.Actor{}, u, false, ""); err != nil {
				return err
			}
		}
		for i, p := range people {
			person := school.Person{Kind: school.Staff, Surname: p.surname, Given: p.given, Login: p.login, Roles: []school.Role{p.role}}
			if p.role == school.Inspector {
				person.Scope = scope
			}
			id, err := school.People.Add(tx, person)
			if err != nil {
				return err
			}
			if err := school.StoreSecret(tx, id, hashes[i], false); err != nil {
				return err
			}
		}
		if err := demoFleet(tx, d); err != nil {
			return err
		}
		return publish(tx, keys)
	})
	if err != nil {
		return err
	}
	for i, p := range people {
		d.AddLogin(appliance.Login{Role: string(p.role), Name: school.JoinName(p.surname, p.given), Login: p.login, Secret: secrets[i]})
	}
	return nil
}

// demoFleet gives the office boxes that it has heard of, some of them in trouble.
// Nobody holds their keys.
func demoFleet(tx *store.Tx, d *appliance.Demo) error {
	now, _ := tx.Now()
	month := func(back int, up, down int64) school.Month {
		first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
		return school.Month{Name: first.AddDate(0, -back, 0).Format("2006-01"), Up: up, Down: down}
	}
	heard := []school.Contact{
		{
			Site: "LYC-0631", Last: now.Add(-3 * time.Hour), Build: "0.1", FreeDisk: 140 << 20, DiskSize: 29 << 30, Apart: -26 * time.Hour, Cuts: 41, Pending: 12,
			Waiting: []school.LaneWait{{Lane: store.Urgent, Records: 2, Bytes: 900}, {Lane: store.Records, Records: 10, Bytes: 6100}},
			Months:  []school.Month{month(2, 5<<20, 18<<20), month(1, 7<<20, 23<<20), month(0, 4<<20, 15<<20)},
		},
		{
			Site: "CEG-0748", Last: now.AddDate(0, 0, -12), Build: "0.1", FreeDisk: 21 << 30, DiskSize: 29 << 30, Trusted: true, Cuts: 19,
			Months: []school.Month{month(1, 3<<20, 9<<20), month(0, 1<<20, 2<<20)},
		},
	}
	for _, c := range heard {
		if !slices.ContainsFunc(d.Schools, func(s appliance.DemoSchool) bool { return s.Code == c.Site && s.Heard }) {
			continue
		}
		key := make([]byte, ed25519.PublicKeySize)
		for i := range key {
			key[i] = byte(d.Rand.IntN(256))
		}
		if err := boxsync.Pin(tx, c.Site, key); err != nil {
			return err
		}
		if _, err := school.Contacts.Add(tx, c); err != nil {
			return err
		}
	}
	return nil
}
