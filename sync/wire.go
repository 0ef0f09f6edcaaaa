package boxsync

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"preau/store"
)

// Version is the protocol's; a peer of another major version is told so.
const Version = 1

// The frames.
const (
	frameHello   = 1 // box: who I am, how far I hold your outbox
	frameWelcome = 2 // office: how far I hold your feeds, the time
	frameBatch   = 3
	frameAck     = 4 // durable here up to …
	frameWant    = 5 // send this blob from …
	framePiece   = 6
	frameNoBlob  = 7 // not here, or not yours
	frameIdle    = 8 // nothing more to send, nothing unconfirmed
	frameEnrol   = 9
	frameEnroled = 10
	frameBye     = 11 // reason, and when to come back
	frameCompare = 13 // fingerprints of ranges, and what differs
	framePing    = 0x80 | 12
)

// maxFrame bounds what memory is taken for one frame: a batch of 32 KiB of
// rows with one record of the largest size in it.
const maxFrame = 1 << 20

// maxPiece is how many bytes of a blob travel before more pressing lanes are
// looked at again.
const maxPiece = 8 << 10

var (
	// ErrFrame says that the peer does not speak the protocol.
	ErrFrame = errors.New("boxsync: bad frame")

	encMode = must(cbor.CanonicalEncOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxNestedLevels: 8, MaxArrayElements: 1 << 16, MaxMapPairs: 1 << 10, IndefLength: cbor.IndefLengthForbidden,
	}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

type cursorWire struct {
	_      struct{} `cbor:",toarray"`
	Origin []byte
	Lane   uint8
	Number uint64
	Digest []byte
}

// lifeWire is an origin and the last number of it that counts; 0 for the present one.
type lifeWire struct {
	_      struct{} `cbor:",toarray"`
	Origin []byte
	Ended  uint64
}

type helloWire struct {
	Version  int          `cbor:"1,keyasint"`
	Build    string       `cbor:"2,keyasint,omitempty"`
	Have     []cursorWire `cbor:"3,keyasint,omitempty"` // of the outbox, by lane
	Lives    []lifeWire   `cbor:"4,keyasint,omitempty"` // the box's, oldest first; the last is the present one
	Millis   int64        `cbor:"5,keyasint,omitempty"`
	Trusted  bool         `cbor:"6,keyasint,omitempty"`
	FreeDisk int64        `cbor:"7,keyasint,omitempty"`
	Pending  int          `cbor:"8,keyasint,omitempty"`
}

type welcomeWire struct {
	Version int          `cbor:"1,keyasint"`
	Origin  []byte       `cbor:"2,keyasint,omitempty"` // the office's
	Have    []cursorWire `cbor:"3,keyasint,omitempty"`
	Millis  int64        `cbor:"4,keyasint,omitempty"`
	Waiting int          `cbor:"5,keyasint,omitempty"`
	Compare []byte       `cbor:"6,keyasint,omitempty"` // sets of which cursors say nothing
}

type batchWire struct {
	From cursorWire `cbor:"1,keyasint"`
	To   cursorWire `cbor:"2,keyasint"`
	Rows []byte     `cbor:"3,keyasint,omitempty"` // as packRows writes them
	Gone [][]byte   `cbor:"4,keyasint,omitempty"`
}

type blobWire struct {
	Hash []byte `cbor:"1,keyasint"`
	Size int64  `cbor:"2,keyasint,omitempty"`
	At   int64  `cbor:"3,keyasint,omitempty"`
	Data []byte `cbor:"4,keyasint,omitempty"`
}

type byeWire struct {
	Reason string `cbor:"1,keyasint,omitempty"`
	Back   int    `cbor:"2,keyasint,omitempty"` // seconds
}

func wireCursor(f store.Feed, c store.Cursor) cursorWire {
	return cursorWire{Origin: f.Origin[:], Lane: uint8(f.Lane), Number: c.Number, Digest: c.Digest[:]}
}

func (w cursorWire) read() (store.Feed, store.Cursor, error) {
	if len(w.Origin) != 8 || len(w.Digest) != 16 || w.Lane < uint8(store.Control) || w.Lane > uint8(store.Sealed) {
		return store.Feed{}, store.Cursor{}, fmt.Errorf("%w: cursor", ErrFrame)
	}
	o := store.Origin(w.Origin)
	return store.Feed{Origin: o, Lane: store.Lane(w.Lane)}, store.Cursor{Origin: o, Number: w.Number, Digest: [16]byte(w.Digest)}, nil
}

// framer reads and writes frames inside one zstd stream a direction.
type framer struct {
	r   *bufio.Reader
	dec *zstd.Decoder
	enc *zstd.Encoder
}

func newFramer(rw io.ReadWriter) (*framer, error) {
	enc, err := zstd.NewWriter(rw, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(128<<10), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(rw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(1<<20), zstd.WithDecoderMaxMemory(1<<40)) // the stream is endless; each frame is bounded
	if err != nil {
		return nil, err
	}
	return &framer{r: bufio.NewReaderSize(dec, 4<<10), dec: dec, enc: enc}, nil
}

func (f *framer) write(kind byte, v any) error {
	body, err := encMode.Marshal(v)
	if err != nil {
		return err
	}
	if len(body) > maxFrame {
		return fmt.Errorf("%w: %d bytes to send", ErrFrame, len(body))
	}
	head := binary.AppendUvarint([]byte{kind}, uint64(len(body)))
	if _, err := f.enc.Write(append(head, body...)); err != nil {
		return err
	}
	return f.enc.Flush()
}

// maxSkipped bounds the unknown frames that a peer may have skipped in a row.
const maxSkipped = 1000

// read returns the next frame of a known kind.
func (f *framer) read() (kind byte, body []byte, err error) {
	for range maxSkipped {
		if kind, err = f.r.ReadByte(); err != nil {
			return 0, nil, err
		}
		n, err := binary.ReadUvarint(f.r)
		if err != nil {
			return 0, nil, err
		}
		if n > maxFrame {
			return 0, nil, fmt.Errorf("%w: %d bytes announced", ErrFrame, n)
		}
		if kind&0x80 != 0 && kind != framePing {
			if _, err := io.CopyN(io.Discard, f.r, int64(n)); err != nil {
				return 0, nil, err
			}
			continue
		}
		if kind == 0 || kind > frameCompare && kind != framePing {
			return 0, nil, fmt.Errorf("%w: type %d", ErrFrame, kind)
		}
		body = make([]byte, n)
		_, err = io.ReadFull(f.r, body)
		return kind, body, err
	}
	return 0, nil, fmt.Errorf("%w: nothing but unknown frames", ErrFrame)
}

func (f *framer) close() {
	f.dec.Close()
}

func unmarshal(body []byte, v any) error {
	if err := decMode.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%w: %w", ErrFrame, err)
	}
	return nil
}
