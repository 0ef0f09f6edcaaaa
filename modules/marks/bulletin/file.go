package bulletin

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"regexp"
	"strconv"

	"github.com/go-pdf/fpdf"
)

// file is a PDF whose pages are packed as soon as they are drawn. The library
// keeps all pages open until the end, ten times their size: 400 MB for a school.
//
// What it is given at the end is one empty page, around which the library writes
// what all pages share (fonts, pictures). The pages follow behind its objects:
//
//	…  1 0 obj, 2 0 obj resources, 3, 4 the empty page, fonts, information, catalogue
//	…  a page and its contents, for each page
//	…  1 0 obj: the list of pages, which takes the place of the library's
//	   one table of where each object stands
type file struct {
	pdf   *fpdf.Fpdf
	pages [][]byte // compressed
	zip   *zlib.Writer
	out   bytes.Buffer
}

func newFile(pdf *fpdf.Fpdf) *file {
	f := &file{pdf: pdf}
	f.zip, _ = zlib.NewWriterLevel(&f.out, zlib.DefaultCompression)
	return f
}

// page draws one with fn.
func (f *file) page(fn func(pdf *fpdf.Fpdf)) error {
	drawn := f.pdf.CreateTemplate(func(t *fpdf.Tpl) { fn(&t.Fpdf) })
	f.out.Reset()
	f.zip.Reset(&f.out)
	if _, err := f.zip.Write(drawn.Bytes()); err != nil {
		return fmt.Errorf("pack a page: %w", err)
	}
	if err := f.zip.Close(); err != nil {
		return fmt.Errorf("pack a page: %w", err)
	}
	f.pages = append(f.pages, bytes.Clone(f.out.Bytes()))
	return nil
}

// What the library's file ends with, and a line of its table.
var (
	ending = regexp.MustCompile(`(?s)trailer\n<<\n/Size (\d+)\n(/Root .*)>>\nstartxref\n(\d+)\n%%EOF\n$`)
	placed = regexp.MustCompile(`(?m)^(\d{10}) 00000 n $`)
)

// list is the object in which the library keeps the pages, shared the one with
// fonts and pictures.
const list, shared = 1, 2

// WriteTo writes the whole file.
func (f *file) WriteTo(w io.Writer) (int64, error) {
	f.pdf.AddPage()
	var base bytes.Buffer
	if err := f.pdf.Output(&base); err != nil {
		return 0, fmt.Errorf("write what pages share: %w", err)
	}
	end := ending.FindSubmatch(base.Bytes())
	if end == nil {
		return 0, fmt.Errorf("write pages: the library ends its file otherwise")
	}
	table, err := strconv.Atoi(string(end[3]))
	if err != nil {
		return 0, fmt.Errorf("write pages: %w", err)
	}
	at := make([]int64, 1, 8+2*len(f.pages)) // where objects stand, by number
	for _, m := range placed.FindAllSubmatch(base.Bytes()[table:], -1) {
		n, err := strconv.ParseInt(string(m[1]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("write pages: %w", err)
		}
		at = append(at, n)
	}
	if size := strconv.Itoa(len(at)); size != string(end[1]) {
		return 0, fmt.Errorf("write pages: %s objects in the library's table, not %s", size, end[1])
	}
	o := &counted{w: w}
	o.write(base.Bytes()[:table])
	var kids bytes.Buffer
	for _, p := range f.pages {
		n := len(at)
		at = append(at, o.n)
		o.printf("%d 0 obj\n<</Type/Page/Parent %d 0 R/Resources %d 0 R/Contents %d 0 R>>\nendobj\n", n, list, shared, n+1)
		at = append(at, o.n)
		o.printf("%d 0 obj\n<</Filter/FlateDecode/Length %d>>\nstream\n", n+1, len(p))
		o.write(p)
		o.printf("\nendstream\nendobj\n")
		fmt.Fprintf(&kids, "%d 0 R ", n)
	}
	at[list] = o.n
	wide, high := f.pdf.GetPageSize()
	k := f.pdf.GetConversionRatio()
	o.printf("%d 0 obj\n<</Type/Pages/Count %d/MediaBox[0 0 %.2f %.2f]/Kids[%s]>>\nendobj\n", list, len(f.pages), wide*k, high*k, kids.Bytes())
	start := o.n
	o.printf("xref\n0 %d\n0000000000 65535 f \n", len(at))
	for _, n := range at[1:] {
		o.printf("%010d 00000 n \n", n)
	}
	o.printf("trailer\n<<\n/Size %d\n%s>>\nstartxref\n%d\n%%%%EOF\n", len(at), end[2], start)
	return o.n, o.err
}

// counted writes until the first error and counts.
type counted struct {
	w   io.Writer
	n   int64
	err error
}

func (c *counted) write(b []byte) {
	if c.err != nil {
		return
	}
	n, err := c.w.Write(b)
	c.n, c.err = c.n+int64(n), err
}

func (c *counted) printf(format string, args ...any) { c.write(fmt.Appendf(nil, format, args...)) }
