package school

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"preau/store"
)

// Tries are counted in leaky buckets: each try adds one, time takes away one
// every so often, and a full bucket refuses. Three buckets see every try:
//
//	account  tries at a name from devices where it has never signed in
//	pair     tries at a name from a device where it has; such a device looks
//	         at this bucket in place of the account's, so a colleague cannot
//	         be locked out of his own machine by somebody guessing elsewhere
//	device   tries from one device at any name; a success does not empty it,
//	         or a pupil could guess others' secrets between his own sign-ins
//
// The device's is large because a class of 120 behind one router may look like
// one device, and all press Enter at once: tries under way count too, until
// they are right. A full one still lets a try through every 20 seconds, so a
// lab PC is slowed, never closed, and the other PCs do not notice.
type bucket struct {
	size  float64       // tries at once
	every time.Duration // one try comes back
}

var (
	accountBucket = bucket{size: 10, every: 3 * time.Minute}
	pairBucket    = bucket{size: 10, every: time.Minute}
	deviceBucket  = bucket{size: 150, every: 20 * time.Second}
)

// throttleRow is the state of one bucket.
type throttleRow struct {
	Key   string    `cbor:"1,keyasint,omitempty"`
	Level float64   `cbor:"2,keyasint,omitempty"`
	At    time.Time `cbor:"3,keyasint,omitzero"`
	Known bool      `cbor:"4,keyasint,omitempty"` // a pair that has signed in
}

// Throttles: index "key" (unique), index "at" (sweep). Scratch, yet on disk:
// a restart gives no new tries.
var Throttles = store.Define(store.Spec[throttleRow]{
	Name: "throttles", Home: store.Scratch, Format: 1,
	Indexes: []store.Index[throttleRow]{
		{Name: "key", Unique: true, Keys: func(t *throttleRow) [][]byte { return [][]byte{store.Key(t.Key)} }},
		{Name: "at", Keys: func(t *throttleRow) [][]byte { return [][]byte{store.Key(t.Known, t.At)} }},
	},
})

const (
	// keepThrottle is longer than any bucket takes to empty.
	keepThrottle = time.Hour
	// keepPair is how long a device stays known after its last sign-in.
	keepPair = 90 * 24 * time.Hour
	// sweepAtOnce bounds the sweeping done by one try.
	sweepAtOnce = 8
)

// try is one attempt to sign in. Its names are hashed: what was typed in the
// field of the name is sometimes a password.
type try struct{ account, pair, device string }

func newTry(login, device string) try {
	l := NormalizeLogin(login)
	return try{account: throttleKey("account", l), pair: throttleKey("pair", l, device), device: throttleKey("device", device)}
}

func throttleKey(kind string, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return kind + ":" + hex.EncodeToString(h.Sum(nil)[:12])
}

// begin counts the try, or refuses it and says for how long.
func (t try) begin(db *store.DB) error {
	var refused error
	err := db.Update(func(tx *store.Tx) error {
		refused = nil
		now, _ := tx.Now()
		name, err := loadBucket(tx, t.pair)
		if err != nil {
			return err
		}
		size := pairBucket
		if !name.Value.Known {
			if name, err = loadBucket(tx, t.account); err != nil {
				return err
			}
			size = accountBucket
		}
		device, err := loadBucket(tx, t.device)
		if err != nil {
			return err
		}
		if wait := max(size.wait(name.Value, now), deviceBucket.wait(device.Value, now)); wait > 0 {
			refused = Refuse("signin.refused.wait", "", "count", int(math.Ceil(wait.Minutes())))
			return refused
		}
		if err := saveBucket(tx, name, size.add(name.Value, now)); err != nil {
			return err
		}
		if err := saveBucket(tx, device, deviceBucket.add(device.Value, now)); err != nil {
			return err
		}
		return sweepThrottles(tx, now)
	})
	if refused != nil {
		return refused
	}
	if err != nil {
		return fmt.Errorf("count a sign-in: %w", err)
	}
	return nil
}

// succeeded empties the pair's bucket, remembers the pair, and gives the
// account and the device back the one try that was right.
func (t try) succeeded(db *store.DB) error {
	err := db.Update(func(tx *store.Tx) error {
		now, _ := tx.Now()
		pair, err := loadBucket(tx, t.pair)
		if err != nil {
			return err
		}
		counted := t.account
		if pair.Value.Known {
			counted = ""
		}
		for _, key := range []string{counted, t.device} {
			if key == "" {
				continue
			}
			b, err := loadBucket(tx, key)
			if err != nil {
				return err
			}
			b.Value.Level = max(0, b.Value.Level-1)
			if err := saveBucket(tx, b, b.Value); err != nil {
				return err
			}
		}
		return saveBucket(tx, pair, throttleRow{Key: t.pair, At: now, Known: true})
	})
	if err != nil {
		return fmt.Errorf("note a sign-in: %w", err)
	}
	return nil
}

// left is the level after the time gone by; a clock that went back takes nothing away.
func (b bucket) left(t throttleRow, now time.Time) float64 {
	gone := max(0, now.Sub(t.At))
	return max(0, t.Level-float64(gone)/float64(b.every))
}

// wait is how long until one more try fits; 0 when it fits now.
func (b bucket) wait(t throttleRow, now time.Time) time.Duration {
	over := b.left(t, now) + 1 - b.size
	if over <= 0 {
		return 0
	}
	return time.Duration(over * float64(b.every))
}

func (b bucket) add(t throttleRow, now time.Time) throttleRow {
	t.Level = b.left(t, now) + 1
	if now.After(t.At) {
		t.At = now
	}
	return t
}

func loadBucket(tx *store.Tx, key string) (store.Record[throttleRow], error) {
	r, err := Throttles.One(tx, "key", key)
	if errors.Is(err, store.ErrNotFound) {
		return store.Record[throttleRow]{Value: throttleRow{Key: key}}, nil
	}
	return r, err
}

func saveBucket(tx *store.Tx, old store.Record[throttleRow], v throttleRow) error {
	if old.ID == (store.ID{}) {
		_, err := Throttles.Add(tx, v)
		return err
	}
	return Throttles.Set(tx, old.ID, v)
}

// sweepThrottles removes a few rows that say nothing any more, so that names
// made up by a guesser do not pile up.
func sweepThrottles(tx *store.Tx, now time.Time) error {
	for known, keep := range map[bool]time.Duration{false: keepThrottle, true: keepPair} {
		var old []store.ID
		for r, err := range Throttles.Where(tx, "at", known) {
			if err != nil {
				return err
			}
			if now.Sub(r.Value.At) < keep || len(old) == sweepAtOnce {
				break
			}
			old = append(old, r.ID)
		}
		for _, id := range old {
			if err := Throttles.Delete(tx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// Try counts one guess, from one device, at a secret that is no account's, and
// refuses when the device has guessed too often.
func Try(db *store.DB, what, device string) error {
	return db.Update(func(tx *store.Tx) error {
		now, _ := tx.Now()
		b, err := loadBucket(tx, throttleKey(what, device))
		if err != nil {
			return err
		}
		if wait := pairBucket.wait(b.Value, now); wait > 0 {
			return Refuse("signin.refused.wait", "", "count", int(math.Ceil(wait.Minutes())))
		}
		if err := saveBucket(tx, b, pairBucket.add(b.Value, now)); err != nil {
			return err
		}
		return sweepThrottles(tx, now)
	})
}

// ForgetThrottles lets a name be tried again at once: an operator, a head or
// a technician has just handed out a new one-time secret for it.
func ForgetThrottles(tx *store.Tx, login string) error {
	b, err := loadBucket(tx, newTry(login, "").account)
	if err != nil || b.ID == (store.ID{}) {
		return err
	}
	return Throttles.Delete(tx, b.ID)
}
