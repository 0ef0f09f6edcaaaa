package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// crew are the sites that a play has running, by name.
type crew struct {
	mu    sync.Mutex
	sites map[string]*player
}

type crewKey struct{}

type player struct {
	cmd  *exec.Cmd
	log  *bytes.Buffer
	done chan struct{}
	err  error
}

func crewOf(ts *testscript.TestScript) *crew { return ts.Value(crewKey{}).(*crew) }

// home ends whoever still plays.
func (c *crew) home() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.sites {
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// readyWithin is how long a start may take on a busy machine; stopWithin is the
// promise for a stop, with what a race detector adds.
const (
	readyWithin = 60 * time.Second
	stopWithin  = 5 * time.Second
)

// startSite: start NAME ARGS… runs preau ARGS and waits for its line "ready".
// What it printed is in the file NAME.out, its log in NAME.log.
func startSite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME ARGS…")
	}
	name := args[0]
	bin, err := asInSchool()
	ts.Check(err)
	p := &player{cmd: exec.Command(filepath.Join(bin, "preau"), args[1:]...), log: &bytes.Buffer{}, done: make(chan struct{})}
	p.cmd.Dir = ts.MkAbs(".")
	p.cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "HOME=" + ts.MkAbs("."), "TMPDIR=" + ts.Getenv("TMPDIR"), "LC_ALL=C.UTF-8", "MACHINE_TIME=" + ts.Getenv("MACHINE_TIME")}
	logFile, err := os.OpenFile(ts.MkAbs(name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	ts.Check(err)
	p.cmd.Stderr = logFile
	out, err := p.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	ready := make(chan string, 1)
	go func() {
		said, _ := untilReady(out)
		ready <- said
		_, _ = io.Copy(io.Discard, out)
		p.err = p.cmd.Wait()
		logFile.Close()
		close(p.done)
	}()
	select {
	case said := <-ready:
		ts.Check(os.WriteFile(ts.MkAbs(name+".out"), []byte(said), 0o600))
		if !strings.Contains(said, "ready") {
			<-p.done
			ts.Fatalf("%s ended before it was ready: %v\n%s\n%s", name, p.err, said, ts.ReadFile(name+".log"))
		}
	case <-time.After(readyWithin):
		_ = p.cmd.Process.Kill()
		ts.Fatalf("%s was not ready in %s\n%s", name, readyWithin, ts.ReadFile(name+".log"))
	}
	c := crewOf(ts)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sites == nil {
		c.sites = map[string]*player{}
	}
	c.sites[name] = p
}

// untilReady reads up to and with the line "ready".
func untilReady(r io.Reader) (string, error) {
	var said strings.Builder
	line := make([]byte, 1)
	last := ""
	for {
		if _, err := r.Read(line); err != nil {
			return said.String(), err
		}
		said.Write(line)
		if line[0] != '\n' {
			last += string(line)
			continue
		}
		if last == "ready" {
			return said.String(), nil
		}
		last = ""
	}
}

func (c *crew) leave(ts *testscript.TestScript, args []string) *player {
	if len(args) != 1 {
		ts.Fatalf("usage: NAME")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.sites[args[0]]
	if p == nil {
		ts.Fatalf("%s does not play", args[0])
	}
	delete(c.sites, args[0])
	return p
}

// killSite: powercut NAME takes the power away (SIGKILL).
func killSite(ts *testscript.TestScript, _ bool, args []string) {
	p := crewOf(ts).leave(ts, args)
	ts.Check(p.cmd.Process.Kill())
	<-p.done
}

// stopSite: halt NAME asks it to stop (SIGTERM): it must end by itself, in
// order and in time.
func stopSite(ts *testscript.TestScript, _ bool, args []string) {
	p := crewOf(ts).leave(ts, args)
	ts.Check(p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.done:
	case <-time.After(stopWithin):
		_ = p.cmd.Process.Kill()
		ts.Fatalf("%s did not stop in %s\n%s", args[0], stopWithin, ts.ReadFile(args[0]+".log"))
	}
	if p.err != nil {
		ts.Fatalf("%s stopped with %v\n%s", args[0], p.err, ts.ReadFile(args[0]+".log"))
	}
}

// freePorts: ports NAME… puts a free port into each variable. With NAME+N, N
// ports in a row are free and NAME is the first.
func freePorts(ts *testscript.TestScript, _ bool, args []string) {
	for _, arg := range args {
		name, n, _ := strings.Cut(arg, "+")
		row, _ := strconv.Atoi(n)
		port, err := portsInARow(max(row, 1))
		ts.Check(err)
		ts.Setenv(name, strconv.Itoa(port))
	}
}

// nextPort runs through ports that the kernel gives nobody by itself, so that
// between the look and the listening no outgoing call takes one; each play gets
// others.
var nextPort atomic.Int64

func init() { nextPort.Store(int64(10_000 + os.Getpid()%180*100)) }

func portsInARow(n int) (int, error) {
	for range 200 {
		port := 10_000 + int(nextPort.Add(int64(n))-int64(n)-10_000)%20_000
		free := true
		for i := range n {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+i))
			if err != nil {
				free = false
				break
			}
			l.Close()
		}
		if free {
			return port, nil
		}
	}
	return 0, errors.New("no free ports in a row")
}

// jsonValue: value VAR FILE KEY[.KEY…] puts a value of a JSON file into a
// variable; a number is an index. FILE may be stdout.
func jsonValue(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: value VAR FILE PATH")
	}
	text := ts.ReadFile(args[1])
	if i := strings.IndexAny(text, "{["); i > 0 {
		text = text[i:]
	}
	var v any
	ts.Check(json.Unmarshal([]byte(text), &v))
	for _, key := range strings.Split(args[2], ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(x) {
				ts.Fatalf("no %s in %s", key, text)
			}
			v = x[i]
		default:
			ts.Fatalf("no %s in %s", args[2], text)
		}
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// keepLine: keep VAR FILE puts the last line of a file into a variable.
func keepLine(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: keep VAR FILE")
	}
	lines := strings.Split(strings.TrimSpace(ts.ReadFile(args[1])), "\n")
	ts.Setenv(args[0], lines[len(lines)-1])
}

// corruptFile: corrupt FILE overwrites every page of a file but the first two.
func corruptFile(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_RDWR, 0)
	ts.Check(err)
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	ts.Check(err)
	bad := bytes.Repeat([]byte{0xA5}, 4096)
	for at := int64(2 * 4096); at < size; at += 4096 {
		_, err := f.WriteAt(bad, at)
		ts.Check(err)
	}
}

// smallDisk: smalldisk DIR SIZE mounts a disk of so many MiB at DIR until the
// play ends.
func smallDisk(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: smalldisk DIR MIB")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(syscall.Mount("none", dir, "tmpfs", 0, "size="+args[1]+"m"))
	ts.Defer(func() {
		crewOf(ts).home()
		_ = syscall.Unmount(dir, syscall.MNT_DETACH)
	})
}
