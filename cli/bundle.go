package cli

import (
	"errors"

	"github.com/spf13/cobra"
)

// errNoBundles is said instead of writing a file that no other site could read.
var errNoBundles = errors.New("bundles on a USB stick are not part of this version yet")

func (a *app) bundle() *cobra.Command {
	export := &cobra.Command{Use: "export", Short: "Write what the other side does not have yet", Args: args(0)}
	export.Flags().String("to", "", "folder or file to write")
	export.Flags().String("school", "", "at the office: for which school")
	read := &cobra.Command{Use: "import FILE", Short: "Read a bundle", Args: args(1)}
	for _, one := range []*cobra.Command{export, read} {
		one.RunE = func(*cobra.Command, []string) error { return usageError{errNoBundles} }
	}
	return a.group("bundle", "Exchange by USB stick (not in this version yet)", export, read)
}
