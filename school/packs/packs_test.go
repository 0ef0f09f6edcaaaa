package packs_test

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/store/storetest"
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
	if got := packs.Names(); !slices.Equal(got, []string{"togo"}) {
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
	for _, c := range []struct{ name, file, from, to, want string }{
		{"unknown key", "levels.yaml", "cycle: college, written: [6,", "cicle: college, written: [6,", `levels.yaml:3: unknown key "cicle"`},
		{"doubled code", "series.yaml", "code: C,", "code: D,", "series D stands twice"},
		{"unknown level", "series.yaml", "levels: [1re, Tle]}", "levels: [1re, Tie]}", `unknown level "Tie"`},
		{"unknown subject", "catalogue.yaml", "subject: FRAN", "subject: FRANC", `catalogue.yaml:6: unknown subject "FRANC"`},
		{"no number", "catalogue.yaml", "coefficient: 4", "coefficient: quatre", `coefficient "quatre" is no number`},
		{"series not there", "catalogue.yaml", "levels: [2nde], series: A,", "levels: [Tle], series: A,", "series A does not exist in Tle"},
		{"no such day", "calendar.yaml", "from: 2026-09-14\n", "from: 2026-09-31\n", "are not days in order"},
		{"bad type", "series.yaml", "type: general", "type: generale", `not "generale"`},
		{"a list for a value", "levels.yaml", "name: Sixième", "name: [Sixième]", "one value is expected"},
		{"a value for a list", "levels.yaml", "[6, 6ème, 6eme]", "6ème", "a list is expected"},
		{"not YAML", "org.yaml", "- code: DRE-MA", "- code: [DRE-MA", "org.yaml"},
		{"doubled key", "pack.yaml", "code: togo", "code: togo\ncode: togo", "pack.yaml"},
		{"reference", "pack.yaml", "note:", "note: &n", ""},
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
		})
	}
	if _, err := packs.Read(fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "levels.yaml: the file is missing") {
		t.Errorf("an empty folder: %v", err)
	}
	for _, name := range []string{"", "..", "../togo", "mali"} {
		if _, err := packs.Load(name); err == nil {
			t.Errorf("a pack named %q was loaded", name)
		}
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
