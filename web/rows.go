package web

import (
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// TableSpec is the head of a table.
type TableSpec struct {
	Caption string // read out, shown small above the table; "" when the heading says it
	Head    []Head
	Margin  bool // the first column stands in the red margin
	Keep    bool // does not fold on a phone: scrolls in its own region
	Class   string
}

// Head is one column's heading. Class "n" is for numbers, "m" for the margin.
type Head struct{ Label, Class string }

// Pages says where in a list one is. Empty links show nothing. ByName: the list
// goes by name, not from new to old.
type Pages struct {
	From, To, Total int
	Newer, Older    string
	ByName          bool
}

// link is the words for the page before or after.
func (p Pages) link(key string) string {
	if p.ByName {
		return map[string]string{"newer": "web.paging.before", "older": "web.paging.after"}[key]
	}
	return "web.paging." + key
}

// Fact is a label and its value: text, or a component.
type Fact struct {
	Label string
	Text  string
	Value templ.Component
}

func (t TableSpec) region() templ.Attributes {
	if !t.Keep {
		return nil
	}
	return templ.Attributes{"role": "region", "tabindex": "0", "aria-label": t.Caption}
}

type segment struct{ class, x, w string }

// segments lays the parts side by side; a part that is not zero is at least 2 wide.
func segments(max, width int, parts []int) (out []segment) {
	if max <= 0 {
		return nil
	}
	x := 0.5
	for i, p := range parts {
		if p <= 0 {
			continue
		}
		w := math.Max(2, float64(p)/float64(max)*float64(width-1))
		w = math.Min(w, float64(width)-0.5-x)
		out = append(out, segment{shade(i, len(parts)), trim(x), trim(w)})
		x += w
	}
	return out
}

// shade is the step of the ladder from dark to light that tells parts apart in grey.
func shade(i, parts int) string {
	switch {
	case parts <= 1 || parts > 3:
		return "s" + strconv.Itoa(min(i, 4))
	case i == parts-1:
		return "s4"
	default:
		return "s" + strconv.Itoa(2*i)
	}
}

func trim(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

func itoa(n int) string { return strconv.Itoa(n) }

func (b Base) pressing(t Task) Mark {
	if t.Late {
		m := Mark{Icon: "clock", Tone: Brick, Bold: b.T("web.late")}
		if t.Days != 0 {
			n := t.Days
			if n < 0 {
				n = -n
			}
			m.Text = b.T("web.late_by", "count", n)
		}
		return m
	}
	return Mark{Icon: "clock", Tone: Ochre, Bold: b.T("web.due_in", "count", t.Days)}
}

var legendMarks = map[string]Mark{
	"here":      {Icon: "roof", Tone: Green},
	"waiting":   {Icon: "clock", Tone: Ochre},
	"sent":      {Icon: "arrow", Tone: Blue},
	"at_office": {Icon: "columns", Tone: Green},
	"refused":   {Icon: "octagon", Tone: Brick},
}

func (b Base) legend(state string) Mark {
	m := legendMarks[state]
	m.Bold, m.Text = b.T("web.state."+state), b.T("web.legend."+state)
	return m
}

// prefer is the link that changes language or contrast and comes back here.
func (b Base) prefer(name, value string) string {
	return "/preferences?" + name + "=" + value + "&to=" + url.QueryEscape(b.Path)
}

func (b Base) otherCode() string { code, _ := b.OtherLanguage(); return code }

func (b Base) otherName() string { _, name := b.OtherLanguage(); return name }

func (b Base) refusedHeading() string {
	if b.Refused != "" {
		return b.Refused
	}
	return b.T("web.refused.title")
}

// Drawing puts an SVG made by this program on the page. It takes nothing that
// a person wrote.
func Drawing(svg string) templ.Component {
	if !strings.HasPrefix(svg, "<svg") || strings.Contains(strings.ToLower(svg), "<script") {
		return templ.NopComponent
	}
	return raw(svg)
}

// raw is the one door for ready-made HTML: sanitised Markdown and our own drawings.
func raw(html string) templ.Component { return templ.Raw(html) }
