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

	"github.com/spf13/cobra"

	"preau/appliance"
	"preau/modules/all"
	"preau/school"
	"preau/web"
)

// app is one run of the command line.
type app struct {
	data, config   string
	json           bool
	stdin          io.Reader
	stdout, stderr io.Writer
	exit           int
}

// Main runs the command line and returns its exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(stderr, "preau:", sentence(err))
		if a.exit == appliance.Done {
			a.exit = exitOf(err)
		}
	}
	return a.exit
}

// usageError is a command line that says nothing a command can do.
type usageError struct{ error }

func exitOf(err error) int {
	var usage usageError
	switch {
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "unknown command"):
		return appliance.Usage
	case school.RefusalsIn(err) != nil, errors.As(err, new(refusedInput)):
		return appliance.Refused
	}
	return appliance.Failed
}

// sentence puts refusals into words; other errors speak for themselves.
func sentence(err error) string {
	no := school.RefusalsIn(err)
	if no == nil {
		return err.Error()
	}
	words, werr := web.LoadWords(wordFiles()...)
	if werr != nil {
		return err.Error()
	}
	var all []string
	for _, r := range no {
		var kv []any
		for k, v := range r.Args {
			kv = append(kv, k, v)
		}
		all = append(all, words.T("en", r.Key, kv...))
	}
	return strings.Join(all, "\n")
}

func (a *app) root() *cobra.Command {
	c := &cobra.Command{
		Use: "preau", Short: "An offline-first school server: the box in a lycée, the office at the ministry",
		SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	c.PersistentFlags().StringVar(&a.data, "data", "", "folder of the site's data")
	c.PersistentFlags().StringVar(&a.config, "config", "", "configuration file (see config.example.yaml)")
	c.PersistentFlags().BoolVar(&a.json, "json", false, "print one JSON object")
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	c.AddCommand(
		a.serve(), a.ministry(), a.demo(), a.initSite(), a.enrol(), a.user(), a.passwd(), a.token(),
		a.check(), a.backup(), a.restore(), a.importList(), a.export(), a.sync(), a.pack(), a.version(),
	)
	return c
}

// args makes a wrong number of arguments a usage error.
func args(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if err := cobra.ExactArgs(n)(c, given); err != nil {
			return usageError{err}
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
	call.JSON = a.json
	if call.Stdin == nil {
		call.Stdin = a.stdin
	}
	if call.Stdout == nil {
		call.Stdout = a.stdout
	}
	call.Stderr = a.stderr
	a.exit, err = appliance.Invoke(c.Context(), cfg, all.Modules(), name, call)
	return err
}

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
