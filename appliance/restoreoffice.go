package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"filippo.io/age"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
)

// restoring is the file that says that a folder is being filled from the office.
// While it is there the folder is no site.
const restoring = "restoring"

// restoreState is what a restore must know when it goes on.
type restoreState struct {
	Office string `json:"office"`
	School string `json:"school,omitempty"` // code; "" before the enrolment
	Root   []byte `json:"root,omitempty"`
}

// OfficeRestore says how a box is made anew from what the office keeps.
type OfficeRestore struct {
	Office   string            // HOST:PORT of the exchange
	Code     string            // the enrolment code that the office made for this school
	Identity io.Reader         // the recovery key, as it was printed
	Say      func(line string) // progress; may be nil
	Log      *slog.Logger      // may be nil
	Version  string
}

// OfficeRestored is what came back.
type OfficeRestored struct {
	Data   string `json:"data"`
	School string `json:"school"`
	Name   string `json:"name"`
	boxsync.Unsealed
	Key string `json:"key"` // what opened it: recovery or escrow
}

var (
	// ErrNoSealed says that the office keeps nothing of this school that could be opened.
	ErrNoSealed = errors.New("the office keeps no sealed data of this school: set this box up with preau init")
	// ErrHalf says that a restore was begun in a folder and is not done.
	ErrHalf = errors.New("a restore from the office was begun here and is not done: run the same preau restore again")
)

// halfRestored refuses a folder in which a restore has not come to its end.
func halfRestored(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, restoring)); err == nil {
		return fmt.Errorf("%s: %w", dir, ErrHalf)
	}
	return nil
}

// RestoreFromOffice makes a new box of a school whose box is lost: new keys, a
// new origin, and all that the office was ever acknowledged, opened with the
// recovery key. Cut off at any point it goes on when it is called again. It
// refuses a folder that holds anything else (store.ErrNotEmpty).
func RestoreFromOffice(ctx context.Context, cfg Config, modules []Module, o OfficeRestore) (done OfficeRestored, err error) {
	dir := cfg.Data
	if pid := store.Holder(dir); pid != 0 {
		return done, fmt.Errorf("%w: %s is held by process %d; stop it first", store.ErrLocked, dir, pid)
	}
	if o.Say == nil {
		o.Say = func(string) {}
	}
	ids, err := age.ParseIdentities(io.LimitReader(o.Identity, 1<<16))
	if err != nil {
		return done, fmt.Errorf("%w: this is no recovery key: it begins with AGE-SECRET-KEY-1", boxsync.ErrSealedKey)
	}
	state, err := beginRestore(dir, o.Office)
	if err != nil {
		return done, err
	}
	db, err := store.Open(dir, store.Options{Collections: Definitions(modules), Clock: NewClock(ClockOptions{}), Log: o.Log})
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	key, err := boxsync.LoadKey(dir)
	if err != nil {
		return done, err
	}
	if state.School == "" {
		o.Say("meeting the office")
		e, err := boxsync.Enrol(ctx, boxsync.EnrolOptions{DB: db, Key: key, Addr: o.Office, Code: o.Code})
		if err != nil {
			return done, err
		}
		state.School, state.Root = e.School.Code, e.Root
		if err := state.write(dir); err != nil {
			return done, err
		}
	}
	engine := boxsync.NewEngine(boxsync.EngineOptions{DB: db, Key: key, Site: state.School, Build: o.Version, Log: o.Log, Addr: func() string { return o.Office }})
	if err := fetchAll(ctx, db, engine, o.Say); err != nil {
		return done, err
	}
	done.Unsealed, err = boxsync.Unseal(ctx, db, ids, func(n, of int) { o.Say(fmt.Sprintf("opened segment %d of %d", n, of)) })
	if err != nil {
		return done, err
	}
	if done.Segments == 0 {
		return done, ErrNoSealed
	}
	if err := putKeys(dir, done.Keys); err != nil {
		return done, err
	}
	done.Data, done.School = dir, state.School
	if done.Name, done.Key, err = settleRestored(db, ids, state); err != nil {
		return done, err
	}
	return done, os.Remove(filepath.Join(dir, restoring))
}

// beginRestore marks an empty folder, or reads the mark of a restore that goes on.
func beginRestore(dir, office string) (s restoreState, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, restoring))
	if err == nil {
		if err := json.Unmarshal(raw, &s); err != nil {
			return s, fmt.Errorf("%s: %w", filepath.Join(dir, restoring), err)
		}
		return s, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return s, err
	}
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return s, fmt.Errorf("%w: %s", store.ErrNotEmpty, dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return s, err
	}
	s.Office = office
	return s, s.write(dir)
}

func (s restoreState) write(dir string) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, restoring), func(w io.Writer) error { _, err := w.Write(raw); return err })
}

// fetchAll exchanges until the office has nothing left to give. A link that is
// cut is tried again while it brings anything.
func fetchAll(ctx context.Context, db *store.DB, engine *boxsync.Engine, say func(string)) error {
	const patience = 5
	idle := 0
	for before := int64(-1); ; {
		rep, err := engine.Once(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		missing, merr := db.Missing()
		if merr != nil {
			return merr
		}
		rest := int64(0)
		for _, b := range missing {
			rest += b.Size
		}
		say(fmt.Sprintf("received %d records; %d files are still to come, %s", rep.Received, len(missing), FormatSize("en", rest)))
		if err == nil && len(missing) == 0 {
			return nil
		}
		if idle++; rest != before || rep.Received > 0 {
			idle, before = 0, rest
		}
		if idle >= patience && err == nil {
			// What others name too is not given back by the office: the data come first.
			say(fmt.Sprintf("the office does not give back %d files; the records go on without them", len(missing)))
			return nil
		}
		if idle >= patience {
			return errors.Join(err, errors.New("the office does not give the rest now; run the same command again to go on"))
		}
		if err != nil {
			t := time.NewTimer(time.Second)
			select {
			case <-ctx.Done():
				t.Stop()
				return context.Cause(ctx)
			case <-t.C:
			}
		}
	}
}

// settleRestored takes over the root key that the enrolment pinned and notes who
// opened the data: the school's own key or the ministry's escrow. The head reads
// it in the audit log.
func settleRestored(db *store.DB, ids []age.Identity, state restoreState) (name, opened string, err error) {
	err = db.Update(func(tx *store.Tx) error {
		s, err := school.Site(tx)
		if err != nil {
			return err
		}
		escrow, err := boxsync.EscrowOf(tx)
		if err != nil {
			return err
		}
		opened = "escrow"
		by := "" // the public half: the head learns which of the escrow's keys it was
		for _, id := range ids {
			x, ok := id.(*age.X25519Identity)
			if !ok {
				continue
			}
			switch to := x.Recipient().String(); {
			case to == s.Recovery:
				opened, by = "recovery", to
			case opened == "escrow" && (by == "" || slices.Contains(escrow, to)):
				by = to
			}
		}
		name = s.Name
		if string(s.Root) != string(state.Root) {
			s.Root = state.Root
			if err := school.SetSite(tx, s); err != nil {
				return err
			}
		}
		return school.Audit(tx, school.Actor{}, "site.restored", store.ID{}, nil, map[string]string{"from": state.Office, "opened": opened, "key": by})
	})
	return name, opened, err
}

// OfficeRestoreRefused tells whether RestoreFromOffice refused what it was given.
func OfficeRestoreRefused(err error) bool {
	for _, no := range []error{store.ErrNotEmpty, boxsync.ErrCode, boxsync.ErrImpostor, boxsync.ErrSealedKey, boxsync.ErrSealed, ErrNoSealed} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}
