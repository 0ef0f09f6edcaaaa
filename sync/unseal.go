package boxsync

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	"filippo.io/age"

	"preau/store"
)

var (
	// ErrSealedKey says that none of the keys opens what was sealed.
	ErrSealedKey = errors.New("boxsync: this key does not open the sealed data")
	// ErrSealed says that sealed data are not whole, or not what their box wrote.
	ErrSealed = errors.New("boxsync: sealed data refused")
)

// Unsealed is what Unseal gave back.
type Unsealed struct {
	Segments int               `json:"segments"`
	Records  int               `json:"records"` // in the segments, tombstones too
	Files    int               `json:"files"`   // of Local records
	Unknown  int               `json:"unknown"` // records that this build does not know
	Keys     map[string][]byte `json:"-"`       // files of DIR/keys that went with the data
}

// Unseal opens the segments that a store has been given back and makes their
// records its own again, life by life in order. All segments are checked before
// the first is applied; done twice it changes nothing. told is called with how
// many of the segments are done; it may be nil.
func Unseal(ctx context.Context, db *store.DB, ids []age.Identity, told func(n, of int)) (u Unsealed, err error) {
	list, lives, err := openHeads(db, ids)
	if err != nil {
		return u, err
	}
	place := map[store.Origin]int{}
	for i, l := range lives {
		place[l.Origin] = i
	}
	slices.SortStableFunc(list, func(a, b opened) int {
		if d := place[store.Origin(a.g.Origin)] - place[store.Origin(b.g.Origin)]; d != 0 {
			return d
		}
		return int(int64(a.g.To) - int64(b.g.To))
	})
	for i, s := range list {
		if s.g.From > 0 && (i == 0 || !bytes.Equal(list[i-1].g.Origin, s.g.Origin) || list[i-1].g.To < s.g.From) {
			return u, fmt.Errorf("%w: a segment before number %d is missing", ErrSealed, s.g.From)
		}
	}
	for i, s := range list {
		if ctx.Err() != nil {
			return u, context.Cause(ctx)
		}
		if err := s.apply(db, ids, lives, &u); err != nil {
			return u, err
		}
		if told != nil {
			told(i+1, len(list))
		}
	}
	u.Segments = len(list)
	return u, nil
}

// opened is a segment of which the head was read.
type opened struct {
	g    Segment
	head segmentHead
}

// openHeads checks every segment's signature and reads its head. The lives are
// those of the longest-lived head.
func openHeads(db *store.DB, ids []age.Identity) (list []opened, lives []store.Life, err error) {
	var all []store.Record[Segment]
	if err := db.View(func(tx *store.Tx) error { all, err = segmentsOf(tx, nil); return err }); err != nil {
		return nil, nil, err
	}
	var newest segmentHead
	for _, r := range all {
		g := r.Value
		if len(g.Origin) != 8 || len(g.Key) != ed25519.PublicKeySize || len(g.Files) > 1<<16 || !ed25519.Verify(g.Key, g.signed(), g.Sign) {
			return nil, nil, fmt.Errorf("%w: signature", ErrSealed)
		}
		o := opened{g: g}
		err := eachPart(db, g.Rows, ids, func(h segmentHead) error { o.head = h; return errEnough }, nil)
		if !errors.Is(err, errEnough) {
			return nil, nil, errors.Join(err, ErrSealed)
		}
		h := o.head
		if h.Version != 1 || !bytes.Equal(h.Origin, g.Origin) || h.From != g.From || h.To != g.To || len(h.Files) != len(g.Files) || len(h.Lives) == 0 {
			return nil, nil, fmt.Errorf("%w: a head that is another's", ErrSealed)
		}
		if len(h.Lives) > len(newest.Lives) || len(h.Lives) == len(newest.Lives) && h.Lives[len(h.Lives)-1].Ended > newest.Lives[len(newest.Lives)-1].Ended {
			newest = h
		}
		list = append(list, o)
	}
	lives, err = readLives(newest.Lives)
	return list, lives, err
}

var errEnough = errors.New("boxsync: that was enough")

// eachPart opens a segment's file and reads it.
func eachPart(db *store.DB, b store.Blob, ids []age.Identity, head func(segmentHead) error, rows func([]store.Row) error) error {
	f, err := db.OpenBlob(b.Hash)
	if err != nil {
		return fmt.Errorf("boxsync: a sealed segment has not arrived: %w", err)
	}
	defer f.Close()
	plain, err := age.Decrypt(f, ids...)
	if no := (*age.NoIdentityMatchError)(nil); errors.As(err, &no) {
		return errors.Join(ErrSealedKey, err)
	}
	if err != nil {
		return err
	}
	return readSegment(plain, head, rows)
}

func (s opened) apply(db *store.DB, ids []age.Identity, lives []store.Life, u *Unsealed) error {
	for i, b := range s.g.Files {
		if err := s.file(db, ids, b, s.head.Files[i]); err != nil {
			return err
		}
		u.Files++
	}
	if len(s.head.Keys) > 0 {
		u.Keys = s.head.Keys
	}
	return eachPart(db, s.g.Rows, ids, func(segmentHead) error { return nil }, func(rows []store.Row) error {
		for _, r := range rows {
			if !bytes.Equal(r.Origin[:], s.g.Origin) || r.Number <= s.g.From || r.Number > s.g.To {
				return fmt.Errorf("%w: a row outside its segment", ErrSealed)
			}
		}
		unknown, err := db.Revive(lives, rows)
		u.Records, u.Unknown = u.Records+len(rows), u.Unknown+unknown
		return err
	})
}

// file puts a sealed file back as it was.
func (s opened) file(db *store.DB, ids []age.Identity, b store.Blob, plain []byte) error {
	if len(plain) != len(store.Hash{}) {
		return fmt.Errorf("%w: a file's name", ErrSealed)
	}
	if db.HasBlob(store.Hash(plain)) {
		return nil
	}
	f, err := db.OpenBlob(b.Hash)
	if err != nil {
		return fmt.Errorf("boxsync: a sealed file has not arrived: %w", err)
	}
	defer f.Close()
	r, err := age.Decrypt(f, ids...)
	if err != nil {
		return errors.Join(ErrSealed, err)
	}
	h, _, err := db.PutBlob(r, 1<<40)
	if err == nil && h != store.Hash(plain) {
		err = fmt.Errorf("%w: a file is not what it was", ErrSealed)
	}
	return err
}
