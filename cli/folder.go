package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"preau/appliance"
	"preau/school/packs"
	"preau/store"
)

func (a *app) check() *cobra.Command {
	c := &cobra.Command{Use: "check", Short: "Check every row, index, number and file of a stopped site", Args: args(0)}
	pages := c.Flags().Bool("pages", false, "the file's pages only, as at each start")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := a.settings(c, nil)
		if err != nil {
			return err
		}
		look := store.Check
		if *pages {
			look = store.CheckPages
		}
		r, err := look(cfg.Data)
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

func (a *app) backup() *cobra.Command {
	c := &cobra.Command{Use: "backup", Short: "Write a backup, encrypted to the site's recovery key", Args: args(0)}
	c.Flags().String("to", "", "file to write")
	c.Flags().String("recipient", "", "encrypt to this age recipient instead")
	c.Flags().Bool("plain", false, "do not encrypt")
	_ = c.MarkFlagRequired("to")
	c.MarkFlagsMutuallyExclusive("recipient", "plain")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.intoFile(c, c.Flag("to").Value.String(), "backup", flagsOf(c, "recipient", "plain"))
	}
	return c
}

// intoFile has a command write a file: whole, or not at all.
func (a *app) intoFile(c *cobra.Command, path, name string, flags map[string]string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".preau-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = a.do(c, name, appliance.Call{Flags: flags, Stdout: f})
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil || a.exit != appliance.Done {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (a *app) restore() *cobra.Command {
	c := &cobra.Command{Use: "restore", Short: "Restore a backup into an empty folder", Args: args(0)}
	from := c.Flags().String("from", "", "the backup")
	identity := c.Flags().String("identity", "", "file with the recovery key")
	_ = c.MarkFlagRequired("from")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := a.settings(c, nil)
		if err != nil {
			return err
		}
		if pid := store.Holder(cfg.Data); pid != 0 {
			return fmt.Errorf("%s is held by process %d: stop it first", cfg.Data, pid)
		}
		var ids []age.Identity
		if *identity != "" {
			f, err := os.Open(*identity)
			if err != nil {
				return refusedInput{err}
			}
			defer f.Close()
			if ids, err = age.ParseIdentities(f); err != nil {
				return refusedInput{fmt.Errorf("%s: %w", *identity, err)}
			}
		}
		f, err := os.Open(*from)
		if err != nil {
			return refusedInput{err}
		}
		defer f.Close()
		if err := store.Restore(cfg.Data, f, ids...); err != nil {
			return refusedInput{err}
		}
		fmt.Fprintf(a.stdout, "restored into %s; enrol it again before it exchanges\n", cfg.Data)
		return nil
	}
	return c
}

func (a *app) pack() *cobra.Command {
	c := &cobra.Command{Use: "pack", Short: "Country packs"}
	one := &cobra.Command{Use: "check DIR", Short: "Check a country pack's files", Args: args(1)}
	one.RunE = func(_ *cobra.Command, given []string) error {
		p, err := packs.Read(os.DirFS(given[0]))
		if err != nil {
			return refusedInput{err}
		}
		if a.json {
			return json.NewEncoder(a.stdout).Encode(map[string]any{"ok": true, "name": p.Name})
		}
		fmt.Fprintf(a.stdout, "%s: in order\n", p.Name)
		return nil
	}
	c.AddCommand(one)
	return c
}
