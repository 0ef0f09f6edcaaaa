package portrait

import "encoding/binary"

// orientation is tag 0x0112 of a JPEG's EXIF block, 1 when there is none or it
// makes no sense. Source: Exif 2.32, 4.6.4.
func orientation(jpeg []byte) int {
	for at := 2; at+4 <= len(jpeg) && jpeg[at] == 0xff; {
		marker, size := jpeg[at+1], int(binary.BigEndian.Uint16(jpeg[at+2:]))
		if marker == 0xda || size < 2 || at+2+size > len(jpeg) {
			return 1
		}
		if block := jpeg[at+4 : at+2+size]; marker == 0xe1 && len(block) > 14 && string(block[:6]) == "Exif\x00\x00" {
			return fromTIFF(block[6:])
		}
		at += 2 + size
	}
	return 1
}

func fromTIFF(b []byte) int {
	var order binary.ByteOrder = binary.BigEndian
	if b[0] == 'I' {
		order = binary.LittleEndian
	}
	first := int(order.Uint32(b[4:]))
	if first < 8 || first+2 > len(b) {
		return 1
	}
	for i := range int(order.Uint16(b[first:])) {
		at := first + 2 + 12*i
		if at+12 > len(b) {
			return 1
		}
		if order.Uint16(b[at:]) == 0x0112 {
			if n := int(order.Uint16(b[at+8:])); n >= 1 && n <= 8 {
				return n
			}
			return 1
		}
	}
	return 1
}
