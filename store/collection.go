package store

import (
	"iter"

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
type Collection[T any] struct{ *kind }

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
func Define[T any](s Spec[T]) *Collection[T] { return &Collection[T]{newKind(s)} }

// Get reads one record; ErrNotFound also when it was deleted.
func (c *Collection[T]) Get(tx *Tx, id ID) (Record[T], error) {
	tx.reading(c.name)
	row, err := c.row(tx, id)
	if err != nil {
		return Record[T]{}, err
	}
	return c.record(row)
}

func (c *Collection[T]) record(row Row) (Record[T], error) {
	r := Record[T]{Meta: row.Meta}
	err := c.decode(row, &r.Value)
	return r, err
}

// Add writes a new record and returns its id; *UniqueError on a clash.
func (c *Collection[T]) Add(tx *Tx, v T) (ID, error) { return c.write(tx, ID{}, nil, &v) }

// Set writes a new version. Keys of the body that T does not know are kept.
func (c *Collection[T]) Set(tx *Tx, id ID, v T) error { return c.set(tx, id, &v) }

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

// Scan walks by a Query. The loop's body may write; an error ends the walk.
func (c *Collection[T]) Scan(tx *Tx, q Query) iter.Seq2[Record[T], error] {
	return func(yield func(Record[T], error) bool) {
		c.scan(tx, q, func(row Row, key []byte, err error) bool {
			if err != nil {
				yield(Record[T]{}, err)
				return false
			}
			r, err := c.record(row)
			r.Key = key
			return yield(r, err) && err == nil
		})
	}
}

// Encode is a value as it stands in a row's body: for tests and tools that make
// rows of their own.
func (c *Collection[T]) Encode(v T) ([]byte, error) { return encMode.Marshal(v) }
