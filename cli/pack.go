package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"preau/appliance"
)

func (a *app) pack() *cobra.Command {
	check := &cobra.Command{
		Use: "check DIR|FILE", Short: "Check a country pack and compute its worked examples again", Args: args(1),
		Long: "Checks a country pack, its folder or its one file, and computes its worked examples again. With --data it\n" +
			"also asks that site whether its office has signed the file.",
	}
	check.RunE = func(c *cobra.Command, given []string) error {
		if r, err := a.checkPack(given[0]); err != nil || !r.OK {
			return err
		}
		if fi, err := os.Stat(given[0]); a.data == "" || err != nil || fi.IsDir() {
			return nil
		}
		return a.withFile(c, "pack verify", given[0])
	}
	build := &cobra.Command{
		Use: "build DIR FILE", Short: "Put a country pack into one file, signed by the office in --data", Args: args(2),
		Long: "Checks the pack in DIR as pack check does, and writes it into FILE, signed with the key of the office in\n" +
			"--data. A pack that is not in order is refused, and FILE stays as it was.",
	}
	build.RunE = func(c *cobra.Command, given []string) error {
		r, err := appliance.CheckPack(given[0], language())
		if err != nil {
			return refusedInput{err}
		}
		if !r.OK {
			a.exit = appliance.Refused
			return a.tellPack(r)
		}
		data, err := appliance.CarryPack(given[0])
		if err != nil {
			return refusedInput{err}
		}
		return a.intoFile(c, given[1], "pack sign", appliance.Call{Stdin: bytes.NewReader(data)})
	}
	send := &cobra.Command{Use: "send FILE", Short: "Send a signed pack to every school of the office in --data", Args: args(1)}
	send.RunE = func(c *cobra.Command, given []string) error { return a.withFile(c, "pack send", given[0]) }
	return a.group("pack", "Country packs", check, build, send)
}

// withFile has the site carry out a command with a file on its standard input.
func (a *app) withFile(c *cobra.Command, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return refusedInput{err}
	}
	defer f.Close()
	return a.do(c, name, appliance.Call{Stdin: f})
}

// checkPack prints what is wrong with a pack, or how its examples came out.
func (a *app) checkPack(path string) (appliance.PackReport, error) {
	r, err := appliance.CheckPack(path, language())
	if err != nil {
		return r, refusedInput{err}
	}
	if !r.OK {
		a.exit = appliance.Refused
	}
	return r, a.tellPack(r)
}

func (a *app) tellPack(r appliance.PackReport) error {
	if a.json {
		return json.NewEncoder(a.stdout).Encode(r)
	}
	for _, f := range r.Faults {
		if f.Line > 0 {
			fmt.Fprintf(a.stdout, "%s:%d: %s\n", f.File, f.Line, f.What)
		} else {
			fmt.Fprintf(a.stdout, "%s: %s\n", f.File, f.What)
		}
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
