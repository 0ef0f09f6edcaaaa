package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSupervisorIsTold: READY once it serves, STOPPING when it is told to stop,
// and the process ends within five seconds though a browser holds a connection.
func TestSupervisorIsTold(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	bin := preauIn(t)
	begin := exec.Command(bin, "init", "--data", dir+"/box", "--name", "Lycée de Tokoin", "--code", "LYC-0117", "--head", "proviseur")
	begin.Stdin = strings.NewReader("motdepasse-du-proviseur\n")
	if out, err := begin.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	port, err := portsInARow(1)
	if err != nil {
		t.Fatal(err)
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	c := exec.Command(bin, "serve", "--data", dir+"/box", "--listen", addr)
	c.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill() }()
	hear := func(want string) {
		t.Helper()
		b := make([]byte, 1024)
		for {
			if err := l.SetReadDeadline(time.Now().Add(readyWithin)); err != nil {
				t.Fatal(err)
			}
			n, err := l.Read(b)
			if err != nil {
				t.Fatalf("the supervisor never heard %s: %v", want, err)
			}
			if string(b[:n]) == want {
				return
			}
		}
	}
	hear("READY=1")
	idle, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	if _, err := idle.Write([]byte("GET /signin HTTP/1.1\r\nHost: localhost\r\n")); err != nil { // and never goes on
		t.Fatal(err)
	}
	told := time.Now()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	hear("STOPPING=1")
	if err := c.Wait(); err != nil {
		t.Errorf("it stopped with %v", err)
	}
	if took := time.Since(told); took > stopWithin {
		t.Errorf("it took %v to stop", took)
	}
}

// preauWith runs a command to its end and returns what it printed.
func preauWith(bin, stdin string, args ...string) (string, error) {
	c := exec.Command(bin, args...)
	c.Stdin = strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	return string(out), err
}
