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
	"strings"
	"sync"
	"testing"
	"time"

	boxsync "preau/sync"

	"preau/store"
)

// The fixtures of this file are what a box and an office said inside TLS, zstd
// and dictionary and all: format-1 as recorded in its time, format-next made up
// (NextFormat). They stay as they are. After a change of the format:
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

// TestAnOfficeSpeaksWithOlderAndNewerBoxes plays back what these boxes said.
func TestAnOfficeSpeaksWithOlderAndNewerBoxes(t *testing.T) {
	for format, want := range map[string]int{"format-1": 40, "format-next": 2} {
		t.Run(format, func(t *testing.T) {
			p := newPair(t)
			put(t, p.office.db, down, memo{Text: "circulaire"}, "TG-1")
			said, err := os.ReadFile(filepath.Join("testdata", format, "box"))
			if err != nil {
				t.Fatal(err)
			}
			c, err := tls.Dial("tcp", p.addr, plainTLS(t, loadKey(t, p.box)))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write(said); err != nil {
				t.Fatal(err)
			}
			// Welcomed, confirmed, and sent its outbox, all as format 1 can read it.
			if err := boxsync.ListenAs1(c, 2, 3, 4); err != nil {
				t.Fatal(err)
			}
			if got := len(strings.Split(texts(t, p.office.db, up), " ")) / 2; format == "format-1" && got != want {
				t.Errorf("the office holds %d records of %d", got, want)
			}
			if got := texts(t, p.office.db, up); format == "format-next" && got != "de demain 0 de demain 1" {
				t.Errorf("the office holds %q", got)
			}
		})
	}
}

// TestABoxSpeaksWithOlderAndNewerOffices plays back what these offices said.
func TestABoxSpeaksWithOlderAndNewerOffices(t *testing.T) {
	for format, want := range map[string]string{"format-1": "circulaire", "format-next": "de demain 0 de demain 1"} {
		t.Run(format, func(t *testing.T) {
			p := newPair(t)
			said, err := os.ReadFile(filepath.Join("testdata", format, "office"))
			if err != nil {
				t.Fatal(err)
			}
			near, far := net.Pipe()
			heard := make(chan error, 1)
			go func() {
				c := tls.Server(far, plainTLS(t, loadKey(t, p.office)))
				defer c.Close()
				go func() { _, _ = c.Write(said) }()
				// A hello, the confirmation of the circular, nothing more to say.
				heard <- boxsync.ListenAs1(c, 1, 4, 8)
				_, _ = io.Copy(io.Discard, c)
			}()
			e := boxsync.NewEngine(boxsync.EngineOptions{
				DB: p.box.db, Key: loadKey(t, p.box), Site: "TG-1", Build: "0.2", Health: func() boxsync.Health { return boxsync.Health{FreeDisk: 5 << 30, DiskSize: 29 << 30, Cuts: 12} },
				Dial: func(context.Context, string) (net.Conn, error) { return near, nil },
			})
			if r, err := e.Once(t.Context()); err != nil {
				t.Errorf("%v at %s", err, r.Stage)
			}
			if err := <-heard; err != nil {
				t.Error(err)
			}
			if got := texts(t, p.box.db, down); got != want {
				t.Errorf("the box holds %q", got)
			}
		})
	}
}

// TestRecordAFormat writes the fixtures of the present format.
func TestRecordAFormat(t *testing.T) {
	dir := os.Getenv("PREAU_RECORD_FORMAT")
	if dir == "" {
		t.Skip("PREAU_RECORD_FORMAT does not name a folder to record to")
	}
	if filepath.Base(dir) == "format-next" {
		for _, side := range []string{"box", "office"} {
			if err := os.WriteFile(filepath.Join(dir, side), boxsync.NextFormat(t, side), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
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
