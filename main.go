// Préau runs a school: on a box on the school's own network, and at the
// ministry that such boxes exchange with.
package main

import (
	"os"

	"preau/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
