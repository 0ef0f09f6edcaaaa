package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"preau/appliance"
)

func (a *app) check() *cobra.Command {
	c := &cobra.Command{Use: "check", Short: "Check every row, index, number and file of a stopped site", Args: args(0)}
	pages := c.Flags().Bool("pages", false, "the file's pages only, as at a start")
	here := c.Flags().Bool("here", false, "look in this very process, which damage may end")
	_ = c.Flags().MarkHidden("here")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := a.settings(c, nil)
		if err != nil {
			return err
		}
		look := appliance.CheckInChild
		if *here {
			look = appliance.CheckHere
		}
		r, err := look(c.Context(), cfg.Data, *pages)
		if err != nil {
			return err
		}
		if !r.OK {
			a.exit = appliance.Failed
		}
		if a.json {
			return json.NewEncoder(a.stdout).Encode(r)
		}
		for _, p := range r.Problems {
			fmt.Fprintf(a.stdout, "%s %s: %s\n", p.Kind, p.Where, p.What)
		}
		fmt.Fprintf(a.stdout, "%d records, %d files, %d expected, %d problems\n", r.Records, r.Blobs, r.Expected, len(r.Problems))
		return nil
	}
	return c
}
