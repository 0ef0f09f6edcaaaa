// Package store is the only owner of bytes on disk: rows, their indexes, the
// feed that the exchange reads, blobs, acknowledgements, backup and check.
//
// # What it promises
//
//   - Update answers only after its writes are durable (fsync). Writers that
//     come at once share one commit; each stands or falls alone.
//   - A record, its index entries and its feed entry are one transaction; a
//     received batch and its cursor are one transaction.
//   - Every write outside Scratch takes the next number of this store's
//     origin, without gaps, in commit order. No order ever depends on a clock.
//   - After a sync that failed nothing more is written: the store is read-only
//     until it is opened again on what the disk really holds.
//
// # What it does not
//
// It knows no person, role or language, opens no connection, and never reads
// another process's file: the folder is locked.
//
// # On disk
//
// One bbolt file, DIR/preau.db; its buckets and keys are listed in layout.go and
// in docs/FORMAT.md. Blobs are files named by their SHA-256 in DIR/blobs/ab/.
package store
