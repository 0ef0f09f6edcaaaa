package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"preau/store/storetest"
)

// child does what the environment asks of the test binary instead of testing; it
// tells whether it did.
func child() bool {
	if dir := os.Getenv("PREAU_TEST_WRITER"); dir != "" {
		write(dir)
		return true
	}
	if dir := os.Getenv("PREAU_TEST_LOOK"); dir != "" {
		lookAfter(dir)
		return true
	}
	if dir := os.Getenv("PREAU_TEST_ACTOR"); dir != "" {
		act(dir, os.Getenv("PREAU_TEST_ACT"))
		return true
	}
	if trace := os.Getenv("PREAU_TEST_REPLAY"); trace != "" {
		states, _ := strconv.Atoi(os.Getenv("PREAU_TEST_STATES"))
		if err := replayTrace(trace, os.Getenv("PREAU_TEST_ROOT"), os.Getenv("PREAU_TEST_LOST"), states); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		return true
	}
	return false
}

// quick is the test binary without the race detector, which costs a child that
// runs a hundred thousand times its time and finds nothing there.
var quick = sync.OnceValues(func() (string, error) {
	quickBuilt = true
	dir, err := os.MkdirTemp("", "quick-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "store.test")
	out, err := exec.Command("go", "test", "-c", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

var quickBuilt bool

func quickTest(t *testing.T) string {
	t.Helper()
	path, err := quick()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// memory is a folder of the test's own that costs no disk, where there is one.
func memory(t *testing.T) string {
	t.Helper()
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err != nil || int64(fs.Bavail)*fs.Bsize < 512<<20 {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "preau-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// record has an actor do its acts below root and gives the trace.
func record(t *testing.T, root, act string) string {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not here: apt-get install strace")
	}
	trace := filepath.Join(root, "trace")
	c := exec.CommandContext(t.Context(), strace, "-f", "-qq", "-xx", "-s", "100000000", "-o", trace, "-e", traceCalls, "-e", "signal=none", quickTest(t))
	c.Env = append(os.Environ(), "PREAU_TEST_ACTOR="+root, "PREAU_TEST_ACT="+act)
	out, err := c.CombinedOutput()
	if strings.Contains(string(out), "ptrace") {
		t.Skipf("this machine allows no tracing: %s", out)
	}
	if err != nil || strings.Contains(string(out), "failed:") {
		t.Fatalf("the actor: %v: %s", err, out)
	}
	if err := os.RemoveAll(filepath.Join(root, "data")); err != nil {
		t.Fatal(err)
	}
	return trace
}

// replayStates opens so many states of a trace. died: a state ended the process.
func replayStates(t *testing.T, root, trace, lost string, states int) (r replayed, died string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), quickTest(t))
	c.Env = append(os.Environ(), "PREAU_TEST_REPLAY="+trace, "PREAU_TEST_ROOT="+root, "PREAU_TEST_LOST="+lost, "PREAU_TEST_STATES="+strconv.Itoa(states))
	out, err := c.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return r, string(exit.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return r, ""
}

// TestEveryCrashStateIsSafe records all that changes a folder, and opens what a
// disk may hold after a power cut at every step: any part of what was not yet
// synced, torn at any sector. Each must open and check, hold every answered write
// and at most the one action under way, whole; no file may be half there.
func TestEveryCrashStateIsSafe(t *testing.T) {
	total := storetest.Total("crash states", 100_000, 1_000_000)
	sum, bad, seconds := 0, 0, 0.0
	for _, act := range acts {
		root := memory(t)
		r, died := replayStates(t, root, record(t, root, act.name), "", total*act.share/100)
		if died != "" {
			t.Fatalf("%s: a state ended the process: %s", act.name, died)
		}
		for _, what := range r.Bad[:min(5, len(r.Bad))] {
			t.Errorf("%s: %s", act.name, what)
		}
		t.Logf("%s: %d states of %d changes and %d answers, %d bad, %.1f s", act.name, r.States, r.Steps, r.Answers, len(r.Bad), r.Seconds)
		sum, bad, seconds = sum+r.States, bad+len(r.Bad), seconds+r.Seconds
	}
	storetest.Record(t, "crash states", sum, map[string]any{"bad": bad, "seconds": seconds})
}

// barrier is a kind of sync, and the act that needs it.
type barrier struct {
	kind, act string
	is        func(f *node, pages bool) bool
}

// syncs are the barriers that the store depends on. The control takes away one
// kind at a time.
var syncs = []barrier{
	{"pages before the meta page", "records", func(f *node, pages bool) bool { return f.isDatabase() && pages }},
	{"the meta page", "records", func(f *node, pages bool) bool { return f.isDatabase() && !pages }},
	{"a blob's bytes", "files", func(f *node, _ bool) bool { return strings.HasPrefix(f.first, "data/partial/new-") }},
	{"a blob's folder", "files", func(f *node, _ bool) bool { return strings.HasPrefix(f.first, "data/blobs/") }},
	{"the folder of blobs", "files", func(f *node, _ bool) bool { return f.first == "data/blobs" }},
	{"the folder", "records", func(f *node, _ bool) bool { return f.first == "data" }},
	{"a copy's bytes", "copies", func(f *node, _ bool) bool { return f.first == "data/copies/new" }},
	{"what is restored", "restore", func(f *node, _ bool) bool { return strings.HasPrefix(f.first, ".restore-") }},
}

// TestARemovedBarrierIsSeen is the control: without any one kind of sync the same
// replay must find states that are not safe, or it would prove nothing.
func TestARemovedBarrierIsSeen(t *testing.T) {
	for _, lost := range syncs {
		t.Run(lost.kind, func(t *testing.T) {
			root := memory(t)
			r, died := replayStates(t, root, record(t, root, lost.act), lost.kind, 2000)
			if died == "" && len(r.Bad) == 0 {
				t.Errorf("%d states, and nobody misses it", r.States)
			}
			t.Logf("%d of %d states are bad %.60s", len(r.Bad), r.States, died)
		})
	}
}
