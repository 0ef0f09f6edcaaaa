package appliance

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"preau/school"
	"preau/school/average"
	"preau/school/packs"
	"preau/school/seal"
	"preau/web"
)

// Kind is what a site is; the command line says it in its own words.
type Kind = web.Kind

// The kinds of site.
const (
	Box    = web.Box
	Office = web.Office
)

// Packs are the codes of the country packs in the program.
func Packs() []string { return packs.Names() }

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
	Version  string      `json:"version"`
	From     string      `json:"from"`   // day from which it counts, "" always
	Signed   string      `json:"signed"` // code and version as signed, by a key that was not asked; "" no signature
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

// CheckPack reads a country pack, its folder or its one file, and computes its
// worked examples again. Faults are told in lang, the steps in the pack's language.
// Whose the signature of a file is only a site can say.
func CheckPack(path, lang string) (PackReport, error) {
	r := PackReport{Faults: []PackFault{}, Worked: []Worked{}}
	given, signed, err := packFiles(path)
	var p *packs.Pack
	if err == nil {
		p, err = given.Pack()
	}
	var faults packs.Faults
	if err != nil && !errors.As(err, &faults) {
		return r, err
	}
	if h, err := signed.Decode(); err == nil {
		r.Signed = h.Reference
	}
	words, err := web.LoadWords(school.Words)
	if err != nil {
		return r, err
	}
	in := func(lang string) func(string, ...any) string {
		return func(key string, kv ...any) string { return words.T(lang, key, kv...) }
	}
	for _, f := range faults {
		r.Faults = append(r.Faults, PackFault{f.File, f.Line, f.Text(in(lang))})
	}
	if r.OK = len(r.Faults) == 0; r.OK {
		r.Version, r.From = p.About.Version, p.About.From
		r.Name, r.Levels, r.Series, r.Subjects = p.About.Name, len(p.Levels), len(p.Series), len(p.Subjects)
		voice := average.Voice{Comma: p.About.Language == "fr", T: in(p.About.Language)}
		for _, o := range p.Worked(voice) {
			r.Worked = append(r.Worked, Worked{o.Example, strings.TrimSpace(o.Pupil + " " + o.Subject), o.Want, o.Got, o.Words})
		}
	}
	return r, nil
}

// packFiles reads the files of a pack from its folder, or from the one file in
// which it is carried.
func packFiles(path string) (packs.Files, seal.Signed, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, seal.Signed{}, fmt.Errorf("%s: there is no such folder or file", path)
	}
	if fi.IsDir() {
		given, err := packs.FilesIn(os.DirFS(path))
		return given, seal.Signed{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, seal.Signed{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, packs.MaxCarried+1))
	if err != nil {
		return nil, seal.Signed{}, err
	}
	return packs.Unpack(data)
}

// CarryPack is the pack in a folder as one file, not signed yet.
func CarryPack(dir string) ([]byte, error) {
	given, _, err := packFiles(dir)
	if err != nil {
		return nil, err
	}
	return given.Carry(seal.Signed{})
}
