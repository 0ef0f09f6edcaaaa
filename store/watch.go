package store

import "sync"

type watchers struct {
	mu   sync.Mutex
	all  map[*watcher]bool
	done bool
}

type watcher struct {
	names map[string]bool // empty: any
	ch    chan struct{}
}

// Watch signals after a commit that touched one of the collections; without
// names, after any. Signals that nobody has taken yet become one. stop ends
// it; so does Close, which closes the channel.
func (db *DB) Watch(collections ...string) (changed <-chan struct{}, stop func()) {
	w := &watcher{names: map[string]bool{}, ch: make(chan struct{}, 1)}
	for _, c := range collections {
		w.names[c] = true
	}
	ws := &db.watch
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.done {
		close(w.ch)
		return w.ch, func() {}
	}
	if ws.all == nil {
		ws.all = map[*watcher]bool{}
	}
	ws.all[w] = true
	return w.ch, func() {
		ws.mu.Lock()
		defer ws.mu.Unlock()
		delete(ws.all, w)
	}
}

func (ws *watchers) changed(touched map[string]bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.all {
		hit := len(w.names) == 0
		for name := range w.names {
			hit = hit || touched[name]
		}
		if hit {
			select {
			case w.ch <- struct{}{}:
			default:
			}
		}
	}
}

func (ws *watchers) close() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.done = true
	for w := range ws.all {
		close(w.ch)
	}
	ws.all = nil
}
