package store

// Digests are the digests of a feed of this store at the numbers after one and
// up to another, 16 bytes each, one behind the other: whoever stands at one of
// them can tell that it holds this history and no other. Numbers past the head
// are left out.
func (db *DB) Digests(f Feed, after, to uint64) (all []byte, err error) {
	err = db.View(func(tx *Tx) error {
		to = min(to, tx.head(f).Number)
		for n := after + 1; n <= to; n++ {
			d := tx.digest(f.line(), n)
			all = append(all, d[:]...)
		}
		return nil
	})
	return all, err
}
