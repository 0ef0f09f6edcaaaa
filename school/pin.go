package school

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"preau/store"
)

// PINDigits is how long a pupil's PIN is.
const PINDigits = 6

// A PIN has so few digits that a stolen card could be tried out in hours. What is
// hashed is therefore not the PIN but its MAC under DIR/keys/pepper, which travels
// only in encrypted backups. Without the pepper the hashes fit nothing any more,
// and every pupil gets a new PIN.
const (
	pepperName  = "pepper"
	pepperBytes = 32
)

var pepperMaking sync.Mutex

// pepperOf reads the site's pepper and makes it when there is none yet.
func pepperOf(db *store.DB) ([]byte, error) {
	path := filepath.Join(db.Dir(), "keys", pepperName)
	pepperMaking.Lock()
	defer pepperMaking.Unlock()
	key, err := os.ReadFile(path)
	if err == nil && len(key) == pepperBytes {
		return key, nil
	}
	if err == nil {
		return nil, fmt.Errorf("school: %s is not a key of %d bytes", path, pepperBytes)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("school: read the pepper: %w", err)
	}
	key = make([]byte, pepperBytes)
	rand.Read(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("school: make the pepper: %w", err)
	}
	if err := store.WriteFile(path, key); err != nil {
		return nil, fmt.Errorf("school: make the pepper: %w", err)
	}
	return key, nil
}

func peppered(db *store.DB, use string, parts ...string) ([]byte, error) {
	key, err := pepperOf(db)
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "preau %s\x00", use)
	for _, p := range parts {
		fmt.Fprintf(m, "%d:%s", len(p), p)
	}
	return m.Sum(nil), nil
}

// HashPIN hashes a pupil's PIN under the site's pepper. Like HashSecret it takes
// its turn: call it outside any transaction.
func HashPIN(ctx context.Context, db *store.DB, person store.ID, pin string) (string, error) {
	mac, err := peppered(db, "pin", person.String(), pin)
	if err != nil {
		return "", err
	}
	return HashSecret(ctx, base64.RawStdEncoding.EncodeToString(mac))
}

// NormalizePIN leaves the digits: some people write 123 456.
func NormalizePIN(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '.' || r == '\u00a0' || r == '\u202f' {
			return -1
		}
		return r
	}, text)
}

// CheckPINQuality says what stands against a PIN that a pupil chose, nil when
// nothing does: six digits, no run, no repetition, not the own birth date.
func CheckPINQuality(pin string, p *Person) *Refusal {
	if len(pin) != PINDigits || !digitsOnly(pin) {
		return Refuse("pin.refused.digits", "pin", "count", PINDigits)
	}
	if isRun(pin) || isRepeat(pin) || runOfDigits(pin) {
		return Refuse("pin.refused.common", "pin")
	}
	if len(p.Born) == len(time.DateOnly) {
		y, m, d := p.Born[:4], p.Born[5:7], p.Born[8:]
		for _, own := range []string{d + m + y[2:], y[2:] + m + d, m + d + y[2:], m + y, y + m, d + y, y + d} {
			if pin == own {
				return Refuse("pin.refused.birth", "pin")
			}
		}
	}
	return nil
}

// runOfDigits: each digit one step from the last, all the way.
func runOfDigits(pin string) bool {
	step := int(pin[1]) - int(pin[0])
	if step > 2 || step < -2 {
		return false
	}
	for i := 1; i < len(pin); i++ {
		if int(pin[i])-int(pin[i-1]) != step {
			return false
		}
	}
	return true
}

// SheetNonce draws what the one-time PINs and cards of one printed sheet come
// from, so that a sheet can be shown again for a while without any PIN being
// stored in clear.
func SheetNonce() []byte {
	nonce := make([]byte, 16)
	rand.Read(nonce)
	return nonce
}

// SheetPIN is the one-time PIN of a person on the sheet with this nonce.
func SheetPIN(db *store.DB, nonce []byte, person store.ID) (string, error) {
	for n := 0; ; n++ {
		mac, err := peppered(db, "sheet pin", string(nonce), person.String(), fmt.Sprint(n))
		if err != nil {
			return "", err
		}
		pin := fmt.Sprintf("%06d", binary.BigEndian.Uint64(mac)%1_000_000)
		if CheckPINQuality(pin, &Person{}) == nil {
			return pin, nil
		}
	}
}

// Tries at PINs are counted apart from those at passwords, so that no pupil can
// lock others out:
//
//	name at a device  few tries: a guesser is stopped here first
//	name              from all devices together, and only where the pupil has not
//	                  signed in before; one device cannot fill it
//	device            many tries; when it is full only names without a wrong try
//	                  from there go on, so a class behind one router comes in
//
// Name and name at a device count for the PIN that is in force: a new one begins
// with empty buckets.
var (
	pinPairBucket   = bucket{size: 5, every: 5 * time.Minute}
	pinNameBucket   = bucket{size: 30, every: 2 * time.Minute}
	pinDeviceBucket = bucket{size: 60, every: 20 * time.Second}
)

type pinTry struct{ pair, name, device string }

func newPINTry(person store.ID, force uint64, device string) pinTry {
	p, f := person.String(), fmt.Sprint(force)
	return pinTry{throttleKey("pin", p, f, device), throttleKey("pin name", p, f), throttleKey("pin device", device)}
}

func (t pinTry) begin(db *store.DB) error {
	var refused error
	err := db.Update(func(tx *store.Tx) error {
		refused = nil
		now, _ := tx.Now()
		pair, err := loadBucket(tx, t.pair)
		if err != nil {
			return err
		}
		name, err := loadBucket(tx, t.name)
		if err != nil {
			return err
		}
		device, err := loadBucket(tx, t.device)
		if err != nil {
			return err
		}
		wait := pinPairBucket.wait(pair.Value, now)
		if !pair.Value.Known {
			wait = max(wait, pinNameBucket.wait(name.Value, now))
		}
		full := pinDeviceBucket.wait(device.Value, now)
		if full > 0 && pinPairBucket.left(pair.Value, now) > 0 {
			wait = max(wait, full)
		}
		if wait > 0 {
			refused = Refuse("signin.refused.wait", "pin", "count", int(math.Ceil(wait.Minutes())))
			return refused
		}
		if err := saveBucket(tx, pair, pinPairBucket.add(pair.Value, now)); err != nil {
			return err
		}
		if err := saveBucket(tx, name, pinNameBucket.add(name.Value, now)); err != nil {
			return err
		}
		if full == 0 {
			if err := saveBucket(tx, device, pinDeviceBucket.add(device.Value, now)); err != nil {
				return err
			}
		}
		return sweepThrottles(tx, now)
	})
	if refused != nil {
		return refused
	}
	if err != nil {
		return fmt.Errorf("count a PIN: %w", err)
	}
	return nil
}

func (t pinTry) succeeded(db *store.DB) error {
	err := db.Update(func(tx *store.Tx) error {
		now, _ := tx.Now()
		for _, key := range []string{t.name, t.device} {
			b, err := loadBucket(tx, key)
			if err != nil {
				return err
			}
			if b.ID.IsZero() {
				continue
			}
			b.Value.Level = max(0, b.Value.Level-1)
			if err := saveBucket(tx, b, b.Value); err != nil {
				return err
			}
		}
		pair, err := loadBucket(tx, t.pair)
		if err != nil {
			return err
		}
		return saveBucket(tx, pair, throttleRow{Key: t.pair, At: now, Known: true})
	})
	if err != nil {
		return fmt.Errorf("note a PIN: %w", err)
	}
	return nil
}

// CheckPIN answers a pupil who chose a name and typed a PIN, as CheckSecret does
// for staff: "pin.refused.wrong" for a wrong PIN and for a pupil without one
// alike, after the same work.
func CheckPIN(ctx context.Context, db *store.DB, person store.ID, pin, device string) (who Actor, oneTime bool, err error) {
	var (
		r    store.Record[Person]
		kept store.Record[SecretRecord]
	)
	err = db.View(func(tx *store.Tx) error {
		r, kept = store.Record[Person]{}, store.Record[SecretRecord]{}
		p, err := Roster.Person(tx, person)
		if errors.Is(err, ErrNobody) || err == nil && (p.Value.Kind != PupilKind || p.Value.Left != "") {
			return nil
		}
		if err != nil {
			return err
		}
		r = p
		if kept, err = Secrets.One(tx, "person", person); errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return Actor{}, false, fmt.Errorf("check a PIN: %w", err)
	}
	try := newPINTry(person, kept.Number, device)
	if err := try.begin(db); err != nil {
		return Actor{}, false, err
	}
	wrong := Refuse("pin.refused.wrong", "pin")
	mac, err := peppered(db, "pin", person.String(), NormalizePIN(pin))
	if err != nil {
		return Actor{}, false, err
	}
	text := base64.RawStdEncoding.EncodeToString(mac)
	if kept.Value.Hash == "" {
		if err := workForNobody(ctx, text); err != nil {
			return Actor{}, false, err
		}
		return Actor{}, false, wrong
	}
	ok, _, err := matchSecret(ctx, kept.Value.Hash, text)
	if err != nil {
		return Actor{}, false, err
	}
	if !ok {
		return Actor{}, false, wrong
	}
	if err := try.succeeded(db); err != nil {
		return Actor{}, false, err
	}
	return ActorOf(r), kept.Value.OneTime, nil
}

// IsPIN tells whether a PIN is the one in force, for who is signed in already and
// chooses another: it counts no try.
func IsPIN(ctx context.Context, db *store.DB, person store.ID, pin string) (bool, error) {
	var kept store.Record[SecretRecord]
	err := db.View(func(tx *store.Tx) (err error) {
		kept, err = Secrets.One(tx, "person", person)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	mac, err := peppered(db, "pin", person.String(), NormalizePIN(pin))
	if err != nil {
		return false, err
	}
	same, _, err := matchSecret(ctx, kept.Value.Hash, base64.RawStdEncoding.EncodeToString(mac))
	return same, err
}
