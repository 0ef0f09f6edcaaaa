package store_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"preau/store/storetest"
)

// A loopDisk is a small ext4 that commits only when it is asked to: a file,
// mounted through a loop device.
type loopDisk struct {
	image, at string
	device    string // loop0
}

// mount puts an image under at; commit=1000 leaves unsynced bytes in memory.
func mount(t *testing.T, image, at, options string) (d loopDisk, err error) {
	t.Helper()
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "mount", "-t", "ext4", "-o", options, image, at).CombinedOutput()
	if err != nil {
		return d, fmt.Errorf("mount: %w: %s", err, out)
	}
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(mounts), "\n") {
		if f := strings.Fields(line); len(f) > 1 && f[1] == at {
			d = loopDisk{image, at, filepath.Base(f[0])}
		}
	}
	return d, nil
}

func (d loopDisk) unmount() error {
	for range 100 {
		if err := syscall.Unmount(d.at, 0); !errors.Is(err, syscall.EBUSY) {
			return err
		}
		time.Sleep(10 * time.Millisecond) // the process that was killed is still going
	}
	return syscall.Unmount(d.at, syscall.MNT_DETACH)
}

// traffic is what the kernel counts of requests to the device, those in flight
// included.
func (d loopDisk) traffic(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/sys/block", d.device, "stat"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// emptyDisk makes an image with an empty ext4, once for all the cuts.
func emptyDisk(t *testing.T, root string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting a disk needs root")
	}
	image := filepath.Join(root, "empty")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 24<<20); err != nil {
		t.Fatal(err)
	}
	mkfs, err := exec.LookPath("mkfs.ext4")
	if err != nil {
		t.Skip("mkfs.ext4 is not here: apt-get install e2fsprogs")
	}
	if out, err := exec.CommandContext(t.Context(), mkfs, "-q", "-F", "-b", "4096", image).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v: %s", err, out)
	}
	d, err := mount(t, image, filepath.Join(root, "try"), "loop,commit=1000")
	if err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	if err := d.unmount(); err != nil {
		t.Fatal(err)
	}
	return image
}

// TestAPowerCutLosesNothingAnswered writes from eight writers to a disk of its own
// and copies the disk, again and again, as it is at that moment: what was not
// synced is in memory and not there. Opened elsewhere, each copy holds all that
// was answered by then.
func TestAPowerCutLosesNothingAnswered(t *testing.T) {
	cuts, start := storetest.Total("power cuts", 50, 2000), time.Now()
	root := memory(t)
	empty := emptyDisk(t, root)
	answered, lost, r := 0, 0, rand.New(rand.NewPCG(3, 4))
	for left := cuts; left > 0; {
		n := min(left, 40)
		a, problems := cutPower(t, root, empty, n, r)
		for _, p := range problems {
			t.Error(p)
		}
		left, answered, lost = left-n, answered+a, lost+len(problems)
	}
	storetest.Record(t, "power cuts", cuts, map[string]any{"answered": answered, "lost_something": lost, "seconds": time.Since(start).Seconds()})
}

// TestAPowerCutWithoutSyncIsSeen is the control: a store that does not sync loses
// what it answered.
func TestAPowerCutWithoutSyncIsSeen(t *testing.T) {
	root := memory(t)
	empty := emptyDisk(t, root)
	t.Setenv("PREAU_TEST_UNSAFE", "1")
	_, problems := cutPower(t, root, empty, 5, rand.New(rand.NewPCG(5, 6)))
	if len(problems) != 5 {
		t.Errorf("of 5 cuts without syncs %d were seen", len(problems))
	}
}

// cutPower cuts one disk n times under load. It gives how many answers there were
// in the end, and for each cut that lost something what it was.
func cutPower(t *testing.T, root, empty string, n int, r *rand.Rand) (answered int, problems []string) {
	t.Helper()
	image := filepath.Join(root, "disk")
	copyImage(t, empty, image)
	d, err := mount(t, image, filepath.Join(root, "at"), "loop,commit=1000")
	if err != nil {
		t.Fatal(err)
	}
	a := make(answers, 8)
	c := a.writer(t, filepath.Join(d.at, "data"))
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout, c.Stderr = in, in
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	defer func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		out.Close()
		if err := d.unmount(); err != nil {
			t.Error(err)
		}
	}()
	said := &heardLines{r: bufio.NewReader(out), from: out, a: a}
	for range n {
		said.wait(t, 1+r.IntN(40))
		stop(t, c)
		for {
			before := d.traffic(t)
			copyImage(t, image, filepath.Join(root, "cut"))
			if d.traffic(t) == before {
				break
			}
		}
		said.rest(t) // all that was answered before the cut
		if lost := lookAtCut(t, root, a); lost != "" {
			problems = append(problems, lost)
		}
		if err := c.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	}
	return a.total(), problems
}

func lookAtCut(t *testing.T, root string, a answers) string {
	t.Helper()
	d, err := mount(t, filepath.Join(root, "cut"), filepath.Join(root, "elsewhere"), "loop")
	if err != nil {
		return err.Error()
	}
	defer func() {
		if err := d.unmount(); err != nil {
			t.Error(err)
		}
	}()
	return a.look(t, filepath.Join(d.at, "data"))
}

// stop halts a process and returns when all its threads stand still: no call of
// it is under way in the kernel.
func stop(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for {
		moving := false
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", c.Process.Pid))
		if err != nil || len(tasks) == 0 {
			t.Fatal("the writer is gone", err)
		}
		for _, task := range tasks {
			b, err := os.ReadFile(task)
			_, state, _ := strings.Cut(string(b), ") ")
			moving = moving || err == nil && !strings.HasPrefix(state, "T")
		}
		if !moving {
			return
		}
	}
}

func copyImage(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// heardLines reads what writers say through a pipe.
type heardLines struct {
	r    *bufio.Reader
	from *os.File
	part string // of a line
	a    answers
}

// wait reads until so many more answers came.
func (h *heardLines) wait(t *testing.T, n int) {
	t.Helper()
	for n > 0 {
		if !h.line(t, time.Now().Add(time.Minute)) {
			t.Fatal("the writers say nothing more")
		}
		n--
	}
}

// rest reads all that was said.
func (h *heardLines) rest(t *testing.T) {
	t.Helper()
	for h.line(t, time.Now().Add(time.Millisecond)) {
	}
}

func (h *heardLines) line(t *testing.T, until time.Time) bool {
	t.Helper()
	if err := h.from.SetReadDeadline(until); err != nil {
		t.Fatal(err)
	}
	text, err := h.r.ReadString('\n')
	h.part += text
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	} else if err != nil {
		t.Fatal(err, h.part)
	}
	line := strings.TrimSpace(h.part)
	if h.part = ""; line != "open" && !h.a.hear(line) {
		t.Fatalf("the writers say: %s", line)
	}
	return true
}
