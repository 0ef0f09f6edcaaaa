package cli

import (
	"os"

	"github.com/spf13/cobra"

	"preau/appliance"
)

func (a *app) user() *cobra.Command {
	add := &cobra.Command{Use: "add LOGIN", Short: "Add an account (password on standard input)", Args: args(1)}
	add.Flags().String("role", "", "its role")
	add.Flags().String("name", "", "the person's name")
	add.Flags().String("matricule", "", "of somebody who is on the roster already")
	_ = add.MarkFlagRequired("role")
	add.RunE = func(c *cobra.Command, given []string) error {
		return a.do(c, "user add", appliance.Call{Args: given, Flags: flagsOf(c, "role", "name", "matricule")})
	}
	return a.group("user", "Accounts of staff", add)
}

func (a *app) passwd() *cobra.Command {
	c := &cobra.Command{Use: "passwd LOGIN", Short: "Print a one-time password for an account", Args: args(1)}
	c.RunE = func(c *cobra.Command, given []string) error { return a.do(c, "passwd", appliance.Call{Args: given}) }
	return c
}

func (a *app) importList() *cobra.Command {
	var lists []*cobra.Command
	for _, list := range [][2]string{
		{"pupils", "Read a list of pupils (CSV, XLSX, ODS)"}, {"staff", "Read a list of staff (CSV, XLSX, ODS)"}, {"schools", "Read the registry of schools (office)"},
	} {
		what, short := list[0], list[1]
		one := &cobra.Command{Use: what + " FILE", Short: short, Args: args(1)}
		one.Flags().Bool("dry-run", false, "say what would change, and change nothing")
		one.RunE = func(c *cobra.Command, given []string) error {
			f, err := os.Open(given[0])
			if err != nil {
				return refusedInput{err}
			}
			defer f.Close()
			return a.do(c, "import "+what, appliance.Call{Args: given, Flags: flagsOf(c, "dry-run"), Stdin: f})
		}
		lists = append(lists, one)
	}
	return a.group("import", "Read lists into the site", lists...)
}

func (a *app) export() *cobra.Command {
	var lists []*cobra.Command
	for _, what := range []string{"people", "circulars"} {
		one := &cobra.Command{Use: what, Short: "Export " + what, Args: args(0)}
		one.Flags().String("to", "", "file to write")
		one.Flags().String("format", "csv", "csv, xlsx or json")
		_ = one.MarkFlagRequired("to")
		one.RunE = func(c *cobra.Command, _ []string) error {
			return a.intoFile(c, c.Flag("to").Value.String(), "export "+what, appliance.Call{Flags: map[string]string{"format": c.Flag("format").Value.String()}})
		}
		lists = append(lists, one)
	}
	return a.group("export", "Write lists of the site to a file", lists...)
}
