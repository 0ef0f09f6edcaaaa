package school

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"preau/store"
)

// Cost is the work of one argon2id hash. It is written into every hash and
// read from there, so it can be raised without asking anybody to come back.
type Cost struct {
	Passes  uint32 // t
	Memory  uint32 // m, KiB
	Threads uint8  // p
}

// DefaultCost is 20 ms on a PC and about 80 ms on a small box (measured; STACK).
var DefaultCost = Cost{Passes: 2, Memory: 19 * 1024, Threads: 1}

// most is what a stored hash may ask for: a damaged row must not take the
// machine's memory.
var most = Cost{Passes: 16, Memory: 256 * 1024, Threads: 8}

const (
	saltBytes = 16
	hashBytes = 32
	// maxSecret bounds what is hashed; nobody types more.
	maxSecret = 256
)

// SecretRecord is the hash of one person's secret.
type SecretRecord struct {
	Person  store.ID `cbor:"1,keyasint,omitzero"`
	Hash    string   `cbor:"2,keyasint,omitempty"` // $argon2id$v=19$m=…,t=…,p=…$salt$hash
	OneTime bool     `cbor:"3,keyasint,omitempty"` // must be changed at first use
}

// Secrets: index "person" (unique). The hashes never leave the site but sealed.
var Secrets = store.Define(store.Spec[SecretRecord]{
	Name: "secrets", Home: store.Local, Format: 1,
	Indexes: []store.Index[SecretRecord]{
		{Name: "person", Unique: true, Keys: func(s *SecretRecord) [][]byte { return [][]byte{store.Key(s.Person)} }},
	},
})

// One hash at a time for the whole process: with two at once, pages waited
// 80 ms on an emulated box; with one, 5 ms (STACK). The hash also holds 19 MiB.
var (
	hashing = make(chan struct{}, 1)
	queue   hashQueue
)

// hashQueue counts who hashes and who waits to. While there are several it lets
// garbage grow to rushGC percent: each hash leaves 19 MiB, and to collect after
// each takes the processor of a small box from the pages.
type hashQueue struct {
	mu sync.Mutex
	n  int
	gc int // the percentage outside of a rush
}

const (
	maxWaiting = 250 // at 80 ms each the last has waited 20 s
	rushGC     = 300
)

func (q *hashQueue) join() (ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.n == maxWaiting {
		return false
	}
	if q.n++; q.n == 2 {
		q.gc = debug.SetGCPercent(rushGC)
	}
	return true
}

func (q *hashQueue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.n--; q.n == 1 {
		debug.SetGCPercent(q.gc)
	}
}

// inTurn runs fn when no other hash runs. It gives up when ctx ends, and
// refuses at once when the queue is full.
func inTurn(ctx context.Context, fn func()) error {
	if !queue.join() {
		return Refuse("signin.refused.busy", "")
	}
	defer queue.leave()
	select {
	case hashing <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait to hash a secret: %w", context.Cause(ctx))
	}
	defer func() { <-hashing }()
	fn()
	return nil
}

// HashSecret hashes a secret at DefaultCost. Call it outside any transaction:
// it takes tens of milliseconds and waits for its turn.
func HashSecret(ctx context.Context, secret string) (string, error) {
	return hashAt(ctx, secret, DefaultCost)
}

func hashAt(ctx context.Context, secret string, c Cost) (string, error) {
	if len(secret) > maxSecret {
		return "", Refuse("secret.refused.long", "secret", "max", maxSecret)
	}
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	var sum []byte
	if err := inTurn(ctx, func() { sum = derive(secret, salt, c, hashBytes) }); err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		c.Memory, c.Passes, c.Threads, b64.EncodeToString(salt), b64.EncodeToString(sum)), nil
}

// derive composes first (NFC): one keyboard types é as one letter, another as two.
func derive(secret string, salt []byte, c Cost, n uint32) []byte {
	return argon2.IDKey(norm.NFC.Bytes([]byte(secret)), salt, c.Passes, c.Memory, c.Threads, n)
}

type parsedHash struct {
	cost      Cost
	salt, sum []byte
}

var errHash = errors.New("school: not a secret hash this version can read")

func parseHash(s string) (h parsedHash, err error) {
	f := strings.Split(s, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, errHash
	}
	if _, err := fmt.Sscanf(f[3], "m=%d,t=%d,p=%d", &h.cost.Memory, &h.cost.Passes, &h.cost.Threads); err != nil {
		return h, errHash
	}
	c := h.cost
	if c.Passes < 1 || c.Passes > most.Passes || c.Memory < 8 || c.Memory > most.Memory || c.Threads < 1 || c.Threads > most.Threads {
		return h, errHash
	}
	if h.salt, err = base64.RawStdEncoding.DecodeString(f[4]); err != nil || len(h.salt) < 8 || len(h.salt) > 64 {
		return h, errHash
	}
	if h.sum, err = base64.RawStdEncoding.DecodeString(f[5]); err != nil || len(h.sum) < 16 || len(h.sum) > 64 {
		return h, errHash
	}
	return h, nil
}

// matchSecret compares in constant time after the work that the hash asks for.
// weak tells that the hash should be made again at today's cost.
func matchSecret(ctx context.Context, stored, secret string) (ok, weak bool, err error) {
	h, err := parseHash(stored)
	if err != nil {
		return false, false, err
	}
	var sum []byte
	if err := inTurn(ctx, func() { sum = derive(secret, h.salt, h.cost, uint32(len(h.sum))) }); err != nil {
		return false, false, err
	}
	weak = h.cost.Passes < DefaultCost.Passes || h.cost.Memory < DefaultCost.Memory
	return subtle.ConstantTimeCompare(sum, h.sum) == 1, weak, nil
}

// nobodysSalt is hashed against when no hash is stored, so that an unknown
// name costs what a known one costs.
var nobodysSalt = make([]byte, saltBytes)

func workForNobody(ctx context.Context, secret string) error {
	return inTurn(ctx, func() { derive(secret, nobodysSalt, DefaultCost, hashBytes) })
}

// StoreSecret keeps a hash made by HashSecret as the person's secret. The
// caller ends the person's sessions and writes the audit line.
func StoreSecret(tx *store.Tx, person store.ID, hash string, oneTime bool) error {
	if _, err := parseHash(hash); err != nil {
		return fmt.Errorf("store the secret of %s: %w", person, err)
	}
	s := SecretRecord{Person: person, Hash: hash, OneTime: oneTime}
	r, err := Secrets.One(tx, "person", person)
	switch {
	case errors.Is(err, store.ErrNotFound):
		_, err = Secrets.Add(tx, s)
	case err == nil:
		err = Secrets.Set(tx, r.ID, s)
	}
	if err != nil {
		return fmt.Errorf("store the secret of %s: %w", person, err)
	}
	return nil
}

// MustChange tells whether the person's secret is a one-time one, which opens
// nothing but the page that changes it.
func MustChange(tx *store.Tx, person store.ID) (bool, error) {
	r, err := Secrets.One(tx, "person", person)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return r.Value.OneTime, err
}

// HasSecret tells whether the person can sign in at all.
func HasSecret(tx *store.Tx, person store.ID) (bool, error) {
	n, err := Secrets.Count(tx, "person", person)
	return n > 0, err
}

// ForgetSecret takes a person's secret away: nobody signs in as them until a new
// one is given. The caller ends the sessions.
func ForgetSecret(tx *store.Tx, person store.ID) error {
	r, err := Secrets.One(tx, "person", person)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return Secrets.Delete(tx, r.ID)
}
