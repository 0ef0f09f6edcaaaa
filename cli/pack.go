package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"preau/appliance"
)

func (a *app) pack() *cobra.Command {
	one := &cobra.Command{Use: "check DIR", Short: "Check a country pack and compute its worked examples again", Args: args(1)}
	one.RunE = func(_ *cobra.Command, given []string) error {
		r, err := appliance.CheckPack(given[0])
		if err != nil {
			return refusedInput{err}
		}
		if !r.OK {
			a.exit = appliance.Refused
		}
		if a.json {
			return json.NewEncoder(a.stdout).Encode(r)
		}
		for _, f := range r.Faults {
			fmt.Fprintf(a.stdout, "%s:%d: %s\n", f.File, f.Line, f.What)
		}
		for _, w := range r.Worked {
			fmt.Fprintf(a.stdout, "%s, %s: %s\n", w.Example, w.Of, w.Got)
			for _, step := range w.Steps {
				fmt.Fprintf(a.stdout, "    %s\n", step)
			}
		}
		if r.OK {
			fmt.Fprintf(a.stdout, "%s: in order, %d levels, %d series, %d subjects, %d expected results computed again\n", r.Name, r.Levels, r.Series, r.Subjects, len(r.Worked))
		}
		return nil
	}
	return a.group("pack", "Country packs", one)
}
