package boxsync

import (
	"os"
	"path/filepath"
	"strings"

	"preau/store"
	"preau/store/storetest"
)

type simMemo struct {
	Text string     `cbor:"1,keyasint,omitempty"`
	File store.Blob `cbor:"2,keyasint,omitempty"`
}

func simDefine(name string, h store.Home) *store.Collection[simMemo] {
	return store.Define(store.Spec[simMemo]{
		Name: name, Home: h,
		LaneOf: func(m *simMemo) store.Lane {
			if strings.HasPrefix(m.Text, "u") {
				return store.Urgent
			}
			return store.Records
		},
		Blobs: func(m *simMemo) []store.Blob {
			if m.File.Size == 0 {
				return nil
			}
			return []store.Blob{m.File}
		},
	})
}

// simSite is a machine: its card, its clock, and the store while it runs.
type simSite struct {
	dir   string
	clock *storetest.Clock
	db    *store.DB
	old   []byte // an image of the card taken earlier
	left  []byte // the card at the moment of a crash
}

func (s *simSite) open() (err error) {
	s.db, err = store.Open(s.dir, store.Options{Collections: append(Collections(), simUp, simDown, simLocal), Clock: s.clock, Unsafe: true})
	return err
}

func (s *simSite) path() string { return filepath.Join(s.dir, store.FileName) }

// image is the card as a power cut now would leave it: while a view is open no
// page that it can see is written over.
func (s *simSite) image() (raw []byte) {
	_ = s.db.View(func(*store.Tx) (err error) { raw, err = os.ReadFile(s.path()); return err })
	return raw
}

// restart ends the program and starts it on the given card; nil: as it is.
func (s *simSite) restart(card []byte) error {
	if err := s.db.Close(); err != nil {
		return err
	}
	if card != nil {
		if err := os.WriteFile(s.path(), card, 0o600); err != nil {
			return err
		}
	}
	return s.open()
}

// putBack sets the database aside and goes on with the newest verified copy.
func (s *simSite) putBack() error {
	if err := s.db.Close(); err != nil {
		return err
	}
	_, err := store.SetAside(s.dir, s.clock.Time())
	if err == nil {
		_, _, err = store.PutBack(s.dir)
	}
	if err != nil {
		return err
	}
	return s.open()
}
