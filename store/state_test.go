package store_test

import (
	"bytes"
	"hash/maphash"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

const sector = 512

// diskState is what lies on the disk: bytes by node, names by folder. What a
// branch shares with others is never written over.
type diskState struct {
	nodes []*node
	data  map[int][]byte
	names map[int]map[string]int
	own   map[int]bool // bytes that nobody shares yet

	files map[string][]byte // below data
	shown map[int]bool      // nodes that are among files and count
	id    uint64
	seed  maphash.Seed
	ids   map[*byte]uint64 // of whole files, by their first byte
}

func newDiskState(nodes []*node) *diskState {
	return &diskState{nodes: nodes, data: map[int][]byte{}, names: map[int]map[string]int{}, seed: maphash.MakeSeed(), ids: map[*byte]uint64{}}
}

// branch is the state with these parts of events kept.
func (s *diskState) branch(kept []part, events []event) *diskState {
	b := &diskState{nodes: s.nodes, data: maps.Clone(s.data), names: maps.Clone(s.names), own: map[int]bool{}, seed: s.seed, ids: s.ids}
	for _, p := range kept {
		b.apply(events[p.event], p)
	}
	b.collect()
	return b
}

func (s *diskState) apply(e event, p part) {
	switch e.what {
	case "put", "drop":
		names := maps.Clone(s.names[e.dir])
		if names == nil {
			names = map[string]int{}
		}
		if e.what == "put" {
			names[e.name] = e.node
		} else if names[e.name] == e.node {
			delete(names, e.name)
		}
		s.names[e.dir] = names
		return
	}
	if !s.own[e.node] {
		s.data[e.node] = slices.Clone(s.data[e.node])
		if s.own != nil {
			s.own[e.node] = true
		}
	}
	if p.sectors == nil {
		s.data[e.node] = e.change(s.data[e.node])
		return
	}
	p.each(e, func(off int64, data []byte) { s.data[e.node] = event{off: off, data: data}.change(s.data[e.node]) })
}

// collect finds the files below data.
func (s *diskState) collect() {
	s.files, s.shown = map[string][]byte{}, map[int]bool{}
	var walk func(n int, path string)
	walk = func(n int, path string) {
		for name, child := range s.names[n] {
			p := filepath.Join(path, name)
			rel, below := strings.CutPrefix(p, "data/")
			switch {
			case s.nodes[child].folder:
				walk(child, p)
			case below:
				s.files[rel] = s.data[child]
				s.shown[child] = rel != "lock" && (!strings.HasPrefix(rel, "partial/") || len(name) == 64)
			}
		}
	}
	walk(0, "")
}

// look collects, and gives a number that tells the state from others: by names
// and bytes that matter to a start, sector by sector.
func (s *diskState) look() (id uint64) {
	s.collect()
	var walk func(n int, path string)
	walk = func(n int, path string) {
		for name, child := range s.names[n] {
			if s.nodes[child].folder {
				walk(child, path+"/"+name)
			} else if s.shown[child] {
				id ^= maphash.String(s.seed, path+"/"+name) ^ s.bytesID(child)
			}
		}
	}
	walk(0, "")
	return id
}

func (s *diskState) bytesID(n int) (id uint64) {
	data := s.data[n]
	if len(data) == 0 {
		return 0
	}
	if id, ok := s.ids[&data[0]]; ok && !s.own[n] {
		return id
	}
	for off := 0; off < len(data); off += sector {
		id ^= s.sectorID(n, int64(off), data[off:min(off+sector, len(data))])
	}
	if !s.own[n] {
		s.ids[&data[0]] = id
	}
	return id
}

// sector is what a file holds at an offset.
func (s *diskState) sector(n int, off int64) []byte {
	data := s.data[n]
	return data[min(off, int64(len(data))):min(off+sector, int64(len(data)))]
}

var zeros [sector]byte

func (s *diskState) sectorID(n int, off int64, data []byte) uint64 {
	if bytes.Equal(data, zeros[:len(data)]) {
		return 0
	}
	return (maphash.Bytes(s.seed, data) + 1) * (maphash.Comparable(s.seed, [2]int64{int64(n), off}) | 1)
}
