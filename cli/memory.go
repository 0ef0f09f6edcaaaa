package cli

import (
	"math"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// boundMemory has the collector work harder before the machine runs out: at
// half of its memory, and never below what a page and one hash need. GOMEMLIMIT
// in the environment wins.
func boundMemory() {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return
	}
	var s unix.Sysinfo_t
	if err := unix.Sysinfo(&s); err != nil {
		return
	}
	debug.SetMemoryLimit(max(int64(s.Totalram)*int64(s.Unit)/2, 96<<20))
}
