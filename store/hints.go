package store

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
)

// hints are what an office would else look for among what all its schools sent, at
// every call of every box: under which origins a site writes, and which files
// records of an origin may lack. They hold all of it and perhaps more, for a writer
// that was refused has left its part too; who reads them asks the transaction.
// Both are read from the file at first use and kept up by who writes.
type hints struct {
	mu      sync.Mutex
	senders map[string][]Origin // of each site
	absent  map[Origin]map[string]Blob
	known   [2]bool // senders, absent: what the file held is in
}

// met notes that a transaction makes an origin a site's.
func (h *hints) met(site string, o Origin) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.senders == nil {
		h.senders = map[string][]Origin{}
	}
	if !slices.Contains(h.senders[site], o) {
		h.senders[site] = append(h.senders[site], o)
	}
}

// lacks notes that a transaction names a blob that is not here. key is where it does.
func (h *hints) lacks(key []byte, b Blob) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := Origin(key[33:41])
	if h.absent == nil {
		h.absent = map[Origin]map[string]Blob{}
	}
	if h.absent[o] == nil {
		h.absent[o] = map[string]Blob{}
	}
	h.absent[o][string(key)] = b
}

// first tells whether what the file holds is still to be read. What is written while
// somebody reads it is noted by its writer, who may not have committed yet.
func (h *hints) first(which int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.known[which]
}

func (h *hints) read(which int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.known[which] = true
}

const (
	hintSenders = iota
	hintAbsent
)

// origins are all that a site ever wrote under, in the order in which they were met.
func (tx *Tx) origins(site string) (list []Origin) {
	h := &tx.db.hints
	if h.first(hintSenders) {
		tx.scan([]byte{pSender}, nil, false, func(k, v []byte) bool {
			if len(v) >= 8 {
				h.met(string(v[8:]), Origin(k[1:9]))
			}
			return true
		})
		h.read(hintSenders)
	}
	h.mu.Lock()
	maybe := slices.Clone(h.senders[site])
	h.mu.Unlock()
	order := map[Origin]uint64{}
	for _, o := range maybe {
		if v := tx.get(join(pSender, o[:])); len(v) >= 8 && string(v[8:]) == site {
			order[o] = binary.BigEndian.Uint64(v)
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b Origin) int { return int(int64(order[a]) - int64(order[b])) })
	return list
}

// Missing lists the blobs that live rows name and that are not here, each
// once: what a receiver still waits for.
func (db *DB) Missing() (list []Blob, err error) {
	return db.missing(func(h *hints) []Origin { return slices.Collect(maps.Keys(h.absent)) })
}

// MissingOf is Missing of records that were made under some origins.
func (db *DB) MissingOf(origins []Origin) (list []Blob, err error) {
	return db.missing(func(*hints) []Origin { return origins })
}

func (db *DB) missing(of func(*hints) []Origin) (list []Blob, err error) {
	h := &db.hints
	err = db.View(func(tx *Tx) error {
		if h.first(hintAbsent) {
			if err := tx.readAbsent(); err != nil {
				return err
			}
		}
		for key, b := range h.absentOf(of) {
			switch {
			case db.HasBlob(b.Hash):
				h.came(key)
			case tx.get([]byte(key)) != nil:
				list = append(list, b)
			}
		}
		return nil
	})
	slices.SortFunc(list, func(a, b Blob) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	return slices.CompactFunc(list, func(a, b Blob) bool { return a.Hash == b.Hash }), err
}

func (tx *Tx) readAbsent() (bad error) {
	here := map[Hash]bool{}
	tx.scan([]byte{pBlob}, nil, false, func(k, v []byte) bool {
		var b Blob
		if bad = decMode.Unmarshal(v, &b); bad != nil {
			return false
		}
		is, asked := here[b.Hash]
		if !asked {
			is = tx.db.HasBlob(b.Hash)
			here[b.Hash] = is
		}
		if !is {
			tx.db.hints.lacks(k, b)
		}
		return true
	})
	if bad == nil {
		tx.db.hints.read(hintAbsent)
	}
	return bad
}

// absentOf are the blobs that may be missing, by where they are named.
func (h *hints) absentOf(of func(*hints) []Origin) map[string]Blob {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := map[string]Blob{}
	for _, o := range of(h) {
		maps.Copy(all, h.absent[o])
	}
	return all
}

// came forgets a blob that is here now.
func (h *hints) came(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := Origin([]byte(key[33:41]))
	if delete(h.absent[o], key); len(h.absent[o]) == 0 {
		delete(h.absent, o)
	}
}
