package boxsync

import (
	"errors"

	"preau/store"
)

// bill divides what crosses one connection among the lanes. A frame's share of
// a compressed stream cannot be told exactly: what leaves together is divided by
// what went in, so that the sum is the line's, to the byte.
type bill struct {
	l *ledger
	m *meter

	put, got shares // what lanes put in, and got, since it was last counted
	out, in  int64  // counted
	lying    int64  // of in: come, and not yet divided among the lanes
}

// shares are bytes before compression, by lane.
type shares [store.Sealed + 1]int64

// divide gives each lane its part of n bytes; what nobody put in is control's.
func (s *shares) divide(n int64, add func(lane store.Lane, n int64) error) error {
	sum := int64(0)
	for _, k := range s {
		sum += k
	}
	rest := n
	for lane := store.Urgent; lane <= store.Sealed; lane++ {
		if s[lane] == 0 {
			continue
		}
		part := n * s[lane] / sum
		rest -= part
		if err := add(lane, part); err != nil {
			return err
		}
	}
	*s = shares{}
	return add(store.Control, rest)
}

// puts notes what a lane put into the stream. The writer's.
func (b *bill) puts(lane store.Lane, n int) {
	if b != nil {
		b.put[lane] += int64(n)
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
	return b.put.divide(n, func(lane store.Lane, n int64) error { return b.l.add(lane, n, 0) })
}

// came notes a frame of a lane, and counts what had come before it when more has:
// frames that came together lie in what was read with the first of them. The
// reader's.
func (b *bill) came(lane store.Lane, n int) error {
	if b == nil {
		return nil
	}
	if more := b.m.in.Load() - b.in; more > 0 {
		if err := b.taken(); err != nil {
			return err
		}
		b.in += more
		b.lying = more
	}
	b.got[lane] += int64(n)
	return nil
}

// taken counts all that has come. The reader's.
func (b *bill) taken() error {
	if b == nil || b.lying == 0 {
		return nil
	}
	n := b.lying
	b.lying = 0
	return b.got.divide(n, func(lane store.Lane, n int64) error { return b.l.add(lane, 0, n) })
}

// items counts records and files of a lane.
func (b *bill) items(lane store.Lane, left, came int) {
	if b != nil && left+came > 0 {
		b.l.items(lane, left, came)
	}
}

// close counts the rest and writes it down: neither writer nor reader runs.
func (b *bill) close() error {
	if err := b.left(); err != nil {
		return err
	}
	if err := errors.Join(b.taken(), b.came(store.Control, 1), b.taken()); err != nil {
		return err
	}
	return b.l.settle()
}
