package appliance

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// hardware is what the computer tells about itself. What it does not tell is zero.
type hardware struct {
	MemoryFree, MemoryTotal int64   // bytes
	Own                     int64   // of the memory, this process's
	Celsius                 float64 // the hottest sensor
	System                  string  // "Linux 6.1.0 arm64"
}

// lookAtHardware reads the kernel's files below root ("/" but in tests).
func lookAtHardware(root string) (m hardware) {
	lines, _ := os.ReadFile(filepath.Join(root, "proc/meminfo"))
	s := bufio.NewScanner(bytes.NewReader(lines))
	for s.Scan() {
		f := strings.Fields(s.Text())
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseInt(f[1], 10, 64)
		switch f[0] {
		case "MemTotal:":
			m.MemoryTotal = kib << 10
		case "MemAvailable:":
			m.MemoryFree = kib << 10
		}
	}
	pages, _ := os.ReadFile(filepath.Join(root, "proc/self/statm"))
	if f := strings.Fields(string(pages)); len(f) > 1 {
		n, _ := strconv.ParseInt(f[1], 10, 64)
		m.Own = n * int64(os.Getpagesize())
	}
	sensors, _ := filepath.Glob(filepath.Join(root, "sys/class/thermal/thermal_zone*/temp"))
	inputs, _ := filepath.Glob(filepath.Join(root, "sys/class/hwmon/hwmon*/temp*_input"))
	for _, path := range append(sensors, inputs...) {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// Thousandths of a degree; a sensor that is off says 0 or nonsense.
		if n, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64); err == nil && n > 1000 && n < 150_000 {
			m.Celsius = max(m.Celsius, n/1000)
		}
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.System = unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:]) + " " + runtime.GOARCH
	}
	return m
}
