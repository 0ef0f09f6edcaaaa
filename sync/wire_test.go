package boxsync

import (
	"reflect"
	"strings"
	"testing"
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
