// Package mdns makes a site known on its LAN: <name>.local answers with the
// machine's addresses, and _http._tcp lists it.
//
// It promises: a name that a neighbour has is not taken, and of two that ask for
// one at the same moment one gets it (RFC 6762, 8); what is announced follows
// the machine's addresses; stopping says goodbye. It proves nothing: whoever is
// on the LAN can answer for any name.
//
// The service is registered through zeroconf v1.0.0, which neither asks for a
// name first, nor answers for a host's name, nor defends either: the holder here
// does that beside it.
package mdns

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/grandcat/zeroconf"
)

const service = "_http._tcp"

// Options say what is announced, and who hears how it goes.
type Options struct {
	Name string // wanted, one label: "lycee-de-tokoin"
	Port int
	Only net.IP            // the address of the listener; empty or unspecified: all of the machine
	Text func() []string   // the TXT record; asked again after Changed
	Took func(name string) // the name in effect: Name, or Name-2 when a neighbour has it
	Log  *slog.Logger      // never nil
	// Changed says that Text would now answer otherwise; may be nil.
	Changed <-chan struct{}
}

// A name is looked at again, and the addresses too where the kernel does not tell.
const again = 30 * time.Second

// ttl is for how long neighbours believe a machine that went without goodbye:
// zeroconf's own is most of an hour.
const ttl = 120

// Announce keeps the site known until ctx ends. What cannot be announced is
// only logged, and tried again: the addresses work all the same.
func Announce(ctx context.Context, o Options) {
	moved, stop := watchAddresses()
	defer stop()
	for ctx.Err() == nil {
		ips, on := Addresses(o.Only)
		lost := false
		if len(ips) > 0 {
			lost = o.once(ctx, ips, on, moved)
		}
		if !lost {
			wait(ctx, moved)
		}
	}
}

// wait ends when ctx does, when the addresses move, and in any case soon.
func wait(ctx context.Context, moved <-chan struct{}) {
	t := time.NewTimer(again)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-moved:
	case <-t.C:
	}
}

// once takes a name for these addresses and keeps it announced until they
// change, ctx ends, or the name is lost, which it tells.
func (o *Options) once(ctx context.Context, ips []string, on []net.Interface, moved <-chan struct{}) (goOn bool) {
	h, err := hold(ips, on, o.Port)
	if err != nil {
		o.Log.Warn("not announced on the LAN", "cause", err)
		return false
	}
	defer h.close()
	name, ok := h.claim(ctx, o.Name)
	if !ok {
		return ctx.Err() == nil
	}
	s, err := zeroconf.RegisterProxy(name, service, "local.", o.Port, name, ips, o.Text(), on)
	if err != nil {
		o.Log.Warn("not announced on the LAN", "cause", err)
		return false
	}
	defer s.Shutdown()
	s.TTL(ttl)
	o.Log.Info("announced on the LAN", "name", name+".local", "port", o.Port, "addresses", ips)
	o.Took(name)
	look := time.NewTicker(again)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-h.lost:
			o.Log.Warn("the name on the LAN has another owner too", "name", name+".local")
			return true
		case _, open := <-o.Changed:
			if open {
				s.SetText(o.Text())
			} else {
				o.Changed = nil
			}
			continue
		case <-moved:
		case <-look.C:
		}
		if now, _ := Addresses(o.Only); !slices.Equal(now, ips) {
			o.Log.Info("the addresses changed", "addresses", now)
			return true
		}
	}
}

// candidate is the nth name to try: lycee, lycee-2, lycee-3 …
func candidate(name string, n int) string {
	if n == 1 {
		return name
	}
	return name + "-" + strconv.Itoa(n)
}
