package appliance

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"filippo.io/age"

	"preau/store"
	boxsync "preau/sync"
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
	Heard              bool // the office has a box of it on its books, which is not here
}

// DemoSchools are the schools that the demonstration's office knows: the first
// is the one with a box.
func DemoSchools() []DemoSchool {
	general := []string{"A4", "C", "D"}
	return []DemoSchool{
		{Code: "LYC-0117", Name: "Lycée de Tokoin", Town: "Lomé", Region: "DRE-GL", Inspection: "IESG-GOLFE-EST", Type: "general", Levels: []string{"2nde", "1re", "Tle"}, Series: append([]string{"A", "S"}, general...), Enrolled: true},
		{Code: "LYC-0204", Name: "Lycée d’Agoè-Centre", Town: "Lomé", Region: "DRE-GL", Inspection: "IESG-AGOE", Type: "general", Levels: []string{"2nde", "1re", "Tle"}, Series: general},
		{Code: "LYC-0631", Name: "Lycée technique de Kara", Town: "Kara", Region: "DRE-KA", Inspection: "IESG-KARA", Type: "technical", Levels: []string{"2nde", "1re", "Tle"}, Series: []string{"E", "F3", "G2"}, Heard: true},
		{Code: "CEG-0748", Name: "CEG Dapaong-Ville", Town: "Dapaong", Region: "DRE-SA", Inspection: "IESG-DAPAONG", Type: "general", Levels: []string{"6e", "5e", "4e", "3e"}, Heard: true},
	}
}

// Demo is a site of the demonstration while modules fill it. The same seed
// gives the same people and texts.
type Demo struct {
	*Running
	Rand    *rand.Rand   // of the calling module alone: modules do not disturb one another
	School  DemoSchool   // the one with a box; Running.Kind tells which side is being filled
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
func (d *Demo) Logins() []Login { return slices.Clone(d.logins) }

// AtOffice tells whether the office is being filled.
func (d *Demo) AtOffice() bool { return d.Kind == web.Office }

// Secret draws a password that reads well aloud: it is the same at every start.
func (d *Demo) Secret() string {
	const consonants, vowels = "bdfgkmnprstvz", "aeiou"
	b := make([]byte, 0, 12)
	for i := range 4 {
		if i == 2 {
			b = append(b, '-')
		}
		b = append(b, consonants[d.Rand.IntN(len(consonants))], vowels[d.Rand.IntN(len(vowels))])
	}
	return fmt.Sprintf("%s-%02d", b, 10+d.Rand.IntN(90))
}

// demoSeed is the one seed of the demonstration.
const demoSeed = 2026

// FillDemo has every module fill a new site of the demonstration, whose folder
// nobody holds, and returns the accounts they listed.
func FillDemo(ctx context.Context, cfg Config, s Site, log *slog.Logger) ([]Login, error) {
	schools := DemoSchools()
	name, code := schools[0].Name, schools[0].Code
	if s.Kind == web.Office {
		name, code = "Ministère de l’Éducation nationale", "MEN"
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	o := InitOptions{Kind: s.Kind, Name: name, Code: code, Recovery: identity.Recipient().String()}
	if err := initHere(ctx, cfg, s.Modules, o); err != nil {
		return nil, err
	}
	r, err := Open(cfg, s.Modules, nil, log)
	if err != nil {
		return nil, err
	}
	r.Version = s.Version
	d := &Demo{Running: r, School: schools[0], Schools: schools}
	err = errors.Join(d.fill(ctx), r.DB.Close())
	return d.logins, err
}

func (d *Demo) fill(ctx context.Context) error {
	order, err := demoOrder(d.Modules)
	if err != nil {
		return err
	}
	for _, m := range order {
		h := fnv.New64a()
		_, _ = h.Write([]byte(string(d.Kind) + m.Name))
		d.Rand = rand.New(rand.NewPCG(demoSeed, h.Sum64()))
		began := time.Now()
		if err := m.Demo(ctx, d); err != nil {
			return fmt.Errorf("demonstration of %s: %w", m.Name, err)
		}
		d.Log.Info("filled", "site", d.Kind, "module", m.Name, "took", time.Since(began).Round(time.Millisecond))
	}
	return nil
}

// demoOrder lists the modules that have a Demo, each after those it names.
func demoOrder(modules []Module) (order []Module, err error) {
	done := map[string]bool{}
	rest := slices.Clone(modules)
	for len(rest) > 0 {
		n := len(rest)
		rest = slices.DeleteFunc(rest, func(m Module) bool {
			for _, name := range m.DemoAfter {
				known := slices.ContainsFunc(modules, func(m Module) bool { return m.Name == name })
				if known && !done[name] {
					return false
				}
			}
			done[m.Name] = true
			if m.Demo != nil {
				order = append(order, m)
			}
			return true
		})
		if len(rest) == n {
			return nil, fmt.Errorf("appliance: the demonstrations of %s and others wait for one another", rest[0].Name)
		}
	}
	return order, nil
}

// DemoCode makes the enrolment code of a school in the folder of an office that
// nobody holds.
func DemoCode(cfg Config, s Site, schoolCode string) (code string, err error) {
	r, err := Open(cfg, s.Modules, nil, nil)
	if err != nil {
		return "", err
	}
	err = r.DB.Update(func(tx *store.Tx) (err error) {
		code, _, err = boxsync.NewCode(tx, schoolCode, time.Hour)
		return err
	})
	return code, errors.Join(err, r.DB.Close())
}

// DemoEnrol has the box in a folder that nobody holds meet the office that
// serves at addr, and fetches what waits for it.
func DemoEnrol(ctx context.Context, cfg Config, s Site, addr, code string) error {
	r, err := Open(cfg, s.Modules, nil, nil)
	if err != nil {
		return err
	}
	if _, err = Enrol(ctx, r, addr, code); err == nil {
		_, err = r.once(ctx)
	}
	return errors.Join(err, r.DB.Close())
}
