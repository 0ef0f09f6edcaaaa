package boxsync

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"preau/store"
)

// frames opens the inside once more from its start.
func (b *Bundle) frames() (*bundleFrames, error) {
	id, err := identity(b.c.Key)
	if err != nil {
		return nil, err
	}
	raw := &watched{r: io.NewSectionReader(b.inside, 0, b.inside.Size())}
	dec, err := age.Decrypt(raw, id)
	if no := (*age.NoIdentityMatchError)(nil); errors.As(err, &no) {
		return nil, refuse(ForOld, err)
	}
	if err != nil {
		return nil, raw.blame(err)
	}
	z, err := zstd.NewReader(dec, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return nil, raw.blame(err)
	}
	return &bundleFrames{raw: raw, z: z, r: bufio.NewReaderSize(z, 64<<10), sum: sha256.New()}, nil
}

// watched tells a stick that cannot be read from bytes that are wrong.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

func (w *watched) blame(err error) error {
	if w.err != nil {
		return fmt.Errorf("boxsync: bundle: %w", w.err)
	}
	return refuse(Altered, err)
}

// bundleFrames reads the frames of a bundle, hashing them.
type bundleFrames struct {
	raw *watched
	z   *zstd.Decoder
	r   *bufio.Reader
	sum interface {
		io.Writer
		Sum(b []byte) []byte
	}
	held     bool // heldKind and heldBody were handed back
	heldKind byte
	heldBody []byte
}

// hold hands a frame back: it is the next one again.
func (f *bundleFrames) hold(kind byte, body []byte) {
	f.held, f.heldKind, f.heldBody = true, kind, body
}

// next is the next frame, and the hash of all before it; io.EOF at the end.
func (f *bundleFrames) next() (kind byte, body, before []byte, err error) {
	if f.held {
		f.held = false
		return f.heldKind, f.heldBody, nil, nil
	}
	kind, err = f.r.ReadByte()
	if errors.Is(err, io.EOF) {
		return 0, nil, nil, io.EOF
	}
	if err != nil {
		return 0, nil, nil, f.raw.blame(err)
	}
	n, err := binary.ReadUvarint(f.r)
	if err != nil {
		return 0, nil, nil, f.raw.blame(err)
	}
	if n > maxFrame {
		return 0, nil, nil, refuse(Altered, fmt.Errorf("%w: %d bytes announced", ErrFrame, n))
	}
	body = make([]byte, n)
	if _, err := io.ReadFull(f.r, body); err != nil {
		return 0, nil, nil, f.raw.blame(err)
	}
	if kind == frameSeal {
		before = f.sum.Sum(nil)
	}
	f.sum.Write(binary.AppendUvarint([]byte{kind}, n))
	f.sum.Write(body)
	return kind, body, before, nil
}

func (f *bundleFrames) close() { f.z.Close() }

// readBatch is a batch as it came.
func readBatch(body []byte) (b store.Batch, err error) {
	var w batchWire
	if err := unmarshal(body, &w); err != nil {
		return b, err
	}
	if _, b.From, err = w.From.read(); err != nil {
		return b, err
	}
	if b.Feed, b.To, err = w.To.read(); err != nil {
		return b, err
	}
	if b.Rows, err = unpackRows(w.Rows); err != nil {
		return b, err
	}
	for _, raw := range w.Gone {
		id, err := readID(raw)
		if err != nil {
			return b, err
		}
		b.Gone = append(b.Gone, id)
	}
	return b, nil
}
