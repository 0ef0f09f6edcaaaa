package appliance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"preau/store"
)

// CheckHere reads a whole folder, or only the pages of its file, and says what
// is wrong. bbolt's checker ends the process on some damage, and nothing can
// prevent it: servers use CheckInChild. Nobody may hold the folder; the error
// names who does.
func CheckHere(_ context.Context, dir string, pagesOnly bool) (store.CheckReport, error) {
	if pid := store.Holder(dir); pid != 0 {
		return store.CheckReport{}, fmt.Errorf("%w: %s is held by process %d; stop it first", store.ErrLocked, dir, pid)
	}
	if _, err := os.Stat(dir); err != nil {
		return store.CheckReport{}, noSite(dir)
	}
	if pagesOnly {
		return store.CheckPages(dir)
	}
	return store.Check(dir)
}

// CheckInChild is CheckHere in another process of this binary. A check that
// damage ended is a report of damage.
func CheckInChild(ctx context.Context, dir string, pagesOnly bool) (store.CheckReport, error) {
	self, err := os.Executable()
	if err != nil {
		return store.CheckReport{}, fmt.Errorf("appliance: check: %w", err)
	}
	args := []string{"check", "--here", "--json", "--data", dir}
	if pagesOnly {
		args = append(args, "--pages")
	}
	c := exec.CommandContext(ctx, self, args...)
	c.Args[0] = "preau"
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	err = c.Run()
	var r store.CheckReport
	exit := (*exec.ExitError)(nil)
	switch {
	case json.Unmarshal(out.Bytes(), &r) == nil:
		return r, nil
	case ctx.Err() != nil:
		return r, context.Cause(ctx)
	case !errors.As(err, &exit):
		return r, fmt.Errorf("appliance: check: %w", err)
	case exit.ExitCode() != 2 && exit.Exited():
		return r, errors.New(firstLine(said.Bytes()))
	}
	// A panic, or a signal: bytes led the checker astray.
	what := "the check ended on it: " + firstLine(said.Bytes())
	return store.CheckReport{Problems: []store.Problem{{Kind: "file", Where: store.FileName, What: what}}}, nil
}

func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimPrefix(b, []byte("preau: ")), []byte("\n"))
	return string(line)
}

// QuickCheck is for RunOptions.Check: it looks at the pages of the file in
// another process. Only found damage is an error; a folder in use is left for
// Open to say.
func QuickCheck(ctx context.Context, dir string) error {
	if !worthALook(dir) || store.Holder(dir) != 0 {
		return nil
	}
	r, err := CheckInChild(ctx, dir, true)
	if err != nil || r.OK || len(r.Problems) == 0 {
		return nil
	}
	p := r.Problems[0]
	return &store.DamagedError{Path: filepath.Join(dir, store.FileName), Err: fmt.Errorf("%s %s: %s", p.Kind, p.Where, p.What)}
}

// smallFile is a database that is looked through in a moment.
const smallFile = 64 << 20

// worthALook tells whether a folder is looked at before it is opened: always
// when the last stop was not clean, else only while that costs nothing.
func worthALook(dir string) bool {
	fi, err := os.Stat(filepath.Join(dir, store.FileName))
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(dir, serving))
	return err == nil || fi.Size() < smallFile
}
