package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"preau/appliance"
)

func (a *app) restore() *cobra.Command {
	c := &cobra.Command{
		Use: "restore [CODE]", Short: "Restore a backup into an empty folder", Args: cobra.MaximumNArgs(1),
		Long: "Restores a backup into an empty folder (--from FILE, or --from DISK for the newest on a mounted USB disk),\n" +
			"makes a lost box anew from what the office keeps sealed (--from-office HOST:PORT CODE; the recovery key in\n" +
			"--identity FILE or on standard input; cut off, run it again), or puts the newest verified copy of a folder in the place of its damaged database (--copy).\n" +
			"The site must be stopped.",
	}
	o := appliance.RestoreOptions{Say: func(line string) { fmt.Fprintln(a.stderr, line) }}
	c.Flags().StringVar(&o.From, "from", "", "the backup, or the folder where a disk with backups is mounted")
	c.Flags().StringVar(&o.Identity, "identity", "", "file with the recovery key")
	c.Flags().BoolVar(&o.Copy, "copy", false, "the newest verified copy, in the place of a database that was set aside")
	office := c.Flags().String("from-office", "", "HOST:PORT of the office that keeps this school's data")
	c.MarkFlagsMutuallyExclusive("from", "copy", "from-office")
	c.RunE = func(c *cobra.Command, given []string) error {
		cfg, err := a.settings(c, nil)
		switch {
		case err != nil:
			return err
		case *office == "" && len(given) > 0:
			return usageError{fmt.Errorf("%s has no %q; see %s --help", c.CommandPath(), given[0], c.CommandPath())}
		case *office != "" && len(given) == 0:
			return usageError{errors.New("give the code that the office made for this school: --from-office HOST:PORT CODE")}
		case *office != "":
			return a.restoreFromOffice(c, cfg, *office, given[0], o.Identity)
		case o.From == "" && !o.Copy:
			return usageError{errors.New("say from what: --from FILE or --copy")}
		}
		done, err := appliance.Restore(cfg.Data, o)
		if appliance.RestoreRefused(err) {
			return refusedInput{err}
		}
		if err != nil {
			return err
		}
		if a.json {
			return json.NewEncoder(a.stdout).Encode(map[string]string{"data": cfg.Data, "done": done})
		}
		_, err = fmt.Fprintln(a.stdout, done)
		return err
	}
	return c
}

func (a *app) restoreFromOffice(c *cobra.Command, cfg appliance.Config, office, code, identity string) error {
	key := a.stdin
	if identity != "" {
		f, err := os.Open(identity)
		if err != nil {
			return refusedInput{err}
		}
		defer f.Close()
		key = f
	}
	done, err := appliance.RestoreFromOffice(c.Context(), cfg, modules(), appliance.OfficeRestore{
		Office: office, Code: code, Identity: key, Log: logTo(a.stderr, cfg), Version: Version,
		Say: func(line string) { fmt.Fprintln(a.stderr, line) },
	})
	if appliance.OfficeRestoreRefused(err) {
		return refusedInput{err}
	}
	if err != nil {
		return err
	}
	if a.json {
		return json.NewEncoder(a.stdout).Encode(done)
	}
	fmt.Fprintf(a.stdout, "%s (%s) is back in %s: %d records and %d files from %d sealed segments, opened with the %s key.\n",
		done.Name, done.School, done.Data, done.Records, done.Files, done.Segments, done.Key)
	return nil
}
