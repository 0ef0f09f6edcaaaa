package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"preau/store/storetest"
)

// A mutant is a planted fault: a few lines of a package, replaced. They stand in
// FOLDER/testdata/mutants.txt, one after the other:
//
//	= what goes wrong | tests that should see it (a pattern, may be left out)
//	file.go
//	- the lines as they are, whose text stands there once
//	+ the lines instead (may be left out)
//
// Indentation does not count. The folder's own tests must fail with each.
type mutant struct {
	folder, name, by, file string
	old, new               []string
}

func mutants(t *testing.T) (all []mutant) {
	t.Helper()
	lists, err := filepath.Glob("*/testdata/mutants.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			kind, rest := "", strings.TrimSpace(line)
			if len(line) > 0 && strings.Contains("=-+#", line[:1]) {
				kind, rest = line[:1], strings.TrimSpace(line[1:])
			}
			if kind != "=" && kind != "#" && rest != "" && len(all) == 0 {
				t.Fatalf("%s:%d: a fault begins with =", list, i+1)
			}
			switch m := len(all) - 1; {
			case kind == "#", kind == "" && rest == "":
			case kind == "=":
				name, by, _ := strings.Cut(rest, "|")
				all = append(all, mutant{folder: filepath.Dir(filepath.Dir(list)), name: strings.TrimSpace(name), by: strings.TrimSpace(by)})
			case kind == "-":
				all[m].old = append(all[m].old, rest)
			case kind == "+":
				all[m].new = append(all[m].new, rest)
			default:
				all[m].file = rest
			}
		}
	}
	return all
}

// source is the file with the fault planted.
func (m mutant) source() (string, error) {
	text, err := os.ReadFile(filepath.Join(m.folder, m.file))
	if err != nil {
		return "", err
	}
	lines := strings.Split(string(text), "\n")
	at := -1
	for i := range len(lines) - len(m.old) + 1 {
		same := len(m.old) > 0
		for j, want := range m.old {
			same = same && strings.TrimSpace(lines[i+j]) == want
		}
		switch {
		case same && at >= 0:
			return "", fmt.Errorf("%s: its lines stand there twice", m.file)
		case same:
			at = i
		}
	}
	if at < 0 {
		return "", fmt.Errorf("%s: its lines do not stand there", m.file)
	}
	return strings.Join(append(append(append([]string{}, lines[:at]...), m.new...), lines[at+len(m.old):]...), "\n"), nil
}

// TestEveryMutantHasItsPlace keeps the planted faults in step with the code.
func TestEveryMutantHasItsPlace(t *testing.T) {
	for _, m := range mutants(t) {
		if _, err := m.source(); err != nil {
			t.Errorf("%s: %s: %v", m.folder, m.name, err)
		}
	}
}

// TestMutantsAreKilled plants one fault at a time and asks that the folder's
// tests fail. By night, or as many as PREAU_NIGHT_MUTANTS says.
func TestMutantsAreKilled(t *testing.T) {
	all := mutants(t)
	all = all[:min(len(all), storetest.Total("mutants", 0, len(all)))]
	if len(all) == 0 {
		t.Skip("by night only: make night, or PREAU_NIGHT_MUTANTS=100")
	}
	start, killed := time.Now(), make([]bool, len(all))
	t.Run("all", func(t *testing.T) {
		for i, m := range all {
			t.Run(m.folder+"/"+m.name, func(t *testing.T) {
				t.Parallel()
				killed[i] = m.killed(t)
			})
		}
	})
	n := 0
	for _, k := range killed {
		if k {
			n++
		}
	}
	storetest.Record(t, "planted faults", len(all), map[string]any{"killed": n, "seconds": time.Since(start).Seconds()})
}

func (m mutant) killed(t *testing.T) bool {
	text, err := m.source()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at, err := filepath.Abs(filepath.Join(m.folder, m.file))
	if err != nil {
		t.Fatal(err)
	}
	instead := filepath.Join(dir, "mutant.go")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{at: instead}})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{instead: []byte(text), filepath.Join(dir, "overlay.json"): overlay} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// By GOFLAGS, so that a test that builds something builds the fault too.
	env := append(os.Environ(), "GOFLAGS=-trimpath -overlay="+filepath.Join(dir, "overlay.json"), "PREAU_NIGHT=", "PREAU_BENCH_OUT=", "PREAU_NIGHT_CRASH_STATES=10000", "PREAU_NIGHT_STORE_KILLS=30", "PREAU_NIGHT_POWER_CUTS=5")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", filepath.Join(dir, "mutant.test"), "./"+m.folder)
	build.Env = env
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("does not compile: %v\n%s", err, out)
	}
	args := []string{"-test.failfast", "-test.timeout=5m"}
	if m.by != "" {
		args = append(args, "-test.run="+m.by)
	}
	c := exec.CommandContext(t.Context(), filepath.Join(dir, "mutant.test"), args...)
	c.Dir, c.Env = m.folder, env
	out, err := c.CombinedOutput()
	if err == nil {
		t.Errorf("nothing failed: %s", out)
	}
	return err != nil
}
