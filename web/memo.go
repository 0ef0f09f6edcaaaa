package web

import (
	"container/list"
	"slices"
	"sync"

	"preau/store"
)

// memoMost bounds how many results are remembered; the one not asked for longest goes.
const memoMost = 512

// memos are results of reading that stay true until a collection changes.
type memos struct {
	mu    sync.Mutex
	byKey map[string]*list.Element
	order list.List // front: asked last
}

type memo struct {
	key      string
	mu       sync.Mutex // held while it is made: fifty who ask at once make it once
	made     bool
	versions []uint64
	value    any
}

// Remember is what read makes, made anew only when one of the collections has
// changed: for lists that would otherwise be read whole to show thirty lines. The
// key names the result and whom it is for. The value is shared by all who ask: it
// must hold nothing of the transaction and is never to be changed.
func Remember[T any](c *Ctx, tx *store.Tx, key string, collections []string, read func() (T, error)) (T, error) {
	versions := make([]uint64, len(collections))
	for i, name := range collections {
		c.reading(name)
		versions[i] = c.srv.known.of(tx, name)
	}
	m := c.srv.memos.find(key)
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.value.(T); ok && m.made && slices.Equal(m.versions, versions) {
		return v, nil
	}
	v, err := read()
	if err == nil && !tx.Writes() {
		m.made, m.versions, m.value = true, versions, v
	}
	return v, err
}

func (m *memos) find(key string) *memo {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.byKey[key]; ok {
		m.order.MoveToFront(e)
		return e.Value.(*memo)
	}
	if m.byKey == nil {
		m.byKey = map[string]*list.Element{}
	}
	if m.order.Len() >= memoMost {
		last := m.order.Back()
		delete(m.byKey, last.Value.(*memo).key)
		m.order.Remove(last)
	}
	n := &memo{key: key}
	m.byKey[key] = m.order.PushFront(n)
	return n
}
