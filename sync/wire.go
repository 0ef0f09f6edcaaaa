package boxsync

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"preau/store"
)

// A format is a number that each side tells of: Format is the newest that this
// program speaks, Version the oldest. Both talk in the newest that both know. What
// a format may add to the one before it: keys of maps, types of frames that may be
// skipped, lanes, collections; who does not know them passes over them. What it may
// never change: what stands in a key, the length of an array. docs/SYNC.md has what
// each format brought.
const (
	Format  = 2
	Version = 1
)

// spoken is the format in which this program talks to a peer of which the oldest
// and the newest are known; not ok when there is none. A peer of format 1 tells
// only one number.
func spoken(oldest, newest int) (format int, ok bool) {
	format = min(Format, max(oldest, newest))
	return format, format >= max(Version, oldest)
}

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
	// frameLanes is the box's: which lanes wait now. An office that does not know it
	// sends on.
	frameLanes = skippable | 14
	frameState = skippable | 15 // box: what it says of itself
)

// skippable marks the types that a reader who does not know them passes over.
const skippable = 0x80

// maxFrame bounds what memory is taken for one frame: a batch of 32 KiB of
// rows with one record of the largest size in it.
const maxFrame = 1 << 20

// maxPiece is how many bytes of the line a piece of a blob takes at most before more
// pressing lanes are looked at again: those of the largest batch, two TLS records.
// Where a budget counts them it takes half.
const (
	maxPiece   = largestSend
	thinPiece  = maxPiece / 2
	aroundData = 32 // bytes of a piece that are not the blob's, or fewer
)

var (
	// ErrFrame says that the peer does not speak the protocol.
	ErrFrame = errors.New("boxsync: bad frame")

	encMode = must(cbor.CanonicalEncOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxNestedLevels: 8, MaxArrayElements: 1 << 16, MaxMapPairs: 1 << 10, IndefLength: cbor.IndefLengthForbidden,
	}.DecMode())
)

// errLane says that a cursor is of a lane that a newer format brought: it is passed
// over, and what comes on it is not confirmed.
var errLane = fmt.Errorf("%w: a lane of a newer format", ErrFrame)

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
	stateWire
	Version int          `cbor:"1,keyasint"`
	Build   string       `cbor:"2,keyasint,omitempty"`
	Have    []cursorWire `cbor:"3,keyasint,omitempty"`  // of the outbox, by lane
	Lives   []lifeWire   `cbor:"4,keyasint,omitempty"`  // the box's, oldest first; the last is the present one
	Dicts   []uint32     `cbor:"9,keyasint,omitempty"`  // that the box can read
	Shut    laneSet      `cbor:"10,keyasint,omitempty"` // lanes that wait for their hour or for bytes, a bit each
	Format  int          `cbor:"15,keyasint,omitempty"`
	Apart   bool         `cbor:"16,keyasint,omitempty"` // the box does not know that it has all that earlier lives of it sent
}

// laneWaits is what waits on a lane.
type laneWaits struct {
	_     struct{} `cbor:",toarray"`
	Lane  store.Lane
	Items int
	Bytes int64
}

type lanesWire struct {
	Shut  laneSet     `cbor:"1,keyasint,omitempty"` // the box: all that wait now
	Lacks []laneWaits `cbor:"2,keyasint,omitempty"` // the office: what it lacks of this box's files
}

type welcomeWire struct {
	Version int          `cbor:"1,keyasint"`
	Origin  []byte       `cbor:"2,keyasint,omitempty"` // the office's
	Have    []cursorWire `cbor:"3,keyasint,omitempty"`
	Millis  int64        `cbor:"4,keyasint,omitempty"`
	Waiting int          `cbor:"5,keyasint,omitempty"`
	Compare []byte       `cbor:"6,keyasint,omitempty"` // sets of which cursors say nothing
	Dicts   []uint32     `cbor:"7,keyasint,omitempty"` // that the office can read
	Over    bool         `cbor:"9,keyasint,omitempty"` // the life that the box lives has ended: its card is an older one
	Format  int          `cbor:"8,keyasint,omitempty"`
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
	How  uint8  `cbor:"5,keyasint,omitempty"` // what of it: see files.go
	Base []byte `cbor:"6,keyasint,omitempty"` // want: the file that is here, of which it is a version
	To   int64  `cbor:"7,keyasint,omitempty"` // want: only up to here
}

type byeWire struct {
	Reason string `cbor:"1,keyasint,omitempty"`
	Back   int    `cbor:"2,keyasint,omitempty"` // seconds
}

func wireCursor(f store.Feed, c store.Cursor) cursorWire {
	return cursorWire{Origin: f.Origin[:], Lane: uint8(f.Lane), Number: c.Number, Digest: c.Digest[:]}
}

func (w cursorWire) read() (store.Feed, store.Cursor, error) {
	if len(w.Origin) != 8 || len(w.Digest) != 16 || w.Lane < uint8(store.Control) {
		return store.Feed{}, store.Cursor{}, fmt.Errorf("%w: cursor", ErrFrame)
	}
	if w.Lane > uint8(store.Sealed) {
		return store.Feed{}, store.Cursor{}, errLane
	}
	o := store.Origin(w.Origin)
	return store.Feed{Origin: o, Lane: store.Lane(w.Lane)}, store.Cursor{Origin: o, Number: w.Number, Digest: [16]byte(w.Digest)}, nil
}

func unmarshal(body []byte, v any) error {
	if err := decMode.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%w: %w", ErrFrame, err)
	}
	return nil
}
