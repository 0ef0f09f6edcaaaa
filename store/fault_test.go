package store_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"preau/store"
	"preau/store/storetest"
)

// TestMain lets the test binary be the process that is killed, traced and cut.
func TestMain(m *testing.M) {
	if child() {
		return
	}
	code := m.Run()
	if path, err := quick(); quickBuilt && err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// write writes to the folder until somebody ends it, and prints each title only
// when it was answered: the process with PREAU_TEST_WRITER=DIR.
func write(dir string) {
	db, err := store.Open(dir, store.Options{Collections: all, Clock: storetest.NewClock()})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(3)
	}
	most := 1 << 30
	if n, err := strconv.Atoi(os.Getenv("PREAU_TEST_COUNT")); err == nil {
		most = n
	}
	fmt.Println("open")
	pid := os.Getpid()
	for i := range most {
		title := fmt.Sprintf("%d-%d-%d", pid, time.Now().UnixNano(), i)
		err := db.Update(func(tx *store.Tx) error {
			_, err := ups.Add(tx, note{Title: title, Rank: i})
			return err
		})
		if err != nil {
			fmt.Println("failed:", err)
			continue
		}
		fmt.Println("answered", title)
	}
	fmt.Println("done")
}

// writer starts the writing process, through the words before it (strace).
func writer(t *testing.T, dir, count string, before ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(before, self)
	c := exec.CommandContext(t.Context(), args[0], args[1:]...)
	c.Env = append(os.Environ(), "PREAU_TEST_WRITER="+dir, "PREAU_TEST_COUNT="+count)
	return c
}

// TestKilledAtAnyMomentNothingAnsweredIsMissing kills the writer again and again
// and asks after each kill that all that was answered is there, once.
func TestKilledAtAnyMomentNothingAnsweredIsMissing(t *testing.T) {
	kills := 15
	if os.Getenv("PREAU_NIGHT") != "" {
		kills = 1000
	}
	dir := t.TempDir()
	answered := map[string]bool{}
	r := rand.New(rand.NewPCG(1, 2))
	for range kills {
		c := writer(t, dir, "")
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		after := 1 + r.IntN(120)
		for n := 0; lines.Scan(); {
			if title, ok := strings.CutPrefix(lines.Text(), "answered "); ok {
				answered[title] = true
				n++
			} else if lines.Text() != "open" {
				t.Fatalf("the writer says: %s", lines.Text())
			}
			if n == after {
				if err := c.Process.Signal(syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = c.Wait()
	}
	have := map[string]int{}
	for _, title := range titles(t, storetest.OpenAt(t, dir, storetest.NewClock(), all...), ups, store.Query{}) {
		have[title]++
	}
	for title := range answered {
		if have[title] != 1 {
			t.Errorf("%s was answered and is there %d times", title, have[title])
		}
	}
	t.Logf("%d kills, %d answered writes, 0 missing", kills, len(answered))
}

// TestAFailedSyncIsNeverAnswered has each fdatasync in turn fail, and asks that
// no write is answered from then on.
func TestAFailedSyncIsNeverAnswered(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not here: apt-get install strace")
	}
	const writes = 12
	injected := 0
	for n := 1; n <= 2*writes+4; n++ {
		dir, trace := t.TempDir(), filepath.Join(t.TempDir(), "trace")
		c := writer(t, dir, strconv.Itoa(writes), strace, "-f", "-qq", "-o", trace, "-e", "trace=fdatasync", "-e", fmt.Sprintf("inject=fdatasync:error=EIO:when=%d", n))
		out, err := c.Output()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		text := string(out)
		if strings.Contains(text, "ptrace") && !strings.Contains(text, "open") {
			t.Skip("this machine allows no tracing: " + text)
		}
		log, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(log), "INJECTED") {
			continue // counted by thread: no thread came to its n-th sync
		}
		injected++
		failed := strings.Index(text, "failed:")
		if strings.Contains(text, "open:") { // the very first syncs make the file
			continue
		}
		if failed < 0 {
			t.Errorf("sync %d failed and nobody was told:\n%s", n, text)
			continue
		}
		if rest := text[failed:]; strings.Contains(rest, "answered") {
			t.Errorf("sync %d failed, yet later writes were answered:\n%s", n, text)
		}
		if _, err := os.Stat(filepath.Join(dir, store.FileName)); err != nil {
			continue
		}
		have := map[string]bool{}
		for _, title := range titles(t, storetest.OpenAt(t, dir, storetest.NewClock(), all...), ups, store.Query{}) {
			have[title] = true
		}
		for _, line := range strings.Split(text[:failed], "\n") {
			if title, ok := strings.CutPrefix(line, "answered "); ok && !have[title] {
				t.Errorf("sync %d: %s was answered and is gone", n, title)
			}
		}
	}
	if injected < writes {
		t.Errorf("only %d syncs failed: the test proves little", injected)
	}
	t.Logf("%d failed syncs, none answered", injected)
}

// TestAFullDiskRefusesAndRecovers fills a small disk: writes are refused as
// such, reading goes on, and when there is room again all is well.
func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	db, err := store.Open(filepath.Join(dir, "data"), store.Options{Collections: all, Clock: storetest.NewClock()})
	if err != nil {
		t.Fatal(err)
	}
	add(t, db, locals, note{Title: "before"})
	ballast := filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 16<<10))
	}
	f.Close()
	var full error
	for i := range 200 {
		if full = db.Update(func(tx *store.Tx) error {
			_, err := locals.Add(tx, note{Title: strconv.Itoa(i) + strings.Repeat("x", 3000)})
			return err
		}); full != nil {
			break
		}
	}
	if !errors.Is(full, store.ErrFull) {
		t.Fatalf("a full disk says %v", full)
	}
	if _, _, err := db.PutBlob(strings.NewReader(strings.Repeat("b", 1<<20)), 1<<20); !errors.Is(err, store.ErrFull) {
		t.Errorf("a file on a full disk: %v", err)
	}
	if got := titles(t, db, locals, store.Query{Index: "title"}); len(got) == 0 || got[len(got)-1] != "before" && got[0] != "before" {
		t.Errorf("reading on a full disk: %d records", len(got))
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	add(t, db, locals, note{Title: "after"})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := store.Check(filepath.Join(dir, "data")); err != nil || !r.OK {
		t.Errorf("check afterwards: %+v, %v", r, err)
	}
}
