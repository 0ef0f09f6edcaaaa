package boxsync

import (
	"bytes"
	"sort"

	"preau/store"
)

type rangeWire struct {
	_      struct{} `cbor:",toarray"`
	Lo, Hi []byte   // ids, both within; empty Hi: no end
	N      int
	Sum    []byte
}

// within are the items of an ordered list from lo to hi, both within.
func within(items []store.Item, lo, hi []byte) []store.Item {
	from := sort.Search(len(items), func(i int) bool { return bytes.Compare(writeID(items[i].ID), lo) >= 0 })
	to := len(items)
	if len(hi) > 0 {
		to = sort.Search(len(items), func(i int) bool { return bytes.Compare(writeID(items[i].ID), hi) > 0 })
	}
	return items[from:max(from, to)]
}

func printOf(items []store.Item) []byte {
	var sum [16]byte
	for _, it := range items {
		for i, b := range it.Sum() {
			sum[i] ^= b
		}
	}
	return sum[:]
}

func (r rangeWire) same(items []store.Item) bool {
	return r.N == len(items) && (r.N == 0 || bytes.Equal(r.Sum, printOf(items)))
}

// split cuts a range where its items stand, so that no part holds more than its share.
func split(items []store.Item, lo, hi []byte) (parts []rangeWire) {
	n := min(splitInto, len(items))
	for i := range n {
		part := items[i*len(items)/n : (i+1)*len(items)/n]
		r := rangeWire{Lo: lo, Hi: hi, N: len(part), Sum: printOf(part)}
		if i < n-1 {
			r.Hi = writeID(part[len(part)-1].ID)
			lo = next(r.Hi)
		}
		parts = append(parts, r)
	}
	return parts
}

// next is the smallest id after one.
func next(id []byte) []byte {
	after := bytes.Clone(id)
	for i := len(after) - 1; i >= 0; i-- {
		if after[i]++; after[i] != 0 {
			break
		}
	}
	return after
}
