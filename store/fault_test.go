package store_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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

// TestKilledAtAnyMomentNothingAnsweredIsMissing kills eight writers again and
// again; each start sends the form that was under way once more, with the same
// token. All that was answered is there, once.
func TestKilledAtAnyMomentNothingAnsweredIsMissing(t *testing.T) {
	kills, start := storetest.Total("store kills", 100, 2000), time.Now()
	r := rand.New(rand.NewPCG(1, 2))
	answered, wrong, ready := 0, 0, []time.Duration{}
	for left := kills; left > 0; {
		dir, a := t.TempDir(), make(answers, 8)
		for range min(left, 100) {
			left--
			ready = append(ready, a.untilKilled(t, dir, 1+r.IntN(80)))
		}
		if problems := a.look(t, dir); problems != "" {
			t.Error(problems)
			wrong += strings.Count(problems, "\n") + 1
		}
		answered += a.total()
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(ready)
	storetest.Record(t, "kills of a store's writers", kills, map[string]any{
		"answered": answered, "missing_or_doubled": wrong, "seconds": time.Since(start).Seconds(),
		"ready_p50_ms": ready[len(ready)/2].Milliseconds(), "ready_max_ms": ready[len(ready)-1].Milliseconds(),
	})
}

// untilKilled starts writers, kills them after so many answers, and says how long
// they took to be ready.
func (a answers) untilKilled(t *testing.T, dir string, after int) (ready time.Duration) {
	t.Helper()
	c := a.writer(t, dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch line := lines.Text(); {
		case line == "open":
			ready = time.Since(start)
		case !a.hear(line) && !strings.HasPrefix("answered", line): // the last line may be cut off
			t.Fatalf("the writers say: %s", line)
		}
		if n++; n == after+1 {
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = c.Wait()
	return ready
}

// inject runs a single writer with the n-th call of a kind failing, and gives what
// it said; injected is false when it ended before its n-th call.
func inject(t *testing.T, dir, call, failure string, n, count int) (said string, injected bool) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not here: apt-get install strace")
	}
	trace := filepath.Join(t.TempDir(), "trace")
	c := make(answers, 1).writer(t, dir, strace, "-f", "-qq", "-o", trace, "-e", "trace="+call, "-e", "signal=none", "-e", fmt.Sprintf("inject=%s:error=%s:when=%d", call, failure, n))
	c.Env = append(c.Env, fmt.Sprint("PREAU_TEST_COUNT=", count))
	out, err := c.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "ptrace") {
		t.Skipf("this machine allows no tracing: %s", out)
	}
	log, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), strings.Contains(string(log), "INJECTED")
}

// heard sorts what a single writer said: how many forms were answered, how many
// failed, and whether any was answered after a failure.
func heard(said string) (a answers, failed int, after bool) {
	a = make(answers, 1)
	for _, line := range strings.Split(said, "\n") {
		if strings.HasPrefix(line, "failed ") {
			failed++
		} else if a.hear(line) {
			after = after || failed > 0
		}
	}
	return a, failed, after
}

// TestAFailedSyncIsNeverAnswered has each sync in turn fail, of the database, of
// files and of folders: the write is not answered, and none after it.
func TestAFailedSyncIsNeverAnswered(t *testing.T) {
	total, answered := 0, 0
	for _, call := range []string{"fdatasync", "fsync"} {
		for n := 1; ; n++ {
			dir := t.TempDir()
			said, injected := inject(t, dir, call, "EIO", n, 9)
			if !injected {
				break
			}
			total++
			a, failed, after := heard(said)
			switch {
			case strings.Contains(said, "open: "): // nobody was let in
			case failed == 0:
				t.Errorf("%s %d failed and nobody was told:\n%s", call, n, said)
			case after:
				answered++
				t.Errorf("%s %d failed, yet later writes were answered:\n%s", call, n, said)
			}
			if a.total() == 0 {
				continue
			}
			if problems := a.look(t, dir); problems != "" {
				t.Errorf("%s %d: %s", call, n, problems)
			}
		}
	}
	if total < 30 {
		t.Errorf("only %d syncs failed: the test proves little", total)
	}
	storetest.Record(t, "failed syncs", total, map[string]any{"answered": answered})
}

// TestAWriteWithoutRoomChangesNothing has each write in turn find no room: that one
// is refused, the next ones are taken, and what was answered is there.
func TestAWriteWithoutRoomChangesNothing(t *testing.T) {
	total := 0
	for n := 1; ; n++ {
		said, injected := inject(t, t.TempDir(), "pwrite64", "ENOSPC", n, 9)
		if !injected {
			break
		}
		total++
		if strings.Contains(said, "open: ") {
			continue
		}
		_, failed, after := heard(said)
		if last := strings.Contains(said, "failed 0 8"); failed != 1 || !after && !last || !strings.Contains(said, "disk full") {
			t.Errorf("write %d found no room:\n%s", n, said)
		}
	}
	if total < 30 {
		t.Errorf("only %d writes found no room: the test proves little", total)
	}
	storetest.Record(t, "writes without room", total, nil)
}
