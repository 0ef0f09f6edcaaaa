package marks

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"preau/appliance"
	"preau/assets"
	"preau/modules/marks/bulletin"
	"preau/school"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

// TestBenchMarksOnPaper measures bulletins as a school prints them: a class of 100
// asked for as a page, read and computed each time; the same pages drawn alone;
// freezing a class; and a school of 2,400 in one file. Memory is what the process
// takes more than before, at its most.
func TestBenchMarksOnPaper(t *testing.T) {
	if os.Getenv("PREAU_BENCH") != "marks" {
		t.Skip("a measurement, not a test: make bench-marks")
	}
	const pupils, subjects, classes = 100, 14, 24
	m := Module()
	site := webtest.New(t, webtest.Setup{Routes: m.Pages, Nav: m.Nav, Words: []fs.FS{m.Files}, Collections: append(append(m.Collections, seal.Collections()...), org.Collections()...)})
	site.Clock.Set(time.Date(2027, 1, 20, 9, 0, 0, 0, time.UTC))
	ids := make([]store.ID, classes)
	for i := range ids {
		ids[i] = benchClass(t, site, fmt.Sprintf("2nde F1-%d", i+1), pupils, subjects)
	}
	head := site.As(school.Head)
	bulletins := func(class store.ID, what string) string {
		return "/marks/bulletins/" + class.String() + what + "?period=1"
	}

	var issuing []time.Duration
	for _, class := range ids {
		at := bulletins(class, "/issue")
		form := head.Get(at)
		began := time.Now()
		if p := form.Submit(at, nil); !p.Has(strconv.Itoa(pupils) + " bulletins sont émis.") {
			t.Fatalf("%s", p)
		}
		issuing = append(issuing, time.Since(began))
	}

	var asked []time.Duration
	var body int
	grew := grown(t, func() {
		for i := range 12 {
			began := time.Now()
			p := head.Get(bulletins(ids[i%classes], "/print"))
			if asked = append(asked, time.Since(began)); p.Status != http.StatusOK {
				t.Fatalf("%s", p)
			}
			body = len(p.Body)
		}
	})
	figures := []figure{
		took("class of 100 bulletins, read, computed, drawn", asked, 1000, int64(body)),
		weighs("… a page of it", body/pupils, 5<<10),
		weighs("… memory more than before", grew, 40<<20),
	}

	var drawn []bulletin.Page
	if err := site.DB.View(func(tx *store.Tx) error {
		list, err := issuedOf(tx, ids[0], 1)
		for _, b := range list {
			drawn = append(drawn, b.Value.Page)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var alone []time.Duration
	for range 12 {
		began := time.Now()
		if err := bulletin.Write(t.Context(), io.Discard, "Bulletins", pagesOf(len(drawn), func(i int) bulletin.Page { return drawn[i] }, "Imprimé"), nil); err != nil {
			t.Fatal(err)
		}
		alone = append(alone, time.Since(began))
	}
	drawing := took("", alone, 1, 0).Rate * pupils
	all := figures[0].Rate * pupils
	figures = append(figures,
		figure{What: "pages a second, drawn alone", N: pupils, Rate: drawing, Against: drawing, Ratio: 1},
		figure{What: "pages a second, all in, against that", N: pupils, Rate: all, Against: drawing, Ratio: all / drawing},
		took("freezing and signing a class of 100", issuing, 1000, 0))

	// A photo costs its own file and some time: here a face-like picture with the
	// grain of a telephone's camera.
	photo := grainy(t)
	var shown countWriter
	began := time.Now()
	if err := bulletin.Write(t.Context(), &shown, "Bulletins", pagesOf(len(drawn), func(i int) bulletin.Page {
		p := drawn[i]
		p.Photo = append(photo[:len(photo):len(photo)], byte(i)) // each its own
		return p
	}, "Imprimé"), nil); err != nil {
		t.Fatal(err)
	}
	figures = append(figures,
		took("class of 100 with photos, drawn alone", []time.Duration{time.Since(began)}, 1000, int64(shown)),
		weighs("… what a photo adds to a page, its own size", (int(shown)-body)/pupils, len(photo)))

	words, err := web.LoadWords(assets.Words, school.Words, m.Files)
	if err != nil {
		t.Fatal(err)
	}
	r := &appliance.Running{DB: site.DB, Kind: web.Box, Words: words, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	var p store.Record[press]
	if err := site.DB.Update(func(tx *store.Tx) error {
		now, _ := tx.Now()
		p.Value = press{Year: "2026-2027", Period: 1, By: site.People[school.Head].ID, Name: "AGBODJAN Kodjo", Began: now, Of: pupils * classes}
		p.ID, err = presses.Add(tx, p.Value)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var printing []time.Duration
	grew = grown(t, func() {
		began := time.Now()
		if err := run(t.Context(), r, p); err != nil {
			t.Fatal(err)
		}
		printing = append(printing, time.Since(began))
	})
	if err := site.DB.View(func(tx *store.Tx) error { p, err = presses.Get(tx, p.ID); return err }); err != nil {
		t.Fatal(err)
	}
	file := p.Value.File[0].Size
	whole := took("school of 2,400 in one file", printing, 24_000, file)
	benchReport(t, append(figures, whole,
		weighs("… a page of it", int(file)/pupils/classes, 5<<10),
		weighs("… memory more than before", grew, 40<<20),
		figure{What: "… pages a second, against drawing alone", N: pupils * classes, Rate: whole.Rate * pupils * classes, Against: drawing, Ratio: whole.Rate * pupils * classes / drawing}))
}

// grainy is a picture of the size and quality in which photos are kept.
func grainy(t *testing.T) []byte {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	img := image.NewRGBA(image.Rect(0, 0, 240, 320))
	for y := range 320 {
		for x := range 240 {
			dx, dy := float64(x-120)/70, float64(y-140)/95
			v := 200 - 120*math.Exp(-dx*dx-dy*dy) + 5*r.NormFloat64()
			img.Set(x, y, color.RGBA{uint8(v), uint8(v * .8), uint8(v * .7), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 78}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type countWriter int64

func (c *countWriter) Write(p []byte) (int, error) { *c += countWriter(len(p)); return len(p), nil }

func weighs(what string, bytes, goal int) figure {
	return figure{What: what, N: 1, Against: float64(goal), Ratio: float64(bytes) / float64(goal), Bytes: int64(bytes)}
}

// grown is by how many bytes the process grew at most while fn ran.
func grown(t *testing.T, fn func()) int {
	t.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the most so far is now
		t.Logf("no peak of memory here: %v", err)
	}
	before := resident(t, "VmRSS")
	fn()
	return resident(t, "VmHWM") - before
}

func resident(t *testing.T, line string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skipf("memory is measured on Linux: %v", err)
	}
	for l := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatalf("no %s", line)
	return 0
}
