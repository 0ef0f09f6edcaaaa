package store

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// kind is a collection without its Go type: all that can be done with rows when
// somebody else turns bodies into values. It is compiled once, and not once for
// each of seventy types. An `any` here is always a *T.
type kind struct {
	name    string
	where   Home
	version uint16
	migrate map[uint16]func(body map[uint64]cbor.RawMessage) error
	lane    func(v any) Lane
	blobs   func(v any) []Blob // nil: none
	indexes []index
	typ     reflect.Type // T
}

type index struct {
	name   string
	unique bool
	keys   func(v any) [][]byte
}

func newKind[T any](s Spec[T]) *kind {
	k := &kind{name: s.Name, where: s.Home, version: max(s.Format, 1), migrate: s.Migrate, typ: reflect.TypeFor[T]()}
	lane := s.Lane
	if lane == 0 {
		lane = Records
	}
	k.lane = func(any) Lane { return lane }
	if s.LaneOf != nil {
		k.lane = func(v any) Lane { return s.LaneOf(v.(*T)) }
	}
	if s.Blobs != nil {
		k.blobs = func(v any) []Blob { return s.Blobs(v.(*T)) }
	}
	for _, ix := range s.Indexes {
		k.indexes = append(k.indexes, index{ix.Name, ix.Unique, func(v any) [][]byte { return ix.Keys(v.(*T)) }})
	}
	return k
}

// Name is the collection's name.
func (c *kind) Name() string { return c.name }

func (c *kind) home() Home     { return c.where }
func (c *kind) format() uint16 { return c.version }

func (c *kind) indexNames() (names []string) {
	for _, ix := range c.indexes {
		names = append(names, ix.name)
	}
	return names
}

// Version rises with every commit that touched the collection.
func (c *kind) Version(tx *Tx) uint64 { return tx.Version(c.name) }

// Delete leaves a tombstone. A Scratch record leaves nothing.
func (c *kind) Delete(tx *Tx, id ID) error {
	old, err := c.old(tx, id)
	if err != nil {
		return err
	}
	_, err = c.write(tx, id, old, nil)
	return err
}

// Count counts index entries without reading records.
func (c *kind) Count(tx *Tx, index string, parts ...any) (int, error) {
	tx.reading(c.name)
	n := 0
	prefix := append(tx.db.indexBase(c.name, index), Key(parts...)...)
	tx.scan(prefix, nil, false, func(k, _ []byte) bool {
		if len(k) >= len(prefix)+16 {
			n++
		}
		return true
	})
	return n, nil
}

// scan hands over the rows of a Query, each with the key it was found under.
func (c *kind) scan(tx *Tx, q Query, yield func(row Row, key []byte, err error) bool) {
	tx.reading(c.name)
	if q.Index == "" {
		prefix := tx.db.rowKey(c.name, ID{})[:3]
		tx.scan(prefix, placed(prefix, q.After), q.Reverse, func(k, v []byte) bool {
			row, err := DecodeRow(v)
			if err == nil && row.Deleted {
				return true
			}
			return yield(row, k[len(prefix):], err)
		})
		return
	}
	base := tx.db.indexBase(c.name, q.Index)
	prefix := append(bytes.Clone(base), Key(q.Prefix...)...)
	tx.scan(prefix, placed(base, q.After), q.Reverse, func(k, _ []byte) bool {
		if len(k) < len(prefix)+16 {
			return true
		}
		v := tx.get(tx.db.rowKey(c.name, idOf(k[len(k)-16:])))
		if v == nil {
			return yield(Row{}, nil, fmt.Errorf("store: %s.%s points at no row", c.name, q.Index))
		}
		row, err := DecodeRow(v)
		return yield(row, k[len(base):], err)
	})
}

func placed(base, after []byte) []byte {
	if after == nil {
		return nil
	}
	return append(bytes.Clone(base), after...)
}

// row is the row of a record; ErrNotFound also when it was deleted.
func (c *kind) row(tx *Tx, id ID) (Row, error) {
	v := tx.get(tx.db.rowKey(c.name, id))
	if v == nil {
		return Row{}, ErrNotFound
	}
	row, err := DecodeRow(v)
	if err == nil && row.Deleted {
		err = ErrNotFound
	}
	return row, err
}

// decode reads a row's body into v.
func (c *kind) decode(row Row, v any) error {
	if row.Deleted {
		return nil
	}
	body, err := c.migrated(row)
	if err != nil {
		return err
	}
	if err := decMode.Unmarshal(body, v); err != nil {
		return fmt.Errorf("store: %s %s: %w", c.name, row.ID, err)
	}
	return nil
}

// value is a row's body as a new *T.
func (c *kind) value(row Row) (any, error) {
	v := reflect.New(c.typ).Interface()
	return v, c.decode(row, v)
}

// migrated is the row's body in today's format.
func (c *kind) migrated(row Row) ([]byte, error) {
	if row.Format >= c.version {
		return row.Body, nil
	}
	m := map[uint64]cbor.RawMessage{}
	if err := decMode.Unmarshal(row.Body, &m); err != nil {
		return nil, fmt.Errorf("store: %s %s: %w", c.name, row.ID, err)
	}
	for f := row.Format; f < c.version; f++ {
		if step := c.migrate[f]; step != nil {
			if err := step(m); err != nil {
				return nil, fmt.Errorf("store: %s %s from format %d: %w", c.name, row.ID, f, err)
			}
		}
	}
	return encMode.Marshal(m)
}

// set writes a new version.
func (c *kind) set(tx *Tx, id ID, v any) error {
	old, err := c.old(tx, id)
	if err != nil {
		return err
	}
	_, err = c.write(tx, id, old, v)
	return err
}

// again writes what an earlier version said, or deletes as it did.
func (c *kind) again(tx *Tx, row Row) error {
	if row.Deleted {
		return c.Delete(tx, row.ID)
	}
	v, err := c.value(row)
	if err != nil {
		return err
	}
	return c.set(tx, row.ID, v)
}

// old is the row that a write replaces.
func (c *kind) old(tx *Tx, id ID) (*Row, error) {
	row, err := c.row(tx, id)
	switch {
	case err != nil:
		return nil, err
	case row.Format > c.version:
		return nil, ErrNewerFormat
	case !tx.atHome(row.Meta):
		return nil, ErrNotHome
	}
	return &row, nil
}

// write writes a version of a record; v nil: its tombstone.
func (c *kind) write(tx *Tx, id ID, old *Row, v any) (ID, error) {
	if !tx.write {
		return ID{}, fmt.Errorf("store: write to %s in a View", c.name)
	}
	if !tx.db.knows(c.name) {
		return ID{}, fmt.Errorf("store: collection %s was not given to Open", c.name)
	}
	row := Row{Meta: Meta{Format: c.version, Collection: c.name, Home: c.where}}
	row.Time, row.Trusted = tx.Now()
	if v == nil {
		row.Deleted, row.Lane = true, old.Lane
	} else {
		row.Lane = c.lane(v)
		if c.blobs != nil {
			row.Blobs = c.blobs(v)
		}
		body, err := encMode.Marshal(v)
		if err != nil {
			return ID{}, fmt.Errorf("store: %s: %w", c.name, err)
		}
		if old != nil {
			was, err := c.migrated(*old)
			if err != nil {
				return ID{}, err
			}
			if body, err = keepUnknown(c.typ, was, body); err != nil {
				return ID{}, fmt.Errorf("store: %s %s: %w", c.name, id, err)
			}
		}
		row.Body = body
		if err := c.checkUnique(tx, id, v); err != nil {
			return ID{}, err
		}
	}
	var err error
	if row.Origin, row.Number, err = tx.next(c.where); err != nil {
		return ID{}, err
	}
	if row.ID = id; id.IsZero() {
		row.ID = ID{row.Origin, row.Number}
	}
	var keys [][]byte
	if v != nil {
		keys = c.keysOf(tx.db, row.ID, v)
	}
	return row.ID, tx.store(c, old, row, keys)
}

func (c *kind) checkUnique(tx *Tx, id ID, v any) error {
	for _, ix := range c.indexes {
		if !ix.unique {
			continue
		}
		for _, key := range ix.keys(v) {
			prefix := append(tx.db.indexBase(c.name, ix.name), key...)
			taken := false
			tx.scan(prefix, nil, false, func(k, _ []byte) bool {
				taken = len(k) == len(prefix)+16 && idOf(k[len(prefix):]) != id
				return !taken
			})
			if taken {
				return &UniqueError{c.name, ix.name}
			}
		}
	}
	return nil
}

func (c *kind) indexKeys(db *DB, row Row) ([][]byte, error) {
	if row.Deleted || len(c.indexes) == 0 {
		return nil, nil
	}
	v, err := c.value(row)
	if err != nil {
		return nil, err
	}
	return c.keysOf(db, row.ID, v), nil
}

func (c *kind) keysOf(db *DB, id ID, v any) (keys [][]byte) {
	for _, ix := range c.indexes {
		for _, k := range ix.keys(v) {
			key := append(db.indexBase(c.name, ix.name), k...)
			keys = append(keys, append(append(key, id.Origin[:]...), number(id.Number)...))
		}
	}
	return keys
}

// keepUnknown puts back the keys of the old body that the type has no field for:
// a newer build's words survive an older build's edit.
func keepUnknown(t reflect.Type, old, body []byte) ([]byte, error) {
	was, is, known := map[uint64]cbor.RawMessage{}, map[uint64]cbor.RawMessage{}, fieldKeys(t)
	if err := errors.Join(decMode.Unmarshal(old, &was), decMode.Unmarshal(body, &is)); err != nil {
		return nil, err
	}
	added := false
	for k, raw := range was {
		if !known[k] {
			is[k], added = raw, true
		}
	}
	if !added {
		return body, nil
	}
	return encMode.Marshal(is)
}

// fieldKeys are the integer keys that the fields of a struct are tagged with.
func fieldKeys(t reflect.Type) map[uint64]bool {
	keys := map[uint64]bool{}
	for i := range t.NumField() {
		tag, _, _ := strings.Cut(t.Field(i).Tag.Get("cbor"), ",")
		if n, err := strconv.ParseUint(tag, 10, 64); err == nil {
			keys[n] = true
		}
	}
	return keys
}
