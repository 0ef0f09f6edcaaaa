package boxsync

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/fxamacker/cbor/v2"

	"preau/store"
)

// The values of one key, row after row, are a column. It is written in the form
// that has the least to say: as the values are; numbers (times and other tagged numbers
// too) as differences to the row before; ids as origin and difference; few values
// that come often once each, and then which.
const (
	columnPlain   = 0 // the values' CBOR, one behind the other
	columnNumbers = 1 // uvarint tag+1 or 0, then zigzag varints
	columnIDs     = 2 // uvarint n, n origins, an index a row, then zigzag varints
	columnRepeats = 3 // uvarint n, n values, an index a row
)

// packColumn writes a column.
func packColumn(values []cbor.RawMessage) []byte {
	if ids, ok := idsOf(values); ok {
		if packed, ok := packIDs(ids); ok {
			return packed
		}
	}
	plain, least := []byte{columnPlain}, 0.0
	often := map[string]int{}
	for _, v := range values {
		plain = append(plain, v...)
		often[string(v)]++
	}
	for v := range often {
		least += 8 * float64(len(v))
	}
	least += says(often)
	if tag, numbers, ok := numbersOf(values); ok {
		steps, last := map[int64]int{}, int64(0)
		for _, n := range numbers {
			steps[n-last]++
			last = n
		}
		if says(steps)+12*float64(len(steps)) < least {
			return appendDifferences(binary.AppendUvarint([]byte{columnNumbers}, tag), numbers)
		}
	}
	if len(often) < 256 && len(often)*3 <= len(values) {
		return packRepeats(values, len(often))
	}
	return plain
}

// says is how many bits a perfect coder would need for values of these frequencies.
func says[K comparable](often map[K]int) (bits float64) {
	total := 0
	for _, n := range often {
		total += n
	}
	for _, n := range often {
		bits -= float64(n) * math.Log2(float64(n)/float64(total))
	}
	return bits
}

func packRepeats(values []cbor.RawMessage, different int) []byte {
	out := binary.AppendUvarint([]byte{columnRepeats}, uint64(different))
	at, index := map[string]byte{}, make([]byte, len(values))
	for i, v := range values {
		k, known := at[string(v)]
		if !known {
			k = byte(len(at))
			at[string(v)] = k
			out = append(out, v...)
		}
		index[i] = k
	}
	return append(out, index...)
}

func appendDifferences(out []byte, numbers []int64) []byte {
	last := int64(0)
	for _, n := range numbers {
		out = binary.AppendVarint(out, n-last)
		last = n
	}
	return out
}

// numbersOf reads a column of numbers that all bear the same tag or none; tag is
// that plus one, or 0.
func numbersOf(values []cbor.RawMessage) (tag uint64, numbers []int64, ok bool) {
	for i, v := range values {
		t := uint64(0)
		if len(v) > 0 && v[0]>>5 == 6 {
			var raw cbor.RawTag
			if err := decMode.Unmarshal(v, &raw); err != nil {
				return 0, nil, false
			}
			t, v = raw.Number+1, cbor.RawMessage(raw.Content)
		}
		if i == 0 {
			tag = t
		}
		var n int64
		if t != tag || len(v) == 0 || v[0]>>5 > 1 || decMode.Unmarshal(v, &n) != nil {
			return 0, nil, false
		}
		numbers = append(numbers, n)
	}
	return tag, numbers, len(numbers) > 1
}

func idsOf(values []cbor.RawMessage) (ids []store.ID, ok bool) {
	for _, v := range values {
		var id store.ID
		if len(v) == 0 || v[0]>>5 != 6 || id.UnmarshalCBOR(v) != nil {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, len(ids) > 0
}

func packIDs(ids []store.ID) ([]byte, bool) {
	var origins []store.Origin
	at := map[store.Origin]int{}
	index, numbers := make([]byte, len(ids)), make([]int64, len(ids))
	for i, id := range ids {
		k, ok := at[id.Origin]
		if !ok {
			if k = len(origins); k > 255 {
				return nil, false
			}
			at[id.Origin] = k
			origins = append(origins, id.Origin)
		}
		index[i], numbers[i] = byte(k), int64(id.Number)
	}
	out := binary.AppendUvarint([]byte{columnIDs}, uint64(len(origins)))
	for _, o := range origins {
		out = append(out, o[:]...)
	}
	return appendDifferences(append(out, index...), numbers), true
}

// unpackColumn reads n values; what it makes is bounded by n and by b.
func unpackColumn(b []byte, n int) (values []cbor.RawMessage, err error) {
	bad := fmt.Errorf("%w: column", ErrFrame)
	if len(b) == 0 {
		if n == 0 {
			return nil, nil
		}
		return nil, bad
	}
	kind, b := b[0], b[1:]
	values = make([]cbor.RawMessage, 0, n)
	switch kind {
	case columnPlain:
		for range n {
			var v cbor.RawMessage
			if b, err = decMode.UnmarshalFirst(b, &v); err != nil {
				return nil, fmt.Errorf("%w: column: %w", ErrFrame, err)
			}
			values = append(values, v)
		}
	case columnNumbers:
		tag, k := binary.Uvarint(b)
		if k <= 0 {
			return nil, bad
		}
		b = b[k:]
		last := int64(0)
		for range n {
			if last, b, err = difference(b, last); err != nil {
				return nil, err
			}
			raw, err := encMode.Marshal(last)
			if err == nil && tag > 0 {
				raw, err = encMode.Marshal(cbor.RawTag{Number: tag - 1, Content: raw})
			}
			if err != nil {
				return nil, bad
			}
			values = append(values, raw)
		}
	case columnIDs:
		count, k := binary.Uvarint(b)
		if k <= 0 || count > 256 || uint64(len(b)-k) < 8*count+uint64(n) {
			return nil, bad
		}
		origins, index := b[k:k+int(8*count)], b[k+int(8*count):]
		b = index[n:]
		last := int64(0)
		for i := range n {
			if last, b, err = difference(b, last); err != nil {
				return nil, err
			}
			o := int(index[i])
			if o >= int(count) {
				return nil, bad
			}
			raw, err := store.ID{Origin: store.Origin(origins[8*o : 8*o+8]), Number: uint64(last)}.MarshalCBOR()
			if err != nil {
				return nil, bad
			}
			values = append(values, raw)
		}
	case columnRepeats:
		count, k := binary.Uvarint(b)
		if k <= 0 || count > 256 {
			return nil, bad
		}
		b = b[k:]
		known := make([]cbor.RawMessage, count)
		for i := range known {
			if b, err = decMode.UnmarshalFirst(b, &known[i]); err != nil {
				return nil, fmt.Errorf("%w: column: %w", ErrFrame, err)
			}
		}
		if len(b) < n {
			return nil, bad
		}
		for _, k := range b[:n] {
			if uint64(k) >= count {
				return nil, bad
			}
			values = append(values, known[k])
		}
		b = b[n:]
	default:
		return nil, fmt.Errorf("%w: a column of kind %d", ErrFrame, kind)
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: a column too long", ErrFrame)
	}
	return values, nil
}

func difference(b []byte, last int64) (int64, []byte, error) {
	d, k := binary.Varint(b)
	if k <= 0 {
		return 0, nil, fmt.Errorf("%w: column", ErrFrame)
	}
	return last + d, b[k:], nil
}
