package boxsync

import (
	"cmp"
	"fmt"
	"slices"

	"preau/store"
)

// smallBlob is the largest file of the small lane.
const smallBlob = 64 << 10

// lanesOf are the lanes in which files travel: sealed when nothing but sealed
// records name them, else by their size.
func lanesOf(db *store.DB, blobs ...store.Blob) (list []store.Lane, err error) {
	err = db.View(func(tx *store.Tx) error {
		for _, b := range blobs {
			rows, err := tx.Wanted(b.Hash)
			if err != nil {
				return err
			}
			lane := store.Bulk
			if b.Size <= smallBlob {
				lane = store.Small
			}
			sealed := len(rows) > 0
			for _, r := range rows {
				sealed = sealed && r.Lane == store.Sealed
			}
			if sealed {
				lane = store.Sealed
			}
			list = append(list, lane)
		}
		return nil
	})
	return list, err
}

// lacking is a file that is missing here, and the lane on which it comes.
type lacking struct {
	store.Blob
	lane store.Lane
}

// missing are the files that are missing of what the peer writes, the most
// pressing first, of one lane the smallest first. The list is kept until rows have
// come: to look for it goes through all that name files.
func (s *session) missing() ([]lacking, error) {
	s.mu.Lock()
	list, known := s.lacks, s.lacksKnown
	s.lacksKnown = true
	s.mu.Unlock()
	if known {
		return list, nil
	}
	var blobs []store.Blob
	var err error
	if s.from == "" {
		blobs, err = s.db.Missing()
	} else {
		var theirs []store.Origin
		if theirs, err = s.db.OriginsOf(s.from); err == nil {
			blobs, err = s.db.MissingOf(theirs)
		}
	}
	if err != nil {
		return nil, err
	}
	of, err := lanesOf(s.db, blobs...)
	if err != nil {
		return nil, err
	}
	list = nil
	for i, b := range blobs {
		list = append(list, lacking{b, of[i]})
	}
	slices.SortStableFunc(list, func(a, b lacking) int {
		return cmp.Or(cmp.Compare(a.lane, b.lane), cmp.Compare(a.Size, b.Size))
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lacks = list
	if s.from != "" {
		s.tellLacks()
	}
	return list, nil
}

// tellLacks has a box know what its office lacks of its files while a lane is
// shut: else they are asked for at once. Called under mu.
func (s *session) tellLacks() {
	if s.shut == 0 && s.told == "" {
		return
	}
	var sums [store.Sealed + 1]laneWaits
	for _, l := range s.lacks {
		sums[l.lane].Items++
		sums[l.lane].Bytes += l.Size
	}
	var w lanesWire
	for _, l := range lanes {
		if sums[l].Lane = l; sums[l].Items > 0 && s.shut.has(l) {
			w.Lacks = append(w.Lacks, sums[l])
		}
	}
	if told := fmt.Sprint(w.Lacks); told != s.told && len(s.replies) < 1024 {
		s.told = told
		s.replies = append(s.replies, func() error { return s.f.write(frameLanes, w) })
	}
}

// lookAgain has the missing files be looked for once more.
func (s *session) lookAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lacksKnown = false
}

// asked is a file that the peer asked for.
type asked struct {
	blobWire
	lane store.Lane
}

// tellLanes has the peer know which lanes wait, when that has changed.
func (s *session) tellLanes() error {
	if s.waits == nil {
		return nil
	}
	now, err := s.waits()
	if err != nil {
		return err
	}
	if !s.setShut(now) {
		return nil
	}
	return s.f.write(frameLanes, lanesWire{Shut: now})
}

func (s *session) gotLanes(body []byte) error {
	var w lanesWire
	if err := unmarshal(body, &w); err != nil {
		return err
	}
	if s.waits == nil {
		s.setShut(w.Shut)
	} else { // a box decides for itself
		s.lacked(w.Lacks)
	}
	return nil
}

// setShut shuts and opens lanes. Control and urgent stay open. What the peer
// asked for on a lane that is shut is put off, and it is told; what was put off
// on one that opens can be asked for again.
func (s *session) setShut(now laneSet) (changed bool) {
	now &^= 1<<store.Control | 1<<store.Urgent
	s.mu.Lock()
	was := s.shut
	s.shut, s.lacksKnown = now, s.lacksKnown && was == now
	if was&^now != 0 {
		s.refused = map[store.Hash]bool{}
	}
	for _, f := range s.fetching {
		f.putOff = f.putOff || now.has(f.lane)
	}
	var keep, off []asked
	for _, w := range s.wanted {
		if now.has(w.lane) {
			off = append(off, w)
		} else {
			keep = append(keep, w)
		}
	}
	s.wanted = keep
	s.mu.Unlock()
	for _, w := range off {
		s.reply(frameNoBlob, blobWire{Hash: w.Hash, How: w.How})
	}
	return was != now
}
