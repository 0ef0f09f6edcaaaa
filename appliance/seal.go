package appliance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// sealLook is how often the job asks whether something is to be sealed.
const sealLook = 5 * time.Minute

// sealJob seals what the school has written since the last time, so that the
// office keeps it unread (docs/SYNC.md, Sealed).
func sealJob(every time.Duration) Job {
	return Job{Name: "seal", At: []web.Kind{web.Box}, Every: min(every, sealLook), Run: func(ctx context.Context, r *Running) error {
		var last time.Time
		err := r.DB.View(func(tx *store.Tx) error {
			list, err := boxsync.Segments(tx)
			for _, s := range list {
				if s.Time.After(last) {
					last = s.Time
				}
			}
			return err
		})
		if at := now(r.Clock); err != nil || at.Sub(last) < every && !at.Before(last) {
			return err
		}
		_, err = r.seal(ctx)
		return err
	}}
}

// seal seals what is in no segment yet. A box that no office keeps anything for,
// or that has no recovery key yet, seals nothing.
func (r *Running) seal(ctx context.Context) (n int, err error) {
	var site school.SiteInfo
	err = r.DB.View(func(tx *store.Tx) error {
		if _, err := boxsync.Office(tx); err != nil {
			return err
		}
		site, err = school.Site(tx)
		return err
	})
	if errors.Is(err, boxsync.ErrNotEnrolled) || err == nil && site.Recovery == "" {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	key, err := boxsync.LoadKey(r.Dir)
	if err != nil {
		return 0, err
	}
	s := &boxsync.Sealer{DB: r.DB, Key: key, Recovery: site.Recovery, Keys: func() (map[string][]byte, error) { return keysOf(r.Dir) }}
	n, err = s.Seal(ctx)
	if n > 0 {
		r.Log.Info("sealed", "segments", n)
	}
	return n, err
}

// notSealed are the keys that belong to one box alone.
var notSealed = map[string]bool{"exchange.key": true, "store.key": true}

// keysOf are the files of DIR/keys that go with the data: without the pepper no
// PIN would fit any more.
func keysOf(dir string) (map[string][]byte, error) {
	list, err := os.ReadDir(filepath.Join(dir, "keys"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	keys := map[string][]byte{}
	for _, e := range list {
		if !e.Type().IsRegular() || notSealed[e.Name()] {
			continue
		}
		raw, rerr := os.ReadFile(filepath.Join(dir, "keys", e.Name()))
		if err = errors.Join(err, rerr); len(raw) <= 64<<10 {
			keys[e.Name()] = raw
		}
	}
	return keys, err
}

// putKeys writes keys that came back.
func putKeys(dir string, keys map[string][]byte) error {
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o700); err != nil {
		return err
	}
	for name, raw := range keys {
		if name != filepath.Base(name) || name[0] == '.' || notSealed[name] {
			return fmt.Errorf("%w: the name of a key", boxsync.ErrSealed)
		}
		if err := writeWhole(filepath.Join(dir, "keys", name), func(w io.Writer) error { _, err := w.Write(raw); return err }); err != nil {
			return err
		}
	}
	return nil
}
