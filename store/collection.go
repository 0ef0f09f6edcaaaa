package store

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// Spec declares a collection. T's fields carry `cbor:"N,keyasint,omitempty"`.
type Spec[T any] struct {
	Name    string // "module.things"
	Home    Home
	Lane    Lane                                                   // zero: Records
	LaneOf  func(*T) Lane                                          // instead of Lane, record by record
	Format  uint16                                                 // from 1; raised when a body changes its meaning
	Migrate map[uint16]func(body map[uint64]cbor.RawMessage) error // from format N to N+1, when read
	Indexes []Index[T]
	Blobs   func(*T) []Blob // the files a record names
}

// Index finds records by what Keys says of them; Keys are made with Key.
type Index[T any] struct {
	Name   string
	Unique bool // refused at home only: what arrives is never refused by it
	Keys   func(*T) [][]byte
}

// Query walks an index, or the whole collection by id when Index is empty.
type Query struct {
	Index   string
	Prefix  []any  // parts of Key that must lead
	After   []byte // Record.Key of the last one seen
	Reverse bool
}

// Collection reads and writes the records of one name.
type Collection[T any] struct{ spec Spec[T] }

// Definition is any collection; Open takes the list.
type Definition interface {
	Name() string
	home() Home
	format() uint16
	indexNames() []string
	indexKeys(db *DB, row Row) ([][]byte, error) // whole keys
	again(tx *Tx, row Row) error                 // writes what an earlier version said
}

// Define declares a collection. It registers nothing: hand the value to Open.
func Define[T any](s Spec[T]) *Collection[T] {
	if s.Format == 0 {
		s.Format = 1
	}
	if s.Lane == 0 {
		s.Lane = Records
	}
	return &Collection[T]{s}
}

// Name is the collection's name.
func (c *Collection[T]) Name() string { return c.spec.Name }

func (c *Collection[T]) home() Home     { return c.spec.Home }
func (c *Collection[T]) format() uint16 { return c.spec.Format }

func (c *Collection[T]) indexNames() (names []string) {
	for _, ix := range c.spec.Indexes {
		names = append(names, ix.Name)
	}
	return names
}

// Version rises with every commit that touched the collection.
func (c *Collection[T]) Version(tx *Tx) uint64 { return tx.Version(c.spec.Name) }

// Get reads one record; ErrNotFound also when it was deleted.
func (c *Collection[T]) Get(tx *Tx, id ID) (Record[T], error) {
	tx.reading(c.spec.Name)
	v := tx.get(tx.db.rowKey(c.spec.Name, id))
	if v == nil {
		return Record[T]{}, ErrNotFound
	}
	row, err := DecodeRow(v)
	if err != nil {
		return Record[T]{}, err
	}
	if row.Deleted {
		return Record[T]{}, ErrNotFound
	}
	return c.record(row)
}

func (c *Collection[T]) record(row Row) (Record[T], error) {
	r := Record[T]{Meta: row.Meta}
	if row.Deleted {
		return r, nil
	}
	body, err := c.migrated(row)
	if err != nil {
		return r, err
	}
	if err := decMode.Unmarshal(body, &r.Value); err != nil {
		return r, fmt.Errorf("store: %s %s: %w", c.spec.Name, row.ID, err)
	}
	return r, nil
}

// migrated is the row's body in today's format.
func (c *Collection[T]) migrated(row Row) ([]byte, error) {
	if row.Format >= c.spec.Format {
		return row.Body, nil
	}
	m := map[uint64]cbor.RawMessage{}
	if err := decMode.Unmarshal(row.Body, &m); err != nil {
		return nil, fmt.Errorf("store: %s %s: %w", c.spec.Name, row.ID, err)
	}
	for f := row.Format; f < c.spec.Format; f++ {
		if step := c.spec.Migrate[f]; step != nil {
			if err := step(m); err != nil {
				return nil, fmt.Errorf("store: %s %s from format %d: %w", c.spec.Name, row.ID, f, err)
			}
		}
	}
	return encMode.Marshal(m)
}

// Add writes a new record and returns its id; *UniqueError on a clash.
func (c *Collection[T]) Add(tx *Tx, v T) (ID, error) {
	return c.write(tx, ID{}, nil, &v)
}

// Set writes a new version. Keys of the body that T does not know are kept.
func (c *Collection[T]) Set(tx *Tx, id ID, v T) error {
	old, err := c.old(tx, id)
	if err != nil {
		return err
	}
	_, err = c.write(tx, id, old, &v)
	return err
}

// again writes what an earlier version said, or deletes as it did.
func (c *Collection[T]) again(tx *Tx, row Row) error {
	if row.Deleted {
		return c.Delete(tx, row.ID)
	}
	r, err := c.record(row)
	if err != nil {
		return err
	}
	return c.Set(tx, row.ID, r.Value)
}

// Delete leaves a tombstone. A Scratch record leaves nothing.
func (c *Collection[T]) Delete(tx *Tx, id ID) error {
	old, err := c.old(tx, id)
	if err != nil {
		return err
	}
	_, err = c.write(tx, id, old, nil)
	return err
}

func (c *Collection[T]) old(tx *Tx, id ID) (*Row, error) {
	v := tx.get(tx.db.rowKey(c.spec.Name, id))
	if v == nil {
		return nil, ErrNotFound
	}
	row, err := DecodeRow(v)
	switch {
	case err != nil:
		return nil, err
	case row.Deleted:
		return nil, ErrNotFound
	case row.Format > c.spec.Format:
		return nil, ErrNewerFormat
	case !tx.atHome(row.Meta):
		return nil, ErrNotHome
	}
	return &row, nil
}

func (c *Collection[T]) write(tx *Tx, id ID, old *Row, v *T) (ID, error) {
	if !tx.write {
		return ID{}, fmt.Errorf("store: write to %s in a View", c.spec.Name)
	}
	if !tx.db.knows(c.spec.Name) {
		return ID{}, fmt.Errorf("store: collection %s was not given to Open", c.spec.Name)
	}
	row := Row{Meta: Meta{Format: c.spec.Format, Collection: c.spec.Name, Home: c.spec.Home, Lane: c.spec.Lane}}
	row.Time, row.Trusted = tx.Now()
	if v == nil {
		row.Deleted, row.Lane = true, old.Lane
	} else {
		if c.spec.LaneOf != nil {
			row.Lane = c.spec.LaneOf(v)
		}
		if c.spec.Blobs != nil {
			row.Blobs = c.spec.Blobs(v)
		}
		body, err := encMode.Marshal(v)
		if err != nil {
			return ID{}, fmt.Errorf("store: %s: %w", c.spec.Name, err)
		}
		if old != nil {
			was, err := c.migrated(*old)
			if err != nil {
				return ID{}, err
			}
			if body, err = keepUnknown[T](was, body); err != nil {
				return ID{}, fmt.Errorf("store: %s %s: %w", c.spec.Name, id, err)
			}
		}
		row.Body = body
		if err := c.checkUnique(tx, id, v); err != nil {
			return ID{}, err
		}
	}
	var err error
	if row.Origin, row.Number, err = tx.next(c.spec.Home); err != nil {
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

func (c *Collection[T]) checkUnique(tx *Tx, id ID, v *T) error {
	for _, ix := range c.spec.Indexes {
		if !ix.Unique {
			continue
		}
		for _, key := range ix.Keys(v) {
			prefix := append(tx.db.indexBase(c.spec.Name, ix.Name), key...)
			taken := false
			tx.scan(prefix, nil, false, func(k, _ []byte) bool {
				taken = len(k) == len(prefix)+16 && idOf(k[len(prefix):]) != id
				return !taken
			})
			if taken {
				return &UniqueError{c.spec.Name, ix.Name}
			}
		}
	}
	return nil
}

func (c *Collection[T]) indexKeys(db *DB, row Row) ([][]byte, error) {
	if row.Deleted || len(c.spec.Indexes) == 0 {
		return nil, nil
	}
	r, err := c.record(row)
	if err != nil {
		return nil, err
	}
	return c.keysOf(db, row.ID, &r.Value), nil
}

func (c *Collection[T]) keysOf(db *DB, id ID, v *T) (keys [][]byte) {
	for _, ix := range c.spec.Indexes {
		for _, k := range ix.Keys(v) {
			key := append(db.indexBase(c.spec.Name, ix.Name), k...)
			keys = append(keys, append(append(key, id.Origin[:]...), number(id.Number)...))
		}
	}
	return keys
}

// All walks the records in the order in which they were made here.
func (c *Collection[T]) All(tx *Tx) iter.Seq2[Record[T], error] { return c.Scan(tx, Query{}) }

// Where walks the records whose index key begins with the parts, ascending.
func (c *Collection[T]) Where(tx *Tx, index string, parts ...any) iter.Seq2[Record[T], error] {
	return c.Scan(tx, Query{Index: index, Prefix: parts})
}

// One is the first record under the parts; ErrNotFound when there is none.
func (c *Collection[T]) One(tx *Tx, index string, parts ...any) (Record[T], error) {
	for r, err := range c.Where(tx, index, parts...) {
		return r, err
	}
	return Record[T]{}, ErrNotFound
}

// Count counts index entries without reading records.
func (c *Collection[T]) Count(tx *Tx, index string, parts ...any) (int, error) {
	tx.reading(c.spec.Name)
	n := 0
	prefix := append(tx.db.indexBase(c.spec.Name, index), Key(parts...)...)
	tx.scan(prefix, nil, false, func(k, _ []byte) bool {
		if len(k) >= len(prefix)+16 {
			n++
		}
		return true
	})
	return n, nil
}

// Scan walks by a Query. The loop's body may write; an error ends the walk.
func (c *Collection[T]) Scan(tx *Tx, q Query) iter.Seq2[Record[T], error] {
	return func(yield func(Record[T], error) bool) {
		tx.reading(c.spec.Name)
		if q.Index == "" {
			prefix := tx.db.rowKey(c.spec.Name, ID{})[:3]
			tx.scan(prefix, placed(prefix, q.After), q.Reverse, func(k, v []byte) bool {
				row, err := DecodeRow(v)
				if err == nil && row.Deleted {
					return true
				}
				return c.hand(yield, row, err, k[len(prefix):])
			})
			return
		}
		base := tx.db.indexBase(c.spec.Name, q.Index)
		prefix := append(bytes.Clone(base), Key(q.Prefix...)...)
		tx.scan(prefix, placed(base, q.After), q.Reverse, func(k, _ []byte) bool {
			if len(k) < len(prefix)+16 {
				return true
			}
			v := tx.get(tx.db.rowKey(c.spec.Name, idOf(k[len(k)-16:])))
			if v == nil {
				return c.hand(yield, Row{}, fmt.Errorf("store: %s.%s points at no row", c.spec.Name, q.Index), nil)
			}
			row, err := DecodeRow(v)
			return c.hand(yield, row, err, k[len(base):])
		})
	}
}

func placed(base, after []byte) []byte {
	if after == nil {
		return nil
	}
	return append(bytes.Clone(base), after...)
}

func (c *Collection[T]) hand(yield func(Record[T], error) bool, row Row, err error, key []byte) bool {
	if err != nil {
		yield(Record[T]{}, err)
		return false
	}
	r, err := c.record(row)
	r.Key = key
	return yield(r, err) && err == nil
}

// keepUnknown puts back the keys of the old body that T has no field for: a
// newer build's words survive an older build's edit.
func keepUnknown[T any](old, body []byte) ([]byte, error) {
	was, is, known := map[uint64]cbor.RawMessage{}, map[uint64]cbor.RawMessage{}, fieldKeys(reflect.TypeFor[T]())
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

// Encode is a value as it stands in a row's body: for tests and tools that make
// rows of their own.
func (c *Collection[T]) Encode(v T) ([]byte, error) { return encMode.Marshal(v) }
