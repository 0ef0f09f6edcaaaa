package boxsync

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"preau/store"
)

// What the fixtures of format_test.go need of the inside.

// helloOf1, welcomeOf1 and batchOf1 are those of format 1, by which its boxes and
// offices read: a key that means something else in a later format does not decode
// into them.
type (
	helloOf1 struct {
		Version  int          `cbor:"1,keyasint"`
		Build    string       `cbor:"2,keyasint,omitempty"`
		Have     []cursorWire `cbor:"3,keyasint,omitempty"`
		Lives    []lifeWire   `cbor:"4,keyasint,omitempty"`
		Millis   int64        `cbor:"5,keyasint,omitempty"`
		Trusted  bool         `cbor:"6,keyasint,omitempty"`
		FreeDisk int64        `cbor:"7,keyasint,omitempty"`
		Pending  int          `cbor:"8,keyasint,omitempty"`
		Dicts    []uint32     `cbor:"9,keyasint,omitempty"`
	}
	welcomeOf1 struct {
		Version int          `cbor:"1,keyasint"`
		Origin  []byte       `cbor:"2,keyasint,omitempty"`
		Have    []cursorWire `cbor:"3,keyasint,omitempty"`
		Millis  int64        `cbor:"4,keyasint,omitempty"`
		Waiting int          `cbor:"5,keyasint,omitempty"`
		Compare []byte       `cbor:"6,keyasint,omitempty"`
		Dicts   []uint32     `cbor:"7,keyasint,omitempty"`
	}
	batchOf1 struct {
		From cursorWire `cbor:"1,keyasint"`
		To   cursorWire `cbor:"2,keyasint"`
		Rows []byte     `cbor:"3,keyasint,omitempty"`
		Gone [][]byte   `cbor:"4,keyasint,omitempty"`
	}
)

// ListenAs1 reads frames as a program of format 1 does until it has met all of
// these types, and says what such a program could not read.
func ListenAs1(rw io.ReadWriter, until ...byte) error {
	f, err := newFramer(rw, newCodecs(zstd.SpeedFastest), 0)
	if err != nil {
		return err
	}
	met := map[byte]bool{}
	for {
		kind, body, err := f.read()
		if err != nil {
			return fmt.Errorf("after %v: %w", met, err)
		}
		if kind&skippable != 0 {
			continue
		}
		if kind > frameCompare {
			return fmt.Errorf("format 1 knows no type %d", kind)
		}
		if v := map[byte]any{frameHello: &helloOf1{}, frameWelcome: &welcomeOf1{}, frameBatch: &batchOf1{}, frameAck: &cursorWire{}}[kind]; v != nil {
			if err := decMode.Unmarshal(body, v); err != nil {
				return fmt.Errorf("type %d: %w", kind, err)
			}
			if h, ok := v.(*helloOf1); ok && h.Version != 1 {
				return fmt.Errorf("format 1 refuses version %d", h.Version)
			}
		}
		if met[kind] = true; all(met, until) {
			return nil
		}
	}
}

func all(met map[byte]bool, kinds []byte) bool {
	for _, k := range kinds {
		if !met[k] {
			return false
		}
	}
	return true
}

// NextFormat is what a box ("box") or an office ("office") of a made-up format 3
// says: keys, frames, a lane, a row format and a collection that nobody knows yet,
// around one row that is known.
func NextFormat(t *testing.T, side string) []byte {
	t.Helper()
	var line bytes.Buffer
	f, err := newFramer(&line, newCodecs(zstd.SpeedFastest), 0)
	if err != nil {
		t.Fatal(err)
	}
	say := func(kind byte, v any) {
		if err := f.write(kind, v); err != nil {
			t.Fatal(err)
		}
	}
	origin, office := bytes.Repeat([]byte{0xb0}, 8), bytes.Repeat([]byte{0x0f}, 8)
	cursor := func(o []byte, lane uint8, n uint64) cursorWire {
		d := make([]byte, 16)
		if n > 0 {
			d = bytes.Repeat([]byte{byte(n)}, 16)
		}
		return cursorWire{Origin: o, Lane: lane, Number: n, Digest: d}
	}
	news := map[int]any{90: map[int]any{1: "news"}, 91: []int{1, 2, 3}, 92: true}
	with := func(v any) map[int]any {
		raw, err := encMode.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		m := map[int]any{}
		if err := cbor.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		for k, x := range news {
			m[k] = x
		}
		return m
	}
	rows := func(home store.Home, known string) []byte {
		var list []store.Row
		for i, name := range []string{known, known, "next.things"} {
			body := map[int]any{1: fmt.Sprint("de demain ", i), 77: "a key of tomorrow"}
			if i == 2 {
				body = map[int]any{1: []int{1, 2}, 2: map[int]any{1: "x"}}
			}
			raw, err := encMode.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			o := store.Origin(origin)
			if home == store.Down {
				o = store.Origin(office)
			}
			list = append(list, store.Row{Meta: store.Meta{
				Format: uint16(1 + i), Collection: name, ID: store.ID{Origin: o, Number: uint64(i + 1)}, Origin: o, Number: uint64(i + 1), Home: home, Lane: store.Records, Time: epoch, Trusted: true,
			}, Body: raw})
		}
		packed, err := packRows(list)
		if err != nil {
			t.Fatal(err)
		}
		return packed
	}
	skip := func() { say(skippable|99, map[int]any{1: "a frame of tomorrow"}) }
	if side == "box" {
		say(frameHello, with(helloWire{
			Version: 1, Format: 3, Build: "3.0", Dicts: []uint32{1, 7}, Shut: 1 << 9, Lives: []lifeWire{{Origin: origin}},
			stateWire: stateWire{Millis: epoch.UnixMilli(), Trusted: true, Pending: 4, Waiting: []LaneWait{{Lane: 3, Records: 3}, {Lane: 9, Records: 1}}},
		}))
		skip()
		say(frameBatch, with(batchWire{From: cursor(origin, 9, 0), To: cursor(origin, 9, 4), Rows: []byte{200, 1, 2}}))
		say(frameState, with(stateWire{Pending: 1}))
		say(frameBatch, with(batchWire{From: cursor(origin, 3, 0), To: cursor(origin, 3, 3), Rows: rows(store.Up, "t.up")}))
	} else {
		say(frameWelcome, with(welcomeWire{Version: 1, Format: 3, Origin: office, Millis: epoch.UnixMilli(), Dicts: []uint32{1, 7}, Have: []cursorWire{cursor(origin, 9, 4)}}))
		skip()
		say(frameBatch, with(batchWire{From: cursor(office, 9, 0), To: cursor(office, 9, 4), Rows: []byte{200, 1, 2}}))
		say(frameBatch, with(batchWire{From: cursor(office, 3, 0), To: cursor(office, 3, 3), Rows: rows(store.Down, "t.down")}))
		say(frameAck, cursor(origin, 9, 4))
	}
	say(frameIdle, []byte{})
	if err := f.flush(); err != nil {
		t.Fatal(err)
	}
	return line.Bytes()
}

var epoch = time.Date(2030, 10, 13, 7, 42, 0, 0, time.UTC)

func TestBothTalkInTheNewestFormatThatBothKnow(t *testing.T) {
	for _, x := range []struct {
		oldest, newest, want int
		ok                   bool
	}{
		{1, 0, 1, true}, {1, 1, 1, true}, {1, 2, 2, true}, {1, 3, 2, true}, {2, 9, 2, true}, {3, 3, 0, false}, {9, 12, 0, false},
	} {
		if got, ok := spoken(x.oldest, x.newest); ok != x.ok || ok && got != x.want {
			t.Errorf("formats %d to %d: %d, %v", x.oldest, x.newest, got, ok)
		}
	}
}
