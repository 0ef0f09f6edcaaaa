package cli

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"preau/appliance"
)

func (a *app) restore() *cobra.Command {
	c := &cobra.Command{
		Use: "restore", Short: "Restore a backup into an empty folder", Args: cobra.MaximumNArgs(1),
		Long: "Restores a backup into an empty folder (--from FILE), or puts the newest verified copy of a folder\n" +
			"in the place of its damaged database (--copy). The site must be stopped.",
	}
	var o appliance.RestoreOptions
	c.Flags().StringVar(&o.From, "from", "", "the backup")
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
		case *office != "":
			return usageError{errors.New("offices do not keep schools' data in this version yet: use --from FILE")}
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
