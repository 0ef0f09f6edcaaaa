package boxsync

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// Dictionaries prime the compressors with what every school's rows and circulars
// have in common. A file is called by its id; once released it stays for ever,
// because sealed segments and peers of other ages name it. They are made by
// `make dictionary` from the demonstration, and hold nothing of any person.
//
//go:embed dict
var dictFiles embed.FS

var dicts = must(readDicts())

func readDicts() (map[uint32][]byte, error) {
	list, err := dictFiles.ReadDir("dict")
	if err != nil {
		return nil, err
	}
	all := map[uint32][]byte{}
	for _, e := range list {
		if path.Ext(e.Name()) != ".zdict" {
			continue
		}
		id, err := strconv.ParseUint(strings.TrimSuffix(e.Name(), ".zdict"), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("boxsync: dictionary %s: %w", e.Name(), err)
		}
		if all[uint32(id)], err = dictFiles.ReadFile(path.Join("dict", e.Name())); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// knownDicts are the ids of the dictionaries, ascending.
func knownDicts() (ids []uint32) {
	for id := range dicts {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// commonDict is the newest that both sides know; 0: none.
func commonDict(theirs []uint32) (id uint32) {
	for _, t := range theirs {
		if dicts[t] != nil {
			id = max(id, t)
		}
	}
	return id
}

// codecs are the compressors of one engine or hub that no session uses now.
type codecs struct {
	level    zstd.EncoderLevel
	decoders sync.Pool
	inUse    atomic.Int64 // compressors and decompressors that sessions hold
}

// newCodecs compress at a level: a box has one session and a thin line, the office
// thousands of sessions.
func newCodecs(level zstd.EncoderLevel) *codecs {
	return &codecs{level: level, decoders: sync.Pool{New: func() any { return must(newDecoder()) }}}
}

// encoders are those that nobody uses now. Their tables take longer to make than a
// quiet session lasts, so they outlive the engine or hub that they were made for.
var encoders sync.Map // encoderKind → *sync.Pool of *zstd.Encoder

type encoderKind struct {
	level zstd.EncoderLevel
	dict  uint32
}

// encoder is the pool of encoders for a dictionary; 0: without one.
func (c *codecs) encoder(dict uint32) (*sync.Pool, error) {
	kind := encoderKind{c.level, dict}
	if p, ok := encoders.Load(kind); ok {
		return p.(*sync.Pool), nil
	}
	options := []zstd.EOption{
		zstd.WithEncoderLevel(c.level), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(128 << 10),
		zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false),
	}
	if dict != 0 {
		if dicts[dict] == nil {
			return nil, fmt.Errorf("boxsync: no dictionary %d", dict)
		}
		options = append(options, zstd.WithEncoderDict(dicts[dict]))
	}
	first, err := zstd.NewWriter(nil, options...)
	if err != nil {
		return nil, fmt.Errorf("boxsync: dictionary %d: %w", dict, err)
	}
	p, _ := encoders.LoadOrStore(kind, &sync.Pool{New: func() any { return must(zstd.NewWriter(nil, options...)) }})
	p.(*sync.Pool).Put(first)
	return p.(*sync.Pool), nil
}

// newDecoder reads with any dictionary. The stream is endless; each frame is
// bounded by itself.
func newDecoder() (*zstd.Decoder, error) {
	options := []zstd.DOption{
		zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(1 << 20), zstd.WithDecoderMaxMemory(1 << 40),
	}
	for _, id := range knownDicts() {
		options = append(options, zstd.WithDecoderDicts(dicts[id]))
	}
	return zstd.NewReader(nil, options...)
}
