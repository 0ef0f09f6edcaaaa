package boxsync

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base32"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"preau/store"
)

// SchoolInfo is what a box learns of its school when it enrols.
type SchoolInfo struct {
	Code       string `cbor:"1,keyasint,omitempty"`
	Name       string `cbor:"2,keyasint,omitempty"`
	Region     string `cbor:"3,keyasint,omitempty"`
	Inspection string `cbor:"4,keyasint,omitempty"`
	Type       string `cbor:"5,keyasint,omitempty"`
	Town       string `cbor:"6,keyasint,omitempty"`
}

// Enrolled is what an enrolment pins.
type Enrolled struct {
	OfficeKey ed25519.PublicKey
	Root      []byte
	School    SchoolInfo
}

var (
	// ErrCode says that the code is not, or no longer, good.
	ErrCode = errors.New("boxsync: enrolment code refused")
	// ErrImpostor says that who answered does not know the code: not the office.
	ErrImpostor = errors.New("boxsync: the answer does not come from the office that made the code")
)

// DefaultCodeLife is how long a code waits for its box.
const DefaultCodeLife = 7 * 24 * time.Hour

var codeAlphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// NormalizeCode brings what was typed to the form of the code: capitals,
// without spaces and hyphens, O read as 0, I and L as 1.
func NormalizeCode(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '\t', '\u00a0', '\u202f':
			return -1
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return r
	}, strings.ToUpper(s))
}

// NewCode makes a school's enrolment code: 80 bits, in four groups of four.
// A code made before for the same school and not used dies.
func NewCode(tx *store.Tx, site string, life time.Duration) (code string, expires time.Time, err error) {
	if err := DropCodes(tx, site); err != nil {
		return "", time.Time{}, err
	}
	var b [10]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", time.Time{}, err
	}
	secret := codeAlphabet.EncodeToString(b[:])
	now, _ := tx.Now()
	expires = now.Add(life)
	if _, err := codes.Add(tx, Code{Site: site, Secret: secret, Expires: expires}); err != nil {
		return "", time.Time{}, err
	}
	return secret[:4] + "-" + secret[4:8] + "-" + secret[8:12] + "-" + secret[12:], expires, nil
}

// DropCodes ends the codes of a school that wait.
func DropCodes(tx *store.Tx, site string) error {
	for r, err := range codes.Where(tx, "live", site) {
		if err != nil {
			return err
		}
		r.Value.Secret = ""
		if err := codes.Set(tx, r.ID, r.Value); err != nil {
			return err
		}
	}
	return nil
}

// LiveCode is when the school's waiting code ends; zero when there is none.
func LiveCode(tx *store.Tx, site string) (expires time.Time, err error) {
	now, _ := tx.Now()
	for r, err := range codes.Where(tx, "live", site) {
		if err != nil {
			return expires, err
		}
		if r.Value.Expires.After(now) {
			expires = r.Value.Expires
		}
	}
	return expires, nil
}

type enrolWire struct {
	Version int    `cbor:"1,keyasint"`
	Proof   []byte `cbor:"2,keyasint"`
}

type enroledWire struct {
	Proof  []byte     `cbor:"1,keyasint,omitempty"`
	Root   []byte     `cbor:"2,keyasint,omitempty"`
	School SchoolInfo `cbor:"3,keyasint,omitempty"`
}

// proof is what only a holder of the code can say on this very connection.
func proof(code, role string, state tls.ConnectionState, box, office ed25519.PublicKey) ([]byte, error) {
	bound, err := state.ExportKeyingMaterial("EXPERIMENTAL preau enrolment", nil, 32)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, []byte(code))
	for _, part := range [][]byte{[]byte(role), bound, box, office} {
		h.Write(part)
	}
	return h.Sum(nil), nil
}

// EnrolOptions make one enrolment.
type EnrolOptions struct {
	DB   *store.DB
	Key  ed25519.PrivateKey
	Addr string                                                   // HOST:PORT of the office's exchange
	Code string                                                   // as typed
	Dial func(ctx context.Context, addr string) (net.Conn, error) // nil: TCP
}

// Enrol meets the office and pins its key. ErrCode when the office refuses the
// code, ErrImpostor when who answers cannot know it; then nothing is written.
func Enrol(ctx context.Context, o EnrolOptions) (Enrolled, error) {
	if o.Dial == nil {
		o.Dial = func(ctx context.Context, addr string) (net.Conn, error) { return dialTCP(ctx, addr, func() {}) }
	}
	code := NormalizeCode(o.Code)
	if len(code) != 16 {
		return Enrolled{}, ErrCode
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	raw, err := o.Dial(ctx, o.Addr)
	if err != nil {
		return Enrolled{}, fmt.Errorf("boxsync: dial: %w", err)
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	var office ed25519.PublicKey
	config, err := tlsConfig(o.Key, func(k ed25519.PublicKey) error { office = k; return nil })
	if err != nil {
		return Enrolled{}, err
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return Enrolled{}, fmt.Errorf("boxsync: handshake: %w", err)
	}
	box := o.Key.Public().(ed25519.PublicKey)
	mine, err := proof(code, "box", conn.ConnectionState(), box, office)
	if err != nil {
		return Enrolled{}, err
	}
	f, err := newFramer(conn, newCodecs(zstd.SpeedBetterCompression), 0)
	if err != nil {
		return Enrolled{}, err
	}
	defer f.close()
	if err := f.say(frameEnrol, enrolWire{Version, mine}); err != nil {
		return Enrolled{}, err
	}
	kind, body, err := f.read()
	if err != nil {
		return Enrolled{}, fmt.Errorf("boxsync: enrol: %w", err)
	}
	if kind == frameBye {
		var bye byeWire
		if err := unmarshal(body, &bye); err == nil && bye.Reason == "busy" {
			return Enrolled{}, &ByeError{bye.Reason, time.Duration(bye.Back) * time.Second}
		}
		return Enrolled{}, ErrCode
	}
	var w enroledWire
	if kind != frameEnroled {
		return Enrolled{}, fmt.Errorf("%w: type %d", ErrFrame, kind)
	}
	if err := unmarshal(body, &w); err != nil {
		return Enrolled{}, err
	}
	theirs, err := proof(code, "office", conn.ConnectionState(), box, office)
	if err != nil {
		return Enrolled{}, err
	}
	if !hmac.Equal(theirs, w.Proof) {
		return Enrolled{}, ErrImpostor
	}
	err = o.DB.Update(func(tx *store.Tx) error { return setOffice(tx, OfficeRow{Key: office, Addr: o.Addr}) })
	return Enrolled{OfficeKey: office, Root: w.Root, School: w.School}, err
}

// enrol answers a box that shows a code: the key is pinned and the code dies in
// one commit, before the box is told.
func (h *Hub) enrol(_ context.Context, conn *tls.Conn, f *framer, box ed25519.PublicKey, body []byte) error {
	if !h.enrols.Allow() {
		return errors.Join(errors.New("boxsync: too many enrolments"), f.say(frameBye, byeWire{Reason: "busy", Back: 60}))
	}
	var w enrolWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	office := h.o.Key.Public().(ed25519.PublicKey)
	var answer enroledWire
	err := h.o.DB.Update(func(tx *store.Tx) error {
		row, err := matchCode(tx, w.Proof, conn.ConnectionState(), box, office)
		if err != nil {
			return err
		}
		if answer.Proof, err = proof(row.Value.Secret, "office", conn.ConnectionState(), box, office); err != nil {
			return err
		}
		now, _ := tx.Now()
		row.Value.Secret, row.Value.Used = "", now
		if err := codes.Set(tx, row.ID, row.Value); err != nil {
			return err
		}
		if _, err := Revoke(tx, row.Value.Site); err != nil { // the new box replaces the old
			return err
		}
		answer.Root, answer.School = h.o.Root, SchoolInfo{Code: row.Value.Site}
		if h.o.Welcome != nil {
			if answer.School, err = h.o.Welcome(tx, row.Value.Site); err != nil {
				return err
			}
		}
		return Pin(tx, row.Value.Site, box)
	})
	if err != nil {
		return errors.Join(err, f.say(frameBye, byeWire{Reason: "code"}))
	}
	return f.say(frameEnroled, answer)
}

// matchCode finds the waiting code that made the proof. All of them are tried
// whichever it is.
func matchCode(tx *store.Tx, shown []byte, state tls.ConnectionState, box, office ed25519.PublicKey) (found store.Record[Code], err error) {
	now, _ := tx.Now()
	ok := false
	for r, err := range codes.Where(tx, "live") {
		if err != nil {
			return found, err
		}
		want, err := proof(r.Value.Secret, "box", state, box, office)
		if err != nil {
			return found, err
		}
		if hmac.Equal(want, shown) && r.Value.Expires.After(now) {
			found, ok = r, true
		}
	}
	if !ok {
		return found, ErrCode
	}
	return found, nil
}

// Pin makes key the live one of a site; a key that was revoked before is taken
// back. Boxes come to be pinned by enrolling; this is for those that were not
// there to do it.
func Pin(tx *store.Tx, site string, key ed25519.PublicKey) error {
	now, _ := tx.Now()
	p := Peer{Site: site, Key: key, Enrolled: now}
	for f, n := range store.HeldOf(tx, site) {
		p.Before = append(p.Before, held{Origin: bytes.Clone(f.Origin[:]), Lane: f.Lane, Number: n})
	}
	old, err := peers.One(tx, "key", []byte(key))
	if errors.Is(err, store.ErrNotFound) {
		_, err = peers.Add(tx, p)
		return err
	}
	if err != nil {
		return err
	}
	p.Before = old.Value.Before // between, it may have written what it liked
	return peers.Set(tx, old.ID, p)
}
