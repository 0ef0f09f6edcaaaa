package marks

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"preau/school"
	"preau/school/average"
	"preau/store"
	"preau/web/webtest"
)

// figure is one line of build/bench/marks.json. Against is the goal, in
// milliseconds or bytes, where a ratio below 1 is better than the goal; or the
// rate of the drawing alone, where it is a share of that.
type figure struct {
	What    string  `json:"what"`
	N       int     `json:"n"`
	Rate    float64 `json:"rate"` // a second
	Against float64 `json:"against"`
	Ratio   float64 `json:"ratio"`
	P50     float64 `json:"p50_ms"`
	P99     float64 `json:"p99_ms"`
	Bytes   int64   `json:"bytes"`
}

// TestBenchMarks measures the recomputation of a class of 100 in 14 subjects of
// five evaluations, of a school of 24 such classes, read from the store each
// time, and the mark sheet of 120 rows.
func TestBenchMarks(t *testing.T) {
	if os.Getenv("PREAU_BENCH") != "marks" {
		t.Skip("a measurement, not a test: make bench-marks")
	}
	const pupils, subjects, classes = 100, 14, 24
	m := Module()
	site := webtest.New(t, webtest.Setup{Routes: m.Pages, Nav: m.Nav, Words: []fs.FS{m.Files}, Collections: m.Collections})
	ids := make([]store.ID, classes)
	for i := range ids {
		ids[i] = benchClass(t, site, fmt.Sprintf("2nde F1-%d", i+1), pupils, subjects)
	}
	compute := func(list []store.ID) time.Duration {
		began := time.Now()
		for _, id := range list {
			if err := site.DB.View(func(tx *store.Tx) error {
				x, err := readTerm(tx, id, 1)
				if err != nil {
					return err
				}
				for len(x.Subjects) < subjects { // the sample catalogue has fewer: the rest are copies
					x.Subjects = append(x.Subjects, x.Subjects[0])
				}
				if err := x.assemble(); err != nil {
					return err
				}
				if r := x.Results(); r.General.N != pupils {
					t.Fatalf("%d of %d pupils have an average", r.General.N, pupils)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		return time.Since(began)
	}
	var one, all []time.Duration
	for i := range 24 {
		one = append(one, compute(ids[i%classes:i%classes+1]))
	}
	for range 5 {
		all = append(all, compute(ids))
	}
	figures := []figure{took("class of 100 × 14 subjects, read and computed", one, 50, 0), took("school of 24 such classes", all, 1000, 0)}

	var sheetID store.ID
	full := benchClass(t, site, "2nde F1-99", 120, subjects)
	if err := site.DB.View(func(tx *store.Tx) error {
		e, err := evaluations.One(tx, "class", full, 1)
		sheetID = e.ID
		return err
	}); err != nil {
		t.Fatal(err)
	}
	c := site.As(school.Deputy)
	var page []time.Duration
	for range 40 {
		began := time.Now()
		if p := c.Get(sheetPath(sheetID)); p.Status != http.StatusOK {
			t.Fatalf("%d", p.Status)
		}
		page = append(page, time.Since(began))
	}
	plain := int64(len(c.Get(sheetPath(sheetID)).Body))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site.URL+sheetPath(sheetID), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	zipped := int64(len(c.Do(req).Body))
	figures = append(figures, took("mark sheet of 120 rows, server and loopback", page, 30, plain), figure{What: "mark sheet of 120 rows, compressed", N: 1, Against: 30 << 10, Ratio: float64(zipped) / (30 << 10), Bytes: zipped})
	benchReport(t, figures)
}

// took sums up times against a goal in milliseconds.
func took(what string, list []time.Duration, goal float64, bytes int64) figure {
	slices.Sort(list)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	p50, p99 := ms(list[len(list)/2]), ms(list[len(list)*99/100])
	return figure{What: what, N: len(list), Rate: 1000 / p50, Against: goal, Ratio: p50 / goal, P50: p50, P99: p99, Bytes: bytes}
}

// benchClass fills a class of the series F1, which has eleven subjects: five
// evaluations in each, every mark given.
func benchClass(t *testing.T, site *webtest.Site, label string, pupils, subjects int) store.ID {
	t.Helper()
	var class store.ID
	if err := site.DB.Update(func(tx *store.Tx) error {
		y, err := school.Years.One(tx, "label", "2026-2027")
		if err != nil {
			return err
		}
		y.Value.Periods = []school.Period{{Use: school.EvaluationPeriod, Number: 1, Name: "1er semestre", From: "2026-09-14", Until: "2027-02-05"}, {Use: school.EvaluationPeriod, Number: 2, Name: "2e semestre", From: "2027-02-08", Until: "2027-07-02"}}
		if err := school.Years.Set(tx, y.ID, y.Value); err != nil {
			return err
		}
		if class, err = school.Classes.Add(tx, school.Class{Label: label, Level: "2nde", Series: "F1", Year: "2026-2027"}); err != nil {
			return err
		}
		rows := make([]row, pupils)
		for i := range rows {
			id, err := school.People.Add(tx, school.Person{Kind: school.PupilKind, Roles: []school.Role{school.Pupil}, Class: class, Surname: fmt.Sprintf("KPATCHA %s %d", label, i), Given: "Essohanam", Sex: string("MF"[i%2])})
			if err != nil {
				return err
			}
			rows[i] = row{Pupil: id, State: average.Given, Version: 1, At: 1}
		}
		x, err := readClass(tx, class, 1)
		if err != nil {
			return err
		}
		for s := range min(subjects, len(x.Subjects)) {
			for n, kind := range []string{"interro", "interro", "devoir", "devoir", "composition"} {
				e := evaluation{Class: class, Subject: x.Subjects[s].Row.Subject, Period: 1, Kind: kind, Date: fmt.Sprintf("2026-10-%02d", n+10), Scale: average.Whole(20), Coefficient: average.Whole(1)}
				id, err := evaluations.Add(tx, e)
				if err != nil {
					return err
				}
				filled := slices.Clone(rows)
				for i := range filled {
					filled[i].Value = average.Decimal((i*37+s*91+n*53)%81) * 2_500 // quarters of a point
				}
				if _, err := sheets.Add(tx, sheet{Evaluation: id, Class: class, Period: 1, Rows: filled}); err != nil {
					return err
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return class
}

func benchReport(t *testing.T, list []figure) {
	t.Helper()
	f, err := os.OpenFile(os.Getenv("PREAU_BENCH_OUT"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Printf("%-48s %5s %9s %9s %7s %9s %9s %9s\n", "what", "n", "a second", "goal", "ratio", "p50 ms", "p99 ms", "bytes")
	for _, x := range list {
		fmt.Printf("%-48s %5d %9.1f %9.0f %7.2f %9.2f %9.2f %9d\n", x.What, x.N, x.Rate, x.Against, x.Ratio, x.P50, x.P99, x.Bytes)
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(append(b, '\n')); err != nil {
			t.Fatal(err)
		}
	}
}
