package appliance

import (
	"math/rand/v2"

	"preau/web"
)

// Login is one account of the demonstration, as demo.json lists it.
type Login struct {
	Site   string `json:"site"` // "box" or "office"
	Role   string `json:"role"`
	Name   string `json:"name"`
	Login  string `json:"login"`
	Secret string `json:"secret"`
	Class  string `json:"class"` // label of a titular's or pupil's class, else ""
}

// DemoSchool is one school of the demonstration.
type DemoSchool struct {
	Code, Name, Town   string
	Region, Inspection string // unit codes of the pack's tree
	Type               string
	Levels, Series     []string
	Enrolled           bool // its box is part of the demonstration
}

// Demo is a site of the demonstration while modules fill it. The same seed
// gives the same people and texts.
type Demo struct {
	*Running
	Rand    *rand.Rand   // of the calling module alone: modules do not disturb one another
	School  DemoSchool   // the one with a box; Demo.Kind tells which side is being filled
	Schools []DemoSchool // all that the office knows, School first

	logins []Login
}

// AddLogin lists an account in demo.json. Its secret must be the lasting one.
func (d *Demo) AddLogin(l Login) {
	if l.Site == "" {
		l.Site = string(d.Kind)
	}
	d.logins = append(d.logins, l)
}

// Logins are the accounts listed so far.
func (d *Demo) Logins() []Login { return append([]Login(nil), d.logins...) }

// AtOffice tells whether the office is being filled.
func (d *Demo) AtOffice() bool { return d.Kind == web.Office }
