package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"preau/appliance"
	"preau/ministry"
	"preau/modules/all"
)

// Clock is the machine's clock as main hands it down; the zero value is the real
// one. Synced tells whether the machine keeps time by itself.
type Clock struct {
	Now    func() time.Time
	Synced func() bool
}

// app is one run of the command line.
type app struct {
	clock          Clock
	data, config   string
	json           bool
	stdin          io.Reader
	stdout, stderr io.Writer
	exit           int
}

// Version is what this build calls itself; make build sets it.
var Version = "0.1-dev"

// Main runs the command line and returns its exit code. SIGINT and SIGTERM end
// what it does in order.
func Main(args []string, clock Clock, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	a := &app{clock: clock, stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(stderr, "preau:", appliance.Sentence(modules(), language(), err))
		if a.exit == appliance.Done {
			a.exit = exitOf(err)
		}
	}
	return a.exit
}

// usageError is a command line that says nothing a command can do;
// refusedInput is a file that cannot be read.
type (
	usageError   struct{ error }
	refusedInput struct{ error }
)

func exitOf(err error) int {
	switch text := err.Error(); {
	case errors.As(err, new(usageError)), strings.HasPrefix(text, "unknown command"), strings.HasPrefix(text, "required flag"),
		strings.HasPrefix(text, "if any flags in the group"):
		return appliance.Usage
	case errors.As(err, new(refusedInput)):
		return appliance.Refused
	}
	return appliance.ExitOf(appliance.Done, err)
}

// language is the one of the caller's terminal: refusals speak French there
// when it does, else English.
func language() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "fr") {
				return "fr"
			}
			break
		}
	}
	return "en"
}

func (a *app) root() *cobra.Command {
	c := &cobra.Command{
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }, Args: args(0),
		Use: "preau", Short: "An offline-first school server: the box in a lycée, the office at the ministry",
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	c.PersistentFlags().StringVar(&a.data, "data", "", "folder of the site's data")
	c.PersistentFlags().StringVar(&a.config, "config", "", "configuration file (see config.example.yaml)")
	c.PersistentFlags().BoolVar(&a.json, "json", false, "print one JSON object")
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	c.AddCommand(
		a.serve(), a.serveOffice(), a.demo(), a.initSite(), a.enrol(), a.user(), a.passwd(), a.token(),
		a.check(), a.backup(), a.restore(), a.importList(), a.export(), a.bundle(), a.sync(), a.pack(), a.version(),
	)
	return c
}

// group makes a command of which only the words after it do something: without
// one of them it is a usage error that lists them.
func (a *app) group(name, short string, ones ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: short}
	var names []string
	for _, one := range ones {
		names = append(names, one.Name())
		c.AddCommand(one)
	}
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, given []string) error {
		said := "say what"
		if len(given) > 0 {
			said = fmt.Sprintf("%s has no %q", c.CommandPath(), given[0])
		}
		return usageError{fmt.Errorf("%s: %s %s; see %s --help", said, c.CommandPath(), strings.Join(names, "|"), c.CommandPath())}
	}
	return c
}

// args makes a wrong number of arguments a usage error.
func args(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if n == 0 && len(given) > 0 {
			return usageError{fmt.Errorf("%s has no %q; see %s --help", c.CommandPath(), given[0], c.CommandPath())}
		}
		if err := cobra.ExactArgs(n)(c, given); err != nil {
			return usageError{fmt.Errorf("%s takes %s; see %s --help", c.CommandPath(), strings.TrimPrefix(c.Use, c.Name()+" "), c.CommandPath())}
		}
		return nil
	}
}

// settings are the configuration under the flags that were given.
func (a *app) settings(c *cobra.Command, flags map[string]string) (appliance.Config, error) {
	cfg, err := appliance.LoadConfig(a.config, os.Environ())
	if err != nil {
		return cfg, usageError{err}
	}
	given := map[string]string{}
	for flag, key := range flags {
		if c.Flags().Changed(flag) {
			given[key] = c.Flag(flag).Value.String()
		}
	}
	if a.data != "" {
		given["data"] = a.data
	}
	return cfg.WithFlags(given), nil
}

// do has the site carry out a command.
func (a *app) do(c *cobra.Command, name string, call appliance.Call) error {
	cfg, err := a.settings(c, nil)
	if err != nil {
		return err
	}
	call.JSON, call.Lang = a.json, language()
	if call.Stdin == nil {
		call.Stdin = a.stdin
	}
	if call.Stdout == nil {
		call.Stdout = a.stdout
	}
	call.Stderr = a.stderr
	a.exit, err = appliance.Invoke(c.Context(), cfg, box(), name, call)
	return err
}

// siteClock is a clock for a site that serves.
func (a *app) siteClock() *appliance.Clock {
	return appliance.NewClock(appliance.ClockOptions{Machine: a.clock.Now, Synced: a.clock.Synced})
}

// box and office are the two kinds of site that this binary can be.
func box() appliance.Site {
	return appliance.Site{Kind: appliance.Box, Modules: modules(), Version: Version}
}

func office() appliance.Site {
	s := ministry.Office(all.Modules())
	s.Version = Version
	return s
}

// modules are those of both kinds: a folder is opened with one list whatever
// it is, and each module says which pages are whose.
func modules() []appliance.Module { return ministry.Office(all.Modules()).Modules }

// flagsOf are a command's own flags that were given, by name.
func flagsOf(c *cobra.Command, names ...string) map[string]string {
	m := map[string]string{}
	for _, n := range names {
		if c.Flags().Changed(n) {
			m[n] = c.Flag(n).Value.String()
		}
	}
	return m
}

func logTo(w io.Writer, cfg appliance.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Log.Level))
	o := &slog.HandlerOptions{Level: level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
