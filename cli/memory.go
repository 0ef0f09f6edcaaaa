package cli

import (
	"math"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// boundMemory has the collector work harder before the machine runs out: at most
// at so many MiB, at half of the machine's memory, and never below what a page
// and one hash need. GOMEMLIMIT in the environment wins.
func boundMemory(most int64) {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return
	}
	var s unix.Sysinfo_t
	if err := unix.Sysinfo(&s); err != nil {
		return
	}
	debug.SetMemoryLimit(max(min(int64(s.Totalram)*int64(s.Unit)/2, most<<20), 96<<20))
}

// A box shares a small machine with what a school may run beside it; an office
// has a machine of its own.
const (
	boxMemory    = 160
	officeMemory = 1 << 20
)
