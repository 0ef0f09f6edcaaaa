package store

import (
	"bytes"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// promote takes in rows that were kept for a collection which this build has
// learnt since: the box was updated after they came. Each goes the way it would
// have gone on arrival; all of them in one commit.
func (db *DB) promote() error {
	var waiting [][2][]byte
	if err := db.View(func(tx *Tx) error {
		tx.scan([]byte{pAlien}, nil, false, func(k, v []byte) bool {
			_, rest, _ := bytes.Cut(k[1:], []byte{0})
			name, _, _ := bytes.Cut(rest, []byte{0})
			if db.knows(string(name)) {
				waiting = append(waiting, [2][]byte{k, v})
			}
			return true
		})
		return nil
	}); err != nil || len(waiting) == 0 {
		return err
	}
	return db.file.Update(func(t *bolt.Tx) error {
		tx := &Tx{db: db, b: t.Bucket(bucketName), write: true}
		for _, w := range waiting {
			site, _, _ := bytes.Cut(w[0][1:], []byte{0})
			row, err := DecodeRow(w[1])
			if err != nil {
				return fmt.Errorf("store: a row kept for later: %w", err)
			}
			if d := db.known[row.Collection]; d.home() == row.Home {
				if err := tx.apply(row, string(site)); err != nil {
					return err
				}
			}
			if err := tx.del(w[0]); err != nil {
				return err
			}
			name := "unknown " + string(site)
			if n := tx.counter(name); n > 0 {
				if err := tx.setCounter(name, n-1); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
