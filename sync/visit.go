package boxsync

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// visit is a call that is being answered.
type visit struct {
	ctx  context.Context
	site string
	s    *session // nil: all is said
	box  *hearing
	undo []func() // when it ends, the last first
}

func (v *visit) after(fn func()) { v.undo = append(v.undo, fn) }

func (v *visit) end() {
	for _, fn := range slices.Backward(v.undo) {
		fn()
	}
}

// serve greets in a goroutine of its own: a handshake makes a stack large, and this
// one is kept for as long as the box stays.
func (h *Hub) serve(ctx context.Context, raw net.Conn, config *tls.Config) {
	rec := &recorder{r: Report{Started: time.Now()}}
	m, v := &meter{Conn: raw}, &visit{ctx: ctx}
	defer m.Close()
	defer v.end()
	met := make(chan error, 1)
	go func() { met <- h.greet(v, m, config, rec) }()
	err := <-met
	if err == nil && v.s != nil {
		err = v.s.run(v.ctx)
		v.box.note()
	}
	h.left(v.site, rec, m, err)
}

func (h *Hub) left(site string, rec *recorder, m *meter, err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		err = nil // boxes leave without a word when the link goes
	}
	r := rec.end(m, err)
	h.o.Log.Info("exchange", "site", site, "sent", r.Sent, "received", r.Received, "up", r.Up, "down", r.Down, "cause", r.Err)
}

func (h *Hub) greet(v *visit, m *meter, config *tls.Config, rec *recorder) error {
	conn := tls.Server(m, config)
	v.after(func() { conn.Close() })
	shake, cancel := context.WithTimeout(v.ctx, time.Minute)
	err := conn.HandshakeContext(shake)
	cancel()
	if err != nil {
		return fmt.Errorf("boxsync: handshake: %w", err)
	}
	v.site, err = h.answer(v, conn, m, rec)
	return err
}
