package main

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// exitsWith: exits CODE COMMAND ARGS… runs a command that must end with this
// code.
func exitsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s ended with %d, not %d", strings.Join(args[1:], " "), got, want)
	}
}

// helpOf: help COMMAND… asks each command for its help, which must name the
// flags that all take.
func helpOf(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		ts.Check(ts.Exec("preau", name, "--help"))
		for _, flag := range []string{"--data", "--config", "--json"} {
			if !strings.Contains(ts.ReadFile("stdout"), flag) {
				ts.Fatalf("preau %s --help does not name %s", name, flag)
			}
		}
	}
}

// notBefore: later A B asks that the moment B is not before A.
func notBefore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: later A B")
	}
	a, err := time.Parse(time.RFC3339, args[0])
	ts.Check(err)
	b, err := time.Parse(time.RFC3339, args[1])
	ts.Check(err)
	if b.Before(a.Truncate(time.Second)) {
		ts.Fatalf("%s is before %s", b, a)
	}
}
