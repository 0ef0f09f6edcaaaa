package appliance

import "syscall"

// diskSpace is the bytes free for us and in all on the disk that holds dir;
// zeros when it cannot be told.
func diskSpace(dir string) (free, total int64) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0
	}
	return int64(s.Bavail) * s.Bsize, int64(s.Blocks) * s.Bsize
}
