package average_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"

	"preau/school/average"
)

// formula is the usual two marks: classe = (interro + 2 devoir) / 3,
// average = (classe + composition) / 2.
func formula() average.Formula {
	return average.Formula{
		Code: "f", Name: "f", Cycles: []string{"lycee"}, Scale: "20",
		Kinds: []average.Kind{{Code: "interro", Name: "Interrogations"}, {Code: "devoir", Name: "Devoirs"}, {Code: "compo", Name: "Composition", Scale: "40"}},
		Groups: []average.Group{
			{Code: "classe", Name: "Classe", Parts: []average.Part{{Of: "interro", Weight: "1"}, {Of: "devoir", Weight: "2"}}},
			{Code: "moyenne", Name: "Moyenne", Parts: []average.Part{{Of: "classe", Weight: "1"}, {Of: "compo", Weight: "1"}}},
		},
		Subject:     "moyenne",
		States:      average.States{Absj: average.Out, Abs: average.Zero, Fraud: average.ZeroNoted, Disp: average.SubjectOut, NR: average.SubjectUnrate},
		Unclassed:   average.Unclassed{Subjects: "2", Share: "0.5"},
		Facultative: average.Facultative{Above: "10", Cap: "12"},
		Annual:      average.Annual{Weights: []string{"1", "2"}},
	}
}

func engine(t testing.TB, f average.Formula) *average.Engine {
	t.Helper()
	e, err := average.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func num(s string) average.Decimal { return average.MustDecimal(s) }

// given makes entries: "devoir 12.5", "compo 31/40", "interro abs", "devoir 9 x2".
func given(texts ...string) (out []average.Entry) {
	for _, text := range texts {
		parts := strings.Fields(text)
		e := average.Entry{Kind: parts[0], Scale: num("20"), Coefficient: num("1")}
		value, scale, scaled := strings.Cut(parts[1], "/")
		if scaled {
			e.Scale = num(scale)
		}
		if len(parts) > 2 {
			e.Coefficient = num(strings.TrimPrefix(parts[2], "x"))
		}
		m, err := average.ParseMark(value)
		if err != nil {
			panic(err)
		}
		e.Mark = m
		out = append(out, e)
	}
	return out
}

func TestOneSubject(t *testing.T) {
	e := engine(t, formula())
	for _, c := range []struct {
		marks    []string
		standing average.Standing
		mean     string
		noted    bool
	}{
		{[]string{"interro 12", "devoir 9", "compo 22/40"}, average.Rated, "10.5", false}, // classe 10, compo 11
		{[]string{"devoir 10", "compo 21.02/40"}, average.Rated, "10.26", false},          // 10.255 goes up
		{[]string{"devoir 10", "compo 21.018/40"}, average.Rated, "10.25", false},         // 10.2545 goes down
		{[]string{"devoir 9 x2", "devoir 12"}, average.Rated, "10", false},                // no composition: its weight goes over
		{[]string{"interro absj", "devoir 8"}, average.Rated, "8", false},
		{[]string{"interro abs", "devoir 9"}, average.Rated, "6", false},
		{[]string{"devoir fraude", "compo 40/40"}, average.Rated, "10", true},
		{[]string{"devoir 20", "compo disp"}, average.Dispensed, "0", false},
		{[]string{"devoir nr", "compo 30/40"}, average.Unrated, "0", false},
		{[]string{"devoir nr", "compo disp"}, average.Dispensed, "0", false},
		{[]string{"devoir absj", "compo absj"}, average.Unrated, "0", false},
		{[]string{"voyage 20"}, average.Empty, "0", false}, // a kind that the formula does not know
		{nil, average.Empty, "0", false},
	} {
		r := e.Subject(average.Subject{Coefficient: num("3"), Entries: given(c.marks...)})
		if r.Standing != c.standing || r.Mean != num(c.mean) || r.Noted != c.noted {
			t.Errorf("%v: %v %s noted %v", c.marks, r.Standing, r.Mean, r.Noted)
		}
	}
}

func TestGeneral(t *testing.T) {
	e := engine(t, formula())
	s := func(coefficient string, facultative bool, marks ...string) average.Subject {
		return average.Subject{Coefficient: num(coefficient), Facultative: facultative, Entries: given(marks...)}
	}
	for _, c := range []struct {
		name      string
		subjects  []average.Subject
		mean      string
		rated, no bool
		bonus     string
	}{
		{"plain", []average.Subject{s("5", false, "devoir 12"), s("2", false, "devoir 9")}, "11.14", true, false, "0"},
		{"bonus", []average.Subject{s("5", false, "devoir 12"), s("2", true, "devoir 14")}, "13.6", true, false, "8"},
		{"capped", []average.Subject{s("5", false, "devoir 12"), s("2", true, "devoir 20")}, "14.4", true, false, "12"},
		{"facultative below", []average.Subject{s("5", false, "devoir 12"), s("2", true, "devoir 4")}, "12", true, false, "0"},
		{"never above the scale", []average.Subject{s("1", false, "devoir 20"), s("2", true, "devoir 20")}, "20", true, false, "12"},
		{"dispensed", []average.Subject{s("5", false, "devoir 12"), s("2", false, "devoir disp")}, "12", true, false, "0"},
		{"three not rated", []average.Subject{s("9", false, "devoir 12"), s("1", false, "devoir nr"), s("1", false, "devoir nr"), s("1", false, "devoir nr")}, "12", true, true, "0"},
		{"half of the weight", []average.Subject{s("4", false, "devoir 12"), s("5", false, "devoir nr")}, "12", true, true, "0"},
		{"exactly half", []average.Subject{s("4", false, "devoir 12"), s("4", false, "devoir nr")}, "12", true, false, "0"},
		{"nothing", []average.Subject{s("4", false)}, "0", false, true, "0"},
		{"only facultative", []average.Subject{s("4", true, "devoir 15")}, "0", false, true, "12"},
	} {
		r := e.Pupil(c.subjects)
		if r.General != num(c.mean) || r.Rated != c.rated || r.Unclassed != c.no || r.Bonus != num(c.bonus) {
			t.Errorf("%s: %s rated %v unclassed %v bonus %s", c.name, r.General, r.Rated, r.Unclassed, r.Bonus)
		}
	}
}

func TestYear(t *testing.T) {
	e := engine(t, formula())
	p := func(s string) average.Period { return average.Period{Has: s != "", Mean: num("0" + s)} }
	for want, periods := range map[string][]average.Period{
		"11.35": {p("10.05"), p("12")}, "12": {p(""), p("12")}, "10": {p("10")}, "": {p(""), p("")},
	} {
		mean, has := e.Year(periods)
		if has != (want != "") || has && mean != num(want) {
			t.Errorf("%v: %s %v", periods, mean, has)
		}
	}
}

func TestBestMarks(t *testing.T) {
	f := formula()
	f.Kinds[0].Best, f.Kinds[0].Minimum = "2", "2"
	e := engine(t, f)
	for want, marks := range map[string][]string{
		"13": {"interro 4", "interro 12", "interro 14"},
		"7":  {"interro abs", "interro 14"},
		"11": {"interro 14", "devoir 11"}, // one interrogation is too few: out
	} {
		if r := e.Subject(average.Subject{Coefficient: num("1"), Entries: given(marks...)}); r.Mean != num(want) {
			t.Errorf("%v: %s, want %s", marks, r.Mean, want)
		}
	}
}

func TestRanks(t *testing.T) {
	list := []average.Standings{{Mean: num("12"), Ranked: true}, {Mean: num("15"), Ranked: true}, {Mean: num("15")}, {Mean: num("15"), Ranked: true}, {Mean: num("9"), Ranked: true}}
	var got []string
	for i, p := range average.Rank(list) {
		got = append(got, p.In("fr", []string{"M", "F"}[i%2]))
	}
	if want := []string{"3e", "1re ex æquo", "", "1re ex æquo", "4e"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 11: "11th", 12: "12th", 22: "22nd", 111: "111th"} {
		if s := (average.Place{Rank: n}).In("en", "F"); s != want {
			t.Errorf("%d is %s", n, s)
		}
	}
	if s := (average.Place{Rank: 1, Tied: true}).In("fr", "M"); s != "1er ex æquo" {
		t.Error(s)
	}
}

func TestFormulasRefused(t *testing.T) {
	for want, change := range map[string]func(f *average.Formula){
		"fault.circle":         func(f *average.Formula) { f.Groups[0].Parts[0].Of = "moyenne" },
		"fault.not_above_zero": func(f *average.Formula) { f.Groups[0].Parts[0].Weight = "0" },
		"fault.no_number":      func(f *average.Formula) { f.Scale = "vingt" },
		"no_part":              func(f *average.Formula) { f.Groups[0].Parts[0].Of = "oral" },
		"kind_alone":           func(f *average.Formula) { f.Kinds = append(f.Kinds, average.Kind{Code: "oral", Name: "Oral"}) },
		"two_groups":           func(f *average.Formula) { f.Groups[1].Parts[1].Of = "interro" },
		"fault.twice":          func(f *average.Formula) { f.Kinds[1].Code = "interro" },
		"no_subject_group":     func(f *average.Formula) { f.Subject = "matiere" },
		"no_treatment":         func(f *average.Formula) { f.States.Abs = "" },
		"fault.treatment":      func(f *average.Formula) { f.States.Abs = "minus" },
		"no_parts":             func(f *average.Formula) { f.Groups[0].Parts = nil },
		"fault.minimum":        func(f *average.Formula) { f.Kinds[0].Best, f.Kinds[0].Minimum = "1", "2" },
		"group_alone": func(f *average.Formula) {
			f.Groups = append(f.Groups, average.Group{Code: "x", Name: "x", Parts: []average.Part{{Of: "x", Weight: "1"}}})
		},
		"no_weights":  func(f *average.Formula) { f.Annual.Weights = nil },
		"no_kinds":    func(f *average.Formula) { f.Kinds = nil },
		"no_whole":    func(f *average.Formula) { f.Places.Subject = "5" },
		"fault.below": func(f *average.Formula) { f.Kinds[0].Below = "gone" },
	} {
		f := formula()
		change(&f)
		_, err := average.New(f)
		var faults average.Faults
		if !errors.As(err, &faults) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

func TestDecimals(t *testing.T) {
	for in, want := range map[string]string{"12,5": "12.5", "0": "0", "007.10": "7.1", " 3 ": "3", "0.0001": "0.0001", "-2.5": "-2.5"} {
		if d, err := average.ParseDecimal(in); err != nil || d.String() != want {
			t.Errorf("%q: %s %v", in, d, err)
		}
	}
	for _, in := range []string{"", ".", "1.", ".5", "1.00001", "1e3", "1 2", "1234567", "+1", "0x1", "١", "--1", "1.2.3", "1,2,3"} {
		if d, err := average.ParseDecimal(in); err == nil {
			t.Errorf("%q was read as %s", in, d)
		}
	}
	for in, want := range map[string]string{"12.345": "12.35", "12.3449": "12.34", "-0.005": "0", "-0.0051": "-0.01", "0.005": "0.01"} {
		if d := average.Round(num(in).Rat(), 2); d != num(want) {
			t.Errorf("%s rounds to %s", in, d)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := average.Decimal(rapid.Int64Range(-9_999_999_999, 9_999_999_999).Draw(t, "d"))
		b, err := cbor.Marshal(d)
		var back average.Decimal
		if err != nil || cbor.Unmarshal(b, &back) != nil || back != d {
			t.Fatalf("%s is %x and comes back as %s", d, b, back)
		}
		if text, err := average.ParseDecimal(d.String()); err != nil || text != d {
			t.Fatalf("%s is read as %s: %v", d, text, err)
		}
	})
}

// TestExplanationsEndInTheirNumber: what is told is what is computed.
func TestExplanationsEndInTheirNumber(t *testing.T) {
	e := engine(t, formula())
	voice := average.Voice{T: func(key string, kv ...any) string {
		for i := 0; i+1 < len(kv); i += 2 {
			if kv[i] == "result" {
				return key + " " + kv[i+1].(string)
			}
		}
		return key
	}}
	rapid.Check(t, func(t *rapid.T) {
		list := subjects(t)
		r := e.Pupil(list)
		steps := e.ExplainGeneral(voice, list)
		last := steps[len(steps)-1]
		if r.Unclassed && r.Rated {
			last = steps[len(steps)-2]
		}
		if r.Rated && !strings.HasSuffix(last, " "+r.General.Fixed(2)) {
			t.Fatalf("%s ends in %q", r.General, last)
		}
		for i, s := range list {
			steps := e.ExplainSubject(voice, s)
			if r.Subjects[i].Standing == average.Rated && !strings.HasSuffix(steps[len(steps)-1], " "+r.Subjects[i].Mean.Fixed(2)) {
				t.Fatalf("%s ends in %q", r.Subjects[i].Mean, steps)
			}
		}
	})
}

func FuzzMark(f *testing.F) {
	for _, s := range []string{"12", "12,5", "abs", "absj", "fraude", "nr", "disp", "", "21", "-1", "1e5", "12.55555"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := average.ParseMark(s)
		if err != nil {
			return
		}
		if again, err := average.ParseMark(m.Text()); err != nil || again != m {
			t.Fatalf("%q is %v, written %q and read as %v", s, m, m.Text(), again)
		}
	})
}

// BenchmarkClass computes a class of 100 pupils in 14 subjects of 5 marks.
func BenchmarkClass(b *testing.B) {
	e := engine(b, formula())
	members := make([]average.Member, 100)
	for i := range members {
		for s := range 14 {
			members[i].Subjects = append(members[i].Subjects, average.Subject{Coefficient: average.Whole(1 + s%5), Entries: given("interro 12.5", "interro 9", "devoir 11.75", "devoir 31/40 x2", "compo 27/40")})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		e.Class(members)
	}
}
