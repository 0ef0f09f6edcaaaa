package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"preau/cli"
)

// TestMain lets the test binary be the commands that plays call: preau itself,
// and a small client that asks its doors.
func TestMain(m *testing.M) {
	testscript.Main(withFolder{m}, map[string]func(){
		"preau": func() { os.Exit(cli.Main(os.Args[1:], testClock(), os.Stdin, os.Stdout, os.Stderr)) },
		"http":  func() { os.Exit(askHTTP(os.Args[1:])) },
	})
}

// withFolder runs the tests with a folder of their own for what they build.
type withFolder struct{ *testing.M }

func (w withFolder) Run() int {
	var err error
	if folder, err = os.MkdirTemp("", "preau-tests-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	defer os.RemoveAll(folder)
	return w.M.Run()
}

// testClock is the machine's clock, or one that woke at $MACHINE_TIME without
// knowing better: a box without a battery.
func testClock() cli.Clock {
	woke, err := time.Parse(time.RFC3339, os.Getenv("MACHINE_TIME"))
	if err != nil {
		return cli.Clock{}
	}
	began := time.Now()
	return cli.Clock{Now: func() time.Time { return woke.Add(time.Since(began)) }, Synced: func() bool { return false }}
}

// TestPlays plays testdata/script: the real binary, several boxes and an
// office, as separate processes.
func TestPlays(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: false,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": startSite, "powercut": killSite, "halt": stopSite,
			"ports": freePorts, "value": jsonValue, "keep": keepLine, "corrupt": corruptFile, "smalldisk": smallDisk,
			"exits": exitsWith, "help-of": helpOf, "later": notBefore,
		},
		Condition: func(cond string) (bool, error) {
			if cond != "root" {
				return false, fmt.Errorf("unknown condition %s", cond)
			}
			return os.Geteuid() == 0, nil
		},
		Setup: func(e *testscript.Env) error {
			bin, err := asInSchool()
			if err != nil {
				return err
			}
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Values[crewKey{}] = &crew{}
			e.Defer(e.Values[crewKey{}].(*crew).home)
			e.Setenv("LC_ALL", "C.UTF-8")
			togo, err := filepath.Abs("school/packs/togo")
			e.Setenv("TOGO", togo)
			return err
		},
	})
}
