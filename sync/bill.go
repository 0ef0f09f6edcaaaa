package boxsync

import "preau/store"

// bill divides what crosses one connection among the lanes. A frame's share of
// a compressed stream cannot be told exactly: what leaves together is divided by
// what went in, so that the sum is the line's, to the byte.
type bill struct {
	l *ledger
	m *meter

	shares  [store.Sealed + 1]int64 // what went in since; the writer's
	in, out int64                   // counted
}

// puts notes what a lane put into the stream. The writer's.
func (b *bill) puts(lane store.Lane, n int) {
	if b != nil {
		b.shares[lane] += int64(n)
	}
}

// left counts what has left. The writer's.
func (b *bill) left() error {
	if b == nil {
		return nil
	}
	n := b.m.out.Load() - b.out
	if n == 0 {
		return nil
	}
	b.out += n
	sum := int64(0)
	for _, k := range b.shares {
		sum += k
	}
	rest := n
	for lane := store.Urgent; lane <= store.Sealed; lane++ {
		if b.shares[lane] == 0 {
			continue
		}
		part := n * b.shares[lane] / sum
		rest -= part
		if err := b.l.add(lane, part, 0); err != nil {
			return err
		}
	}
	b.shares = [store.Sealed + 1]int64{}
	return b.l.add(store.Control, rest, 0)
}

// came counts what has come up to a frame of a lane. The reader's.
func (b *bill) came(lane store.Lane) error {
	if b == nil {
		return nil
	}
	n := b.m.in.Load() - b.in
	if n == 0 {
		return nil
	}
	b.in += n
	return b.l.add(lane, 0, n)
}

// close counts the rest and writes it down: neither writer nor reader runs.
func (b *bill) close() error {
	if err := b.left(); err != nil {
		return err
	}
	if err := b.came(store.Control); err != nil {
		return err
	}
	return b.l.settle()
}
