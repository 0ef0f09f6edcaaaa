package boxsync

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// A stream is frames inside zstd inside chunks: a uvarint, then that many bytes
// less two. The values 0 and 1 stand alone: 0 says that the zstd frame ended and
// its context is dropped, 1 is a ping and its answer. So a session in which
// nothing happens holds no compressor, and asking whether the line stands costs
// one byte each way beside TLS.
const (
	chunkRest = 0
	chunkPing = 1
	chunkData = 2 // and more: a chunk of value-2 bytes
)

const (
	mostChunk = 64 << 10
	restAfter = 30 * time.Second
	// crowdRestAfter is what the office waits when a quarter of its places is taken:
	// a compressor costs it a megabyte, beginning again a box some fifty bytes.
	crowdRestAfter = 5 * time.Second
)

// framer reads and writes frames. One goroutine may write while another reads.
type framer struct {
	raw io.ReadWriter
	z   *codecs
	dec *zstd.Decoder // nil: no context
	r   *bufio.Reader // of dec
	src chunks

	wmu   sync.Mutex
	enc   *zstd.Encoder // nil: no context
	pool  *sync.Pool    // of enc
	out   []byte        // compressed, not yet sent
	since int           // bytes of frames since the last flush
	wrote time.Time     // when
}

// newFramer speaks with the dictionary of this id, 0: none. It reads with any it knows.
func newFramer(rw io.ReadWriter, z *codecs, dict uint32) (*framer, error) {
	f := &framer{raw: rw, z: z}
	f.src.in = bufio.NewReaderSize(rw, 512) // for the heads of chunks; what is long goes by it
	return f, f.speak(dict)
}

// speak changes the dictionary of what is written from the next context on.
func (f *framer) speak(dict uint32) error {
	f.wmu.Lock()
	defer f.wmu.Unlock()
	if err := f.rest(); err != nil {
		return err
	}
	pool, err := f.z.encoder(dict)
	f.pool = pool
	return err
}

// encodeFrame is a frame's type and length, and its body.
func encodeFrame(kind byte, v any) (head, body []byte, err error) {
	if body, err = encMode.Marshal(v); err != nil {
		return nil, nil, err
	}
	if len(body) > maxFrame {
		return nil, nil, fmt.Errorf("%w: %d bytes to send", ErrFrame, len(body))
	}
	return binary.AppendUvarint([]byte{kind}, uint64(len(body))), body, nil
}

// write puts a frame into the stream; it leaves with the next flush, or when
// enough has gathered.
func (f *framer) write(kind byte, v any) error {
	head, body, err := encodeFrame(kind, v)
	if err != nil {
		return err
	}
	f.wmu.Lock()
	defer f.wmu.Unlock()
	if f.enc == nil {
		f.enc = f.pool.Get().(*zstd.Encoder)
		f.z.inUse.Add(1)
		f.enc.Reset((*gather)(&f.out))
	}
	if _, err := f.enc.Write(append(head, body...)); err != nil {
		return err
	}
	f.wrote = time.Now()
	if f.since += len(head) + len(body); f.since >= thinPiece {
		return f.push()
	}
	return nil
}

// say writes a frame and sends it at once.
func (f *framer) say(kind byte, v any) error {
	if err := f.write(kind, v); err != nil {
		return err
	}
	return f.flush()
}

// flush sends what was written, in one piece.
func (f *framer) flush() error {
	f.wmu.Lock()
	defer f.wmu.Unlock()
	if f.since == 0 {
		return nil
	}
	return f.push()
}

func (f *framer) push() error {
	f.since = 0
	if err := f.enc.Flush(); err != nil {
		return err
	}
	return f.send(false)
}

// send puts what was compressed into chunks and these on the line.
func (f *framer) send(last bool) error {
	var line []byte
	for rest := f.out; len(rest) > 0; {
		n := min(len(rest), mostChunk)
		line = append(binary.AppendUvarint(line, uint64(n+chunkData)), rest[:n]...)
		rest = rest[n:]
	}
	if f.out = f.out[:0]; last {
		line, f.out = append(line, chunkRest), nil
	}
	if len(line) == 0 {
		return nil
	}
	_, err := f.raw.Write(line)
	return err
}

// gather is where the encoder writes: one frame may make several pieces, which
// leave as one.
type gather []byte

// Write never fails.
func (g *gather) Write(b []byte) (int, error) {
	*g = append(*g, b...)
	return len(b), nil
}

// alone is a frame as the only one of a stream, for who holds no compressor: its
// bytes stand in the zstd frame as they are. Of small frames only.
func alone(kind byte, v any) []byte {
	head, body, err := encodeFrame(kind, v)
	if err != nil {
		panic(err) // of a frame of our own making
	}
	z := rawFrame(append(head, body...))
	return append(append(binary.AppendUvarint(nil, uint64(len(z)+chunkData)), z...), chunkRest)
}

// rawFrame is a zstd frame (RFC 8878) of one raw block, at most 255 bytes.
func rawFrame(data []byte) []byte {
	z := []byte{0x28, 0xb5, 0x2f, 0xfd, 1 << 5, byte(len(data))} // magic; one segment, its length in a byte
	block := uint32(len(data))<<3 | 1                            // last, raw
	return append(append(z, byte(block), byte(block>>8), byte(block>>16)), data...)
}

// rest drops the context of what is written.
func (f *framer) rest() error {
	if f.enc == nil {
		return nil
	}
	err := f.enc.Close()
	f.pool.Put(f.enc)
	f.z.inUse.Add(-1)
	f.enc, f.since = nil, 0
	if err != nil {
		return err
	}
	return f.send(true)
}

// quiet drops the context when nothing was written for a while.
func (f *framer) quiet(after time.Duration) error {
	f.wmu.Lock()
	defer f.wmu.Unlock()
	if f.enc == nil || time.Since(f.wrote) < after {
		return nil
	}
	return f.rest()
}

// ping asks, or answers, whether the line stands.
func (f *framer) ping() error {
	f.wmu.Lock()
	defer f.wmu.Unlock()
	_, err := f.raw.Write([]byte{chunkPing})
	return err
}

// maxSkipped bounds the unknown frames that a peer may have skipped in a row.
const maxSkipped = 1000

// read returns the next frame of a known kind. Pings go to onPing.
func (f *framer) read() (kind byte, body []byte, err error) {
	for range maxSkipped {
		if err := f.wake(); err != nil {
			return 0, nil, err
		}
		if kind, err = f.r.ReadByte(); err != nil {
			if errors.Is(err, io.EOF) && f.src.rested {
				f.drop()
				continue
			}
			return 0, nil, f.src.cause(err)
		}
		n, err := binary.ReadUvarint(f.r)
		if err != nil {
			return 0, nil, f.src.cause(err)
		}
		if n > maxFrame {
			return 0, nil, fmt.Errorf("%w: %d bytes announced", ErrFrame, n)
		}
		if kind&skippable != 0 && kind != frameLanes && kind != frameState {
			if _, err := io.CopyN(io.Discard, f.r, int64(n)); err != nil {
				return 0, nil, f.src.cause(err)
			}
			continue
		}
		if kind == 0 || kind > frameCompare && kind&skippable == 0 {
			return 0, nil, fmt.Errorf("%w: type %d", ErrFrame, kind)
		}
		body = make([]byte, n)
		_, err = io.ReadFull(f.r, body)
		return kind, body, f.src.cause(err)
	}
	return 0, nil, fmt.Errorf("%w: nothing but unknown frames", ErrFrame)
}

// wake waits for a chunk when there is no context, and makes one.
func (f *framer) wake() error {
	if f.dec != nil {
		return nil
	}
	if err := f.src.next(); err != nil {
		return err
	}
	if f.src.rested {
		return fmt.Errorf("%w: an end without a beginning", ErrFrame)
	}
	f.dec = f.z.decoders.Get().(*zstd.Decoder)
	f.z.inUse.Add(1)
	if err := f.dec.Reset(&f.src); err != nil {
		return err
	}
	f.r = bufio.NewReaderSize(f.dec, 1<<10)
	return nil
}

// drop lets the context of what is read go.
func (f *framer) drop() {
	if f.dec == nil {
		return
	}
	if err := f.dec.Reset(nil); err == nil {
		f.z.decoders.Put(f.dec)
	}
	f.z.inUse.Add(-1)
	f.dec, f.r, f.src.rested = nil, nil, false
}

// close gives both contexts back. Nobody may be reading or writing.
func (f *framer) close() {
	f.drop()
	f.wmu.Lock()
	defer f.wmu.Unlock()
	if f.enc != nil {
		f.enc.Reset(nil)
		f.pool.Put(f.enc)
		f.z.inUse.Add(-1)
		f.enc = nil
	}
}

// chunks is what the decoder reads: the bytes of data chunks, to the end of its
// zstd frame.
type chunks struct {
	in     *bufio.Reader
	onPing func() // may be nil
	left   uint64 // of the present chunk
	rested bool   // the zstd frame has ended
	err    error  // of the line
}

// next reads the head of the next chunk.
func (c *chunks) next() error {
	for c.left == 0 && !c.rested {
		v, err := binary.ReadUvarint(c.in)
		switch {
		case err != nil:
			c.err = err
			return err
		case v == chunkRest:
			c.rested = true
		case v == chunkPing:
			if c.onPing != nil {
				c.onPing()
			}
		case v-chunkData > mostChunk:
			c.err = fmt.Errorf("%w: a chunk of %d bytes", ErrFrame, v)
			return c.err
		default:
			c.left = v - chunkData
		}
	}
	return nil
}

// Read gives io.EOF at the end of a zstd frame.
func (c *chunks) Read(b []byte) (int, error) {
	if err := c.next(); err != nil {
		return 0, err
	}
	if c.rested && c.left == 0 {
		return 0, io.EOF
	}
	n, err := c.in.Read(b[:min(uint64(len(b)), c.left)])
	if c.left -= uint64(n); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		c.err = err
	}
	return n, err
}

// cause is the line's own error, if that was it.
func (c *chunks) cause(err error) error {
	if err != nil && c.err != nil {
		return c.err
	}
	return err
}
