package boxsync

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"preau/store"
)

// What a session gives of the files that its peer asks for.

func (s *session) gotWant(body []byte) error {
	var w blobWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	if len(w.Hash) != 32 || w.At < 0 || len(w.Base) != 0 && len(w.Base) != 32 || w.How != howWhole && len(w.Base) == 0 {
		return fmt.Errorf("%w: want", ErrFrame)
	}
	no := !s.give(store.Hash(w.Hash)) || !s.db.HasBlob(store.Hash(w.Hash)) || w.How > howChunks ||
		w.How != howWhole && !s.db.HasBlob(store.Hash(w.Base))
	lane := store.Control
	if !no {
		f, err := s.db.OpenBlob(store.Hash(w.Hash))
		if err != nil {
			return err
		}
		fi, err := f.Stat()
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		of, err := lanesOf(s.db, store.Blob{Hash: store.Hash(w.Hash), Size: fi.Size()})
		if err != nil {
			return err
		}
		lane = of[0]
	}
	s.mu.Lock()
	no = no || s.shut.has(lane)
	if s.peerIdle = false; !no && len(s.wanted) < 8 {
		s.wanted = append(s.wanted, asked{w, lane})
	}
	s.mu.Unlock()
	if no {
		s.reply(frameNoBlob, blobWire{Hash: w.Hash, How: w.How})
	}
	return nil
}

// sendPiece sends the next piece of what the peer asked for.
func (s *session) sendPiece() (bool, error) {
	s.way = nil
	s.mu.Lock()
	if len(s.wanted) == 0 {
		s.mu.Unlock()
		return false, nil
	}
	w, n := s.wanted[0], max(s.piece, smallestSend)
	s.mu.Unlock()
	if s.pressed != nil { // what is urgent leaves before the piece, and not with it
		if err := s.f.flush(); err != nil {
			return false, err
		}
		s.released()
	}
	if s.yields() {
		return false, nil
	}
	f, err := s.source(w.blobWire)
	if errors.Is(err, errNoGain) {
		s.mu.Lock()
		if len(s.wanted) == 0 || !bytes.Equal(s.wanted[0].Hash, w.Hash) {
			s.mu.Unlock()
			return true, nil // put off meanwhile
		}
		s.wanted = s.wanted[1:]
		s.mu.Unlock()
		return true, s.f.write(frameNoBlob, blobWire{Hash: w.Hash, How: w.How})
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return false, err
	}
	end := fi.Size()
	if w.To > 0 {
		end = min(end, w.To)
	}
	most := n
	if s.room != nil {
		room, err := s.room(w.lane)
		if err != nil {
			return false, err
		}
		if room < endless {
			most = min(most, thinPiece)
		}
	}
	data := make([]byte, max(0, min(int64(most-aroundData), end-w.At)))
	if _, err := f.ReadAt(data, w.At); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	p := blobWire{At: w.At, Data: data}
	last := w.At+int64(len(data)) >= end
	if last {
		p.Size = fi.Size() // of what was made: the asker does not know it
	}
	start := time.Now()
	if err := s.f.say(framePiece, p); err != nil {
		return false, err
	}
	s.bill.puts(w.lane, len(data))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.piece = pieceAfter(n, time.Since(start))
	if len(s.wanted) == 0 || !bytes.Equal(s.wanted[0].Hash, w.Hash) {
		return true, nil // put off meanwhile
	}
	if s.wanted[0].At += int64(len(data)); last {
		s.wanted = s.wanted[1:]
		if w.To == 0 || end == fi.Size() {
			s.rec.step("gave", 1)
			s.bill.items(w.lane, 1, 0)
		}
	}
	return true, nil
}

// pieceAfter keeps what cannot be overtaken to about a second of the link.
func pieceAfter(n int, took time.Duration) int {
	switch {
	case took > 1500*time.Millisecond:
		return max(n/2, smallestSend)
	case took < 500*time.Millisecond:
		return min(n*2, maxPiece)
	}
	return n
}

var errNoGain = errors.New("boxsync: the whole file is no larger")

// source opens the file, or what is made from it.
func (s *session) source(w blobWire) (*os.File, error) {
	h := store.Hash(w.Hash)
	if w.How == howWhole {
		return s.db.OpenBlob(h)
	}
	base := store.Hash(w.Base)
	return s.db.Derived(madeName(w.How, base, h), func(out io.Writer) error {
		if w.How == howChunks {
			return writeChunks(s.db, h, out)
		}
		return writeDiff(s.db, base, h, out)
	})
}
