package boxsync

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestNoKeyStandsForTwoThings walks what travels: a key that an embedded struct
// has too would hide that one without a word.
func TestNoKeyStandsForTwoThings(t *testing.T) {
	for _, v := range []any{helloWire{}, welcomeWire{}, stateWire{}, lanesWire{}, batchWire{}, compareWire{}, byeWire{}} {
		keys := map[string]string{}
		for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
			key, _, _ := strings.Cut(f.Tag.Get("cbor"), ",")
			if key == "" {
				continue
			}
			if other := keys[key]; other != "" {
				t.Errorf("%T: key %s is %s and %s", v, key, other, f.Name)
			}
			keys[key] = f.Name
		}
	}
}

// TestAByeStandsAlone reads what an office says that holds no compressor for it.
func TestAByeStandsAlone(t *testing.T) {
	z := newCodecs(zstd.SpeedFastest)
	f, err := newFramer(pipe{bytes.NewReader(alone(frameBye, byeWire{Reason: "busy", Back: 900}))}, z, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	kind, body, err := f.read()
	var w byeWire
	if err == nil {
		err = unmarshal(body, &w)
	}
	if err != nil || kind != frameBye || w.Reason != "busy" || w.Back != 900 {
		t.Errorf("type %d, %+v, %v", kind, w, err)
	}
	if _, _, err := f.read(); !errors.Is(err, io.EOF) {
		t.Errorf("after it: %v", err)
	}
}
