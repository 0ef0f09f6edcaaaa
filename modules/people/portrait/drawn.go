package portrait

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
)

// Faces is how many portraits Drawn knows.
const Faces = 18

var (
	walls   = []color.RGBA{{0xdd, 0xe6, 0xee, 255}, {0xe9, 0xe2, 0xd0, 255}, {0xd8, 0xe6, 0xda, 255}}
	skins   = []color.RGBA{{0x4a, 0x2e, 0x20, 255}, {0x5c, 0x3a, 0x28, 255}, {0x6f, 0x48, 0x31, 255}}
	uniform = color.RGBA{0xc9, 0xb0, 0x8a, 255} // the beige of Togo's lycées
	hair    = color.RGBA{0x16, 0x12, 0x10, 255}
	eye     = color.RGBA{0xf4, 0xf1, 0xea, 255}
	lips    = color.RGBA{0x7c, 0x3f, 0x38, 255}
)

// Drawn is a portrait of nobody, for the demonstration: one of Faces drawings, of
// the measures and the form of those that Make makes. Braids go with girls.
func Drawn(n int, girl bool) ([]byte, error) {
	n %= Faces
	img := image.NewRGBA(image.Rect(0, 0, Width, Height))
	skin, wide := skins[n/3%3], 58+float64(n*7%13)
	shapes := []shape{
		{120, 330, 118, 96, uniform},
		{120, 244, 26, 44, skin},
		{120, 262, 34, 16, skin},
		{120, 138, wide + 8, 92, hair},
	}
	if girl {
		shapes = append(shapes, shape{120 - wide, 190, 15, 62, hair}, shape{120 + wide, 190, 15, 62, hair})
	}
	shapes = append(shapes,
		shape{120 - wide, 162, 9, 17, skin}, shape{120 + wide, 162, 9, 17, skin},
		shape{120, 160 + float64(n%4), wide, 78, skin},
		shape{97, 152, 10, 6, eye}, shape{143, 152, 10, 6, eye}, shape{97, 152, 5, 5, hair}, shape{143, 152, 5, 5, hair},
		shape{97, 138, 13, 2.5, hair}, shape{143, 138, 13, 2.5, hair},
		shape{120, 178, 9, 6, darker(skin)}, shape{120, 204, 16 + float64(n%5), 5, lips})
	wall := walls[n%3]
	for y := range Height {
		for x := range Width {
			c := wall
			for _, s := range shapes {
				c = s.over(c, float64(x)+.5, float64(y)+.5)
			}
			img.SetRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// shape is an ellipse: centre, half axes, in pixels.
type shape struct {
	x, y, rx, ry float64
	color.RGBA
}

// over lays the shape over a colour at a point, with an edge two pixels soft.
func (s shape) over(c color.RGBA, x, y float64) color.RGBA {
	dx, dy := (x-s.x)/s.rx, (y-s.y)/s.ry
	far := dx*dx + dy*dy
	if far > 2 {
		return c
	}
	in := min(1, max(0, (1-math.Sqrt(far))*min(s.rx, s.ry)/2+.5))
	mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-in) + float64(b)*in) }
	return color.RGBA{mix(c.R, s.R), mix(c.G, s.G), mix(c.B, s.B), 255}
}

func darker(c color.RGBA) color.RGBA { return color.RGBA{c.R * 4 / 5, c.G * 4 / 5, c.B * 4 / 5, 255} }
