package boxsync

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"

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

// A batch's rows travel by columns: what the envelopes say stands side by side, row
// after row, numbers and times as differences to the row before; bodies that have
// the same keys stand together, the values of a key side by side. It needs no
// schema. What would not come back byte for byte travels whole instead.
const (
	packedWhole   = 0
	packedColumns = 1
)

// packed is a batch. Lists that are not of shapes, origins or blobs have one entry
// a row.
type packed struct {
	_       struct{}   `cbor:",toarray"`
	Kinds   []kind     // those that occur
	Shapes  []shape    // those that occur
	Origins [][]byte   // those that occur
	Shape   []byte     // index in Shapes
	Flags   []byte     // see the flags
	Origin  []byte     // of the version: index in Origins
	Numbers []int64    // differences
	Millis  []int64    // differences
	IDs     []int64    // differences; of rows that are not new
	IDOf    []byte     // index in Origins; of rows that are not new
	Blobs   []blobsRow // of the rows that name files
}

// kind is what rows of one collection have in common, and the columns of their
// bodies.
type kind struct {
	_          struct{} `cbor:",toarray"`
	Collection string
	Format     uint16
	Home       uint8
	Lane       uint8
	Keys       []uint64 // that occur, ascending
	Columns    [][]byte // for each key the values of the rows that have it, as packColumn writes them
}

// shape says which keys a body has.
type shape struct {
	_    struct{} `cbor:",toarray"`
	Kind int      // index in Kinds
	Keys []byte   // indexes in the kind's keys
}

const (
	rowTrusted = 1 << iota
	rowDeleted
	rowBody
	rowNew // its id is its origin and number
	rowFlags
)

type blobsRow struct {
	_     struct{} `cbor:",toarray"`
	Row   int
	Blobs []store.Blob
}

// packRows writes a batch's rows.
func packRows(rows []store.Row) ([]byte, error) {
	whole, err := packWhole(rows)
	if err != nil {
		return nil, err
	}
	byColumns, err := packColumns(rows)
	if err != nil {
		return whole, nil
	}
	back, err := unpackRows(byColumns)
	if err != nil {
		return whole, nil
	}
	again, err := packWhole(back)
	if err != nil || !bytes.Equal(again, whole) {
		return whole, nil
	}
	return byColumns, nil
}

func unpackRows(b []byte) ([]store.Row, error) {
	switch {
	case len(b) == 0:
		return nil, nil
	case b[0] == packedWhole:
		return unpackWhole(b[1:])
	case b[0] == packedColumns:
		return unpackColumns(b[1:])
	}
	return nil, fmt.Errorf("%w: rows of kind %d", ErrFrame, b[0])
}

// packWhole writes rows one behind the other, each as it lies on disk.
func packWhole(rows []store.Row) ([]byte, error) {
	out := []byte{packedWhole}
	for _, r := range rows {
		raw, err := store.EncodeRow(r)
		if err != nil {
			return nil, err
		}
		out = append(binary.AppendUvarint(out, uint64(len(raw))), raw...)
	}
	return out, nil
}

func unpackWhole(b []byte) (rows []store.Row, err error) {
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

// last are the values to which the next row's are differences.
type last struct{ number, millis, id int64 }

func step(from *int64, to int64) (d int64) {
	d, *from = to-*from, to
	return d
}

func packColumns(rows []store.Row) ([]byte, error) {
	var p packed
	var was last
	kinds, shapes := map[kindName]int{}, map[string]int{}
	var values []map[uint64][]cbor.RawMessage // by kind and key
	var shaped [][]uint64                     // the keys of each shape
	for i, r := range rows {
		body := map[uint64]cbor.RawMessage{}
		if len(r.Body) > 0 {
			if err := decMode.Unmarshal(r.Body, &body); err != nil {
				return nil, err
			}
		}
		keys := slices.Sorted(maps.Keys(body))
		name := kindName{r.Collection, r.Format, r.Home, r.Lane}
		k, known := kinds[name]
		if !known {
			k = len(p.Kinds)
			kinds[name] = k
			p.Kinds = append(p.Kinds, kind{Collection: r.Collection, Format: r.Format, Home: uint8(r.Home), Lane: uint8(r.Lane)})
			values = append(values, map[uint64][]cbor.RawMessage{})
		}
		look := fmt.Sprint(k, keys)
		sh, known := shapes[look]
		if !known {
			sh = len(p.Shapes)
			shapes[look] = sh
			p.Shapes, shaped = append(p.Shapes, shape{Kind: k}), append(shaped, keys)
		}
		p.add(i, r, &was)
		p.Shape = append(p.Shape, byte(sh)) // of a 257th shape the batch would not come back the same
		for _, key := range keys {
			values[k][key] = append(values[k][key], body[key])
		}
	}
	for i := range p.Kinds {
		k := &p.Kinds[i]
		k.Keys = slices.Sorted(maps.Keys(values[i]))
		for _, key := range k.Keys {
			k.Columns = append(k.Columns, packColumn(values[i][key]))
		}
	}
	for i, keys := range shaped {
		for _, key := range keys {
			at, _ := slices.BinarySearch(p.Kinds[p.Shapes[i].Kind].Keys, key)
			p.Shapes[i].Keys = append(p.Shapes[i].Keys, byte(at))
		}
	}
	raw, err := encMode.Marshal(p)
	return append([]byte{packedColumns}, raw...), err
}

type kindName struct {
	collection string
	format     uint16
	home       store.Home
	lane       store.Lane
}

// add writes what a row's envelope says.
func (p *packed) add(i int, r store.Row, was *last) {
	var flags byte
	for flag, yes := range map[byte]bool{
		rowTrusted: r.Trusted, rowDeleted: r.Deleted, rowBody: len(r.Body) > 0, rowNew: r.ID.Origin == r.Origin && r.ID.Number == r.Number,
	} {
		if yes {
			flags |= flag
		}
	}
	p.Flags = append(p.Flags, flags)
	p.Origin = append(p.Origin, p.origin(r.Origin))
	p.Numbers = append(p.Numbers, step(&was.number, int64(r.Number)))
	p.Millis = append(p.Millis, step(&was.millis, r.Time.UnixMilli()))
	if flags&rowNew == 0 {
		p.IDs = append(p.IDs, step(&was.id, int64(r.ID.Number)))
		p.IDOf = append(p.IDOf, p.origin(r.ID.Origin))
	}
	if len(r.Blobs) > 0 {
		p.Blobs = append(p.Blobs, blobsRow{Row: i, Blobs: r.Blobs})
	}
}

// origin is the index of an origin; of a 257th the batch would not come back the
// same, and travels whole.
func (p *packed) origin(o store.Origin) byte {
	i := slices.IndexFunc(p.Origins, func(b []byte) bool { return bytes.Equal(b, o[:]) })
	if i < 0 {
		i = len(p.Origins)
		p.Origins = append(p.Origins, o[:])
	}
	return byte(i)
}

func unpackColumns(b []byte) ([]store.Row, error) {
	var p packed
	if err := unmarshal(b, &p); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil { // before memory is taken for the rows
		return nil, err
	}
	rows := make([]store.Row, len(p.Flags))
	var was last
	ids := 0
	for i := range rows {
		r, s := &rows[i], p.Kinds[p.Shapes[p.Shape[i]].Kind]
		was.number, was.millis = was.number+p.Numbers[i], was.millis+p.Millis[i]
		r.Collection, r.Format, r.Home, r.Lane = s.Collection, s.Format, store.Home(s.Home), store.Lane(s.Lane)
		r.Origin, r.Number, r.Time = store.Origin(p.Origins[p.Origin[i]]), uint64(was.number), time.UnixMilli(was.millis).UTC()
		r.Trusted, r.Deleted = p.Flags[i]&rowTrusted != 0, p.Flags[i]&rowDeleted != 0
		r.ID = store.ID{Origin: r.Origin, Number: r.Number}
		if p.Flags[i]&rowNew == 0 {
			was.id += p.IDs[ids]
			r.ID = store.ID{Origin: store.Origin(p.Origins[p.IDOf[ids]]), Number: uint64(was.id)}
			ids++
		}
	}
	for _, x := range p.Blobs {
		rows[x.Row].Blobs = x.Blobs
	}
	return rows, p.bodies(rows)
}

// check holds the lists against one another.
func (p *packed) check() error {
	n, old := len(p.Flags), 0
	for _, f := range p.Flags {
		if f >= rowFlags {
			return fmt.Errorf("%w: flags", ErrFrame)
		}
		if f&rowNew == 0 {
			old++
		}
	}
	if len(p.Shape) != n || len(p.Origin) != n || len(p.Numbers) != n || len(p.Millis) != n || len(p.IDs) != old || len(p.IDOf) != old {
		return fmt.Errorf("%w: columns of unequal length", ErrFrame)
	}
	beyond := func(list []byte, n int) bool {
		return slices.ContainsFunc(list, func(b byte) bool { return int(b) >= n })
	}
	if beyond(p.Shape, len(p.Shapes)) || beyond(p.Origin, len(p.Origins)) || beyond(p.IDOf, len(p.Origins)) {
		return fmt.Errorf("%w: an index out of range", ErrFrame)
	}
	for _, o := range p.Origins {
		if len(o) != len(store.Origin{}) {
			return fmt.Errorf("%w: origin", ErrFrame)
		}
	}
	for _, s := range p.Shapes {
		if s.Kind < 0 || s.Kind >= len(p.Kinds) || beyond(s.Keys, len(p.Kinds[s.Kind].Keys)) {
			return fmt.Errorf("%w: a shape", ErrFrame)
		}
	}
	for _, s := range p.Kinds {
		if len(s.Columns) != len(s.Keys) || s.Home < uint8(store.Scratch) || s.Home > uint8(store.Down) || s.Lane < uint8(store.Control) || s.Lane > uint8(store.Sealed) {
			return fmt.Errorf("%w: a kind of row", ErrFrame)
		}
	}
	for _, x := range p.Blobs {
		if x.Row < 0 || x.Row >= n {
			return fmt.Errorf("%w: a row's files", ErrFrame)
		}
	}
	return nil
}

// bodies puts the values of the columns back into maps.
func (p *packed) bodies(rows []store.Row) error {
	type place struct{ kind, key int }
	have := map[place]int{} // how many values a column must hold
	for _, sh := range p.Shape {
		for _, key := range p.Shapes[sh].Keys {
			have[place{p.Shapes[sh].Kind, int(key)}]++
		}
	}
	columns := map[place][]cbor.RawMessage{}
	for i, k := range p.Kinds {
		for j, column := range k.Columns {
			values, err := unpackColumn(column, have[place{i, j}])
			if err != nil {
				return err
			}
			columns[place{i, j}] = values
		}
	}
	for i := range rows {
		sh := p.Shapes[p.Shape[i]]
		body := make(map[uint64]cbor.RawMessage, len(sh.Keys))
		for _, key := range sh.Keys {
			at := place{sh.Kind, int(key)}
			body[p.Kinds[sh.Kind].Keys[key]] = columns[at][0]
			columns[at] = columns[at][1:]
		}
		if p.Flags[i]&rowBody == 0 {
			continue
		}
		raw, err := encMode.Marshal(body)
		if err != nil {
			return fmt.Errorf("%w: body: %w", ErrFrame, err)
		}
		rows[i].Body = raw
	}
	return nil
}
