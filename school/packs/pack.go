package packs

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"preau/school/average"
)

// Pack is what one country's files say. Read only: Load shares it.
type Pack struct {
	About     About
	Levels    []Level // in teaching order
	Series    []Series
	Subjects  []Subject
	Catalogue []Row
	Regions   []Region
	Years     []Year
	Headers   []Header
	Formulas  []average.Formula
	Council   Council
	Examples  []Example

	engines []*average.Engine // of Formulas
}

// About introduces a pack.
type About struct {
	Code     string `yaml:"code"`
	Version  string `yaml:"version"` // rises with every change: "2026.1"
	Name     string `yaml:"name"`
	Country  string `yaml:"country"`
	Language string `yaml:"language"`
	Republic string `yaml:"republic"` // right side of official headers
	Motto    string `yaml:"motto"`
	Head     string `yaml:"head"` // over the head's signature: "Le proviseur"
	Timezone string `yaml:"timezone"`
	Note     string `yaml:"note"`
	From     string `yaml:"from"` // day, "" always: what begins then or later uses this version
}

// Level is a year of studies.
type Level struct {
	Code    string   `yaml:"code"` // "Tle"
	Name    string   `yaml:"name"` // "Terminale"
	Cycle   string   `yaml:"cycle"`
	Exam    string   `yaml:"exam"`    // taken at its end, "" when none
	Written []string `yaml:"written"` // other spellings met in lists
	Line    int      `yaml:"-"`
}

// Series is a branch of studies.
type Series struct {
	Code    string   `yaml:"code"`
	Name    string   `yaml:"name"`
	Type    string   `yaml:"type"` // general or technical
	Levels  []string `yaml:"levels"`
	Written []string `yaml:"written"`
	Line    int      `yaml:"-"`
}

// Subject is something taught.
type Subject struct {
	Code  string `yaml:"code"`
	Name  string `yaml:"name"`
	Group string `yaml:"group"`
	Line  int    `yaml:"-"`
}

// Row gives a subject's weight at a level in a series. Coefficient is a
// decimal in text: marks are never floats.
type Row struct {
	Level       string
	Series      string // "" in a collège
	Subject     string
	Coefficient string
	Hours       string // a week
	Facultative bool
	Line        int
}

// fileRow is a row as the file has it, for several levels at once.
type fileRow struct {
	Levels      []string `yaml:"levels"`
	Series      string   `yaml:"series"`
	Subject     string   `yaml:"subject"`
	Coefficient string   `yaml:"coefficient"`
	Hours       string   `yaml:"hours"`
	Facultative bool     `yaml:"facultative"`
	Line        int      `yaml:"-"`
}

// Region is a regional directorate (DRE) with its inspections.
type Region struct {
	Code        string       `yaml:"code"`
	Name        string       `yaml:"name"`
	Seat        string       `yaml:"seat"`
	Inspections []Inspection `yaml:"inspections"`
	Line        int          `yaml:"-"`
}

// Inspection is a circumscription of a region.
type Inspection struct {
	Code string `yaml:"code"`
	Name string `yaml:"name"`
}

// Year is a school year, days included, YYYY-MM-DD.
type Year struct {
	Label   string   `yaml:"label"`
	From    string   `yaml:"from"`
	Until   string   `yaml:"until"`
	Periods []Period `yaml:"periods"`
	Line    int      `yaml:"-"`
}

// Period is a part of a year. Use is "calendar" or "evaluation"; Cycle says
// whose evaluation: lycées evaluate by semester, collèges by trimester.
type Period struct {
	Use    string `yaml:"use"`
	Cycle  string `yaml:"cycle"`
	Number int    `yaml:"number"`
	Name   string `yaml:"name"`
	From   string `yaml:"from"`
	Until  string `yaml:"until"`
}

// Header is an official header for papers, valid on the days From to Until,
// both included; "" is open.
type Header struct {
	Code  string   `yaml:"code"`
	From  string   `yaml:"from"`
	Until string   `yaml:"until"`
	Left  []string `yaml:"left"`
	Line  int      `yaml:"-"`
}

//go:embed benin cameroun guinee mali senegal togo
var embedded embed.FS

var loaded sync.Map // name → func() (*Pack, error)

// Names lists the packs in the program.
func Names() []string {
	entries, _ := embedded.ReadDir(".")
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// Load reads a pack of the program, once. The pack is shared: do not change it.
func Load(name string) (*Pack, error) {
	once, _ := loaded.LoadOrStore(name, sync.OnceValues(func() (*Pack, error) {
		files, err := Embedded(name)
		if err != nil {
			return nil, err
		}
		return files.Pack()
	}))
	return once.(func() (*Pack, error))()
}

// Embedded are the files of a pack of the program.
func Embedded(name string) (Files, error) {
	unknown := fmt.Errorf("no pack named %q; there is %s", name, strings.Join(Names(), ", "))
	if name == "" || strings.ContainsAny(name, `/\.`) {
		return nil, unknown
	}
	dir, err := fs.Sub(embedded, name)
	if err != nil {
		return nil, fmt.Errorf("load the pack %s: %w", name, err)
	}
	if _, err := fs.Stat(dir, "pack.yaml"); err != nil {
		return nil, unknown
	}
	return FilesIn(dir)
}

// Must is Load for a pack that is part of the program and tested.
func Must(name string) *Pack {
	p, err := Load(name)
	if err != nil {
		panic(err)
	}
	return p
}
