// Package fonts are the letters of printed papers: DejaVu Sans Condensed, cut down
// by `make fonts` to the Latin alphabets with those of Ewe and Kabiyè, their tones,
// punctuation and figures. The licence lies beside them.
package fonts

import _ "embed"

// Regular and Bold are TrueType files. What they lack is drawn as an empty box.
var (
	//go:embed DejaVuSansCondensed.ttf
	Regular []byte
	//go:embed DejaVuSansCondensed-Bold.ttf
	Bold []byte
)
