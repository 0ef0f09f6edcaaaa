package store

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Key joins parts into bytes that sort as the parts do, one after the other,
// and of which Key of the first parts is a prefix. Parts are string, []byte,
// bool, int, int64, uint64, time.Time and ID; another type is a programming
// error and panics.
func Key(parts ...any) []byte {
	var k []byte
	for _, p := range parts {
		switch v := p.(type) {
		case string:
			k = appendEscaped(k, []byte(v))
		case []byte:
			k = appendEscaped(k, v)
		case bool:
			if v {
				k = append(k, 1)
			} else {
				k = append(k, 0)
			}
		case int:
			k = appendSigned(k, int64(v))
		case int64:
			k = appendSigned(k, v)
		case uint64:
			k = binary.BigEndian.AppendUint64(k, v)
		case time.Time:
			// Rounded, not cut: a time comes back from disk as the nearest binary
			// fraction, often just below its millisecond, and must find its entry.
			k = appendSigned(k, v.Round(time.Millisecond).UnixMilli())
		case ID:
			k = append(k, v.bytes()...)
		default:
			panic(fmt.Sprintf("store: Key of %T", p))
		}
	}
	return k
}

func appendSigned(k []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(k, uint64(v)^1<<63)
}

// appendEscaped ends a text with 0 0 and writes a 0 inside it as 0 255, so
// that "a" sorts before "a\x00" and no text is taken for another's beginning.
func appendEscaped(k, text []byte) []byte {
	for _, c := range text {
		k = append(k, c)
		if c == 0 {
			k = append(k, 0xff)
		}
	}
	return append(k, 0, 0)
}
