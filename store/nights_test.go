package store_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"preau/store"
	"preau/store/storetest"
)

// nightKey opens the backups of the crash test, and nothing else.
const nightKey = "AGE-SECRET-KEY-1J40NVXPX29Y2AEC4WLR4K6S693KPJD0X9PGJNKWMFLHSWMXH87GQKPTS5A"

func nightIdentity() *age.X25519Identity {
	id, err := age.ParseX25519Identity(nightKey)
	if err != nil {
		panic(err)
	}
	return id
}

// actNights is the actor whose DIR/data is a backup disk: the site lies elsewhere.
// After each night it prints the backups that must be on it.
func actNights(root, aside string) {
	a := &actor{dir: filepath.Join(root, "data")}
	a.must(os.Mkdir(a.dir, 0o700))
	above, err := os.Open(root) // where a disk is mounted was there before
	a.must(err)
	a.must(above.Sync())
	clock := storetest.NewClock()
	db, err := store.Open(aside, store.Options{Collections: all, Clock: clock})
	a.must(err)
	mark := func() {
		_, err = os.Stdout.WriteString("mark\n" + strings.Join(backupsIn(a.dir), "\n"))
		a.must(err)
	}
	mark()
	disk, before := store.BackupDisk{Dir: a.dir, Site: "x", Keep: 2}, ""
	a.must(db.Update(func(tx *store.Tx) error { _, err := locals.Add(tx, note{Title: "saved"}); return err }))
	for i := range 4 {
		// Half of each night's file is the one before's: packs live on, die, move.
		h, _, err := db.PutBlob(bytes.NewReader(append(noise(20, 80_000), noise(uint64(21+i), 150_000)...)), 1<<20)
		a.must(err)
		if before != "" {
			a.must(os.Remove(before))
		}
		before = filepath.Join(aside, "blobs", h.String()[:2], h.String())
		clock.Add(24 * time.Hour)
		_, err = db.BackupOnto(context.Background(), disk, nightIdentity().Recipient())
		a.must(err)
		mark()
	}
	a.must(db.Close())
}

func backupsIn(dir string) (names []string) {
	list, _ := filepath.Glob(filepath.Join(dir, "*.backup.age"))
	for _, path := range list {
		names = append(names, filepath.Base(path))
	}
	return names
}

// lookAtNights restores every backup that a state of the disk holds; those that
// stand before and after the night under way must be among them.
func (r *replay) lookAtNights(dir string, im image, _ bool) error {
	have, i := backupsIn(dir), r.answers(im.at)
	then := strings.Fields(r.disk.marks[min(i+1, len(r.disk.marks)-1)].text)
	for _, name := range strings.Fields(r.disk.marks[i].text) {
		if slices.Contains(then, name) && !slices.Contains(have, name) {
			return fmt.Errorf("%s is gone", name)
		}
	}
	to := dir + "-restored"
	for _, name := range have {
		err := store.RestoreFile(to, filepath.Join(dir, name), nil, nightIdentity())
		if err != nil {
			return err
		}
		if err := os.RemoveAll(to); err != nil {
			return err
		}
	}
	return nil
}

// nightSyncs are the barriers that a backup disk depends on.
var nightSyncs = []barrier{
	{"a pack's bytes", "nights", func(f *node, _ bool) bool { return strings.HasPrefix(f.first, "data/preau-x-files/.new-") }},
	{"the packs' folder", "nights", func(f *node, _ bool) bool { return f.first == "data/preau-x-files" }},
	{"the disk's folder", "nights", func(f *node, _ bool) bool { return f.first == "data" }},
}

// TestEveryCrashStateOfABackupDiskIsSafe records four nights, and restores what the
// disk may hold after a power cut at every step. Without any one kind of sync the
// same replay must find what is not safe.
func TestEveryCrashStateOfABackupDiskIsSafe(t *testing.T) {
	root := memory(t)
	trace := record(t, root, "nights")
	r, died := replayStates(t, root, trace, "", storetest.Total("crash states of a backup disk", 400, 20_000))
	if died != "" || len(r.Bad) > 0 || r.Answers != 5 {
		t.Errorf("%d states, %d answers, %d bad: %.600v %s", r.States, r.Answers, len(r.Bad), r.Bad, died)
	}
	storetest.Record(t, "crash states of a backup disk", r.States, map[string]any{"bad": len(r.Bad), "seconds": r.Seconds})
	for _, lost := range nightSyncs {
		if r, died := replayStates(t, root, trace, lost.kind, 150); died == "" && len(r.Bad) == 0 {
			t.Errorf("without the sync of %s: %d states, and nobody misses it", lost.kind, r.States)
		}
	}
}
