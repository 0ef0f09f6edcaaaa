package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	backupTime = "20060102T150405Z"
	backupEnd  = ".backup.age"
)

// BackupDisk is a disk that takes a site's backups: preau-SITE-TIME.backup.age,
// and the packs in preau-SITE-files.
type BackupDisk struct {
	Dir  string // where it is mounted
	Site string // a-z, 0-9 and -
	Keep int    // how many backups stay
}

func (d BackupDisk) stem() string   { return "preau-" + d.Site + "-" }
func (d BackupDisk) folder() string { return filepath.Join(d.Dir, d.stem()+"files") }

// Newest says when the newest backup on it was made; zero when there is none.
func (d BackupDisk) Newest() (time.Time, error) {
	have, err := d.backups()
	if err != nil || len(have) == 0 {
		return time.Time{}, err
	}
	return time.Parse(backupTime, d.stamp(have[len(have)-1]))
}

// stamp is the time in a backup's name.
func (d BackupDisk) stamp(name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(name, d.stem()), backupEnd)
}

// backups are the names of the site's backups, oldest first.
func (d BackupDisk) backups() (have []string, err error) {
	list, err := os.ReadDir(d.Dir)
	if err != nil {
		return nil, fmt.Errorf("store: backups: %w", err)
	}
	for _, e := range list {
		if !strings.HasPrefix(e.Name(), d.stem()) || !strings.HasSuffix(e.Name(), backupEnd) {
			continue
		}
		if _, err := time.Parse(backupTime, d.stamp(e.Name())); err == nil {
			have = append(have, e.Name())
		}
	}
	slices.Sort(have)
	return have, nil
}

// next is the name of a new backup, which comes after all others even when the
// clock went back, and the time in it.
func (d BackupDisk) next(db *DB) (name, stamp string, err error) {
	newest, err := d.Newest()
	at, _ := db.clock.Now()
	if at = at.UTC(); !at.After(newest.Add(time.Second)) {
		at = newest.Add(time.Second)
	}
	stamp = at.Format(backupTime)
	return d.stem() + stamp + backupEnd, stamp, err
}

// tidy removes the oldest backups, and the packs that no other needs. While one of
// those that stay does not say what it needs, no pack goes.
func (d BackupDisk) tidy(made string) (err error) {
	have, err := d.backups()
	if err != nil {
		return err
	}
	old := have[:max(0, len(have)-d.Keep)]
	for _, name := range old {
		err = errors.Join(err, os.Remove(filepath.Join(d.Dir, name)))
	}
	if err = errors.Join(err, syncDir(d.Dir)); err != nil {
		return err
	}
	keep, sure := map[string]bool{}, true
	for _, name := range have[len(old):] {
		keep[d.stamp(name)+needsEnd] = true
		packs, whole := readNeeds(d.folder(), d.stamp(name))
		sure = sure && whole
		for _, k := range packs {
			keep[k+packEnd], keep[k+indexEnd] = true, true
		}
	}
	list, err := os.ReadDir(d.folder())
	for _, e := range list {
		switch end := filepath.Ext(e.Name()); {
		case keep[e.Name()]:
		case end == needsEnd, sure && (end == packEnd || end == indexEnd):
			err = errors.Join(err, os.Remove(filepath.Join(d.folder(), e.Name())))
		}
	}
	return err
}

// NewestBackup is the newest backup on a disk, and how many there are; it refuses
// one that holds those of several sites, or none.
func NewestBackup(dir string) (path string, n int, err error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return "", 0, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	sites := []string(nil)
	for _, e := range list { // by name: of one site the newest comes last
		stem, ok := strings.CutSuffix(e.Name(), backupEnd)
		i := strings.LastIndexByte(stem, '-')
		if !ok || i < 0 || !strings.HasPrefix(stem, "preau-") {
			continue
		}
		if !slices.Contains(sites, stem[:i]) {
			sites = append(sites, stem[:i])
		}
		path, n = filepath.Join(dir, e.Name()), n+1
	}
	switch len(sites) {
	case 0:
		return "", 0, fmt.Errorf("%w: there is none in %s", ErrBackup, dir)
	case 1:
		return path, n, nil
	}
	return "", 0, fmt.Errorf("%w: %s holds those of several sites (%s): name the file", ErrBackup, dir, strings.Join(sites, ", "))
}
