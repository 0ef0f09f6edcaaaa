package rooms

import (
	"context"
	"fmt"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/store"
)

// demo opens a room for one class of the demonstration and gives each of its
// pupils a PIN; they stand among the logins.
func demo(ctx context.Context, d *appliance.Demo) error {
	if d.AtOffice() {
		return nil
	}
	var class store.Record[school.Class]
	var pupils []store.Record[school.Person]
	err := d.DB.View(func(tx *store.Tx) error {
		year, err := school.CurrentYear(tx)
		if err != nil {
			return err
		}
		classes, err := school.Roster.ClassesOf(tx, year.Label)
		if err != nil {
			return err
		}
		for _, k := range classes { // the fullest: sixty at the lab's door is the hard case
			list, err := school.Roster.Pupils(tx, k.ID)
			if err != nil {
				return err
			}
			if len(list) > len(pupils) {
				class, pupils = k, list
			}
		}
		return nil
	})
	if err != nil || len(pupils) == 0 {
		return err
	}
	nonce := make([]byte, 16)
	for i := range nonce {
		nonce[i] = byte(d.Rand.IntN(256))
	}
	pins, hashes := make([]string, len(pupils)), make([]string, len(pupils))
	for i, p := range pupils {
		for pins[i] == "" || school.CheckPINQuality(pins[i], &p.Value) != nil {
			pins[i] = fmt.Sprintf("%06d", d.Rand.IntN(1_000_000))
		}
		if hashes[i], err = school.HashPIN(ctx, d.DB, p.ID, pins[i]); err != nil {
			return fmt.Errorf("demo: rooms: %w", err)
		}
	}
	err = d.DB.Update(func(tx *store.Tx) error {
		for i, p := range pupils {
			if err := school.StoreSecret(tx, p.ID, hashes[i], false); err != nil {
				return err
			}
			if login := school.NormalizeLogin(p.Value.Matricule); school.CheckLogin(login) == nil { // for tokens: pupils do not sign in by it
				p.Value.Login = login
				if err := school.People.Set(tx, p.ID, p.Value); err != nil {
					return err
				}
			}
		}
		heads, err := school.Roster.Staff(tx, school.Head)
		if err != nil || len(heads) == 0 {
			return err
		}
		now, _ := tx.Now()
		_, err = rooms.Add(tx, room{Label: "Salle informatique", Classes: []store.ID{class.ID}, By: heads[0].ID, ByName: heads[0].Value.Name(), From: now, Until: now.Add(10 * time.Hour)})
		return err
	})
	if err != nil {
		return fmt.Errorf("demo: rooms: %w", err)
	}
	for i, p := range pupils {
		d.AddLogin(appliance.Login{Role: string(school.Pupil), Name: p.Value.Name(), Login: school.NormalizeLogin(p.Value.Matricule), Secret: pins[i], Class: class.Value.Label})
	}
	return nil
}
