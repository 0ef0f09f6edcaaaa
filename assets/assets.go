// Package assets holds the bytes and words that all pages share: the one style
// sheet, the icons, the scripts and the base catalogues.
//
// It promises that everything is embedded: a page never waits for another
// machine. It does not serve anything; web does, under names that carry a hash.
package assets

import (
	"embed"
	"io/fs"
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

// Style is the style sheet as it is served: comments and needless spaces taken out.
func Style() []byte { return []byte(minify(css)) }
