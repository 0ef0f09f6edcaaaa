package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"preau/appliance"
	"preau/ministry"
	"preau/modules/all"
	"preau/store"
	boxsync "preau/sync"
	"preau/web/webtest"
)

// TestBadPeersAtTheExchange calls the running office's port as no honest box
// does, and lets a box meet an office that is none.
func TestBadPeersAtTheExchange(t *testing.T) {
	s := openStage(t)
	pid := s.procs["office"].Process.Pid
	operator := s.token("office", "operator")
	boxKey, err := boxsync.LoadKey(filepath.Join(s.dir, "box"))
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const hello = 1
	huge := binary.AppendUvarint([]byte{hello}, 2<<30)
	skipped := append(binary.AppendUvarint([]byte{0x80 | 99}, 1<<20), make([]byte, 1<<20)...)

	for name, key := range map[string]ed25519.PrivateKey{"an enrolled box": boxKey, "a stranger": stranger} {
		t.Run("a frame of 2 GB by "+name, func(t *testing.T) {
			before := memory(pid, "VmHWM")
			c := callOffice(t, s.Exchange, key)
			pack(t, c, func(z io.Writer) { _, _ = z.Write(huge) })
			if said := hangsUp(t, c); len(said) > 200 {
				t.Errorf("the office answered %d bytes", len(said))
			}
			if grew := memory(pid, "VmHWM") - before; grew > 64<<20 {
				t.Errorf("the office took %d MB for it", grew>>20)
			}
		})
		t.Run("a zstd bomb by "+name, func(t *testing.T) {
			before := memory(pid, "VmHWM")
			c := callOffice(t, s.Exchange, key)
			pack(t, c, func(z io.Writer) {
				for range 2000 { // 2 GB in some 200 KB; it may hang up before the end
					if _, err := z.Write(skipped); err != nil {
						return
					}
				}
			})
			hangsUp(t, c)
			if grew := memory(pid, "VmHWM") - before; grew > 64<<20 {
				t.Errorf("the office took %d MB for it", grew>>20)
			}
		})
	}
	t.Run("noise instead of a handshake", func(t *testing.T) {
		c, err := net.Dial("tcp", s.Exchange)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		hangsUp(t, c)
	})
	t.Run("an old TLS", func(t *testing.T) {
		config := clientConfig(t, boxKey)
		config.MaxVersion, config.MinVersion = tls.VersionTLS12, tls.VersionTLS10
		if c, err := tls.Dial("tcp", s.Exchange, config); err == nil {
			c.Close()
			t.Error("the office speaks TLS 1.2")
		}
	})
	t.Run("a key that is not pinned gets no byte of data", func(t *testing.T) {
		c := callOffice(t, s.Exchange, stranger)
		pack(t, c, func(z io.Writer) { _, _ = z.Write([]byte{hello, 3, 0xa1, 0x01, 0x01}) }) // a hello of version 1
		// A goodbye at most, in a stream that is primed as for a box: nothing that
		// the office keeps fits into it.
		if said := hangsUp(t, c); len(said) > 64 {
			t.Errorf("a stranger was told %d bytes: %q", len(said), said)
		}
	})

	t.Run("an office with another key gets nothing from the box", func(t *testing.T) {
		l, err := tls.Listen("tcp", "127.0.0.1:0", clientConfig(t, stranger))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		heard := make(chan int, 10)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_ = c.SetDeadline(time.Now().Add(20 * time.Second))
				b, _ := io.ReadAll(c)
				heard <- len(b)
				c.Close()
			}
		}()
		s.stop("box")
		cmd := exec.Command(s.bin, "sync", "--data", filepath.Join(s.dir, "box"))
		cmd.Env = append(os.Environ(), "PREAU_OFFICE_ADDRESS="+l.Addr().String())
		out, err := cmd.CombinedOutput()
		if err == nil {
			t.Errorf("the box took it for its office:\n%s", out)
		}
		if n := <-heard; n > 0 {
			t.Errorf("the box said %d bytes to it", n)
		}
		s.startBox()
	})

	t.Run("a box that brings another school's records", func(t *testing.T) {
		other := filepath.Join(s.dir, "other")
		s.stop("box")
		if out, err := exec.Command("cp", "-a", filepath.Join(s.dir, "box"), other).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		s.startBox()
		if err := os.Remove(filepath.Join(other, "keys", "exchange.key")); err != nil {
			t.Fatal(err)
		}
		status, answer := s.post("office", operator, "/enrolments", `{"school":"LYC-0204"}`)
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, answer)
		}
		if out, err := exec.Command(s.bin, "enrol", "--office", s.Exchange, field(answer, "code"), "--data", other).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		port, err := portsInARow(1)
		if err != nil {
			t.Fatal(err)
		}
		s.start("other", "serve", "--data", other, "--listen", "127.0.0.1:"+strconv.Itoa(port))
		defer s.stop("other")
		token, err := exec.Command(s.bin, "token", "--data", other, "--login", s.login("box", "teacher", 2).Login).Output()
		if err != nil {
			t.Fatal(err)
		}
		posing := "http://127.0.0.1:" + strconv.Itoa(port) + "/api/v1"
		id := field(call(t, http.MethodGet, posing+"/circulars?limit=1", strings.TrimSpace(string(token)), ""), "items.0.id")
		if got := call(t, http.MethodPost, posing+"/circulars/"+id+"/acknowledge", strings.TrimSpace(string(token)), "{}"); !strings.Contains(got, id) && !strings.Contains(got, "at") {
			t.Fatal(got)
		}
		if out, err := exec.Command(s.bin, "sync", "--data", other).CombinedOutput(); err == nil {
			t.Errorf("the office took the records of LYC-0117 from LYC-0204:\n%s", out)
		}
		counts := call(t, http.MethodGet, s.Office+"/api/v1/circulars/"+id+"/receipts", s.token("office", "statistician"), "")
		var told struct {
			Schools []struct {
				Code        string
				Read, Staff int
			}
		}
		if err := json.Unmarshal([]byte(counts), &told); err != nil || len(told.Schools) == 0 {
			t.Fatalf("%v %s", err, counts)
		}
		for _, c := range told.Schools {
			if c.Read != 0 || c.Code == "LYC-0204" && c.Staff != 0 {
				t.Errorf("the office counts what the copied card said: %s", counts)
			}
		}
		if out, err := exec.Command(s.bin, "sync", "--data", filepath.Join(s.dir, "box")).CombinedOutput(); err != nil {
			t.Errorf("the true box is not served any more: %v\n%s", err, out)
		}
	})

	t.Run("enrolment codes used twice, guessed, expired", func(t *testing.T) {
		status, answer := s.post("office", operator, "/enrolments", `{"school":"LYC-0631"}`)
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, answer)
		}
		enrol := func(n, code string) (int, string) {
			dir := filepath.Join(s.dir, "new-"+n)
			init := exec.Command(s.bin, "init", "--data", dir, "--kind", "box", "--name", "Lycée", "--code", "X-"+n, "--head", "proviseur")
			init.Stdin = strings.NewReader("craie-tableau-71\n")
			if out, err := init.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			out, err := exec.Command(s.bin, "enrol", "--office", s.Exchange, code, "--data", dir).CombinedOutput()
			var exit *exec.ExitError
			if asExit(err, &exit) {
				return exit.ExitCode(), string(out)
			}
			return 0, string(out)
		}
		if exit, out := enrol("1", "0000-0000-0000-0000"); exit == 0 || !strings.Contains(out, "code") {
			t.Errorf("guessed: %d %s", exit, out)
		}
		if exit, out := enrol("2", field(answer, "code")); exit != 0 {
			t.Errorf("the right one: %d %s", exit, out)
		}
		if exit, out := enrol("3", field(answer, "code")); exit == 0 {
			t.Errorf("used twice: %d %s", exit, out)
		}
		s.stop("office")
		defs := appliance.Definitions(ministry.Office(all.Modules()).Modules)
		db, err := store.Open(filepath.Join(s.dir, "office"), store.Options{Collections: defs})
		if err != nil {
			t.Fatal(err)
		}
		var late string
		err = db.Update(func(tx *store.Tx) (err error) {
			late, _, err = boxsync.NewCode(tx, "CEG-0748", -time.Minute)
			return err
		})
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		s.startOffice()
		if exit, out := enrol("4", late); exit == 0 {
			t.Errorf("expired: %d %s", exit, out)
		}
	})

	// After all this the office still serves, and the true box still exchanges.
	if p := webtest.Visit(t, s.Office).Get("/healthz"); p.Status != http.StatusOK {
		t.Errorf("healthz: %d", p.Status)
	}
	if out, err := exec.Command(s.bin, "sync", "--data", filepath.Join(s.dir, "box")).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// clientConfig is the exchange's TLS with a key, and without looking at the
// other side's.
func clientConfig(t *testing.T, key ed25519.PrivateKey) *tls.Config {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{
		InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{"preau/1"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}
}

func callOffice(t *testing.T, addr string, key ed25519.PrivateKey) net.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", addr, clientConfig(t, key))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	return c
}

// pack writes a zstd stream as the exchange's are.
func pack(t *testing.T, to io.Writer, write func(io.Writer)) {
	t.Helper()
	z, err := zstd.NewWriter(to, zstd.WithWindowSize(128<<10), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	write(z)
	_ = z.Flush() // the other side may have hung up
}

// hangsUp waits for the other side to end the call, and returns what it said.
func hangsUp(t *testing.T, c net.Conn) []byte {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
	said, err := io.ReadAll(c)
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Error("the office keeps the line open")
	}
	return said
}

// call asks a door of the API and returns what it says.
func call(t *testing.T, method, address, token, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	return webtest.Visit(t, "").Do(req).Body
}
