package school

import (
	"slices"

	"preau/store"
)

// Role is one duty a person has. A person may have several; rights add up.
// Its text is what tokens, audiences and the API carry.
type Role string

// The roles at the office.
const (
	Publisher    Role = "publisher"    // writes circulars
	Signatory    Role = "signatory"    // signs them
	Inspector    Role = "inspector"    // sees one inspection's schools
	Statistician Role = "statistician" // reads counts, never names
	Operator     Role = "operator"     // runs the fleet, the registry and the accounts
)

// The roles in a school.
const (
	Head       Role = "head"       // proviseur
	Deputy     Role = "deputy"     // censeur: studies
	Supervisor Role = "supervisor" // surveillant général: discipline, attendance
	Secretary  Role = "secretary"  // secrétariat: registers and lists
	Teacher    Role = "teacher"    // professeur
	Pupil      Role = "pupil"      // élève
	Technician Role = "technician" // looks after the box
)

// BoxStaff are the roles of adults in a school, BoxRoles all roles in a
// school, OfficeRoles all roles at the office. Read only.
var (
	BoxStaff    = []Role{Head, Deputy, Supervisor, Secretary, Teacher, Technician}
	BoxRoles    = []Role{Head, Deputy, Supervisor, Secretary, Teacher, Technician, Pupil}
	OfficeRoles = []Role{Publisher, Signatory, Inspector, Statistician, Operator}
)

// RolesAt lists the roles that exist at a kind of site ("box" or "office");
// nil for any other kind.
func RolesAt(kind string) []Role {
	switch kind {
	case Box:
		return slices.Clone(BoxRoles)
	case Office:
		return slices.Clone(OfficeRoles)
	}
	return nil
}

// Known tells whether r is a role of any site.
func (r Role) Known() bool {
	return slices.Contains(BoxRoles, r) || slices.Contains(OfficeRoles, r)
}

// WordKey is the key of the role's name in the words catalogues.
func (r Role) WordKey() string { return "role." + string(r) }

// Actor is who acts. The zero Actor is signed out and is nobody.
type Actor struct {
	ID    store.ID
	Name  string // as shown: "AGBODJAN Kodjo"
	Roles []Role
}

// SignedIn tells whether a person stands behind the actor.
func (a Actor) SignedIn() bool { return a.ID != (store.ID{}) }

// Is tells whether the actor is signed in and has at least one of the roles.
// With no roles named the answer is no.
func (a Actor) Is(roles ...Role) bool {
	if !a.SignedIn() {
		return false
	}
	return slices.ContainsFunc(a.Roles, func(r Role) bool { return slices.Contains(roles, r) })
}

// Access says who may enter. The zero value lets nobody in.
type Access struct {
	Public bool
	Roles  []Role
}

// Public lets everybody in, signed in or not.
func Public() Access { return Access{Public: true} }

// For lets in who has at least one of the roles; For() lets nobody in.
func For(roles ...Role) Access { return Access{Roles: slices.Clone(roles)} }

// SignedIn lets in everybody with any known role.
func SignedIn() Access { return For(append(slices.Clone(BoxRoles), OfficeRoles...)...) }

// Allows answers for one actor.
func (x Access) Allows(a Actor) bool { return x.Public || a.Is(x.Roles...) }
