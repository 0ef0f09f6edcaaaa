package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"preau/appliance"
)

// demoFile is demo.json.
type demoFile struct {
	Box      string            `json:"box"`
	Office   string            `json:"office"`
	Exchange string            `json:"exchange"`
	Schools  []demoSchool      `json:"schools"`
	Logins   []appliance.Login `json:"logins"`
}

type demoSchool struct {
	Code       string `json:"code"`
	Name       string `json:"name"`
	Region     string `json:"region"`
	Inspection string `json:"inspection"`
	Enrolled   bool   `json:"enrolled"`
}

func (a *app) demo() *cobra.Command {
	c := &cobra.Command{
		Use: "demo", Short: "Show an office and a school at work, with invented people", Args: args(0),
		Long: "Starts an office and a school's box in one process, with two folders and a real exchange between them,\n" +
			"all on 127.0.0.1, filled with invented people. Nothing leaves this machine.",
	}
	dir := c.Flags().String("dir", "", "folder to keep it in (otherwise a temporary one, removed at the end)")
	port := c.Flags().Int("port", 8080, "port of the school's pages; the office's are on the next one, its exchange on the one after")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		cfg, err := a.settings(c, nil)
		if err != nil {
			return err
		}
		if *port < 1 || *port > 65533 {
			return usageError{fmt.Errorf("--port takes a number from 1 to 65533")}
		}
		if *dir == "" {
			if *dir, err = os.MkdirTemp("", "preau-demo-"); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(*dir)) }()
		}
		boundMemory(2 * boxMemory)
		if a.config == "" && os.Getenv("PREAU_LOG_LEVEL") == "" {
			cfg.Log.Level = "warn"
		}
		d := newDemo(cfg, *dir, *port, logTo(a.stderr, cfg))
		return d.run(c.Context(), a)
	}
	return c
}

// demo is an office and a box in one process.
type demo struct {
	dir         string
	log         *slog.Logger
	box, office appliance.Config
}

func newDemo(cfg appliance.Config, dir string, port int, log *slog.Logger) *demo {
	at := func(n int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port+n)) }
	cfg.MDNS.Enabled = false
	d := &demo{dir: dir, log: log, box: cfg, office: cfg}
	d.box.HTTPS.Listen, d.office.HTTPS.Listen = "", ""
	d.box.Data, d.box.Listen = filepath.Join(dir, "box"), at(0)
	d.office.Data, d.office.Listen, d.office.Exchange.Listen = filepath.Join(dir, "office"), at(1), at(2)
	d.box.Office.Address = at(2)
	return d
}

// run starts the office, makes both sites the first time, starts the box, and
// stops both when ctx ends or one fails.
func (d *demo) run(ctx context.Context, a *app) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	known, err := d.read()
	if err != nil {
		return err
	}
	code := ""
	if known == nil {
		if known, code, err = d.fill(ctx); err != nil {
			return err
		}
	}
	known.Box, known.Office, known.Exchange = "http://"+d.box.Listen, "http://"+d.office.Listen, d.office.Exchange.Listen
	var sites sync.WaitGroup
	defer sites.Wait()
	defer cancel(nil)
	start := func(cfg appliance.Config, s appliance.Site) error {
		ready := make(chan struct{})
		sites.Go(func() {
			cancel(appliance.Run(ctx, cfg, s, appliance.RunOptions{
				Log: d.log.With("site", string(s.Kind)), Clock: a.siteClock(), Check: appliance.QuickCheck,
				Ready: func(appliance.Addresses) { close(ready) },
			}))
		})
		select {
		case <-ready:
			return nil
		case <-ctx.Done():
			sites.Wait()
			return context.Cause(ctx)
		}
	}
	if err := start(d.office, office()); err != nil {
		return err
	}
	if code != "" {
		if err := appliance.DemoEnrol(ctx, d.box, box(), d.office.Exchange.Listen, code); err != nil {
			return err
		}
	}
	if err := start(d.box, box()); err != nil {
		return err
	}
	if err := d.write(known); err != nil {
		return err
	}
	if err := known.print(a); err != nil {
		return err
	}
	<-ctx.Done()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// unfinished marks a folder in which a demonstration is being made: only such
// a folder is ever begun again.
func (d *demo) unfinished() string { return filepath.Join(d.dir, "demo.unfinished") }

func (d *demo) file() string { return filepath.Join(d.dir, "demo.json") }

// read is the demonstration that the folder holds already, nil when it holds none.
func (d *demo) read() (*demoFile, error) {
	b, err := os.ReadFile(d.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	known := &demoFile{}
	if err := json.Unmarshal(b, known); err != nil {
		return nil, fmt.Errorf("%s: %w", d.file(), err)
	}
	return known, nil
}

// fill makes both sites and has the modules fill them.
func (d *demo) fill(ctx context.Context) (*demoFile, string, error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, "", err
	}
	_, begun := os.Stat(d.unfinished())
	for _, dir := range []string{d.box.Data, d.office.Data} {
		if begun == nil {
			if err := os.RemoveAll(dir); err != nil {
				return nil, "", err
			}
		}
		if _, err := os.Stat(dir); err == nil {
			return nil, "", fmt.Errorf("%s is there already, and is not of a demonstration: choose another --dir", dir)
		}
	}
	if err := os.WriteFile(d.unfinished(), nil, 0o600); err != nil {
		return nil, "", err
	}
	known := &demoFile{}
	for _, s := range appliance.DemoSchools() {
		known.Schools = append(known.Schools, demoSchool{s.Code, s.Name, s.Region, s.Inspection, s.Enrolled})
	}
	var sites sync.WaitGroup
	var logins [2][]appliance.Login
	var failed [2]error
	sites.Go(func() { logins[0], failed[0] = appliance.FillDemo(ctx, d.box, box(), d.log) })
	sites.Go(func() { logins[1], failed[1] = appliance.FillDemo(ctx, d.office, office(), d.log) })
	sites.Wait()
	if err := errors.Join(failed[:]...); err != nil {
		return nil, "", err
	}
	known.Logins = append(logins[0], logins[1]...)
	code, err := appliance.DemoCode(d.office, office(), known.Schools[0].Code)
	return known, code, err
}

// write puts demo.json in its place whole, and ends the state of being made.
func (d *demo) write(known *demoFile) error {
	b, err := json.MarshalIndent(known, "", "  ")
	if err != nil {
		return err
	}
	next := d.file() + ".new"
	if err := os.WriteFile(next, append(b, '\n'), 0o600); err != nil {
		return err
	}
	if err := os.Rename(next, d.file()); err != nil {
		return err
	}
	if err := os.Remove(d.unfinished()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// print lists the addresses and one login of each role; its last line is "ready".
func (f *demoFile) print(a *app) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "school\t%s\t%s\noffice\t%s\nexchange\t%s\n\n", f.Box, f.Schools[0].Name, f.Office, f.Exchange)
	fmt.Fprintln(w, "where\trole\tname\tlogin\tsecret")
	seen := map[string]bool{}
	for _, l := range f.Logins {
		if !seen[l.Site+l.Role] {
			seen[l.Site+l.Role] = true
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.Site, l.Role, l.Name, l.Login, l.Secret)
		}
	}
	fmt.Fprintln(w, "\nready")
	return w.Flush()
}
