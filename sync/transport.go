package boxsync

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"preau/store"

	"golang.org/x/sys/unix"
)

const alpn = "preau/1"

var (
	// ErrPeer says that the other side holds another key than the pinned one.
	ErrPeer = errors.New("boxsync: the peer's key is not the pinned one")
	// ErrNotEnrolled says that this box has not met its office yet.
	ErrNotEnrolled = errors.New("boxsync: not enrolled with an office")
)

// LoadKey is the site's exchange key, DIR/keys/exchange.key, made at first use.
func LoadKey(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, "keys", "exchange.key")
	if raw, err := os.ReadFile(path); err == nil {
		block, _ := pem.Decode(raw)
		if block == nil || len(block.Bytes) != ed25519.SeedSize {
			return nil, fmt.Errorf("boxsync: %s holds no key", path)
		}
		return ed25519.NewKeyFromSeed(block.Bytes), nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("boxsync: load key: %w", err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("boxsync: make key: %w", err)
	}
	return key, saveKey(path, key)
}

// saveKey writes the key so that a power cut leaves the whole of it or nothing.
func saveKey(path string, key ed25519.PrivateKey) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("boxsync: save key: %w", err)
	}
	if err := store.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PREAU EXCHANGE KEY", Bytes: key.Seed()})); err != nil {
		return fmt.Errorf("boxsync: save key: %w", err)
	}
	return nil
}

// certificate wraps the key; every other field is the same for all and means nothing.
// It bears no signature: who holds the key proves it in the handshake, and 64 bytes
// each way are saved.
func certificate(key ed25519.PrivateKey) (tls.Certificate, error) {
	t := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("boxsync: certificate: %w", err)
	}
	var c struct {
		Body      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err = asn1.Unmarshal(der, &c); err == nil {
		c.Signature = asn1.BitString{}
		der, err = asn1.Marshal(c)
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("boxsync: certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// tlsConfig is both sides' but for accept, which judges the peer's key. X25519
// alone and no tickets: some 1,130 bytes a handshake instead of 3,450.
func tlsConfig(key ed25519.PrivateKey, accept func(ed25519.PublicKey) error) (*tls.Config, error) {
	cert, err := certificate(key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519}, NextProtos: []string{alpn},
		SessionTicketsDisabled: true, DynamicRecordSizingDisabled: true, Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert,
		InsecureSkipVerify:    true, // no authority and no dates: VerifyConnection compares the key itself
		VerifyPeerCertificate: nil,
		VerifyConnection: func(s tls.ConnectionState) error {
			peer, err := peerKey(s)
			if err != nil {
				return err
			}
			return accept(peer)
		},
	}, nil
}

func peerKey(s tls.ConnectionState) (ed25519.PublicKey, error) {
	if len(s.PeerCertificates) != 1 || s.NegotiatedProtocol != alpn {
		return nil, fmt.Errorf("%w: no certificate or another protocol", ErrPeer)
	}
	key, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: not an Ed25519 key", ErrPeer)
	}
	return key, nil
}

// meter counts the bytes of a connection, TLS and all.
type meter struct {
	net.Conn
	in, out atomic.Int64
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	m.in.Add(int64(n))
	return n, err
}

func (m *meter) Write(b []byte) (int, error) {
	n, err := m.Conn.Write(b)
	m.out.Add(int64(n))
	return n, err
}

// dialTCP is how an office is called when no other way is given. resolved is told
// when an address is known, before each try.
func dialTCP(ctx context.Context, addr string, resolved func()) (net.Conn, error) {
	d := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	d.ControlContext = func(context.Context, string, string, syscall.RawConn) error { resolved(); return nil }
	c, err := d.DialContext(ctx, "tcp", addr)
	if t, ok := c.(*net.TCPConn); ok {
		keepLittle(t)
	}
	return c, err
}

// keepLittle keeps unsent bytes in the kernel few, or an urgent frame waits
// behind them: a write blocks while this many have not left yet.
func keepLittle(t *net.TCPConn) {
	raw, err := t.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, 4<<10)
	})
}
