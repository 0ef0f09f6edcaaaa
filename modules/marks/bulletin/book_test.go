package bulletin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"preau/modules/marks/bulletin"
)

// names hold the letters of Ewe and Kabiyè, tones included.
var names = []string{"KPƆTƆ Ɖela", "ƑIAVI Ŋutifafá", "ƔEDZE Ʋinɔ", "TCHAƖ Ʊdɛ́", "D’ALMEIDA Marie-Noëlle", "AGBODJAN Kodjo"}

func page(i int) bulletin.Page {
	p := bulletin.Page{
		Left:  []string{"MINISTÈRE DES ENSEIGNEMENTS PRIMAIRE ET SECONDAIRE", "Direction régionale Grand Lomé", "Inspection de Lomé-Golfe"},
		Right: []string{"RÉPUBLIQUE TOGOLAISE", "Travail – Liberté – Patrie", "Lycée de Tokoin"},
		Title: "Bulletin de notes — premier semestre 2026-2027",
		PupilLeft: []bulletin.Fact{
			{Value: names[i%len(names)], Bold: true},
			{Label: "Née le", Value: "12 mai 2008 à Kpalimé"},
			{Label: "Matricule", Value: fmt.Sprintf("1204-26-%05d-8", i)},
		},
		PupilRight: []bulletin.Fact{{Label: "Classe", Value: "Tle D1 · effectif 100", Bold: true}, {Label: "Redoublante", Value: "non"}},
		Columns: []bulletin.Column{
			{Title: "Matière", Weight: 50},
			{Title: "Interro.", Weight: 18, Number: true},
			{Title: "Devoir", Weight: 17, Number: true},
			{Title: "Moy. cl.", Weight: 18, Number: true},
			{Title: "Compo.", Weight: 18, Number: true},
			{Title: "Moy.", Weight: 17, Number: true, Bold: true},
			{Title: "Coef.", Weight: 13, Number: true},
			{Title: "Points", Weight: 20, Number: true},
			{Title: "Rang", Weight: 16, Number: true},
			{Title: "Chargé du cours", Weight: 40},
			{Title: "Appréciation", Weight: 60},
		},
		FootLeft: []bulletin.Fact{
			{Label: "Moyenne du semestre", Value: "11,83 sur 20", Bold: true},
			{Value: "(" + bulletin.InWords("11.83") + ")"},
			{Label: "Rang", Value: "8e ex æquo sur 61 élèves classés"},
			{Label: "Classe", Value: "plus forte 15,92 · plus faible 6,08 · moyenne 10,31"},
		},
		FootRight: []bulletin.Fact{
			{Label: "Absences", Value: "4 h, dont 2 h justifiées · Retards : 1"},
			{Label: "Distinction", Value: "tableau d’honneur", Bold: true},
			{Label: "Conseil", Value: "Ensemble sérieux, effort attendu en philosophie et dans la tenue du cahier de textes au second semestre."},
		},
		Reference: fmt.Sprintf("Réf. BUL-1204-2627-S1-%05d", i), Check: []string{"Vérifier : code 4TRW-9C7H", "Pack togo 2026.2"},
		QR:    "PREAU1:" + strings.Repeat("7ZK3M9QX", 22),
		Place: "Lomé, le 24 février 2027", Signatory: []string{"Le proviseur", "AGBODJAN Kodjo"},
		Printed: "Imprimé le 24 février 2027 à 10 h 12 par AYITE Espoir",
	}
	for n, s := range []string{"Mathématiques", "Sciences physiques", "SVT", "Français", "Anglais", "Histoire-géographie", "Philosophie", "EPS", "Allemand", "Espagnol", "Informatique", "Économie familiale et sociale", "Musique", "Dessin"} {
		p.Rows = append(p.Rows, bulletin.Row{Cells: []string{s, "10,50", "12,00", "11,25", "13,00", "12,13", "5", "60,65", "3e ex.", "Mme AGBÉNYÉGAH-d’Almeida", "Bon travail, poursuivez ainsi au second semestre."}})
		if n == 2 || n == 6 {
			p.Rows = append(p.Rows, bulletin.Row{Kind: bulletin.Subtotal, Cells: []string{"Sous-total", "", "", "", "", "11,80", "15", "176,95"}})
		}
	}
	p.Rows = append(p.Rows, bulletin.Row{Kind: bulletin.Total, Cells: []string{"Total", "", "", "", "", "11,83", "24", "283,97"}})
	return p
}

func pages(n int) iter.Seq2[bulletin.Page, error] {
	return func(yield func(bulletin.Page, error) bool) {
		for i := range n {
			if !yield(page(i), nil) {
				return
			}
		}
	}
}

// A class in one file reads back whole: one page a pupil, every letter.
func TestAClassReadsBack(t *testing.T) {
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not here (poppler-utils)")
	}
	var pdf bytes.Buffer
	drawn := 0
	if err := bulletin.Write(t.Context(), &pdf, "Bulletins de Tle D1", pages(12), func(n int) { drawn = n }); err != nil {
		t.Fatal(err)
	}
	if drawn != 12 {
		t.Errorf("progress ended at %d of 12", drawn)
	}
	file := filepath.Join(t.TempDir(), "class.pdf")
	if err := os.WriteFile(file, pdf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	read := strings.Split(strings.TrimSuffix(string(text), "\f"), "\f")
	if len(read) != 12 {
		t.Fatalf("%d pages for 12 pupils", len(read))
	}
	for i, s := range read {
		p := page(i)
		for _, want := range []string{p.PupilLeft[0].Value, p.PupilLeft[2].Value, "onze virgule quatre-vingt-trois", "Économie familiale", "283,97", p.Reference, "Imprimé le"} {
			if !strings.Contains(s, want) {
				t.Errorf("page %d does not say %q", i+1, want)
			}
		}
	}
	if per := pdf.Len() / 12; per > 12<<10 { // the fonts' share is large in a small file
		t.Errorf("%d bytes a page", per)
	}
}

// However many subjects there are, a pupil has one page, and nothing is missing
// from it.
func TestOnePageWhateverItHolds(t *testing.T) {
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not here (poppler-utils)")
	}
	p := page(0)
	p.Stamp = "DUPLICATA"
	for i := range 16 {
		p.Rows = append(p.Rows, bulletin.Row{Cells: []string{fmt.Sprintf("Atelier %d de fabrication mécanique et de maintenance", i), "1"}})
	}
	one := func(yield func(bulletin.Page, error) bool) { yield(p, nil) }
	file := filepath.Join(t.TempDir(), "one.pdf")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := bulletin.Write(t.Context(), f, "Bulletin", one, nil); err != nil {
		t.Fatal(err)
	}
	// Only what stands on the paper: A4 is 595 by 842 points.
	text, err := exec.Command("pdftotext", "-x", "0", "-y", "0", "-W", "595", "-H", "842", "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Atelier 15", "Le proviseur", "Imprimé le", "4TRW-9C7H", "cahier de textes"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestNothingIsWrittenWhenItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var pdf bytes.Buffer
	err := bulletin.Write(ctx, &pdf, "Bulletins", pages(100), func(n int) {
		if n == 3 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) || pdf.Len() > 0 {
		t.Errorf("stopped with %v and %d bytes", err, pdf.Len())
	}
	bad := errors.New("no snapshot")
	err = bulletin.Write(t.Context(), &pdf, "Bulletins", func(yield func(bulletin.Page, error) bool) { yield(bulletin.Page{}, bad) }, nil)
	if !errors.Is(err, bad) || pdf.Len() > 0 {
		t.Errorf("failed with %v and %d bytes", err, pdf.Len())
	}
	photo := page(0)
	photo.Photo = []byte("<svg>")
	if err := bulletin.Write(t.Context(), &pdf, "Bulletins", func(yield func(bulletin.Page, error) bool) { yield(photo, nil) }, nil); err == nil {
		t.Error("took a photo that is none")
	}
}

func BenchmarkClassOfHundred(b *testing.B) {
	b.ReportAllocs()
	var pdf bytes.Buffer
	for b.Loop() {
		pdf.Reset()
		if err := bulletin.Write(b.Context(), &pdf, "Bulletins", pages(100), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(pdf.Len())/100, "B/page")
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "pages/s")
}
