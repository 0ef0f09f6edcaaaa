package boxsync_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	boxsync "preau/sync"

	"preau/store"
)

// The fixtures of this file are what a box and an office of an older and of a
// newer format said inside TLS. format-1 was recorded with
// PREAU_RECORD_FORMAT=testdata/format-N go test -run RecordAFormat ./sync

// plainTLS is either end of the exchange's TLS with a key, by hand.
func plainTLS(t *testing.T, key ed25519.PrivateKey) *tls.Config {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{"preau/1"}, InsecureSkipVerify: true, ClientAuth: tls.RequireAnyClientCert,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}
}

// wiretap stands between a box and its office with both keys and notes what
// each says inside TLS.
type wiretap struct {
	mu       sync.Mutex
	up, down bytes.Buffer
}

func (w *wiretap) dial(t *testing.T, p *pair) func(ctx context.Context, addr string) (net.Conn, error) {
	box, office := plainTLS(t, loadKey(t, p.box)), plainTLS(t, loadKey(t, p.office))
	return func(ctx context.Context, addr string) (net.Conn, error) {
		far, err := (&tls.Dialer{Config: box}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		near, mine := net.Pipe()
		go func() {
			c := tls.Server(mine, office)
			go w.copy(far, c, &w.up)
			w.copy(c, far, &w.down)
		}()
		return near, nil
	}
}

func (w *wiretap) copy(to io.WriteCloser, from io.Reader, note *bytes.Buffer) {
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		w.mu.Lock()
		note.Write(b[:n])
		w.mu.Unlock()
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

// TestRecordAFormat writes the fixtures of the present format.
func TestRecordAFormat(t *testing.T) {
	dir := os.Getenv("PREAU_RECORD_FORMAT")
	if dir == "" {
		t.Skip("PREAU_RECORD_FORMAT does not name a folder to record to")
	}
	p, w := newPair(t), &wiretap{}
	fill(t, p.box.db, p.office.db)
	e := boxsync.NewEngine(boxsync.EngineOptions{DB: p.box.db, Key: loadKey(t, p.box), Site: "TG-1", Build: "0.1", Health: func() boxsync.Health { return boxsync.Health{FreeDisk: 5 << 30, DiskSize: 29 << 30, Cuts: 12} }, Dial: w.dial(t, p)})
	if _, err := e.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, b := range map[string][]byte{"box": w.up.Bytes(), "office": w.down.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// fill writes what the recorded sides said: 40 records up, a circular down.
func fill(t *testing.T, box, office *store.DB) {
	t.Helper()
	for i := range 40 {
		put(t, box, up, memo{Text: fmt.Sprint("accusé ", i)})
	}
	put(t, office, down, memo{Text: "circulaire"}, "TG-1")
}
