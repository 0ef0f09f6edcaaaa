package marks

import (
	"fmt"
	"html"
	"strings"

	"preau/school/average"
	"preau/web"
)

// distribution draws how averages spread over the scale in five steps of equal
// width, as bars with their counts. The text is the finding, for who does not see
// the drawing; the numbers stand in it too.
func distribution(b web.Base, t *term, means []average.Decimal) string {
	scale := average.MustDecimal(t.Engine.Formula.Scale)
	const steps = 5
	var counts [steps]int
	most := 1
	for _, m := range means {
		i := min(int(m*steps/scale), steps-1)
		counts[i]++
		most = max(most, counts[i])
	}
	var s strings.Builder
	label := func(i int) string { return say(b, (scale * average.Decimal(i) / steps).String()) }
	var parts []string
	for i, n := range counts {
		parts = append(parts, fmt.Sprintf("%s–%s : %d", label(i), label(i+1), n))
	}
	title := html.EscapeString(b.T("marks.distribution") + " " + strings.Join(parts, ", "))
	fmt.Fprintf(&s, `<svg class="dist" width="320" height="132" viewBox="0 0 320 132" role="img" aria-label="%s"><title>%s</title>`, title, title)
	for i, n := range counts {
		h := 80 * n / most
		x := 4 + i*63
		fmt.Fprintf(&s, `<rect class="s%d" x="%d" y="%d" width="60" height="%d"></rect><text x="%d" y="%d" text-anchor="middle" font-size="13">%d</text><text x="%d" y="120" text-anchor="middle" font-size="12">%s–%s</text>`,
			steps-1-i, x, 100-h, h, x+30, 96-h, n, x+30, label(i), label(i+1))
	}
	s.WriteString(`<path d="M0 100.5h320" stroke="#221"></path></svg>`)
	return s.String()
}
