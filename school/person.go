package school

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"preau/store"
)

// Kind tells staff from pupils. At the office everybody is staff.
type Kind string

// The kinds of people.
const (
	Staff     Kind = "staff"
	PupilKind Kind = "pupil"
)

// Guardian is a contact of a pupil. It never signs in.
type Guardian struct {
	Name  string `cbor:"1,keyasint,omitempty" json:"name"`
	Link  string `cbor:"2,keyasint,omitempty" json:"link,omitempty"` // "mère", "oncle", as written
	Phone string `cbor:"3,keyasint,omitempty" json:"phone,omitempty"`
}

// Person is somebody on the roster. Nothing here may ever say religion,
// ethnic group or health (loi n° 2019-014).
type Person struct {
	Kind       Kind       `cbor:"1,keyasint,omitempty"`
	Matricule  string     `cbor:"2,keyasint,omitempty"` // national, or provisional (see Provisional); "" when unknown
	Surname    string     `cbor:"3,keyasint,omitempty"` // in capitals
	Given      string     `cbor:"4,keyasint,omitempty"`
	Sex        string     `cbor:"5,keyasint,omitempty"` // "M" or "F", "" when unknown
	Born       string     `cbor:"6,keyasint,omitempty"` // YYYY-MM-DD, "" when inexact or unknown
	BornText   string     `cbor:"7,keyasint,omitempty"` // "vers 2009" when Born is empty
	BirthPlace string     `cbor:"8,keyasint,omitempty"`
	Roles      []Role     `cbor:"9,keyasint,omitempty"`
	Class      store.ID   `cbor:"10,keyasint,omitzero"`  // a pupil's class; zero for staff
	Repeating  bool       `cbor:"11,keyasint,omitempty"` // redoublant
	Login      string     `cbor:"12,keyasint,omitempty"` // as NormalizeLogin gives it; "" cannot sign in
	Phone      string     `cbor:"13,keyasint,omitempty"`
	Status     string     `cbor:"14,keyasint,omitempty"` // fonctionnaire, contractuel, volontaire …, as written
	Scope      string     `cbor:"15,keyasint,omitempty"` // an inspector's inspection code
	Left       string     `cbor:"16,keyasint,omitempty"` // YYYY-MM-DD of leaving; "" is here
	Guardians  []Guardian `cbor:"17,keyasint,omitempty"`
	Aliases    []string   `cbor:"18,keyasint,omitempty"` // former matricules, never given again
	NIU        string     `cbor:"19,keyasint,omitempty"` // national unique number, optional
	Diploma    string     `cbor:"20,keyasint,omitempty"` // staff, as written
	Subject    string     `cbor:"21,keyasint,omitempty"` // staff: main subject, as written or a pack's code
	Language   string     `cbor:"22,keyasint,omitempty"` // "fr", "en", "" the site's
	Contrast   bool       `cbor:"23,keyasint,omitempty"` // high contrast chosen
	LeftWhy    string     `cbor:"24,keyasint,omitempty"` // one of LeaveReasons, "" when not said
}

// LeaveReasons are why somebody leaves, for the monthly return. Pregnancy and
// illness are "other": the return asks for a count, nobody's record says it.
var LeaveReasons = []string{"transfer", "dropout", "excluded", "graduated", "retired", "posted", "died", "other"}

// Name is how the person is shown: "AGBODJAN Kodjo".
func (p *Person) Name() string { return JoinName(p.Surname, p.Given) }

// Is tells whether the person has one of the roles and is still here.
func (p *Person) Is(roles ...Role) bool {
	if p.Left != "" {
		return false
	}
	return slices.ContainsFunc(p.Roles, func(r Role) bool { return slices.Contains(roles, r) })
}

// DisplayName is p.Name for callers that hold a value.
func DisplayName(p Person) string { return p.Name() }

// ActorOf is the person as one who acts. Who has left acts no more.
func ActorOf(r store.Record[Person]) Actor {
	if r.Value.Left != "" || r.Deleted {
		return Actor{}
	}
	return Actor{ID: r.ID, Name: r.Value.Name(), Roles: slices.Clone(r.Value.Roles)}
}

// People is the roster. Indexes, with the parts that Where takes:
//
//	matricule  unique: normalised matricule, kind
//	alias      former matricule
//	login      unique: normalised login
//	class      class id, folded name     (only who is still here)
//	kind       kind, folded name
//	name       folded name, kind
//
// A pupil's and a teacher's matricule come from different series of numbers
// and may look alike, hence the kind in the unique key.
var People = store.Define(store.Spec[Person]{
	Name: "people", Home: store.Local, Format: 1,
	Indexes: []store.Index[Person]{
		{Name: "matricule", Unique: true, Keys: func(p *Person) [][]byte {
			if m := NormalizeMatricule(p.Matricule); m != "" {
				return [][]byte{store.Key(m, string(p.Kind))}
			}
			return nil
		}},
		{Name: "alias", Keys: func(p *Person) (keys [][]byte) {
			for _, a := range p.Aliases {
				if m := NormalizeMatricule(a); m != "" {
					keys = append(keys, store.Key(m))
				}
			}
			return keys
		}},
		{Name: "login", Unique: true, Keys: func(p *Person) [][]byte {
			if l := NormalizeLogin(p.Login); l != "" {
				return [][]byte{store.Key(l)}
			}
			return nil
		}},
		{Name: "class", Keys: func(p *Person) [][]byte {
			if p.Left != "" || p.Class == (store.ID{}) {
				return nil
			}
			return [][]byte{store.Key(p.Class, Fold(p.Name()))}
		}},
		{Name: "kind", Keys: func(p *Person) [][]byte {
			return [][]byte{store.Key(string(p.Kind), Fold(p.Name()))}
		}},
		{Name: "name", Keys: func(p *Person) [][]byte {
			return [][]byte{store.Key(Fold(p.Name()), string(p.Kind))}
		}},
	},
})

// NormalizeMatricule brings a matricule to the form in which two are
// compared: capitals, no spaces, hyphens, dots or slashes.
func NormalizeMatricule(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '\u202f', '\t', '-', '‑', '–', '.', '/':
			return -1
		}
		return r
	}, strings.ToUpper(norm.NFKC.String(strings.TrimSpace(s))))
}

// NormalizeLogin brings a sign-in name to the form in which two are compared:
// trimmed, lower case, composed.
func NormalizeLogin(s string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(s)))
}

// CheckPerson says what stands against saving p, nil when nothing does. It
// looks at p alone; the unique indexes say the rest.
func CheckPerson(p *Person) error {
	var no Refusals
	if strings.TrimSpace(p.Surname) == "" {
		no = append(no, Refuse("people.refused.no_name", "surname"))
	}
	if p.Kind != Staff && p.Kind != PupilKind {
		no = append(no, Refuse("people.refused.kind", "kind"))
	}
	if p.Sex != "" && p.Sex != "M" && p.Sex != "F" {
		no = append(no, Refuse("people.refused.sex", "sex"))
	}
	if p.Born != "" && !ValidDay(p.Born) {
		no = append(no, Refuse("people.refused.born", "born", "value", p.Born))
	}
	for _, r := range p.Roles {
		switch {
		case !r.Known():
			no = append(no, Refuse("people.refused.role", "roles", "value", string(r)))
		case r == Pupil && p.Kind == Staff, r != Pupil && p.Kind == PupilKind:
			no = append(no, Refuse("people.refused.role_kind", "roles"))
		}
	}
	if p.Login != "" {
		if r := CheckLogin(p.Login); r != nil {
			no = append(no, r)
		}
	}
	return no.Or()
}

// CheckLogin says what stands against a sign-in name: 2 to 40 letters,
// digits, dots, hyphens or underscores, so that it can be said aloud and typed
// on any keyboard.
func CheckLogin(login string) *Refusal {
	l := NormalizeLogin(login)
	if n := len([]rune(l)); n < 2 || n > 40 {
		return Refuse("people.refused.login_length", "login")
	}
	for _, r := range l {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_') {
			return Refuse("people.refused.login_letters", "login", "value", string(r))
		}
	}
	return nil
}
