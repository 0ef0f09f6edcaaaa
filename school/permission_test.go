package school_test

import (
	"testing"

	"preau/school"
	"preau/store"
)

func TestWhoMaySeeAndResetWhom(t *testing.T) {
	s := openLycee(t)
	people := map[string]store.ID{
		"head": s.head, "deputy": s.deputy, "supervisor": s.supervisor, "teacher": s.teacher,
		"other": s.other, "technician": s.techn, "afi": s.afi, "koffi": s.koffi, "nobody": {},
	}
	// who: whom he may see (beside himself) · whose secret he may reset. The
	// teacher has afi's class, the other teacher none.
	table := map[string][2]string{
		"head":       {"deputy supervisor teacher other technician afi koffi", "deputy supervisor teacher other technician afi koffi"},
		"deputy":     {"head supervisor teacher other technician afi koffi", "afi koffi"},
		"supervisor": {"head deputy teacher other technician afi koffi", "afi koffi"},
		"teacher":    {"head deputy supervisor other technician afi", "afi"},
		"other":      {"head deputy supervisor teacher technician", ""},
		"technician": {"head deputy supervisor teacher other", "supervisor teacher other"},
		"afi":        {"", ""},
		"koffi":      {"", ""},
		"nobody":     {"", ""},
	}
	for who, id := range people {
		var actor school.Actor
		if id != (store.ID{}) {
			actor = s.actor(t, id)
		}
		for whom, target := range people {
			if whom == "nobody" {
				continue
			}
			r := s.record(t, target)
			view(t, s.db, func(tx *store.Tx) {
				see, err := school.MaySeePerson(tx, actor, r)
				if err != nil {
					t.Fatal(err)
				}
				if want := who == whom || listed(table[who][0], whom); see != want {
					t.Errorf("%s sees %s: %v, the table says %v", who, whom, see, want)
				}
				reset, err := school.MayResetSecret(tx, actor, r)
				if err != nil {
					t.Fatal(err)
				}
				if want := listed(table[who][1], whom); reset != want {
					t.Errorf("%s resets the secret of %s: %v, the table says %v", who, whom, reset, want)
				}
			})
		}
	}
}

func listed(list, name string) bool {
	for _, f := range fields(list) {
		if f == name {
			return true
		}
	}
	return false
}

func TestOperatorResetsOfficeStaff(t *testing.T) {
	db := open(t)
	ids := map[school.Role]store.ID{}
	update(t, db, func(tx *store.Tx) error {
		for _, r := range school.OfficeRoles {
			id, err := school.People.Add(tx, school.Person{Kind: school.Staff, Surname: string(r), Roles: []school.Role{r}})
			if err != nil {
				return err
			}
			ids[r] = id
		}
		return nil
	})
	view(t, db, func(tx *store.Tx) {
		for _, who := range school.OfficeRoles {
			for _, whom := range school.OfficeRoles {
				r, err := school.People.Get(tx, ids[whom])
				if err != nil {
					t.Fatal(err)
				}
				got, err := school.MayResetSecret(tx, school.Actor{ID: ids[who], Roles: []school.Role{who}}, r)
				want := who == school.Operator && whom != school.Operator && whom != school.Signatory
				if err != nil || got != want {
					t.Errorf("%s resets %s: %v %v", who, whom, got, err)
				}
			}
		}
	})
}
