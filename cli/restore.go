package cli

import "github.com/spf13/cobra"

func (a *app) restore() *cobra.Command { return &cobra.Command{Use: "restore"} }
