package boxsync

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"preau/store"
)

// A file travels whole, by range, or as something made from it that is smaller
// for who has another version already. What is made is itself a file with a name,
// so it goes on where it was cut off.
const (
	howWhole  = 0
	howDiff   = 1 // zstd with Base as its dictionary
	howChunks = 2 // the lengths and hashes of its chunks
)

const (
	smallestDiff = 4 << 10  // a smaller file is sent whole
	largestDiff  = 16 << 20 // a larger one by its chunks
)

// fetch is what a session asked its peer for.
type fetch struct {
	blob store.Blob
	how  uint8
	base store.Hash
	name store.Hash     // under which it arrives: the blob's own, or that of what is made from it
	p    *store.Partial // where
	to   int64          // its end; 0: not known yet
	at   int64          // how far it has come; under the session's lock
	have *assembly      // of a file that comes by its chunks, once their list is here

	lane   store.Lane
	upTo   int64 // its part that is asked for, where a budget has no room for the whole; 0: all of it
	putOff bool  // its lane was shut: the peer lets go of it too
}

// madeName is the name of what is made from a file.
func madeName(how uint8, base, h store.Hash) store.Hash {
	return sha256.Sum256([]byte(fmt.Sprintf("preau made 1 %d %s %s", how, base, h)))
}

// letGo closes what is being fetched of a file. Called under mu.
func (s *session) letGo(f *fetch) {
	if i := slices.Index(s.fetching, f); i >= 0 {
		f.p.Close()
		s.fetching = slices.Delete(s.fetching, i, i+1)
	}
}

// askAhead is how near its end a file is when the next one is asked for, so that
// the line does not lie idle for a turn between the two.
const askAhead = 2 * maxPiece

// mayAsk tells whether it is time to ask for a file. Called under mu.
func (s *session) mayAsk() bool {
	switch len(s.fetching) {
	case 0:
		return true
	case 1:
		f := s.fetching[0]
		return !f.putOff && f.to > 0 && f.to-f.at <= askAhead
	}
	return false
}

// askBlob asks for the most pressing file that is missing, the smallest first, one
// at a time but for the end of the one before.
func (s *session) askBlob() (bool, error) {
	s.mu.Lock()
	ask := s.mayAsk()
	s.mu.Unlock()
	if !ask {
		return false, nil
	}
	missing, err := s.missing()
	if err != nil {
		return false, err
	}
	for _, m := range missing {
		b := m.Blob
		s.mu.Lock()
		no, plain := s.refused[b.Hash] || s.shut.has(m.lane) || s.db.HasBlob(b.Hash), s.plain[b.Hash]
		no = no || slices.ContainsFunc(s.fetching, func(f *fetch) bool { return f.blob.Hash == b.Hash })
		s.mu.Unlock()
		if no {
			continue
		}
		f, err := s.plan(m, plain)
		if err != nil {
			return false, err
		}
		if f == nil { // it is whole already
			return true, nil
		}
		if err := s.limit(f); err != nil {
			return false, errors.Join(err, f.p.Close())
		}
		w := blobWire{Hash: b.Hash[:], Size: b.Size, At: f.p.Offset(), How: f.how, To: f.to}
		if f.upTo > 0 {
			w.To = f.upTo
		}
		if f.how != howWhole {
			w.Base = f.base[:]
		}
		s.mu.Lock()
		f.at = f.p.Offset()
		s.fetching, s.idle = append(s.fetching, f), false
		s.mu.Unlock()
		return true, s.f.write(frameWant, w)
	}
	return false, nil
}

func (s *session) gotFile(lane store.Lane) {
	s.rec.step("file", 1)
	s.bill.items(lane, 0, 1)
}

// limit asks for no more of a file than its lane's budget has room for.
func (s *session) limit(f *fetch) error {
	if s.room == nil {
		return nil
	}
	n, err := s.room(f.lane)
	if err != nil || n >= endless {
		return err
	}
	s.mu.Lock()
	for _, before := range s.fetching { // its end is still to come
		if before.lane == f.lane {
			n -= max(0, before.to-before.at)
		}
	}
	s.mu.Unlock()
	if at := f.p.Offset() + max(n, smallestSend); f.to == 0 || at < f.to {
		f.upTo = at
	}
	return nil
}

// plan chooses how a file shall come; nil when all of it is here.
func (s *session) plan(m lacking, plain bool) (*fetch, error) {
	b := m.Blob
	f := &fetch{blob: b, name: b.Hash, to: b.Size, lane: m.lane}
	begun, err := begunOf(s.db, b.Hash)
	if err != nil {
		return nil, err
	}
	// A file of which more is here than a difference would weigh goes on as it was.
	if base, ok, err := s.db.BaseFor(b); err != nil {
		return nil, err
	} else if ok && !plain && b.Size >= smallestDiff && (begun < b.Size/2 || b.Size > largestDiff) {
		f.base, f.how, f.to = base, howDiff, 0
		if b.Size > largestDiff {
			f.how = howChunks
		}
		f.name = madeName(f.how, base, b.Hash)
	}
	if f.how == howChunks {
		done, err := s.assemble(f)
		if done {
			s.gotFile(f.lane)
		}
		if err != nil || done {
			return nil, err
		}
		if f.have != nil {
			return f, nil // the list is here: f asks for the next range that is not
		}
	}
	size := b.Size
	if f.how != howWhole {
		size = 1 << 40
	}
	if f.p, err = s.db.Partial(f.name, size); err != nil {
		return nil, err
	}
	if f.how == howWhole && f.p.Offset() == b.Size {
		if err := f.p.Finish(); err != nil && !errors.Is(err, store.ErrHash) {
			return nil, err
		}
		return nil, nil
	}
	return f, nil
}

func (s *session) gotNoBlob(body []byte) error {
	var w blobWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	if len(w.Hash) != 32 {
		return fmt.Errorf("%w: no blob", ErrFrame)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.fetching {
		if f.blob.Hash != store.Hash(w.Hash) {
			continue
		}
		if f.putOff || s.shut.has(f.lane) { // it is there, and comes another time
			s.letGo(f)
			return nil
		}
		if f.how == howWhole {
			s.refused[f.blob.Hash] = true
		} else {
			s.plain[f.blob.Hash] = true
		}
		s.letGo(f)
		break
	}
	return nil
}

func (s *session) gotPiece(body []byte) error {
	var w blobWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	s.mu.Lock()
	var f *fetch
	if len(s.fetching) > 0 {
		f = s.fetching[0]
	}
	s.mu.Unlock()
	if f == nil || w.At != f.p.Offset() {
		return fmt.Errorf("%w: a piece nobody asked for", ErrFrame)
	}
	s.came = f.lane
	if end := w.At + int64(len(w.Data)); f.to > 0 && end > f.to || f.upTo > 0 && end > f.upTo {
		return fmt.Errorf("%w: more than was asked for", ErrFrame)
	}
	s.makesWay()
	if _, err := f.p.Write(w.Data); err != nil {
		return err
	}
	s.mu.Lock()
	if f.to == 0 && w.Size > 0 {
		f.to = w.Size
	}
	f.at = f.p.Offset()
	s.mu.Unlock()
	if f.to == 0 && f.p.Offset() > f.blob.Size+largestDiff {
		return fmt.Errorf("%w: more than the file itself", ErrFrame)
	}
	if f.to == 0 || f.p.Offset() < f.to {
		if f.upTo == 0 || f.p.Offset() < f.upTo {
			return nil
		}
		s.mu.Lock() // the part that was asked for is here
		defer s.mu.Unlock()
		s.letGo(f)
		return nil
	}
	err := s.arrived(f) // before fetching is let go: the writer must not finish it too
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.fetching, f); i >= 0 {
		s.fetching = slices.Delete(s.fetching, i, i+1)
	}
	return err
}

// arrived makes a file of what has come.
func (s *session) arrived(f *fetch) (err error) {
	switch {
	case f.have != nil: // a range of one that comes by its chunks: go on with it
		return f.p.Close()
	case f.how == howChunks:
		return f.p.Close()
	case f.how == howDiff:
		if err = f.p.Close(); err == nil {
			err = readDiff(s.db, f)
		}
	default:
		err = f.p.Finish()
	}
	if errors.Is(err, store.ErrHash) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if f.how == howWhole {
			s.refused[f.blob.Hash] = true
		}
		s.plain[f.blob.Hash] = true
		return nil
	}
	if err == nil {
		s.gotFile(f.lane)
	}
	return err
}
