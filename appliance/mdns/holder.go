package mdns

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
)

// The pace of RFC 6762, 8.1 and 8.2.
const (
	probes     = 3
	probePause = 250 * time.Millisecond
	tiePause   = time.Second
	// defendOnce: a name is defended once in so long; who says it again is not
	// going to yield (9).
	defendOnce = 10 * time.Second
)

var (
	group   = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}
	anyHost = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 0), Port: 5353} // bound to every address, shared with others
)

const flush = 1 << 15 // of a record's class: forget what you knew of it

// holder asks for a name, answers for it and defends it. It is made for one set
// of addresses.
type holder struct {
	conn *ipv4.PacketConn
	on   []net.Interface
	own  []netip.Addr // sorted
	port int
	lost chan struct{} // the name has another owner; closed by the reader

	reading sync.WaitGroup

	mu       sync.Mutex
	name     string // "" before one is tried
	held     bool
	rival    chan outcome // while a name is tried
	defended time.Time
}

// outcome is what was heard while a name was tried.
type outcome int

const (
	taken outcome = iota // a neighbour has it
	tied                 // a neighbour asks for it too, and goes first
	free
	given // ctx ended
)

func hold(ips []string, on []net.Interface, port int) (*holder, error) {
	udp, err := net.ListenUDP("udp4", anyHost)
	if err != nil {
		return nil, err
	}
	h := &holder{conn: ipv4.NewPacketConn(udp), on: on, port: port, lost: make(chan struct{})}
	for _, ip := range ips {
		if a, err := netip.ParseAddr(ip); err == nil {
			h.own = append(h.own, a)
		}
	}
	slices.SortFunc(h.own, netip.Addr.Compare)
	if err := h.conn.SetControlMessage(ipv4.FlagInterface, true); err != nil {
		_ = h.conn.Close()
		return nil, err
	}
	_ = h.conn.SetMulticastTTL(255)
	joined := error(nil)
	for i := range on {
		if err = h.conn.JoinGroup(&on[i], &net.UDPAddr{IP: group.IP}); err != nil {
			joined = err
		}
	}
	if joined != nil && len(on) == 1 {
		_ = h.conn.Close()
		return nil, joined
	}
	h.reading.Go(h.read)
	return h, nil
}

// close says goodbye for a held name.
func (h *holder) close() {
	h.mu.Lock()
	if h.held {
		m := response()
		m.Answer = h.records(0, flush)
		h.send(m, 0, group)
	}
	h.held, h.name = false, ""
	h.mu.Unlock()
	_ = h.conn.Close()
	h.reading.Wait()
}

// claim tries names until one is free, and holds it. ok is false when ctx ended.
func (h *holder) claim(ctx context.Context, wanted string) (name string, ok bool) {
	for n := 1; ; {
		name = candidate(wanted, n)
		switch h.probe(ctx, name) {
		case given:
			return "", false
		case taken:
			n++
		case tied:
			if !pause(ctx, tiePause) { // by then who goes first answers for it
				return "", false
			}
		case free:
			return name, true
		}
	}
}

// probe asks whether a neighbour has the name, three times, and takes it when
// nobody says so.
func (h *holder) probe(ctx context.Context, name string) outcome {
	heard := make(chan outcome, 1)
	h.mu.Lock()
	h.name, h.held, h.rival = name, false, heard
	h.mu.Unlock()
	wait := rand.N(probePause) // when the power returns all ask at once
	for i := 0; ; i++ {
		t := time.NewTimer(wait)
		select {
		case o := <-heard:
			t.Stop()
			return o
		case <-ctx.Done():
			t.Stop()
			return given
		case <-t.C:
		}
		if i == probes {
			break
		}
		h.ask()
		wait = probePause
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case o := <-heard:
		return o
	default:
	}
	h.held, h.rival = true, nil
	m := response()
	m.Answer = h.records(ttl, flush)
	h.send(m, 0, group)
	return free
}

// ask sends the question for the host's name, with what we would say ourselves,
// and the one for the service's.
func (h *holder) ask() {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := &dns.Msg{Question: []dns.Question{{Name: h.host(), Qtype: dns.TypeANY, Qclass: dns.ClassINET}}, Ns: h.records(ttl, 0)}
	h.send(m, 0, group)
	h.send(&dns.Msg{Question: []dns.Question{{Name: h.instance(), Qtype: dns.TypeANY, Qclass: dns.ClassINET}}}, 0, group)
}

func (h *holder) host() string     { return h.name + ".local." }
func (h *holder) instance() string { return h.name + "." + service + ".local." }

// send writes to one interface, or to all.
func (h *holder) send(m *dns.Msg, ifIndex int, to net.Addr) {
	b, err := m.Pack()
	if err != nil {
		return
	}
	if ifIndex != 0 {
		_, _ = h.conn.WriteTo(b, &ipv4.ControlMessage{IfIndex: ifIndex}, to)
		return
	}
	for _, i := range h.on {
		_, _ = h.conn.WriteTo(b, &ipv4.ControlMessage{IfIndex: i.Index}, to)
	}
}

func (h *holder) read() {
	b := make([]byte, 9000)
	for {
		n, cm, from, err := h.conn.ReadFrom(b)
		if err != nil {
			return
		}
		var m dns.Msg
		if m.Unpack(b[:n]) != nil {
			continue
		}
		ifIndex := 0
		if cm != nil {
			ifIndex = cm.IfIndex
		}
		h.mu.Lock()
		if h.name != "" {
			h.hear(&m, ifIndex, from)
		}
		h.mu.Unlock()
	}
}

func (h *holder) hear(m *dns.Msg, ifIndex int, from net.Addr) {
	switch {
	case m.Response && h.foreign(m):
		h.contested()
	case m.Response:
	case h.held:
		h.answer(m, ifIndex, from)
	case h.rival != nil && h.yields(m):
		h.tell(tied)
	}
}

func (h *holder) tell(o outcome) {
	select {
	case h.rival <- o:
	default:
	}
}

// contested: another owner answers for our name.
func (h *holder) contested() {
	switch {
	case h.rival != nil:
		h.tell(taken)
	case !h.held:
	case time.Since(h.defended) > defendOnce:
		h.defended = time.Now()
		m := response()
		m.Answer = h.records(ttl, flush)
		h.send(m, 0, group)
	default:
		h.held = false
		close(h.lost)
	}
}

// foreign tells whether an answer gives our name an address or a port that is
// not ours. Goodbyes are not claims.
func (h *holder) foreign(m *dns.Msg) bool {
	for _, rr := range slices.Concat(m.Answer, m.Extra) {
		head := rr.Header()
		if head.Ttl == 0 {
			continue
		}
		switch rr := rr.(type) {
		case *dns.A:
			if strings.EqualFold(head.Name, h.host()) && !h.mine(rr.A) {
				return true
			}
		case *dns.AAAA:
			if strings.EqualFold(head.Name, h.host()) && !h.mine(rr.AAAA) && !rr.AAAA.IsLinkLocalUnicast() {
				return true
			}
		case *dns.SRV:
			if strings.EqualFold(head.Name, h.instance()) && (!strings.EqualFold(rr.Target, h.host()) || int(rr.Port) != h.port) {
				return true
			}
		}
	}
	return false
}

func (h *holder) mine(ip net.IP) bool {
	a, ok := netip.AddrFromSlice(ip)
	return ok && slices.Contains(h.own, a.Unmap())
}

// yields tells whether somebody who asks for the same name at the same moment
// goes first: whose records sort later (8.2). Our own question, heard again,
// sorts the same.
func (h *holder) yields(m *dns.Msg) bool {
	theirs := addressesIn(m.Ns, h.host())
	if len(theirs) == 0 {
		return false
	}
	return slices.CompareFunc(theirs, addressesIn(h.records(ttl, 0), h.host()), bytes.Compare) > 0
}

// addressesIn are the addresses that records give a name, in the order of 8.2:
// by type, then by bytes.
func addressesIn(list []dns.RR, host string) (all [][]byte) {
	for _, rr := range list {
		if !strings.EqualFold(rr.Header().Name, host) {
			continue
		}
		switch rr := rr.(type) {
		case *dns.A:
			all = append(all, append([]byte{0, byte(dns.TypeA)}, rr.A.To4()...))
		case *dns.AAAA:
			all = append(all, append([]byte{0, byte(dns.TypeAAAA)}, rr.AAAA.To16()...))
		}
	}
	slices.SortFunc(all, bytes.Compare)
	return all
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
