package boxsync

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"preau/store"
)

// A bundle is what one side would have sent by the link, as a file that a
// person carries: the frames of the wire in one zstd stream, encrypted to the
// other side's pinned key, signed by the sender's.
//
//	"preau-bundle/1\n" · label, one line of JSON · age file · length of the whole, 8 bytes · "PREAUEND"
//	inside: head · for each feed its digests and batches · pieces of files · seal
//
// The label is in clear, so that a person can be told whose a stick is; the head
// holds its hash. The seal is the signature over the SHA-256 of all frames
// before it. docs/SYNC.md, decisions/0004.
const (
	bundleMagic   = "preau-bundle/1\n"
	bundleEnd     = "PREAUEND"
	bundleVersion = 1
	bundleTrailer = 8 + len(bundleEnd)
	maxLabel      = 4 << 10
	bundlePiece   = 256 << 10 // bytes of a file in one frame
	wrapping      = 600       // about what label, head, seal and the encryption around them weigh
	bundleBatch   = 64 << 10  // bytes of rows in one frame
	digestLength  = 8         // of each number; the sender is proved anyway
	sealDomain    = "preau bundle seal 1\x00"
)

// The frames that only bundles have; batches and pieces are the link's.
const (
	frameHead    = 32
	frameDigests = 33
	frameSeal    = 34
)

// Label is what stands on a bundle in clear. Codes are those of schools; ""
// is the office.
type Label struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Number uint64 `json:"number"` // of the sender's newest record when it was made
	Part   int    `json:"part"`
	Parts  int    `json:"parts"`
	Answer bool   `json:"answer,omitempty"` // only says what arrived
}

// Name is the name of the bundle's file.
func (l Label) Name() string {
	side := func(code string) string {
		if code == "" {
			return "OFFICE"
		}
		return strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
				return r
			}
			return '_'
		}, code)
	}
	name := fmt.Sprintf("preau-%s-to-%s-%d", side(l.From), side(l.To), l.Number)
	if l.Answer {
		name += "-answer"
	}
	if l.Parts > 1 {
		name += fmt.Sprintf("-%dof%d", l.Part, l.Parts)
	}
	return name + ".preau"
}

type headWire struct {
	Version   int          `cbor:"1,keyasint"`
	Sender    []byte       `cbor:"2,keyasint"` // Ed25519 public keys
	Recipient []byte       `cbor:"3,keyasint"`
	Label     []byte       `cbor:"4,keyasint"` // SHA-256 of the label's line
	Lives     []lifeWire   `cbor:"5,keyasint"` // the sender's, oldest first; the last is the present one
	Have      []cursorWire `cbor:"6,keyasint,omitempty"`
	Want      [][]byte     `cbor:"7,keyasint,omitempty"` // files that the sender waits for
	Millis    int64        `cbor:"8,keyasint,omitempty"`
}

// digestsWire says through which digests a feed came. A feed has one or several
// in front of its batches.
type digestsWire struct {
	From    cursorWire `cbor:"1,keyasint"` // everything after it is in the bundle
	Head    uint64     `cbor:"2,keyasint"` // where the feed stood
	After   uint64     `cbor:"3,keyasint,omitempty"`
	Digests []byte     `cbor:"4,keyasint,omitempty"` // of After+1, After+2 …
}

type sealWire struct {
	Signature []byte `cbor:"1,keyasint"`
}

// BundleError says why a bundle is refused; nothing was changed.
type BundleError struct {
	Reason string            // last part of a words key, and of the constants' names
	Args   map[string]string // for its words
	Err    error             // for the log; may be nil
}

// The reasons.
const (
	NoBundle   = "no_bundle"    // the file is none
	Truncated  = "truncated"    // it ends too early
	Altered    = "altered"      // a byte is not what was written
	NewerMade  = "newer"        // a newer program made it
	ForOther   = "for_other"    // for another school, or for the office
	ForOld     = "for_old_key"  // for a key that this site does not hold (any more)
	OwnBundle  = "own"          // this site made it
	Unknown    = "unknown"      // nobody known here made it
	Revoked    = "revoked"      // a box that was replaced or revoked made it
	CopySent   = "copy_sent"    // the sender's data are a copy that was put back
	LeavesOut  = "leaves_out"   // what must come before it never arrived
	NotAllowed = "not_allowed"  // it holds what its sender may not send
	NotYet     = "not_enrolled" // this side or the other was never enrolled
	TooSmall   = "too_small"    // the records alone do not fit on such a stick
)

// Error is for logs.
func (e *BundleError) Error() string {
	if e.Err != nil {
		return "boxsync: bundle refused: " + e.Reason + ": " + e.Err.Error()
	}
	return "boxsync: bundle refused: " + e.Reason
}

// Unwrap gives the cause.
func (e *BundleError) Unwrap() error { return e.Err }

func refuse(reason string, cause error, kv ...string) *BundleError {
	e := &BundleError{Reason: reason, Err: cause, Args: map[string]string{}}
	for i := 0; i+1 < len(kv); i += 2 {
		e.Args[kv[i]] = kv[i+1]
	}
	return e
}

// Courier is a site's side of the exchange by stick.
type Courier struct {
	DB   *store.DB
	Key  ed25519.PrivateKey
	Site string // the school's code; "" at the office
}

// peerKey is the key of the other side: of the office at a box, of a school's
// live box at the office.
func (c *Courier) peerKey(to string) (key ed25519.PublicKey, err error) {
	err = c.DB.View(func(tx *store.Tx) error {
		if c.Site != "" {
			o, err := Office(tx)
			key = o.Key
			return err
		}
		for r, err := range peers.Where(tx, "site", to) {
			if err != nil {
				return err
			}
			if r.Value.Revoked.IsZero() {
				key = r.Value.Key
			}
		}
		return nil
	})
	if errors.Is(err, ErrNotEnrolled) || err == nil && len(key) != ed25519.PublicKeySize {
		return nil, refuse(NotYet, err, "school", to)
	}
	return key, err
}

// Schools are those that have a live box, in the order of their codes.
func (c *Courier) Schools() (codes []string, err error) {
	err = c.DB.View(func(tx *store.Tx) error {
		codes = nil
		for r, err := range peers.Where(tx, "site") {
			if err != nil {
				return err
			}
			if r.Value.Revoked.IsZero() && (len(codes) == 0 || codes[len(codes)-1] != r.Value.Site) {
				codes = append(codes, r.Value.Site)
			}
		}
		return nil
	})
	return codes, err
}

// recipient and identity make an age key of an Ed25519 one, as age does for the
// keys of ssh: what was pinned at enrolment is enough (decisions/0004).
func recipient(key ed25519.PublicKey) (age.Recipient, error) {
	k, err := ssh.NewPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("boxsync: recipient: %w", err)
	}
	return agessh.NewEd25519Recipient(k)
}

func identity(key ed25519.PrivateKey) (age.Identity, error) { return agessh.NewEd25519Identity(key) }

func labelLine(l Label) ([]byte, error) {
	raw, err := json.Marshal(l)
	return append(raw, '\n'), err
}

func sealOf(sum []byte) []byte { return append([]byte(sealDomain), sum...) }

// frameSum is a writer of frames that remembers their hash.
type frameSum struct {
	w   io.Writer
	sum interface {
		io.Writer
		Sum(b []byte) []byte
	}
}

func newFrameSum(w io.Writer) *frameSum { return &frameSum{w, sha256.New()} }

func (f *frameSum) write(kind byte, v any) error {
	head, body, err := encodeFrame(kind, v)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{head, body} {
		f.sum.Write(part)
		if _, err := f.w.Write(part); err != nil {
			return err
		}
	}
	return nil
}
