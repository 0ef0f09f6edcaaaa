package appliance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"preau/school"
	"preau/store"
)

// backupCommand writes a backup to standard output, encrypted to the flag
// "recipient" or the site's recovery key, unless "plain".
func backupCommand(_ context.Context, r *Running, call Call) (int, error) {
	if call.Flags["plain"] == "true" {
		return Done, r.DB.Backup(call.Stdout)
	}
	to := call.Flags["recipient"]
	if to == "" {
		err := r.DB.View(func(tx *store.Tx) error {
			s, err := school.Site(tx)
			to = s.Recovery
			return err
		})
		if err != nil {
			return Failed, err
		}
	}
	if to == "" {
		return Refused, errors.New("this site has no recovery key: name a --recipient, or say --plain")
	}
	recipient, err := age.ParseX25519Recipient(to)
	if err != nil {
		return Usage, fmt.Errorf("recipient: %w", err)
	}
	return Done, r.DB.Backup(call.Stdout, recipient)
}

// RestoreOptions say from what a folder is restored: From a backup (its packs
// beside it, when it has any), or the newest on the disk that is mounted there,
// with the file that holds the recovery key when it is encrypted, or else from
// the newest verified copy of the folder itself.
type RestoreOptions struct {
	From, Identity string
	Copy           bool
	Say            func(line string) // how far it is; nil says nothing
}

// Restore fills a folder that nobody holds. It refuses, and changes nothing, when
// the backup is not whole and ours to open.
func Restore(dir string, o RestoreOptions) (done string, err error) {
	if pid := store.Holder(dir); pid != 0 {
		return "", fmt.Errorf("%w: %s is held by process %d; stop it first", store.ErrLocked, dir, pid)
	}
	if o.Copy {
		path, at, err := store.PutBack(dir)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s is in place again: what was written after %s is not in it", path, at.Format(time.RFC3339)), nil
	}
	ids, err := identities(o.Identity)
	if err != nil {
		return "", err
	}
	others := 0
	if fi, err := os.Stat(o.From); err == nil && fi.IsDir() {
		if o.From, others, err = store.NewestBackup(o.From); err != nil {
			return "", err
		}
		others--
	}
	err = store.RestoreFile(dir, o.From, func(done, of int64) {
		if o.Say != nil {
			o.Say(fmt.Sprintf("files: %d of %d MB read", done>>20, of>>20))
		}
	}, ids...)
	if errors.Is(err, store.ErrBackup) && others > 0 {
		err = fmt.Errorf("%w; that was the newest backup there (%s): name an earlier file with --from", err, filepath.Base(o.From))
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is restored into %s; enrol it again before it exchanges", o.From, dir), nil
}

// RestoreRefused tells whether Restore refused its input.
func RestoreRefused(err error) bool {
	return errors.Is(err, store.ErrBackup) || errors.Is(err, store.ErrNotEmpty) || errors.Is(err, store.ErrNotFound)
}

func identities(path string) ([]age.Identity, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrBackup, err)
	}
	defer f.Close()
	ids, err := age.ParseIdentities(io.LimitReader(f, 1<<16))
	if err != nil {
		return nil, fmt.Errorf("%w: %s holds no recovery key", store.ErrBackup, path)
	}
	return ids, nil
}

// The hours of the night in which a copy disturbs nobody.
const (
	nightFrom = 1
	nightTo   = 5
	// copyLook is how often the job asks whether a copy is due.
	copyLook = 20 * time.Minute
)

// copyJob keeps the verified copies in DIR/copies: one every so often, in the
// small hours when the machine is on then, and by day when it never is.
func copyJob(every time.Duration) Job {
	return Job{Name: "copy", Every: copyLook, Run: func(_ context.Context, r *Running) error {
		_, newest, err := store.NewestCopy(r.Dir)
		if err != nil {
			return err
		}
		if !copyDue(now(r.Clock), newest, every) || r.DB.Newest().IsZero() {
			return nil
		}
		path, err := r.DB.CopyVerified()
		if err == nil {
			r.Log.Info("verified copy made", "path", path)
		}
		return err
	}}
}

// sweepJob removes attachments that no record names any more.
var sweepJob = Job{Name: "sweep", Every: 2 * time.Hour, Run: func(_ context.Context, r *Running) error {
	n, bytes, err := r.DB.SweepBlobs()
	if n > 0 {
		r.Log.Info("attachments that nothing names were removed", "n", n, "bytes", bytes)
	}
	return err
}}

// copyDue tells whether a copy is to be made now: half an interval before its
// time at night, half an interval late by day.
func copyDue(at, newest time.Time, every time.Duration) bool {
	old := at.Sub(newest)
	switch {
	case newest.IsZero(), old >= every+every/2, old < 0:
		return true
	case every < 24*time.Hour:
		return old >= every
	}
	night := at.Hour() >= nightFrom && at.Hour() < nightTo
	return night && old >= every/2
}
