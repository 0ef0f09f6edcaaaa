// Package assets holds the bytes and words that all pages share: the one style
// sheet, the icons, the scripts and the base catalogues.
//
// It promises that everything is embedded: a page never waits for another
// machine. It does not serve anything; web does, under names that carry a hash.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed css/preau.css
var css string

//go:embed words/fr.json words/en.json
var words embed.FS

// Words are the catalogues of the page kit: words/fr.json and words/en.json.
var Words fs.FS = words

// Style is the style sheet as it is served: comments and needless spaces taken out.
func Style() []byte { return []byte(minify(css)) }
