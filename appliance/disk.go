package appliance

import (
	"sync"

	"golang.org/x/sys/unix"
)

// Disk is the room where the data lies, in bytes.
type Disk struct {
	Free  int64 `json:"free"`
	Total int64 `json:"total"`
	Low   bool  `json:"-"` // pages warn
}

// diskGuard looks now and then how much room is left. It changes nothing by
// itself: the store refuses what does not fit, and goes on when there is room.
type diskGuard struct {
	dir string
	low int64

	mu   sync.Mutex
	last Disk
}

// look reads the disk and tells whether it crossed the line.
func (g *diskGuard) look() (changed bool) {
	d := diskAt(g.dir)
	if d.Total == 0 {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	// A little more room than the line before it is called well again, so that
	// the warning does not come and go.
	d.Low = d.Free < g.low || g.last.Low && d.Free < g.low+g.low/4
	changed = d.Low != g.last.Low
	g.last = d
	return changed
}

func (g *diskGuard) state() Disk {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last
}

// diskAt reads the disk that holds dir; zero when it cannot be told.
func diskAt(dir string) Disk {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return Disk{}
	}
	return Disk{Free: int64(s.Bavail) * s.Bsize, Total: int64(s.Blocks) * s.Bsize}
}
