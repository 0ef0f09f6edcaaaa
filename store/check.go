package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// CheckReport is what Check found. Expected counts blobs still on their way.
type CheckReport struct {
	OK       bool      `json:"ok"`
	Records  int       `json:"records"`
	Blobs    int       `json:"blobs"`
	Expected int       `json:"expected"`
	Problems []Problem `json:"problems"`
}

// Problem is one fault: of what kind, where, and what it is.
type Problem struct {
	Kind  string `json:"kind"`
	Where string `json:"where"`
	What  string `json:"what"`
}

// Check reads a whole folder: the file's pages, every row, the feed, the
// outboxes, the numbers, and each blob against its name. Nobody may hold the
// folder. bbolt's own check panics in a goroutine on some damage, which
// nothing can recover: run Check in a child process.
func Check(dir string) (CheckReport, error) { return check(dir, true) }

// CheckPages is the quick part of Check: the file's pages.
func CheckPages(dir string) (CheckReport, error) { return check(dir, false) }

func check(dir string, whole bool) (CheckReport, error) {
	r := CheckReport{Problems: []Problem{}}
	lock, err := lockFolder(dir, 200*time.Millisecond)
	if err != nil {
		return r, err
	}
	defer lock.Close()
	path := filepath.Join(dir, FileName)
	if _, err := os.Stat(path); err != nil {
		return r, fmt.Errorf("store: check: %w", err)
	}
	file, err := openToRead(path)
	if err != nil {
		r.found("file", FileName, err.Error())
		return r, nil
	}
	defer file.Close()
	err = file.View(func(t *bolt.Tx) error {
		for err := range t.Check() {
			r.found("page", FileName, err.Error())
		}
		l, ok := layoutOf(t)
		if !ok {
			r.found("file", FileName, errNoStore.Error())
			return nil
		}
		if whole {
			tx := &Tx{db: &DB{}, t: t, l: l}
			tx.db.names = tx.readNames()
			r.rows(tx, dir)
		}
		return nil
	})
	r.OK = len(r.Problems) == 0
	return r, err
}

func openToRead(path string) (file *bolt.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, ReadOnly: true})
}

func (r *CheckReport) found(kind, where, what string) {
	if len(r.Problems) < 1000 {
		r.Problems = append(r.Problems, Problem{kind, where, what})
	}
}

func (r *CheckReport) rows(tx *Tx, dir string) {
	lives := tx.lives()
	last := map[Origin]uint64{}
	blobs := map[Hash]bool{} // true: named by a row of our own
	feed := 0
	tx.scan([]byte{pRow}, nil, false, func(k, v []byte) bool {
		row, err := DecodeRow(v)
		if err != nil {
			r.found("row", fmt.Sprintf("%x", k), err.Error())
			return true
		}
		if !bytes.Equal(k, tx.db.rowKey(row.Collection, row.ID)) {
			r.found("row", row.ID.String(), "lies under another key")
		}
		if !row.Deleted {
			r.Records++
		}
		ours := slices.Contains(lives, row.Origin)
		for _, b := range row.Blobs {
			blobs[b.Hash] = blobs[b.Hash] || ours
			if tx.get(tx.db.blobKey(b.Hash, row)) == nil {
				r.found("index", row.ID.String(), "its blob is not listed")
			}
		}
		if ours {
			feed++
			last[row.Origin] = max(last[row.Origin], row.Number)
			key := feedKey(Feed{Origin: row.Origin, Lane: row.Lane}, row.Home, row.Number)
			if !bytes.Equal(tx.fromFeed(key), tx.feedValue(row)) {
				r.found("feed", row.ID.String(), "the feed does not name it")
			}
		}
		return true
	})
	tx.scanFeed([]byte{pFeed}, nil, func(_, _ []byte) bool { feed--; return true })
	if feed != 0 {
		r.found("feed", FileName, fmt.Sprintf("%d entries too few (or, below zero, too many)", feed))
	}
	if n := len(lives); n == 0 {
		r.found("state", FileName, "no origin")
	} else if o := lives[n-1]; last[o] > tx.counter("number") {
		r.found("state", FileName, "a row has a number that was never given")
	}
	r.indexes(tx)
	r.mailboxes(tx)
	for h, ours := range blobs {
		r.blob(dir, h, ours)
	}
}

// indexes asks that every entry point at a live row; what keys a row should
// have is its collection's to say and is tested there.
func (r *CheckReport) indexes(tx *Tx) {
	tx.scan([]byte{pIndex}, nil, false, func(k, _ []byte) bool {
		name := tx.db.names.owner(binary.BigEndian.Uint16(k[1:]))
		row, err := DecodeRow(tx.get(tx.db.rowKey(name, idOf(k[len(k)-16:]))))
		if err != nil || row.Deleted {
			r.found("index", name, "an entry points at no record")
		}
		return true
	})
}

func (r *CheckReport) mailboxes(tx *Tx) {
	tx.scan([]byte{pMailed}, nil, false, func(k, v []byte) bool {
		id, site := idOf(k[1:17]), string(k[17:])
		if tx.get(outboxKey(site, Lane(v[0]), binary.BigEndian.Uint64(v[1:9]))) == nil {
			r.found("outbox", site, "lacks "+id.String())
		}
		return true
	})
	tx.scan([]byte{pOutbox}, nil, false, func(k, v []byte) bool {
		if v[16] == 0 && tx.mailedRow(v) == nil {
			r.found("outbox", idOf(v).String(), "points at no record")
		}
		return true
	})
}

func (r *CheckReport) blob(dir string, h Hash, ours bool) {
	name := h.String()
	f, err := os.Open(filepath.Join(dir, "blobs", name[:2], name))
	if errors.Is(err, os.ErrNotExist) {
		if ours {
			r.found("blob", name, "is not here")
		} else {
			r.Expected++
		}
		return
	}
	if err != nil {
		r.found("blob", name, err.Error())
		return
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		r.found("blob", name, err.Error())
	} else if Hash(sum.Sum(nil)) != h {
		r.found("blob", name, "its bytes are not what its name says")
	}
	r.Blobs++
}
