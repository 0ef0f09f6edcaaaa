package boxsync

import (
	"context"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// After a power cut of the whole country thousands of boxes call at once. The
// lobby lets in as many as the office serves at the same moment. Who comes to a
// full house takes the place of a box that has nothing left to say, or of one
// that moved files for a long time; else it is told when to come back, and these
// times lie apart by what the office gets done. Whose time has come finds one of
// the places that are kept for that, so nobody is refused for ever.
type lobby struct {
	most int

	mu    sync.Mutex
	in    map[*guest]bool
	turns map[string]time.Time // of those that were refused: when they come back, by site
	swept time.Time            // when turns that nobody took were last dropped
	stuck time.Time            // when nobody was found who could make room
	rest  time.Time            // the next time to come back for who made room
	took  time.Duration        // by a session while it was busy, on average
}

// guest is a session that was let in.
type guest struct {
	site   string
	since  time.Time
	idle   func() (since time.Time, ok bool) // it has nothing left to say since then
	depart func(reason string, back time.Duration)
}

const (
	// idleFrom is how long a session that has nothing to say keeps its place all the same.
	idleFrom = time.Second
	// longFrom is when a session that is still busy makes room for others: what it
	// moved is kept, and it goes on in its next turn.
	longFrom = 10 * time.Minute
	// soonest is the shortest time after which a box is called back.
	soonest = 2 * time.Second
	// restPace lies between the returns of those that made room: they have nothing
	// to say, and asking costs a handshake.
	restPace = 100 * time.Millisecond
	// lookPace is how often a full house is searched for who could make room.
	lookPace = 200 * time.Millisecond
	// lateBy is how long a turn stands for who comes late.
	lateBy = 2 * time.Minute
	// firstGuess is how long a session is thought to be busy before any was seen.
	firstGuess = 15 * time.Second
)

func newLobby(most int) *lobby {
	return &lobby{most: most, in: map[*guest]bool{}, turns: map[string]time.Time{}, took: firstGuess}
}

// away tells who calls before anything is read of it that there is no place for it,
// and when to come back.
func (l *lobby) away(site string) (back time.Duration, full bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	room := func() bool { idlest, _, oldest := l.whoGoes(now); return idlest != nil || oldest != nil }
	return l.turnAway(now, site, room)
}

// enter lets a guest in, or tells when to come back.
func (l *lobby) enter(g *guest) (back time.Duration, in bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if back, full := l.turnAway(now, g.site, func() bool { return l.makeRoom(now) }); full {
		return back, false
	}
	delete(l.turns, g.site)
	g.since = now
	l.in[g] = true
	return 0, true
}

func (l *lobby) turnAway(now time.Time, site string, room func() bool) (back time.Duration, full bool) {
	if len(l.in) < l.most || room() {
		return 0, false
	}
	turn, promised := l.turns[site]
	promised = promised && !now.Before(turn.Add(-soonest))
	if promised && len(l.in) < l.most+l.kept() {
		return 0, false
	}
	return l.refuse(now, site, promised), true
}

// kept is how many places more there are for those whose time has come.
func (l *lobby) kept() int { return max(1, l.most/8) }

// whoGoes is who has been idle longest, and who has been busy for longest and long.
func (l *lobby) whoGoes(now time.Time) (idlest *guest, since time.Time, oldest *guest) {
	if now.Sub(l.stuck) < lookPace {
		return nil, since, nil
	}
	for g := range l.in {
		if at, ok := g.idle(); ok && now.Sub(at) >= idleFrom && (idlest == nil || at.Before(since)) {
			idlest, since = g, at
		}
		if now.Sub(g.since) >= longFrom && (oldest == nil || g.since.Before(oldest.since)) {
			oldest = g
		}
	}
	if idlest == nil && oldest == nil {
		l.stuck = now
	}
	return idlest, since, oldest
}

// makeRoom sends away who has been idle longest, or else who has been busy for
// longest and long.
func (l *lobby) makeRoom(now time.Time) bool {
	idlest, since, oldest := l.whoGoes(now)
	switch {
	case idlest != nil:
		l.out(idlest, since)
		l.rest = later(l.rest, now.Add(time.Minute)).Add(restPace)
		go idlest.depart("turn", bounded(l.rest.Sub(now)))
	case oldest != nil:
		l.out(oldest, now)
		go oldest.depart("turn", l.refuse(now, oldest.site, false))
	default:
		return false
	}
	return true
}

// refuse tells when to come back: when all that were refused before have had
// their turn. Who came in its turn and found no place was told too early: it
// goes before the others, and these are told to come less quickly.
func (l *lobby) refuse(now time.Time, site string, promised bool) time.Duration {
	if now.Sub(l.swept) > 10*time.Second {
		l.swept = now
		for s, t := range l.turns {
			if now.Sub(t) > lateBy {
				delete(l.turns, s)
			}
		}
	}
	queue := time.Duration(len(l.turns)+1) * l.took / time.Duration(l.most)
	back := soonest + queue
	switch turn, ok := l.turns[site]; {
	case promised:
		l.took = min(l.took+l.took/128, longFrom)
		back = soonest + rand.N(queue/2+soonest)
	case ok && turn.After(now): // it called before its time
		return max(soonest, turn.Sub(now))
	}
	back = bounded(back)
	l.turns[site] = now.Add(back)
	return back
}

// leave gives the place back.
func (l *lobby) leave(g *guest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.in[g] {
		return // it made room
	}
	end := time.Now()
	if at, ok := g.idle(); ok {
		end = at
	}
	l.out(g, end)
}

// out takes a guest's place away; it was busy until then.
func (l *lobby) out(g *guest, busy time.Time) {
	delete(l.in, g)
	l.took += (max(busy.Sub(g.since), time.Millisecond) - l.took) / 64
}

// served is how many are in.
func (l *lobby) served() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.in)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// bounded keeps a time to come back, with the eighth that a box adds, below the
// longest pause of a box; who would come later is spread over its last third.
func bounded(d time.Duration) time.Duration {
	const most = lastBack * 8 / 9
	if d > most {
		return most - rand.N(most/3)
	}
	return d
}

// returnMemory returns memory to the system when many sessions have let their
// compressors go: an office in which nothing happens collects its garbage every few
// minutes only, and what is pooled outlives one collection.
func (h *Hub) returnMemory(ctx context.Context) {
	const many = 256
	t := time.NewTicker(crowdRestAfter)
	defer t.Stop()
	for most := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			now := h.z.inUse.Load()
			if most = max(most, now); most-now >= many {
				most = now
				for range 3 {
					runtime.GC() // each may halve the stacks, which the handshakes made large
				}
				debug.FreeOSMemory()
			}
		}
	}
}
