package appliance

import (
	"errors"
	"fmt"
	"os"

	"preau/school/packs"
	"preau/web"
)

// Kind is what a site is; the command line says it in its own words.
type Kind = web.Kind

// The kinds of site.
const (
	Box    = web.Box
	Office = web.Office
)

// PackFault is one thing wrong in a country pack.
type PackFault struct {
	File string `json:"file"`
	Line int    `json:"line"`
	What string `json:"what"`
}

// PackReport is what CheckPack found.
type PackReport struct {
	OK       bool        `json:"ok"`
	Name     string      `json:"name"`
	Levels   int         `json:"levels"`
	Series   int         `json:"series"`
	Subjects int         `json:"subjects"`
	Faults   []PackFault `json:"faults"`
}

// CheckPack reads the files of a country pack in dir.
func CheckPack(dir string) (PackReport, error) {
	r := PackReport{Faults: []PackFault{}}
	if fi, err := os.Stat(dir); err != nil || !fi.IsDir() {
		return r, fmt.Errorf("%s is no folder", dir)
	}
	p, err := packs.Read(os.DirFS(dir))
	var faults packs.Faults
	if err != nil && !errors.As(err, &faults) {
		return r, err
	}
	for _, f := range faults {
		r.Faults = append(r.Faults, PackFault(f))
	}
	if r.OK = len(r.Faults) == 0; r.OK {
		r.Name, r.Levels, r.Series, r.Subjects = p.About.Name, len(p.Levels), len(p.Series), len(p.Subjects)
	}
	return r, nil
}
