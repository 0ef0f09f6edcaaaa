package web

import (
	"context"
	"io"
	"slices"

	"github.com/a-h/templ"
)

// Tone says how a mark is meant; the sheet gives it its colour, the words its sense.
type Tone string

// The tones.
const (
	Ink   Tone = ""
	Green Tone = "ok" // done, at the ministry
	Blue  Tone = "go" // on its way
	Ochre Tone = "wt" // waiting
	Brick Tone = "no" // late, refused
)

// icons are drawn on a grid of 16, filled with the text's colour.
var icons = map[string]string{
	"roof":    `M0 7.5 16 3v2.6l-2.2.6V13H16v1.6H0V13h1.6V9.6L0 10zM3.6 9v4h3.3V8zm5.3-1.5V13h3V6.7z`,
	"clock":   `M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0zm0 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM7 4h2v3.6l2.4 1.4-1 1.7L7 8.7z`,
	"arrow":   `M8 1l5.5 5.5-1.6 1.6-2.8-2.8V15H6.9V5.3L4.1 8.1 2.5 6.5z`,
	"columns": `M8 0l7 4v2H1V4zM2.5 7h2v5h-2zm4.5 0h2v5H7zm4.5 0h2v5h-2zM1 13h14v2.4H1z`,
	"octagon": `M4.7 0h6.6L16 4.7v6.6L11.3 16H4.7L0 11.3V4.7zM7 3.4l.3 5.6h1.4L9 3.4zM7 10.6v2h2v-2z`,
	"check":   `M1.8 7.2L0 9.2l5.4 5L16 4.2l-1.9-2L5.4 10.4z`,
	"file":    `M2.5 0h7L14 4.5V16H2.5zm2 2v12H12V6H8.3V2z`,
	"print":   `M4 1h8v4h2.5v7H12v3H4v-3H1.5V5H4zm1.8 1.8V5h4.4V2.8zm0 7.2v3.2h4.4V10z`,
	"person":  `M8 1a3.6 3.6 0 1 1 0 7.2A3.6 3.6 0 0 1 8 1zM1.5 15.5c0-4 3-6 6.5-6s6.5 2 6.5 6z`,
	"lock":    `M4 7V4.5a4 4 0 0 1 8 0V7h1.5v8.5h-11V7zm2 0h4V4.5a2 2 0 0 0-4 0z`,
}

// Mark is an icon, a bold word and plain words: a state that does not need its colour.
type Mark struct {
	Icon string
	Tone Tone
	Bold string
	Text string
	Href string // where Bold leads, "" nowhere
}

// Icon is a drawing of 16 pixels; a word must stand beside it.
func Icon(b Base, name string) templ.Component {
	b.use(name)
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error { return writeIcon(w, name) })
}

// Chip is a state: icon, bold word, plain words. It is no pill: it cannot be
// pressed. It is written by hand, not by templ: a list has one a row.
func Chip(b Base, m Mark) templ.Component {
	if m.Icon != "" {
		b.use(m.Icon)
	}
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error { return writeChip(w, m) })
}

func writeIcon(w io.Writer, name string) error {
	return writeAll(w, `<svg class="i" width="16" height="16" aria-hidden="true"><use xlink:href="#i-`, name, `"></use></svg>`)
}

func writeChip(w io.Writer, m Mark) error {
	if err := writeAll(w, `<span class="chip `, string(m.Tone), `">`); err != nil {
		return err
	}
	if m.Icon != "" {
		if err := writeIcon(w, m.Icon); err != nil {
			return err
		}
	}
	open, end := "<b>", "</b>"
	if m.Href != "" {
		open, end = `<a href="`+templ.EscapeString(string(templ.URL(m.Href)))+`"><b>`, "</b></a>"
	}
	if m.Text != "" {
		end += " "
	}
	return writeAll(w, open, templ.EscapeString(m.Bold), end, templ.EscapeString(m.Text), "</span>")
}

// writeAll writes the parts without putting them together first.
func writeAll(w io.Writer, parts ...string) error {
	for _, s := range parts {
		if _, err := io.WriteString(w, s); err != nil {
			return err
		}
	}
	return nil
}

// use notes that an icon is on the page, for the sprite at its end.
func (b Base) use(icon string) {
	if b.page != nil && !slices.Contains(b.page.icons, icon) {
		b.page.icons = append(b.page.icons, icon)
	}
}

func (b Base) usedIcons() []string {
	if b.page == nil {
		return nil
	}
	return b.page.icons
}
