package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
)

// asInSchool is the folder of a binary that is preau or http, by the name it
// is called by. Sites run without the race detector, as they do in a school:
// it makes them several times slower, and the packages' own tests have it.
// PREAU_RACED=1 gives it to the sites too.
var asInSchool = sync.OnceValues(func() (string, error) {
	if folder == "" {
		return "", fmt.Errorf("TestMain made no folder")
	}
	bin, err := os.Executable()
	if err != nil {
		return "", err
	}
	if info, _ := debug.ReadBuildInfo(); slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) && os.Getenv("PREAU_RACED") == "" {
		bin = filepath.Join(folder, "plain.test")
		if out, err := exec.Command("go", "test", "-c", "-o", bin, ".").CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w\n%s", err, out)
		}
	}
	for _, name := range []string{"preau", "http"} {
		if err := os.Symlink(bin, filepath.Join(folder, name)); err != nil {
			return "", err
		}
	}
	return folder, nil
})

// folder is this run's own; TestMain makes it and takes it away.
var folder string

// preauIn is a path under which a test binary is the command preau.
func preauIn(t *testing.T) string {
	t.Helper()
	dir, err := asInSchool()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "preau")
}
