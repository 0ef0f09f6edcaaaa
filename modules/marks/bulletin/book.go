package bulletin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"

	"github.com/go-pdf/fpdf"
	"github.com/skip2/go-qrcode"

	"preau/modules/marks/bulletin/fonts"
)

// Margins and sizes in millimetres, letters in points (LOOK: A4, 14/12/16).
const (
	top, side, bottom = 14.0, 12.0, 16.0
	width, height     = 210.0, 297.0
	inner             = width - 2*side
	qrSide            = 24.0
	lead              = 4.7 // between lines of text
	maxPhoto          = 256 << 10
	font              = "DejaVu" // has French, Ewe and Kabiyè letters with their tones
)

// Write draws the pages into one PDF. It ends early with the context's error or
// with the first error of pages; then nothing was written to w. Every is called
// after each page with the number drawn so far; it may be nil. The file is kept in
// memory until it is written: 4 KB a page and what the pages share.
func Write(ctx context.Context, w io.Writer, title string, pages iter.Seq2[Page, error], every func(n int)) error {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetTitle(title, true)
	pdf.SetCreator("Préau", true)
	pdf.SetMargins(side, top, side)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCatalogSort(true)
	pdf.AddUTF8FontFromBytes(font, "", fonts.Regular)
	pdf.AddUTF8FontFromBytes(font, "B", fonts.Bold)
	file := newFile(pdf)
	n := 0
	for p, err := range pages {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = draw(file, p, n)
		}
		if err != nil {
			return fmt.Errorf("draw bulletin %d: %w", n+1, err)
		}
		n++
		if every != nil {
			every(n)
		}
	}
	if n == 0 {
		return fmt.Errorf("draw bulletins: no pages")
	}
	if _, err := file.WriteTo(w); err != nil {
		return fmt.Errorf("write bulletins: %w", err)
	}
	return nil
}

// draw adds page n, from 0.
func draw(f *file, p Page, n int) (err error) {
	photo := ""
	if len(p.Photo) > 0 {
		photo = fmt.Sprintf("photo %d", n)
		if err := picture(f.pdf, photo, p.Photo); err != nil {
			return err
		}
	}
	packed := f.page(func(pdf *fpdf.Fpdf) {
		pdf.SetAutoPageBreak(false, 0)
		err = (&book{pdf: pdf}).page(p, photo)
	})
	return errors.Join(err, packed)
}

// book draws on one page.
type book struct {
	pdf *fpdf.Fpdf
}

func (b *book) page(p Page, photo string) error {
	pdf := b.pdf
	pdf.SetDrawColor(0, 0, 0)
	b.stamp(p.Stamp)
	y := b.header(p)
	y = b.pupil(p, photo, y)
	// The grid takes what the foot leaves.
	foot := max(lines(p.FootLeft), lines(p.FootRight))*lead + 2
	const signature = 34.0
	y = b.grid(p, y, height-bottom-signature-foot-y) + 3
	y = b.facts(p.FootLeft, p.FootRight, y, inner) + 2
	if err := b.sign(p, max(y, height-bottom-signature)); err != nil {
		return err
	}
	b.text(7, "")
	pdf.SetXY(side, height-bottom+6)
	pdf.CellFormat(inner, 4, clean(p.Printed), "", 0, "L", false, 0, "")
	return pdf.Error()
}

// text chooses the size in points and the style, "" or "B".
func (b *book) text(size float64, style string) { b.pdf.SetFont(font, style, size) }

// stamp goes first, so that everything else is printed over it.
func (b *book) stamp(s string) {
	if s == "" {
		return
	}
	pdf := b.pdf
	b.text(72, "B")
	pdf.SetTextColor(215, 215, 215)
	w := pdf.GetStringWidth(s)
	pdf.TransformBegin()
	pdf.TransformRotate(40, width/2, height/2)
	pdf.Text((width-w)/2, height/2, s)
	pdf.TransformEnd()
	pdf.SetTextColor(0, 0, 0)
}

func (b *book) header(p Page) float64 {
	half := inner/2 - 2
	for i, s := range p.Left {
		b.line(side, top+float64(i)*lead, half, s, "L", bold(i == 0), 9)
	}
	for i, s := range p.Right {
		b.line(width-side-half, top+float64(i)*lead, half, s, "R", bold(i == len(p.Right)-1), 9)
	}
	y := top + float64(max(len(p.Left), len(p.Right)))*lead + 2
	b.pdf.SetLineWidth(.53) // 1.5 pt
	b.pdf.Line(side, y, width-side, y)
	b.line(side, y+2.5, inner, p.Title, "C", "B", 13)
	return y + 11
}

// pupil writes who it is, beside the photo that goes by a name in the file.
func (b *book) pupil(p Page, photo string, y float64) float64 {
	if photo == "" {
		return b.facts(p.PupilLeft, p.PupilRight, y, inner) + 2
	}
	const w, h = 18.75, 25.0 // three to four
	b.pdf.ImageOptions(photo, width-side-w, y, w, h, false, fpdf.ImageOptions{}, 0, "")
	b.pdf.Rect(width-side-w, y, w, h, "D")
	return max(b.facts(p.PupilLeft, p.PupilRight, y, inner-w-3), y+h) + 2
}

// facts writes two columns of facts over a width and gives the height below them.
func (b *book) facts(left, right []Fact, y, room float64) float64 {
	half := room/2 - 2
	write := func(x float64, facts []Fact) {
		y := y
		for _, f := range facts {
			label := ""
			if f.Label != "" {
				label = f.Label + "\u00a0: "
			}
			b.text(9, "")
			w := b.pdf.GetStringWidth(clean(label))
			b.line(x, y, w+1, label, "L", "", 9)
			y += lead * float64(b.wrap(x+w, y, half-w, f.Value, bold(f.Bold)))
		}
	}
	write(side, left)
	write(side+room/2, right)
	return y + max(lines(left), lines(right))*lead
}

// wrap writes a value on one line, on two when it is long, and gives how many.
func (b *book) wrap(x, y, w float64, s, style string) int {
	b.text(9, style)
	s = clean(s)
	if b.pdf.GetStringWidth(s) <= w || w < 20 {
		b.line(x, y, w, s, "L", style, 9)
		return 1
	}
	parts := b.split(s, w, 2)
	for i, part := range parts {
		b.line(x, y+float64(i)*lead, w, part, "L", style, 9)
	}
	return len(parts)
}

// lines is how much room facts may need: two lines for a long value.
func lines(facts []Fact) float64 {
	n := 0.0
	for _, f := range facts {
		n++
		if len([]rune(f.Label+f.Value)) > 58 {
			n++
		}
	}
	return n
}

// grid draws the table into at most room millimetres and gives where it ends.
func (b *book) grid(p Page, y, room float64) float64 {
	pdf := b.pdf
	sum := 0
	for _, c := range p.Columns {
		sum += c.Weight
	}
	const head = 8.0
	row := min(8.4, max(3.6, (room-head)/float64(max(1, len(p.Rows)))))
	size := min(9, row*1.6)
	widths := make([]float64, len(p.Columns))
	for i, c := range p.Columns {
		widths[i] = inner * float64(c.Weight) / float64(sum)
	}
	end := y + head + row*float64(len(p.Rows))
	line := y + head
	for _, r := range p.Rows {
		if r.Kind != Subject {
			pdf.SetFillColor(235, 235, 235)
			pdf.Rect(side, line, inner, row, "F")
		}
		line += row
	}
	x := side
	for i, c := range p.Columns {
		b.cell(x, y, widths[i], head, c.Title, "C", "B", 7.5, true)
		line := y + head
		for _, r := range p.Rows {
			if i < len(r.Cells) {
				align := "L"
				if c.Number {
					align = "R"
				}
				b.cell(x, line, widths[i], row, r.Cells[i], align, bold(c.Bold || r.Kind != Subject), size, !c.Number)
			}
			line += row
		}
		x += widths[i]
	}
	b.rules(y, y+head, end, row, widths)
	return end
}

// rules draws the lines of the grid, each once.
func (b *book) rules(y, below, end, row float64, widths []float64) {
	pdf := b.pdf
	pdf.SetLineWidth(.2)
	x := side
	for _, w := range append([]float64{0}, widths...) {
		x += w
		pdf.Line(x, y, x, end)
	}
	pdf.Line(side, y, width-side, y)
	for line := below + row; line < end-row/2; line += row {
		pdf.Line(side, line, width-side, line)
	}
	pdf.SetLineWidth(.4)
	pdf.Line(side, below, width-side, below)
	pdf.Line(side, end, width-side, end)
}

// cell writes a text in a box: on one line, a little smaller when it is a little
// too long; else, where it may fold, on two smaller ones, made smaller still until
// they fit.
func (b *book) cell(x, y, w, h float64, s, align, style string, size float64, fold bool) {
	s = clean(s)
	b.text(size, style)
	if s == "" {
		return
	}
	if !fold || !strings.Contains(s, " ") || b.pdf.GetStringWidth(s)*.88 <= w-1.6 {
		b.line(x+.8, y+(h-lead)/2, w-1.6, s, align, style, size)
		return
	}
	small := min(size*.82, h*1.1, max(6.6, h*.85))
	b.text(small, style)
	parts := b.split(s, w-1.6, 2)
	step := small * .37
	first := y + h/2 - lead/2 - step*float64(len(parts)-1)/2
	for i, part := range parts {
		b.line(x+.8, first+float64(i)*step, w-1.6, part, align, style, small)
	}
}

// line writes one line, made smaller until it fits the width.
func (b *book) line(x, y, w float64, s, align, style string, size float64) {
	s = clean(s)
	b.text(size, style)
	if have := b.pdf.GetStringWidth(s); have > w {
		b.text(max(4.5, size*w/have), style)
	}
	b.pdf.SetXY(x, y)
	b.pdf.SetCellMargin(0)
	b.pdf.CellFormat(w, lead, s, "", 0, align, false, 0, "")
}

// split breaks a text at spaces into at most n lines of width w in the font
// that is chosen; the last line takes what is left.
func (b *book) split(s string, w float64, n int) []string {
	var out []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && len(out) < n-1 && b.pdf.GetStringWidth(longer) > w {
			out = append(out, line)
			longer = word
		}
		line = longer
	}
	return append(out, line)
}

func (b *book) sign(p Page, y float64) error {
	x := side
	if p.QR != "" {
		if err := b.code(p.QR, side, y+2); err != nil {
			return err
		}
		x += qrSide + 4
	}
	for i, s := range append([]string{p.Reference}, p.Check...) {
		b.line(x, y+2+float64(i)*lead, width/2-x-2, s, "L", bold(i == 0), 8)
	}
	for i, s := range append([]string{p.Place}, p.Signatory...) {
		down := float64(i) * lead
		if i > 1 {
			down += 14 // room for the signature and the stamp
		}
		b.line(width/2+20, y+2+down, width/2-20-side, s, "L", bold(i == 1), 9)
	}
	return b.pdf.Error()
}

// code draws a QR code as a picture in the page's own contents, a bit a dot:
// an object of its own would weigh as much again.
func (b *book) code(text string, x, y float64) error {
	q, err := qrcode.New(text, qrcode.Low)
	if err != nil {
		return fmt.Errorf("QR: %w", err)
	}
	q.DisableBorder = true
	rows := q.Bitmap()
	n := len(rows)
	var bits strings.Builder
	for _, row := range rows {
		for at := 0; at < n; at += 8 {
			octet := 0
			for i := range 8 {
				octet <<= 1
				if at+i >= n || !row[at+i] {
					octet |= 1 // white
				}
			}
			fmt.Fprintf(&bits, "%02x", octet)
		}
	}
	k := b.pdf.GetConversionRatio()
	b.pdf.RawWriteStr(fmt.Sprintf("q %.2f 0 0 %.2f %.2f %.2f cm\nBI /W %d /H %d /BPC 1 /CS /G /F /AHx ID\n%s>\nEI Q",
		qrSide*k, qrSide*k, x*k, (height-y-qrSide)*k, n, n, bits.String()))
	return nil
}

// picture gives the file a photo by name.
func picture(pdf *fpdf.Fpdf, name string, data []byte) error {
	kind := map[string]string{"image/jpeg": "JPG", "image/png": "PNG"}[http.DetectContentType(data)]
	if kind == "" || len(data) > maxPhoto {
		return fmt.Errorf("picture of %d bytes: JPEG or PNG of at most %d", len(data), maxPhoto)
	}
	pdf.RegisterImageOptionsReader(name, fpdf.ImageOptions{ImageType: kind}, bytes.NewReader(data))
	return pdf.Error()
}

func bold(yes bool) string {
	if yes {
		return "B"
	}
	return ""
}

// clean takes out what the font cannot draw: the narrow space becomes an
// ordinary unbreakable one, letters beyond the basic plane a square.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u202f':
			return '\u00a0'
		case r > 0xffff:
			return '□'
		case r < ' ':
			return ' '
		}
		return r
	}, s)
}
