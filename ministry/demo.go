package ministry

import (
	"context"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/store"
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
		if _, err := org.Seed(tx, packs.Must("togo")); err != nil {
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
