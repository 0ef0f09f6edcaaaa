package appliance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"preau/school"
	"preau/store"
)

const (
	usbCopiesKept = 3
	usbCopyEnd    = ".backup.age"
)

// usbCopyJob lays a backup, encrypted to the recovery key, onto the disk that is
// mounted at stick.path: in the small hours, like the copies beside the data. An
// empty mount point is left alone.
func usbCopyJob(every time.Duration) Job {
	return Job{Name: "usb copy", Every: copyLook, Run: func(_ context.Context, r *Running) error {
		dir := r.Config.Stick.Path
		if !mounted(dir) || r.DB.Newest().IsZero() {
			return nil
		}
		var site school.SiteInfo
		if err := r.DB.View(func(tx *store.Tx) (err error) { site, err = school.Site(tx); return err }); err != nil {
			return err
		}
		to, err := age.ParseX25519Recipient(site.Recovery)
		if err != nil {
			return nil // no recovery key yet: nobody could open it
		}
		name := "preau-" + Slug(site.Code) + "-"
		have, newest, err := usbCopies(dir, name)
		at := now(r.Clock)
		if err != nil || !copyDue(at, newest, every) {
			return err
		}
		path := filepath.Join(dir, name+at.UTC().Format(usbCopyTime)+usbCopyEnd)
		if err := writeWhole(path, func(w io.Writer) error { return r.DB.Backup(w, to) }); err != nil {
			return err
		}
		r.Log.Info("backup on the USB disk made", "path", path)
		for _, old := range have[:max(0, len(have)+1-usbCopiesKept)] {
			err = errors.Join(err, os.Remove(filepath.Join(dir, old)))
		}
		return err
	}}
}

const usbCopyTime = "20060102T150405Z"

// usbCopies are this site's backups on the disk, oldest first, and when the
// newest was made.
func usbCopies(dir, name string) (have []string, newest time.Time, err error) {
	list, err := os.ReadDir(dir)
	for _, e := range list {
		stamp, ok := strings.CutPrefix(e.Name(), name)
		if !ok {
			continue
		}
		if stamp, ok = strings.CutSuffix(stamp, usbCopyEnd); !ok {
			continue
		}
		if at, terr := time.Parse(usbCopyTime, stamp); terr == nil {
			have = append(have, e.Name())
			if at.After(newest) {
				newest = at
			}
		}
	}
	slices.Sort(have)
	return have, newest, err
}

// newestOn is the newest backup on a stick or disk; it refuses one that holds
// those of several sites, or none.
func newestOn(dir string) (string, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("%w: %w", store.ErrBackup, err)
	}
	newest, sites := map[string]string{}, []string(nil)
	for _, e := range list { // by name: of one site the newest comes last
		stem, ok := strings.CutSuffix(e.Name(), usbCopyEnd)
		i := strings.LastIndexByte(stem, '-')
		if !ok || i < 0 || !strings.HasPrefix(stem, "preau-") {
			continue
		}
		if newest[stem[:i]] == "" {
			sites = append(sites, stem[:i])
		}
		newest[stem[:i]] = filepath.Join(dir, e.Name())
	}
	switch len(sites) {
	case 0:
		return "", fmt.Errorf("%w: there is none in %s", store.ErrBackup, dir)
	case 1:
		return newest[sites[0]], nil
	}
	return "", fmt.Errorf("%w: %s holds those of several sites (%s): name the file", store.ErrBackup, dir, strings.Join(sites, ", "))
}
