package appliance

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"preau/school"
	"preau/school/average"
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
	Worked   []Worked    `json:"worked"` // the pack's own examples, computed again
}

// Worked is one expected line of a pack's worked example: what its author wrote,
// what came out, and how, step by step.
type Worked struct {
	Example string   `json:"example"`
	Of      string   `json:"of"` // pupil and subject
	Want    string   `json:"want"`
	Got     string   `json:"got"`
	Steps   []string `json:"steps"`
}

// CheckPack reads the files of a country pack in dir and computes its worked
// examples again. The steps are told in the pack's language.
func CheckPack(dir string) (PackReport, error) {
	r := PackReport{Faults: []PackFault{}, Worked: []Worked{}}
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
		words, err := web.LoadWords(school.Words)
		if err != nil {
			return r, err
		}
		voice := average.Voice{Comma: p.About.Language == "fr", T: func(key string, kv ...any) string { return words.T(p.About.Language, key, kv...) }}
		for _, o := range p.Worked(voice) {
			r.Worked = append(r.Worked, Worked{o.Example, strings.TrimSpace(o.Pupil + " " + o.Subject), o.Want, o.Got, o.Words})
		}
	}
	return r, nil
}
