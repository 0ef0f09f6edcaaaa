package portrait_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"preau/modules/people/portrait"
	"preau/school"
)

// quarters is a picture whose upper left quarter is red, the rest blue.
func quarters(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{0, 0, 200, 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{220, 0, 0, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// turned puts an EXIF block with an orientation into a JPEG.
func turned(t *testing.T, img image.Image, turn uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	tiff := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	tiff = append(binary.BigEndian.AppendUint16(tiff, turn), 0, 0, 0, 0, 0, 0)
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(tiff)+2))
	return append(append(head, tiff...), b.Bytes()[2:]...)
}

func make3x4(t *testing.T, data []byte) image.Image {
	t.Helper()
	small, err := portrait.Make(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(small))
	if err != nil || img.Bounds().Dx() != portrait.Width || img.Bounds().Dy() != portrait.Height || bytes.Contains(small, []byte("Exif")) {
		t.Fatalf("%v %v", img.Bounds(), err)
	}
	return img
}

func isRed(c color.Color) bool {
	r, _, b, _ := c.RGBA()
	return r > b
}

// Whichever way the camera was held, the corner is where it was in the world.
func TestUpright(t *testing.T) {
	corner := map[uint16][2]int{1: {20, 20}, 2: {220, 20}, 3: {220, 300}, 4: {20, 300}, 5: {20, 20}, 6: {220, 20}, 7: {220, 300}, 8: {20, 300}, 9: {20, 20}}
	for turn, at := range corner {
		w, h := 300, 400
		if turn >= 5 && turn <= 8 {
			w, h = h, w
		}
		img := make3x4(t, turned(t, quarters(w, h), turn))
		for _, other := range [][2]int{{20, 20}, {220, 20}, {20, 300}, {220, 300}} {
			if isRed(img.At(other[0], other[1])) != (other == at) {
				t.Errorf("turn %d: %v red is %v", turn, other, other != at)
			}
		}
	}
}

func TestWhiteUnderAHole(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 90, 120))); err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := make3x4(t, b.Bytes()).At(100, 100).RGBA(); r < 0xf000 {
		t.Errorf("what is transparent became %x", r)
	}
}

// A header may promise what would take all memory; it is believed and refused.
func TestRefused(t *testing.T) {
	bomb := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x7f\xff\x00\x00\x7f\xff\x08\x02\x00\x00\x00\x00\x00\x00\x00")
	for name, x := range map[string]struct {
		data []byte
		key  string
	}{
		"a bomb": {bomb, "kind"}, "nothing": {nil, "kind"}, "svg": {[]byte("<svg/>"), "kind"}, "gif": {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "kind"},
		"13 MB": {make([]byte, 13<<20), "big"},
	} {
		_, err := portrait.Make(bytes.NewReader(x.data))
		no := school.RefusalsIn(err)
		if len(no) != 1 || no[0].Field != "photo" || no[0].Key != "people.photo.refused."+x.key && no[0].Key != "people.photo.refused.big" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzMake(f *testing.F) {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, quarters(80, 80), nil)
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		small, err := portrait.Make(bytes.NewReader(data))
		if err != nil {
			if school.RefusalsIn(err) == nil {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		if _, err := jpeg.Decode(bytes.NewReader(small)); err != nil {
			t.Fatal(err)
		}
	})
}
