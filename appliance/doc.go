// Package appliance is a site that runs: configuration, start and stop order,
// jobs, the command socket, the announcement on the LAN, the clock, and the
// pages that every site has (home, status, health).
//
// It promises that what one start began, one stop ends, in five seconds and
// with nothing lost; that a command does the same inside a running server and
// on its own; and that a damaged database is never replaced by an empty one.
//
// It knows no feature: those come as Modules, in a list that the caller gives.
package appliance
