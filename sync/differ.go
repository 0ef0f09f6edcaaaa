package boxsync

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/klauspost/compress/zstd"

	"preau/store"
)

// oneDiff: a difference takes memory several times its files; one at a time.
var oneDiff sync.Mutex

func readWhole(db *store.DB, h store.Hash) ([]byte, error) {
	f, err := db.OpenBlob(h)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, largestDiff+1))
}

// window is the zstd window that reaches over both files: a power of two.
func window(n int) int {
	w := 1 << 20
	for w < n {
		w *= 2
	}
	return w
}

// writeDiff writes what turns the file base into the file h; errNoGain when that
// is not worth it.
func writeDiff(db *store.DB, base, h store.Hash, out io.Writer) error {
	oneDiff.Lock()
	defer oneDiff.Unlock()
	old, err := readWhole(db, base)
	if err != nil {
		return err
	}
	whole, err := readWhole(db, h)
	if err != nil {
		return err
	}
	if len(old) > largestDiff || len(whole) > largestDiff {
		return errNoGain
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderDictRaw(1, old), zstd.WithEncoderLevel(zstd.SpeedBetterCompression),
		zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window(len(old)+len(whole))), zstd.WithEncoderCRC(false))
	if err != nil {
		return err
	}
	diff := enc.EncodeAll(whole, nil)
	if len(diff) > len(whole)*9/10 {
		return errNoGain
	}
	_, err = out.Write(diff)
	return err
}

// readDiff makes the file of the difference that has arrived under f.name.
// store.ErrHash when it does not give that file.
func readDiff(db *store.DB, f *fetch) error {
	oneDiff.Lock()
	defer oneDiff.Unlock()
	old, err := readWhole(db, f.base)
	if err != nil {
		return err
	}
	in, err := db.Kept(f.name)
	if err != nil {
		return err
	}
	defer in.Close()
	dec, err := zstd.NewReader(in, zstd.WithDecoderDictRaw(1, old), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(window(2*largestDiff))), zstd.WithDecoderMaxMemory(4*largestDiff))
	if err != nil {
		return err
	}
	defer dec.Close()
	if err := db.DropPartial(f.blob.Hash); err != nil {
		return err
	}
	p, err := db.Partial(f.blob.Hash, f.blob.Size)
	if err != nil {
		return err
	}
	n, err := io.Copy(p, io.LimitReader(dec, f.blob.Size+1))
	if errors.Is(err, store.ErrFull) {
		return errors.Join(err, p.Close())
	}
	if err != nil || n != f.blob.Size {
		return errors.Join(store.ErrHash, p.Close(), db.DropPartial(f.blob.Hash), db.DropPartial(f.name))
	}
	return errors.Join(p.Finish(), db.DropPartial(f.name))
}

// ---- very large files: by their chunks

// writeChunks writes the list of a file's chunks.
func writeChunks(db *store.DB, h store.Hash, out io.Writer) error {
	b := bufio.NewWriter(out)
	if err := db.EachChunk(h, func(_ int64, c store.Chunk, _ []byte) error {
		_, err := b.Write(c.Append(nil))
		return err
	}); err != nil {
		return err
	}
	return b.Flush()
}

// assembly is a file of which the list of chunks is here.
type assembly struct{ chunks []store.Chunk }

// listHere reads a list that has arrived whole; nil when it has not. One that is
// of no such file is thrown away.
func listHere(db *store.DB, f *fetch) (*assembly, error) {
	in, err := db.Kept(f.name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer in.Close()
	chunks, err := readChunks(in, f.blob.Size)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, nil
	case errors.Is(err, store.ErrHash), errors.Is(err, ErrFrame):
		return nil, errors.Join(err, db.DropPartial(f.name))
	case err != nil:
		return nil, err
	}
	return &assembly{chunks}, nil
}

// readChunks reads the list of a file of size bytes, which must be all there is:
// io.ErrUnexpectedEOF when more is to come, store.ErrHash when it is of a longer
// file, ErrFrame when it is no list.
func readChunks(in io.Reader, size int64) ([]store.Chunk, error) {
	r := bufio.NewReader(in)
	chunks, err := store.ReadChunks(r, size)
	if errors.Is(err, store.ErrChunks) {
		return nil, fmt.Errorf("%w: list of chunks", ErrFrame)
	}
	if err != nil {
		return nil, err
	}
	if _, err := r.ReadByte(); err == nil {
		return nil, store.ErrHash
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return chunks, nil
}

// chunksOf says where in a file that is here each of its chunks lies. A session
// remembers it of the last file.
func (s *session) chunksOf(h store.Hash) (here map[[16]byte]int64, err error) {
	if s.cutOf == h {
		return s.cut, nil
	}
	here = map[[16]byte]int64{}
	err = s.db.EachChunk(h, func(at int64, c store.Chunk, _ []byte) error { here[c.Hash] = at; return nil })
	if err == nil {
		s.cutOf, s.cut = h, here
	}
	return here, err
}

// assemble fills a file from the chunks of its base until one is not there; f
// then asks for the range that is missing. f.have is nil when the list is still
// to come.
func (s *session) assemble(f *fetch) (done bool, err error) {
	a, err := listHere(s.db, f)
	if errors.Is(err, store.ErrHash) {
		s.mu.Lock()
		s.plain[f.blob.Hash] = true
		s.mu.Unlock()
		return false, nil
	}
	if err != nil || a == nil {
		return false, err
	}
	here, err := s.chunksOf(f.base)
	if err != nil {
		return false, err
	}
	old, err := s.db.OpenBlob(f.base)
	if err != nil {
		return false, err
	}
	defer old.Close()
	p, err := s.db.Partial(f.blob.Hash, f.blob.Size)
	if err != nil {
		return false, err
	}
	at := int64(0)
	for i, c := range a.chunks {
		end := at + int64(c.Size)
		if end <= p.Offset() {
			at = end
			continue
		}
		from, known := here[c.Hash]
		if !known || p.Offset() > at { // the rest of a chunk that was cut off comes over the link
			f.have, f.p, f.how, f.to = a, p, howWhole, end
			for _, c := range a.chunks[i+1:] {
				if _, known := here[c.Hash]; known {
					break
				}
				f.to += int64(c.Size)
			}
			return false, nil
		}
		if _, err := io.Copy(p, io.NewSectionReader(old, from, int64(c.Size))); err != nil {
			return false, errors.Join(err, p.Close())
		}
		at = end
	}
	err = p.Finish()
	if errors.Is(err, store.ErrHash) {
		s.mu.Lock()
		s.plain[f.blob.Hash] = true
		s.mu.Unlock()
		return false, s.db.DropPartial(f.name)
	}
	return true, errors.Join(err, s.db.DropPartial(f.name))
}
