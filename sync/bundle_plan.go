package boxsync

import (
	"crypto/ed25519"
	"fmt"
	"sort"

	"preau/store"
)

// DefaultStick is the largest bundle that is written unless another size is
// asked for: what a FAT file system can hold in one file.
const DefaultStick = 4<<30 - 1<<16

// Plan is what will be written for one peer, with its size, before a byte is.
type Plan struct {
	To      string // school code; "" the office
	Records int    // and records that left its audience
	Files   int
	Bytes   int64 // of rows and files, before compression
	Parts   int
	Answer  bool

	c       *Courier
	key     ed25519.PublicKey
	number  uint64
	rows    int64
	starts  map[store.Feed]store.Cursor
	feeds   []store.Feed
	shares  [][]share // of each part
	reached map[store.Feed]store.Cursor
}

// share is a part of a file in one bundle.
type share struct {
	blob  store.Blob
	at, n int64
}

// Plan looks what a peer is not known to have: a school at the office, the
// office ("") at a box. Every part is at most so many bytes long (0:
// DefaultStick) and can be read without the others: each holds all records and
// its share of the files.
func (c *Courier) Plan(to string, most int64) (*Plan, error) {
	p, err := c.plan(to)
	if err != nil {
		return nil, err
	}
	if most == 0 {
		most = DefaultStick
	}
	blobs, err := p.look()
	if err != nil {
		return nil, err
	}
	p.Files = len(blobs)
	return p, p.divide(blobs, most)
}

// Answer is a plan that only says what arrived.
func (c *Courier) Answer(to string) (*Plan, error) {
	p, err := c.plan(to)
	if err != nil {
		return nil, err
	}
	p.Answer, p.Parts, p.shares, p.feeds = true, 1, make([][]share, 1), nil
	return p, nil
}

func (c *Courier) plan(to string) (*Plan, error) {
	p := &Plan{To: to, c: c, starts: map[store.Feed]store.Cursor{}, reached: map[store.Feed]store.Cursor{}}
	var err error
	if p.key, err = c.peerKey(to); err != nil {
		return nil, err
	}
	head, err := c.DB.Head(store.Feed{Origin: c.DB.Origin(), Lane: store.Control})
	if err != nil {
		return nil, err
	}
	p.number = head.Number
	if p.feeds, err = c.feeds(to); err != nil {
		return nil, err
	}
	for _, f := range p.feeds {
		if p.starts[f], err = c.start(f, to); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Pending is how many records wait for a peer, and about their bytes without
// files.
func (c *Courier) Pending(to string) (records int, size int64, err error) {
	feeds, err := c.feeds(to)
	if err != nil {
		return 0, 0, err
	}
	for _, f := range feeds {
		from, err := c.start(f, to)
		if err != nil {
			return 0, 0, err
		}
		n, bytes, err := c.DB.Pending(f, from)
		if err != nil {
			return 0, 0, err
		}
		records, size = records+n, size+bytes
	}
	return records, size, nil
}

// feeds are the lines that a peer is sent, in the order in which they leave.
func (c *Courier) feeds(to string) (all []store.Feed, err error) {
	origins := []store.Origin{c.DB.Origin()}
	if c.Site != "" {
		if origins, err = c.DB.Lives(); err != nil {
			return nil, err
		}
	}
	for _, l := range lanes {
		for _, o := range origins {
			all = append(all, store.Feed{Origin: o, Lane: l, Site: to})
		}
	}
	return all, nil
}

// start is the place after which the peer is not known to have anything: what
// it confirmed, or what it last said by stick when it has lost some since.
func (c *Courier) start(f store.Feed, to string) (store.Cursor, error) {
	at, when, err := c.DB.AckedCursor(f)
	if err != nil || at.Number == 0 {
		return store.Cursor{Origin: f.Origin}, err
	}
	var s stand
	var said bool
	err = c.DB.View(func(tx *store.Tx) error {
		st, t, err := standOf(tx, to)
		s, said = st, t.After(when)
		return err
	})
	if err != nil || !said {
		return at, err
	}
	has := store.Cursor{Origin: f.Origin}
	for _, w := range s.Have {
		if wf, cur, err := w.read(); err == nil && wf.Origin == f.Origin && wf.Lane == f.Lane {
			has = cur
		}
	}
	if has.Number >= at.Number {
		return at, nil
	}
	if ok, err := c.DB.Holds(f, has); err != nil || !ok {
		return store.Cursor{Origin: f.Origin}, err
	}
	return has, nil
}

// look counts the records and finds the files: those that the records name and
// those that the peer said it waits for.
func (p *Plan) look() (blobs []store.Blob, err error) {
	seen := map[store.Hash]bool{}
	add := func(list []store.Blob) {
		for _, b := range list {
			if !seen[b.Hash] && p.c.DB.HasBlob(b.Hash) {
				seen[b.Hash] = true
				blobs = append(blobs, b)
			}
		}
	}
	for _, f := range p.feeds {
		err := p.c.changes(f, p.starts[f], func(b store.Batch) error {
			p.Records += len(b.Rows) + len(b.Gone)
			p.rows += int64(64 * len(b.Gone))
			for _, r := range b.Rows {
				p.rows += int64(len(r.Body) + 128)
				add(r.Blobs)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	theirs, err := p.c.DB.OriginsOf(p.To)
	if err != nil {
		return nil, err
	}
	err = p.c.DB.View(func(tx *store.Tx) error {
		s, _, err := standOf(tx, p.To)
		if err != nil {
			return err
		}
		for _, raw := range s.Want {
			if len(raw) != len(store.Hash{}) {
				continue
			}
			b, ok, err := p.mayHave(tx, theirs, store.Hash(raw))
			if err != nil {
				return err
			}
			if ok {
				add([]store.Blob{b})
			}
		}
		return nil
	})
	sort.SliceStable(blobs, func(i, j int) bool { return blobs[i].Size < blobs[j].Size })
	return blobs, err
}

// mayHave finds a file that the peer may have: at a box, one that a record which
// goes up names.
func (p *Plan) mayHave(tx *store.Tx, theirs []store.Origin, h store.Hash) (b store.Blob, ok bool, err error) {
	if p.c.Site == "" {
		return mayGive(tx, p.key, p.To, theirs, h)
	}
	rows, err := tx.Wanted(h)
	for _, r := range rows {
		for _, x := range r.Blobs {
			if r.Home == store.Up && x.Hash == h {
				return x, true, err
			}
		}
	}
	return b, false, err
}

// changes walks what comes after a cursor, batch by batch.
func (c *Courier) changes(f store.Feed, after store.Cursor, fn func(store.Batch) error) error {
	for {
		b, err := c.DB.Changes(f, after, bundleBatch)
		if err != nil {
			return fmt.Errorf("boxsync: bundle: changes: %w", err)
		}
		if len(b.Rows)+len(b.Gone) > 0 {
			if err := fn(b); err != nil {
				return err
			}
		}
		if !b.More {
			return nil
		}
		after = b.To
	}
}

// divide shares the files out among as few parts as will do, the smallest
// first; one that is larger than a stick is cut.
func (p *Plan) divide(blobs []store.Blob, most int64) error {
	const frames = 64 << 10                     // head, seal, label, digests of a few thousand numbers
	room := most - most/256 - p.rows - 2*frames // age and zstd add less than 1 in 256 to what cannot be compressed
	if len(blobs) > 0 && room < bundlePiece || most < 2*frames+p.rows {
		return refuse(TooSmall, nil)
	}
	p.Bytes = p.rows + wrapping
	left := room
	p.shares = make([][]share, 1)
	for _, b := range blobs {
		p.Bytes += b.Size
		for at := int64(0); at < b.Size || at == 0; {
			rest := b.Size - at
			if rest > left && (rest <= room || left < bundlePiece) {
				p.shares, left = append(p.shares, nil), room
			}
			n := min(rest, left)
			k := len(p.shares) - 1
			p.shares[k] = append(p.shares[k], share{b, at, n})
			left -= n
			if at += n; n == 0 {
				break
			}
		}
	}
	p.Parts = len(p.shares)
	return nil
}
