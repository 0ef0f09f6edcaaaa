package boxsync

import (
	"encoding/binary"
	"fmt"

	"preau/store"
)

func writeID(id store.ID) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(nil), id.Origin[:]...), id.Number)
}

func readID(b []byte) (id store.ID, err error) {
	if len(b) != 16 {
		return id, fmt.Errorf("%w: id", ErrFrame)
	}
	copy(id.Origin[:], b)
	id.Number = binary.BigEndian.Uint64(b[8:])
	return id, nil
}

// packRows writes a batch's rows one behind the other, each as it lies on disk.
func packRows(rows []store.Row) ([]byte, error) {
	var out []byte
	for _, r := range rows {
		raw, err := store.EncodeRow(r)
		if err != nil {
			return nil, err
		}
		out = append(binary.AppendUvarint(out, uint64(len(raw))), raw...)
	}
	return out, nil
}

func unpackRows(b []byte) (rows []store.Row, err error) {
	for len(b) > 0 {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			return nil, fmt.Errorf("%w: rows", ErrFrame)
		}
		r, err := store.DecodeRow(b[k : k+int(n)])
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFrame, err)
		}
		rows, b = append(rows, r), b[k+int(n):]
	}
	return rows, nil
}
