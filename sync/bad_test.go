package boxsync

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"

	"preau/store"
)

// pipe reads what was written; writing goes nowhere.
type pipe struct{ io.Reader }

func (pipe) Write(b []byte) (int, error) { return len(b), nil }

func onALine(t testing.TB, frames []byte) io.ReadWriter {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithWindowSize(128<<10))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(frames); err != nil {
		t.Fatal(err)
	}
	if err := z.Flush(); err != nil {
		t.Fatal(err)
	}
	return pipe{chunked(b.Bytes())}
}

// chunked lays bytes into chunks, as a stream has them.
func chunked(b []byte) io.Reader {
	var line []byte
	for len(b) > 0 {
		n := min(len(b), mostChunk)
		line = append(binary.AppendUvarint(line, uint64(n+chunkData)), b[:n]...)
		b = b[n:]
	}
	return bytes.NewReader(line)
}

func TestAFrameThatClaimsTwoGigabytesIsRefused(t *testing.T) {
	f, err := newFramer(onALine(t, binary.AppendUvarint([]byte{frameBatch}, 2<<30)), newCodecs(zstd.SpeedBetterCompression), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if _, _, err := f.read(); !errors.Is(err, ErrFrame) {
		t.Errorf("got %v", err)
	}
}

// TestABombTakesLittleMemory feeds 100 MiB of skippable nothing, packed into a
// few kilobytes, and asks what is alive while it is read.
func TestABombTakesLittleMemory(t *testing.T) {
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithWindowSize(128<<10))
	if err != nil {
		t.Fatal(err)
	}
	head := binary.AppendUvarint([]byte{0x80 | 99}, maxFrame)
	empty := make([]byte, maxFrame)
	for range 100 {
		if _, err := z.Write(append(head, empty...)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := newFramer(pipe{chunked(b.Bytes())}, newCodecs(zstd.SpeedBetterCompression), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, _, err = f.read()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	if took := int64(after.HeapAlloc) - int64(before.HeapAlloc); took > 16<<20 {
		t.Errorf("holds %d MiB", took>>20)
	}
}

func TestUnknownFramesAreSkippedWhenTheyMayBe(t *testing.T) {
	frames := append(binary.AppendUvarint([]byte{0x80 | 99}, 3), 1, 2, 3)
	frames = append(frames, frameIdle, 0)
	f, err := newFramer(onALine(t, frames), newCodecs(zstd.SpeedBetterCompression), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if kind, _, err := f.read(); kind != frameIdle || err != nil {
		t.Errorf("type %d, %v", kind, err)
	}
	f, err = newFramer(onALine(t, []byte{99, 0}), newCodecs(zstd.SpeedBetterCompression), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if _, _, err := f.read(); !errors.Is(err, ErrFrame) {
		t.Errorf("an unknown frame that may not be skipped: %v", err)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte{frameIdle, 0})
	f.Add(append(binary.AppendUvarint([]byte{frameBatch}, 2), 0xa1, 0x01))
	f.Fuzz(func(t *testing.T, frames []byte) {
		r, err := newFramer(onALine(t, frames), newCodecs(zstd.SpeedBetterCompression), 0)
		if err != nil {
			t.Fatal(err)
		}
		defer r.close()
		for range 100 {
			_, body, err := r.read()
			if err != nil {
				return
			}
			for _, v := range []any{&helloWire{}, &welcomeWire{}, &batchWire{}, &blobWire{}, &cursorWire{}, &byeWire{}, &compareWire{}, &stateWire{}, &lanesWire{}, &enrolWire{}, &enroledWire{}} {
				_ = unmarshal(body, v)
			}
		}
	})
}

func FuzzRows(f *testing.F) {
	rows, err := packRows([]store.Row{{Meta: store.Meta{Format: 1, Collection: "a", Home: store.Up, Lane: store.Records, Number: 1}, Body: []byte{0xa0}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(rows)
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := unpackRows(b)
		if err != nil {
			return
		}
		again, err := packRows(got)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := unpackRows(again); err != nil || len(back) != len(got) {
			t.Errorf("%d rows came back as %d, %v", len(got), len(back), err)
		}
	})
}
