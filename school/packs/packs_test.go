package packs_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"preau/school"
	"preau/school/average"
	"preau/school/packs"
	"preau/store"
	"preau/store/storetest"
	"preau/web"
)

func togo(t *testing.T) *packs.Pack {
	t.Helper()
	p, err := packs.Load("togo")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTogo(t *testing.T) {
	p := togo(t)
	if got := packs.Names(); !slices.Equal(got, []string{"benin", "cameroun", "guinee", "mali", "senegal", "togo"}) {
		t.Errorf("packs %v", got)
	}
	if len(p.Regions) != 7 {
		t.Errorf("%d regional directorates, 7 expected", len(p.Regions))
	}
	inspections := 0
	for _, r := range p.Regions {
		inspections += len(r.Inspections)
	}
	if inspections < 18 || inspections > 19 {
		t.Errorf("%d inspections, 18 or 19 expected", inspections)
	}
	for _, s := range []string{"A4", "C", "D", "E", "F1", "F2", "F3", "F4", "G1", "G2", "G3", "Ti"} {
		for _, l := range []string{"1re", "Tle"} {
			if len(p.CatalogueOf(l, s)) < 6 {
				t.Errorf("%s %s has %d subjects in the catalogue", l, s, len(p.CatalogueOf(l, s)))
			}
		}
	}
	// The one catalogue that was seen in schools (DOMAIN, structure).
	want := map[string]string{"MATH": "5", "SP": "5", "SVT": "5", "FRAN": "2", "ANG": "2", "HG": "2", "PHILO": "2", "EPS": "1"}
	for _, row := range p.CatalogueOf("Tle", "D") {
		if c, ok := want[row.Subject]; ok && c != row.Coefficient {
			t.Errorf("Tle D %s has coefficient %s, want %s", row.Subject, row.Coefficient, c)
		}
		delete(want, row.Subject)
	}
	if len(want) > 0 {
		t.Errorf("Tle D lacks %v", want)
	}
	for day, code := range map[string]string{"2024-01-15": "MEPSTA", "2026-11-23": "MEN"} {
		if h, ok := p.HeaderOn(day); !ok || h.Code != code {
			t.Errorf("header on %s: %v %v", day, h.Code, ok)
		}
	}
	for _, y := range p.Years {
		for _, cycle := range []string{"lycee", "college"} {
			sy := y.SchoolYear(cycle)
			if err := school.CheckYear(&sy); err != nil {
				t.Errorf("%s %s: %v", y.Label, cycle, err)
			}
		}
	}
	sy := p.Years[len(p.Years)-1].SchoolYear("lycee")
	if q, ok := sy.PeriodOn(school.EvaluationPeriod, "2026-11-23"); !ok || q.Name != "1er semestre" {
		t.Errorf("evaluation period today: %v", q)
	}
	if q, ok := sy.PeriodOn(school.CalendarPeriod, "2026-11-23"); !ok || q.Name != "1er trimestre" {
		t.Errorf("calendar period today: %v", q)
	}
}

func TestNamesAsPeopleWriteThem(t *testing.T) {
	p := togo(t)
	for label, want := range map[string]string{
		"Tle A4-2": "Tle A4", "Tle D1": "Tle D", "TLE C": "Tle C", "1ère F3": "1re F3", "1re A4": "1re A4",
		"2nde S2": "2nde S", "Terminale G2": "Tle G2", "2nde A4-1": "2nde A4", "Seconde S 3": "2nde S",
		"TD2": "Tle D", "1D": "1re D", "2S1": "2nde S", "Tle A": "Tle A4", "Première Ti": "1re Ti", "TF3": "Tle F3",
		"6e B": "6e ", "6ème 2": "6e ", "Tle Danse": "Tle ", "Tout": " ", "": " ", "Chorale": " ", "Tle série D 1": "Tle D",
		"1RE C": "1re C", "Tle Z": "Tle ", "2nde D": "2nde ",
	} {
		l, s := p.ClassNamed(label)
		if got := l + " " + s; got != want {
			t.Errorf("ClassNamed(%q) = %q, want %q", label, got, want)
		}
	}
	for text, want := range map[string]string{"d": "D", "Série D": "D", "F 3": "F3", "TI": "Ti", "a4": "A4", "Z": "", "": "", "S": "S"} {
		if s, _ := p.SeriesNamed(text); s.Code != want {
			t.Errorf("SeriesNamed(%q) = %q, want %q", text, s.Code, want)
		}
	}
	for text, want := range map[string]string{"Terminale": "Tle", "T": "Tle", "1ère": "1re", "1ERE": "1re", "2nde": "2nde", "Seconde": "2nde", "x": ""} {
		if l, _ := p.LevelNamed(text); l.Code != want {
			t.Errorf("LevelNamed(%q) = %q, want %q", text, l.Code, want)
		}
	}
}

func TestSeedYears(t *testing.T) {
	db := storetest.Open(t, school.Years)
	for range 2 { // the second time nothing is added
		if err := db.Update(func(tx *store.Tx) error { return togo(t).SeedYears(tx, "lycee") }); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.View(func(tx *store.Tx) error {
		n, err := school.Years.Count(tx, "label")
		if n != len(togo(t).Years) {
			t.Errorf("%d years", n)
		}
		y, yerr := school.YearOn(tx, "2026-11-23")
		if y.Label != "2026-2027" || len(y.Periods) != 5 {
			t.Errorf("%s with %d periods", y.Label, len(y.Periods))
		}
		return errors.Join(err, yerr)
	}); err != nil {
		t.Fatal(err)
	}
}

// TestFaults changes one line of the pack at a time: each fault names file and line.
func TestFaults(t *testing.T) {
	words, err := web.LoadWords(school.Words)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, file, from, to, want string }{
		{"unknown key", "levels.yaml", "cycle: college, written: [6,", "cicle: college, written: [6,", `levels.yaml:3: unknown key “cicle”`},
		{"doubled code", "series.yaml", "code: C,", "code: D,", "series D stands twice"},
		{"unknown level", "series.yaml", "levels: [1re, Tle]}", "levels: [1re, Tie]}", `unknown level “Tie”`},
		{"unknown subject", "catalogue.yaml", "subject: FRAN", "subject: FRANC", `catalogue.yaml:6: unknown subject “FRANC”`},
		{"no number", "catalogue.yaml", "coefficient: 4", "coefficient: quatre", `coefficient “quatre” is no number`},
		{"series not there", "catalogue.yaml", "levels: [2nde], series: A,", "levels: [Tle], series: A,", "series A does not exist in Tle"},
		{"no such day", "calendar.yaml", "from: 2026-09-14\n", "from: 2026-09-31\n", "are not days in order"},
		{"bad type", "series.yaml", "type: general", "type: generale", `not “generale”`},
		{"a list for a value", "levels.yaml", "name: Sixième", "name: [Sixième]", "one value is expected"},
		{"a value for a list", "levels.yaml", "[6, 6ème, 6eme]", "6ème", "a list is expected"},
		{"not YAML", "org.yaml", "- code: DRE-MA", "- code: [DRE-MA", "org.yaml"},
		{"doubled key", "pack.yaml", "code: togo", "code: togo\ncode: togo", "pack.yaml"},
		{"reference", "pack.yaml", "note:", "note: &n", ""},
		{"a cycle", "formula.yaml", "{of: interro, weight: 1}", "{of: moyenne, weight: 1}", "contains itself: moyenne → classe → moyenne"},
		{"a weight of zero", "formula.yaml", "{of: devoir, weight: 2}", "{of: devoir, weight: 0}", "formula.yaml:19: the weight of devoir 0 is not above 0"},
		{"no such part", "formula.yaml", "{of: devoir, weight: 2}", "{of: devoirs, weight: 2}", `the part “devoirs” is neither a kind nor a group`},
		{"no treatment", "formula.yaml", "absj: out", "absj: oublier", `the treatment “oublier” of absj`},
		{"no cycle's formula", "formula.yaml", "cycles: [lycee]", "cycles: [college]", `no formula of formula.yaml is meant for the cycle “lycee”`},
		{"mentions in disorder", "council.yaml", `from: "16"`, `from: "19"`, "does not stand below"},
		{"an odd award", "council.yaml", "kind: praise", "kind: prize", "kind is praise / warning"},
		{"a wrong result", "examples.yaml", `mean: "13.`, `mean: "14.`, "comes out"},
		{"a wrong step", "examples.yaml", "(12 + 15) / 2", "(12 + 16) / 2", "is 14.0000, not 13.5000"},
		{"a mark above its scale", "examples.yaml", "marks: [12, 9,", "marks: [21, 9,", `“21” is no mark out of 20`},
		{"an unknown kind", "examples.yaml", "kind: interro", "kind: oral", `unknown kind “oral”`},
		{"a row too short", "examples.yaml", "marks: [12, 9, absj, 7, 12, abs]", "marks: [12, 9]", "2 marks for 6 pupils"},
		{"no version", "pack.yaml", `version: "2026.1"`, `version: ""`, "version is missing"},
		{"odd timezone", "pack.yaml", "Africa/Lome", "Afrique/Lomé", "unknown timezone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := fstest.MapFS{}
			files, err := fs.Glob(os.DirFS("togo"), "*.yaml")
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				b, err := os.ReadFile("togo/" + f)
				if err != nil {
					t.Fatal(err)
				}
				text := string(b)
				if f == c.file {
					if !strings.Contains(text, c.from) {
						t.Fatalf("%s does not contain %q", f, c.from)
					}
					text = strings.Replace(text, c.from, c.to, 1)
				}
				dir[f] = &fstest.MapFile{Data: []byte(text)}
			}
			_, err = packs.Read(dir)
			var faults packs.Faults
			switch {
			case c.want == "" && err == nil:
			case !errors.As(err, &faults) || !strings.Contains(err.Error(), c.want):
				t.Errorf("faults: %v\nwant one with %q", err, c.want)
			}
			for _, f := range faults { // in French too, with every value in its place
				fr := f.Text(func(key string, kv ...any) string { return words.T("fr", key, kv...) })
				if fr == f.Key || fr == f.English() || strings.Contains(fr+f.English(), "{") {
					t.Errorf("%s:%d in French: %q, in English: %q", f.File, f.Line, fr, f.English())
				}
				if c.name == "unknown key" && fr != "le champ «\u202fcicle\u202f» n’existe pas" {
					t.Errorf("in French: %q", fr)
				}
			}
		})
	}
	if _, err := packs.Read(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "levels.yaml: the file is missing") {
		t.Errorf("an empty folder: %v", err)
	}
	for _, name := range []string{"", "..", "../togo", "france"} {
		if _, err := packs.Load(name); err == nil {
			t.Errorf("a pack named %q was loaded", name)
		}
	}
}

// TestEveryPackShowsEveryCase: what a pack's examples must contain, so that
// computing them again proves something.
func TestEveryPackShowsEveryCase(t *testing.T) {
	for _, name := range packs.Names() {
		p, err := packs.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		shown := map[string]bool{}
		for _, x := range p.Examples {
			for _, e := range x.Evaluations {
				for _, m := range e.Marks {
					shown[m] = true
				}
			}
			for _, e := range x.Expect {
				shown[e.Standing] = true
				shown["tie"] = shown["tie"] || strings.HasSuffix(e.Rank, "ex æquo")
				shown["feminine"] = shown["feminine"] || strings.HasPrefix(e.Rank, "1re")
				shown["noted"] = shown["noted"] || e.Noted == "yes"
				shown["year"] = shown["year"] || e.Year
			}
			for _, s := range x.Steps {
				exact, ok := packs.Reckon(s.Calc, "0.00000000000000000000")
				if !ok {
					t.Fatalf("%s is no sum", s.Calc)
				}
				_, digits, _ := strings.Cut(s.Is, ".")
				whole, part, _ := strings.Cut(exact, ".")
				shown["half-up"] = shown["half-up"] || whole != "" && strings.TrimRight(part[len(digits):], "0") == "5"
			}
		}
		for _, want := range []string{"abs", "absj", "fraude", "disp", "nr", "tie", "feminine", "noted", "half-up", "dispensed", "unrated", "year"} {
			if !shown[want] {
				t.Errorf("no example of %s shows %s", name, want)
			}
		}
		for _, o := range p.Worked(average.Voice{T: func(key string, _ ...any) string { return key }}) {
			if !o.OK || o.Want == "" || len(o.Words) == 0 && o.Got != "empty" {
				t.Errorf("%s, %s, line %d: want %q, got %q in %d steps", name, o.Example, o.Line, o.Want, o.Got, len(o.Words))
			}
		}
	}
}

var update = flag.Bool("update", false, "write golden files")

// TestTheTableOfExamples keeps docs/PACK-EXAMPLES.md: every expected result of
// every pack, computed again.
func TestTheTableOfExamples(t *testing.T) {
	var b strings.Builder
	b.WriteString("# What the packs' worked examples give\n\nEach line is computed again by the tests and by `preau pack check`; the working, step by step and by hand, stands in the pack's `examples.yaml`. `go test ./school/packs -update` writes this file.\n")
	for _, name := range packs.Names() {
		p := packs.Must(name)
		fmt.Fprintf(&b, "\n## %s, version %s\n\n| example | pupil | of | expected | computed |\n|---|---|---|---|---|\n", p.About.Name, p.About.Version)
		for _, o := range p.Worked(average.Voice{}) {
			of := o.Subject
			if of == "" {
				of = "the whole"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", o.Example, o.Pupil, of, o.Want, o.Got)
		}
	}
	const file = "../../docs/PACK-EXAMPLES.md"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if was, err := os.ReadFile(file); err != nil || string(was) != b.String() {
		t.Errorf("%s is stale: go test ./school/packs -update (%v)", file, err)
	}
}

func TestAChangedFormulaDoesNotReachBack(t *testing.T) {
	dir := fstest.MapFS{}
	files, err := fs.Glob(os.DirFS("togo"), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile("togo/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "formula.yaml" {
			lycee, _, _ := strings.Cut(string(b), "\n- code: college")
			changed := strings.Replace(lycee[strings.Index(lycee, "- code: lycee"):], "from: 2025-09-01", "from: 2027-02-08", 1)
			b = append(b, "\n"+strings.Replace(changed, "{of: devoir, weight: 2}", "{of: devoir, weight: 3}", 1)...)
		}
		if name == "examples.yaml" {
			b = []byte("- {code: x, title: x, formula: college, level: 6e, years: [{pupil: A, means: ['10']}], expect: [{pupil: A, year: true, mean: '10.00'}], steps: [{say: x, calc: '10 / 1', is: '10'}]}")
		}
		dir[name] = &fstest.MapFile{Data: b}
	}
	p, err := packs.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]string{"2024-01-01": "2", "2026-09-14": "2", "2027-02-07": "2", "2027-02-08": "3", "2028-01-01": "3"} {
		e, err := p.EngineOf("Tle", day)
		if err != nil || e.Formula.Groups[0].Parts[1].Weight != want {
			t.Errorf("a period from %s weighs devoirs %v, want %s (%v)", day, e, want, err)
		}
	}
}

func TestTheCouncilProposes(t *testing.T) {
	c := togo(t).Council
	d := average.MustDecimal
	for _, x := range []struct {
		mean, lowest string
		tally        school.Tally
		want         string
	}{
		{"16.5", "11", school.Tally{}, "felicitations"},
		{"16.5", "9", school.Tally{}, "encouragements"},
		{"16.5", "11", school.Tally{Absences: 40, Justified: 10}, "avertissement_conduite"},
		{"12", "2", school.Tally{Absences: 25, Justified: 5}, "tableau"},
		{"8.49", "2", school.Tally{}, "avertissement_travail"},
		{"8.5", "2", school.Tally{}, ""},
	} {
		var got []string
		for _, a := range c.Propose(d(x.mean), d(x.lowest), x.tally) {
			got = append(got, a.Code)
		}
		if strings.Join(got, " ") != x.want {
			t.Errorf("%s, lowest %s, %+v: %v, want %s", x.mean, x.lowest, x.tally, got, x.want)
		}
	}
	if m := c.MentionOf(d("15.99")); m != "Bien" {
		t.Errorf("15.99 is %s", m)
	}
	if s := packs.PhraseOf(c.Phrases.General, d("14")); s != "Bon ensemble, continuez" {
		t.Errorf("14 is %s", s)
	}
}

// FuzzRead: whatever one file says, reading ends with a pack or with faults.
// The files are long, so give -fuzzminimizetime 1x or all time goes to shortening.
func FuzzRead(f *testing.F) {
	files, err := fs.Glob(os.DirFS("togo"), "*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	whole := fstest.MapFS{}
	for i, name := range files {
		b, err := os.ReadFile("togo/" + name)
		if err != nil {
			f.Fatal(err)
		}
		whole[name] = &fstest.MapFile{Data: b}
		f.Add(i, b)
	}
	f.Add(0, []byte("a: &a [*a, *a]\n<<: *a"))
	f.Fuzz(func(t *testing.T, i int, b []byte) {
		dir := fstest.MapFS{}
		for name, file := range whole {
			dir[name] = file
		}
		dir[files[uint(i)%uint(len(files))]] = &fstest.MapFile{Data: b}
		p, err := packs.Read(dir)
		var faults packs.Faults
		if (p == nil) == (err == nil) || err != nil && (!errors.As(err, &faults) || err.Error() == "") {
			t.Fatalf("%v %v", p, err)
		}
	})
}
