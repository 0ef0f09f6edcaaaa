package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"preau/appliance"
)

func (a *app) backup() *cobra.Command {
	c := &cobra.Command{Use: "backup", Short: "Write a backup, encrypted to the site's recovery key", Args: args(0)}
	c.Flags().String("to", "", "file to write")
	c.Flags().String("recipient", "", "encrypt to this age recipient instead")
	c.Flags().Bool("plain", false, "do not encrypt")
	_ = c.MarkFlagRequired("to")
	c.MarkFlagsMutuallyExclusive("recipient", "plain")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.intoFile(c, c.Flag("to").Value.String(), "backup", appliance.Call{Flags: flagsOf(c, "recipient", "plain")})
	}
	return c
}

// intoFile has a command write a file: whole and durable, or not at all.
func (a *app) intoFile(c *cobra.Command, path, name string, call appliance.Call) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".preau-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	call.Stdout = f
	err = a.do(c, name, call)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil || a.exit != appliance.Done {
		return err
	}
	fi, err := os.Stat(f.Name())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return err
	}
	if a.json {
		return json.NewEncoder(a.stdout).Encode(map[string]any{"file": path, "bytes": fi.Size()})
	}
	_, err = fmt.Fprintf(a.stdout, "%s: %d bytes\n", path, fi.Size())
	return err
}
