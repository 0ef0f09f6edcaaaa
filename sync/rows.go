package boxsync

import (
	"bytes"
	"encoding/binary"
	"fmt"
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

// A batch's rows travel by columns: rows of one collection whose bodies have the
// same keys stand together, the values of a key side by side, numbers and times
// as differences to the row before. It needs no schema. What would not come back
// byte for byte travels whole instead.
const (
	packedWhole   = 0
	packedColumns = 1
)

// group is rows of one shape. All lists have one entry a row.
type group struct {
	_          struct{}   `cbor:",toarray"`
	Collection string     // as are the next four: of every row
	Format     uint16     //
	Home       uint8      //
	Lane       uint8      //
	Keys       []uint64   // of every body, ascending
	Places     []int64    // in the batch, differences
	Origins    [][]byte   // those that occur
	IDOrigins  []byte     // index in Origins
	IDNumbers  []int64    // differences
	Origin     []byte     // of the version: index in Origins
	Numbers    []int64    // differences
	Millis     []int64    // differences
	Flags      []byte     // 1 trusted, 2 deleted
	Blobs      []blobsRow // of the rows that name files
	Columns    [][]byte   // for each key the values, one behind the other
}

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

// builder gathers the rows of a group, with the last values for differences.
type builder struct {
	group
	place, id, number, millis int64
}

func packColumns(rows []store.Row) ([]byte, error) {
	groups := map[string]*builder{}
	var order []*builder
	for i, r := range rows {
		body := map[uint64]cbor.RawMessage{}
		if len(r.Body) > 0 {
			if err := decMode.Unmarshal(r.Body, &body); err != nil {
				return nil, err
			}
		}
		keys := make([]uint64, 0, len(body))
		for k := range body {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		shape := fmt.Sprint(r.Collection, "\x00", r.Format, r.Home, r.Lane, len(r.Body) > 0, keys)
		g := groups[shape]
		if g == nil {
			g = &builder{group: group{Collection: r.Collection, Format: r.Format, Home: uint8(r.Home), Lane: uint8(r.Lane), Keys: keys, Columns: make([][]byte, len(keys))}}
			groups[shape] = g
			order = append(order, g)
		}
		g.add(int64(i), r, body)
	}
	list := make([]group, len(order))
	for i, g := range order {
		list[i] = g.group
	}
	raw, err := encMode.Marshal(list)
	return append([]byte{packedColumns}, raw...), err
}

func (g *builder) add(place int64, r store.Row, body map[uint64]cbor.RawMessage) {
	step := func(list *[]int64, last *int64, now int64) {
		*list = append(*list, now-*last)
		*last = now
	}
	step(&g.Places, &g.place, place)
	step(&g.IDNumbers, &g.id, int64(r.ID.Number))
	step(&g.Numbers, &g.number, int64(r.Number))
	step(&g.Millis, &g.millis, r.Time.UnixMilli())
	g.IDOrigins = append(g.IDOrigins, g.origin(r.ID.Origin))
	g.Origin = append(g.Origin, g.origin(r.Origin))
	var flags byte
	if r.Trusted {
		flags |= 1
	}
	if r.Deleted {
		flags |= 2
	}
	if len(r.Body) > 0 {
		flags |= 4
	}
	g.Flags = append(g.Flags, flags)
	if len(r.Blobs) > 0 {
		g.Blobs = append(g.Blobs, blobsRow{Row: len(g.Flags) - 1, Blobs: r.Blobs})
	}
	for i, k := range g.Keys {
		g.Columns[i] = append(g.Columns[i], body[k]...)
	}
}

// origin is the index of an origin; the 256th falls back on the first, and the
// whole batch then travels whole, for it would not come back the same.
func (g *builder) origin(o store.Origin) byte {
	i := slices.IndexFunc(g.Origins, func(b []byte) bool { return bytes.Equal(b, o[:]) })
	if i < 0 {
		if i = len(g.Origins); i > 255 {
			return 0
		}
		g.Origins = append(g.Origins, o[:])
	}
	return byte(i)
}

func unpackColumns(b []byte) ([]store.Row, error) {
	var list []group
	if err := unmarshal(b, &list); err != nil {
		return nil, err
	}
	total := 0
	for i := range list {
		if err := list[i].check(); err != nil { // before memory is taken for the rows
			return nil, err
		}
		total += len(list[i].Flags)
	}
	rows, filled := make([]store.Row, total), make([]bool, total)
	for i := range list {
		if err := list[i].unpack(rows, filled); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// check holds a group's lists against one another.
func (g *group) check() error {
	n := len(g.Flags)
	for _, l := range []int{len(g.Places), len(g.IDNumbers), len(g.Numbers), len(g.Millis), len(g.IDOrigins), len(g.Origin)} {
		if l != n {
			return fmt.Errorf("%w: columns of unequal length", ErrFrame)
		}
	}
	if len(g.Columns) != len(g.Keys) || g.Home < uint8(store.Scratch) || g.Home > uint8(store.Down) || g.Lane < uint8(store.Control) || g.Lane > uint8(store.Sealed) {
		return fmt.Errorf("%w: a group's head", ErrFrame)
	}
	return nil
}

func (g *group) unpack(rows []store.Row, filled []bool) error {
	n := len(g.Flags)
	var place, id, number, millis int64
	origin := func(i byte) (o store.Origin, err error) {
		if int(i) >= len(g.Origins) || len(g.Origins[i]) != len(o) {
			return o, fmt.Errorf("%w: origin", ErrFrame)
		}
		return store.Origin(g.Origins[i]), nil
	}
	at := make([]int, n)
	for i := range n {
		place, id, number, millis = place+g.Places[i], id+g.IDNumbers[i], number+g.Numbers[i], millis+g.Millis[i]
		if place < 0 || place >= int64(len(rows)) || filled[place] {
			return fmt.Errorf("%w: a row's place", ErrFrame)
		}
		filled[place], at[i] = true, int(place)
		r := &rows[place]
		r.Collection, r.Format, r.Home, r.Lane = g.Collection, g.Format, store.Home(g.Home), store.Lane(g.Lane)
		r.Number, r.Time, r.Trusted, r.Deleted = uint64(number), time.UnixMilli(millis).UTC(), g.Flags[i]&1 != 0, g.Flags[i]&2 != 0
		var err error
		if r.ID.Origin, err = origin(g.IDOrigins[i]); err != nil {
			return err
		}
		if r.Origin, err = origin(g.Origin[i]); err != nil {
			return err
		}
		r.ID.Number = uint64(id)
	}
	for _, x := range g.Blobs {
		if x.Row < 0 || x.Row >= n {
			return fmt.Errorf("%w: a row's files", ErrFrame)
		}
		rows[at[x.Row]].Blobs = x.Blobs
	}
	return g.bodies(rows, at)
}

// bodies puts the values of the columns back into maps.
func (g *group) bodies(rows []store.Row, at []int) error {
	bodies := make([]map[uint64]cbor.RawMessage, len(at))
	for i := range at {
		bodies[i] = make(map[uint64]cbor.RawMessage, len(g.Keys))
	}
	for k, column := range g.Columns {
		rest := column
		for i := range at {
			var v cbor.RawMessage
			var err error
			if rest, err = decMode.UnmarshalFirst(rest, &v); err != nil {
				return fmt.Errorf("%w: column: %w", ErrFrame, err)
			}
			bodies[i][g.Keys[k]] = v
		}
		if len(rest) > 0 {
			return fmt.Errorf("%w: a column too long", ErrFrame)
		}
	}
	for i, place := range at {
		if g.Flags[i]&4 == 0 {
			continue
		}
		raw, err := encMode.Marshal(bodies[i])
		if err != nil {
			return fmt.Errorf("%w: body: %w", ErrFrame, err)
		}
		rows[place].Body = raw
	}
	return nil
}
