// Package assets holds the bytes and words that all pages share: the one style
// sheet, the icons, the scripts and the base catalogues.
//
// It promises that everything is embedded: a page never waits for another
// machine. It does not serve anything; web does, under names that carry a hash.
package assets

import (
	"embed"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed css/preau.css
var css string

//go:embed words/fr.json words/en.json
var words embed.FS

// Words are the catalogues of the page kit: words/fr.json and words/en.json.
var Words fs.FS = words

//go:embed js/*.js
var scripts embed.FS

// Scripts are the scripts by name, without their ending. Each only adds to pages
// that are complete without it.
func Scripts() map[string][]byte {
	list := map[string][]byte{}
	entries, _ := scripts.ReadDir("js")
	for _, e := range entries {
		if b, err := scripts.ReadFile("js/" + e.Name()); err == nil {
			list[strings.TrimSuffix(e.Name(), ".js")] = b
		}
	}
	return list
}

//go:embed icons/*.png
var icons embed.FS

// IconSizes are the pixels of the sides of the icons for home screens.
var IconSizes = []int{180, 192, 512}

// Icon is the mark on the board's green as a PNG, for home screens; nil for a size
// that is not among IconSizes. The mark keeps within the inner 80 %, which every
// shape that a phone cuts out leaves whole.
func Icon(size int) []byte {
	b, _ := icons.ReadFile("icons/icon-" + strconv.Itoa(size) + ".png")
	return b
}

// Style is the style sheet as it is served: comments and needless spaces taken out.
func Style() []byte { return []byte(minify(css)) }
