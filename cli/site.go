package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"preau/appliance"
)

func (a *app) initSite() *cobra.Command {
	c := &cobra.Command{Use: "init", Short: "Make a site in an empty folder (password on standard input)", Args: args(0)}
	kind := c.Flags().String("kind", "box", "box or office")
	name := c.Flags().String("name", "", "the site's name, as pages show it")
	code := c.Flags().String("code", "", "the school's code at the ministry")
	pack := c.Flags().String("pack", "togo", "country pack: levels, coefficients and formula of averages ("+strings.Join(appliance.Packs(), ", ")+")")
	head := c.Flags().String("head", "", "sign-in name of the head (at an office: of the operator)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := a.settings(c, nil)
		if err != nil {
			return err
		}
		secret, err := a.secret()
		if err != nil {
			return err
		}
		recovery, err := appliance.Init(c.Context(), cfg, modules(), appliance.InitOptions{
			Kind: appliance.Kind(*kind), Name: *name, Code: *code, Pack: *pack, Head: *head, Secret: secret,
		})
		if err != nil {
			return err
		}
		if a.json {
			return json.NewEncoder(a.stdout).Encode(map[string]string{"data": cfg.Data, "recovery": recovery})
		}
		fmt.Fprintf(a.stdout, "%s is ready in %s.\n\nRecovery key. It opens this site's backups, is shown this once and kept nowhere: print it and lock it away.\n%s\n", *name, cfg.Data, recovery)
		return nil
	}
	return c
}

// secret is the first line of standard input.
func (a *app) secret() (string, error) {
	line, err := bufio.NewReader(io.LimitReader(a.stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", usageError{errors.New("the password is read from standard input, and nothing was there")}
	}
	return line, nil
}

func (a *app) enrol() *cobra.Command {
	c := &cobra.Command{Use: "enrol CODE", Short: "Meet the office with the code it made for this school", Args: args(1)}
	c.Flags().String("office", "", "HOST:PORT of the office's exchange")
	c.RunE = func(c *cobra.Command, given []string) error {
		return a.do(c, "enrol", appliance.Call{Args: given, Flags: flagsOf(c, "office")})
	}
	return c
}

func (a *app) sync() *cobra.Command {
	c := &cobra.Command{Use: "sync", Short: "Make one attempt of the exchange and print its report", Args: args(0)}
	c.RunE = func(c *cobra.Command, _ []string) error { return a.do(c, "sync", appliance.Call{}) }
	return c
}

func (a *app) token() *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Print a bearer token for the API that acts as a person", Args: args(0)}
	c.Flags().String("login", "", "who the token acts as")
	c.Flags().Int("days", 90, "how long it lives")
	_ = c.MarkFlagRequired("login")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.do(c, "token", appliance.Call{Flags: flagsOf(c, "login", "days")})
	}
	return c
}

func (a *app) version() *cobra.Command {
	c := &cobra.Command{Use: "version", Short: "Print this build's version", Args: args(0)}
	c.RunE = func(*cobra.Command, []string) error {
		if a.json {
			return json.NewEncoder(a.stdout).Encode(map[string]string{"version": Version})
		}
		fmt.Fprintln(a.stdout, "preau", Version)
		return nil
	}
	return c
}
