// Package cli is the command line: one thin file a command. A command reads its
// flags, and has the site do the work: through DIR/preau.sock when a server
// holds the folder, else in its own process.
//
// Exit codes: 0 done, 1 failed, 2 usage, 3 refused input.
package cli
