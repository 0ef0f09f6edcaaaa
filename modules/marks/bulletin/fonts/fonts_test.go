package fonts_test

import (
	"testing"

	"golang.org/x/image/font/sfnt"

	"preau/modules/marks/bulletin/fonts"
)

// Both faces have a drawing for what a name, a heading or a remark may hold.
func TestLettersOfTheCountry(t *testing.T) {
	const needed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" +
		"ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆàâäçéèêëîïôöùûüÿœæ" +
		"ƉƐƑƔŊƆƲƖƱɖɛƒɣŋɔʋɩʊ" + // Ewe and Kabiyè
		"ẼÃĨÕŨẽãĩõũÁÀÂǍÓÒǑáàâǎóòǒḿǹ\u0300\u0301\u0302\u0303\u030c\u0304" + // tones and nasal vowels
		"ƁƊƘƳɓɗƙƴẸỌṢẹọṣ" + // of the neighbours
		".,;:!?’‘“”«»–—-…·•°º№%&/()[]+−×÷=<>≤≥≈≠€@#*_'\"□→✓\u00a0"
	for face, data := range map[string][]byte{"regular": fonts.Regular, "bold": fonts.Bold} {
		f, err := sfnt.Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", face, err)
		}
		for _, r := range needed {
			if i, err := f.GlyphIndex(nil, r); err != nil || i == 0 {
				t.Errorf("%s lacks %q (%U)", face, r, r)
			}
		}
		if i, _ := f.GlyphIndex(nil, 'Ж'); i != 0 {
			t.Errorf("%s is not the small one: it has Cyrillic", face)
		}
	}
}
