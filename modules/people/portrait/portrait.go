// Package portrait makes of whatever photograph a school has the small picture
// that Préau keeps: upright, three to four, 240 × 320, JPEG without any of the
// places, times and thumbnails that cameras write beside the picture.
//
// It promises to look at the measures before decoding, so that a file of a few
// bytes cannot ask for a gigabyte of memory. It tells nothing of who is on it.
package portrait

import (
	"bytes"
	"image"
	"image/jpeg"
	_ "image/png" // decoded like JPEG
	"io"

	"golang.org/x/image/draw"

	"preau/school"
)

// The picture that is kept, in pixels.
const (
	Width  = 240
	Height = 320
)

const (
	// MaxBytes is the largest file that is read.
	MaxBytes = 12 << 20
	// maxPixels is what a telephone of today makes, and a little more.
	maxPixels = 40 << 20
	smallest  = 60 // pixels on a side: less shows nobody
	quality   = 78
)

// Make reads a JPEG or PNG and returns the small JPEG. It refuses, at field
// "photo", what is no picture, too large or too small.
func Make(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxBytes {
		return nil, school.Refuse("people.photo.refused.big", "photo", "max", MaxBytes>>20)
	}
	about, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || format != "jpeg" && format != "png" {
		return nil, school.Refuse("people.photo.refused.kind", "photo")
	}
	if about.Width*about.Height > maxPixels || about.Width > 1<<15 || about.Height > 1<<15 {
		return nil, school.Refuse("people.photo.refused.big", "photo", "max", MaxBytes>>20)
	}
	if min(about.Width, about.Height) < smallest {
		return nil, school.Refuse("people.photo.refused.small", "photo", "min", smallest)
	}
	src, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, school.Refuse("people.photo.refused.broken", "photo")
	}
	turn := 1
	if format == "jpeg" {
		turn = orientation(data)
	}
	return shrink(src, turn)
}

// shrink scales first and turns the small picture: turning a large one costs
// what the scaling saves.
func shrink(src image.Image, turn int) ([]byte, error) {
	w, h := Width, Height
	if turn >= 5 {
		w, h = h, w
	}
	var out bytes.Buffer
	small := scale(src, middle(src.Bounds(), w, h), w, h)
	if err := jpeg.Encode(&out, upright(small, turn), &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// scale makes the part of src w × h, on white where a PNG is transparent.
func scale(src image.Image, part image.Rectangle, w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(out, out.Rect, src, part, draw.Over, nil)
	return out
}

// middle is the largest part of b with the shape w:h; of a tall picture the
// upper part, where the face is.
func middle(b image.Rectangle, w, h int) image.Rectangle {
	if b.Dx()*h > b.Dy()*w {
		keep := b.Dy() * w / h
		x := b.Min.X + (b.Dx()-keep)/2
		return image.Rect(x, b.Min.Y, x+keep, b.Max.Y)
	}
	keep := b.Dx() * h / w
	y := b.Min.Y + (b.Dy()-keep)/4
	return image.Rect(b.Min.X, y, b.Max.X, y+keep)
}

// upright turns by the camera's mark: 1 to 8, as in EXIF.
func upright(src *image.RGBA, turn int) image.Image {
	if turn <= 1 || turn > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	if turn >= 5 {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range src.Rect.Dy() {
		for x := range src.Rect.Dx() {
			tx, ty := x, y
			switch turn {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = w-1-y, x
			case 7:
				tx, ty = w-1-y, h-1-x
			case 8:
				tx, ty = y, h-1-x
			}
			out.SetRGBA(tx, ty, src.RGBAAt(x, y))
		}
	}
	return out
}
