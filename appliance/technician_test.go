package appliance

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"preau/store"
	"preau/store/storetest"
)

// TestHardwareIsRead: from the kernel's files; what a machine does not tell, and a
// sensor that is off, leave nothing.
func TestHardwareIsRead(t *testing.T) {
	root := t.TempDir()
	if m := lookAtHardware(root); m.MemoryTotal != 0 || m.Celsius != 0 || m.System == "" {
		t.Errorf("of an empty folder it reads %+v", m)
	}
	for path, text := range map[string]string{
		"proc/meminfo":                          "MemTotal:        1000 kB\nMemFree:  1 kB\nMemAvailable:     250 kB\n",
		"proc/self/statm":                       "900 20 3 4 5 6 7\n",
		"sys/class/thermal/thermal_zone0/temp":  "48312\n",
		"sys/class/thermal/thermal_zone1/temp":  "0\n",
		"sys/class/hwmon/hwmon0/temp1_input":    "51900\n",
		"sys/class/hwmon/hwmon0/temp2_input":    "-274000\n",
		"sys/class/thermal/thermal_zone2/other": "99999\n",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := lookAtHardware(root)
	if m.MemoryTotal != 1000<<10 || m.MemoryFree != 250<<10 || m.Own != 20*int64(os.Getpagesize()) || m.Celsius != 51.9 {
		t.Errorf("it reads %+v", m)
	}
}

// TestLogbookKeepsADay: newest first, across a restart, by the site's clock, with
// half a line of a power cut left out, and bounded on disk.
func TestLogbookKeepsADay(t *testing.T) {
	dir, clock := t.TempDir(), storetest.NewClock()
	b := openLogbook(dir)
	log := b.over(slog.New(slog.NewTextHandler(io.Discard, nil)), clock)
	log.Info("of yesterday", "n", 1)
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"time":"2026-` + "\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	clock.Add(23 * time.Hour)
	b = openLogbook(dir)
	log = b.over(slog.New(slog.NewTextHandler(io.Discard, nil)), clock)
	log.Warn("of today", "cause", "a cable", "n", 2, "none", "")
	now, _ := clock.Now()
	lines, err := readLog(dir, now, 10)
	if err != nil || len(lines) != 2 || lines[0].What != "of today" || lines[0].Level != slog.LevelWarn || lines[0].Rest != "cause a cable · n 2" || !lines[0].At.Equal(now) {
		t.Fatalf("%v %+v", err, lines)
	}
	if lines, err = readLog(dir, now.Add(2*time.Hour), 10); err != nil || len(lines) != 1 {
		t.Errorf("two hours on: %v %+v", err, lines)
	}
	for i := range 6000 {
		log.Info(fmt.Sprint("line ", i), "filler", strings.Repeat("x", 200))
	}
	lines, err = readLog(dir, now, 3)
	if err != nil || len(lines) != 3 || lines[0].What != "line 5999" {
		t.Errorf("%v %+v", err, lines)
	}
	var size int64
	for _, name := range []string{"log", "log.old"} {
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		size += fi.Size()
	}
	if size > 2*logMost {
		t.Errorf("the log takes %d bytes", size)
	}
}

// TestPowerCutsAreCounted: of the days asked for, newest first, with the last moment
// known before each; the last stop in order is remembered across them.
func TestPowerCutsAreCounted(t *testing.T) {
	clock := storetest.NewClock()
	db := storetest.OpenAt(t, t.TempDir(), clock, Definitions(nil)...)
	r := &Running{DB: db, Clock: clock}
	began, _ := clock.Now()
	for i, clean := range []bool{true, false, true, false, false} {
		if err := r.noteStart(clean); err != nil {
			t.Fatal(err)
		}
		clock.Add(time.Duration(i+1) * 24 * time.Hour)
	}
	err := db.View(func(tx *store.Tx) error {
		list, clean, err := stops(tx, began.Add(36*time.Hour))
		if err != nil {
			return err
		}
		if len(list) != 2 || !list[0].At.After(list[1].At) || list[0].Last.IsZero() {
			t.Errorf("%d cuts: %+v", len(list), list)
		}
		if want := began.Add(24 * time.Hour); !clean.Equal(want) {
			t.Errorf("the last stop in order was at %v, not %v", clean, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
