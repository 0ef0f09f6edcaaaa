package boxsync

import (
	"errors"
	"os"

	"preau/store"
)

// LaneState is what a lane costs and what waits on it.
type LaneState struct {
	LaneUse
	ToSend Waits // records that the office has not confirmed
	Lacked Waits // files that the office said it lacks, when it was last heard
	ToCome Waits // files that records here name and that have not come; what has come of them is taken off
}

// Waits counts records or files, and their bytes.
type Waits struct {
	Items int
	Bytes int64
}

// Lanes tells where each lane stands, the most pressing first. It looks for
// missing files: for a page that somebody asks for, not for every page.
func (e *Engine) Lanes() ([]LaneState, error) {
	use, err := e.led.use()
	if err != nil {
		return nil, err
	}
	var list []LaneState
	at := map[store.Lane]*LaneState{}
	for _, u := range use {
		list = append(list, LaneState{LaneUse: u})
	}
	for i := range list {
		at[list[i].Lane] = &list[i]
	}
	waiting, err := e.waiting()
	if err != nil {
		return nil, err
	}
	for _, w := range waiting {
		at[w.Lane].ToSend = Waits{w.Records, w.Bytes}
	}
	e.mu.Lock()
	for _, w := range e.lacks {
		if l := at[w.Lane]; l != nil {
			l.Lacked = Waits{w.Items, w.Bytes}
		}
	}
	e.mu.Unlock()
	missing, err := e.o.DB.Missing()
	if err != nil {
		return nil, err
	}
	of, err := lanesOf(e.o.DB, missing...)
	if err != nil {
		return nil, err
	}
	for i, b := range missing {
		begun, err := begunOf(e.o.DB, b.Hash)
		if err != nil {
			return nil, err
		}
		at[of[i]].ToCome.Items++
		at[of[i]].ToCome.Bytes += max(0, b.Size-begun)
	}
	return list, nil
}

// begunOf is how much of a file has arrived.
func begunOf(db *store.DB, name store.Hash) (int64, error) {
	f, err := db.Kept(name)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return fi.Size(), nil
}
