package store

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/jotfs/fastcdc-go"
)

// A large file is cut where its content says so (FastCDC), about every 16 KiB:
// what is put in or taken out at one place moves no cut elsewhere, so two
// versions share most of their chunks. The exchange and the backups cut alike.
const (
	chunkAverage = 16 << 10
	chunkMost    = 1 << 20 // bytes that a list may say of one chunk
)

// Chunk is a piece of a file: the first half of its SHA-256, and its length in
// bytes.
type Chunk struct {
	Hash [16]byte
	Size int
}

// ErrChunks says that bytes are not a list of chunks.
var ErrChunks = errors.New("store: not a list of chunks")

// Each chunker that is made writes the library's table, with what it holds
// already: the others must not read meanwhile.
var chunkTable sync.RWMutex

// EachChunk cuts a blob; one of at most MaxInlineBlob bytes is one chunk. data is
// fn's until it returns. ErrNotFound when the blob is not here.
func (db *DB) EachChunk(h Hash, fn func(at int64, c Chunk, data []byte) error) error {
	f, err := db.OpenBlob(h)
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return fmt.Errorf("store: cut %s: %w", h, err)
	}
	next := cutter(f)
	if fi.Size() <= MaxInlineBlob {
		next = whole(f)
	}
	for at := int64(0); ; {
		data, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("store: cut %s: %w", h, err)
		}
		sum := sha256.Sum256(data)
		if err := fn(at, Chunk{[16]byte(sum[:]), len(data)}, data); err != nil {
			return err
		}
		at += int64(len(data))
	}
}

func cutter(f *os.File) func() ([]byte, error) {
	chunkTable.Lock()
	cut, err := fastcdc.NewChunker(f, fastcdc.Options{AverageSize: chunkAverage})
	chunkTable.Unlock()
	return func() ([]byte, error) {
		if err != nil {
			return nil, err
		}
		chunkTable.RLock()
		defer chunkTable.RUnlock()
		c, err := cut.Next()
		return c.Data, err
	}
}

func whole(f *os.File) func() ([]byte, error) {
	given := false
	return func() ([]byte, error) {
		if given {
			return nil, io.EOF
		}
		given = true
		b, err := io.ReadAll(f)
		if err == nil && len(b) == 0 {
			err = io.EOF
		}
		return b, err
	}
}

// Append writes a chunk as a list has it: its length as a varint, its hash.
func (c Chunk) Append(b []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(c.Size)), c.Hash[:]...)
}

// ReadChunks reads the chunks that make a file of size bytes, and no further.
// io.ErrUnexpectedEOF when the list ends before, ErrHash when it is of a longer
// file, ErrChunks when it is no list.
func ReadChunks(r *bufio.Reader, size int64) (list []Chunk, err error) {
	for left := size; left > 0; {
		n, err := binary.ReadUvarint(r)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil || n == 0 || n > chunkMost:
			return nil, errors.Join(ErrChunks, err)
		}
		c := Chunk{Size: int(n)}
		if _, err := io.ReadFull(r, c.Hash[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, io.ErrUnexpectedEOF
		} else if err != nil {
			return nil, err
		}
		if left -= int64(n); left < 0 {
			return nil, ErrHash
		}
		list = append(list, c)
	}
	return list, nil
}
