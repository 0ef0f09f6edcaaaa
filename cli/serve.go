package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"preau/appliance"
)

func (a *app) serve() *cobra.Command {
	c := &cobra.Command{Use: "serve", Short: "Serve a school's pages and exchange with the office", Args: args(0)}
	c.Flags().String("listen", "", "address of the pages, HOST:PORT")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.run(c, box(), map[string]string{"listen": "listen"})
	}
	return c
}

func (a *app) serveOffice() *cobra.Command {
	c := &cobra.Command{Use: "ministry", Short: "Serve the office: its pages and the exchange that boxes call", Args: args(0)}
	c.Flags().String("listen", "", "address of the pages, HOST:PORT")
	c.Flags().String("exchange", "", "address that boxes call, HOST:PORT")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.run(c, office(), map[string]string{"listen": "listen", "exchange": "exchange.listen"})
	}
	return c
}

func (a *app) run(c *cobra.Command, site appliance.Site, flags map[string]string) error {
	cfg, err := a.settings(c, flags)
	if err != nil {
		return err
	}
	if site.Kind == appliance.Box {
		boundMemory(boxMemory)
	} else {
		boundMemory(officeMemory)
	}
	return appliance.Run(c.Context(), cfg, site, appliance.RunOptions{
		Log: logTo(a.stderr, cfg), Clock: a.siteClock(), Check: appliance.QuickCheck,
		Ready: func(at appliance.Addresses) {
			fmt.Fprintln(a.stdout, "pages", "http://"+at.Pages)
			if at.SetUp != "" {
				fmt.Fprintln(a.stdout, "set-up code", at.SetUp)
			}
			if at.Exchange != "" {
				fmt.Fprintln(a.stdout, "exchange", at.Exchange)
			}
			fmt.Fprintln(a.stdout, "ready")
		},
	})
}
