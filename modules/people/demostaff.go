package people

import (
	"fmt"
	"math/rand/v2"

	"preau/appliance"
	"preau/school"
)

// demoPerson is one of the demonstration's staff with the account to list.
type demoPerson struct {
	person school.Person
	login  appliance.Login
}

// demoOffices are the staff who do not only teach.
var demoOffices = []struct {
	role school.Role
	n    int
}{
	{school.Head, 1}, {school.Deputy, 2}, {school.Supervisor, 2}, {school.Secretary, 2}, {school.Technician, 1},
}

// demoStaff draws 60 people, the head first.
func demoStaff(r *rand.Rand) []demoPerson {
	taken, logins := map[string]bool{}, map[string]bool{}
	var staff []demoPerson
	add := func(role school.Role, subject string) {
		p := school.Person{Kind: school.Staff, Roles: []school.Role{role}, Subject: subject, Phone: demoPhone(r), Status: "Fonctionnaire"}
		if len(staff) == 0 {
			p.Surname, p.Given, p.Sex = "AGBODJAN", "Kodjo", "M"
			taken[p.Name()] = true
		} else {
			demoName(r, &p, taken)
		}
		p.Matricule = fmt.Sprintf("%06d-%c", 30000+len(staff)*137+r.IntN(100), 'A'+rune(r.IntN(26)))
		p.Born = fmt.Sprintf("%d-%02d-%02d", 1966+r.IntN(32), 1+r.IntN(12), 1+r.IntN(28))
		p.BirthPlace = pick(r, demoTowns)
		if r.IntN(5) == 0 {
			p.Status = "Contractuel"
		}
		p.Login = loginFrom(&p)
		for n := 2; logins[p.Login]; n++ {
			p.Login = loginFrom(&p) + itoa(n)
		}
		logins[p.Login] = true
		staff = append(staff, demoPerson{p, appliance.Login{Role: string(role), Name: p.Name(), Login: p.Login}})
	}
	for _, o := range demoOffices {
		for range o.n {
			add(o.role, "")
		}
	}
	for _, t := range demoTeachers {
		for range t.n {
			add(school.Teacher, t.subject)
		}
	}
	return staff
}

// demoName gives a name that nobody else bears, and the sex that goes with it.
func demoName(r *rand.Rand, p *school.Person, taken map[string]bool) {
	for {
		p.Surname = pick(r, demoSurnames)
		p.Sex = "M"
		given := demoBoys
		if r.IntN(100) < 46 {
			p.Sex, given = "F", demoGirls
		}
		p.Given = pick(r, given)
		if second := pick(r, given); r.IntN(3) == 0 && second != p.Given {
			p.Given += " " + second
		}
		if !taken[p.Name()] {
			taken[p.Name()] = true
			return
		}
	}
}

func demoPhone(r *rand.Rand) string {
	return fmt.Sprintf("9%d %02d %02d %02d", r.IntN(4), r.IntN(100), r.IntN(100), r.IntN(100))
}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }
