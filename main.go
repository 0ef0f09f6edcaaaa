// Command preau is the school server: the box in a lycée and the office at the
// ministry are the same binary.
package main

import (
	"os"

	"preau/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:], cli.Clock{}, os.Stdin, os.Stdout, os.Stderr)) }
